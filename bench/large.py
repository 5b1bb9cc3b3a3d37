"""大日志 · The log of five million events that is read, rebuilt and asked, made once in a run."""

from __future__ import annotations

import gc

from bench.fill import fill
from bench.lives import FOUNDER
from bench.stand import Stand
from events.clock import from_micros
from projections.counters import COUNTERS
from projections.database import Database
from projections.ledger import Ledger
from projections.rebuild import Upkeep
from projections.versions import ACTIVE, LEDGER
from services.commands import Commands, Request
from services.directory import Directory
from services.kernel.catalogue import discover
from streams.log import PostgresLog

NAME = "large"
CITY = "city"
DISTRICTS, STREETS, COMMUNITIES, GRIDS = 5, 40, 200, 2_000
STREET = "street-7"
LEVELS = (
    ("district", DISTRICTS, CITY, 1),
    ("street", STREETS, "district", DISTRICTS),
    ("community", COMMUNITIES, "street", STREETS),
    ("grid", GRIDS, "community", COMMUNITIES),
)


async def large_log(stand: Stand) -> str:
    """The address of its database. Makes it where this run has not."""
    if stand.has(NAME):
        return stand.at(NAME)
    stand.say(f"making a log of {stand.scale.events:,} events …")
    dsn = await stand.database(NAME, made_as="demo")
    await _draw_map(dsn)
    grids = [f"grid-{number}" for number in range(GRIDS)]
    await fill(dsn, stand.scale.events, areas=grids)
    return dsn


async def _draw_map(dsn: str) -> None:
    """A city of 2,000 grids, area by area, on a clock before everything else."""
    catalogue = discover()
    log = await PostgresLog.open(dsn, catalogue.shapes, now=lambda: 1_700_000_000_000_000)
    try:
        commands = Commands(
            log, catalogue, Directory(log, catalogue), lambda: from_micros(1_700_000_000_000_000)
        )
        areas: list[tuple[str, str, str | None]] = [(CITY, "city", None)]
        for level, count, above, parents in LEVELS:
            for number in range(count):
                parent = above if above == CITY else f"{above}-{number % parents}"
                areas.append((f"{level}-{number}", level, parent))
        for code, level, above_it in areas:
            where = {} if above_it is None else {"parent": above_it}
            fields = {"code": code, "name": code, "level": level, **where}
            await commands.do(Request(FOUNDER, "area", fields=fields))
    finally:
        await log.close()


async def opened(dsn: str) -> PostgresLog:
    """The log of a database of this run."""
    return await PostgresLog.open(dsn, discover().shapes)


def upkeep(database: Database, log: PostgresLog) -> Upkeep:
    """What looks after the ledger's pages."""
    return Upkeep(database, log, [], discover().shapes, log.zone)


async def sealed(stand: Stand) -> str:
    """The large log with all its pages kept."""
    dsn = await large_log(stand)
    log = await opened(dsn)
    database = await Database.open(dsn)
    try:
        keeper = upkeep(database, log)
        await keeper.install()
        version = await keeper.versions.one(LEDGER, ACTIVE)
        await keeper.pages(version).seal(log)
    finally:
        await database.close()
        await log.close()
    return dsn


async def ledger_of(dsn: str) -> tuple[Ledger, PostgresLog]:
    """A ledger as a process has it that has just started from the pages kept; close the log."""
    log = await opened(dsn)
    database = await Database.open(dsn)
    try:
        ledger = await upkeep(database, log).ledger(COUNTERS)
        gc.collect()
        await ledger.catch_up()
    finally:
        await database.close()
    return ledger, log
