"""Asking an ASGI application in this process, without a socket in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


async def ask(
    app: ASGIApp,
    method: str,
    target: str,
    token: str | None = None,
    json: Any = None,
    *,
    body: bytes | None = None,
    **headers: str,
) -> Answer:
    """One request. Header names are written with `_` for `-`."""
    if json is not None:
        body = orjson.dumps(json)
    sent = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    if token is not None:
        sent.setdefault("authorization", f"Bearer {token}")
    if body is not None:
        sent.setdefault("content-type", "application/json")
        sent.setdefault("content-length", str(len(body)))
    parts = urlsplit(target)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "scheme": "http",
        "server": ("127.0.0.1", 8311),
        "client": ("127.0.0.1", 50000),
    }
    coming: list[Message] = [{"type": "http.request", "body": body or b"", "more_body": False}]
    answered: list[Message] = []

    async def receive() -> Message:
        return coming.pop() if coming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    await app(scope, receive, send)
    start, *rest = answered
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], found, b"".join(part["body"] for part in rest))
