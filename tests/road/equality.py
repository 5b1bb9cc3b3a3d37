"""What came over Kafka is what the log says: pages, rows, numbers, what is behind them, and how far
each has come."""

from __future__ import annotations

from collections.abc import Collection

from projections.counters import COUNTERS
from projections.declare import Counter
from projections.ledger import Ledger
from projections.query import Query
from projections.rebuild import Upkeep
from projections.store import extract
from projections.versions import ACTIVE, BUILDING, LEDGER
from streams.log import PostgresLog

PROJECTIONS = ("ledger", "case", "due")
EXPLAINED = 20
PAGES, PAGE_MIN = 16, 64


async def equal(
    upkeep: Upkeep,
    log: PostgresLog,
    *,
    as_of: int = 900,
    area: str = "s1",
    explained: Collection[Counter] = COUNTERS,
) -> None:
    """The versions that are read and those in the making, by whichever road each came."""
    for name in PROJECTIONS:
        compared = await upkeep.compare(name)
        assert compared.equal, (name, compared.different)
    ledgers: list[Ledger] = []
    pages: list[list[bytes]] = []
    head = await log.head()
    # Also of a log that is too short for one page as they are kept.
    size = max(PAGE_MIN, head // PAGES)
    for state in (ACTIVE, BUILDING):
        version = await upkeep.versions.one(LEDGER, state)
        ledgers.append(upkeep.ledger_of(version, COUNTERS))
        found = extract(upkeep.source_of(version), 0, head // size * size, size)
        pages.append([page.digest async for page in found])
    assert pages[0] == pages[1]
    assert pages[0]
    positions = [await ledger.catch_up() for ledger in ledgers]
    assert positions[0] == positions[1] == head
    whens = (Query(), Query(by=("area",)), Query(by=("unit",), area=area), Query(as_of=as_of))
    for query in whens:
        one, other = [await ledger.read(query) for ledger in ledgers]
        assert one.json() == other.json()
    for counter in explained:
        behind = [await ledger.explain(counter.name, limit=EXPLAINED) for ledger in ledgers]
        assert behind[0].json() == behind[1].json()


async def as_the_log_says(
    upkeep: Upkeep, log: PostgresLog, explained: Collection[Counter] = COUNTERS
) -> None:
    """Make a version of each projection from the log, compare, and drop it again."""
    for name in PROJECTIONS:
        await upkeep.rebuild(name)
    assert await upkeep.parked() == []
    await equal(upkeep, log, as_of=await log.head() // 2, explained=explained)
    for name in PROJECTIONS:
        await upkeep.versions.drop(name)
