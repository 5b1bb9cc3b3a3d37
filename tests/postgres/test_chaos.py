"""Many processes that use one home, each killed at a moment of chance: nothing is lost or left."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from services.run import owners, postgres
from services.run.processes import working_in

pytestmark = [pytest.mark.process, pytest.mark.soak]

OWNER = Path(__file__).with_name("owner.py")
ROUNDS = 60
LIFE_SECONDS_MAX = 1.2


def say_nothing(_: str) -> None:
    return


async def add_one(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS deed ()")
        await connection.execute("INSERT INTO deed DEFAULT VALUES")
        return int(await connection.fetchval("SELECT count(*) FROM deed"))
    finally:
        await connection.close()


def test_processes_killed_at_any_moment_leave_a_home_that_works(
    tmp_path: Path, random_seed: int
) -> None:
    home = tmp_path / "home"
    chance = random.Random(random_seed)
    for count in range(1, ROUNDS + 1):
        begun = [
            subprocess.Popen(
                [sys.executable, str(OWNER), str(home), "--hold"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(chance.randrange(1, 4))
        ]
        for process in begun:
            try:
                process.wait(timeout=chance.uniform(0, LIFE_SECONDS_MAX))
            except subprocess.TimeoutExpired:
                process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        for process in begun:
            process.communicate()
        with postgres.start(home, talk=say_nothing) as server:
            assert asyncio.run(add_one(server.dsn)) == count
        assert list(working_in(home.resolve() / "postgres" / "data")) == []
        assert owners.read(home / "postgres" / "owners.json") == owners.Register()
