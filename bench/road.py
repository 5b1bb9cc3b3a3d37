"""上路 · The road over Kafka: what the relay sends a second, what one worker takes in, and how long
it is from a commit to the number that includes it.

Relay and workers are processes as anybody starts them; the broker is the local one. A log is filled
first, and then sent and taken in as fast as it goes. A program without Faust that does the same
shows what Faust costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from statistics import median
from typing import Any

import asyncpg
import psutil
from kafka import KafkaAdminClient, KafkaProducer

from bench import consuming, lagging
from bench.asking import JISHI
from bench.figures import OURS, Finding, Sample, at_most, compared, middle, percentile
from bench.fill import fill
from bench.measuring import Spent, rounds
from bench.stand import LOG_ID, Stand
from projections.combine import CHANNEL
from projections.counters import COUNTERS
from projections.database import Database
from services.books import road_of, upkeep_of
from services.kernel.catalogue import discover
from services.run import broker, settings
from streams.limits import KafkaLimits
from streams.log import PostgresLog
from streams.wire import Packed, pack, part_of

PROGRAM = "bench.road"
AIOKAFKA = "plain aiokafka, the same lanes and statements"
ROWS = "jishi, rows of cases and of deadlines"
RUNS_ONLY = "jishi, without the topic of single events"
PARTS = KafkaLimits().partitions
SECONDS_MAX = 300.0
LOOK_SECONDS = 0.01
POLL_SECONDS = 0.5
PACKED_FLOOR, SINGLE_FLOOR, LAG_MS = 25_000.0, 5_000.0, 150.0
SINGLES_SHARE = 4
"""Of the log, one in so many events is also sent as a record of its own."""
_numbers = count(1)


@dataclass(frozen=True)
class Road:
    """One log, and a broker. Topics and read databases are made anew for each stretch."""

    stand: Stand
    kafka: broker.Broker
    dsn: str
    head: int = 0

    def settings(self, prefix: str, read: str | None = None) -> dict[str, str]:
        """What a process on this road is told."""
        return {
            "JISHI_HOME": str(self.stand.home / "road"),
            "JISHI_DATABASE_URL": self.dsn,
            "JISHI_READ_DATABASE_URL": read or self.dsn,
            "JISHI_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "JISHI_KAFKA__PREFIX": prefix,
            # What is to be measured is Kafka's part.
            "JISHI_KAFKA__HEAL_SECONDS": "3600",
        }


async def run(stand: Stand) -> list[Finding]:
    """The relay, the workers, and the way from one end to the other."""
    running = await asyncio.to_thread(broker.start, stand.home / "kafka", talk=stand.say)
    try:
        dsn = await stand.database("road")
        head = await fill(dsn, stand.scale.sent, areas=[f"grid-{n}" for n in range(2_000)])
        road = Road(stand, running, dsn, head)
        packed = new_prefix()
        found = [await _relay(road, packed), *await _workers(road, packed)]
        await stand.drop("road")
        found += await _lag(Road(stand, running, await stand.database("road_lag")))
        await stand.drop("road_lag")
        return found
    finally:
        await asyncio.to_thread(running.stop)


# --- processes ------------------------------------------------------------------------------------


def new_prefix() -> str:
    """For topics of their own."""
    return f"bench-{next(_numbers)}."


@contextlib.asynccontextmanager
async def process(
    road: Road, given: Mapping[str, str], *words: str
) -> AsyncIterator[psutil.Process]:
    """A Python process on this road, ended at once at the end: nothing of it is lost."""
    path = road.stand.home / "road.log"
    with path.open("ab") as said:
        made = await asyncio.create_subprocess_exec(
            sys.executable, *words, env={**os.environ, **given}, stdout=said, stderr=said
        )
    try:
        yield psutil.Process(made.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            made.kill()
        await made.wait()


def jishi(*words: str) -> tuple[str, ...]:
    """The program, as anybody starts it."""
    return ("-c", JISHI, *words)


async def until(condition: Callable[[], Awaitable[bool]], what: str, road: Road) -> None:
    """Wait for it. Raises AssertionError where it takes too long."""
    end = time.monotonic() + SECONDS_MAX
    while not await condition():
        if time.monotonic() > end:
            said = (road.stand.home / "road.log").read_text(errors="replace")
            raise AssertionError(f"waited in vain: {what}: {said[-2_000:]}")
        await asyncio.sleep(LOOK_SECONDS)


async def stretch(
    road: Road,
    client: psutil.Process,
    begun: Callable[[], Awaitable[bool]],
    position: Callable[[], Awaitable[float]],
    what: str,
) -> Sample:
    """From when it has begun, until the head of the log is reached."""

    async def over() -> bool:
        return await position() >= road.head

    await until(begun, f"{what} begins", road)
    first, began, spent = await position(), time.perf_counter(), Spent(road.stand, client)
    await until(over, f"{what} reaches the head", road)
    events, took = road.head - first, time.perf_counter() - began
    micros, server = spent.micros(int(events))
    return Sample(events / took, client_us=micros, server_us=server)


# --- the relay ------------------------------------------------------------------------------------

RELAYED = "SELECT coalesce((SELECT r.position FROM streams.relay AS r WHERE r.topics = $1), 0)"


async def _relay(road: Road, packed: str) -> Finding:
    """Everything, round by round; then the runs alone, once, to the topic the workers read."""
    samples = await rounds(road.stand, {OURS: lambda _: relayed(road, new_prefix())})
    found = compared("kafka relay", samples, goals={}, goal="more than a worker takes in")
    alone = await relayed(road, packed, single_events="false")
    found.peers = {RUNS_ONLY: alone.per_second}
    found.also |= {"runs_alone_cpu_client_us": alone.client_us}
    return found


async def relayed(road: Road, prefix: str, single_events: str = "true") -> Sample:
    """The whole log, by one relay, to topics of its own."""
    given = road.settings(prefix) | {"JISHI_KAFKA__SINGLE_EVENTS": single_events}
    connection = await asyncpg.connect(road.dsn)
    try:
        async with process(road, given, *jishi("relay", "--create-topics")) as client:

            async def position() -> float:
                return float(await connection.fetchval(RELAYED, prefix))

            async def begun() -> bool:
                return await position() > 0

            return await stretch(road, client, begun, position, "the relay")
    finally:
        await connection.close()


# --- the workers ----------------------------------------------------------------------------------

TAKEN_IN = """
SELECT coalesce(sum(c.position), 0)::float8 / $1 / greatest(count(DISTINCT c.projection), 1)
FROM projections.checkpoint AS c WHERE c.part >= 0 AND c.projection = ANY ($2::text[])
"""

ASSIGNED = "SELECT count(*) FROM projections.worker AS w WHERE cardinality(w.parts) > 0"


async def _workers(road: Road, packed: str) -> list[Finding]:
    singles = new_prefix()
    part = Road(road.stand, road.kafka, road.dsn, road.head // SINGLES_SHARE)
    await asyncio.to_thread(_send_singly, part, singles, await _events(part))
    worker, plain = jishi("worker", "--projection", "ledger"), ("-m", consuming.PROGRAM, "ledger")
    rows = jishi("worker", "--projection", "case", "--projection", "due")
    ledger = ("ledger_v1",)
    by_run = await rounds(
        road.stand,
        {
            OURS: lambda _: taken_in(road, packed, worker, ledger),
            AIOKAFKA: lambda _: taken_in(road, packed, plain, ledger),
        },
    )
    by_row = await taken_in(road, packed, rows, ("case_v1", "due_v1"))
    by_event = await rounds(
        road.stand,
        {
            OURS: lambda _: taken_in(part, singles, worker, ledger),
            AIOKAFKA: lambda _: taken_in(part, singles, plain, ledger),
        },
    )
    by_run_found = _judged("kafka worker, packed", by_run, PACKED_FLOOR, "≥ 25,000 events/s")
    by_run_found.peers[ROWS] = by_row.per_second
    by_run_found.also["rows_cpu_client_us"] = by_row.client_us
    by_event_found = _judged("kafka worker, single", by_event, SINGLE_FLOOR, "≥ 5,000 records/s")
    return [by_run_found, by_event_found]


def _judged(row: str, samples: Mapping[str, Any], floor: float, goal: str) -> Finding:
    found = compared(row, samples, goals={}, goal=f"{goal} a worker")
    found.met = (found.ours or 0.0) >= floor
    found.also["aiokafka_cpu_client_us"] = middle(samples[AIOKAFKA], "client_us")
    return found


async def taken_in(
    road: Road, prefix: str, words: tuple[str, ...], versions: tuple[str, ...]
) -> Sample:
    """The whole topic, by one worker, into an empty read database."""
    read = await road.stand.database("road_read")
    connection = await asyncpg.connect(read)

    async def position() -> float:
        return float(await connection.fetchval(TAKEN_IN, PARTS, list(versions)))

    async def assigned() -> bool:
        """It has its partitions, and is about to read; nothing of them is in its hands yet."""
        return bool(await connection.fetchval(ASSIGNED))

    try:
        async with process(road, road.settings(prefix, read), *words) as client:
            return await stretch(road, client, assigned, position, " ".join(words[-2:]))
    finally:
        await connection.close()
        await road.stand.drop("road_read")


async def _events(road: Road) -> list[tuple[int, bytes, list[tuple[str, bytes]]]]:
    """Partition, value and headers of a record for each event, and of the marks at the end."""
    log = await PostgresLog.open(road.dsn, {})
    found, reached = [], [0] * PARTS
    for after in range(0, road.head, 10_000):
        upto = min(after + 10_000, road.head)
        for event in await log.read(after=after, upto=upto, limit=10_000):
            part = part_of(event.stream, PARTS)
            run = Packed(LOG_ID, part, PARTS, reached[part], event.position, (event,))
            reached[part] = event.position
            found.append((part, *pack(run)))
    marks = [Packed(LOG_ID, part, PARTS, reached[part], road.head, ()) for part in range(PARTS)]
    await log.close()
    return found + [(run.part, *pack(run)) for run in marks]


def _send_singly(
    road: Road, prefix: str, records: list[tuple[int, bytes, list[tuple[str, bytes]]]]
) -> None:
    topic = f"{prefix}batches"
    admin = KafkaAdminClient(bootstrap_servers=road.kafka.bootstrap)
    admin.create_topics({topic: {"num_partitions": PARTS, "replication_factor": 1}})
    admin.close()
    producer = KafkaProducer(bootstrap_servers=road.kafka.bootstrap, linger_ms=20)
    for part, value, headers in records:
        producer.send(topic, value, partition=part, headers=headers)
    producer.flush()
    producer.close()


# --- from the commit to the number ----------------------------------------------------------------

PACES = (200, 1_000)
"""Events a second."""
WARM_SECONDS = 1.0


async def _lag(road: Road) -> list[Finding]:
    """One relay and one worker that keeps everything, as in the smallest such shape; and a reader
    of the numbers, as the API is one."""
    prefix = new_prefix()
    given = road.settings(prefix)
    log = await PostgresLog.open(road.dsn, discover().shapes)
    found = []
    async with (
        process(road, given, *jishi("relay", "--create-topics")),
        process(road, given, *jishi("worker")),
    ):
        reader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", PROGRAM),
            env={**os.environ, **given},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await lagging.line_of(reader)
            for pace in PACES:
                await lagging.seen(log, reader, WARM_SECONDS, pace)
                taken = [
                    await lagging.seen(log, reader, road.stand.scale.seconds, pace)
                    for _ in range(road.stand.scale.rounds)
                ]
                found.append(_latency(pace, taken))
        finally:
            reader.terminate()
            await reader.wait()
            await log.close()
    return found


def _latency(pace: int, taken: list[list[tuple[float, float, float]]]) -> Finding:
    waits = [[at - acked for _, acked, at in one] for one in taken]
    return at_most(
        f"kafka lag p99, {pace:,}/s",
        "ms",
        median(percentile(one, 0.99) for one in waits) * 1e3,
        LAG_MS,
        f"commit → counter over Kafka p99 ≤ 150 ms at {pace:,} events/s",
        p50_ms=median(percentile(one, 0.5) for one in waits) * 1e3,
    )


async def _read() -> None:
    """The reader: what workers write is followed as the API follows it."""
    given, catalogue = settings.read(), discover()
    log = await PostgresLog.open(str(given.database_url), catalogue.shapes)
    database = await Database.open(str(given.read_database_url))
    upkeep = upkeep_of(database, log, catalogue, road_of(given))
    await upkeep.install()
    ledger = await upkeep.ledger(COUNTERS)
    lagging.say(await ledger.catch_up())
    news = asyncio.Event()
    hearing = asyncio.create_task(database.hear(CHANNEL, news.set, POLL_SECONDS))
    while not hearing.done():
        await news.wait()
        news.clear()
        before = ledger.position
        if await ledger.catch_up() == before:
            continue
        reading = await ledger.read(lagging.ASKED, now=datetime.now(UTC))
        if reading.value("orders_placed") != ledger.position:
            raise AssertionError(f"{reading.value('orders_placed')} counted of {ledger.position}")
        lagging.say(reading.as_of.position)


if __name__ == "__main__":
    asyncio.run(_read())
