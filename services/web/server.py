"""服务 · Serving the application with uvicorn, and ending it so that nobody is cut off."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.web.app import settle_memory
from services.web.ring import Ring

DRAIN_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2_048
PORTS_TRIED = 100


class Whole:
    """A transport that sends what is written in one turn of the loop at once: head and body of an
    answer leave in one piece, which spares a system call and the reader a wake."""

    __slots__ = ("_loop", "_pending", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._pending: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send this, with whatever else is written before the loop turns."""
        if not self._pending:
            self._loop.call_soon(self.flush)
        self._pending.append(data)

    def flush(self) -> None:
        """Send what was written."""
        if self._pending:
            data, self._pending = b"".join(self._pending), []
            self._transport.write(data)

    def close(self) -> None:
        """Send what was written, then close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """uvicorn's own, on such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See uvicorn."""
        super().connection_made(cast(asyncio.Transport, Whole(transport)))


class Server(uvicorn.Server):
    """Ends open feeds before it waits for connections to end."""

    def __init__(self, config: uvicorn.Config, ring: Ring) -> None:
        super().__init__(config)
        self._ring = ring

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._ring.close()
        await super().shutdown(sockets)


def server_of(app: ASGIApp, ring: Ring) -> Server:
    """A server of the application. `serve(sockets=[…])` runs it; `should_exit` ends it."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return Server(config, ring)


def listening(host: str, port: int) -> socket.socket:
    """A socket on this port, or on the next free one after it; port 0 takes any."""
    for offset in range(PORTS_TRIED if port else 1):
        found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, port + offset))
        except OSError:
            found.close()
            continue
        found.listen(BACKLOG)
        found.set_inheritable(False)
        return found
    raise OSError(f"no free port on {host} from {port} to {port + PORTS_TRIED - 1}")


async def serve(
    app: ASGIApp, ring: Ring, listener: socket.socket, ready: Callable[[], None] | None = None
) -> None:
    """Serve until the process is asked to end (Ctrl-C, SIGTERM) or the task is cancelled."""
    server = server_of(app, ring)
    settle_memory()
    if ready is not None:
        asyncio.get_running_loop().call_soon(ready)
    await server.serve(sockets=[listener])
