"""An office that imports: a log, its registers and books, and somebody with the right to do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from events.envelope import Recorded
from events.ports import Filter
from projections.counters import COUNTERS
from projections.ledger import Ledger
from projections.query import Number, Query
from services.access import Grant
from services.commands import Commands, Done, Request
from services.directory import Directory, ZonedLog
from services.exchange import importing, profile, undoing
from services.exchange.desk import Desk
from services.exchange.importing import Summary
from services.exchange.profile import Profile
from services.kernel.catalogue import discover
from streams.memory import MemoryLog

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
IMPORTER = Grant("import", "i1", roles=frozenset({"importer"}), actions=frozenset({"*"}))
COMMUNITY = Grant("community", "k1", roles=frozenset({"community"}), actions=frozenset({"*"}))

SMALL = """
title = "Small town"
format = "csv"
timezone = "America/New_York"
times = ["%Y-%m-%d %H:%M"]
id = "number"
[columns]
opened = "asked"
due = "due"
replied = "answered"
closed = "done"
area = "place"
unit = "office"
category = "what"
outcome = "result"
requester = "who"
labels = ["ward"]
[rules]
requesters = "pseudonyms"
[outcomes]
"fixed" = "solved"
"""
HEADER = "number,asked,due,answered,done,place,office,what,result,who,ward"
ROWS = (
    "1,2013-03-09 12:00,2013-03-10 12:00,,2013-03-10 12:00,Old Town,Works,Noise,fixed,u1,W 1",
    "2,2013-03-10 08:00,2013-03-10 09:00,2013-03-10 10:00,2013-03-11 08:00,Old Town,Works,Rat,,u1,",
    "3,2013-04-01 00:00,2013-04-02 00:00,,,,Parks,Noise,,u2, ",
    "4,2013-04-01 06:00,,2013-04-20 06:00,,New Town,,,,,W 2",
    "5,2013-05-01 06:00,,,2013-04-30 06:00,New Town,Works,Noise,fixed,u3,W 2",
)
"""Closed after a day by the wall clock (23 hours had passed), closed late after a reply, open in a
place nobody named, replied to after 19 days, and closed before it was opened."""


def small(more: str = "", name: str = "small") -> Profile:
    return profile.parse(more + SMALL, name=name)


def write(path: Path, rows: tuple[str, ...] = ROWS, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


@dataclass
class Office:
    """Everything an import needs, and its books."""

    log: ZonedLog
    commands: Commands
    ledger: Ledger

    def desk(self, grant: Grant = IMPORTER) -> Desk:
        return Desk(self.commands, self.log, grant)

    async def take_in(self, path: Path, source: Profile | None = None, **how: Any) -> Summary:
        return await importing.import_file(path, source or small(), self.desk(), **how)

    async def undo(self, batch: str) -> Summary:
        return await undoing.undo(batch, self.desk())

    async def count(
        self, counter: str, area: str | None = None, where: Mapping[str, str] | None = None
    ) -> Number | None:
        await self.ledger.catch_up()
        query = Query(counters=(counter,), area=area, where=where or {})
        return (await self.ledger.read(query)).cells[0].figure.value

    async def facts(self, *names: str) -> list[Recorded]:
        return await self.log.read(limit=2_000, only=Filter(facts=names))

    async def give(
        self, grant: Grant, kind: str, command: str, case_id: str | None = None, **fields: Any
    ) -> Done:
        return await self.commands.do(Request(grant, kind, command, case_id, fields, uuid4()))


def office_on(log: ZonedLog, now: datetime = NOW) -> Office:
    """An office on a log."""
    catalogue = discover()
    commands = Commands(log, catalogue, Directory(log, catalogue), now=lambda: now)
    return Office(log, commands, Ledger(log, COUNTERS, catalogue.shapes))


def memory_office() -> Office:
    """An office in memory."""
    log = MemoryLog("office", SHANGHAI, discover().shapes, lambda: int(NOW.timestamp() * 1e6))
    return office_on(log)
