"""实时投影 · Batches of a hundred: taken in from the log, and a number read after each."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bench.figures import OURS, Finding, Sample, compared, middle, percentile
from bench.fill import fill
from bench.measuring import Spent, rounds
from bench.peers import projecting_peer
from bench.stand import Stand
from events.envelope import Recorded
from events.ports import EntryColumns, Source
from projections.cases import CaseProjection
from projections.counters import COUNTERS
from projections.database import Database
from projections.due import DueProjection
from projections.ledger import Ledger
from projections.part import Batch
from projections.query import Query
from projections.runner import Runner
from projections.versions import Versions
from services.books import CaseRows
from services.kernel.catalogue import discover
from streams.log import PostgresLog

BATCH_EVENTS = 100
FLOOR = 50_000.0
TIMES = 50.0
ROWS = "jishi, rows of cases and of deadlines"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
ASKED = Query(counters=("services_delivered",))


class Stepped:
    """A source whose head goes on a hundred events at a time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.standing = 0

    @property
    def log_id(self) -> str:
        """See Source."""
        return self._source.log_id

    async def head(self) -> int:
        """Where it has come to."""
        return self.standing

    async def position_at(self, recorded_at: int) -> int:
        """See Source."""
        return min(self.standing, await self._source.position_at(recorded_at))

    async def read(self, **asked: Any) -> list[Recorded]:
        """See Source."""
        return await self._source.read(**asked)

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """See Source."""
        return await self._source.at(positions)

    def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        """See Source."""
        return self._source.scan(after, upto)

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        """See Source."""
        return self._source.follow(after, limit=limit)


async def run(stand: Stand) -> list[Finding]:
    """The ledger, which all numbers come from; the rows of lists; and the peer."""
    dsn = await stand.database("live")
    await fill(dsn, stand.scale.batches * BATCH_EVENTS, areas=[f"grid-{n}" for n in range(2_000)])
    log = await PostgresLog.open(dsn, discover().shapes)
    try:
        samples = await rounds(
            stand,
            {
                OURS: lambda seconds: ledger(stand, log),
                ROWS: lambda seconds: rows(stand, log, dsn),
                projecting_peer.NAME: projecting_peer.projecting(stand),
            },
        )
    finally:
        await log.close()
        await stand.drop("live")
    found = compared(
        "live projection",
        samples,
        goals={projecting_peer.NAME: TIMES},
        goal="≥ 50,000/s at batches of 100; ≥ 50× ProjectionRunner",
    )
    found.met = bool(found.met) and (found.ours or 0.0) >= FLOOR
    found.also |= {"batch_p99_ms": middle(samples[OURS], "p99_ms")}
    return [found]


async def ledger(stand: Stand, log: PostgresLog) -> Sample:
    """Every batch scanned, coded and added to the sums that are kept ready, a number read after it;
    every page that becomes complete is sealed."""
    source = Stepped(log)
    made = Ledger(source, COUNTERS, discover().shapes)
    await made.read(ASKED, now=NOW)
    head = await log.head()
    spent = Spent(stand)
    waits = []
    began = at = time.perf_counter()
    for standing in range(BATCH_EVENTS, head + 1, BATCH_EVENTS):
        source.standing = standing
        await made.catch_up()
        await made.read(ASKED, now=NOW)
        waits.append(time.perf_counter() - at)
        at += waits[-1]
    return _sample(made.position, time.perf_counter() - began, waits, spent)


async def rows(stand: Stand, log: PostgresLog, dsn: str) -> Sample:
    """Cases and deadlines folded and upserted, each batch one statement a projection."""
    catalogue = discover()
    cases = CaseRows(catalogue)
    kept = (CaseProjection(cases.kinds, cases.grow, cases.row_of), DueProjection())
    database = await Database.open(dsn)
    versions = Versions(database)
    try:
        runners: list[Runner[Any]] = []
        for one in kept:
            await versions.ensure(one.table.name, catalogue.shapes)
            version = await versions.start(one.table.name, catalogue.shapes)
            runners.append(Runner(database, log, one, version.number))
        sample = await _applied(stand, log, runners)
        for one in kept:
            await versions.drop(one.table.name)
        return sample
    finally:
        await database.close()


async def _applied(stand: Stand, log: PostgresLog, runners: Sequence[Runner[Any]]) -> Sample:
    head = await log.head()
    spent = Spent(stand)
    waits = []
    began = at = time.perf_counter()
    for after in range(0, head, BATCH_EVENTS):
        events = await log.read(after=after, limit=BATCH_EVENTS)
        for runner in runners:
            await runner.apply(Batch(events, after))
        waits.append(time.perf_counter() - at)
        at += waits[-1]
    return _sample(head, time.perf_counter() - began, waits, spent)


def _sample(events: int, took: float, waits: list[float], spent: Spent) -> Sample:
    client, server = spent.micros(events)
    return Sample(
        events / took, percentile(waits, 0.5) * 1e3, percentile(waits, 0.99) * 1e3, client, server
    )
