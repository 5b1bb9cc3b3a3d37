"""The distributed shape under a supervisor: Postgres, Kafka, two relays, workers and an API, each
started again where it ends, and never helped otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import asyncpg

from bench.fill import fill
from bench.stand import LOG_ID, ZONE
from projections import workers
from projections.database import Database
from projections.rebuild import Upkeep
from services.books import road_of, upkeep_of
from services.commands import Commands
from services.directory import Directory
from services.kernel.catalogue import discover
from services.run import broker, postgres, settings
from services.run.children import Children
from services.run.migrate import migrate
from services.run.processes import started
from services.run.settings import Settings
from services.terminal.distributed import Line, Servers, environment, second_database
from services.terminal.say import Say
from services.wiring import ROOMS, prepare
from streams.lease import seen
from streams.limits import KafkaLimits
from streams.log import PostgresLog
from streams.schema import establish
from tests.acceptance.loading import Door, Load, free_port
from tests.cli.running import PROGRAM, Ended, Program
from tests.road.running import until
from tests.town import AREAS, Town

PARTS = 4
LOOK_SECONDS = 0.1
CALLERS, REST_SECONDS = 8, 1.0
"""While something is waited for they rest: at full speed they would take the time it needs."""
LEASE_SECONDS, SESSION_SECONDS, HEAL_SECONDS = 2.0, 4.0, 2.0
ROLES = ("relay", "worker", "api", "kafka", "postgres")
SAID_MAX = 3_000
LEADER = re.compile(r":(\d+):")


class Shown(Line):
    """The line of `make distributed`, as somebody reads it."""

    def __init__(self) -> None:
        super().__init__(Say("en", quiet=True))
        self.lines: list[str] = []
        self.said_besides: list[str] = []

    def show(self, zh: str, en: str) -> None:
        self.lines.append(en)

    def talk(self, zh: str, en: str) -> None:
        self.said_besides.append(en)


@dataclass
class Shape(Door):
    """One log and what follows it. Use it as `async with`: nothing of it is left."""

    folder: Path
    chance: random.Random
    events: int = 0
    """Of whole lives of cases, in the log before anything else begins."""
    shown: Shown = field(default_factory=Shown)
    tokens: dict[str, str] = field(default_factory=dict)

    async def __aenter__(self) -> Shape:
        self._stack = contextlib.AsyncExitStack()
        self.port = free_port(self.chance)
        try:
            await self._begin()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _begin(self) -> None:
        server = await asyncio.to_thread(postgres.start, self.folder / "home", talk=print)
        self._stack.push_async_callback(asyncio.to_thread, server.stop)
        self.kafka = await asyncio.to_thread(broker.start, self.folder / "kafka", talk=print)
        self._stack.push_async_callback(asyncio.to_thread, self.kafka.stop)
        self.servers = Servers(server, self.kafka, self.kafka.bootstrap)
        limits = KafkaLimits(partitions=PARTS)
        self.settings = Settings(
            home=self.folder / "home",
            database_url=server.dsn,
            kafka_bootstrap=self.kafka.bootstrap,
            kafka=limits,
            lang="en",
        )
        await self._made(server.dsn)
        read = await second_database(server.dsn)
        self.settings = self.settings.model_copy(update={"read_database_url": read})
        await prepare(server.dsn, self.settings)
        catalogue = discover()
        self.log = await PostgresLog.open(server.dsn, catalogue.shapes)
        self._stack.push_async_callback(self.log.close)
        self.database = await Database.open(read)
        self._stack.push_async_callback(self.database.close)
        self.upkeep: Upkeep = upkeep_of(self.database, self.log, catalogue, road_of(self.settings))
        await self.upkeep.install()
        town = Town(self.log, Commands(self.log, catalogue, Directory(self.log, catalogue)))
        self.tokens = (await town.settle()).tokens
        self._watching = asyncio.Event()
        self._watching.set()
        self.relays = await self._children("relays")
        self.others = await self._children("others")
        for number in (1, 2):
            await self.relay(number)
        await self.others.keep("worker-1", str(PROGRAM), "worker")
        await self.others.keep("api", str(PROGRAM), "api", "--port", str(self.port))
        watch = asyncio.create_task(self._watch())
        self._stack.push_async_callback(ended, watch)
        await self.arrived()
        await until(lambda: self.said("others", "api").startswith("http"), "the API serves")

    async def _made(self, dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await migrate(connection, ROOMS)
            await establish(connection, log_id=LOG_ID, zone=ZONE)
            if self.events:
                communities = [code for code, _, level, _ in AREAS if level == "community"]
                await fill(dsn, self.events, areas=communities)
                # It was filled so that it would not outlive a crash; here it has to.
                await connection.execute("ALTER TABLE streams.event SET LOGGED")
        finally:
            await connection.close()

    async def _children(self, name: str) -> Children:
        given = {
            **environment(self.settings),
            "JISHI_KAFKA__LEASE_SECONDS": str(LEASE_SECONDS),
            "JISHI_KAFKA__SESSION_SECONDS": str(SESSION_SECONDS),
            "JISHI_KAFKA__HEAL_SECONDS": str(HEAL_SECONDS),
        }
        made = Children(
            self.folder / name, given, without=settings.variables(), tell=self.shown.ended
        )
        self._stack.push_async_callback(made.stop)
        return made

    async def _watch(self) -> None:
        while True:
            await self._watching.wait()
            await self.servers.keep_up(self.shown)
            await asyncio.sleep(LOOK_SECONDS)

    async def run(self, *words: str) -> Ended:
        """A verb that ends by itself."""
        return await asyncio.to_thread(Program(environment(self.settings)), *words)

    # --- processes --------------------------------------------------------------------------------

    async def relay(self, number: int) -> None:
        """Start a relay that makes its topics."""
        await self.relays.keep(f"relay-{number}", str(PROGRAM), "relay", "--create-topics")

    @contextlib.asynccontextmanager
    async def more_workers(self, count: int = 1) -> AsyncIterator[None]:
        """Beside the first, so many more, that have their share of the partitions."""
        more = await self._children("more")
        try:
            for number in range(count):
                await more.keep(f"worker-{number + 2}", str(PROGRAM), "worker")
            await self.shared_by(count + 1)
            yield
        finally:
            await more.stop()

    @contextlib.asynccontextmanager
    async def kafka_away(self) -> AsyncIterator[None]:
        """Kill the broker; it is started again at the end."""
        self._watching.clear()
        await asyncio.to_thread(self.kafka.kill)
        try:
            yield
        finally:
            self._watching.set()

    def said(self, of: str, name: str) -> str:
        """What a process has said so far, with those before it of that name."""
        return (self.folder / of / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    async def pid_of(self, role: str) -> int:
        """A process of this role that runs, the leader where one leads."""
        found: list[int] = []

        async def there() -> bool:
            found[:] = [await self._pid_of(role)]
            return started(found[0]) is not None

        await self.eventually(there, f"{role} runs")
        return found[0]

    async def _pid_of(self, role: str) -> int:
        match role:
            case "postgres":
                return self.servers.postgres.pid
            case "kafka":
                return self.kafka.pid
            case "relay":
                return await self.leader()
            case "worker":
                return self.others.pids["worker-1"]
            case _:
                return self.others.pids[role]

    async def leader(self) -> int:
        """The pid of the relay that leads, or 0."""
        connection = await asyncpg.connect(self.servers.postgres.dsn)
        try:
            found = [LEADER.search(one.leader) for one in await seen(connection) if one.leads]
        finally:
            await connection.close()
        return int(found[0][1]) if found and found[0] else 0

    async def kill(self, role: str) -> None:
        """kill -9; whoever watches starts it again."""
        pid = await self.pid_of(role)
        mark = started(pid)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: started(pid) != mark, f"{role} has ended")

    # --- load and waiting -------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def load(self) -> AsyncIterator[Load]:
        """Callers that carry orders from beginning to end over HTTP, all the time."""
        load = Load(self, self.tokens, self.chance.randrange(2**32), CALLERS, REST_SECONDS)
        load.__enter__()
        try:
            yield load
        except BaseException:
            self.shown.said_besides.append(self.all_said())
            print("\n".join(self.shown.said_besides))  # noqa: T201 (shown where the test fails)
            raise
        finally:
            await asyncio.to_thread(load.__exit__)
        assert not load.failed, load.failed[0]

    def all_said(self) -> str:
        """The last words of every process."""
        logs = sorted(self.folder.glob("*/*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-SAID_MAX:]}" for log in logs)

    async def parts(self) -> dict[str, frozenset[int]]:
        """Which partitions each worker reads that has said so lately, and has not ended since."""
        return {
            name: frozenset(one["parts"])
            for one in await workers.seen(self.database)
            if started(int((name := str(one["name"])).rpartition(":")[2])) is not None
        }

    async def shared_by(self, count: int) -> None:
        """Wait until so many workers share the partitions, each of them having some."""

        async def shared() -> bool:
            found = [parts for parts in (await self.parts()).values() if parts]
            read = [part for parts in found for part in parts]
            return len(found) == count and sorted(read) == list(range(PARTS))

        await until(shared, f"{count} workers share the partitions")

    async def arrived(self) -> None:
        """Wait until everything stands at the head of the log: what was sent, every version."""
        head = await self.log.head()

        async def there() -> bool:
            told = await self.log.relayed(self.settings.kafka.prefix)
            reached = [await self.upkeep.position(one) for one in await self.upkeep.over_kafka()]
            return min(told, default=0) >= head and min(reached) >= head

        try:
            await until(there, f"everything arrives at {head}")
        except AssertionError:
            print(self.all_said())  # noqa: T201 (shown where the test fails)
            raise

    async def eventually(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for what is asked of a database that may be away."""

        async def held() -> bool:
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                return await condition()
            return False

        await until(held, what)


async def more(load: Load, count: int) -> None:
    """Until so many more commands were answered."""
    await asyncio.to_thread(load.more, count)


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel it; raises what it had failed with."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
