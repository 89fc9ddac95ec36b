"""Trying a connection, one step after the other, so that it is plain what to mend."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from upriver.connect.source import Attempt
from upriver.connect.sources.mlflow.config import Config, is_http, revealed, shown
from upriver.connect.sources.mlflow.read import opened
from upriver.connect.sources.mlflow.rows import Registry, Tracking, Version
from upriver.errors import Problem

STEPS = (
    "Look up the credentials",
    "Reach the tracking server",
    "List experiments",
    "Read runs",
    "List registered models",
    "List versions",
    "Read one MLmodel file",
)


def check(config: Config) -> Iterator[Attempt]:
    """Yield one step after the other; after a failure the rest is unknown."""
    with ExitStack() as stack:
        trial = Trial(config, stack)
        failed = False
        for name, tried in zip(STEPS, trial.steps(), strict=True):
            if failed:
                yield Attempt(name=name, verdict="unknown", because="Not tried, because an earlier step failed.")
                continue
            try:
                because, warn = tried()
            except Problem as problem:
                failed = True
                yield Attempt(name=name, verdict="fail", because=str(problem))
            else:
                yield Attempt(name=name, verdict="warn" if warn else "pass", because=because)


class Trial:
    """The steps and what one leaves for the next."""

    tracking: Tracking
    registry: Registry

    def __init__(self, config: Config, stack: ExitStack) -> None:
        self._config = config
        self._stack = stack
        self._experiments: list[str] = []
        self._versions: list[Version] = []

    def steps(self) -> tuple[Callable[[], tuple[str, bool]], ...]:
        """Return what to try, in the order of `STEPS`; each says what it found and whether that is worrying."""
        return (self._credentials, self._reach, self._list, self._runs, self._models, self._list_versions, self._file)

    def _credentials(self) -> tuple[str, bool]:
        given = [what for what in ("password", "token") if revealed(getattr(self._config, what), what)]
        given += [f"header {name}" for name, value in self._config.headers.items() if revealed(value, f"header {name}")]
        if "password" in given and not self._config.username and is_http(self._config.tracking_uri):
            return "A password is given without a user name, so it is not used.", True
        return f"Found: {', '.join(given)}." if given else "None are given; the server must let anybody read.", False

    def _reach(self) -> tuple[str, bool]:
        self.tracking, self.registry = opened(self._config, self._stack)
        return f"{shown(self._config.tracking_uri)} is {self.tracking.server()}.", False

    def _list(self) -> tuple[str, bool]:
        try:
            found = self.tracking.experiments()
        except Problem:
            if not self.tracking.notes:
                raise
            return self.tracking.notes[-1].because, True
        chosen = [one for one in found if self._config.wants_experiment(one.name)]
        self._experiments = [one.id for one in chosen]
        left = len(found) - len(chosen)
        return f"{len(chosen)} experiments{f', {left} left out by the patterns' if left else ''}.", not chosen

    def _runs(self) -> tuple[str, bool]:
        if not self._experiments:
            return "There are no experiments to read runs from.", True
        self.tracking.about(["0" * 32], listed=False)
        return "Runs can be read.", False

    def _models(self) -> tuple[str, bool]:
        found = self.registry.models()
        chosen = [one for one in found if self._config.wants_model(one.name)]
        return (
            f"{len(chosen)} of {len(found)} registered models and prompts are read from {shown(self._config.registry)}.",
            not chosen,
        )

    def _list_versions(self) -> tuple[str, bool]:
        self._versions = self.registry.versions()
        return f"{len(self._versions)} versions.", False

    def _file(self) -> tuple[str, bool]:
        if not self._config.artifacts:
            return "Not asked for: signatures stay unknown.", True
        real = [one for one in self._versions if "mlflow.prompt.is_prompt" not in one.tags]
        if not real:
            return "There is no version to read one of.", False
        one = real[-1]
        if self.registry.version_file(one, "MLmodel") is None:
            return f"That of {one.name} {one.version} is not reachable from here, so its signature stays unknown.", True
        return f"Read that of {one.name} {one.version}.", False
