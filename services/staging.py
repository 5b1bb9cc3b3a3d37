"""彩排 · Houses for scenarios: each on a log of its own, all on one database server kept warm.

    with rehearsal(talk=print) as server:
        async with stages(server, hasty=True) as made, made.stage() as stage:
            outcome = await play(scenario, stage)

A log is a copy of a database that was migrated once; what was played is dropped.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import asyncpg
from starlette.types import ASGIApp

from events.errors import Broken
from projections.database import Database
from services.books import upkeep_of
from services.exchange.demo.play import SettableClock
from services.kernel.catalogue import Catalogue, discover
from services.run import postgres
from services.run.migrate import migrate
from services.run.settings import Settings
from services.wiring import ROOMS, House, open_house
from streams.memory import MemoryLog

if TYPE_CHECKING:
    Administrator = asyncpg.Connection[asyncpg.Record]

HASTY = ("fsync", "full_page_writes", "synchronous_commit")
"""What a server of throwaway logs need not do."""


@contextlib.contextmanager
def rehearsal(talk: Callable[[str], None]) -> Iterator[str]:
    """URL of a database server in a folder of its own, which is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="jishi-") as folder,
        postgres.start(Path(folder), talk=talk) as running,
    ):
        yield running.dsn


class HouseStage:
    """A stage on a house: `services.exchange.scenarios.stage.Stage`."""

    def __init__(self, house: House, clock: SettableClock) -> None:
        if house.first_token is None:
            raise Broken("a new log gave its first token to somebody else")
        self._house = house
        self._clock = clock
        self.administrator = house.first_token

    @property
    def app(self) -> ASGIApp:
        """The whole application, gate and all."""
        return self._house.app

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the log's days."""
        return self._house.log.zone

    @property
    def catalogue(self) -> Catalogue:
        """Every kind and variant there is now."""
        return self._house.commands.catalogue

    async def move_to(self, instant: datetime) -> None:
        """Set the clock; deadlines on the way fire at their own times."""
        deadlines = self._house.deadlines
        await deadlines.catch_up()
        while (due := deadlines.next_due()) is not None and due <= instant:
            self._clock.set(max(due, self._clock.now()))
            await deadlines.fire_due()
        self._clock.set(instant)


class Stages:
    """Makes stages on one server."""

    def __init__(self, server: str, administrator: Administrator, template: str) -> None:
        self._server = server
        self._administrator = administrator
        self._template = template
        self._numbers = itertools.count(1)
        self._catalogue = discover()
        self._home = Path(tempfile.gettempdir())

    @contextlib.asynccontextmanager
    async def stage(self) -> AsyncIterator[HouseStage]:
        """A new log, its clock set before anything a scenario tells of."""
        name = f"{self._template}_{next(self._numbers)}"
        await self._administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        try:
            clock = SettableClock()
            clock.set(LONG_AGO)
            settings = Settings(home=self._home, database_url=at(self._server, name))
            async with open_house(
                settings, made_as="scenario", now=clock.now, catalogue=self._catalogue, timers=False
            ) as house:
                yield HouseStage(house, clock)
        finally:
            await self._administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+08:00")


@contextlib.asynccontextmanager
async def stages(server: str, *, hasty: bool = False) -> AsyncIterator[Stages]:
    """Stages on this server; the template they are copies of is dropped in the end. `hasty`: the
    server need not keep what is played on it, so it is told not to wait for the disk."""
    administrator = await asyncpg.connect(server)
    if hasty:
        await make_hasty(administrator)
    name = f"jishi_stage_{os.getpid()}"
    try:
        await administrator.execute(f'CREATE DATABASE "{name}"')
        connection = await asyncpg.connect(at(server, name))
        try:
            await migrate(connection, ROOMS)
        finally:
            await connection.close()
        await _furnished(at(server, name))
        yield Stages(server, administrator, name)
    finally:
        await administrator.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await administrator.close()


async def _furnished(template: str) -> None:
    """Make the tables of what is read, so that no house on a copy has to."""
    database = await Database.open(template)
    try:
        catalogue = discover()
        clock = SettableClock()
        log = MemoryLog("template", ZoneInfo("UTC"), catalogue.shapes, clock.micros)
        await upkeep_of(database, log, catalogue).install()
    finally:
        await database.close()


async def make_hasty(administrator: Administrator) -> None:
    """From now on this server does not wait for the disk: for one whose logs are thrown away."""
    for setting in HASTY:
        await administrator.execute(f"ALTER SYSTEM SET {setting} = off")
    await administrator.execute("SELECT pg_reload_conf()")


def at(server: str, name: str) -> str:
    """The URL of another database of the same server."""
    return re.sub(r"^(\w+://[^/?]*)(/[^?]*)?", rf"\g<1>/{name}", server)
