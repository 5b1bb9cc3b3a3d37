"""各行 · The rows of the table, and which part of the program measures each."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import cast

from bench.figures import Finding
from bench.stand import Stand

Run = Callable[[Stand], Awaitable[list[Finding]]]

ROWS = {
    "append": "bench.append:run",
    "commands": "bench.commanding:run",
    "http": "bench.asking:run",
    "lag": "bench.lagging:run",
    "live": "bench.projecting:run",
    "rebuild": "bench.rebuilding:run",
    "board": "bench.reading:run_board",
    "as_of": "bench.reading:run_as_of",
    "kafka": "bench.road:run",
    "import": "bench.importing:run",
    "start": "bench.starting:run",
    "demo": "bench.playing:run",
}
"""In the order in which they are run: module and function."""

NOT_RUN = (
    Finding(
        "sse",
        "ms",
        goal="commit → 1,000 live clients p99 ≤ 250 ms",
        left_out=["not measured yet: it needs a client program that holds a thousand streams"],
    ),
)


def runner(row: str) -> Run:
    """What measures a row."""
    module, _, function = ROWS[row].partition(":")
    return cast("Run", getattr(importlib.import_module(module), function))
