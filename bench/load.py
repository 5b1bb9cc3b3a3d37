"""压测 · A program of its own that asks over HTTP: so many connections, whole lives of orders.

`python -m bench.load PORT CONNECTIONS` reads a line of JSON with the tokens, then for each further
line (seconds) answers with a line: how many answers, how many were not 201, and their waits.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any

import httptools
import orjson
import psutil
from uuid_utils.compat import uuid7

from bench.figures import percentile

Step = tuple[str, str, bytes]
"""Who, which command, with what."""

PLACE: Step = ("office", "", b'{"area":"c1","requester":"p1","category":"repair"}')
LIFE: tuple[Step, ...] = (
    ("office", "dispatch", b'{"unit":"u1"}'),
    ("worker", "accept", b"{}"),
    ("worker", "deliver", b'{"timing":"after_hours","beneficiaries":2}'),
    ("resident", "confirm", b'{"solved":"yes"}'),
    ("office", "close", b"{}"),
)


class Line(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        if self._answer is None:
            raise AssertionError("an answer that nobody waits for")
        body, self._body = b"".join(self._body), []
        self._answer.set_result((self._parser.get_status_code(), body))

    async def post(self, path: str, token: bytes, fields: bytes) -> tuple[int, bytes]:
        """One command: status and body."""
        if self._transport is None:
            raise AssertionError("not connected")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(
            b"POST /api/v1/order%b HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %b\r\n"
            b"Idempotency-Key: %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (path.encode(), token, str(uuid7()).encode(), len(fields), fields)
        )
        return await self._answer


class Load:
    """All connections, and what they were answered."""

    def __init__(self, lines: list[Line], tokens: Mapping[str, str]) -> None:
        self._lines = lines
        self._tokens = {name: token.encode() for name, token in tokens.items()}
        self._waits: list[float] = []
        self._events = 0
        self._bad: list[str] = []

    async def stretch(self, seconds: float) -> dict[str, Any]:
        """Whole lives of orders on every connection, for so long."""
        self._waits, self._events, self._bad = [], 0, []
        cpu = sum(psutil.Process().cpu_times()[:2])
        began = time.perf_counter()
        await asyncio.gather(*[self._live(line, began + seconds) for line in self._lines])
        took = time.perf_counter() - began
        count = len(self._waits)
        return {
            "per_second": count / took,
            "count": count,
            "events": self._events,
            "bad": self._bad[:3],
            "p50_ms": percentile(self._waits, 0.5) * 1e3,
            "p99_ms": percentile(self._waits, 0.99) * 1e3,
            "cpu_us": (sum(psutil.Process().cpu_times()[:2]) - cpu) * 1e6 / max(count, 1),
        }

    async def _live(self, line: Line, until: float) -> None:
        while time.perf_counter() < until:
            body = await self._give(line, "", PLACE)
            path = f"/{orjson.loads(body)['id']}"
            for step in LIFE:
                if time.perf_counter() >= until:
                    return
                await self._give(line, path, step)

    async def _give(self, line: Line, path: str, step: Step) -> bytes:
        who, command, fields = step
        at = time.perf_counter()
        target = f"{path}/{command}" if command else path
        status, body = await line.post(target, self._tokens[who], fields)
        self._waits.append(time.perf_counter() - at)
        self._events += body.count(b'"sha256"')
        if status != 201:
            self._bad.append(f"{command or 'place'}: {status} {body.decode()[:200]}")
        return body


async def _run(port: int, connections: int) -> None:
    loop = asyncio.get_running_loop()
    lines = [(await loop.create_connection(Line, "127.0.0.1", port))[1] for _ in range(connections)]
    asked = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    load = Load(lines, orjson.loads(await asked.readline()))
    while line := await asked.readline():
        said = orjson.dumps(await load.stretch(float(line)))
        sys.stdout.buffer.write(said + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2])))
