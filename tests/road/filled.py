"""A log long enough for a sealed page: a town at work, a small import, and whole lives of cases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bench.fill import fill
from bench.stand import LOG_ID, ZONE
from events.clock import micros
from events.ports import PAGE_EVENTS
from services.access import Grant
from services.commands import Commands
from services.directory import Directory
from services.kernel.catalogue import discover
from streams.log import PostgresLog
from streams.schema import establish
from tests.exchange.office import office_on, small, write
from tests.town import AREAS, Town

BEFORE = datetime(2023, 11, 14, tzinfo=UTC)
"""Before the lives begin: what is recorded never goes back in time."""
AUDITOR = Grant("a1", "a1", roles=frozenset({"auditor", "administrator"}), actions=frozenset({"*"}))


async def filled_log(dsn: str, folder: Path, events: int = PAGE_EVENTS + 300) -> None:
    """Fill the log of an empty database."""
    connection = await asyncpg.connect(dsn)
    try:
        await establish(connection, log_id=LOG_ID, zone=ZONE, made_as="scenario")
    finally:
        await connection.close()
    catalogue = discover()
    log = await PostgresLog.open(dsn, catalogue.shapes, now=lambda: micros(BEFORE))
    try:
        commands = Commands(log, catalogue, Directory(log, catalogue), lambda: BEFORE)
        await at_work(await Town(log, commands).settle())
        summary = await office_on(log, BEFORE).take_in(write(folder / "small.csv"), small())
        assert summary.accepted
    finally:
        await log.close()
    await fill(dsn, events, areas=[code for code, _, level, _ in AREAS if level == "community"])


async def at_work(town: Town) -> list[str]:
    """Deeds, a correction and a void; the streams."""
    done = []
    for number in range(4):
        case_id = await town.dispatched("c1" if number % 2 else "c2")
        await town.give("worker", "order", "accept", case_id)
        told = await town.give("worker", "order", "deliver", case_id, timing="after_hours")
        done.append(case_id)
    revision = next(e.revision for e in told.events if e.fact == "order.service_delivered")
    changes = {"timing": "working_hours", "beneficiaries": 3}
    await town.give(
        AUDITOR, "order", "correct", done[-1], revision=revision, changes=changes, reason="typing"
    )
    await town.give(AUDITOR, "order", "void", done[1], whole=True, reason="not_happened")
    return [f"order/{case_id}" for case_id in done]
