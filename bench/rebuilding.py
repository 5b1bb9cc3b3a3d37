"""重建 · All counters from the pages kept (refold), and the pages from the log (re-extract)."""

from __future__ import annotations

import asyncio
import sys
import time
from statistics import median
from typing import Any

import orjson

from bench.figures import Finding, at_least
from bench.large import ledger_of, opened, sealed
from bench.stand import Stand
from events.ports import PAGE_EVENTS
from projections.query import Query
from projections.store import extract

MEGABYTE = 1 << 20
MEMORY_MAX_MB = 300.0
PROGRAM = "bench.rebuilding"


async def run(stand: Stand) -> list[Finding]:
    """Each in a process of its own, so that its memory is its own."""
    dsn = await sealed(stand)
    folded = [await _in_process("fold", dsn) for _ in range(stand.scale.rounds)]
    extracted = [await _in_process("extract", dsn) for _ in range(stand.scale.rounds)]
    rate = median(one["events"] / one["seconds"] for one in extracted)
    memory = median(one["mb"] for one in extracted)
    found = at_least(
        "re-extract",
        "events/s",
        rate,
        400_000.0,
        f"from the log ≥ 400,000/s at 5 M events, ≤ {MEMORY_MAX_MB:.0f} MB",
        memory_mb=memory,
        cpu_client_us=median(one["cpu_us"] for one in extracted),
    )
    found.met = found.met and memory <= MEMORY_MAX_MB
    return [
        at_least(
            "refold",
            "events/s",
            median(one["events"] / one["seconds"] for one in folded),
            3e6,
            "all counters from the pages kept ≥ 3 M/s",
            memory_mb=median(one["mb"] for one in folded),
            load_s=median(one["load_s"] for one in folded),
        ),
        found,
    ]


async def _in_process(what: str, dsn: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", PROGRAM, what, dsn, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise AssertionError(f"{PROGRAM} {what} ended with {process.returncode}")
    found: dict[str, Any] = orjson.loads(said)
    return found


async def _fold(dsn: str) -> dict[str, float]:
    """Read the kept pages, then add every counter up for the whole log."""
    began = time.perf_counter()
    ledger, log = await ledger_of(dsn)
    loaded = time.perf_counter()
    await ledger.read(Query())
    ended = time.perf_counter()
    await log.close()
    return {"events": ledger.position, "seconds": ended - began, "load_s": loaded - began}


async def _extract(dsn: str) -> dict[str, float]:
    """Make every page from the log, as a rebuild does before it writes them."""
    log = await opened(dsn)
    upto = await log.head() // PAGE_EVENTS * PAGE_EVENTS
    began, cpu = time.perf_counter(), time.process_time()
    async for page in extract(log, 0, upto):
        del page
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    await log.close()
    return {"events": upto, "seconds": seconds, "cpu_us": used * 1e6 / max(upto, 1)}


def main() -> None:
    """The part that runs in a process of its own: `fold DSN` or `extract DSN`."""
    import resource

    what, dsn = sys.argv[1:]
    found = asyncio.run(_fold(dsn) if what == "fold" else _extract(dsn))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    sys.stdout.buffer.write(orjson.dumps({**found, "mb": used}))


if __name__ == "__main__":
    main()
