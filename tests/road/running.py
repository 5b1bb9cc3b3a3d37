"""The road as it runs: relays and workers in processes of their own, over a real broker."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from projections.database import Database
from projections.rebuild import Upkeep
from projections.versions import Road as Way
from projections.versions import Version, by_kafka
from services.books import upkeep_of
from services.kernel.catalogue import discover
from streams.log import PostgresLog
from tests.cli.running import PROGRAM, Ended, Program

SECONDS_MAX = 150.0
"""On a machine with much else to do."""
LOOK_SECONDS = 0.05
SAID_MAX = 4_000
_numbers = itertools.count(1)


async def until(
    condition: Callable[[], Awaitable[bool] | bool], what: str, seconds: float = SECONDS_MAX
) -> float:
    """Wait for a condition; how long that took. Fails where it does not come true in time."""
    began = time.monotonic()
    while True:
        held = condition()
        if isinstance(held, Awaitable):
            held = await held
        if held:
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, f"waited in vain: {what}"
        await asyncio.sleep(LOOK_SECONDS)


@dataclass
class Road:
    """One log, one read database, topics of their own, and the processes between them. Use it as
    `async with`: nothing that it started outlives it."""

    dsn: str
    bootstrap: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    partitions: int = 4
    road: Way | None = None
    """Of the versions that are made first; None = over Kafka."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    prefix: str = field(init=False)
    log: PostgresLog = field(init=False)
    database: Database = field(init=False)
    upkeep: Upkeep = field(init=False)

    @property
    def program(self) -> Program:
        """The program with the settings of this road."""
        return Program(self.settings)

    async def __aenter__(self) -> Road:
        self.prefix = f"test-{os.getpid()}-{next(_numbers)}."
        self.settings = {
            "JISHI_HOME": str(self.folder / "home"),
            "JISHI_DATABASE_URL": self.dsn,
            "JISHI_KAFKA_BOOTSTRAP": self.bootstrap,
            "JISHI_KAFKA__PREFIX": self.prefix,
            "JISHI_KAFKA__PARTITIONS": str(self.partitions),
            "JISHI_KAFKA__SESSION_SECONDS": "4",
            "JISHI_LANG": "en",
            **self.settings,
        }
        catalogue = discover()
        self.log = await PostgresLog.open(self.dsn, catalogue.shapes)
        self.database = await Database.open(self.settings.get("JISHI_READ_DATABASE_URL", self.dsn))
        road = self.road or by_kafka(self.partitions)
        self.upkeep = upkeep_of(self.database, self.log, catalogue, road)
        await self.upkeep.install()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
            if error is not None:
                sys.stderr.write(self.said(process)[-SAID_MAX:])
        await self.database.close()
        await self.log.close()

    # --- processes --------------------------------------------------------------------------------

    def relay(self) -> subprocess.Popen[bytes]:
        """A relay, which makes the topics."""
        return self.start("relay", "--create-topics")

    def worker(self, *words: str) -> subprocess.Popen[bytes]:
        """A worker."""
        return self.start("worker", *words)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A process that goes on until it is ended. What it says stands in a file: see `said`."""
        number = len(self.processes)
        with (self.folder / f"said-{number}").open("wb") as file:
            process = subprocess.Popen(
                [str(PROGRAM), *words],
                env=self.program.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self.processes.append(process)
        return process

    def said(self, process: subprocess.Popen[bytes]) -> str:
        """What a process has said so far."""
        return (self.folder / f"said-{self.processes.index(process)}").read_text(encoding="utf-8")

    async def ended(self, process: subprocess.Popen[bytes], seconds: float = SECONDS_MAX) -> int:
        """The exit code of a process that ends by itself."""
        await until(lambda: process.poll() is not None, "a process ends", seconds)
        return process.returncode

    async def stop(self, process: subprocess.Popen[bytes]) -> int:
        """End a process as a person would; its exit code."""
        process.send_signal(signal.SIGTERM)
        return await self.ended(process)

    # --- waiting ----------------------------------------------------------------------------------

    async def arrived(self, *versions: Version, seconds: float = SECONDS_MAX) -> float:
        """Wait until these versions (none = every one over Kafka) stand at the head of the log;
        how long that took."""
        head = await self.log.head()
        wanted = versions or tuple(await self.upkeep.over_kafka())

        async def there() -> bool:
            for process in self.processes:
                assert process.poll() in (None, 0, -9), self.said(process)
            return all([await self.upkeep.position(one) >= head for one in wanted])

        return await until(there, f"everything arrives at {head}", seconds)

    async def relayed(self) -> None:
        """Wait until the relay has sent the whole log."""
        head = await self.log.head()

        async def told() -> bool:
            reached = await self.log.relayed(self.prefix)
            return bool(reached) and min(reached) >= head

        await until(told, f"everything is sent up to {head}")

    async def run(self, *words: str) -> Ended:
        """A verb that ends by itself."""
        return await asyncio.to_thread(self.program, *words)
