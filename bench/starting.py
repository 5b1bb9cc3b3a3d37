"""启动 · From nothing to the first fact on record: the embedded system in a process of its own."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from pathlib import Path
from statistics import median

from bench.figures import Finding, at_most
from bench.lives import FOUNDER
from bench.stand import Stand
from services.commands import Request
from services.run.settings import Settings
from services.wiring import open_house

PROGRAM = "bench.starting"


async def run(stand: Stand) -> list[Finding]:
    """Cold makes the database; warm finds it, its server down."""
    cold, warm, inside = [], [], []
    for number in range(stand.scale.rounds):
        home = stand.home / f"start-{number}"
        seconds, _ = await _started(home)
        cold.append(seconds)
        seconds, within = await _started(home)
        warm.append(seconds)
        inside.append(within)
        shutil.rmtree(home)
    return [
        at_most("start, cold", "s", median(cold), 3.0, "to the first append ≤ 3 s"),
        at_most(
            "start, warm",
            "s",
            median(warm),
            1.0,
            "to the first append ≤ 1 s",
            without_python_and_imports_s=median(inside),
        ),
    ]


async def _started(home: Path) -> tuple[float, float]:
    """Seconds until a new process had its first fact on record; those since it had its imports."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", PROGRAM, str(home), stdout=asyncio.subprocess.PIPE
    )
    if process.stdout is None:
        raise AssertionError("the process was started without a way out")
    line = await process.stdout.readline()
    took = time.perf_counter() - began
    if await process.wait() or not line:
        raise AssertionError(f"{PROGRAM} ended with {process.returncode}")
    return took, float(line)


async def _first_fact(home: Path) -> None:
    """A house, and one command in it."""
    began = time.perf_counter()
    async with open_house(Settings(home=home)) as house:
        code = f"area-{await house.log.head()}"
        fields = {"code": code, "name": code, "level": "district"}
        await house.commands.do(Request(FOUNDER, "area", fields=fields))
        sys.stdout.write(f"{time.perf_counter() - began}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_first_fact(Path(sys.argv[1])))
