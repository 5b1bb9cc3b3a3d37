"""The distributed shape under load, whatever is killed, stopped, sent twice or taken away: nobody
helps it, and in the end it says what the log says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from events.ports import PAGE_EVENTS
from projections.counters import COUNTERS
from projections.query import Query
from projections.versions import ACTIVE, LEDGER
from services.run.processes import started
from streams.wire import Packed, pack, runs_of
from tests.acceptance.loading import Load
from tests.road.equality import as_the_log_says
from tests.road.running import until
from tests.road.shape import PARTS, ROLES, SESSION_SECONDS, Shape, more
from tests.road.stopping import stop_inside_its_statement, stopped

pytestmark = [pytest.mark.kafka, pytest.mark.process, pytest.mark.timeout(600)]

BETWEEN = range(10, 50)
"""How many commands are answered before the next fault, drawn anew each time."""
EXPLAINED = 30
"""Counters that are opened after each fault, drawn anew each time."""
AWAY_SECONDS, LONG_AWAY_SECONDS = 15.0, 60.0


@pytest.fixture(scope="module")
async def shape(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> AsyncIterator[Shape]:
    """One for all: each test leaves it whole."""
    chance = random.Random(int(pytestconfig.getoption("hypothesis_seed")))
    async with Shape(tmp_path_factory.mktemp("shape"), chance) as made:
        yield made


async def is_whole(shape: Shape, *loads: Load) -> None:
    """Everything arrives, and is what the log says; what was answered is there once; the API says
    the same."""
    await shape.arrived()
    # What is behind every counter, on both roads, is compared in test_equal.
    explained = shape.chance.sample(COUNTERS, EXPLAINED)
    await as_the_log_says(shape.upkeep, shape.log, explained)
    head = await shape.log.head()
    commands: set[str] = set()
    for after in range(0, head, 1_000):
        events = await shape.log.read(after=after, limit=1_000)
        commands |= {event.content["command"] for event in events}
    for load in loads:
        assert {str(sent.key) for sent in load.sent} <= commands

    said: list[Any] = []

    async def told() -> bool:
        answer = await asyncio.to_thread(shape.ask, "GET", "counters", shape.tokens["admin"])
        said[:] = [answer.json]
        return bool(answer.json["as_of"]["position"] >= head)

    await shape.eventually(told, "the board says what was recorded last")
    ledger = shape.upkeep.ledger_of(await shape.upkeep.versions.one(LEDGER, ACTIVE), COUNTERS)
    await ledger.catch_up()
    timeless = {one.name for one in COUNTERS if not one.due and not one.older_than}
    figures = {
        cell["counter"]: cell["value"] for cell in (await ledger.read(Query())).json()["cells"]
    }
    assert timeless <= figures.keys()
    for cell in said[0]["cells"]:
        if cell["counter"] in timeless:
            assert cell["value"] == figures[cell["counter"]], cell


async def killed_again_and_again(shape: Shape, rounds: int) -> None:
    """Each role in turn, in an order of chance, while the last may not be back yet."""
    order: list[str] = []
    async with shape.more_workers(), shape.load() as load:
        for _ in range(rounds):
            order = order or shape.chance.sample(ROLES, len(ROLES))
            await more(load, shape.chance.choice(BETWEEN))
            await shape.kill(order.pop())
        await more(load, shape.chance.choice(BETWEEN))
        again = load.again
    assert again > 0
    await is_whole(shape, load)


async def test_five_are_killed_in_any_order(shape: Shape) -> None:
    await killed_again_and_again(shape, len(ROLES))


@pytest.mark.soak
@pytest.mark.timeout(3_600)
async def test_thirty_are_killed_in_any_order(tmp_path: Path, random_seed: int) -> None:
    """Of a log so long that its first page is sealed meanwhile."""
    async with Shape(tmp_path, random.Random(random_seed), events=PAGE_EVENTS + 300) as shape:
        await killed_again_and_again(shape, 30)
        version = await shape.upkeep.versions.one(LEDGER, ACTIVE)
        assert await shape.upkeep.pages(version).count() == 1


@pytest.mark.parametrize(
    "seconds", [AWAY_SECONDS, pytest.param(LONG_AWAY_SECONDS, marks=pytest.mark.soak)]
)
async def test_commands_go_on_while_the_broker_is_away(shape: Shape, seconds: float) -> None:
    async with shape.load() as load:
        await more(load, 10)
        async with shape.kafka_away():
            answered = len(load.sent)
            await asyncio.sleep(seconds)
            assert len(load.sent) - answered > seconds
        await more(load, 10)
    await is_whole(shape, load)


# --- stopped, and continued -----------------------------------------------------------------------


async def test_a_leader_that_was_stopped_beyond_its_lease_goes_on(shape: Shape) -> None:
    async with shape.load() as load:
        await more(load, 10)
        first = await shape.pid_of("relay")

        async def another_leads() -> bool:
            return await shape.leader() not in (0, first)

        async with stopped(first):
            await shape.eventually(another_leads, "another leads")
            await more(load, 20)
        await more(load, 20)
        assert started(first) is not None
    await is_whole(shape, load)


async def test_a_worker_that_was_stopped_beyond_its_session_goes_on(shape: Shape) -> None:
    """Once inside its statement, which lands; once with a batch in its hands alone."""
    async with shape.more_workers(), shape.load() as load:
        for lands in (True, False):
            await more(load, 5)
            await stopped_and_continued(shape, load, lands=lands)
        await more(load, 10)
    await is_whole(shape, load)


async def stopped_and_continued(shape: Shape, load: Load, *, lands: bool) -> None:
    """One of two workers: the other takes over, and it begins afresh in the end."""
    pid = await shape.pid_of("worker")
    await stop_inside_its_statement(shape, pid, lands=lands)
    began = time.monotonic()
    try:

        async def taken_over() -> bool:
            others = [
                parts for name, parts in (await shape.parts()).items()
                if not name.endswith(f":{pid}")
            ]  # fmt: skip
            return any(len(parts) == PARTS for parts in others)

        await until(taken_over, "the other worker reads everything")
        await more(load, 20)
        # The broker has counted from the last it heard, the worker counts from when it stopped.
        await asyncio.sleep(began + SESSION_SECONDS - time.monotonic())
    finally:
        os.kill(pid, signal.SIGCONT)
    # It finds out that it was replaced, and makes room for one that begins afresh.
    await until(lambda: shape.others.pids["worker-1"] != pid, "it is started again")
    await shape.shared_by(2)


# --- more workers, and fewer ----------------------------------------------------------------------

SLIPS_OF = """
SELECT count(*) FROM projections.slip AS s WHERE s.part = ANY ($1::integer[]) AND s.lo > $2
"""


async def test_three_workers_share_the_work_of_one_and_give_it_back(shape: Shape) -> None:
    async with shape.load() as load:
        await more(load, 10)
        async with shape.more_workers(2):
            head = await shape.log.head()
            shares = await shape.parts()

            async def each_has_written() -> bool:
                if (now := await shape.parts()) != shares:
                    shares.clear()
                    shares.update(now)
                    return False
                found = [
                    await shape.database.value(SLIPS_OF, sorted(parts), head)
                    for parts in shares.values()
                ]
                return len([count for count in found if count]) == 3

            await until(each_has_written, "each of three workers has written")
            await more(load, 20)
        await shape.shared_by(1)
        await more(load, 20)
    await is_whole(shape, load)


# --- what Kafka holds -----------------------------------------------------------------------------


def records(shape: Shape) -> list[Any]:
    """Everything in the topic of the runs, each partition in its order."""
    consumer = KafkaConsumer(bootstrap_servers=shape.kafka.bootstrap, enable_auto_commit=False)
    try:
        parts = [TopicPartition(shape.settings.kafka.batches_topic, part) for part in range(PARTS)]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        found: list[Any] = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for polled in consumer.poll(timeout_ms=200).values():
                found += polled
        return found
    finally:
        consumer.close()


@contextlib.contextmanager
def sending(shape: Shape) -> Any:
    """Send records by hand: partition, value and headers."""
    producer = KafkaProducer(bootstrap_servers=shape.kafka.bootstrap)
    topic = shape.settings.kafka.batches_topic
    try:
        yield lambda part, value, headers: producer.send(
            topic, value, partition=part, headers=headers
        )
        producer.flush()
    finally:
        producer.close()


async def runs_after(shape: Shape, position: int) -> list[Packed]:
    """What the relay would have sent, in small pieces."""
    reached, found = [position] * PARTS, []
    head = await shape.log.head()
    for after in range(position, head, 20):
        upto = min(after + 20, head)
        events = await shape.log.read(after=after, upto=upto, limit=20)
        runs = runs_of(events, shape.log.log_id, PARTS, reached, upto)
        for run in runs:
            reached[run.part] = upto
        found += runs
    marks = [Packed(shape.log.log_id, k, PARTS, reached[k], head, ()) for k in range(PARTS)]
    return [*found, *marks]


async def test_records_come_twice_in_any_order_and_once_more_from_the_beginning(
    shape: Shape,
) -> None:
    async with shape.load() as load:
        await more(load, 10)
        # No relay: what comes, comes by hand, out of order between the streams, some of it twice.
        await shape.relays.stop()
        position = min(await shape.log.relayed(shape.settings.kafka.prefix))
        await more(load, 40)
    pieces = await runs_after(shape, position)
    assert len(pieces) > 2 * PARTS
    mixed = [*pieces, *shape.chance.sample(pieces, len(pieces) // 2)]
    shape.chance.shuffle(mixed)
    with sending(shape) as send:
        for run in mixed:
            send(run.part, *pack(run))
    head = await shape.log.head()

    async def there() -> bool:
        versions = await shape.upkeep.over_kafka()
        return min([await shape.upkeep.position(one) for one in versions]) >= head

    await until(there, "everything sent by hand arrives")
    async with shape.load() as again:
        for number in (1, 2):
            await shape.relay(number)
        with sending(shape) as send:
            for record in await asyncio.to_thread(records, shape):
                send(record.partition, record.value, record.headers)
        await more(again, 20)
    await is_whole(shape, load, again)


# --- what cannot be taken in ----------------------------------------------------------------------


async def test_what_cannot_be_taken_in_is_parked_alone_and_taken_up_again_by_command(
    shape: Shape,
) -> None:
    def give(path: str, **fields: str) -> Any:
        answer = shape.ask("POST", path, shape.tokens["dispatcher"], fields, uuid4())
        assert answer.status in (200, 201), answer.body
        return answer.json

    rows = (await shape.upkeep.versions.one("case", ACTIVE)).name
    async with shape.load() as load:
        order = f"order/{(await asyncio.to_thread(give, 'order', area='c1', requester='p1'))['id']}"
        await shape.arrived()
        # A row that the database refuses, until it does not.
        await shape.database.fetch(
            f"ALTER TABLE projections.{rows} ADD CONSTRAINT poison"
            f" CHECK (stream <> '{order}') NOT VALID"
        )
        await asyncio.to_thread(give, f"{order}/dispatch", unit="u1")

        async def parked() -> bool:
            return bool(await shape.upkeep.parked())

        await until(parked, "the stream is parked")
        await more(load, 40)
        (one,) = await shape.upkeep.parked()
        assert (one.projection, one.stream) == (rows, order)
        said = json.loads((await shape.run("status", "--json")).out)
        assert said["parked"] == 1
        assert {one["name"]: one["parked"] for one in said["projections"]}[rows] == 1
        assert (await shape.run("parked", "retry", "case", order)).code == 1
        await shape.database.fetch(f"ALTER TABLE projections.{rows} DROP CONSTRAINT poison")
        assert (await shape.run("parked", "retry", "case", order)).code == 0
        await more(load, 20)
    await is_whole(shape, load)


async def test_the_topic_is_deleted(shape: Shape) -> None:
    async with shape.load() as load:
        await more(load, 20)
        admin = KafkaAdminClient(bootstrap_servers=shape.kafka.bootstrap)
        try:
            admin.delete_topics([shape.settings.kafka.batches_topic])
        finally:
            admin.close()
        await more(load, 40)
    await is_whole(shape, load)
