"""总装 · The one place where the rooms meet: database, log, books, commands, timers, web.

async with open_house(settings) as house:
    await serve(house.app, …)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import uuid5

import asyncpg
import structlog
from starlette.types import ASGIApp
from uuid_utils.compat import uuid7

import projections
import streams
from events.clock import micros
from events.errors import JishiError, KeyReused, Unavailable
from projections.counters import COUNTERS
from projections.database import Database
from projections.declare import Counter
from projections.ledger import Ledger
from projections.rebuild import Upkeep
from services.access import Grant, new_token, token_hash
from services.books import road_of, upkeep_of
from services.commands import Commands, Request, clock
from services.deadlines import NAMESPACE, Deadlines
from services.directory import Directory
from services.following import Registers, Shelf, follow_rows
from services.kernel.catalogue import Catalogue, discover
from services.kernel.words import ROLES
from services.listed import ROOT
from services.run import postgres
from services.run.migrate import migrate
from services.run.settings import Settings
from services.web.app import application
from services.web.logged import AttemptLog
from services.web.parts import Parts
from services.web.ring import Ring
from streams.log import PostgresLog
from streams.schema import MadeAs, establish

log = structlog.get_logger("jishi.house")

ROOMS = [Path(str(room.__file__)).parent / "sql" for room in (streams, projections)]
READ_ROOMS = ROOMS[1:]
"""What a database holds that serves the read side alone."""
FOUNDER = Grant("system", "system", roles=frozenset({"system"}), actions=frozenset({"*"}))
VISITOR = Grant("visitor", "visitor", actions=frozenset({"read"}))
"""Who looks at a demonstration without signing in. Its log holds nothing of anybody real."""
CONNECT_SECONDS = 10.0
SERVER_LOOK_SECONDS = 0.5
LAG_EVENTS_MAX = 10_000
Talk = Callable[[str], None]
Now = Callable[[], datetime]


@dataclass
class House:
    """Everything one process runs. `first_token` is the first administrator's secret, made where
    the log knew no grant yet; it is shown once and kept nowhere."""

    settings: Settings
    dsn: str
    log: PostgresLog
    catalogue: Catalogue
    directory: Directory
    commands: Commands
    ring: Ring
    deadlines: Deadlines
    attempts: AttemptLog
    parts: Parts
    app: ASGIApp
    first_token: str | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger that is read just now."""
        return self.parts.ledger

    def place(self, ledger: Ledger) -> None:
        """Read this ledger from now on."""
        self.parts.ledger = ledger
        if isinstance(self.parts.health, Readiness):
            self.parts.health.ledger = ledger


@contextlib.asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    dsn: str | None = None,
    made_as: MadeAs = "live",
    now: Now | None = None,
    catalogue: Catalogue | None = None,
    counters: Iterable[Counter] = COUNTERS,
    timers: bool = True,
    rows: bool = False,
    talk: Talk = lambda text: None,
) -> AsyncIterator[House]:
    """Open a house: start or join the database, bring it up to date, load what is kept in memory,
    follow the log. Everything is closed again at the end.

    `dsn` wins over the settings. `made_as` and the settings' zone count only where the log is new.
    `now` sets the clock, of logs made as demo or scenario only; `timers=False` leaves deadlines to
    `house.deadlines.fire_due()`; `rows=True` also keeps the row projections. Raises Unavailable
    where the database is away, Broken where what is stored contradicts itself.
    """
    async with contextlib.AsyncExitStack() as stack:
        address = dsn or settings.database_url
        server = None
        if address is None:
            server = await _embedded(settings, stack, talk)
            address = server.dsn
        await prepare(address, settings, made_as)
        known = catalogue or discover()
        event_log = await PostgresLog.open(
            address,
            known.shapes,
            now=None if now is None else lambda: micros(now()),
            limits=settings.log,
        )
        stack.push_async_callback(event_log.close)
        database = await Database.open(settings.read_database_url or address)
        stack.push_async_callback(database.close)
        upkeep = upkeep_of(database, event_log, known, road_of(settings))
        await upkeep.install()
        shelf = Shelf(database, upkeep, counters, lambda ledger: house.place(ledger))
        house = _furnish(settings, address, event_log, known, await shelf.open(), now or clock)
        jobs = Jobs(stack)
        if server is not None:
            jobs.run("embedded database", partial(_keep_up, server, talk))
        await _move_in(house, jobs, shelf, timers=timers, upkeep=upkeep if rows else None)
        try:
            yield house
        except asyncio.CancelledError:
            jobs.check()
            raise


async def prepare(dsn: str, settings: Settings, made_as: MadeAs = "live") -> None:
    """Bring the database to the form this program needs, and make its log where there is none.

    Raises Unavailable where it does not answer, Broken where it cannot be used.
    """
    await _migrated(dsn, settings, made_as, ROOMS)
    if settings.read_database_url is not None:
        await _migrated(settings.read_database_url, settings, None, READ_ROOMS)


async def _migrated(
    dsn: str, settings: Settings, made_as: MadeAs | None, rooms: Sequence[Path]
) -> None:
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as cause:
        raise Unavailable(
            f"the database does not answer ({type(cause).__name__}): start it, or correct"
            " JISHI_DATABASE_URL",
            zh="数据库没有应答：请启动它，或更正 JISHI_DATABASE_URL",
        ) from cause
    try:
        await migrate(connection, rooms)
        if made_as is not None:
            zone = settings.zone.key
            await establish(connection, log_id=str(uuid7()), zone=zone, made_as=made_as)
    finally:
        await connection.close()


