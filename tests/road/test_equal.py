"""One log on both roads: the same pages, the same rows, the same numbers, whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from projections.counters import COUNTERS
from projections.versions import BUILDING, BY_LOG, LEDGER, by_kafka
from tests.road.equality import PROJECTIONS, equal
from tests.road.filled import filled_log
from tests.road.running import Road, until

pytestmark = [pytest.mark.kafka, pytest.mark.process, pytest.mark.timeout(400)]


async def test_both_roads_lead_to_the_same_with_a_worker_killed_and_everything_sent_again(
    database: str, kafka: str, tmp_path: Path
) -> None:
    await filled_log(database, tmp_path)
    async with Road(database, kafka, tmp_path, road=BY_LOG) as road:
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
        await road.arrived()
        await equal(road.upkeep, road.log)

        # Everything once more, from the first record on.
        second.kill()
        await road.database.fetch("UPDATE projections.checkpoint SET next_offset = 0")
        third = road.worker()

        async def read_again() -> bool:
            left = "SELECT count(*) FROM projections.checkpoint WHERE next_offset = 0 AND part >= 0"
            kafka_only = f"{left} AND projection = '{ledger.name}'"
            return not await road.database.value(kafka_only)

        await until(read_again, "everything was read again")
        await equal(road.upkeep, road.log, explained=COUNTERS[::8])
        assert "fills a hole" not in road.said(third)
