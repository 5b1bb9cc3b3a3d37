"""Other departments' consumers, as the guide has them, and one that is not Python: Kafka's own."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jgo
import jsonschema_rs
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from events.envelope import Recorded
from services.kernel.catalogue import discover
from services.run import kafka_kit
from services.web.asyncapi import asyncapi
from services.web.schemas import DIALECT
from streams.limits import KafkaLimits
from streams.log import PostgresLog
from streams.wire import Header, part_of
from tests.deploy.test_compose import SERVICES
from tests.road.running import Road, until
from tests.town import Town, town_on

pytestmark = [pytest.mark.kafka, pytest.mark.process, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "howto" / "consume.md").read_text(encoding="utf-8")
PLAIN, FAUST = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
CONSOLE = "org.apache.kafka.tools.consumer.ConsoleConsumer"
_groups = itertools.count(1)


@pytest.fixture
async def town(log: PostgresLog) -> Town:
    """A small town."""
    return await town_on(log)


@pytest.fixture
async def road(
    database: str, log: PostgresLog, town: Town, kafka: str, tmp_path: Path
) -> AsyncIterator[Road]:
    """Its log has been sent whole."""
    for _ in range(3):
        await town.placed()
    async with Road(database, kafka, tmp_path) as road:
        road.relay()
        prefix, head = road.settings["JISHI_KAFKA__PREFIX"], await log.head()

        async def sent() -> bool:
            return min(await log.relayed(prefix), default=0) >= head

        await until(sent, "everything is sent")
        yield road


def topic(road: Road) -> str:
    return f"{road.settings['JISHI_KAFKA__PREFIX']}events"


class Consumer:
    """A program of the guide, at work."""

    def __init__(self, road: Road, text: str, *words: str) -> None:
        program = road.folder / "consume.py"
        program.write_text(text, encoding="utf-8")
        self.said = road.folder / "consumed"
        self._errors = road.folder / "errors"
        with self.said.open("wb") as out, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(program), *words],
                env={
                    **os.environ,
                    "KAFKA": road.bootstrap,
                    "TOPIC": topic(road),
                    "GROUP": f"department-{os.getpid()}-{next(_groups)}",
                    "DATA": str(road.folder / "faust"),
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
            )
        road.processes.append(self.process)

    @property
    def lines(self) -> list[str]:
        """What it has printed of events; Faust turns that into warnings."""
        said = self.said.read_text(encoding="utf-8") + self.errors
        return re.findall(r"([a-z_]+\.[a-z_]+ [a-z_]+/\S+) *\n", said)

    @property
    def errors(self) -> str:
        """What it complained of."""
        return self._errors.read_text(encoding="utf-8")

    async def has(self, count: int) -> None:
        """Wait until it has printed so many events."""

        def there() -> bool:
            assert self.process.poll() is None, self.errors
            return len(self.lines) >= count

        await until(there, f"{count} events are consumed")


def in_order(lines: list[str], events: list[Recorded]) -> None:
    """Every event once, those of one case in their order."""
    streams: dict[str, list[str]] = {}
    for line in lines:
        fact, stream = line.split(" ")[:2]
        streams.setdefault(stream, []).append(fact)
    expected: dict[str, list[str]] = {}
    for event in events:
        expected.setdefault(event.stream, []).append(event.fact)
    assert streams == expected


def headers_of(event: Recorded, log: str, previous: int) -> list[Header]:
    """Of a record made by hand: what the guide's programs look at."""
    return [
        ("log", log.encode()),
        ("position", b"%d" % event.position),
        ("previous", b"%d" % previous),
        ("fact", event.fact.encode()),
    ]


@pytest.mark.parametrize(
    ("text", "words"), [(PLAIN, ()), (FAUST, ("worker",))], ids=["plain", "faust"]
)
async def test_a_program_of_the_guide_gets_every_event_once(
    road: Road, log: PostgresLog, town: Town, text: str, words: tuple[str, ...]
) -> None:
    events = await log.read(limit=500)
    consumer = Consumer(road, text, *words)
    await consumer.has(len(events))
    # What was sent is sent again, as by a leader that was frozen and woke.
    producer = KafkaProducer(bootstrap_servers=road.bootstrap)
    for event in events:
        part = part_of(event.stream, road.partitions)
        producer.send(topic(road), event.envelope_bytes(), partition=part,
                      headers=headers_of(event, log.log_id, 0))  # fmt: skip
    producer.flush()
    # What comes after shows that the late batch has been passed over.
    await town.placed()
    more = await log.read(limit=500, after=events[-1].position)
    assert more
    await consumer.has(len(events) + len(more))
    in_order(consumer.lines, [*events, *more])
    producer.close()


