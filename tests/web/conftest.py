"""A browser without scripts: requests to the whole application over a real database."""

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from upriver.settings import Settings
from upriver.web.app import create_app


@pytest.fixture
def web(engine):
    """Return a client of an application that reads nothing by itself."""
    with TestClient(create_app(engine, Settings(), worker=False)) as client:
        yield client


@pytest.fixture
def guarded(engine):
    """Return a client of an application that asks for a token."""
    with TestClient(create_app(engine, Settings(access_token=SecretStr("open sesame")), worker=False)) as client:
        yield client
