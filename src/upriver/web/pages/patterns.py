"""All parts of the interface on one page, with names that try to break it."""

from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from upriver.catalog.records import Change, Record
from upriver.ids import KINDS, AssetId
from upriver.web.forms import Field, Look
from upriver.web.html import render

router = APIRouter()
_AT = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
_CHURN = AssetId("model", "prod", "churn")


class Page(Record):
    """What `patterns.html` may use."""

    kinds: tuple[str, ...]
    at: datetime
    id: AssetId
    hostile: AssetId
    changes: tuple[Change, ...]
    fields: tuple[Field, ...]
    text: str


def _changes() -> tuple[Change, ...]:
    def change(seq: int, verb: str, what: str = "", before: object = None, after: object = None) -> Change:
        values = {"before": before, "after": after}
        return Change.model_validate(
            {"seq": seq, "at": _AT, "by": "ada", "asset": _CHURN, "verb": verb, "what": what, **values}
        )

    return (
        change(4, "changed", "aliases", {"champion": "3"}, {"champion": "4"}),
        change(3, "declared", "description#age", None, "Years since birth. " * 12),
        change(2, "vanished"),
        change(1, "created"),
    )


@router.get("/patterns")
def show() -> HTMLResponse:
    """Show every part in each of its states."""
    looks: tuple[Look, ...] = ("text", "password", "lines", "check", "choice")
    page = Page(
        kinds=tuple(KINDS),
        at=_AT,
        id=_CHURN,
        hostile=AssetId("dataset", "s3://lake/<b>", "</script><b>&\"' " + "x" * 90),
        changes=_changes(),
        fields=(
            *(
                Field(name=f"a-{look}", title=f"A {look}", help="What for.", look=look, choices=("1",))
                for look in looks
            ),
            Field(name="a-wrong", title="A mistake", required=True, value="x", wrong="This is not a number."),
        ),
        text="Who *leaves* within **90 days**; see [the wiki](https://wiki.example).\n\n- one\n- two `code`",
    )
    return HTMLResponse(render("patterns.html", page=page))
