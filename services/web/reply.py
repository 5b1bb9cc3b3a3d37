"""答复 · A reply as bytes, and the JSON way of writing one.

Starlette's own Response works out headers again for each answer; on the hot path the answer is
known in full, so this one only sends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from events.clock import text_of
from events.codec import INTEGER_MAX

JSON = b"application/json; charset=utf-8"
PROBLEM = b"application/problem+json; charset=utf-8"
SCHEMA = b"application/schema+json"
HTML = b"text/html; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"
NO_STORE = (b"cache-control", b"no-store")
NO_SNIFF = (b"x-content-type-options", b"nosniff")

Header = tuple[bytes, bytes]


class Reply:
    """One whole answer. `headers` come beside type, length and nosniff; `keep` is what a browser
    may do with it (None: not keep it at all)."""

    __slots__ = ("body", "headers", "keep", "media", "status")

    def __init__(
        self,
        body: bytes,
        *,
        status: int = 200,
        media: bytes = JSON,
        headers: tuple[Header, ...] = (),
        keep: bytes | None = None,
    ) -> None:
        self.body = body
        self.keep = keep
        self.status = status
        self.media = media
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. A method of ASGI."""
        headers: list[Header] = [
            (b"content-type", self.media),
            (b"content-length", b"%d" % len(self.body)),
            NO_SNIFF,
            *self.headers,
        ]
        if self.keep is None:
            headers.append(NO_STORE)
        else:
            headers.append((b"cache-control", self.keep))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def json_bytes(value: Any) -> bytes:
    """JSON of a value for readers: what has no place in JSON (instants, huge integers) as text."""
    return orjson.dumps(readable(value), option=orjson.OPT_NON_STR_KEYS)


def json_reply(
    value: Any,
    *,
    status: int = 200,
    headers: tuple[Header, ...] = (),
    media: bytes = JSON,
    keep: bytes | None = None,
) -> Reply:
    """The value as a JSON answer."""
    return Reply(json_bytes(value), status=status, headers=headers, media=media, keep=keep)


def readable(value: Any) -> Any:
    """The same value with everything JSON cannot carry exactly turned into text."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if -INTEGER_MAX <= value <= INTEGER_MAX else str(value)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, datetime):
        return text_of(value) if value.tzinfo is not None else value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [readable(item) for item in value]
    return str(value)
