"""Talk to an Upriver server."""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx2
from pydantic import TypeAdapter

from upriver_client.records import (
    Alert,
    Asset,
    Attempt,
    Changes,
    Diagnosis,
    Graph,
    Integrity,
    Judgement,
    Page,
    Read,
    Refresh,
    Results,
    Score,
    Service,
    SkippedPage,
    Tally,
    Watched,
)


class Refused(Exception):
    """The server refused, or did not answer.

    Args:
        what: One sentence about what is wrong.
        hint: What to try next; may be empty.
        status: HTTP status, 0 where there was no answer.
    """

    def __init__(self, what: str, hint: str = "", status: int = 0) -> None:
        super().__init__(f"{what} {hint}".rstrip())
        self.what = what
        self.hint = hint
        self.status = status


class Upriver:
    """One server.

    Args:
        url: Where it listens.
        token: Its access token, if it asks for one.
        timeout: Seconds to wait for an answer.
    """

    def __init__(self, url: str = "http://127.0.0.1:8470", *, token: str = "", timeout: float = 30) -> None:
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(base_url=f"{self._url}/api/v1", headers=headers, timeout=timeout)

    def __repr__(self) -> str:
        return f"Upriver({self._url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self._http.close()

    def search(
        self, words: str = "", *, limit: int = 25, cursor: int = 0, **narrowed: str | Sequence[str] | bool
    ) -> Results:
        """Find anything.

        Args:
            words: All must occur; the last may be unfinished.
            limit: At most this many, 1 to 1,000.
            cursor: Skip this many.
            narrowed: kind, source, tag, term, owner; `gone=True` for what was deleted as well.
        """
        return Results.model_validate(self._get("/search", q=words, limit=limit, cursor=cursor, **narrowed))

    def asset(self, asset: str) -> Asset:
        """Return one asset with all that is known of it.

        Args:
            asset: Its id, a title, `name@alias` or `name@version`.

        Raises:
            Refused: There is no such asset, or several things are called that.
        """
        return Asset.model_validate(self._get("/resolve", name=asset))

    def assets(self, kind: str, *, parent: str = "", where: str = "", sort: str = "-born") -> Iterator[Asset]:
        """Yield all assets of a kind, page by page.

        Args:
            kind: "model", "version", "run", "dataset", …
            parent: Only those inside this container.
            where: Conditions such as `metrics.auc > 0.9 and status = FINISHED`.
            sort: "born", "title", "metrics.NAME"; "-" in front for descending.
        """
        cursor: int | None = 0
        while cursor is not None:
            found = self._get("/assets", kind=kind, parent=parent, where=where, sort=sort, cursor=cursor, limit=500)
            page = Page.model_validate(found)
            yield from page.items
            cursor = page.next

    def create(self, asset: str, **facets: Any) -> Asset:
        """Add an asset that no system shows; a name and an algorithm are enough for a model."""
        return Asset.model_validate(self._send("POST", "/assets", {"id": asset, "facets": facets}))

    def declare(self, asset: str, facet: str, value: Any, *, part: str = "", expecting: str = "") -> Asset:
        """Say what you know; no read of a system overwrites it.

        Args:
            asset: Id of the asset.
            facet: "description", "owners", "labels", "terms", …
            value: In the shape of that facet; None takes it back.
            part: The column or feature it is about.
            expecting: The edition you have seen; a change since then is refused.
        """
        body = {"value": value, "part": part, "expecting": expecting}
        return Asset.model_validate(self._send("PUT", f"/assets/{_path(asset)}/facets/{quote(facet)}", body))

    def history(self, asset: str = "", *, before: int | None = None, limit: int = 50) -> Changes:
        """Return what changed, newest first; of one asset, or of all."""
        path = f"/assets/{_path(asset)}/history" if asset else "/history"
        return Changes.model_validate(self._get(path, before=before, limit=limit))

    def as_of(self, asset: str, at: datetime) -> Asset:
        """Return what was known of an asset at a moment."""
        return Asset.model_validate(self._get(f"/assets/{_path(asset)}/as-of", at=at.isoformat()))

    def verify(self) -> Integrity:
        """Return whether the log is whole."""
        return Integrity.model_validate(self._get("/history/verdict"))

    def lineage(self, asset: str, *, up: int = 2, down: int = 1) -> Graph:
        """Return what an asset is made from, `up` hops, and what is made from it, `down` hops."""
        return Graph.model_validate(self._get(f"/assets/{_path(asset)}/lineage", up=up, down=down))

    def measured(self, service: str, run: str, metric: str) -> list[tuple[float, int, int]]:
        """Return every value that a run logged for a metric as (value, step, milliseconds since 1970), oldest first."""
        found = self._get(f"/runs/{quote(service, safe='')}/{quote(run, safe='')}/metric", name=metric)
        return TypeAdapter(list[tuple[float, int, int]]).validate_python(found["values"])

    def services(self) -> list[Service]:
        """Return all services, credentials masked."""
        return TypeAdapter(list[Service]).validate_python(self._get("/services"))

    def test(self, kind: str, **config: Any) -> list[Attempt]:
        """Try a connection step by step; nothing is stored."""
        found = self._send("POST", "/services/test", {"kind": kind, "config": config})
        return TypeAdapter(list[Attempt]).validate_python(found)

    def connect(self, name: str, kind: str, *, every: int | None = None, **config: Any) -> Service:
        """Add or change a service; its first read begins by itself."""
        body = {"kind": kind, "config": config, "every": every}
        return Service.model_validate(self._send("PUT", f"/services/{quote(name, safe='')}", body))

    def read(self, service: str, *, wait: float = 0) -> Read:
        """Ask for a read of a service.

        Args:
            service: Its name.
            wait: Seconds to wait for its end; 0 returns at once.
        """
        read = Read.model_validate(self._send("POST", f"/services/{quote(service, safe='')}/reads", None))
        end = time.monotonic() + wait
        ended: tuple[Literal["done", "failed", "interrupted"], ...] = ("done", "failed", "interrupted")
        while read.status not in ended and time.monotonic() < end:
            time.sleep(0.3)
            read = Read.model_validate(self._get(f"/reads/{read.id}"))
        return read

    def skipped(self, read: int, *, cursor: int = 0) -> SkippedPage:
        """Return what a read could not take in, with the reasons."""
        return SkippedPage.model_validate(self._get(f"/reads/{read}/skipped", cursor=cursor))

    def monitors(self, *, asset: str = "", model: str = "") -> list[Watched]:
        """Return all monitors, or those of a dataset or of a model, credentials masked."""
        return TypeAdapter(list[Watched]).validate_python(self._get("/monitors", asset=asset, model=model))

    def watch(self, name: str, uri: str, *, table: str = "", **definition: Any) -> Watched:
        """Add or change a monitor.

        Args:
            name: What to call it.
            uri: A file, a folder of files, or a database, as the server reaches it.
            table: The table, in a database.
            definition: What else a `Monitor` says: watch="time_series", timestamp="day", baseline={"version": "churn@champion"}, …
        """
        body = {"name": name, "data": {"uri": uri, "table": table}, **definition}
        return Watched.model_validate(self._send("PUT", f"/monitors/{quote(name, safe='')}", body))

    def refresh(self, monitor: str, *, full: bool = False, since: datetime | None = None, wait: float = 0) -> Refresh:
        """Let a monitor look now.

        Args:
            monitor: Its name.
            full: Measure again what was measured before.
            since: Only windows that begin then or later.
            wait: Seconds to wait for its end; 0 returns at once.
        """
        body = {"full": full, "since": since.isoformat() if since else None}
        path = f"/monitors/{quote(monitor, safe='')}/refreshes"
        refresh = Refresh.model_validate(self._send("POST", path, body))
        end = time.monotonic() + wait
        while refresh.ended_at is None and time.monotonic() < end:
            time.sleep(0.3)
            refresh = Refresh.model_validate(self._get(f"/refreshes/{refresh.id}"))
        return refresh

    def judgements(self, monitor: str, **narrowed: str) -> list[Judgement]:
        """Return what was made of columns in each window, oldest first; narrowed by column, against, state, since, until."""
        found = self._get(f"/monitors/{quote(monitor, safe='')}/judgements", **narrowed)
        return TypeAdapter(list[Judgement]).validate_python(found)

    def scores(self, monitor: str, **narrowed: str) -> list[Score]:
        """Return how good predictions were in each window, realised and estimated; narrowed by metric, model, since, until."""
        found = self._get(f"/monitors/{quote(monitor, safe='')}/scores", **narrowed)
        return TypeAdapter(list[Score]).validate_python(found)

    def alerts(self, *, monitor: str = "", asset: str = "", ended: bool = False) -> list[Alert]:
        """Return open alerts, newest first; with `ended`, those that ended too."""
        found = self._get("/alerts", monitor=monitor, asset=asset, all=ended or None)
        return TypeAdapter(list[Alert]).validate_python(found)

    def diagnose(self, model: str, *, at: datetime | None = None, rows: int = 1000) -> Diagnosis:
        """Ask why a model got worse or its inputs moved; what is missing is said in the answer, not refused.

        Args:
            model: A `name@alias`, a `name@version`, or the id of a version.
            at: As it was then; now if absent.
            rows: How many to read of each window; 0 reads none.
        """
        body = {"of": model, "at": at.isoformat() if at else None, "rows": rows}
        return Diagnosis.model_validate(self._send("POST", "/diagnoses", body))

    def diagnoses(
        self, of: str = "", *, kind: str = "", whole: bool = False, limit: int = 50, offset: int = 0
    ) -> list[Diagnosis]:
        """Return diagnoses, newest first.

        Args:
            of: Only of this version or model.
            kind: Only with this verdict: "pipeline_bug", "concept_drift", …
            whole: With evidence, suspects, shares and all that the verdict rests on.
            limit: At most this many, 1 to 200.
            offset: Skip this many.
        """
        found = self._get("/diagnoses", of=of, kind=kind, whole=whole, limit=limit, offset=offset)
        return TypeAdapter(list[Diagnosis]).validate_python(found)

    def diagnosis(self, number: int) -> Diagnosis:
        """Return one diagnosis as it was made, with what people have said of it."""
        return Diagnosis.model_validate(self._get(f"/diagnoses/{number}"))

    def feedback(self, number: int, *, right: bool, kind: str = "", note: str = "") -> Diagnosis:
        """Say whether a diagnosis was right, and what it was if it was something else."""
        body = {"right": right, "kind": kind, "note": note}
        return Diagnosis.model_validate(self._send("POST", f"/diagnoses/{number}/feedback", body))

    def tally(self) -> list[Tally]:
        """Return how often diagnoses of each kind were right, as people said afterwards."""
        return TypeAdapter(list[Tally]).validate_python(self._get("/diagnoses/tally"))

    def _get(self, path: str, **params: Any) -> Any:
        return self._ask("GET", path, params={k: v for k, v in params.items() if v not in (None, "")})

    def _send(self, method: str, path: str, body: Any) -> Any:
        return self._ask(method, path, json=body)

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        try:
            answer = self._http.request(method, path, **how)
        except httpx2.HTTPError as error:
            raise Refused(
                f"Upriver at {self._url} did not answer: {error}.", "Is it up? `upriver up` starts it."
            ) from error
        try:
            found = answer.json() if answer.content else None
        except ValueError as error:
            raise Refused(
                f"{self._url} did not answer with JSON.", "Is that an Upriver server?", answer.status_code
            ) from error
        if answer.is_error:
            said = found if isinstance(found, dict) else {}
            raise Refused(said.get("detail", f"HTTP {answer.status_code}."), said.get("hint", ""), answer.status_code)
        return found


def _path(asset: str) -> str:
    """Return an asset's id as part of a path: its `%` are data, not encoding."""
    return quote(asset, safe=":/")
