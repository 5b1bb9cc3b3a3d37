"""追加 · 64 callers, each with one event for a new stream, every answer durable."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from bench import deeds
from bench.figures import Finding, Sample, compared, latency
from bench.measuring import CALLERS, Contestant, called, rounds
from bench.peers import eventsourcing_peer, node, raw, umadb_peer
from bench.stand import Stand
from events.ports import Appended
from services.kernel.catalogue import discover
from streams.log import PostgresLog

ROW = "append"
FUNCTIONS, PLAIN = eventsourcing_peer.FUNCTIONS, eventsourcing_peer.PLAIN
GOALS = {FUNCTIONS: 10.0, PLAIN: 20.0, node.EMMETT: 6.0, node.MESSAGE_DB: 8.0, umadb_peer.NAME: 2.0}
GOAL = "≥ 10× eventsourcing (functions), 20× (default), 6× emmett, 8× message-db, 2× umadb"
P99_MS = 10.0


async def run(stand: Stand) -> list[Finding]:
    """All contestants, in turn."""
    async with contextlib.AsyncExitStack() as stack:
        contestants, missing = await _contestants(stand, stack)
        samples = await rounds(stand, contestants)
    found = compared(ROW, samples, goals=GOALS, goal=GOAL)
    found.left_out = [*missing, *found.left_out]
    slow = latency("append p99", samples, most_ms=P99_MS, goal="p99 ≤ 10 ms")
    return [found, slow]


async def _contestants(
    stand: Stand, stack: contextlib.AsyncExitStack
) -> tuple[dict[str, Contestant], list[str]]:
    dsn = await stand.database("append")
    bare = await stand.database("append_raw")
    async with connections(bare, 1) as (line,):
        await line.execute(raw.SEQUENCE)
    contestants: dict[str, Contestant] = {
        "jishi": lambda seconds: ours(stand, dsn, seconds),
        "asyncpg, 64 connections, one INSERT each": lambda seconds: inserted(stand, bare, seconds),
        "limit: INSERT … unnest, 64 a batch": lambda seconds: unnested(stand, bare, seconds),
        FUNCTIONS: eventsourcing_peer.appending(stand, functions=True),
        PLAIN: eventsourcing_peer.appending(stand, functions=False),
    }
    missing = []
    for name, made in (
        (umadb_peer.NAME, umadb_peer.appending(stand)),
        (node.EMMETT, node.emmett(stand)),
        (node.MESSAGE_DB, node.message_db(stand)),
    ):
        try:
            contestants[name] = await stack.enter_async_context(made)
        except node.MissingError as reason:
            missing.append(f"{name}: {reason}")
    return contestants, missing


async def ours(stand: Stand, dsn: str, seconds: float) -> Sample:
    """The log: fact checked, written down, hashed, appended."""
    log = await PostgresLog.open(dsn, discover().shapes)

    async def once(_: int) -> int:
        (outcome,) = await log.append([deeds.new_append()])
        if not isinstance(outcome, Appended):
            raise AssertionError(f"a new stream was answered with {outcome}")
        return 1

    try:
        return await called(stand, seconds, once)
    finally:
        await log.close()


async def inserted(stand: Stand, dsn: str, seconds: float) -> Sample:
    """No checks, no order, nobody combines: a connection and a commit for each caller."""
    async with connections(dsn, CALLERS) as lines:

        async def once(number: int) -> int:
            await lines[number].execute(raw.INSERT, *raw.row())
            return 1

        return await called(stand, seconds, once)


async def unnested(stand: Stand, dsn: str, seconds: float) -> Sample:
    """What one connection can do at most: 64 rows a commit, nothing checked, nobody answered."""
    async with connections(dsn, 1) as (line,):

        async def once(_: int) -> int:
            await line.execute(raw.UNNEST, [raw.row() for _ in range(CALLERS)])
            return CALLERS

        return await called(stand, seconds, once, count=1)


@contextlib.asynccontextmanager
async def connections(dsn: str, count: int) -> AsyncIterator[list[Any]]:
    """So many connections, closed at the end."""
    lines: list[Any] = []
    try:
        lines += [await asyncpg.connect(dsn) for _ in range(count)]
        yield lines
    finally:
        for line in lines:
            await line.close()
