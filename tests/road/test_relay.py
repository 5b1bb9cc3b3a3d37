"""The relay against a real Kafka and a real Postgres: whatever is killed or stopped, everything in
the log arrives, in order, and what comes again is a stretch sent again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from kafka import KafkaAdminClient
from structlog.testing import capture_logs

from events.errors import Broken, Invalid
from services.run import broker
from services.terminal.standing import relays
from streams import relay
from streams.limits import LIMITS, KafkaLimits
from streams.log import PostgresLog
from streams.schema import establish
from tests.road.sent import LEASE_SECONDS, PARTS, Road, check_all, eventually, fill, until
from tests.streams.making import LOG_ID, SHAPES

END_SECONDS_MAX = 4.0
"""Less than anything in a relay ever waits for."""

pytestmark = [pytest.mark.kafka, pytest.mark.process]


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresLog]:
    """A log of this test's own, that knows a few small facts."""
    connection = await asyncpg.connect(database)
    await establish(connection, log_id=LOG_ID)
    await connection.close()
    opened = await PostgresLog.open(database, SHAPES)
    yield opened
    await opened.close()


@pytest.fixture
def road(database: str, kafka: str) -> Road:
    """Where its relays read and write."""
    return Road(database, kafka)


@contextlib.contextmanager
def administration(road: Road) -> Iterator[KafkaAdminClient]:
    """Kafka's own way to look after topics."""
    admin = KafkaAdminClient(bootstrap_servers=road.bootstrap)
    try:
        yield admin
    finally:
        admin.close()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[broker.Broker]:
    """A broker that may be killed."""
    with broker.start(tmp_path / "kafka", talk=print) as running:
        yield running


class Load:
    """Something that appends all the time."""

    def __init__(self, log: PostgresLog, written: int = 0) -> None:
        self._log = log
        self.written = written

    @contextlib.asynccontextmanager
    async def under(self) -> AsyncIterator[None]:
        """Append for as long as the block lasts: some hundred events a second."""
        ending = asyncio.Event()
        task = asyncio.create_task(self._append(ending))
        try:
            yield
        finally:
            ending.set()
            await task

    async def _append(self, ending: asyncio.Event) -> None:
        while not ending.is_set():
            await fill(self._log, 50, first=self.written)
            self.written += 50
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), 0.1)


@contextlib.asynccontextmanager
async def relaying(
    road: Road, *, create_topics: bool = True, **limits: Any
) -> AsyncIterator[asyncio.Task[None]]:
    """A relay within this process."""
    kafka = KafkaLimits(
        prefix=road.prefix, **{"partitions": PARTS, "lease_seconds": LEASE_SECONDS, **limits}
    )
    task = asyncio.create_task(
        relay.run(road.dsn, road.bootstrap, kafka, LIMITS, create_topics=create_topics)
    )
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_every_event_arrives_once_in_order_and_the_marks_reach_the_head(
    road: Road, log: PostgresLog
) -> None:
    await fill(log, 2_000)
    async with relaying(road):
        await road.told(2_000)
        await fill(log, 1, first=2_000)
        # One event: three of four partitions get nothing but the mark.
        await road.told(2_001)
    assert check_all(road, 2_001) == 0
    assert [run for runs in road.runs().values() for run in runs if not run.events]
    assert await road.leader() == ""
    # Another goes on where this one ended, and sends nothing twice.
    await fill(log, 10, first=2_001)
    async with relaying(road):
        await road.told(2_011)
    assert check_all(road, 2_011) == 0


async def test_without_single_events_only_the_runs_are_sent(road: Road, log: PostgresLog) -> None:
    await fill(log, 100)
    async with relaying(road, single_events=False):
        await road.told(100)
    assert sum(len(run.events) for runs in road.runs().values() for run in runs) == 100
    with administration(road) as admin:
        assert road.events_topic not in admin.list_topics()


async def test_a_relay_killed_under_load_is_followed_by_the_next(
    road: Road, log: PostgresLog
) -> None:
    await fill(log, 500)
    load = Load(log, 500)
    async with load.under():
        for _ in range(2):
            begun = await road.position()
            with road.relay() as killed:
                await eventually(partial(_passed, road, begun + 200))
                killed.kill()
    with road.relay():
        await road.told(load.written)
    check_all(road, load.written)


async def _passed(road: Road, position: int) -> bool:
    return await road.position() > position


async def test_of_two_relays_one_leads_and_a_stopped_leader_is_replaced(
    road: Road, log: PostgresLog
) -> None:
    """Beyond its lease the other leads; the one that comes back finds that out, and stands by."""
    load = Load(log)
    with road.relay() as left, road.relay() as right:
        processes = {f":{one.pid}:": one for one in (left, right)}
        async with load.under():
            await eventually(lambda: _passed(road, 100))
            first = await road.leader()
            (leading,) = [one for mark, one in processes.items() if mark in first]
            leading.send_signal(signal.SIGSTOP)
            await eventually(lambda: _another(road, first))
            taken_over = await road.position()
            leading.send_signal(signal.SIGCONT)
            await eventually(lambda: _passed(road, taken_over + 300))
        await road.told(load.written)
        (deposed,) = [one for mark, one in processes.items() if mark in first]
        assert deposed.poll() is None
        deposed.terminate()
        said = [line["event"] for line in road.said(deposed)]
        assert "leads" in said
        assert [event for event in said if event.startswith("leads no more")]
    check_all(road, load.written)


