"""How good diagnoses are, in worlds whose illness is known, and what they cost.

A scenario is a monitored model with its windows, its pipelines and their runs, that falls ill in one of many ways, or stays
well; `worlds/make.py` makes them, all from seeds.  Whoever tunes the rules looks at seeds below 2000; `--held-out` draws from
2000 on, and figures that are published come from there.

`--worlds DIR` judges scenarios that lie in folders already, whoever made them; `--generator FILE` also judges those of another
generator with the same command line (`python FILE OUT SEEDS`).  `--peers` asks Evidently and NannyML about the same scenarios, each in
an environment of its own that `uv` makes.  Beside the cost of a verdict stands one gradient boosting of the same rows.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from worlds import make, page, peers, read, score
from worlds.score import Outcome

LEAST = {"verdict_easy": 0.98, "verdict_weak": 0.90, "onset": 0.9, "feature": 0.9, "run": 0.9}
MOST = {"false_alarms": 0.02, "cpu_s_10": 2.0, "cpu_s_100": 10.0}
SIZES = {10: (1000, 14, 28, 10), 100: (1000, 14, 28, 100)}
TRIES = 2


def main() -> int:
    """Make worlds, judge, count, print the figures."""
    given = _asked()
    with tempfile.TemporaryDirectory() as temporary:
        folders = _folders(given, given.folder or Path(temporary))
        outcomes = _each(_judged, folders, given.jobs)
        figures: dict[str, Any] = {**score.figures(outcomes), "held_out": given.held_out}
        figures["cpu_s"] = round(sum(one.seconds for one in outcomes) / len(outcomes), 3)
        figures["reading_cpu_s"] = round(sum(one.reading for one in outcomes) / len(outcomes), 3)
        for many in SIZES:
            figures |= _cost(Path(temporary) / "cost", many)
        said = _peers(folders[: given.peer_scenarios]) if given.peers else {}
    print(page.terminal(outcomes))
    if given.list_misses:
        print(*page.misses(outcomes), sep="\n")
    if given.table:
        given.table.write_text(page.document(outcomes, figures, said, _command(given)))
    if said:
        figures["peers"] = {name: one if isinstance(one, str) else score.figures(one) for name, one in said.items()}
    missed = [name for name, limit in LEAST.items() if figures[name] is not None and figures[name] < limit]
    missed += [name for name, limit in MOST.items() if figures[name] is not None and figures[name] > limit]
    limits = {**LEAST, **MOST}
    print(json.dumps({"bench": "diagnose", "figures": figures, "limits": limits, "missed": missed, "ok": not missed}))
    return 1 if missed else 0


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--worlds", type=Path, help="a folder of scenario folders: judge these, make none")
    asked.add_argument(
        "--hard", type=int, default=6, metavar="N", help="so many seeds of our own worlds, 11 scenarios each"
    )
    asked.add_argument("--held-out", action="store_true", help="seeds that nobody tunes on: from 2000")
    asked.add_argument("--generator", type=Path, help="also judge the worlds that this Python file makes")
    asked.add_argument("--seeds", help="for that generator, with commas between [default: three, held out or not]")
    asked.add_argument("--folder", type=Path, help="keep the worlds here, and use those that are here")
    asked.add_argument("--jobs", type=int, default=1, help="processes that make and judge")
    asked.add_argument("--peers", action="store_true", help="also ask Evidently and NannyML")
    asked.add_argument("--peer-scenarios", type=int, default=33, metavar="N", help="of so many scenarios at most")
    asked.add_argument("--table", type=Path, help="write the page of the documentation")
    asked.add_argument("--list-misses", action="store_true", help="name each scenario that was misjudged")
    return asked.parse_args()


def _command(given: argparse.Namespace) -> str:
    """Return what makes the same page elsewhere."""
    words = ["python", "bench/diagnose.py", "--hard", str(given.hard)]
    words += ["--held-out"] * given.held_out
    if given.generator:
        words += ["--generator", given.generator.name]
    if given.peers:
        words += ["--peers", "--peer-scenarios", str(given.peer_scenarios)]
    return shlex.join([*words, "--table", f"docs/explanation/{given.table.name}"])


# Worlds


def _folders(given: argparse.Namespace, place: Path) -> list[Path]:
    """Return the folders of all scenarios, made if they are not there."""
    if given.worlds:
        return _within(given.worlds)
    first = make.HELD_OUT if given.held_out else 0
    tasks = [(place / "own", cause, seed) for seed in range(first, first + given.hard) for cause in make.CAUSES]
    found = _each(_made, tasks, given.jobs)
    if given.generator:
        seeds = given.seeds or ",".join(str(first + n) for n in range(3))
        subprocess.run([sys.executable, given.generator, place / "others", seeds], check=True)
        found += _within(place / "others")
    return found


def _within(folder: Path) -> list[Path]:
    return sorted(one.parent for one in folder.glob("*/truth.json"))


def _made(task: tuple[Path, str, int]) -> Path:
    place, cause, seed = task
    there = [one.parent for one in place.glob(f"*-{cause}-{seed}/truth.json")]
    return there[0] if there else make.scenario(place, cause, seed)


def _each(work: Any, tasks: list, jobs: int) -> list:
    if jobs == 1:
        return [work(task) for task in tasks]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(work, tasks))


# Verdicts


def _judged(folder: Path) -> Outcome:
    from upriver.diagnose.conclude import conclude

    return score.outcome(folder, conclude)


def _cost(place: Path, many: int) -> dict[str, float]:
    """Return the CPU seconds of a verdict on so many features, and of one model fitted to the same rows."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    from upriver.diagnose.conclude import conclude

    facts = read.facts(make.scenario(place, "pipeline_bug", many, size=SIZES[many]))
    numbers = [values for values in facts.sample.columns.values() if values.dtype != object]
    rows, answer = np.stack(numbers, axis=1), np.nan_to_num(facts.sample.predicted)
    fit = _least(lambda: HistGradientBoostingRegressor(max_iter=100, random_state=0).fit(rows, answer))
    return {f"cpu_s_{many}": _least(lambda: conclude(facts)), f"fit_s_{many}": fit}


def _least(work: Any) -> float:
    """Return the CPU seconds of the quicker of two tries: other work on the machine only ever adds to them."""
    found = []
    for _ in range(TRIES):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return round(min(found), 3)


def _peers(folders: list[Path]) -> dict[str, list[Outcome] | str]:
    """Return what others say of the scenarios, by rule."""
    truths = {folder.name: read.truth(folder) for folder in folders}
    found: dict[str, list[Outcome] | str] = {}
    for name, told in peers.asked(folders).items():
        if isinstance(told, str):
            found[name] = told
            continue
        for rule in sorted({one["rule"] for one in told}):
            found[rule] = [score.peer(one, truths[one["of"]]) for one in told if one["rule"] == rule]
    return found


if __name__ == "__main__":
    sys.exit(main())
