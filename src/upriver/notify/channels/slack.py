"""Post each message to a channel of Slack, or of whatever takes Slack's incoming webhooks (Mattermost, Rocket.Chat)."""

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from upriver import secrets
from upriver.notify.channel import Posted, Way
from upriver.notify.post import post
from upriver.notify.records import Message
from upriver.notify.wording import Paragraph, paragraphs

_MOST = 2900  # characters that one section may hold


class Config(BaseModel):
    """Where to post."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr = Field(
        title="Webhook URL",
        description="Address of the incoming webhook, https://hooks.slack.com/services/…; whoever has it may post, so "
        "it is kept like a password. env:NAME and file:PATH say where to find it.",
    )


def send(config: Config, posted: Posted) -> str:
    """Post the message once."""
    url = secrets.resolved(config.url.get_secret_value(), "webhook URL")
    body = orjson.dumps({"text": posted.message.subject, "blocks": blocks(posted.message)})
    return post(url, body, {"content-type": "application/json"}, inner=posted.inner, called="Slack")


def blocks(message: Message) -> list[dict[str, Any]]:
    """Return the message as Slack lays it out: a header, a section for each paragraph, the id at the foot."""
    told = paragraphs(message)
    title = {"type": "header", "text": {"type": "plain_text", "text": message.subject[:150], "emoji": False}}
    foot = {"type": "context", "elements": [{"type": "mrkdwn", "text": f"Upriver, message {message.id}"}]}
    return [title, *({"type": "section", "text": {"type": "mrkdwn", "text": _text(each)}} for each in told), foot]


def _text(told: Paragraph) -> str:
    lines = [told.head, *(f"• {point}" for point in told.points), *told.tail]
    links = " · ".join(f"<{url}|{_plain(name)}>" for name, url in told.links)
    text = "\n".join(_plain(line) for line in lines)
    return f"{_cut(text)}\n{links}" if len(links) < _MOST else _cut(text)


def _cut(text: str, most: int = _MOST - 600) -> str:
    return text if len(text) <= most else f"{text[:most].rpartition(chr(10))[0]}\n…"


def _plain(text: str) -> str:
    """Return `text` so that Slack reads no markup or mention in it.

    Examples:
        >>> _plain("<!channel> & co")
        '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


PLUGIN = Way("Slack", Config, send)
