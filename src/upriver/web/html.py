"""Turn a template and its page record into HTML.

Everything is escaped unless it was made here: Markdown without raw HTML, moments, numbers.
"""

import hashlib
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from upriver.ids import KINDS, AssetId

HERE = Path(__file__).parent


def render(template: str, **context: object) -> str:
    """Return the page; a name the template uses and the context lacks is an error."""
    return _templates.get_template(template).render(context)


@lru_cache(maxsize=16_384)
def href(of: AssetId) -> str:
    """Return the address of an asset's page; what `str(of)` quotes is quoted again, as the server unquotes once.

    Examples:
        >>> href(AssetId("dataset", "s3://lake", "a b"))
        '/assets/dataset:s3%253A%252F%252Flake/a%2520b'
    """
    return "/assets/" + quote(str(of), safe=":/")


def run_href(run: str | int) -> str:
    """Return the address of the page of a pipeline's run, by its uid or by our number.

    Examples:
        >>> run_href("scheduled/7")
        '/pipeline-runs/scheduled%2F7'
    """
    return "/pipeline-runs/" + quote(str(run), safe="")


def address(path: str, /, **given: object) -> str:
    """Return `path` with those of `given` that are not empty as its query.

    Examples:
        >>> address("/search", q="a&b", kind="", offset=0, tag=["x", "y"])
        '/search?q=a%26b&tag=x&tag=y'
    """
    query = urlencode({k: v for k, v in given.items() if v not in ("", None, False, 0, [], ())}, doseq=True)
    return f"{path}?{query}" if query else path


def relative(at: datetime, now: datetime) -> str:
    """Say how long ago `at` was, as a person would; a date where it is longer than three weeks.

    Examples:
        >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
        >>> relative(datetime(2026, 11, 20, 11, 57, tzinfo=UTC), noon), relative(datetime(2026, 3, 1, tzinfo=UTC), noon)
        ('3 min ago', '1 Mar 2026')
    """
    seconds = (now - at).total_seconds()
    if -60 < seconds < 45:
        return "just now"
    if not 0 <= seconds < 21 * 86400:
        return day(at.date())
    for size, name in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size * 0.95:
            number = max(1, round(seconds / size))
            return f"{number} {name}{'s' if name == 'day' and number > 1 else ''} ago"
    return "1 min ago"


def day(at: date) -> str:
    """Return a date as people write it: 1 Mar 2026."""
    return f"{at.day} {at:%b %Y}"


def when(at: datetime | None) -> Markup:
    """Return a moment as <time>: how long ago, with the exact moment for those who point at it."""
    if at is None:
        return Markup('<span class="none">never</span>')
    text = relative(at, datetime.fromtimestamp(time.time(), UTC))
    exact = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Markup(f'<time datetime="{at.isoformat()}" title="{exact}">{text}</time>')  # noqa: S704 — digits and our own words


def ahead(at: datetime, now: datetime) -> str:
    """Say how soon `at` comes, as a person would.

    Examples:
        >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
        >>> [ahead(datetime(2026, 11, d, h, m, tzinfo=UTC), noon) for d, h, m in ((20, 12, 0), (20, 12, 5), (22, 12, 0))]
        ['now', 'in 5 min', 'in 2 days']
    """
    seconds = (at - now).total_seconds()
    if seconds < 45:
        return "now"
    for size, name in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size * 0.95:
            number = max(1, round(seconds / size))
            return f"in {number} {name}{'s' if name == 'day' and number > 1 else ''}"
    return "in 1 min"


def soon(at: datetime) -> Markup:
    """Return a moment to come as <time>: how soon, with the exact moment for those who point at it."""
    text = ahead(at, datetime.fromtimestamp(time.time(), UTC))
    exact = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, text)


def clock(at: datetime) -> Markup:
    """Return a moment as <time> for lists that name the day already."""
    exact = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{:%H:%M:%S}</time>').format(at.isoformat(), exact, at.astimezone(UTC))


