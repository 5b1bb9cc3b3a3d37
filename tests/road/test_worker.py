"""Workers on the real broker: what they make of the log is what the log says."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.log import PostgresLog
from tests.road.running import Road
from tests.town import town_on

pytestmark = [pytest.mark.kafka, pytest.mark.process]


async def test_what_is_recorded_arrives_in_every_version(
    database: str, log: PostgresLog, kafka: str, tmp_path: Path
) -> None:
    town = await town_on(log)
    async with Road(database, kafka, tmp_path) as road:
        relay, worker = road.relay(), road.worker()
        await road.arrived()
        for _ in range(3):
            await town.placed()
            await road.arrived()
        assert await road.stop(worker) == 0
        assert await road.stop(relay) == 0
