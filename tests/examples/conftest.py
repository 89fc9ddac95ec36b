"""The examples are no installed package: they are imported from the checkout, as their users do."""

import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))


@pytest.fixture(scope="session")
def checkout():
    return CHECKOUT
