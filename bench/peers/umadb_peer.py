"""`umadb`, its own server beside ours: one client, 64 threads, a condition on the new stream."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import umadb
from uuid_utils.compat import uuid7

from bench import deeds
from bench.figures import Sample
from bench.measuring import Contestant, called_in_threads
from bench.stand import Stand

NAME = "umadb"
START_SECONDS_MAX = 20.0


@contextlib.asynccontextmanager
async def appending(stand: Stand) -> AsyncIterator[Contestant]:
    """Starts its server on a file store in the run's folder."""
    address = f"127.0.0.1:{_free_port()}"
    program = Path(sys.executable).parent / "umadb"
    folder = stand.home / "umadb"
    folder.mkdir()
    server = await asyncio.create_subprocess_exec(
        str(program),
        f"--listen={address}",
        f"--db-path={folder / 'uma.db'}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        client = await asyncio.to_thread(_connected, f"http://{address}")

        async def run(seconds: float) -> Sample:
            return await _run(stand, client, psutil.Process(server.pid), seconds)

        yield run
    finally:
        server.terminate()
        await server.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _run(
    stand: Stand, client: umadb.Client, server: psutil.Process, seconds: float
) -> Sample:
    def once(_: int) -> int:
        stream = f"order:{uuid7()}"
        query = umadb.Query([umadb.QueryItem(tags=[stream])])
        condition = umadb.AppendCondition(fail_if_events_match=query)
        one = umadb.Event("order.placed", deeds.told_bytes(), tags=[stream], uuid=uuid7())
        client.append([one], condition)
        return 1

    before = sum(server.cpu_times())
    found = await called_in_threads(stand, seconds, once)
    used = sum(server.cpu_times()) - before
    per_event = used * 1e6 / max(found.per_second * seconds, 1)
    return Sample(found.per_second, found.p50_ms, found.p99_ms, found.client_us, per_event)


def _connected(url: str) -> umadb.Client:
    until = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            client = umadb.Client(url)
            client.head()
        except umadb.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return client


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
