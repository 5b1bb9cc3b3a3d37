"""读数 · The board of a node, live and as of an instant, over five million events.

What is asked is what the board page asks: every counter of the node, and the four acts of each of
its children; distinct members and households are among both.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median

from bench.figures import Finding, at_most, percentile
from bench.large import CITY, STREET, ledger_of, sealed
from bench.stand import Stand
from projections.ledger import Ledger
from projections.query import Axis, Query

CHILDREN = (
    "services_delivered",
    "households_served",
    "members_participating",
    "issues_confirmed_solved",
)
INSTANTS = tuple(datetime(2025, month, 15, 4, 0, tzinfo=UTC) for month in (4, 7, 10, 12))
REPEATS = 5

Asked = Callable[[], Awaitable[object]]


async def board(ledger: Ledger, node: str, as_of: datetime | None, axis: Axis) -> None:
    """The two questions of the page."""
    whole = Query(area=node, as_of=as_of, axis=axis)
    await ledger.read(whole)
    await ledger.read(replace(whole, counters=CHILDREN, by=("area",)))


async def run_board(stand: Stand) -> list[Finding]:
    """Live: the second time and later, as everybody but the first sees it."""
    ledger, log = await ledger_of(await sealed(stand))
    try:
        first = await _took(lambda: board(ledger, CITY, None, Axis.RECORDED))
        city = await _times(stand, lambda: board(ledger, CITY, None, Axis.RECORDED))
        street_first = await _took(lambda: board(ledger, STREET, None, Axis.RECORDED))
        street = await _times(stand, lambda: board(ledger, STREET, None, Axis.RECORDED))
        return [
            at_most(
                "board",
                "ms",
                median(city),
                10.0,
                "board of a node with its children ≤ 10 ms",
                p99_ms=percentile(city, 0.99),
                first_ms=first,
                street_ms=median(street),
                street_first_ms=street_first,
                events=float(ledger.position),
                counters=float(len(ledger.counters)),
            )
        ]
    finally:
        await log.close()


async def run_as_of(stand: Stand) -> list[Finding]:
    """Either axis and both, at four instants of the year."""
    dsn = await sealed(stand)
    cold = []
    for number in range(stand.scale.rounds):
        ledger, log = await ledger_of(dsn)
        axis = tuple(Axis)[number % len(Axis)]
        cold.append(await _took(lambda: board(ledger, CITY, INSTANTS[1], axis)))  # noqa: B023
        if number + 1 < stand.scale.rounds:
            await log.close()
    try:
        city, street = await _by_axis(stand, ledger, CITY), await _by_axis(stand, ledger, STREET)
    finally:
        await log.close()
    return [
        _warm("as of, city", city, 150.0, "city with children and distinct ≤ 150 ms warm"),
        at_most("as of, city, cold", "ms", median(cold), 600.0, "the same ≤ 600 ms cold"),
        _warm("as of, street", street, 50.0, "street ≤ 50 ms"),
    ]


def _warm(row: str, by_axis: dict[str, list[float]], most: float, goal: str) -> Finding:
    """The slowest axis is judged."""
    medians = {axis: median(times) for axis, times in by_axis.items()}
    also = {f"{axis}_ms": value for axis, value in medians.items()}
    return at_most(row, "ms", max(medians.values()), most, goal, **also)


async def _by_axis(stand: Stand, ledger: Ledger, node: str) -> dict[str, list[float]]:
    found = {}
    for axis in Axis:
        found[axis.value] = [
            await _took(lambda: board(ledger, node, instant, axis))  # noqa: B023
            for _ in range(stand.scale.rounds)
            for instant in INSTANTS
        ]
    return found


async def _times(stand: Stand, ask: Asked) -> Sequence[float]:
    return [await _took(ask) for _ in range(stand.scale.rounds * REPEATS)]


async def _took(ask: Asked) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    await ask()
    return (time.perf_counter() - began) * 1e3
