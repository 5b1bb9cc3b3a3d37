"""标尺 · A plain aiokafka consumer that does what `jishi worker` does, without Faust.

    python -m bench.consuming ledger        (settings as `jishi worker` reads them)

It reads every partition by itself: no group, nobody to take over. What it hands the runs to is the
same, and so are the statements that write them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from projections.database import Database
from services.books import road_of, upkeep_of
from services.kernel.catalogue import discover
from services.run import settings
from services.workers import Served, Serving
from streams.log import PostgresLog
from streams.wire import unpack

PROGRAM = "bench.consuming"
WAIT_MS = 50
FETCH_BYTES = 4 << 20
LOOK_SECONDS = 1.0
NEVER_SECONDS = 3_600.0


async def consume(projections: Sequence[str]) -> None:
    """Until it is ended."""
    given, catalogue = settings.read(), discover()
    log = await PostgresLog.open(str(given.database_url), catalogue.shapes)
    database = await Database.open(str(given.read_database_url))
    upkeep = upkeep_of(database, log, catalogue, road_of(given))
    await upkeep.install()
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    serving = Serving(
        database,
        [Served(log, upkeep, given.kafka.prefix)],
        projections=projections,
        heal_seconds=NEVER_SECONDS,
        failed=failed.set_exception,
    )
    consumer = AIOKafkaConsumer(
        bootstrap_servers=given.kafka_bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    parts = range(given.kafka.partitions)
    offsets = await serving.assigned(parts)
    assigned = {part: TopicPartition(given.kafka.batches_topic, part) for part in parts}
    consumer.assign(list(assigned.values()))
    for part, offset in offsets.items():
        consumer.seek(assigned[part], offset)
    serving.begins_at(offsets)
    looking = asyncio.create_task(_look(serving))
    reading = asyncio.create_task(_read(consumer, serving))
    await asyncio.wait({looking, reading, failed}, return_when=asyncio.FIRST_COMPLETED)
    raise AssertionError(f"the consumer has ended: {looking} {reading} {failed}")


async def _read(consumer: AIOKafkaConsumer, serving: Serving) -> None:
    while True:
        for messages in (await consumer.getmany(timeout_ms=WAIT_MS)).values():
            for message in messages:
                run = unpack(message.value or b"", message.headers)
                await serving.take(run, message.offset + 1)


async def _look(serving: Serving) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await serving.look()


if __name__ == "__main__":
    asyncio.run(consume(sys.argv[1:]))
