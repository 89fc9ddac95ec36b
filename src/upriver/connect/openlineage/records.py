"""The nouns of the intake: an event that was set aside, and how far the work is."""

from datetime import datetime

from upriver.catalog.records import Record


class Aside(Record):
    """An event that could not be understood.

    Attributes:
        seq: Its number in the inbox, under which it can be read as it came.
        at: When it was set aside.
        because: What was wrong with it.
        asked_at: When somebody asked to try it again; None while nobody has.
    """

    seq: int
    at: datetime
    because: str
    asked_at: datetime | None = None


class Progress(Record):
    """How far the work on events is.

    Attributes:
        received: How many different events were received.
        done: How many were worked on, those that were set aside included.
        waiting: How many were not looked at yet.
        set_aside: How many could not be understood.
        last_at: When the last one came; None where none ever did.
    """

    received: int = 0
    done: int = 0
    waiting: int = 0
    set_aside: int = 0
    last_at: datetime | None = None
