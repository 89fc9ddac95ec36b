"""One small MLflow with one of everything, read in both ways."""

import shutil
from pathlib import Path

import pytest

from reads import reading


@pytest.fixture(scope="session")
def by_sql(store):
    """Return the store as its database tells it."""
    return reading(store.sqlite, external_url=store.server)


@pytest.fixture(scope="session")
def by_rest(store):
    """Return the store as its server tells it."""
    return reading(store.server)


@pytest.fixture
def copied(store, tmp_path):
    """Return a copy of the database that a test may change."""
    return Path(shutil.copy(store.path, tmp_path / "mlflow.db"))
