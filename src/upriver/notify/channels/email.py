"""Send each message as an e-mail, as plain text and as HTML."""

import smtplib
import ssl
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from upriver import secrets
from upriver.errors import Unreachable
from upriver.notify.channel import Posted, Way
from upriver.notify.records import Message
from upriver.notify.wording import html

SECONDS = 20


class Config(BaseModel):
    """Which server takes our mail, who we are there, and to whom it goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: tuple[str, ...] = Field(min_length=1, description="Addresses that get the mail.")
    sender: str = Field(description="Address that it comes from.")
    host: str = Field(description="The server that takes our mail.")
    port: int = Field(587, ge=1, le=65535, description="587 for STARTTLS, 465 for TLS, 25 for neither.")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection is encrypted.")
    username: str = Field("", description="User name at the server; empty where it asks for none.")
    password: SecretStr = Field(SecretStr(""), description="Password. env:NAME and file:PATH say where to find it.")
    ca_file: str = Field(
        "", title="CA file", description="PEM file of the authority that signed the server's certificate."
    )

    @model_validator(mode="after")
    def _sends_no_password_in_the_open(self) -> Self:
        if self.username and self.security == "none":
            raise ValueError(
                "the password would be sent unencrypted: use starttls or tls, or leave the user name empty"
            )
        return self

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            _check(each)
        return value

    @field_validator("sender")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return _check(value)


def _check(text: str) -> str:
    try:
        Address(addr_spec=text)
    except (ValueError, HeaderParseError, IndexError) as error:
        raise ValueError(f"{text!r} is no e-mail address") from error
    return text


def send(config: Config, posted: Posted) -> str:
    """Hand the message to the mail server once."""
    mail = written(config, posted.message)
    try:
        with _connected(config) as server:
            refused = server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        said = (
            " ".join(bytes(error.smtp_error).decode("utf-8", "replace").split())
            if isinstance(error.smtp_error, bytes)
            else str(error.smtp_error)
        )
        raise Unreachable(
            f"{config.host} refused the mail: {error.smtp_code} {said}.", "Check the settings of the channel."
        ) from error
    except smtplib.SMTPRecipientsRefused as error:
        raise Unreachable(
            f"{config.host} takes no mail for {', '.join(error.recipients)}.", "Check the addresses."
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unreachable(
            f"{config.host}:{config.port} cannot be reached: {_reason(error)}.", "Check host, port and security."
        ) from error
    but = f", but not for {', '.join(refused)}" if refused else ""
    return f"{config.host} took the mail for {len(config.to) - len(refused)} of {len(config.to)}{but}."


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


def _connected(config: Config) -> smtplib.SMTP:
    trust = ssl.create_default_context(cafile=config.ca_file or None)
    if config.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(config.host, config.port, timeout=SECONDS, context=trust)
    else:
        server = smtplib.SMTP(config.host, config.port, timeout=SECONDS)
    try:
        if config.security == "starttls":
            server.starttls(context=trust)
        if config.username:
            server.login(config.username, secrets.resolved(config.password.get_secret_value(), "password"))
    except BaseException:
        server.close()
        raise
    return server


def written(config: Config, message: Message) -> EmailMessage:
    """Return the mail, with the message's id as its own, so that a mail that comes twice is known."""
    mail = EmailMessage()
    mail["From"] = config.sender
    mail["To"] = ", ".join(config.to)
    mail["Subject"] = message.subject
    mail["Message-ID"] = f"<{message.id}@upriver.invalid>"
    mail["Date"] = message.at
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    mail.add_alternative(html(message), subtype="html")
    return mail


PLUGIN = Way("E-mail", Config, send)
