"""One HTTP conversation with one MLflow server.

Retries what passes by itself, never follows a redirect to another host with credentials in hand,
and turns whatever goes wrong into a sentence that says what to do.
"""

import ssl
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import orjson

from upriver.connect.sources.mlflow.config import Config, revealed, shown
from upriver.errors import Invalid, Problem, Unreachable

PASSING = frozenset({429, 500, 502, 503, 504})
TRIES = 4
LONGEST_WAIT = 30.0


class Absent(Problem):
    """The server does not have this route or this thing; a reader goes on without it."""

    status = 404


class Wire:
    """A client of one server; safe to use from several threads."""

    def __init__(self, config: Config, uri: str) -> None:
        self.name = shown(uri)
        self._base = httpx2.URL(uri)
        headers = {name: revealed(value, f"header {name}") for name, value in config.headers.items()}
        token, password = revealed(config.token, "token"), revealed(config.password, "password")
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if config.workspace:
            headers["X-MLFLOW-WORKSPACE"] = config.workspace
        self._client = httpx2.Client(
            base_url=self._base,
            headers=headers,
            auth=(config.username, password) if config.username else None,
            verify=_trust(config),
            timeout=httpx2.Timeout(300, connect=10),
            limits=httpx2.Limits(max_connections=8),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def get(self, path: str, **params: str | int) -> Any:
        """Return the JSON at `path`.

        Raises:
            Absent: The server does not have it.
            Unreachable: The server does not answer, or answers with something else.
        """
        return self._parsed(self._send("GET", path, params=params), path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Return the JSON answer to a search; safe to repeat."""
        return self._parsed(self._send("POST", path, json=body), path)

    def pages(self, path: str, body: dict[str, Any], *, by_get: bool = False) -> Iterator[Any]:
        """Yield one answer per page, following `next_page_token`."""
        token = ""
        while True:
            asked = {**body, **({"page_token": token} if token else {})}
            page = self.get(path, **asked) if by_get else self.post(path, asked)
            yield page
            following = page.get("next_page_token") or ""
            if not following or following == token:
                return
            token = following

    def text(self, path: str, params: dict[str, str] | None = None, *, tries: int = TRIES) -> str:
        """Return the text at `path`."""
        return self._send("GET", path, params=params, tries=tries).text

    def _send(self, method: str, path: str, *, tries: int = TRIES, **more: Any) -> httpx2.Response:
        for attempt in range(1, tries + 1):
            last = attempt == tries
            try:
                answer = self._client.request(method, path, **more)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                if last or _is_tls(error):
                    raise self._unreachable(error) from error
            except httpx2.RequestError as error:
                if last:
                    raise Unreachable(
                        f"MLflow at {self.name} broke off while answering {path}: {_said(error)}.",
                        "Check the server's log and proxies between, then read again.",
                    ) from error
            else:
                if last or answer.status_code not in PASSING:
                    return self._accepted(answer, path)
                time.sleep(_patience(answer, attempt))
                continue
            time.sleep(0.2 * 2**attempt)
        raise AssertionError(path)

    def _accepted(self, answer: httpx2.Response, path: str) -> httpx2.Response:
        code = answer.status_code
        if answer.is_redirect:
            to = shown(str(answer.headers.get("location", "elsewhere")))
            raise Unreachable(
                f"MLflow at {self.name} sends {path} on to {to}, where credentials must not follow.",
                "Use the address that answers itself: check http or https, and a login page in front.",
            )
        if code in {401, 403}:
            said = "did not accept the credentials" if code == 401 else "does not let this user read"
            raise Unreachable(
                f"MLflow at {self.name} {said} ({code} for {path}).",
                "Check user name, password or token, and permissions.",
            )
        if code in {404, 405, 501}:
            raise Absent(f"MLflow at {self.name} has no {path}{_reason(answer)}.")
        if code == 400:
            raise Invalid(
                f"MLflow at {self.name} did not understand {path}{_reason(answer)}.",
                "Check that it is MLflow 1.28 or later.",
            )
        if code >= 400:
            raise Unreachable(
                f"MLflow at {self.name} answered {code} to {path}{_reason(answer)}.",
                "Check the server's log, then read again.",
            )
        return answer

    def _parsed(self, answer: httpx2.Response, path: str) -> Any:
        try:
            parsed = orjson.loads(answer.content)
        except orjson.JSONDecodeError as error:
            kind = "a web page" if b"<" in answer.content[:64] else "something that is not JSON"
            raise Unreachable(
                f"{self.name} answered {path} with {kind}, so it is no MLflow or a login page stands before it.",
                "Check the URL; it is the one that MLFLOW_TRACKING_URI holds.",
            ) from error
        if not isinstance(parsed, dict):
            raise Unreachable(f"{self.name} answered {path} with JSON that is not MLflow's.", "Check the URL.")
        return parsed

    def _unreachable(self, error: Exception) -> Unreachable:
        if _is_tls(error):
            return Unreachable(
                f"The certificate of MLflow at {self.name} cannot be trusted: {_said(error)}.",
                "Name the authority's PEM file as ca_file, or check that the server speaks TLS at all.",
            )
        return Unreachable(
            f"MLflow at {self.name} did not answer: {_said(error)}.", "Check the URL and that the server runs."
        )


def _trust(config: Config) -> ssl.SSLContext | bool:
    if not config.verify:
        return False
    if not config.ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=config.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(
            f"The CA file {config.ca_file} cannot be used: {_said(error)}.", "Give the path of a PEM file."
        ) from error


def _is_tls(error: Exception) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError) or "CERTIFICATE" in str(seen).upper() or "[SSL" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _said(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")


def _reason(answer: httpx2.Response) -> str:
    try:
        message = orjson.loads(answer.content).get("message", "")
    except (orjson.JSONDecodeError, AttributeError):
        return ""
    return f": {str(message)[:300].rstrip('.')}" if message else ""


def _patience(answer: httpx2.Response, attempt: int) -> float:
    try:
        asked = float(answer.headers.get("retry-after", ""))
    except ValueError:
        asked = 0.2 * 2**attempt
    return min(max(asked, 0.0), LONGEST_WAIT)
