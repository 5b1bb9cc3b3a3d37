"""One log on both roads: the same pages, the same rows, the same numbers, whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from projections.counters import COUNTERS
from projections.versions import BUILDING, BY_LOG, LEDGER, by_kafka
from services.exchange import profile
from services.exchange.demo.play import Player, SettableClock
from services.kernel.catalogue import discover
from services.run.settings import Settings
from services.wiring import open_house
from streams.log import PostgresLog
from tests.exchange.office import office_on
from tests.road.equality import PROJECTIONS, equal
from tests.road.filled import filled_log
from tests.road.running import SECONDS_MAX, Road, until

LONG_SECONDS = 1_200.0

pytestmark = [pytest.mark.kafka, pytest.mark.process, pytest.mark.timeout(400)]


async def test_both_roads_lead_to_the_same_with_a_worker_killed_on_one(
    database: str, kafka: str, tmp_path: Path
) -> None:
    await filled_log(database, tmp_path)
    # Single events are for other programs: none of those is here.
    await both_roads(database, kafka, tmp_path, settings={"JISHI_KAFKA__SINGLE_EVENTS": "false"})


@pytest.mark.soak
@pytest.mark.timeout(3_600)
async def test_both_roads_lead_to_the_same_from_the_demonstration_and_a_real_import(
    database: str, kafka: str, tmp_path: Path, data_sets: Path
) -> None:
    clock = SettableClock()
    clock.set(datetime.now(UTC) - timedelta(days=400))
    found = Settings(home=tmp_path / "demo", database_url=database)
    async with open_house(found, made_as="demo", now=clock.now, timers=False) as house:
        player = Player(house.commands, house.log, clock)
        plan = await player.planned()
        await player.past(plan)
        await player.live_at_once(plan)
        clock.set(None)
        await player.others(plan)
    log = await PostgresLog.open(database, discover().shapes)
    try:
        office = office_on(log, datetime.now(UTC))
        taken = await office.take_in(
            data_sets / "boston_311_2013_2019.csv.gz", profile.load("boston_311")
        )
        assert taken.accepted == taken.rows
    finally:
        await log.close()
    await both_roads(database, kafka, tmp_path, area="gongchen", seconds=LONG_SECONDS, twice=True)


async def both_roads(
    dsn: str,
    kafka: str,
    folder: Path,
    *,
    area: str = "s1",
    seconds: float = SECONDS_MAX,
    twice: bool = False,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """By the log first, then over Kafka, where a worker is killed. `twice`: all records are read
    once more from the first on, which changes nothing."""
    async with Road(dsn, kafka, folder, dict(settings), road=BY_LOG) as road:
        await (await road.upkeep.ledger(COUNTERS)).catch_up()
        for runner in await road.upkeep.runners():
            await runner.catch_up()
        for name in PROJECTIONS:
            await road.upkeep.rebuild(name, road=by_kafka(road.partitions))
        road.relay()
        first, second = road.worker(), road.worker()
        ledger = await road.upkeep.versions.one(LEDGER, BUILDING)

        async def moving() -> bool:
            return await road.upkeep.position(ledger) > 0

        await until(moving, "something has come")
        first.kill()
        await road.arrived(seconds=seconds)
        await equal(road.upkeep, road.log, area=area)

        if not twice:
            return
        second.kill()
        await road.database.fetch("UPDATE projections.checkpoint SET next_offset = 0")
        third = road.worker()

        async def read_again() -> bool:
            left = "SELECT count(*) FROM projections.checkpoint WHERE next_offset = 0 AND part >= 0"
            kafka_only = f"{left} AND projection = '{ledger.name}'"
            return not await road.database.value(kafka_only)

        await until(read_again, "everything was read again", seconds)
        await equal(road.upkeep, road.log, area=area, explained=COUNTERS[::8])
        assert "fills a hole" not in road.said(third)
