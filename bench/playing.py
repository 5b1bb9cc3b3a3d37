"""演示 · `jishi demo --once`: a published year, played deed by deed and compared."""

from __future__ import annotations

import asyncio
import sys
import time

import orjson
import psutil

from bench.asking import JISHI
from bench.figures import Finding
from bench.stand import Stand


async def run(stand: Stand) -> list[Finding]:
    """Once: from the command line to the comparison, a new database included."""
    if not stand.scale.real:
        return [Finding("demo --once", "s", left_out=["a small run leaves it out"])]
    before = psutil.Process().cpu_times()
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", JISHI, "demo", "--once", "--json", "--home", str(stand.home / "demo")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    took = time.perf_counter() - began
    after = psutil.Process().cpu_times()
    if process.returncode:
        raise AssertionError(f"`jishi demo --once` ended with {process.returncode}")
    answer = orjson.loads(said)
    used = sum(after[2:4]) - sum(before[2:4])
    return [
        Finding(
            "demo --once",
            "s",
            took,
            "every published figure equal",
            answer["equal"] == answer["of"],
            also={
                "events": float(answer["events"]),
                "figures": float(answer["of"]),
                "cpu_s": used,
            },
        )
    ]
