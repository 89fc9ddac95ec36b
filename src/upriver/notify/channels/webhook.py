"""Post each message as JSON to an address of one's own, signed.

The signature is that of Standard Webhooks (standardwebhooks.com), so its libraries verify it: HMAC-SHA256 over
`id.timestamp.body`, in base64, in the header `webhook-signature` as `v1,…`.
"""

import base64
import binascii
import hashlib
import hmac

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from upriver import secrets
from upriver.errors import Invalid
from upriver.notify.channel import Posted, Way
from upriver.notify.post import post


class Config(BaseModel):
    """Where to post, and what to sign with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(title="URL", description="Where to post: https://…; may be env:NAME or file:PATH.")
    secret: SecretStr = Field(
        SecretStr(""),
        description="What the receiver verifies the signature with; whsec_… as Standard Webhooks write it, or any text. "
        "Not signed if empty. env:NAME and file:PATH say where to find it.",
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further HTTP headers; values may be env:NAME or file:PATH."
    )


def send(config: Config, posted: Posted) -> str:
    """Post the message once."""
    body = posted.message.model_dump_json().encode()
    secret = secrets.resolved(config.secret.get_secret_value(), "secret")
    headers = {
        **{
            name: secrets.resolved(value.get_secret_value(), f"header {name}") for name, value in config.headers.items()
        },
        "content-type": "application/json",
        "webhook-id": posted.message.id,
        "webhook-timestamp": str(posted.at),
    }
    if secret:
        headers["webhook-signature"] = signed(secret, posted.message.id, posted.at, body)
    return post(secrets.resolved(config.url, "URL"), body, headers, inner=posted.inner, called="The webhook")


def signed(secret: str, key: str, at: int, body: bytes) -> str:
    """Return the signature of one message.

    Args:
        secret: `whsec_` and base64, or any text.
        key: The message's id.
        at: Seconds since 1970.

    Source:
        Standard Webhooks 1.0.0, "Signature scheme".

    Examples:
        >>> signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
        'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    said = f"{key}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), said, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise Invalid("The webhook's secret is no base64 behind whsec_.", "Copy it again.") from error


PLUGIN = Way("Webhook", Config, send)
