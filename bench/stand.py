"""台架 · What all rows stand on: one Postgres in a home of its own, databases made as needed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

import projections
import streams
from services.run import postgres
from services.run.migrate import migrate
from streams.schema import MadeAs, establish

ROOMS = [Path(str(room.__file__)).parent / "sql" for room in (streams, projections)]
TEMPLATE = "bench_template"
LOG_ID, ZONE = "0195c0de-0000-7000-8000-00000000be4c", "Asia/Shanghai"


@dataclass(frozen=True)
class Scale:
    """How much is done. The small one only shows that everything runs."""

    rounds: int = 3
    seconds: float = 2.0
    """Of one contestant in one round."""
    events: int = 5_000_000
    """In the large log that is read and rebuilt."""
    streams: int = 45_000
    """Cases that commands go on with: a third of them in each of three ways."""
    batches: int = 300
    """Of live projection, in one round."""
    sent: int = 40_000
    """Events sent over Kafka in one stretch."""
    rows: int = 20_000
    """Of an imported file, where it is made up."""
    real: bool = True
    """Whether the whole data set is imported, and the whole demonstration played."""


FULL = Scale()
SMALL = Scale(1, 0.3, 100_000, 1_500, 30, 6_000, 1_000, real=False)


class Stand:
    """One run: its server, its folder, its scale."""

    def __init__(self, home: Path, dsn: str, server_pid: int, scale: Scale) -> None:
        self.home = home
        self.dsn = dsn
        self.scale = scale
        self.server = psutil.Process(server_pid)
        self._made: set[str] = set()

    def say(self, text: str) -> None:
        """A line for whoever waits."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    async def database(self, name: str, *, made_as: MadeAs = "live") -> str:
        """The address of a database with the whole schema and an empty log; made anew."""
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        connection = await asyncpg.connect(self.at(name))
        try:
            await establish(connection, log_id=LOG_ID, zone=ZONE, made_as=made_as)
        finally:
            await connection.close()
        self._made.add(name)
        return self.at(name)

    async def empty_database(self, name: str) -> str:
        """The address of a database with nothing in it; made anew."""
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await self._execute(f'CREATE DATABASE "{name}"')
        self._made.add(name)
        return self.at(name)

    async def drop(self, name: str) -> None:
        """Let a database go: what comes after needs the disk and the cache."""
        self._made.discard(name)
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def has(self, name: str) -> bool:
        """Whether this run has made that database."""
        return name in self._made

    def at(self, name: str) -> str:
        """The address of a database of this server."""
        return re.sub(r"^(\w+://[^/?]*)(/[^?]*)?", rf"\g<1>/{name}", self.dsn)

    def server_cpu(self) -> float:
        """Seconds of CPU the server has used so far, with all its processes."""
        used = sum(self.server.cpu_times())
        for process in self.server.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                used += sum(process.cpu_times())
        return used

    async def prepare(self) -> None:
        """Make the template: a database with the schema and nothing in it."""
        await self._execute(f'CREATE DATABASE "{TEMPLATE}"')
        connection = await asyncpg.connect(self.at(TEMPLATE))
        try:
            await migrate(connection, ROOMS)
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def a_stand(scale: Scale) -> AsyncIterator[Stand]:
    """A stand in a temporary folder; nothing of it is left at the end. Settings of whoever measures
    reach neither this process nor those it starts."""
    for name in [name for name in os.environ if name.startswith("JISHI_")]:
        del os.environ[name]
    home = Path(tempfile.mkdtemp(prefix="jishi-bench-"))
    try:
        server = await asyncio.to_thread(postgres.start, home / "home", talk=lambda text: None)
        try:
            stand = Stand(home, server.dsn, server.pid, scale)
            await stand.prepare()
            yield stand
        finally:
            await asyncio.to_thread(server.stop)
    finally:
        shutil.rmtree(home, ignore_errors=True)
