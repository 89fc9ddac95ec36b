"""Reading a whole MLflow and comparing two such reads."""

from collections import defaultdict
from typing import NamedTuple

from upriver.catalog.records import Seen, Skipped
from upriver.connect.source import Covered, Progress, Request, Same
from upriver.connect.sources.mlflow import Config, read


class Was(NamedTuple):
    """What one read yielded."""

    seen: dict
    same: set
    skipped: list
    covered: set
    progress: list
    known: dict

    def of(self, kind):
        return {id_.name: one for id_, one in self.seen.items() if id_.kind == kind}


def reading(uri, known=None, *, full=True, since=None, **options):
    """Read everything and sort it."""
    was = Was({}, set(), [], set(), [], dict(known or {}))
    for event in read(Config(tracking_uri=uri, **options), Request("ml", known or {}, full, since)):
        match event:
            case Seen():
                Seen.model_validate(event.model_dump())
                assert event.id not in was.seen, f"{event.id} came twice"
                was.seen[event.id] = event
                was.known[event.id] = event.state
            case Same(ids):
                was.same.update(ids)
            case Skipped():
                was.skipped.append(event)
            case Covered(kind, _):
                was.covered.add(kind)
            case Progress():
                was.progress.append(event)
    return was


def differences(one, other):
    """Return every difference between two reads, except for the states, which belong to a reader."""
    found = defaultdict(list)
    for id_ in one.seen.keys() ^ other.seen.keys():
        found[str(id_)].append("only one reader saw it")
    for id_ in one.seen.keys() & other.seen.keys():
        for field in Seen.model_fields.keys() - {"state"}:
            left, right = getattr(one.seen[id_], field), getattr(other.seen[id_], field)
            if left != right:
                found[str(id_)].append((field, left, right))
    return dict(found)
