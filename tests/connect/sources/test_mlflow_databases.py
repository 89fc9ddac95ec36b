"""MLflow's own database where it is PostgreSQL or MariaDB: the same facts as over REST."""

import json
import os
import uuid
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

import mlflow_servers
from reads import differences, reading

HERE = Path(__file__).parent

pytestmark = pytest.mark.journey

SERVERS = {
    "postgres": ("UPRIVER_TEST_POSTGRES", "postgresql+psycopg"),
    "mariadb": ("UPRIVER_TEST_MARIADB", "mysql+pymysql"),
}


@pytest.fixture(scope="module", params=SERVERS)
def database(request):
    """Return the URL of an empty database, dropped afterwards."""
    variable, driver = SERVERS[request.param]
    if not os.environ.get(variable):
        pytest.skip(f"{variable} is not set")
    server = make_url(os.environ[variable]).set(drivername=driver)
    name = f"mlflow_{uuid.uuid4().hex[:8]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError as error:
        pytest.skip(f"{variable} does not answer: {error.orig}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}" + (" WITH (FORCE)" if request.param == "postgres" else "")))


def test_both_readers_see_the_same_and_then_nothing_new(database, tmp_path):
    with mlflow_servers.running(database, tmp_path / "art", log=tmp_path / "log") as server:
        told = mlflow_servers.run_python((HERE.parents[1] / "mlflow_story.py").read_text(), server.url, cwd=tmp_path)
        over_http = reading(server.url)
    by_sql = reading(database, external_url=server.url)
    assert json.loads(told.splitlines()[-1])["parent"] in by_sql.of("run")
    assert differences(by_sql, over_http) == {}
    again = reading(database, by_sql.known, external_url=server.url)
    assert again.seen == {}
    assert again.covered == by_sql.covered


def test_a_wrong_user_is_told(database):
    url = make_url(database).set(username="nobody_known", password="wrong", database="nowhere")
    with pytest.raises(Exception, match="cannot be read") as caught:
        reading(url.render_as_string(hide_password=False))
    assert "wrong" not in str(caught.value).replace("right", "")
