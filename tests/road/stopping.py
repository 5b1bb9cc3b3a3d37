"""Processes that stand still for a while, also in the middle of a statement."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from projections.versions import ACTIVE, LEDGER
from tests.road.running import until
from tests.road.shape import Shape

LOCK = """
SELECT 1 FROM projections.checkpoint AS c WHERE c.projection = $1 AND c.part = $2 FOR UPDATE
"""
# Of the locks, which are looked at anew each time: who is there is the same all through a
# transaction, and a worker opens connections as it needs them.
BLOCKED = """
SELECT DISTINCT l.pid FROM pg_locks AS l
WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid))
"""
POSITION = """
SELECT c.position FROM projections.checkpoint AS c WHERE c.projection = $1 AND c.part = $2
"""


async def stop_inside_its_statement(shape: Shape, pid: int, *, lands: bool) -> None:
    """Stop the worker of this pid while the database is at a statement of its; then that statement
    lands, or is lost, and the batch is in the worker's hands alone. Returns with it stopped."""
    connection = await asyncpg.connect(str(shape.settings.read_database_url))
    try:
        for _ in range(20):
            if await stopped_inside(shape, connection, pid, lands=lands):
                return
        raise AssertionError("the worker was never inside its statement")
    finally:
        await connection.close()


async def stopped_inside(shape: Shape, connection: Any, pid: int, *, lands: bool) -> bool:
    """One attempt; False where it had just given up waiting, and goes on."""
    version = await shape.upkeep.versions.one(LEDGER, ACTIVE)
    own = [parts for name, parts in (await shape.parts()).items() if name.endswith(f":{pid}")]
    at = version.name, min(own[0])

    async def blocked() -> list[int]:
        return [row["pid"] for row in await connection.fetch(BLOCKED)]

    async def waits() -> bool:
        return bool(await blocked())

    async with connection.transaction():
        await connection.execute(LOCK, *at)
        before = await connection.fetchval(POSITION, *at)
        await until(waits, "the worker waits for the database")
        os.kill(pid, signal.SIGSTOP)
        found = await blocked()
        for one in () if lands else found:
            await connection.execute("SELECT pg_terminate_backend($1, 10000)", one)

    async def landed() -> bool:
        return bool(await connection.fetchval(POSITION, *at) > before)

    if found and lands:
        await until(landed, "the statement lands")
    if not found:
        os.kill(pid, signal.SIGCONT)
    return bool(found)


@contextlib.asynccontextmanager
async def stopped(pid: int) -> AsyncIterator[None]:
    """A process that stands still, and goes on at the end."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
