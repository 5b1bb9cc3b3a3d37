"""The distributed shape on one machine: everything comes up, goes on, and ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from pathlib import Path

import asyncpg
import pytest

from services.run import settings
from services.run.children import Children
from services.run.processes import started
from services.run.settings import Settings
from services.terminal.distributed import cast, environment, looking, second_database
from services.wiring import prepare
from streams.log import PostgresLog
from tests.conftest import at
from tests.road.sent import new_prefix
from tests.road.shape import Shown
from tests.town import town_on

pytestmark = [pytest.mark.kafka, pytest.mark.process, pytest.mark.timeout(180)]

SECONDS_MAX = 120.0
STANDS = re.compile(r"(http://\S+|…) · log (\d+) · behind: relay (\d+), projections (\d+)")


async def test_it_comes_up_survives_a_death_and_ends(
    database: str,
    log: PostgresLog,
    kafka: str,
    tmp_path: Path,
    administrator: asyncpg.Connection[asyncpg.Record],
) -> None:
    town, shown = await town_on(log), Shown()
    name = f"jishi_read_{os.getpid()}"
    read = await second_database(database, name)
    assert read == at(database, name) == await second_database(database, name)
    kafka_limits = settings.read().kafka
    found = Settings(
        home=tmp_path,
        database_url=database,
        read_database_url=read,
        kafka_bootstrap=kafka,
        lang="en",
    ).model_copy(update={"kafka": type(kafka_limits)(prefix=new_prefix(), partitions=4)})
    await prepare(database, found)
    # What a worker had that was killed is another's so long after.
    given = {**environment(found), "JISHI_KAFKA__SESSION_SECONDS": "4"}
    children = Children(
        tmp_path / "processes", given, without=settings.variables(), tell=shown.ended
    )
    try:
        api = await cast(children)
        async with looking(found) as standing:

            async def level(least: int) -> str:
                """The board's address, once everything stands at the head of the log."""
                limit = time.monotonic() + SECONDS_MAX
                while True:
                    await standing.show(shown, api)
                    stands = STANDS.fullmatch(shown.lines[-1])
                    if stands and "…" not in stands[1] and int(stands[2]) >= least:
                        behind = (stands[3], stands[4])
                        if behind == ("0", "0"):
                            return stands[1]
                    assert time.monotonic() < limit, (shown.lines[-1], shown.said_besides)
                    await asyncio.sleep(0.2)

            assert (await level(await log.head())).startswith("http://127.0.0.1:")
            first = children.pids["worker-1"]
            os.kill(first, signal.SIGKILL)
            await town.placed()
            await level(await log.head())
            limit = time.monotonic() + SECONDS_MAX
            while children.pids["worker-1"] == first:
                assert time.monotonic() < limit
                await asyncio.sleep(0.1)
            assert "worker-1 has ended (-9) and is started again" in shown.said_besides
    finally:
        marks = {pid: started(pid) for pid in children.pids.values()}
        await children.stop()
        with contextlib.suppress(asyncpg.PostgresError):
            await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    assert len(marks) == 6
    assert {pid: started(pid) for pid in marks} == dict.fromkeys(marks)
