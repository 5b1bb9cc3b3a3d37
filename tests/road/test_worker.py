"""Workers on the real broker: what they make of the log is what the log says, and they say how
they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition

from projections.counters import COUNTERS
from projections.query import Query
from projections.versions import ACTIVE, LEDGER
from services.run.settings import Settings
from services.wiring import House, open_house
from streams.limits import KafkaLimits
from streams.log import PostgresLog
from tests.road.filled import at_work
from tests.road.running import Road, until
from tests.town import Town, town_on

pytestmark = [pytest.mark.kafka, pytest.mark.process, pytest.mark.timeout(300)]


@pytest.fixture
async def town(log: PostgresLog) -> Town:
    return await town_on(log)


async def numbers_are_right(road: Road) -> None:
    """Row by row and number by number, a version made from the log says the same."""
    for name in ("case", LEDGER):
        await road.upkeep.rebuild(name)
    compared = await road.upkeep.compare("case")
    assert compared.equal, compared.different
    made = await road.upkeep.versions.one(LEDGER, "building")
    answers = []
    for version in (await road.upkeep.versions.one(LEDGER, ACTIVE), made):
        ledger = road.upkeep.ledger_of(version, COUNTERS)
        await ledger.catch_up()
        answers.append((await ledger.read(Query(by=("area",)))).json()["cells"])
    assert answers[0] == answers[1]
    for name in ("case", LEDGER):
        await road.upkeep.versions.drop(name)


async def status(road: Road) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await road.run("status", "--json")).out)
    return found


async def test_what_is_recorded_arrives_and_workers_say_what_they_read(
    town: Town, database: str, kafka: str, tmp_path: Path
) -> None:
    async with Road(database, kafka, tmp_path) as road:
        relay, worker = road.relay(), road.worker()
        await road.arrived()
        await at_work(town)
        await road.arrived()
        said = await status(road)
        assert [one["parts"] for one in said["workers"]] == [[0, 1, 2, 3]]
        assert {(one["road"], one["lag_events"]) for one in said["projections"]} == {("kafka", 0)}
        assert await road.stop(worker) == 0
        assert await road.stop(relay) == 0
        assert (await status(road))["workers"] == []
        await numbers_are_right(road)


async def test_what_kafka_has_no_more_is_read_from_the_log(
    town: Town, database: str, kafka: str, tmp_path: Path
) -> None:
    settings = {"JISHI_KAFKA__HEAL_SECONDS": "2"}
    async with Road(database, kafka, tmp_path, settings=settings) as road:
        road.relay()
        worker = road.worker()
        await road.arrived()
        assert await road.stop(worker) == 0
        await at_work(town)
        await road.relayed()
        admin = KafkaAdminClient(bootstrap_servers=kafka)
        try:
            # Retention has passed.
            topic = f"{road.prefix}batches"
            admin.delete_records(
                {TopicPartition(topic, part): -1 for part in range(road.partitions)}
            )
            again = road.worker()
            await road.arrived()
            assert "reads the log where Kafka delivers nothing" in road.said(again)
            # The topic is gone; the relay makes it anew, and numbers its records from 0.
            admin.delete_topics([topic])
        finally:
            admin.close()
        await at_work(town)
        await road.arrived()
        await town.placed()
        await road.arrived()
        await numbers_are_right(road)


async def counted(house: House, counter: str) -> object:
    return (await house.ledger.read(Query(counters=(counter,)))).cells[0].figure.value


async def test_a_house_counts_what_workers_write_and_notices_another_ledger(
    database: str, kafka: str, tmp_path: Path, log: PostgresLog
) -> None:
    async with Road(database, kafka, tmp_path) as road:
        road.relay()
        road.worker()
        limits = KafkaLimits(prefix=road.prefix, partitions=road.partitions)
        settings = Settings(home=tmp_path, kafka_bootstrap=kafka, kafka=limits)
        async with open_house(settings, dsn=database) as house:
            town = await town_on(house.log)

            async def there() -> bool:
                return house.ledger.position >= await house.log.head()

            await town.placed()
            await until(there, "the numbers follow")
            assert await counted(house, "orders_placed") == 1
            before = house.ledger
            await road.upkeep.rebuild(LEDGER)
            assert (await road.upkeep.swap(LEDGER)).road.name == "log"
            await until(lambda: house.ledger is not before, "another ledger is read")
            await town.placed()
            await until(there, "the numbers follow")
            assert await counted(house, "orders_placed") == 2
