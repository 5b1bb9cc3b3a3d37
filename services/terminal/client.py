"""客户端 · Requests to a jishi server, with the standard library alone (it starts in 60 ms).

A request that is safe to send again (a reading one, or a command with its id) is sent again where
the connection broke, so that a restart of the server is not the caller's concern.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from events.errors import JishiError, Unavailable
from services.terminal import exits

if TYPE_CHECKING:
    from services.terminal.words import Language

ATTEMPTS_MAX = 4
PAUSE_SECONDS = 0.25
TIMEOUT_SECONDS = 40.0
"""Longer than the longest time a server may let a reader wait (30 s)."""
ANSWER_BYTES_MAX = 256 << 20
Query = Sequence[tuple[str, str]]


class ServerProblem(JishiError):
    """What the server refused, as it worded it. `problem` is its whole document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        kind = str(problem.get("type", "")).rpartition("/")[2]
        title, detail = problem.get("title"), problem.get("detail")
        super().__init__(str(detail or title or f"HTTP {status}"), errors=problem.get("errors"))
        self.code = kind or "error"  # type: ignore[misc]  # that of the server's error
        self.status = status  # type: ignore[misc]
        self.problem = dict(problem)
        self.exit_code = (
            exits.NOT_READY if status == 503 else exits.BY_PROBLEM.get(kind, exits.FAILED)
        )


class Client:
    """One server. A connection is kept from one request to the next."""

    def __init__(self, url: str, token: str | None, language: Language) -> None:
        parts = urlsplit(url)
        self._url = url
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._path = parts.path.rstrip("/")
        self._headers = {"Accept-Language": language, "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: http.client.HTTPConnection | None = None
        self._last_headers: dict[str, str] = {}

    def get(self, path: str, query: Query = ()) -> Any:
        """The JSON answer. Raises ServerProblem, or Unavailable where nobody answers."""
        return self._sent("GET", path, query, None, {})[1]

    def status(self, path: str) -> tuple[int, Any]:
        """Status and JSON of an answer that may well be a refusal (`/readyz` while not ready)."""
        return self._sent("GET", path, (), None, {}, refuse=False)

    def text(self, path: str) -> str:
        """An answer that is not JSON; '' where it was refused."""
        status, raw = self._exchange("GET", self._path + path, None, self._headers)
        return raw.decode(errors="replace") if status == 200 else ""

    def raw(self, path: str, query: Query = ()) -> bytes:
        """The bytes of an answer that is not JSON. Raises ServerProblem, Unavailable."""
        target = self._path + path + (f"?{urlencode(query)}" if query else "")
        status, raw = self._exchange("GET", target, None, self._headers)
        if status >= 400:
            value = self._json(raw, status)
            raise ServerProblem(status, value if isinstance(value, dict) else {})
        return raw

    def headers_of(self, path: str) -> dict[str, str]:
        """The headers of an answer, by their names in small letters. Raises Unavailable."""
        self._exchange("GET", self._path + path, None, self._headers)
        return self._last_headers

    def post(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        """The same for a command. It must bear its Idempotency-Key."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        return self._sent("POST", path, (), raw, {"Content-Type": "application/json", **headers})[1]

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _sent(
        self,
        method: str,
        path: str,
        query: Query,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        refuse: bool = True,
    ) -> tuple[int, Any]:
        target = self._path + path
        if query:
            target += f"?{urlencode(query)}"
        status, raw = self._exchange(method, target, body, {**self._headers, **headers})
        value = self._json(raw, status)
        if refuse and status >= 400:
            raise ServerProblem(status, value if isinstance(value, dict) else {})
        return status, value

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Status and body, sent again where the connection broke."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                connection = self._open()
                connection.request(method, target, body, dict(headers))
                answer = connection.getresponse()
                self._last_headers = {name.lower(): value for name, value in answer.getheaders()}
                return answer.status, answer.read(ANSWER_BYTES_MAX)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if attempt == ATTEMPTS_MAX or isinstance(error, socket.gaierror):
                    raise self._away(error) from error
            time.sleep(PAUSE_SECONDS * attempt)
        raise AssertionError("the last attempt either returns or raises")

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            made = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = made(self._host, self._port, timeout=TIMEOUT_SECONDS)
        return self._connection

    def _away(self, error: Exception) -> Unavailable:
        why = str(error) or type(error).__name__
        return Unavailable(
            f"no jishi server answers at {self._url} ({why}): start it with `jishi up`, or set "
            "JISHI_SERVER to where it is; what was sent can be sent again",
            zh=f"{self._url} 没有 jishi 服务应答（{why}）：请用 `jishi up` 启动，"
            "或将 JISHI_SERVER 设为正确地址；之后可原样重发",
        )

    def _json(self, raw: bytes, status: int) -> Any:
        if not raw:
            return {}
        try:
            return json.loads(raw)
        except ValueError as error:
            raise Unavailable(
                f"{self._url} answered {status} with something that is not JSON: "
                "is JISHI_SERVER the address of a jishi server?",
                zh=f"{self._url} 的应答（{status}）不是 JSON：JISHI_SERVER 是 jishi 的地址吗？",
            ) from error