async def _embedded(
    settings: Settings, stack: contextlib.AsyncExitStack, talk: Talk
) -> postgres.Server:
    server = await asyncio.to_thread(
        postgres.start,
        settings.home,
        talk=talk,
        limits=settings.database,
    )

    async def stop() -> None:
        await asyncio.to_thread(server.stop)

    stack.push_async_callback(stop)
    return server


async def _keep_up(server: postgres.Server, talk: Talk) -> None:
    """Nobody else would start the embedded database again. Commands that wait for it go on then;
    where it does not come back, the house ends with its reason."""
    while True:
        await asyncio.sleep(SERVER_LOOK_SECONDS)
        if await asyncio.to_thread(server.keep_up, talk):
            log.warning("the embedded database was gone, and was started again", pid=server.pid)


def _furnish(
    settings: Settings,
    dsn: str,
    event_log: PostgresLog,
    catalogue: Catalogue,
    ledger: Ledger,
    now: Now,
) -> House:
    directory = Directory(event_log, catalogue)
    commands = Commands(event_log, catalogue, directory, now)
    ring = Ring(event_log)
    attempts = AttemptLog(event_log.access_log)
    health = Readiness(event_log, ledger, directory)
    parts = Parts(
        commands=commands,
        log=event_log,
        ledger=ledger,
        ring=ring,
        attempts=attempts,
        health=health,
        language=settings.lang,
        visitor=VISITOR if event_log.made_as == "demo" else None,
        road=settings.kafka,
        relayed=partial(event_log.relayed, settings.kafka.prefix),
    )
    return House(
        settings=settings,
        dsn=dsn,
        log=event_log,
        catalogue=catalogue,
        directory=directory,
        commands=commands,
        ring=ring,
        deadlines=Deadlines(event_log, commands),
        attempts=attempts,
        parts=parts,
        app=application(parts),
    )


async def _move_in(
    house: House, jobs: Jobs, shelf: Shelf, *, timers: bool, upkeep: Upkeep | None
) -> None:
    """Load what is kept in memory, then follow the log."""
    await house.ring.start()
    await house.directory.catch_up()
    await house.deadlines.catch_up()
    await house.ledger.catch_up()
    if not house.directory.grants:
        house.first_token = await _first_token(house.commands)
    house.ring.watchers.append(Registers(house.directory, house.deadlines).take)
    runners = await upkeep.runners() if upkeep is not None else []
    jobs.finally_await(house.attempts.flush)
    jobs.run("ring", house.ring.run)
    jobs.run("access log", house.attempts.run)
    jobs.run("ledger", lambda: shelf.follow(house.ring))
    jobs.run("slips", shelf.listen)
    jobs.run("versions", shelf.look)
    for one in runners:
        jobs.run(one.name, partial(follow_rows, one, house.ring))
    if timers:
        jobs.run("deadlines", house.deadlines.run)
    jobs.finally_call(house.ring.close)


class Jobs:
    """What runs beside the house's owner. Where one fails, the house cannot be trusted any more
    (a revoked token would stay good): the owner is cancelled, and gets the error."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack
        self._owner = asyncio.current_task()
        self._failed: Exception | None = None

    def run(self, name: str, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job until the house is closed."""
        task = asyncio.create_task(self._watched(name, job), name=name)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)

    def finally_call(self, function: Callable[[], None]) -> None:
        """Do this when the house is closed, before what was asked for earlier."""
        self._stack.callback(function)

    def finally_await(self, function: Callable[[], Awaitable[None]]) -> None:
        """The same, and wait for it."""
        self._stack.push_async_callback(function)

    def check(self) -> None:
        """Raises the error of the job that failed, if one did."""
        if self._failed is not None:
            if self._owner is not None:
                self._owner.uncancel()
            raise self._failed

    async def _watched(self, name: str, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except Exception as error:  # noqa: BLE001 (handed to the owner, who raises it)
            log.critical("a part of the house has failed", part=name, error=type(error).__name__)
            self._failed = self._failed or error
            if self._owner is not None:
                self._owner.cancel()


async def _first_token(commands: Commands) -> str | None:
    """The first administrator's token. Of several processes one gets it; the others None."""
    token = new_token()
    request = Request(
        FOUNDER,
        "access",
        "grant",
        fields={
            "person": "admin",
            "area": ROOT,
            # Whatever an importer records is an import, and no clock of ours runs for it: who
            # imports has a token for that alone.
            "roles": sorted(set(ROLES) - {"system", "importer"}),
            "actions": ["*"],
            "secret_hash": token_hash(token),
        },
        command_id=uuid5(NAMESPACE, "the first administrator"),
    )
    try:
        await commands.do(request)
    except KeyReused:
        return None
    return token


class Readiness:
    """Whether commands and numbers can be served."""

    def __init__(self, event_log: PostgresLog, ledger: Ledger, directory: Directory) -> None:
        self._log = event_log
        self.ledger = ledger
        self._directory = directory

    async def problems(self) -> list[str]:
        """What is not as it should be, each in one sentence."""
        try:
            head = await self._log.head()
        except JishiError as error:
            return [f"the log cannot be read: {error.detail}"]
        found = []
        if head - self.ledger.position > LAG_EVENTS_MAX:
            found.append(f"the numbers are {head - self.ledger.position} events behind")
        if head - self._directory.position > LAG_EVENTS_MAX:
            found.append(f"the registers are {head - self._directory.position} events behind")
        return found
