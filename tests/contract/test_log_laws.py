"""The laws of the log, on memory and on Postgres."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from events import codec
from events.envelope import Recorded, entries
from events.errors import TooLarge
from events.fact import About, Counted
from events.ports import (
    Append,
    Appended,
    Condition,
    EntryColumns,
    Filter,
    Log,
    Repeated,
    Reused,
    Stale,
)
from streams.log import PostgresLog
from streams.memory import MemoryLog
from streams.schema import establish
from tests.streams.making import (
    LOG_ID,
    SHAPES,
    ZONE,
    DeedPraised,
    Spell,
    uuid_of,
    varied,
    written,
)


class Clock:
    """µs since 1970, as the test says."""

    def __init__(self) -> None:
        self.now = 1_500_000_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "postgres"])
def database_or_none(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    database: str = request.getfixturevalue("database")
    return database


@pytest.fixture
async def log(database_or_none: str | None, clock: Clock) -> AsyncIterator[Log]:
    if database_or_none is None:
        memory = MemoryLog(LOG_ID, ZONE, SHAPES, clock)
        yield memory
        await memory.close()
        return
    connection = await asyncpg.connect(database_or_none)
    await establish(connection, log_id=LOG_ID, made_as="scenario")
    await connection.close()
    postgres = await PostgresLog.open(database_or_none, SHAPES, now=clock)
    yield postgres
    await postgres.close()


async def everything(log: Log) -> list[Recorded]:
    return await log.read(limit=10_000)


async def test_a_new_log_is_empty(log: Log) -> None:
    assert log.log_id == LOG_ID
    assert await log.head() == 0
    assert await log.read() == []
    assert await log.load("deed/1") == []
    assert await log.position_at(2**62) == 0
    assert await log.command(uuid_of(1)) is None
    assert [run async for run in log.scan(0, 100)] == []


async def test_what_is_appended_stands_in_order_without_a_gap(log: Log, clock: Clock) -> None:
    first = written("deed/1", 0, [Spell(), Spell(area="c2")])
    second = written("deed/2", 0)
    third = written("deed/1", 2)
    assert await log.append([first, second]) == [Appended(1, clock.now), Appended(3, clock.now)]
    assert await log.append([third]) == [Appended(4, clock.now)]
    events = await everything(log)
    assert [event.position for event in events] == [1, 2, 3, 4]
    assert [(event.stream, event.revision) for event in events] == [
        ("deed/1", 1),
        ("deed/1", 2),
        ("deed/2", 1),
        ("deed/1", 3),
    ]
    assert await log.head() == 4


async def test_bytes_stand_as_they_were_written_with_their_hash(log: Log, clock: Clock) -> None:
    item = written("deed/1", 0)
    await log.append([item])
    (event,) = await everything(log)
    assert event == Recorded(
        position=1,
        stream="deed/1",
        revision=1,
        fact="deed.done",
        version=1,
        recorded_at=clock.now,
        body=item.drafts[0].body,
        sha256=hashlib.sha256(item.drafts[0].body).digest(),
    )
    event.verify()


async def test_nothing_appended_is_nothing_done(log: Log) -> None:
    assert await log.append([]) == []
    assert await log.head() == 0


async def test_an_append_without_a_fact_is_a_mistake_of_the_program(log: Log) -> None:
    with pytest.raises(AssertionError, match="holds no fact"):
        await log.append([replace(written("deed/1", 0), drafts=())])
    with pytest.raises(AssertionError, match="was decided on revision 1"):
        await log.append([replace(written("deed/1", 0), expected=1)])


async def test_a_stale_expectation_writes_nothing_and_tells_the_revision(log: Log) -> None:
    await log.append([written("deed/1", 0, [Spell(), Spell()])])
    assert await log.append([written("deed/1", 0)]) == [Stale("deed/1", 0, 2)]
    assert await log.append([written("deed/1", 5)]) == [Stale("deed/1", 5, 2)]
    assert await log.append([written("deed/9", 1)]) == [Stale("deed/9", 1, 0)]
    assert await log.head() == 2


async def test_items_are_judged_one_by_one(log: Log, clock: Clock) -> None:
    await log.append([written("deed/1", 0)])
    outcomes = await log.append(
        [written("deed/2", 0), written("deed/1", 0), written("deed/3", 0, [Spell(), Spell()])]
    )
    assert outcomes == [Appended(2, clock.now), Stale("deed/1", 0, 1), Appended(3, clock.now)]
    assert await log.head() == 4


async def test_an_item_lands_whole_or_not_at_all(log: Log) -> None:
    await log.append([written("deed/1", 0)])
    outcomes = await log.append(
        [
            written("deed/2", 0, [Spell(), Spell(), Spell()]),
            written("deed/1", 3, [Spell(), Spell()]),
        ]
    )
    assert [type(outcome) for outcome in outcomes] == [Appended, Stale]
    assert [event.revision for event in await log.load("deed/1")] == [1]
    assert [event.revision for event in await log.load("deed/2")] == [1, 2, 3]


async def test_chains_within_one_call_land_in_order(log: Log, clock: Clock) -> None:
    outcomes = await log.append(
        [
            written("deed/1", 0, [Spell(), Spell()]),
            written("deed/2", 0),
            written("deed/1", 2),
            written("deed/1", 3),
        ]
    )
    assert outcomes == [Appended(n, clock.now) for n in (1, 3, 4, 5)]
    assert [event.position for event in await log.load("deed/1")] == [1, 2, 4, 5]


async def test_a_broken_chain_is_judged_as_if_sent_one_after_the_other(
    log: Log, clock: Clock
) -> None:
    outcomes = await log.append(
        [
            written("deed/1", 3),
            written("deed/1", 0),
            written("deed/1", 0),
            written("deed/1", 1),
        ]
    )
    assert outcomes == [
        Stale("deed/1", 3, 0),
        Appended(1, clock.now),
        Stale("deed/1", 0, 1),
        Appended(2, clock.now),
    ]


async def test_order_within_a_call_decides_and_not_the_revisions(log: Log, clock: Clock) -> None:
    outcomes = await log.append([written("deed/1", 1), written("deed/1", 0)])
    assert outcomes == [Stale("deed/1", 1, 0), Appended(1, clock.now)]


async def test_conditions_are_part_of_the_append(log: Log, clock: Clock) -> None:
    await log.append([written("rule/a", 0), written("rule/b", 0, [Spell(), Spell()])])
    holds = written("deed/1", 0, conditions=[Condition("rule/a", 1), Condition("rule/b", 2)])
    fails = written("deed/2", 0, conditions=[Condition("rule/a", 1), Condition("rule/b", 1)])
    absent = written("deed/3", 0, conditions=[Condition("rule/z", 0)])
    wrong = written("deed/4", 0, conditions=[Condition("rule/z", 1)])
    outcomes = await log.append([holds, fails, absent, wrong])
    assert outcomes == [
        Appended(4, clock.now),
        Stale("rule/b", 1, 2),
        Appended(5, clock.now),
        Stale("rule/z", 1, 0),
    ]


async def test_a_condition_sees_what_came_before_it_in_the_same_call(
    log: Log, clock: Clock
) -> None:
    outcomes = await log.append(
        [
            written("deed/1", 0, conditions=[Condition("rule/a", 0)]),
            written("rule/a", 0),
            written("deed/2", 0, conditions=[Condition("rule/a", 0)]),
            written("deed/3", 0, conditions=[Condition("rule/a", 1)]),
        ]
    )
    assert outcomes == [
        Appended(1, clock.now),
        Appended(2, clock.now),
        Stale("rule/a", 0, 1),
        Appended(3, clock.now),
    ]


async def test_a_stale_case_is_told_before_a_stale_condition(log: Log) -> None:
    item = written("deed/1", 4, conditions=[Condition("rule/a", 7)])
    assert await log.append([item]) == [Stale("deed/1", 4, 0)]


async def test_a_repeat_gets_the_first_answer_and_writes_nothing(log: Log) -> None:
    await log.append([written("deed/0", 0)])
    item = written("deed/1", 0, [Spell(), Spell()])
    await log.append([item, written("deed/2", 0)])
    await log.append([written("deed/1", 2)])
    assert await log.append([item]) == [Repeated(2, "deed/1", 2)]
    # Also where the case has moved on, or where another stream is named by mistake.
    moved_on = replace(item, stream="deed/5")
    assert await log.append([moved_on]) == [Repeated(2, "deed/1", 2)]
    assert await log.head() == 5


async def test_the_newest_command_repeated_tells_its_events(log: Log) -> None:
    item = written("deed/1", 0, [Spell(), Spell(), Spell()])
    await log.append([item])
    assert await log.append([item]) == [Repeated(1, "deed/1", 3)]


async def test_a_repeat_within_one_call_is_a_repeat(log: Log, clock: Clock) -> None:
    item = written("deed/1", 0, [Spell(), Spell()])
    outcomes = await log.append([item, item, written("deed/2", 0)])
    assert outcomes == [Appended(1, clock.now), Repeated(1, "deed/1", 2), Appended(3, clock.now)]


async def test_one_command_on_two_streams_of_one_call_lands_on_the_first(
    log: Log, clock: Clock
) -> None:
    item = written("deed/1", 0)
    same = written("deed/2", 0, command=item.command_id)
    other = written("deed/3", 0, command=item.command_id, request=b"another")
    outcomes = await log.append([item, same, other])
    assert outcomes == [
        Appended(1, clock.now),
        Repeated(1, "deed/1", 1),
        Reused(item.command_id),
    ]


async def test_a_command_id_with_another_request_is_refused(log: Log) -> None:
    item = written("deed/1", 0)
    await log.append([item])
    other = written("deed/2", 0, command=item.command_id, request=b"another")
    assert await log.append([other]) == [Reused(item.command_id)]
    assert await log.head() == 1


async def test_a_refused_command_leaves_its_id_free(log: Log, clock: Clock) -> None:
    item = written("deed/1", 1)
    assert await log.append([item]) == [Stale("deed/1", 1, 0)]
    again = written("deed/1", 0, command=item.command_id)
    assert await log.append([again]) == [Appended(1, clock.now)]


async def test_a_command_is_found_with_its_events(log: Log) -> None:
    item = written("deed/1", 0, [Spell(), Spell(area="c2")], request=b"ask")
    await log.append([written("deed/0", 0), item, written("deed/2", 0)])
    found = await log.command(item.command_id)
    assert found is not None
    request_hash, events = found
    assert request_hash == hashlib.sha256(b"ask").digest()
    assert [(event.position, event.stream, event.revision) for event in events] == [
        (2, "deed/1", 1),
        (3, "deed/1", 2),
    ]
    assert await log.command(uuid_of(77)) is None


async def test_recording_time_never_goes_back(log: Log, clock: Clock) -> None:
    late = clock.now
    await log.append([written("deed/1", 0)])
    clock.now -= 5_000_000
    assert await log.append([written("deed/2", 0)]) == [Appended(2, late)]
    clock.now = late + 7
    assert await log.append([written("deed/3", 0)]) == [Appended(3, late + 7)]
    assert [event.recorded_at for event in await everything(log)] == [late, late, late + 7]


async def test_the_position_at_an_instant_is_the_last_recorded_by_then(
    log: Log, clock: Clock
) -> None:
    start = clock.now
    for number in range(13):
        clock.now = start + 10 * (number // 2)
        await log.append([written(f"deed/{number}", 0)])
    assert await log.position_at(start - 1) == 0
    assert await log.position_at(start) == 2
    assert await log.position_at(start + 9) == 2
    assert await log.position_at(start + 10) == 4
    assert await log.position_at(start + 59) == 12
    assert await log.position_at(start + 60) == 13
    assert await log.position_at(2**62) == 13


@pytest.fixture
async def filled(log: Log, clock: Clock) -> list[Recorded]:
    """Sixty events of every sort on ten streams."""
    chance = random.Random(2018)
    revisions: dict[str, int] = {}
    for _ in range(30):
        stream = f"{chance.choice(['deed', 'wish'])}/{chance.randrange(5)}"
        before = revisions.get(stream, 0)
        spells = [varied(chance) for _ in range(chance.choice([1, 2, 3]))]
        actor = chance.choice(["person/p1", "person/p2"])
        await log.append([written(stream, before, spells, actor=actor)])
        revisions[stream] = before + len(spells)
        clock.now += 1_000
    return await everything(log)


async def test_reading_forward_pages_through_everything(log: Log, filled: list[Recorded]) -> None:
    assert [event.position for event in filled] == list(range(1, len(filled) + 1))
    after, seen = 0, []
    while events := await log.read(after=after, limit=7):
        seen += events
        after = events[-1].position
    assert seen == filled


async def test_reading_has_an_upper_end_and_a_direction(log: Log, filled: list[Recorded]) -> None:
    assert await log.read(after=3, upto=9) == filled[3:9]
    assert await log.read(after=3, upto=9, limit=2) == filled[3:5]
    assert await log.read(after=3, upto=9, backward=True) == filled[8:2:-1]
    assert await log.read(after=3, upto=9, limit=2, backward=True) == [filled[8], filled[7]]
    assert await log.read(backward=True, limit=1) == [filled[-1]]
    assert await log.read(after=len(filled)) == []
    assert await log.read(after=-5, limit=1) == filled[:1]


async def test_a_stream_is_read_by_itself(log: Log, filled: list[Recorded]) -> None:
    name, many = Counter(event.stream for event in filled).most_common(1)[0]
    assert many >= 5
    mine = [event for event in filled if event.stream == name]
    assert [event.revision for event in mine] == list(range(1, len(mine) + 1))
    assert await log.load(name) == mine
    assert await log.load(name, 2) == mine[2:]
    assert await log.load(name, len(mine)) == []
    assert await log.read(only=Filter(stream=name)) == mine
    assert await log.read(only=Filter(stream=name), backward=True) == mine[::-1]
    assert await log.read(only=Filter(stream=name), after=mine[1].position) == mine[2:]
    assert await log.read(only=Filter(stream=name), limit=2, backward=True) == mine[:-3:-1]


async def test_loads_at_the_same_time_are_each_answered(log: Log, filled: list[Recorded]) -> None:
    names = [f"{kind}/{n}" for kind in ("deed", "wish") for n in range(5)] * 3
    loaded = await asyncio.gather(*(log.load(name, n % 3) for n, name in enumerate(names)))
    for number, (name, events) in enumerate(zip(names, loaded, strict=True)):
        of_it = [event for event in filled if event.stream == name]
        assert events == of_it[number % 3 :]


def about_of(event: Recorded) -> dict[str, Any]:
    about: dict[str, Any] = event.content["about"]
    return about


FILTERS: dict[str, tuple[Filter, Callable[[Recorded], bool]]] = {
    "kinds": (Filter(kinds=("wish",)), lambda e: e.case[0] == "wish"),
    "two kinds": (Filter(kinds=("wish", "deed")), lambda _: True),
    "no such kind": (Filter(kinds=("wis",)), lambda _: False),
    "facts": (
        Filter(facts=("deed.praised", "deed.unlisted")),
        lambda e: e.fact in ("deed.praised", "deed.unlisted"),
    ),
    "areas": (Filter(areas=("c1", "c3")), lambda e: about_of(e)["area"] in ("c1", "c3")),
    "units": (Filter(units=("u2",)), lambda e: about_of(e).get("unit") == "u2"),
    "actor": (Filter(actor="person/p2"), lambda e: e.content["actor"] == "person/p2"),
    "occurred": (
        Filter(occurred_from=1_519_900_000_000_000, occurred_to=1_520_300_000_000_000),
        lambda e: 1_519_900_000 <= e.occurred_at.timestamp() <= 1_520_300_000,
    ),
    "several": (
        Filter(kinds=("deed",), areas=("c1",), facts=("deed.done",)),
        lambda e: e.case[0] == "deed" and about_of(e)["area"] == "c1" and e.fact == "deed.done",
    ),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_filters_leave_exactly_what_they_say(
    log: Log, filled: list[Recorded], name: str
) -> None:
    only, wanted = FILTERS[name]
    left = [event for event in filled if wanted(event)]
    assert await log.read(only=only) == left
    assert await log.read(only=only, backward=True) == left[::-1]
    assert await log.read(only=only, after=20, limit=3) == [e for e in left if e.position > 20][:3]


async def test_events_are_read_at_their_positions(log: Log, filled: list[Recorded]) -> None:
    assert await log.at([7, 3, 40, 3]) == [filled[2], filled[6], filled[39]]
    assert await log.at([0, -1, 10_000]) == []
    assert await log.at([]) == []


async def test_limits_are_said_aloud(log: Log) -> None:
    with pytest.raises(TooLarge, match="0 events in one read"):
        await log.read(limit=0)
    with pytest.raises(TooLarge, match="10001 events in one read"):
        await log.read(limit=10_001)
    with pytest.raises(TooLarge, match="10001 positions"):
        await log.at(range(10_001))
    with pytest.raises(TooLarge, match="2001 facts in one append"):
        await log.append([written("deed/1", 0, [Spell()] * 2_001)])


def flat(run: EntryColumns) -> list[tuple[Any, ...]]:
    columns = [run.position, run.sign, *(getattr(run, name) for name in Counted._fields)]
    return list(zip(*columns, strict=True))


def entries_of(events: list[Recorded]) -> list[tuple[Any, ...]]:
    return [
        (event.position, sign, *columns)
        for event in events
        for sign, columns in entries(event, SHAPES, ZONE)
    ]


async def test_a_scan_gives_the_entries_of_every_event(log: Log, filled: list[Recorded]) -> None:
    (run,) = [run async for run in log.scan(0, len(filled))]
    assert flat(run) == entries_of(filled)
    (part,) = [run async for run in log.scan(5, 25)]
    assert flat(part) == entries_of(filled[5:25])
    (beyond,) = [run async for run in log.scan(50, 10**9)]
    assert flat(beyond) == entries_of(filled[50:])


async def take(batches: AsyncIterator[list[Recorded]], upto: int) -> list[Recorded]:
    """What follows, until a position has been reached."""
    seen: list[Recorded] = []
    async with asyncio.timeout(10):
        while not seen or seen[-1].position < upto:
            seen += await anext(batches)
    return seen


async def test_a_follower_gets_the_past_then_what_comes(log: Log, filled: list[Recorded]) -> None:
    follower = log.follow(10, limit=9)
    past = await take(follower, len(filled))
    assert past == filled[10:]
    waiting = asyncio.create_task(take(follower, len(filled) + 3))
    for number in range(3):
        await log.append([written(f"new/{number}", 0)])
    assert [event.position for event in await waiting] == [len(filled) + n for n in (1, 2, 3)]


async def test_many_followers_each_get_everything_once(log: Log) -> None:
    followers = [log.follow(0, limit=1 + number) for number in range(20)]
    waiting = [asyncio.create_task(take(follower, 30)) for follower in followers]
    for number in range(30):
        await log.append([written(f"deed/{number}", 0)])
    for seen in await asyncio.gather(*waiting):
        assert [event.position for event in seen] == list(range(1, 31))


async def test_following_ends_when_the_log_is_closed(log: Log) -> None:
    await log.append([written("deed/1", 0)])
    seen: list[int] = []
    started = asyncio.Event()

    async def watch() -> None:
        async for batch in log.follow(0):
            seen.extend(event.position for event in batch)
            started.set()

    watching = asyncio.create_task(watch())
    async with asyncio.timeout(10):
        await started.wait()
        await log.close()  # type: ignore[attr-defined]
        await watching
    assert seen == [1]


async def test_callers_at_the_same_time_all_land_once_and_in_order(log: Log) -> None:
    items: list[Append] = [written(f"deed/{number}", 0) for number in range(300)]
    answers = await asyncio.gather(*(log.append([item]) for item in items))
    positions = [outcome.position for (outcome,) in answers if isinstance(outcome, Appended)]
    assert sorted(positions) == list(range(1, 301))
    by_stream = {event.stream: event.position for event in await everything(log)}
    assert by_stream == {
        item.stream: position for item, position in zip(items, positions, strict=True)
    }


async def test_one_winner_among_many_on_one_stream(log: Log) -> None:
    outcomes = [
        outcome
        for (outcome,) in await asyncio.gather(
            *(log.append([written("deed/1", 0)]) for _ in range(64))
        )
    ]
    assert sum(isinstance(outcome, Appended) for outcome in outcomes) == 1
    assert outcomes.count(Stale("deed/1", 0, 1)) == 63
    assert await log.head() == 1


async def test_an_event_of_the_log_can_be_wrapped_without_changing_its_bytes(log: Log) -> None:
    await log.append([written("deed/1", 0, [Spell(fact=DeedPraised(about=About(area="c1")))])])
    (event,) = await everything(log)
    assert codec.parse(event.envelope_bytes()) == event.envelope()