async def test_a_program_of_the_guide_stops_at_a_gap(road: Road, log: PostgresLog) -> None:
    events = await log.read(limit=500)
    consumer = Consumer(road, PLAIN)
    await consumer.has(len(events))
    last = events[-1]
    part = part_of(last.stream, road.partitions)
    producer = KafkaProducer(bootstrap_servers=road.bootstrap)
    headers = headers_of(last, log.log_id, last.position + 7)
    headers[1] = ("position", b"%d" % (last.position + 9))
    producer.send(topic(road), last.envelope_bytes(), partition=part, headers=headers)
    producer.close()
    await until(lambda: consumer.process.poll() is not None, "it ends")
    assert f"a gap after {last.position}" in consumer.errors
    assert len(consumer.lines) == len(events)


@pytest.fixture(scope="session")
def tools() -> tuple[kafka_kit.Kit, Path]:
    """What runs Kafka's own programs, and the archive they are in: fetched once, and noted beside
    the broker's."""
    kit = kafka_kit.kit(print, lambda *_: None)
    note = kit.folder / "tools"
    archive = Path(note.read_text()) if note.exists() else None
    if archive is None or not archive.exists():
        names = ("kafka-tools", "kafka-clients")
        made = jgo.build("+".join(f"org.apache.kafka:{n}:{kafka_kit.VERSION}" for n in names))
        (archive,) = Path(made.path).glob(f"*/kafka-tools-{kafka_kit.VERSION}.jar")
        note.write_text(str(archive))
    return kit, archive


def console(
    road: Road, count: int, kit: kafka_kit.Kit, archive: Path
) -> list[tuple[int, dict[str, str], str, dict[str, Any]]]:
    """(partition, headers, key, value) of every record, as Kafka's own consumer prints them."""
    command = kit.command(
        CONSOLE, "--bootstrap-server", road.bootstrap, "--topic", topic(road), "--from-beginning",
        "--max-messages", str(count), "--property", "print.headers=true", "--property",
        "print.key=true", "--property", "print.partition=true", "--property",
        "headers.separator=\x1f", "--timeout-ms", "20000",
    )  # fmt: skip
    place = command.index("-cp") + 1
    command[place] = f"{command[place]}:{archive}"
    said = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    found = []
    for line in said.stdout.splitlines():
        part, headers, key, value = line.split("\t")
        pairs = dict(header.split(":", 1) for header in headers.split("\x1f"))
        found.append((int(part.removeprefix("Partition:")), pairs, key, json.loads(value)))
    return found


async def test_what_is_not_python_reads_the_same(
    road: Road, log: PostgresLog, tools: tuple[kafka_kit.Kit, Path]
) -> None:
    events = {event.position: event for event in await log.read(limit=500)}
    records = console(road, len(events), *tools)
    assert sorted(int(headers["position"]) for _, headers, _, _ in records) == sorted(events)
    limits = KafkaLimits(prefix=road.settings["JISHI_KAFKA__PREFIX"], partitions=road.partitions)
    document = asyncapi(discover(), log.log_id, "en", limits)
    assert document["channels"]["events"]["address"] == topic(road)
    reached: dict[int, int] = {}
    for part, headers, key, value in records:
        event = events[int(headers["position"])]
        assert (key, part) == (event.stream, part_of(event.stream, road.partitions))
        assert value == event.envelope()
        assert int(headers["previous"]) == reached.get(part, 0)
        reached[part] = event.position
        message = document["components"]["messages"][headers["fact"]]
        for schema, said in ((message["headers"], headers), (message["payload"], value)):
            whole = {"$schema": DIALECT, "components": document["components"], **schema}
            jsonschema_rs.validate(whole, said)


def test_the_settings_of_the_compose_file_are_kafkas_own(kafka: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        number = str(admin.describe_cluster()["brokers"][0]["broker_id"])
        asked = [ConfigResource(ConfigResourceType.BROKER, number, None)]
        known = admin.describe_configs(asked, config_filter="all")["broker"][number]
    finally:
        admin.close()
    given = SERVICES["kafka"]["environment"]
    for name in given.keys() - {"CLUSTER_ID", "KAFKA_HEAP_OPTS"}:
        assert name.removeprefix("KAFKA_").lower().replace("_", ".") in known, name
