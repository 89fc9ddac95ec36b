"""Whether a folder holds the story, so that nobody has to wait for it twice."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """What makes two stories the same.

    Attributes:
        seed: Everything random follows from it.
        days: How many days of features there are.
        edition: Another one each time that something else happens in it.
    """

    seed: int = 7
    days: int = 44
    edition: int = 2


def days_told(folder: Path, plan: Plan) -> int:
    """How many days of this very story the folder holds, 0 if it is not there yet.

    Raises:
        SystemExit: It holds another story, or one that broke off.
    """
    if not _file(folder).exists():
        return 0
    found = json.loads(_file(folder).read_text())
    if {**found["plan"], "days": plan.days} != asdict(plan):
        raise SystemExit(f"{folder} holds another story: {found['plan']}. Delete it, or choose another --folder.")
    if not found["finished"]:
        raise SystemExit(f"{folder} holds half a story. Delete it, and begin again with an empty MLflow.")
    return int(found["plan"]["days"])


def is_finished(folder: Path, plan: Plan) -> bool:
    """Whether the folder holds this very story at least as far.

    Raises:
        SystemExit: It holds another story, or one that broke off.
    """
    return days_told(folder, plan) >= plan.days


def begin(folder: Path, plan: Plan) -> None:
    """Note that the story has begun, so that half of one is recognised."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, {"plan": asdict(plan), "finished": False})


def finish(folder: Path, plan: Plan, champions: dict[str, str]) -> None:
    """Note that the story has been told, and which version of each model serves at its end."""
    _write(folder, {"plan": asdict(plan), "finished": True, "champions": champions})


def champions(folder: Path) -> dict[str, str]:
    """The version of each model that serves at the end of a finished story."""
    return json.loads(_file(folder).read_text())["champions"]


def _file(folder: Path) -> Path:
    return folder / "story.json"


def _write(folder: Path, found: dict[str, object]) -> None:
    _file(folder).write_text(json.dumps(found, indent=2) + "\n")
