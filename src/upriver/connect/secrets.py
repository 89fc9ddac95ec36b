"""Keep credentials unreadable at rest: encrypted with a key that is not in the database."""

from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from upriver.errors import Invalid
from upriver.settings import settings

_HINT = "Set UPRIVER_SECRET_KEY to the key that it was stored with, or enter the credentials again."


@cache
def _cipher(home: Path, given: str) -> Fernet:
    try:
        return Fernet(given or _key(home / "secret.key"))
    except ValueError as error:
        raise Invalid(
            "The secret key is not 32 bytes of urlsafe base64.", "Make one with `Fernet.generate_key()`."
        ) from error


def _key(file: Path) -> bytes:
    """Return the key in `file`, made on first use and readable by its owner only."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(Fernet.generate_key())
    return file.read_bytes().strip()


def _mine() -> Fernet:
    given = settings().secret_key
    return _cipher(settings().home, given.get_secret_value() if given else "")


def sealed(secret: str) -> str:
    """Return `secret` encrypted."""
    return _mine().encrypt(secret.encode()).decode()


def opened(token: str) -> str:
    """Return what was sealed.

    Raises:
        Invalid: It was sealed with another key.
    """
    try:
        return _mine().decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise Invalid("Stored credentials cannot be decrypted with this key.", _HINT) from error
