"""请求 · HTTP: `jishi up` as anybody starts it, 64 connections, every answer a durable 201."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from statistics import median
from typing import Any

import orjson
import psutil

from bench.figures import Finding, at_least, at_most
from bench.measuring import CALLERS, WARM_SHARE, Spent
from bench.stand import Stand
from bench.town import town_on

STOP_SECONDS_MAX = 30.0
JISHI = "from services.cli import main; main()"
WARM_ANSWERS = 3.0
"""Seconds of traffic before the first stretch: what a server is like after its first moments."""


async def run(stand: Stand) -> list[Finding]:
    """The same server for every round, each round some seconds."""
    dsn = await stand.database("http")
    town = await town_on(dsn)
    await town.log.close()
    async with _server(dsn) as (port, server), _load(port, town.tokens) as load:
        await load.stretch(min(WARM_ANSWERS, 5 * stand.scale.seconds))
        found = [
            await _round(stand, server, load, 2 * stand.scale.seconds)
            for _ in range(stand.scale.rounds)
        ]
    await stand.drop("http")
    middle = {name: median(one[name] for one in found) for name in found[0]}
    return [
        at_least(
            "http",
            "answers/s",
            middle["per_second"],
            5_000.0,
            "command → durable 201 ≥ 5,000/s, load generator on the same cores",
            events_per_second=middle["events_per_second"],
            cpu_web_us=middle["client_us"],
            cpu_database_us=middle["server_us"],
            cpu_generator_us=middle["cpu_us"],
        ),
        at_most("http p99", "ms", middle["p99_ms"], 40.0, "p99 ≤ 40 ms", p50_ms=middle["p50_ms"]),
    ]


async def _round(
    stand: Stand, server: psutil.Process, load: _Generator, seconds: float
) -> dict[str, float]:
    await load.stretch(seconds * WARM_SHARE)
    spent = Spent(stand, server)
    told = await load.stretch(seconds)
    client, database = spent.micros(told["count"])
    if told["bad"]:
        raise AssertionError(f"not everything was answered with 201: {told['bad']}")
    return {
        **{name: told[name] for name in ("per_second", "p50_ms", "p99_ms", "cpu_us")},
        "events_per_second": told["events"] / told["count"] * told["per_second"],
        "client_us": client,
        "server_us": database,
    }


@contextlib.asynccontextmanager
async def _server(dsn: str) -> AsyncIterator[tuple[int, psutil.Process]]:
    """`jishi up` on any free port, ended in good order."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", JISHI, "up", "--port", "0", "--database", dsn),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        if process.stdout is None:
            raise AssertionError("the server was started without a way out")
        line = (await process.stdout.readline()).decode().strip()
        if not line:
            raise AssertionError("`jishi up` ended before it served")
        yield int(line.rpartition(":")[2]), psutil.Process(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await process.communicate()


class _Generator:
    """The program that asks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def say(self, line: bytes) -> None:
        """Hand it a line."""
        if self._process.stdin is None:
            raise AssertionError("the generator was started without a way in")
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def stretch(self, seconds: float) -> dict[str, Any]:
        """Have it ask for so long."""
        await self.say(b"%f" % seconds)
        if self._process.stdout is None:
            raise AssertionError("the generator was started without a way out")
        told: dict[str, Any] = orjson.loads(await self._process.stdout.readline())
        return told


@contextlib.asynccontextmanager
async def _load(port: int, tokens: dict[str, str]) -> AsyncIterator[_Generator]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.load", str(port), str(CALLERS)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    generator = _Generator(process)
    try:
        await generator.say(orjson.dumps(tokens))
        yield generator
    finally:
        if process.stdin is not None:
            process.stdin.close()
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await process.wait()