async def _another(road: Road, first: str) -> bool:
    return await road.leader() not in ("", first)


async def test_a_broker_that_was_killed_is_waited_for(
    database: str, log: PostgresLog, own_broker: broker.Broker
) -> None:
    road = Road(database, own_broker.bootstrap)
    await fill(log, 300)
    with road.relay() as leading:
        await road.told(300)
        own_broker.kill()
        await fill(log, 300, first=300)
        (line,) = await relays(database, await log.head())
        assert (line["topics"], line["position"], line["lag_events"]) == (road.prefix, 300, 300)
        # It goes on leading meanwhile.
        beyond = await road.leased_until() + LEASE_SECONDS
        await eventually(lambda: _leased_beyond(road, beyond))
        assert line["leader"] == await road.leader() != ""
        own_broker.revive()
        await road.told(600)
        check_all(road, 600)
        leading.terminate()
        leading.communicate(timeout=END_SECONDS_MAX)
    assert leading.returncode == 0
    # One that is away for longer than that ends the relay: only with its process ends what it has
    # under way, which could otherwise arrive after what is sent later.
    road.settings = {"JISHI_KAFKA__FLUSH_SECONDS": "1.5"}
    with road.relay() as leading:
        await eventually(road.leader)
        own_broker.kill()
        await fill(log, 10, first=600)
        _, err = await asyncio.to_thread(leading.communicate, timeout=30)
    assert leading.returncode == 5
    assert "start it again when the broker is back" in err


async def _leased_beyond(road: Road, until: float) -> bool:
    return await road.leased_until() > until


async def test_a_topic_deleted_under_a_relay_is_made_again(road: Road, log: PostgresLog) -> None:
    await fill(log, 200)
    with administration(road) as admin:
        async with relaying(road) as task:
            await road.told(200)
            admin.delete_topics([road.batches_topic, road.events_topic])
            await fill(log, 200, first=200)
            await road.told(400)
            await eventually(lambda: _there(admin, road.batches_topic))
            await fill(log, 200, first=400)
            await road.told(600)
            assert not task.done()
    # What was in the old topic is gone: a reader sees the hole, and reads the log.
    for runs in road.runs().values():
        assert [after.previous for after in runs[1:]] == [run.upto for run in runs[:-1]]
        assert runs[-1].upto == 600
        assert runs[0].previous <= 400


async def _there(admin: KafkaAdminClient, topic: str) -> bool:
    return topic in await asyncio.to_thread(admin.list_topics)


async def test_topics_are_made_only_where_that_was_asked_for(road: Road, log: PostgresLog) -> None:
    await fill(log, 20)
    with capture_logs() as said, administration(road) as admin:
        async with relaying(road, create_topics=False):
            await eventually(lambda: _any(said))
            assert "--create-topics" in said[0]["event"]
            assert said[0]["topics"] == [road.events_topic, road.batches_topic]
            form = {"num_partitions": PARTS, "replication_factor": 1}
            admin.create_topics({road.events_topic: form, road.batches_topic: form})
            await road.told(20)
    check_all(road, 20)


async def _any(said: list[Any]) -> bool:
    return bool(said)


async def test_topics_with_other_partitions_are_refused(road: Road, log: PostgresLog) -> None:
    await fill(log, 1)
    async with relaying(road):
        await road.told(1)
    async with relaying(road, partitions=3) as task:
        with pytest.raises(Invalid, match=f"has {PARTS} partitions, and JISHI_KAFKA__PARTITIONS"):
            await task
    with administration(road) as admin:
        admin.delete_topics([road.batches_topic, road.events_topic])
    # Nor may topics made anew have another number: the checkpoints are by partition.
    async with relaying(road, partitions=3) as task:
        with pytest.raises(Invalid, match=f"were begun with {PARTS} partitions"):
            await task


async def test_a_log_restored_from_an_older_copy_is_noticed(road: Road, log: PostgresLog) -> None:
    await fill(log, 10)
    async with relaying(road):
        await road.told(10)
    connection = await asyncpg.connect(road.dsn)
    await connection.execute("UPDATE streams.relay SET position = 11")
    await connection.close()
    async with relaying(road) as task:
        with pytest.raises(Broken, match="filled up to position 11, and the log ends at 10"):
            await task


def test_without_a_broker_the_exit_code_is_5(tmp_path: Path) -> None:
    road = Road("", "")
    with road.process("relay", "--home", str(tmp_path / "none")) as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 5
    assert "JISHI_KAFKA_BOOTSTRAP" in err
    assert not (tmp_path / "none").exists()


async def test_a_relay_that_waits_for_a_broker_ends_at_once_when_asked(
    database: str, log: PostgresLog
) -> None:
    await fill(log, 1)
    with Road(database, "127.0.0.1:9").relay() as process:
        assert process.stderr is not None
        until(lambda: "waits for the broker" in next(iter(process.stderr or ())))
        process.terminate()
        process.communicate(timeout=END_SECONDS_MAX)
    assert process.returncode == 0
