"""Real servers that take messages."""

import pytest

from messages import serving_mail, serving_web


@pytest.fixture
def receiver():
    """Return a server of the web that takes messages."""
    with serving_web() as web:
        yield web


@pytest.fixture
def mailbox():
    """Return a mail server that takes mail without encryption."""
    with serving_mail() as box:
        yield box
