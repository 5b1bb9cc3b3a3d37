"""emmett-postgresql (through Node) and message-db (its SQL): fetched with npm, at a fixed version,
into the folder of the run; left out, and said so, where that cannot be done."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import psutil
from uuid_utils.compat import uuid7

from bench import deeds
from bench.figures import Sample
from bench.measuring import CALLERS, WARM_SHARE, Contestant, Spent, called
from bench.stand import Stand

EMMETT, MESSAGE_DB = "emmett-postgresql", "message-db"
PACKAGES = {
    EMMETT: "@event-driven-io/emmett-postgresql@0.42.0",
    MESSAGE_DB: "@eventide/message-db@1.3.1",
}
SCRIPT = Path(__file__).with_name("emmett.mjs")
FETCH_SECONDS_MAX = 120.0

FUNCTIONS = (
    "message-store-version",
    "hash-64",
    "acquire-lock",
    "category",
    "is-category",
    "id",
    "cardinal-id",
    "stream-version",
    "write-message",
    "get-stream-messages",
    "get-category-messages",
    "get-last-stream-message",
)
SQL_FILES = (
    "roles/message-store",
    "schema/message-store",
    "tables/messages",
    "types/message",
    *(f"functions/{name}" for name in FUNCTIONS),
    *(f"indexes/messages-{name}" for name in ("id", "stream", "category")),
)
"""In the order of its own installer. Its extension pgcrypto is not needed: what it was for is built
into Postgres by now."""

WRITE = "SELECT message_store.write_message($1, $2, 'order.placed', $3::jsonb, NULL, -1)"


class MissingError(Exception):
    """A peer that cannot be had here, and why."""


async def fetched(stand: Stand, name: str) -> Path:
    """A folder with that package in it. Raises MissingError."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise MissingError("there is no node on the PATH")
    folder = stand.home / name
    folder.mkdir(exist_ok=True)
    words = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    process = await asyncio.create_subprocess_exec(
        npm,
        *words,
        PACKAGES[name],
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), FETCH_SECONDS_MAX)
    except TimeoutError as late:
        process.kill()
        await process.wait()
        raise MissingError(f"npm did not bring {PACKAGES[name]} in time") from late
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines() or ["it did not say why"]
        raise MissingError(f"npm could not bring {PACKAGES[name]}: {lines[-1]}")
    return folder


@contextlib.asynccontextmanager
async def emmett(stand: Stand) -> AsyncIterator[Contestant]:
    """One Node process with 64 callers on 64 connections, which it keeps."""
    folder = await fetched(stand, EMMETT)
    shutil.copy(SCRIPT, folder)
    dsn = await stand.empty_database("append_emmett")
    process = await asyncio.create_subprocess_exec(
        "node",
        SCRIPT.name,
        dsn,
        str(CALLERS),
        orjson.dumps(deeds.told()).decode(),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await _line(process)

        async def run(seconds: float) -> Sample:
            return await _stretch(stand, process, seconds)

        yield run
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _stretch(stand: Stand, process: asyncio.subprocess.Process, seconds: float) -> Sample:
    await _asked(process, seconds * WARM_SHARE)
    spent = Spent(stand, psutil.Process(process.pid))
    told = await _asked(process, seconds)
    client, server = spent.micros(told["count"])
    rate = told["count"] / told["seconds"]
    return Sample(rate, told["p50_ms"], told["p99_ms"], client, server)


async def _asked(process: asyncio.subprocess.Process, seconds: float) -> dict[str, Any]:
    if process.stdin is None:
        raise AssertionError("the process was started without a way in")
    process.stdin.write(b"%f\n" % seconds)
    await process.stdin.drain()
    return await _line(process)


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    if process.stdout is None or process.stderr is None:
        raise AssertionError("the process was started without a way out")
    line = await process.stdout.readline()
    if not line:
        said = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
        raise MissingError(f"node ended: {said[-1] if said else 'it did not say why'}")
    found: dict[str, Any] = orjson.loads(line)
    return found


@contextlib.asynccontextmanager
async def message_db(stand: Stand) -> AsyncIterator[Contestant]:
    """Its function, called by asyncpg on 64 connections."""
    folder = await fetched(stand, MESSAGE_DB)
    sql = folder / "node_modules" / "@eventide" / "message-db" / "database"
    dsn = await stand.empty_database("append_message_db")
    connection = await asyncpg.connect(dsn)
    try:
        for name in SQL_FILES:
            await connection.execute(_statements(sql / f"{name}.sql"))
    finally:
        await connection.close()

    async def run(seconds: float) -> Sample:
        return await _written(stand, dsn, seconds)

    yield run


def _statements(file: Path) -> str:
    """The file for a driver: an index is not built CONCURRENTLY inside a transaction."""
    text = file.read_text().replace(" CONCURRENTLY", "")
    return f"SET search_path TO message_store, public;\n{text}"


async def _written(stand: Stand, dsn: str, seconds: float) -> Sample:
    path = {"search_path": "message_store,public"}
    lines = [await asyncpg.connect(dsn, server_settings=path) for _ in range(CALLERS)]

    async def once(number: int) -> int:
        case = uuid7()
        await lines[number].execute(WRITE, str(case), f"order-{case}", deeds.told_bytes().decode())
        return 1

    try:
        return await called(stand, seconds, once)
    finally:
        for line in lines:
            await line.close()