def number(value: float | str | None) -> str:
    """Return a number as people read it: thousands apart, four significant digits behind the point.

    Examples:
        >>> number(72000), number(0.123456), number(1e-9), number(None)
        ('72,000', '0.1235', '1e-09', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    if value.is_integer() and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.4e}"


def seconds(value: float) -> str:
    """Return a length of time.

    Examples:
        >>> [seconds(s) for s in (0.25, 90, 300, 86400)]
        ['0.2 s', '90 s', '5 min', '1 day']
    """
    for size, name in ((86400, "day"), (3600, "h"), (60, "min")):
        if value >= size and value % size == 0:
            count = int(value // size)
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''}"
    return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def interval(every: int) -> str:
    """Return how often, given the seconds between two times.

    Examples:
        >>> interval(300), interval(3600), interval(0)
        ('every 5 min', 'every hour', 'only when asked')
    """
    words = {0: "only when asked", 60: "every minute", 3600: "every hour", 86400: "every day"}
    return words.get(every) or f"every {seconds(every)}"


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 — the parser's own name for it
        return re.match(r"(https?://|mailto:)", url.strip(), re.IGNORECASE) is not None


def _markdown() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False, "linkify": False, "typographer": False})
    parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])

    def link(self: Any, tokens: Any, idx: int, options: Any, env: Any) -> str:
        tokens[idx].attrSet("rel", "noopener noreferrer nofollow")
        return str(self.renderToken(tokens, idx, options, env))

    parser.add_render_rule("link_open", link)
    return parser


_parser = _markdown()


def markdown(text: object) -> Markup:
    """Return Markdown as HTML; markup written in it is shown, not obeyed, and images are not loaded.

    Examples:
        >>> str(markdown("*a* <b> [x](javascript:1)")).strip()
        '<p><em>a</em> &lt;b&gt; [x](javascript:1)</p>'
    """
    return Markup(_parser.render(str(text)[:50_000]))  # noqa: S704 — the parser escapes what it does not make


def snippet(text: object, most: int = 180) -> str:
    r"""Return the beginning of a Markdown text as plain words, for lists.

    Examples:
        >>> snippet("# Churn\n\nWho *leaves*, see [wiki](https://x).")
        'Churn Who leaves, see wiki.'
    """
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", str(text)[: most * 5])
    plain = " ".join(re.sub(r"[*`#>|~]+|(?<!\w)_|_(?!\w)", "", plain).split())
    return plain if len(plain) <= most else plain[: most - 1].rsplit(" ", 1)[0] + "…"


def compact(value: object) -> str:
    """Return a JSON value as one line of text; of what is nested only the names.

    Examples:
        >>> compact(["ada", "bob"]), compact({"a": 1}), compact("text"), compact(None)
        ('ada, bob', 'a: 1', 'text', '')
        >>> compact([{"name": "age", "type": "long"}]), compact({"d1": {"rows": 5}})
        ('age long', 'd1')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(v, str | int | float) for v in value):
        return ", ".join(map(str, value))
    if isinstance(value, list | tuple):
        return ", ".join(_named(v) for v in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {v}" if isinstance(v, str | int | float) else str(k) for k, v in value.items())
    return json.dumps(value, ensure_ascii=False)


def _named(item: object) -> str:
    if isinstance(item, Mapping) and "name" in item:
        return f"{item['name']} {item.get('type', '')}".strip()
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def differing(before: object, after: object) -> tuple[object, object]:
    """Return of two JSON values only what differs between them, where they are objects or lists of named things.

    Examples:
        >>> differing({"a": 1, "b": 2}, {"a": 1, "b": 3})
        ({'b': 2}, {'b': 3})
        >>> differing([{"name": "age", "type": "long"}], [{"name": "age", "type": "long"}, {"name": "plan"}])
        (None, [{'name': 'plan'}])
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        was = {k: v for k, v in before.items() if after.get(k) != v}
        now = {k: v for k, v in after.items() if before.get(k) != v}
        return was or None, now or None
    if isinstance(before, list) and isinstance(after, list):
        return [v for v in before if v not in after] or None, [v for v in after if v not in before] or None
    return before, after


def exact(value: object) -> str:
    """Return a JSON value whole, as text of many lines."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Examples:
        >>> plural(1, "run"), plural(2000, "run"), plural(0, "property", "properties")
        ('1 run', '2,000 runs', '0 properties')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


@cache
def static(file: str) -> str:
    """Return the address of a file in `static`, with a fingerprint so that browsers may keep it."""
    return f"/static/{file}?v={hashlib.sha256((HERE / 'static' / file).read_bytes()).hexdigest()[:10]}"


def coded(text: object) -> Markup:
    """Return plain words in which `names` between backticks stand as code.

    Examples:
        >>> str(coded("`age` moved, <b>not</b> `plan"))
        '<code>age</code> moved, &lt;b&gt;not&lt;/b&gt; `plan'
    """
    parts = enumerate(re.split(r"`([^`]+)`", str(text)))
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in parts)


def breaking(text: object) -> Markup:
    """Return a long name that a line may break in, after a point or an underscore.

    Examples:
        >>> str(breaking("silver.user_sessions<"))
        'silver.<wbr>user_<wbr>sessions&lt;'
    """
    return Markup("<wbr>").join(re.split(r"(?<=[._])", str(text)))


def kind_title(kind: str) -> str:
    """Return what people call one of a kind: 'Logged model'."""
    return kind.replace("-", " ").capitalize()


_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    href=href, run_href=run_href, when=when, soon=soon, day=day, clock=clock, interval=interval, number=number, seconds=seconds, markdown=markdown,
    snippet=snippet, compact=compact, coded=coded, breaking=breaking, exact=exact, kind_title=kind_title, plural=plural,
)  # fmt: skip
_templates.globals.update(address=address, differing=differing, static=static, KINDS=KINDS, escape=escape)
