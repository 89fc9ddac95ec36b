"""How a monitor is doing, in a sentence, and how often it looks, in words."""

from upriver.monitor.records import Watched
from upriver.monitor.show import Strip
from upriver.web.html import interval, plural
from upriver.web.watching import BUSY


def sentence(of: Watched, strip: Strip) -> str:
    """Return how a monitor is doing, in a sentence.

    Args:
        of: The monitor.
        strip: Its newest windows.
    """
    if of.because:
        return of.because
    if of.last is None:
        return "It has not looked yet."
    if not strip.windows:
        return "It is looking for the first time." if of.last.status in BUSY else "It has measured nothing yet."
    if of.alerts:
        return f"{plural(of.alerts, 'alert')} {'is' if of.alerts == 1 else 'are'} open; {_moved(strip)}."
    if not strip.total:
        return "It has measured windows and judged none yet: there is nothing to compare them with."
    return f"All is as it should be; {_moved(strip)}."


def _moved(strip: Strip) -> str:
    total = plural(strip.columns, "column")
    return f"in the newest window {strip.newest or 'none'} of {total} {'has' if strip.newest <= 1 else 'have'} moved"


def schedule(text: str) -> str:
    """Return how often a monitor looks, in words.

    Examples:
        >>> schedule("3600"), schedule("30 2 * * *"), schedule("")
        ('every hour', 'at 30 2 * * * (cron, UTC)', 'only when asked')
    """
    text = text.strip()
    return interval(int(text)) if text.isdecimal() else f"at {text} (cron, UTC)" if text else interval(0)
