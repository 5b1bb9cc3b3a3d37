"""滞后 · From the commit of an event to the number that includes it, in another process.

A thousand events a second come one by one. The other process hears of them, lets its ledger catch
up and reads the number; each event's time is that of the first number it is part of.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from statistics import median

import orjson

from bench import deeds
from bench.figures import Finding, at_most, percentile
from bench.stand import Stand
from events.ports import Appended
from projections.counters import COUNTERS
from projections.ledger import Ledger
from projections.query import Query
from services.kernel.catalogue import discover
from streams.log import PostgresLog

PROGRAM = "bench.lagging"
PER_SECOND = 1_000
ASKED = Query(counters=("orders_placed",))
SECONDS_MAX = 60.0
WARM_SECONDS = 0.5


async def run(stand: Stand) -> list[Finding]:
    """Some seconds in each round; the reader stays."""
    dsn = await stand.database("lag")
    log = await PostgresLog.open(dsn, discover().shapes)
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", PROGRAM, dsn, stdout=asyncio.subprocess.PIPE
    )
    try:
        await line_of(reader)
        await _written(log, WARM_SECONDS, PER_SECOND)
        rounds = [await seen(log, reader, stand.scale.seconds) for _ in range(stand.scale.rounds)]
    finally:
        reader.terminate()
        await reader.wait()
        await log.close()
        await stand.drop("lag")
    since_commit = [[at - acked for _, acked, at in one] for one in rounds]
    since_call = [[at - called for called, _, at in one] for one in rounds]
    p99 = median(percentile(one, 0.99) for one in since_commit) * 1e3
    return [
        at_most(
            "lag p99",
            "ms",
            p99,
            10.0,
            "commit → counter visible p99 ≤ 10 ms at 1,000 events/s",
            p50_ms=median(percentile(one, 0.5) for one in since_commit) * 1e3,
            from_the_call_p99_ms=median(percentile(one, 0.99) for one in since_call) * 1e3,
        )
    ]


async def seen(
    log: PostgresLog,
    reader: asyncio.subprocess.Process,
    seconds: float,
    per_second: int = PER_SECOND,
) -> list[tuple[float, float, float]]:
    """(called, answered, seen) of every event."""
    written = await _written(log, seconds, per_second)
    last = max(written)
    told: list[tuple[int, float]] = []
    async with asyncio.timeout(SECONDS_MAX):
        while not told or told[-1][0] < last:
            told.append(await line_of(reader))
    found = []
    turn = iter(told)
    position, at = next(turn)
    for number in sorted(written):
        while position < number:
            position, at = next(turn)
        called, answered = written[number]
        found.append((called, answered, at))
    return found


async def _written(
    log: PostgresLog, seconds: float, per_second: int
) -> dict[int, tuple[float, float]]:
    """Append at an even pace; by position, when it was called and when it was answered."""
    found: dict[int, tuple[float, float]] = {}

    async def once() -> None:
        called = time.monotonic()
        (outcome,) = await log.append([deeds.new_append()])
        if not isinstance(outcome, Appended):
            raise AssertionError(f"a new stream was answered with {outcome}")
        found[outcome.position] = (called, time.monotonic())

    began = time.monotonic()
    async with asyncio.TaskGroup() as calls:
        for number in range(int(seconds * per_second)):
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
            calls.create_task(once())
    return found


async def line_of(reader: asyncio.subprocess.Process) -> tuple[int, float]:
    """What a reader says next: a position, and when its number was there."""
    if reader.stdout is None:
        raise AssertionError("the reader was started without a way out")
    line = await reader.stdout.readline()
    if not line:
        raise AssertionError("the reader has ended")
    position, at = orjson.loads(line)
    return position, at


async def _read(dsn: str) -> None:
    """The reader: for each number it has read, the position it is of, and the time."""
    log = await PostgresLog.open(dsn, discover().shapes)
    ledger = Ledger(log, COUNTERS, discover().shapes)
    await ledger.catch_up()
    head = ledger.position
    say(head)
    async for _ in log.follow(head):
        await ledger.catch_up()
        reading = await ledger.read(ASKED, now=datetime.now(UTC))
        if reading.value("orders_placed") != ledger.position:
            raise AssertionError(f"{reading.value('orders_placed')} counted of {ledger.position}")
        say(reading.as_of.position)


def say(position: int) -> None:
    """The number of this position is there, now."""
    sys.stdout.buffer.write(orjson.dumps([position, time.monotonic()]) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_read(sys.argv[1]))
