"""The runner: every event once and in order, whatever comes twice, late, never or poisoned."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

import pytest

from events.clock import micros
from events.envelope import Recorded
from events.errors import Broken, Unavailable
from events.fact import About, Fact, Quantity
from projections.cases import CaseProjection, CaseRow
from projections.database import Database
from projections.due import DueProjection
from projections.part import Batch
from projections.rebuild import Upkeep
from projections.runner import Runner
from projections.versions import LEDGER
from tests.projections.toys import COUNTERS, SHAPES
from tests.projections.world import START, ZONE, World

KINDS = frozenset({"case"})
POISON = "p0"


class Folded:
    """A toy case: how many events, and the newest one."""

    def __init__(self, count: int, newest: Recorded, first: Recorded) -> None:
        self.count, self.newest, self.first = count, newest, first


class Folding:
    """How the toy folds; what it was told to choke on, it does not take."""

    def __init__(self) -> None:
        self.poison: set[int] = set()
        self.too_large: set[int] = set()

    def grow(self, state: Folded | None, stream: str, events: Sequence[Recorded]) -> Folded:
        count = state.count if state else 0
        for event in events:
            if event.position in self.poison:
                raise ValueError(f"cannot read position {event.position}")
            count += 1
            if event.revision != count:
                raise AssertionError(f"{stream}: revision {event.revision} after {count - 1}")
        return Folded(count, events[-1], state.first if state else events[0])

    def row(self, state: Folded) -> CaseRow:
        about = state.newest.content["about"]
        return CaseRow(
            stream=state.newest.stream,
            kind="case",
            receipt="",
            state=state.newest.fact,
            area=about["area"],
            unit=about.get("unit") or "",
            category="",
            variant="",
            opened_at=micros(state.first.occurred_at),
            changed_at=micros(state.newest.occurred_at),
            closed_at=2**70 if state.newest.position in self.too_large else 0,
            due_at=0,
            missed=False,
            revision=state.count,
            opened_position=state.first.position,
            position=state.newest.position,
        )


class Shop:
    """A log with a history, a database of the read side, and runners of one projection."""

    def __init__(self, database: Database, world: World) -> None:
        self.database = database
        self.world = world
        self.folding = Folding()
        self.projection = CaseProjection(KINDS, self.folding.grow, self.folding.row)
        self.upkeep = Upkeep(database, world.log, [self.projection], SHAPES, ZONE)

    def runner(self, **options: Any) -> Runner[Folded]:
        return Runner(self.database, self.world.log, self.projection, **options)

    async def events(self) -> list[Recorded]:
        return await self.world.log.read(limit=10_000)

    async def rows(self) -> dict[str, int]:
        """Revision by stream, as the view shows it."""
        rows = await self.database.fetch("SELECT c.stream, c.revision FROM projections.case AS c")
        return {row["stream"]: row["revision"] for row in rows}

    async def expected(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for event in await self.events():
            if event.stream.startswith("case/"):
                counts[event.stream] = counts.get(event.stream, 0) + 1
        return counts


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    world = World(random.Random(4))
    await world.map()
    await world.history(40)
    pool = await Database.open(database, patience_seconds=2)
    made = Shop(pool, world)
    await made.upkeep.install()
    yield made
    await pool.close()


def batches(events: Sequence[Recorded], size: int) -> list[Batch]:
    return [
        Batch(events[start : start + size], events[start].position - 1)
        for start in range(0, len(events), size)
    ]


@pytest.mark.parametrize("size", [1, 7, 1_000])
async def test_rows_are_the_same_for_any_batch_size_and_after_a_replay(
    shop: Shop, size: int
) -> None:
    runner = shop.runner()
    for batch in batches(await shop.events(), size):
        await runner.apply(batch)
    assert await shop.rows() == await shop.expected()
    for batch in batches(await shop.events(), 5):
        await runner.apply(batch)
    assert await shop.rows() == await shop.expected()
    assert runner.position == await shop.world.log.head()


async def test_a_hole_before_a_batch_is_filled_from_the_log(shop: Shop) -> None:
    runner = shop.runner()
    parts = batches(await shop.events(), 6)
    await runner.apply(parts[0])
    await runner.apply(parts[-1])
    assert await shop.rows() == await shop.expected()


async def test_a_worker_that_comes_back_with_other_borders_counts_nothing_twice(
    shop: Shop,
) -> None:
    events = await shop.events()
    new, zombie = shop.runner(), shop.runner()
    for runner in (new, zombie):
        await runner.open()
    await zombie.apply(Batch(events[:10], 0))
    await new.apply(Batch(events[:13], 0))
    assert new.position == events[12].position
    await zombie.apply(Batch(events[10:25], events[9].position))
    await new.apply(Batch(events[13:], events[12].position))
    assert await shop.rows() == await shop.expected()


async def test_parts_advance_apart_and_do_not_miss_each_others_streams(shop: Shop) -> None:
    def even(stream: str) -> bool:
        return stream.startswith("case/") and int(stream[5:]) % 2 == 0

    def odd(stream: str) -> bool:
        return not even(stream)

    events = await shop.events()
    for part, mine in enumerate((even, odd)):
        runner = shop.runner(part=part, mine=mine)
        own = [event for event in events if mine(event.stream)]
        previous = 0
        for event in own:
            await runner.apply(Batch([event], previous))
            previous = event.position
    assert await shop.rows() == await shop.expected()


async def test_a_poisoned_event_parks_its_stream_and_no_other(shop: Shop) -> None:
    events = [event for event in await shop.events() if event.stream.startswith("case/")]
    poisoned = next(event for event in events if event.revision == 2)
    shop.folding.poison = {poisoned.position}
    await shop.runner().catch_up()
    expected = await shop.expected()
    rows = await shop.rows()
    assert {s: n for s, n in rows.items() if s != poisoned.stream} == {
        s: n for s, n in expected.items() if s != poisoned.stream
    }
    (parked,) = await shop.upkeep.parked()
    assert (parked.stream, parked.position) == (poisoned.stream, poisoned.position)
    assert "cannot read position" in parked.reason
    again = shop.runner()
    await again.catch_up()
    assert again.parked == {poisoned.stream}


async def test_a_parked_stream_is_taken_up_again_once_it_can_be_read(shop: Shop) -> None:
    events = [event for event in await shop.events() if event.stream.startswith("case/")]
    poisoned = next(event for event in events if event.revision == 2)
    shop.folding.poison = {poisoned.position}
    runner = shop.runner()
    await runner.catch_up()
    (still,) = await shop.upkeep.retry("case", poisoned.stream)
    assert still.position == poisoned.position
    shop.folding.poison = set()
    assert await shop.upkeep.retry("case", poisoned.stream) == []
    assert await shop.upkeep.parked() == []
    assert await shop.rows() == await shop.expected()
    # A worker that had it parked in memory sees that it was let go.
    await shop.world.history(30)
    await runner.catch_up()
    assert await shop.rows() == await shop.expected()


async def test_a_row_the_database_refuses_parks_its_stream(shop: Shop) -> None:
    events = [event for event in await shop.events() if event.stream.startswith("case/")]
    shop.folding.too_large = {events[-1].position}
    await shop.runner().catch_up()
    (parked,) = await shop.upkeep.parked()
    assert parked.stream == events[-1].stream
    rows, expected = await shop.rows(), await shop.expected()
    assert {s: n for s, n in expected.items() if s not in rows} == {
        parked.stream: expected[parked.stream]
    }


async def test_a_checkpoint_beyond_the_end_of_the_log_is_refused(shop: Shop) -> None:
    await shop.runner().catch_up()
    await shop.database.fetch("UPDATE projections.checkpoint SET position = position + 1")
    with pytest.raises(Broken, match="older copy"):
        await shop.runner().catch_up()
    await shop.upkeep.rebuild("case")
    assert (await shop.upkeep.swap("case")).number == 2
    assert await shop.rows() == await shop.expected()


async def test_nothing_is_written_where_the_database_is_away(shop: Shop) -> None:
    away = await Database.open("postgresql://nobody@127.0.0.1:1/none", patience_seconds=0)
    runner: Runner[Folded] = Runner(away, shop.world.log, shop.projection)
    with pytest.raises(Unavailable):
        await runner.catch_up()
    await away.close()


@pytest.mark.parametrize("seed", range(6))
async def test_any_mixture_of_workers_batches_poison_and_retries_ends_as_the_log_says(
    shop: Shop, seed: int
) -> None:
    """Two workers that know nothing of each other, stale batches, holes, restarts, poison that is
    cured later: at the end every row is what one fold of the log gives."""
    chance = random.Random(seed)
    workers = [shop.runner(), shop.runner()]
    for _ in range(60):
        events = await shop.events()
        match chance.randrange(8):
            case 0:
                await shop.world.history(chance.randrange(1, 6))
            case 1:
                workers[chance.randrange(2)] = shop.runner()
            case 2:
                shop.folding.poison = {chance.choice(events).position for _ in range(2)}
            case 3:
                for parked in await shop.upkeep.parked():
                    await shop.upkeep.retry("case", parked.stream)
            case _:
                first = chance.randrange(len(events))
                some = events[first : first + chance.randrange(1, 12)]
                await chance.choice(workers).apply(Batch(some, some[0].position - 1))
    shop.folding.poison = set()
    await workers[0].catch_up()
    await workers[1].catch_up()
    for parked in await shop.upkeep.parked():
        assert await shop.upkeep.retry("case", parked.stream) == []
    assert await shop.upkeep.parked() == []
    assert await shop.rows() == await shop.expected()


# --- versions


async def test_a_rebuild_equals_what_is_read_and_is_swapped_in_and_back(shop: Shop) -> None:
    await shop.runner().catch_up()
    version = await shop.upkeep.rebuild("case")
    assert version.number == 2
    comparison = await shop.upkeep.compare("case")
    assert comparison.equal
    assert comparison.compared == len(await shop.expected())
    await shop.database.fetch(
        "UPDATE projections.case_v2 SET revision = 99 WHERE stream = 'case/0'"
    )
    assert (await shop.upkeep.compare("case")).different == ("case/0",)
    await shop.upkeep.swap("case")
    assert (await shop.rows())["case/0"] == 99
    await shop.upkeep.rollback("case")
    assert await shop.rows() == await shop.expected()


async def test_the_ledgers_pages_are_kept_read_back_and_rebuilt_alike(shop: Shop) -> None:
    ledger = await shop.upkeep.ledger(COUNTERS)
    await ledger.catch_up()
    standing = {line["projection"]: line for line in await shop.upkeep.standing()}
    assert standing["case"]["lag"] == await shop.world.log.head()
    assert standing[LEDGER]["pages"] == 0
    await shop.upkeep.rebuild(LEDGER, from_bodies=True)
    assert (await shop.upkeep.compare(LEDGER)).equal
    swapped = await shop.upkeep.swap(LEDGER)
    again = await shop.upkeep.ledger(COUNTERS)
    await again.catch_up()
    assert swapped.bodies_upto == ledger.position == again.position


# --- deadlines


class DeadlineSet(Fact):
    fact: ClassVar[str] = "deadline.set"
    clock: str
    due_at: datetime
    limit_seconds: Annotated[int, Quantity] = 0


class DeadlineMissed(Fact):
    fact: ClassVar[str] = "deadline.missed"
    clock: str
    due_at: datetime


class DeadlineRested(Fact):
    fact: ClassVar[str] = "deadline.rested"
    clock: str


class DeadlineResumed(Fact):
    fact: ClassVar[str] = "deadline.resumed"
    clock: str
    due_at: datetime


class DeadlineEnded(Fact):
    fact: ClassVar[str] = "deadline.ended"
    clock: str


for _kind in (DeadlineSet, DeadlineMissed, DeadlineRested, DeadlineResumed, DeadlineEnded):
    SHAPES.setdefault(_kind.fact, _kind.shape())


async def test_due_rows_follow_the_clocks_of_a_stream(shop: Shop) -> None:
    about = About(area="c1", unit="u1")
    day = timedelta(days=1)
    facts = [
        DeadlineSet(about=about, clock="order.accept", due_at=START + day),
        DeadlineSet(about=about, clock="order.deliver", due_at=START + 7 * day),
        DeadlineMissed(about=about, clock="order.accept", due_at=START + day),
        DeadlineRested(about=about, clock="order.deliver"),
        DeadlineResumed(about=about, clock="order.deliver", due_at=START + 9 * day),
        DeadlineEnded(about=about, clock="order.accept"),
    ]
    upkeep = Upkeep(shop.database, shop.world.log, [DueProjection()], SHAPES, ZONE)
    await upkeep.install()
    (runner,) = await upkeep.runners()
    seen = []
    for fact in facts:
        await shop.world.add("order/1", (fact, START))
        await runner.catch_up()
        rows = await shop.database.fetch(
            "SELECT d.clock, d.due_at, d.missed FROM projections.due AS d ORDER BY d.clock"
        )
        seen.append([tuple(row.values()) for row in rows])
    accept = ("order.accept", micros(START + day), False)
    late = ("order.accept", micros(START + day), True)
    deliver = ("order.deliver", micros(START + 7 * day), False)
    rests = ("order.deliver", 0, False)
    later = ("order.deliver", micros(START + 9 * day), False)
    assert seen == [
        [accept],
        [accept, deliver],
        [late, deliver],
        [late, rests],
        [late, later],
        [later],
    ]
