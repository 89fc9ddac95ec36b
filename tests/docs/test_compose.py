"""The compose file says what the settings and the command line understand; no engine is needed to know that."""

import re
from urllib.parse import urlsplit

import pytest
import yaml

from documents import ROOT
from upriver.cli.main import app
from upriver.settings import Settings
from upriver.web import auth

FILE = ROOT / "compose.yaml"
CONTAINERFILE = ROOT / "Containerfile"


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(FILE.read_text())["services"]


def variables(text):
    return set(re.findall(r"\bUPRIVER_[A-Z_]+", text))


@pytest.mark.parametrize("file", [FILE, CONTAINERFILE], ids=lambda file: file.name)
def test_each_variable_is_a_setting(file):
    known = {f"UPRIVER_{name.upper()}" for name in Settings.model_fields}
    assert variables(file.read_text()) <= known


def test_nobody_is_let_in_without_a_token(services):
    environment = services["upriver"]["environment"]
    assert environment["UPRIVER_ACCESS_TOKEN"].startswith("${UPRIVER_ACCESS_TOKEN:?")
    assert environment["UPRIVER_DATABASE_URL"].count(":?") == 1
    assert all(port.startswith("127.0.0.1:") for each in services.values() for port in each.get("ports", ()))


def test_the_command_is_one_that_there_is(services):
    program, verb, *options = services["upriver"]["command"]
    from typer.main import get_command

    command = get_command(app).commands[verb]
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert program == "upriver"
    assert {option for option in options if option.startswith("--")} <= flags


def test_the_catalog_is_in_the_database_that_is_started(services):
    url = urlsplit(services["upriver"]["environment"]["UPRIVER_DATABASE_URL"].replace(":?set POSTGRES_PASSWORD", ""))
    postgres = services["postgres"]["environment"]
    where = (url.scheme, url.hostname, url.username, url.path)
    assert where == ("postgresql", "postgres", postgres["POSTGRES_USER"], f"/{postgres['POSTGRES_DB']}")


def test_every_service_is_watched_and_every_volume_is_kept(services):
    assert all("healthcheck" in each for each in services.values())
    named = {volume.partition(":")[0] for each in services.values() for volume in each["volumes"]}
    assert named == set(yaml.safe_load(FILE.read_text())["volumes"])
    assert services["upriver"]["depends_on"].keys() <= services.keys()


def test_the_health_check_needs_no_token(services):
    path = urlsplit(re.search(r"http://[^']+", services["upriver"]["healthcheck"]["test"][-1])[0]).path
    assert path.startswith(auth.OPEN)


def test_the_image_does_not_run_as_root():
    lines = CONTAINERFILE.read_text().splitlines()
    assert "USER upriver" in lines
    copied = {name for line in lines if line.startswith("COPY p") for name in line.split()[1:-1]}
    assert all((ROOT / name).exists() for name in copied)
