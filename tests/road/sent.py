"""Relays of the tests' own, and what they have sent: read back with a plain consumer."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
from kafka import KafkaConsumer, TopicPartition

from events.envelope import Recorded
from events.ports import Append, Appended, Repeated
from streams.log import PostgresLog
from streams.wire import Packed, part_of, recorded_of, unpack
from tests.streams.making import Spell, written

PROGRAM = Path(sys.executable).with_name("jishi")
SECONDS_MAX = 30.0
PARTS = 4
LEASE_SECONDS = 1.0
_prefixes = count(1)


def new_prefix() -> str:
    """For the topics of one test alone."""
    return f"t{os.getpid()}-{next(_prefixes)}."


def until(condition: Callable[[], bool], seconds: float = SECONDS_MAX) -> None:
    """Wait for it, but not for ever."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not come to pass"
        time.sleep(0.02)


async def eventually(condition: Callable[[], Awaitable[Any]], seconds: float = SECONDS_MAX) -> None:
    """The same for what has to be asked."""
    limit = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < limit, "it did not come to pass"
        await asyncio.sleep(0.05)


async def fill(log: PostgresLog, events: int, *, streams: int = 50, first: int = 0) -> None:
    """Append so many small events, spread over streams."""
    revisions = {each: -((each - first) // streams) for each in range(streams)}
    items: list[Append] = []
    for number in range(first, first + events):
        stream = number % streams
        spell = Spell(area=f"c{stream % 3}")
        items.append(written(f"deed/{stream}", revisions[stream], [spell], log=log.log_id))
        revisions[stream] += 1
        if len(items) == 500:
            await _append(log, items)
            items = []
    await _append(log, items)


async def _append(log: PostgresLog, items: list[Append]) -> None:
    """Of what was sent again, the first may have landed."""
    outcomes = await log.append(items)
    assert all(isinstance(outcome, Appended | Repeated) for outcome in outcomes), outcomes


@dataclass
class Road:
    """Where a test's relays read and write."""

    dsn: str
    bootstrap: str
    prefix: str = field(default_factory=new_prefix)
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The settings of a process on this road."""
        inherited = {name: value for name, value in os.environ.items() if name[:6] != "JISHI_"}
        return {
            **inherited,
            "LC_ALL": "C.UTF-8",
            "JISHI_LANG": "en",
            "JISHI_DATABASE_URL": self.dsn,
            "JISHI_KAFKA_BOOTSTRAP": self.bootstrap,
            "JISHI_KAFKA__PREFIX": self.prefix,
            "JISHI_KAFKA__PARTITIONS": str(PARTS),
            "JISHI_KAFKA__LEASE_SECONDS": str(LEASE_SECONDS),
            **self.settings,
        }

    @contextmanager
    def process(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A process of the program on this road; killed at the end where it still runs."""
        process = subprocess.Popen(
            [str(PROGRAM), *words],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextmanager
    def relay(self) -> Iterator[subprocess.Popen[str]]:
        """A relay process that makes its topics."""
        with self.process("relay", "--create-topics") as process:
            yield process

    @property
    def events_topic(self) -> str:
        return f"{self.prefix}events"

    @property
    def batches_topic(self) -> str:
        return f"{self.prefix}batches"

    def records(self, topic: str) -> dict[int, list[Any]]:
        """Everything in a topic, by partition, in order."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, group_id=None
        )
        try:
            parts = [TopicPartition(topic, part) for part in range(PARTS)]
            consumer.assign(parts)
            consumer.seek_to_beginning(*parts)
            ends = consumer.end_offsets(parts)
            found: dict[int, list[Any]] = {part.partition: [] for part in parts}
            limit = time.monotonic() + SECONDS_MAX
            while any(consumer.position(part) < ends[part] for part in parts):
                assert time.monotonic() < limit
                for part, records in consumer.poll(timeout_ms=200).items():
                    found[part.partition] += records
        finally:
            consumer.close()
        return found

    def runs(self) -> dict[int, list[Packed]]:
        """The packed runs sent so far, by partition."""
        return {
            part: [unpack(record.value, record.headers) for record in records]
            for part, records in self.records(self.batches_topic).items()
        }

    def singles(self) -> dict[int, list[tuple[int, Recorded]]]:
        """The single events sent so far with their `previous`, by partition."""
        return {
            part: [
                (int(dict(record.headers)["previous"]), recorded_of(record.value))
                for record in records
            ]
            for part, records in self.records(self.events_topic).items()
        }

    async def position(self) -> int:
        """What the relay has had acknowledged; -1 where none has ever led."""
        return int(await self._ask("SELECT r.position FROM streams.relay AS r") or -1)

    async def leader(self) -> str:
        """The name of the relay whose lease has not run out, or nothing."""
        return str(
            await self._ask(
                "SELECT r.leader FROM streams.relay AS r WHERE r.lease_until > clock_timestamp()"
            )
            or ""
        )

    async def leased_until(self) -> float:
        """When the lease runs out, in seconds since 1970."""
        return float(
            await self._ask("SELECT extract(epoch FROM r.lease_until) FROM streams.relay AS r")
        )

    async def _ask(self, statement: str) -> Any:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    async def told(self, head: int) -> None:
        """Wait until all partitions have been told of everything up to the head."""
        statement = f"SELECT min(p) >= {head} FROM streams.relay AS r, unnest(r.reached) AS p"
        await eventually(lambda: self._ask(statement))

    def said(self, process: subprocess.Popen[str]) -> list[dict[str, Any]]:
        """What a process that has ended wrote to its log."""
        _, err = process.communicate(timeout=SECONDS_MAX)
        lines = err.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def taken(runs: list[Packed]) -> tuple[list[int], int]:
    """What a worker takes in of the runs of one partition, and where it ends: what it has had
    falls away; a hole would be an error here."""
    position, found = 0, []
    for run in runs:
        assert run.previous <= position, f"a hole before {run.previous}: only {position} is known"
        found += [event.position for event in run.events if event.position > position]
        position = max(position, run.upto)
    return found, position


def check_all(road: Road, head: int) -> int:
    """Everything up to the head is there, in both topics, in order; what came more than once came
    as a stretch sent again. Returns how many single events came again."""
    streams: dict[int, str] = {}
    again = 0
    for part, records in road.singles().items():
        known, before = 0, {0: 0}
        for previous, event in records:
            assert part_of(event.stream, PARTS) == part
            assert previous <= known, f"partition {part} has a hole before {event.position}"
            assert before.setdefault(event.position, previous) == previous, "another chain"
            again += event.position <= known
            known = max(known, event.position)
            streams[event.position] = event.stream
    assert sorted(streams) == list(range(1, head + 1))
    for part, runs in road.runs().items():
        found, reached = taken(runs)
        assert found == [one for one in sorted(streams) if part_of(streams[one], PARTS) == part]
        assert reached == head, f"partition {part} was told of {reached} only"
    return again
