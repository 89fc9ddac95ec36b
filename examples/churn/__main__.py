"""Tell the story into an MLflow and a folder."""

import argparse
import logging
import os
from pathlib import Path

from examples.churn import marker

_QUIET = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def main() -> None:
    """Read the options, and tell what the folder does not hold already of the story."""
    options = _options()
    folder, plan = options.folder.resolve(), marker.Plan(options.seed, options.days)
    told = marker.days_told(folder, plan)
    if told >= plan.days:
        print(f"{folder} holds the story already.")
        return
    os.environ.update(_QUIET)
    from examples.churn import story  # noqa: PLC0415  MLflow takes seconds to import, and a story told needs none

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    sentences = story.tell(options.tracking_uri.rstrip("/"), folder, plan, options.service)
    length = story.length(plan, told)
    for n, sentence in enumerate(sentences, start=1):
        print(f"[{n:>2}/{length}] {sentence}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.churn", description=__doc__)
    parser.add_argument("--tracking-uri", required=True, metavar="URL", help="an MLflow server, or sqlite:///FILE")
    parser.add_argument("--folder", required=True, type=Path, metavar="DIR", help="where the data goes")
    parser.add_argument(
        "--days", type=int, default=marker.Plan.days, metavar="N", help="days of features [default: 44]"
    )
    parser.add_argument(
        "--service", default="mlflow", metavar="NAME", help="what Upriver calls this MLflow [default: mlflow]"
    )
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="what chance follows from [default: 7]")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
