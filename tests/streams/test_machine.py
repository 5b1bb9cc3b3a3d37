"""Any sequence of calls leaves the log as a plain list of what was accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from events.ports import Append, Appended, Condition, Filter, Log, Repeated, Reused, Stale
from streams.log import PostgresLog
from streams.memory import MemoryLog
from streams.schema import establish
from tests.streams.making import LOG_ID, SHAPES, ZONE, Spell, uuid_of, written

STREAMS = ["deed/1", "deed/2", "wish/1"]


@dataclass(frozen=True)
class Landed:
    """One event of the model."""

    stream: str
    revision: int
    command: UUID
    request: bytes
    body: bytes


@dataclass(frozen=True)
class Ask:
    """One item as drawn: how far the caller's knowledge is off, and which command it is."""

    stream: str
    behind: int
    facts: int
    command: int | None
    request: bytes
    conditions: tuple[tuple[str, int], ...]


ASKS = st.builds(
    Ask,
    stream=st.sampled_from(STREAMS),
    behind=st.sampled_from([0, 0, 0, 0, 1, -1]),
    facts=st.integers(1, 3),
    command=st.none() | st.integers(1, 12),
    request=st.sampled_from([b"one", b"one", b"another"]),
    conditions=st.lists(
        st.tuples(st.sampled_from(STREAMS), st.sampled_from([0, 0, 0, 1])), max_size=2
    ).map(tuple),
)


class Machine(RuleBasedStateMachine):
    """`log` is made by the subclasses; the model is a list."""

    log: Log
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.model: list[Landed] = []
        self.made = 0

    def wait(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def revision(self, stream: str, model: list[Landed] | None = None) -> int:
        return sum(event.stream == stream for event in (self.model if model is None else model))

    def item(self, ask: Ask, model: list[Landed]) -> Append:
        self.made += 1
        number = ask.command if ask.command is not None else 1_000 + self.made
        expected = max(0, self.revision(ask.stream, model) - ask.behind)
        return written(
            ask.stream,
            expected,
            [Spell(hours=self.made)] * ask.facts,
            command=uuid_of(number),
            request=ask.request,
            conditions=[
                Condition(stream, max(0, self.revision(stream, model) - behind))
                for stream, behind in ask.conditions
            ],
        )

    def judge(self, item: Append) -> object:
        """What must come of it, and the model with it."""
        for position, event in enumerate(self.model, 1):
            if event.command == item.command_id:
                if event.request != item.request_hash:
                    return Reused(item.command_id)
                count = sum(other.command == item.command_id for other in self.model)
                return Repeated(position, event.stream, count)
        for stream, revision in ((item.stream, item.expected), *item.conditions):
            if self.revision(stream) != revision:
                return Stale(stream, revision, self.revision(stream))
        first = len(self.model) + 1
        self.model += [
            Landed(item.stream, draft.revision, item.command_id, item.request_hash, draft.body)
            for draft in item.drafts
        ]
        return first

    def compare(self, items: list[Append], outcomes: list[object]) -> None:
        for item, outcome in zip(items, outcomes, strict=True):
            wanted = self.judge(item)
            if isinstance(wanted, int):
                assert isinstance(outcome, Appended)
                assert outcome.position == wanted
            else:
                assert outcome == wanted

    @rule(asks=st.lists(ASKS, min_size=1, max_size=4))
    def append(self, asks: list[Ask]) -> None:
        """In one call, each item knowing what stood before the call."""
        items = [self.item(ask, list(self.model)) for ask in asks]
        self.compare(items, self.wait(self.log.append(items)))

    @rule(asks=st.lists(ASKS, min_size=2, max_size=4))
    def append_chain(self, asks: list[Ask]) -> None:
        """In one call, each item knowing what the ones before it will have done."""
        items: list[Append] = []
        foreseen = list(self.model)
        for ask in asks:
            item = self.item(ask, foreseen)
            items.append(item)
            foreseen += [
                Landed(item.stream, draft.revision, item.command_id, b"", b"")
                for draft in item.drafts
            ]
        self.compare(items, self.wait(self.log.append(items)))

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.model))
        item = written(event.stream, 0, command=event.command, request=b"one")
        self.compare([item], self.wait(self.log.append([item])))

    @rule(after=st.integers(0, 30), size=st.integers(0, 30), limit=st.integers(1, 20))
    def read(self, after: int, size: int, limit: int) -> None:
        part = self.model[after : after + size]
        forward = self.wait(self.log.read(after=after, upto=after + size, limit=limit))
        assert [event.body for event in forward] == [event.body for event in part[:limit]]
        backward = self.wait(
            self.log.read(after=after, upto=after + size, limit=limit, backward=True)
        )
        assert [event.body for event in backward] == [event.body for event in part[::-1][:limit]]

    @rule(stream=st.sampled_from(STREAMS), after=st.integers(0, 5))
    def load(self, stream: str, after: int) -> None:
        mine = [event.body for event in self.model if event.stream == stream]
        assert [event.body for event in self.wait(self.log.load(stream, after))] == mine[after:]
        found = self.wait(self.log.read(only=Filter(stream=stream)))
        assert [event.body for event in found] == mine

    @rule(number=st.integers(1, 12))
    def command(self, number: int) -> None:
        mine = [event for event in self.model if event.command == uuid_of(number)]
        found = self.wait(self.log.command(uuid_of(number)))
        if not mine:
            assert found is None
        else:
            request, events = found
            assert request == mine[0].request
            assert [event.body for event in events] == [event.body for event in mine]

    @invariant()
    def the_log_is_the_list(self) -> None:
        if not hasattr(self, "log"):
            return
        events = self.wait(self.log.read(limit=10_000))
        assert [event.position for event in events] == list(range(1, len(self.model) + 1))
        assert [(event.stream, event.revision, event.body) for event in events] == [
            (event.stream, event.revision, event.body) for event in self.model
        ]
        times = [event.recorded_at for event in events]
        assert times == sorted(times)
        assert self.wait(self.log.head()) == len(self.model)


SHORT = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """A loop of this test's own: a machine is not a coroutine."""
    with asyncio.Runner() as made:
        yield made


@pytest.mark.slow
def test_the_log_in_memory_is_a_list(runner: asyncio.Runner) -> None:
    class OnMemory(Machine):
        @initialize()
        def begin(self) -> None:
            self.runner = runner
            self.log = MemoryLog(LOG_ID, ZONE, SHAPES, lambda: 5)

    run_state_machine_as_test(OnMemory, settings=SHORT)


def test_the_log_on_postgres_is_a_list(runner: asyncio.Runner, database: str) -> None:
    async def opened() -> PostgresLog:
        connection = await asyncpg.connect(database)
        await establish(connection, log_id=LOG_ID)
        await connection.close()
        return await PostgresLog.open(database, SHAPES)

    async def emptied() -> None:
        connection = await asyncpg.connect(database)
        await connection.execute(
            "ALTER TABLE streams.event DISABLE TRIGGER append_only; TRUNCATE streams.event;"
            "ALTER TABLE streams.event ENABLE ALWAYS TRIGGER append_only"
        )
        await connection.close()

    log = runner.run(opened())

    class OnPostgres(Machine):
        @initialize()
        def begin(self) -> None:
            self.runner = runner
            self.log = log
            runner.run(emptied())

    try:
        run_state_machine_as_test(OnPostgres, settings=SHORT)
    finally:
        runner.run(log.close())
