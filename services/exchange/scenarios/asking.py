"""询问 · Asks the application in this process as a client would over a socket: gate and all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.types import ASGIApp, Message

HERE, THERE = ("127.0.0.1", 8311), ("127.0.0.1", 50_000)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return orjson.loads(self.body)

    @property
    def good(self) -> bool:
        """Whether it is no problem document."""
        return self.status < 400


async def ask(
    app: ASGIApp,
    method: str,
    target: str,
    token: str | None,
    fields: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    language: str = "zh",
) -> Answer:
    """One request, with a bearer token where there is one. Problems come in that language."""
    sent = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    sent.append((b"accept-language", language.encode("latin-1")))
    if token is not None:
        sent.append((b"authorization", f"Bearer {token}".encode("latin-1")))
    body = b"" if fields is None else orjson.dumps(fields)
    if body:
        sent.append((b"content-type", b"application/json"))
        sent.append((b"content-length", b"%d" % len(body)))
    parts = urlsplit(target)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": sent,
        "scheme": "http",
        "server": HERE,
        "client": THERE,
    }
    coming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    answered: list[Message] = []

    async def receive() -> Message:
        return coming.pop() if coming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    await app(scope, receive, send)
    start, *rest = answered
    return Answer(start["status"], b"".join(part["body"] for part in rest))
