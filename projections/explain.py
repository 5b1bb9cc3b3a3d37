"""溯源 · Which events stand behind a number, and what each of them contributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from events.clock import from_micros
from events.ports import Source
from projections.declare import MICROS_PER_SECOND, Counter, Measure
from projections.entries import Ints
from projections.evaluate import Evaluation
from projections.query import Line, Number


class Behind(NamedTuple):
    """One event: what it contributes, or what it adds to the parts of a rate."""

    position: int
    contribution: Number | None
    numerator: Number | None = None
    denominator: Number | None = None


class Contributions(NamedTuple):
    """Positions ascending, and what the event at each adds to the value."""

    positions: Ints
    amounts: Sequence[Number]


def contributions(evaluation: Evaluation, counter: Counter) -> Contributions:
    """What every matching event adds. They add up to the value for occurrences, sums, distinct and
    current state; for durations each is one value of the statistic, in seconds."""
    if counter.measure is Measure.RATIO:
        raise AssertionError("a ratio is explained by its two parts")
    entries = _matching(evaluation, counter)
    if counter.measure is Measure.DISTINCT:
        amounts = _first_of_each(entries)
    elif counter.measure is Measure.DURATION:
        kept = _surviving(entries)
        seconds = [micros / MICROS_PER_SECOND for micros in entries.values[kept].tolist()]
        return Contributions(entries.positions[kept], seconds)
    else:
        amounts = entries.weights * (entries.values if counter.measure is Measure.SUM else 1)
    positions, starts = np.unique(entries.positions, return_index=True)
    sums = np.add.reduceat(amounts, starts) if len(starts) else amounts
    return Contributions(positions, sums.tolist())


def behind(
    evaluation: Evaluation, counters: Mapping[str, Counter], counter: Counter, after: int
) -> list[Behind]:
    """Every event behind a number, after a position, oldest first."""
    if counter.measure is not Measure.RATIO:
        found = contributions(evaluation, counter)
        pairs = zip(found.positions.tolist(), found.amounts, strict=True)
        return [Behind(position, amount) for position, amount in pairs if position > after]
    above, below = (
        dict(zip(part.positions.tolist(), part.amounts, strict=True))
        for part in (
            contributions(evaluation, counters[name or ""])
            for name in (counter.numerator, counter.denominator)
        )
    )
    positions = sorted(above.keys() | below.keys())
    return [Behind(p, None, above.get(p, 0), below.get(p, 0)) for p in positions if p > after]


async def lines_of(source: Source, rows: Sequence[Behind]) -> tuple[Line, ...]:
    """The same with what the log says of each event."""
    events = await source.at(sorted({row[0] for row in rows}))
    by_position = {event.position: event for event in events}
    lines = []
    for position, contribution, numerator, denominator in rows:
        event = by_position[position]
        lines.append(
            Line(
                position=position,
                stream=event.stream,
                revision=event.revision,
                fact=event.fact,
                occurred_at=event.occurred_at,
                recorded_at=from_micros(event.recorded_at),
                sha256=event.sha256.hex(),
                contribution=contribution,
                numerator=numerator,
                denominator=denominator,
            )
        )
    return tuple(lines)


class _Entries(NamedTuple):
    positions: Ints
    values: Ints
    weights: Ints


def _matching(evaluation: Evaluation, counter: Counter) -> _Entries:
    found: list[tuple[Ints, Ints, Ints]] = []
    for sieve in evaluation.sieves(counter):
        for block, rows, weights in evaluation.matches(sieve):
            valued = sieve.strand.value is not None
            values = sieve.values(block, rows) if valued else np.zeros(len(rows), np.int64)
            order = np.argsort(rows, kind="stable")
            found.append(
                (
                    block.positions(rows[order]),
                    values[order].astype(np.int64),
                    weights[order].astype(np.int64),
                )
            )
    if not found:
        empty = np.zeros(0, np.int64)
        return _Entries(empty, empty, empty)
    positions, values, weights = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(positions, kind="stable")
    return _Entries(positions[order], values[order], weights[order])


def _first_of_each(entries: _Entries) -> Ints:
    """1 where a member's net count rises above 0, −1 where it falls back, else 0."""
    order = np.argsort(entries.values, kind="stable")
    values, weights = entries.values[order], entries.weights[order]
    running = np.cumsum(weights)
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])[: len(values)])
    before_group = np.concatenate([[0], running])[starts]
    net = running - np.repeat(before_group, np.diff(np.append(starts, len(values))))
    amounts = np.zeros(len(values), np.int64)
    amounts[order] = (net > 0).astype(np.int64) - ((net - weights) > 0).astype(np.int64)
    return amounts


def _surviving(entries: _Entries) -> Ints:
    """Entries that nothing takes back: each −1 strikes out the earliest +1 of the same value."""
    left: dict[int, list[int]] = {}
    debts: dict[int, int] = {}
    for index, (value, weight) in enumerate(
        zip(entries.values.tolist(), entries.weights.tolist(), strict=True)
    ):
        standing = left.setdefault(value, [])
        if weight < 0 and standing:
            standing.pop(0)
        elif weight < 0:
            debts[value] = debts.get(value, 0) + 1
        elif debts.get(value, 0):
            debts[value] -= 1
        else:
            standing.append(index)
    return np.array(sorted(index for kept in left.values() for index in kept), np.int64)
