"""The ledger from parts: whatever the parts, the batches and their order, the same pages."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import fields

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from events.envelope import Recorded, entries
from events.errors import Broken, Unknown
from events.fact import Counted
from events.ports import EntryColumns
from projections.database import Database
from projections.entries import cut_at_pages
from projections.ledger import Ledger
from projections.part import Batch
from projections.query import Query
from projections.rebuild import Upkeep
from projections.slips import (
    ReadPages,
    Slips,
    SlipSource,
    seal_from_slips,
    slip_of,
    together,
)
from projections.store import PageStore, extract
from projections.versions import BUILDING, LEDGER, by_kafka
from tests.projections.toys import COUNTERS, SHAPES
from tests.projections.world import START, ZONE, World

SIZE = 32
PARTS = 3
NAME = "ledger_v1"
NAMES = tuple(column.name for column in fields(EntryColumns))


def part_of(stream: str, parts: int) -> int:
    return zlib.crc32(stream.encode()) % parts


def run_of(events: Sequence[Recorded]) -> EntryColumns:
    run = EntryColumns()
    for event in events:
        for sign, counted in entries(event, SHAPES, ZONE):
            run.position.append(event.position)
            run.sign.append(sign)
            for name, value in zip(Counted._fields, counted, strict=True):
                getattr(run, name).append(value)
    return run


def split(chance: random.Random, events: Sequence[Recorded], parts: int) -> list[list[Batch]]:
    """By part: its events in batches of random length, each with what is known before it."""
    found: list[list[Batch]] = []
    for part in range(parts):
        own = [event for event in events if part_of(event.stream, parts) == part]
        batches: list[Batch] = []
        reached = 0
        while own:
            size = chance.randrange(0, 9)
            some, own = own[:size], own[size:]
            upto = chance.randrange(
                some[-1].position if some else reached, (own[0].position if own else 10**6)
            )
            upto = min(upto, events[-1].position)
            batches.append(Batch(some, reached, upto, next_offset=len(batches) + 1))
            reached = upto
        batches.append(Batch([], reached, events[-1].position, next_offset=len(batches) + 1))
        found.append(batches)
    return found


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_entries_put_together_from_slips_are_those_of_the_log(seed: int, parts: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        world = World(chance)
        await world.map()
        await world.history(50)
        events = await world.log.read(limit=10_000)
        slips = [
            slip_of(piece)
            for batches in split(chance, events, parts)
            for batch in batches
            for piece in cut_at_pages(run_of(batch.events), SIZE)
        ]
        chance.shuffle(slips)
        for after in range(0, events[-1].position, SIZE):
            upto = min(after + SIZE, events[-1].position)
            of_page = [s for s in slips if s.hi > after and s.lo <= upto]
            assert all(s.hi <= after + SIZE for s in of_page)
            read = together([(s.entries, s.columns) for s in of_page], after, upto)
            wanted = run_of([event for event in events if after < event.position <= upto])
            assert read == wanted

    asyncio.run(run())


class Works:
    """A log with a history, and workers that write its ledger in parts."""

    def __init__(self, database: Database, world: World) -> None:
        self.database = database
        self.world = world
        self.upkeep = Upkeep(
            database, world.log, [], SHAPES, ZONE, road=by_kafka(PARTS), part_of=part_of
        )
        self.store = PageStore(database, NAME, world.log.log_id, page_events=SIZE)

    def slips(self, part: int) -> Slips:
        return Slips(
            self.database,
            self.world.log,
            NAME,
            SHAPES,
            ZONE,
            part=part,
            mine=lambda stream: part_of(stream, PARTS) == part,
            page_events=SIZE,
        )

    def source(self) -> SlipSource:
        return SlipSource(self.database, self.world.log, NAME, PARTS, page_events=SIZE)

    def ledger(self) -> Ledger:
        log_id = self.world.log.log_id
        pages = ReadPages(self.database, NAME, log_id, page_events=SIZE)
        return Ledger(self.source(), COUNTERS, SHAPES, pages=pages, page_events=SIZE)

    async def seal(self) -> int:
        return await seal_from_slips(self.source(), self.store, self.database)

    async def all_in(self) -> None:
        for part in range(PARTS):
            await self.slips(part).catch_up()

    async def same(self) -> None:
        """The numbers are those of the log; so are all pages that are kept."""
        plain = Ledger(self.world.log, COUNTERS, SHAPES, page_events=SIZE)
        ledger = self.ledger()
        assert await ledger.catch_up() == await plain.catch_up()
        for query in (Query(), Query(by=("area",)), Query(as_of=40), Query(by=("month",))):
            one, other = [await each.read(query, now=START) for each in (ledger, plain)]
            assert one.json()["cells"] == other.json()["cells"]
        kept = [page async for page in self.store.pages()]
        made = [page async for page in extract(self.world.log, 0, len(kept) * SIZE, SIZE)]
        assert [page.digest for page in kept] == [page.digest for page in made]

    async def count(self, table: str) -> int:
        return int(await self.database.value(f"SELECT count(*) FROM projections.{table}"))


@pytest.fixture
async def works(database: str) -> AsyncIterator[Works]:
    world = World(random.Random(4))
    await world.map()
    await world.history(60)
    pool = await Database.open(database, patience_seconds=2)
    made = Works(pool, world)
    await made.upkeep.install()
    yield made
    await pool.close()


@pytest.mark.parametrize("seed", range(5))
async def test_any_interleaving_with_repeats_holes_and_restarts_makes_the_same_pages(
    works: Works, seed: int
) -> None:
    chance = random.Random(seed)
    events = await works.world.log.read(limit=10_000)
    queues = split(chance, events, PARTS)
    workers = [[works.slips(part), works.slips(part)] for part in range(PARTS)]
    for _ in range(80):
        part = chance.randrange(PARTS)
        worker, queue = chance.choice(workers[part]), queues[part]
        match chance.randrange(6):
            case 0:
                workers[part][chance.randrange(2)] = works.slips(part)
            case 1:
                await worker.apply(chance.choice(queue))
            case 2:
                await works.seal()
            case _:
                reached = max(worker.position, 0)
                following = [batch for batch in queue if batch.last > reached]
                if following:
                    await worker.apply(following[0])
    assert await works.count("parked") == 0
    await works.all_in()
    assert await works.store.count() + await works.seal() == events[-1].position // SIZE
    await works.same()
    assert await works.seal() == 0
    (left,) = await works.database.fetch("SELECT min(lo) AS lo FROM projections.slip")
    assert left["lo"] is None or left["lo"] > events[-1].position // SIZE * SIZE


async def test_the_ledger_reaches_as_far_as_every_part(works: Works) -> None:
    source = works.source()
    assert await source.head() == 0
    head = await works.world.log.head()
    await works.slips(0).catch_up()
    await works.slips(1).catch_up()
    assert await source.head() == 0
    assert await works.seal() == 0
    await works.slips(2).catch_up(upto=40)
    assert await source.head() == 40
    assert await works.seal() == 1
    await works.all_in()
    assert await source.head() == head
    await works.same()


async def test_a_reader_in_the_middle_of_a_page_reads_on_when_it_is_sealed(works: Works) -> None:
    for part in range(PARTS):
        await works.slips(part).catch_up(upto=SIZE // 2)
    ledger = works.ledger()
    await ledger.catch_up()
    await works.all_in()
    assert await works.seal() > 0
    plain = Ledger(works.world.log, COUNTERS, SHAPES, page_events=SIZE)
    assert await ledger.catch_up() == await plain.catch_up()
    query = Query(by=("area",))
    answers = [(await each.read(query, now=START)).json()["cells"] for each in (ledger, plain)]
    assert answers[0] == answers[1]


async def test_an_offset_is_noted_with_the_batch_and_alone(works: Works) -> None:
    slips = works.slips(0)
    await slips.apply(Batch([], 0, 7, next_offset=3))
    assert (await works.slips(0).open(), slips.next_offset) == (7, 3)
    await slips.note_offset(9)
    await slips.apply(Batch([], 7, 8))
    again = works.slips(0)
    assert (await again.open(), again.next_offset) == (8, 9)


# --- what cannot be read


def broken(monkeypatch: pytest.MonkeyPatch, at: set[int]) -> Callable[[], None]:
    """Events at these positions cannot be read, until what is returned is called."""
    reading = Slips._entries

    def read(slips: Slips, event: Recorded) -> list[tuple[int, Counted]]:
        if event.position in at:
            raise Broken(f"cannot read position {event.position}")
        return reading(slips, event)

    monkeypatch.setattr(Slips, "_entries", read)
    return at.clear


async def test_a_poisoned_event_parks_its_stream_holds_up_its_page_and_nothing_else(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = await works.world.log.read(limit=10_000)
    poisoned = next(e for e in events if e.revision == 1 and SIZE < e.position < 2 * SIZE)
    cure = broken(monkeypatch, {poisoned.position})
    await works.all_in()
    ledger = works.ledger()
    assert await ledger.catch_up() == events[-1].position
    (parked,) = await works.upkeep.parked()
    assert (parked.stream, parked.position) == (poisoned.stream, poisoned.position)
    (standing,) = await works.upkeep.standing()
    assert (standing["parked"], standing["road"]) == (1, "kafka")
    assert await works.seal() == 1
    (still,) = await works.upkeep.retry(LEDGER, poisoned.stream)
    assert "cannot read position" in still.reason
    await ledger.catch_up()
    assert isinstance(ledger.source, SlipSource)
    assert not ledger.source.outdated
    cure()
    # With the small pages of the tests.
    assert await works.slips(part_of(poisoned.stream, PARTS)).retry(poisoned.stream) is None
    # Whoever had read on does not have what comes now: it is told so.
    await ledger.catch_up()
    assert ledger.source.outdated
    assert await works.seal() == events[-1].position // SIZE - 1
    await works.same()


async def test_what_no_page_can_keep_is_parked(works: Works) -> None:
    slips = works.slips(0)
    await slips.open()
    events = await works.world.log.read(limit=10_000)
    body = events[0].body.replace(b'"name":"', b'"name":"\\u0000')
    zero = Recorded(1, "area/map", 1, "area.defined", 1, 0, body, b"")
    _, parked = slips._written([zero, events[1]])
    assert "zero byte" in parked[0].reason


async def test_what_has_no_canonical_spelling_is_parked_and_no_other(works: Works) -> None:
    events = await works.world.log.read(limit=10_000)
    number = next(i for i, e in enumerate(events) if b'"minutes":45' in e.body)
    body = events[number].body.replace(b'"minutes":45', b'"minutes":%d' % 2**60)
    wrong = Recorded(events[number].position, "case/wrong", 1, events[number].fact, 1, 0, body, b"")
    kept, (parked,) = works.slips(0)._written([events[0], wrong, events[-1]])
    assert parked.stream == "case/wrong"
    assert [slip.lo for slip in kept] == [events[0].position, events[-1].position]


# --- versions


async def test_a_version_over_kafka_is_made_empty_filled_and_swapped_for_one_of_the_log(
    works: Works,
) -> None:
    await works.all_in()
    await works.upkeep.rebuild(LEDGER)
    assert (await works.upkeep.compare(LEDGER)).equal
    assert (await works.upkeep.swap(LEDGER)).road.name == "log"
    assert (await works.upkeep.rollback(LEDGER)).road.name == "kafka"
    await works.upkeep.versions.drop(LEDGER, BUILDING)
    version = await works.upkeep.rebuild(LEDGER, road=by_kafka(PARTS))
    assert await works.upkeep.position(version) == 0
    takers = [works.upkeep.taker(version, part) for part in range(PARTS)]
    for taker in takers:
        await taker.catch_up()
    assert await works.upkeep.position(version) == await works.world.log.head()
    assert (await works.upkeep.swap(LEDGER)).name == "ledger_v2"
    # A worker that still serves a version that was dropped does not bring it back.
    await works.upkeep.rebuild(LEDGER)
    await works.upkeep.swap(LEDGER)
    with pytest.raises(Unknown):
        await works.slips(0).catch_up()
    assert await works.count("checkpoint") == PARTS
