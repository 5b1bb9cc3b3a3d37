"""Pages in the database: what is sealed is what is read, and what is not is noticed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import fields

import pytest

from events.envelope import Recorded
from events.errors import Broken
from events.ports import EVERYTHING, PAGE_EVENTS, EntryColumns, Filter
from projections.database import Database
from projections.ledger import Ledger
from projections.pages import Page
from projections.query import Axis, Query
from projections.store import PageStore, extract
from tests.projections.toys import COUNTERS, SHAPES
from tests.projections.world import START, World

NAMES = tuple(column.name for column in fields(EntryColumns))
EVENTS = 2 * PAGE_EVENTS + 500


class Repeated:
    """A log of many events: one short history over and over, on later and later positions."""

    log_id = "many"

    def __init__(self, history: EntryColumns, count: int) -> None:
        self._history = history
        self.count = count

    async def head(self) -> int:
        return self.count

    async def position_at(self, recorded_at: int) -> int:
        return self.count

    async def read(
        self,
        *,
        after: int = 0,
        upto: int | None = None,
        limit: int = 500,
        backward: bool = False,
        only: Filter = EVERYTHING,
    ) -> list[Recorded]:
        return []

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        return []

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        raise AssertionError("nobody follows this log")

    async def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        while after < upto:
            end = min(upto, (after // PAGE_EVENTS + 1) * PAGE_EVENTS)
            yield self._run(after, end)
            after = end

    def _run(self, after: int, upto: int) -> EntryColumns:
        """Every third position makes an entry."""
        positions = [position for position in range(after + 1, upto + 1) if position % 3 == 0]
        size = len(self._history.position)
        rows = [position // 3 % size for position in positions]
        columns = {
            name: [getattr(self._history, name)[row] for row in rows]
            for name in NAMES
            if name != "position"
        }
        return EntryColumns(position=positions, **columns)


@pytest.fixture
async def source() -> Repeated:
    world = World(random.Random(12))
    await world.history(60)
    history = EntryColumns()
    async for run in world.log.scan(0, await world.log.head()):
        for name in NAMES:
            getattr(history, name).extend(getattr(run, name))
    return Repeated(history, EVENTS)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Database]:
    opened = await Database.open(database, patience_seconds=2)
    yield opened
    await opened.close()


async def pages_of(store: PageStore) -> list[Page]:
    return [page async for page in store.pages()]


async def test_two_sealers_at_once_seal_every_page_once(source: Repeated, pool: Database) -> None:
    store, other = (PageStore(pool, "ledger_v1", source.log_id) for _ in range(2))
    sealed = await asyncio.gather(store.seal(source), other.seal(source))
    assert sum(sealed) == 2
    assert await store.seal(source) == 0
    made = [page async for page in extract(source, 0, 2 * PAGE_EVENTS)]
    assert [page.digest for page in await pages_of(store)] == [page.digest for page in made]
    assert await store.digests() == {page.number: page.digest for page in made}


async def test_a_ledger_started_from_pages_says_what_one_made_from_the_log_says(
    source: Repeated, pool: Database
) -> None:
    store = PageStore(pool, "ledger_v1", source.log_id)
    first = Ledger(source, COUNTERS, SHAPES, pages=store)
    await first.catch_up()
    assert await store.count() == 2
    second, plain = Ledger(source, COUNTERS, SHAPES, pages=store), Ledger(source, COUNTERS, SHAPES)
    for ledger in (second, plain):
        await ledger.catch_up()
    for query in (
        Query(),
        Query(by=("area",)),
        Query(as_of=START, axis=Axis.OCCURRED),
        Query(as_of=PAGE_EVENTS + 77),
        Query(where={"unit": "u1"}, by=("month",)),
    ):
        answers = [
            (await ledger.read(query, now=START)).json()["cells"]
            for ledger in (first, second, plain)
        ]
        assert answers[0] == answers[1] == answers[2]


async def test_a_page_that_was_changed_or_is_missing_is_noticed(
    source: Repeated, pool: Database
) -> None:
    store = PageStore(pool, "ledger_v1", source.log_id)
    await store.seal(source)
    await pool.fetch(
        "UPDATE projections.page SET day = set_byte(day, 9, get_byte(day, 9) # 1) WHERE number = 1"
    )
    with pytest.raises(Broken, match="page 1"):
        await pages_of(store)
    await pool.fetch("DELETE FROM projections.page WHERE number = 0")
    with pytest.raises(Broken, match="lacks page 0"):
        await pages_of(store)


async def test_pages_that_reach_further_than_the_log_are_refused(
    source: Repeated, pool: Database
) -> None:
    store = PageStore(pool, "ledger_v1", source.log_id)
    await store.seal(source)
    source.count = PAGE_EVENTS + 1
    with pytest.raises(Broken, match="older copy"):
        await Ledger(source, COUNTERS, SHAPES, pages=store).catch_up()


async def test_pages_wait_while_the_database_is_away_and_nothing_else_does(
    source: Repeated, pool: Database
) -> None:
    away = await Database.open("postgresql://nobody@127.0.0.1:1/none", patience_seconds=0)
    ledger = Ledger(source, COUNTERS, SHAPES)
    store = PageStore(away, "ledger_v1", source.log_id)
    ledger.keep_in(store)
    await ledger.catch_up()
    assert ledger.position == EVENTS
    assert (await ledger.read(Query(("services",)))).value("services")
    ledger.keep_in(PageStore(pool, "ledger_v1", source.log_id))
    source.count += 1
    await ledger.catch_up()
    assert [page.number for page in await pages_of(PageStore(pool, "ledger_v1", "many"))] == [0, 1]
    await away.close()
