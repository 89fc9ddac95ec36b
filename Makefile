# Each target brings what it needs: a fresh machine has python3 (3.11 or newer), make and git.
.PHONY: demo test check format journeys bench docs client constraints clean
PYTHON ?= python3
BIN := .venv/bin
export UPRIVER_TEST_POSTGRES ?= postgresql://postgres@127.0.0.1:5432/postgres
export UPRIVER_TEST_MARIADB ?= mysql+pymysql://root@127.0.0.1:3306/test
export VIRTUAL_ENV := $(CURDIR)/.venv

demo: .venv/ready
	@$(BIN)/python examples/demo.py

test: .venv/ready
	$(BIN)/python -m pytest -m "not journey" -n auto --dist loadfile

journeys: .venv/ready
	$(BIN)/python -m pytest -m journey tests

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy src/upriver
	$(BIN)/mypy client/src airflow/src
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/ready
	@failed=0; for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || failed=1; done; exit $$failed

docs: .venv/ready
	$(BIN)/python docs/reference.py

client: .venv/ready
	$(BIN)/python client/records.py

.venv/ready: constraints.txt pyproject.toml client/pyproject.toml airflow/pyproject.toml vendor_browser_files.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Upriver needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { echo "Python cannot make virtual environments here: install its venv package (Debian: python3-venv)."; exit 1; }
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r constraints.txt
	$(BIN)/uv pip install --quiet --no-deps -e . -e client -e airflow
	@touch $@

constraints:
	uv pip compile pyproject.toml client/pyproject.toml airflow/pyproject.toml --all-extras --group dev --universal \
	  --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --upgrade \
	  --no-emit-package upriver --no-emit-package upriver-client --no-emit-package airflow-provider-upriver -o constraints.txt

clean:
	rm -rf .venv .demo .journeys build dist
