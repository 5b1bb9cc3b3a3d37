"""Two districts over one Kafka into one read database: the city's board is that of both logs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from projections.city import City
from projections.counters import COUNTERS
from projections.declare import Measure
from projections.ledger import Ledger
from projections.query import Query
from services.kernel.catalogue import discover
from streams.log import PostgresLog
from streams.schema import establish
from tests.conftest import at
from tests.road.running import Road
from tests.town import town_on

pytestmark = [pytest.mark.kafka, pytest.mark.process, pytest.mark.timeout(240)]

SECONDS_MAX = 120.0
ADDITIVE = (Measure.OCCURRENCES, Measure.SUM, Measure.CURRENT)
QUESTIONS = (
    Query(),
    Query(by=("area",)),
    Query(area="d1", by=("area",)),
    Query(by=("log",)),
    Query(by=("unit", "month")),
    Query(where={"category": "repair"}),
)


@pytest.fixture
async def west(
    server: str, administrator: asyncpg.Connection[asyncpg.Record], template: str
) -> AsyncIterator[str]:
    """URL of another district's database, its log made."""
    name = f"jishi_west_{os.getpid()}"
    await administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    address = at(server, name)
    connection = await asyncpg.connect(address)
    try:
        await establish(connection, log_id="west", made_as="scenario")
    finally:
        await connection.close()
    yield address
    await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def city_of(*ledgers: Ledger) -> City:
    city = City(ledgers, COUNTERS, discover().shapes)
    await city.catch_up()
    return city


async def test_both_logs_add_up_from_one_read_database(
    database: str, log: PostgresLog, west: str, kafka: str, tmp_path: Path
) -> None:
    folders = [tmp_path / "east", tmp_path / "west"]
    for folder in folders:
        folder.mkdir()
    # What Kafka does not deliver would be missing: nobody reads the log instead in time.
    settings = {"JISHI_DISTRICT_DATABASE_URLS": west, "JISHI_KAFKA__HEAL_SECONDS": "600"}
    east_road = Road(database, kafka, folders[0], settings)
    async with east_road:
        prefix = east_road.settings["JISHI_KAFKA__PREFIX"]
        shared = {"JISHI_KAFKA__PREFIX": prefix, "JISHI_READ_DATABASE_URL": database}
        async with Road(west, kafka, folders[1], shared) as west_road:
            assert west_road.log.log_id != east_road.log.log_id
            towns = [await town_on(east_road.log), await town_on(west_road.log)]
            for road in (east_road, west_road):
                road.relay()
            worker = east_road.worker()
            for town, orders in zip(towns, (2, 3), strict=True):
                for _ in range(orders):
                    await town.placed("c1")
            for road in (east_road, west_road):
                await road.arrived(seconds=SECONDS_MAX)
            assert "hole" not in east_road.said(worker)
            roads = (east_road, west_road)
            by_kafka = await city_of(*[await road.upkeep.ledger(COUNTERS) for road in roads])
            shapes = discover().shapes
            by_log = await city_of(*[Ledger(road.log, COUNTERS, shapes) for road in roads])
            now = towns[0].commands.now()
            for query in QUESTIONS:
                told = await by_kafka.read(query, now=now)
                assert told.json() == (await by_log.read(query, now=now)).json()
            explained = await by_kafka.explain("orders_placed", now=now)
            assert explained.figure.value == 5
            assert [log_id for log_id, _ in explained.events] == ["test"] * 2 + ["west"] * 3
            alone = [
                await by_kafka.ledger(road.log.log_id).read(Query(), now=now) for road in roads
            ]
            whole = await by_kafka.read(Query(), now=now)
            for counter in by_kafka.counters.values():
                if counter.measure in ADDITIVE:
                    parts = [one.value(counter.name) or 0 for one in alone]
                    assert whole.value(counter.name) == sum(parts), counter.name
