"""A door between the log and its server that can be shut, or lose an answer, at will."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit


class Door:
    """A relay on 127.0.0.1 to a server's socket. One test, one door."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        asked = parse_qs(parts.query)
        self._socket = f"{asked['host'][0]}/.s.PGSQL.{asked.get('port', ['5432'])[0]}"
        self._name = parts.path
        self._user = asked["user"][0]
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.lose_answer_to: Callable[[bytes], bool] = lambda _: False
        """The server gets what is sent; its answer is lost, and with it the connection."""
        self.lost = asyncio.Event()

    @property
    def dsn(self) -> str:
        return f"postgresql://127.0.0.1:{self._port}{self._name}?user={self._user}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Every connection breaks, and no new one is had."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._socket)
        self._writers |= {writer, server_writer}
        losing = asyncio.Event()

        async def ask() -> None:
            while data := await reader.read(1 << 16):
                if self.lose_answer_to(data):
                    losing.set()
                server_writer.write(data)
            server_writer.transport.abort()

        async def answer() -> None:
            while data := await server_reader.read(1 << 16):
                if losing.is_set():
                    self.lost.set()
                    break
                writer.write(data)
            writer.transport.abort()

        for way in (ask, answer):
            task = asyncio.create_task(self._quietly(way))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _quietly(self, way: Callable[[], object]) -> None:
        try:
            await way()  # type: ignore[misc]
        except OSError:
            return
