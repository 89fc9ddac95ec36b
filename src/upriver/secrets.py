"""Keep credentials unreadable at rest, and look up those that are kept elsewhere.

A credential is either a reference (`env:NAME`, `file:PATH`), which is stored as it is and looked up when it is
needed, or a value, which is encrypted with a key that is not in the database.
"""

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from pydantic import BaseModel, SecretStr

from upriver.errors import Invalid
from upriver.settings import settings

MASK = "**********"
_BY_REFERENCE = ("env:", "file:")
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


def resolved(secret: str, what: str) -> str:
    """Return the secret itself, looked up where it is only referred to.

    Args:
        secret: The value, or env:NAME, or file:PATH.
        what: What it is for, to name it in the error: "password".

    Raises:
        Invalid: The variable or the file it refers to is not there.

    Examples:
        >>> resolved("open sesame", "password")
        'open sesame'
    """
    if secret.startswith("env:"):
        name = secret.removeprefix("env:")
        if name not in os.environ:
            raise Invalid(
                f"The {what} refers to the environment variable {name}, which is not set.",
                f"Set {name} where Upriver runs.",
            )
        return os.environ[name]
    if secret.startswith("file:"):
        path = Path(secret.removeprefix("file:"))
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(
                f"The {what} refers to the file {path}, which cannot be read.", "Check the path and who may read it."
            ) from error
    return secret


def stored(value: Any) -> Any:
    """Return settings as they may be kept: each `SecretStr` sealed unless it is a reference, models as what was set.

    Examples:
        >>> stored({"user": "me", "token": SecretStr("env:TOKEN")})
        {'user': 'me', 'token': 'env:TOKEN'}
    """
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        return secret if secret.startswith(_BY_REFERENCE) else {"sealed": sealed(secret)}
    if isinstance(value, BaseModel):
        return {name: stored(getattr(value, name)) for name in value.model_fields_set}
    if isinstance(value, dict):
        return {k: stored(v) for k, v in value.items()}
    return list(value) if isinstance(value, tuple | frozenset | set) else value


def usable(kept: Any) -> Any:
    """Return what `stored` made with its credentials opened.

    Raises:
        Invalid: One was sealed with another key.
    """
    return _each(kept, opened)


def masked(kept: Any) -> Any:
    """Return what `stored` made with its credentials hidden.

    Examples:
        >>> masked({"user": "me", "password": {"sealed": "gAAAA"}, "token": "env:TOKEN"})
        {'user': 'me', 'password': '**********', 'token': 'env:TOKEN'}
    """
    return _each(kept, lambda _: MASK)


def _each(kept: Any, shown: Callable[[str], str]) -> Any:
    if isinstance(kept, dict) and kept.keys() == {"sealed"}:
        return shown(kept["sealed"])
    if isinstance(kept, dict):
        return {k: _each(v, shown) for k, v in kept.items()}
    return kept


def unmasked(given: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return `given` with each masked credential replaced by the one of `known`, or left out where there is none.

    Examples:
        >>> unmasked({"user": "you", "password": MASK, "token": MASK}, {"user": "me", "password": "open sesame"})
        {'user': 'you', 'password': 'open sesame'}
    """
    kept = {k: known[k] if v == MASK else v for k, v in given.items() if v != MASK or k in known}
    return {k: unmasked(v, known.get(k) or {}) if isinstance(v, dict) else v for k, v in kept.items()}
