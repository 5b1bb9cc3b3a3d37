"""A real server on a real port, and a reader of its live stream that speaks plain HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson

from services.web.server import Server, listening, server_of
from services.wiring import House


@contextlib.asynccontextmanager
async def served(house: House, port: int = 0) -> AsyncIterator[int]:
    """Serve the house; gives the port."""
    listener = listening("127.0.0.1", port)
    number = int(listener.getsockname()[1])
    server = server_of(house.app, house.ring)
    task = asyncio.create_task(_serve(server, listener))
    try:
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.01)
        yield number
    finally:
        server.should_exit = True
        await task


async def _serve(server: Server, listener: socket.socket) -> None:
    # `serve` would take over the signals of the test run.
    config = server.config
    if not config.loaded:
        config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    await server.main_loop()
    await server.shutdown(sockets=[listener])


@dataclass
class Heard:
    """One event of a stream."""

    id: str = ""
    event: str = ""
    data: str = ""

    @property
    def json(self) -> dict[str, object]:
        found: dict[str, object] = orjson.loads(self.data)
        return found


@dataclass
class Listener:
    """Reads a stream, and remembers where it came to, like a browser."""

    port: int
    token: str
    query: str = ""
    last_id: str = ""
    heard: list[Heard] = field(default_factory=list)

    def positions(self) -> list[int]:
        return [int(one.id) for one in self.heard if one.event == "fact"]

    async def listen(self) -> None:
        """Until the server ends the stream or the connection breaks."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                resume = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
                writer.write(
                    f"GET /api/v1/feed{self.query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    f"Authorization: Bearer {self.token}\r\n{resume}\r\n".encode()
                )
                head = await reader.readuntil(b"\r\n\r\n")
                if b" 200 " not in head.splitlines()[0]:
                    raise AssertionError(head.decode())
                await self._read(reader)
            finally:
                writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        rest = b""
        while True:
            size = int((await reader.readuntil(b"\r\n")).strip(), 16)
            rest += (await reader.readexactly(size + 2))[:-2]
            if size == 0:
                return
            *whole, rest = rest.replace(b"\r\n", b"\n").split(b"\n\n")
            for block in whole:
                self._take(block.decode())

    def _take(self, block: str) -> None:
        one = Heard()
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                setattr(one, name, value)
        if one.id:
            self.last_id = one.id
        if one.data:
            self.heard.append(one)
