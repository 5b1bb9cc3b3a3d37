"""The laws of appending, on memory and on Postgres."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from events import codec
from events.envelope import Recorded
from events.errors import Conflict
from events.fact import About
from events.ports import (
    Append,
    Appended,
    Condition,
    Log,
    Repeated,
    Reused,
    Stale,
)
from tests.contract.common import Clock, everything
from tests.streams.making import (
    LOG_ID,
    DeedPraised,
    Spell,
    uuid_of,
    written,
)


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


async def test_one_is_alone_with_a_key_at_a_time(log: Log) -> None:
    steps: list[str] = []

    async def second() -> None:
        async with log.alone(["person/b", "person/a"]):
            steps.append("second")

    async with log.alone(["person/a"]):
        waiting = asyncio.create_task(second())
        async with log.alone(["person/c"]):
            steps.append("another key")
        steps.append("first")
    await waiting
    assert steps == ["another key", "first", "second"]
    with pytest.raises(Conflict):
        async with log.alone(["person/a"]):
            raise Conflict("deed/1", expected=1, current=2)
    async with log.alone(["person/a"]):
        steps.append("free again")
    assert steps[-1] == "free again"
