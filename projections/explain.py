"""溯源 · Which events stand behind a number, and what each of them contributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from events.clock import from_micros
from events.ports import Source
from projections.areas import ROOT, AreaTree
from projections.declare import MICROS_PER_SECOND, Counter, Measure
from projections.entries import Ints
from projections.evaluate import Evaluation
from projections.query import Line, Number

EVERY = 2**62


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


def contributions(
    evaluation: Evaluation,
    counter: Counter,
    after: int = 0,
    most: int = EVERY,
    *,
    confirmed: bool = False,
) -> Contributions:
    """What the matching events after a position add, the first so many of them. All together they
    add up to the value for occurrences, sums, distinct and current state (`confirmed`: to what of
    it is verified); for durations each is one value of the statistic, in seconds.

    The evaluation's blocks must be in the order of positions.
    """
    if counter.measure is Measure.RATIO:
        raise AssertionError("a ratio is explained by its two parts")
    if counter.measure is Measure.DURATION:
        entries = _matching(evaluation, counter)
        kept = _surviving(entries)
        kept = kept[entries.positions[kept] > after][:most]
        seconds = [micros / MICROS_PER_SECOND for micros in entries.values[kept].tolist()]
        return Contributions(entries.positions[kept], seconds)
    if counter.measure is Measure.DISTINCT:
        entries = _matching(evaluation, counter, confirmed=confirmed)
        amounts = _first_of_each(entries)
    else:
        entries = _matching(evaluation, counter, after, most, confirmed=confirmed)
        amounts = entries.weights * (entries.values if counter.measure is Measure.SUM else 1)
    positions, starts = np.unique(entries.positions, return_index=True)
    sums = np.add.reduceat(amounts, starts) if len(starts) else amounts
    page = slice(first := int(np.searchsorted(positions, after, "right")), first + most)
    return Contributions(positions[page], sums[page].tolist())


def behind(
    evaluation: Evaluation,
    counters: Mapping[str, Counter],
    counter: Counter,
    after: int,
    most: int,
    *,
    confirmed: bool = False,
) -> list[Behind]:
    """The events behind a number, after a position, oldest first, at most so many."""
    if counter.measure is not Measure.RATIO:
        found = contributions(evaluation, counter, after, most, confirmed=confirmed)
        return list(map(Behind, found.positions.tolist(), found.amounts))
    above, below = (
        dict(zip(part.positions.tolist(), part.amounts, strict=True))
        for part in (
            contributions(evaluation, counters[name or ""], after, most)
            for name in (counter.numerator, counter.denominator)
        )
    )
    positions = sorted(above.keys() | below.keys())[:most]
    return [Behind(p, None, above.get(p, 0), below.get(p, 0)) for p in positions]


async def lines_of(source: Source, rows: Sequence[Behind], areas: AreaTree) -> tuple[Line, ...]:
    """The same with what the log says of each event, and where that lies on today's map."""
    events = await source.at(sorted({row[0] for row in rows}))
    by_position = {event.position: event for event in events}
    lines = []
    for position, contribution, numerator, denominator in rows:
        event = by_position[position]
        about = event.content["about"]
        area = about.get("area") or ROOT
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
                area=area,
                area_today=areas.lies_in(area, about.get("category") or ""),
            )
        )
    return tuple(lines)


class _Entries(NamedTuple):
    positions: Ints
    values: Ints
    weights: Ints


def _matching(
    evaluation: Evaluation,
    counter: Counter,
    after: int = 0,
    most: int = EVERY,
    *,
    confirmed: bool = False,
) -> _Entries:
    """The matching entries in the order of position; once `most` events after a position have any,
    later blocks are not looked at."""
    found: list[tuple[Ints, Ints, Ints]] = []
    sieves = evaluation.sieves(counter, confirmed=confirmed)
    seen = 0
    for block in evaluation.scope.blocks:
        if block.last <= after or seen >= most:
            continue
        start = len(found)
        for rows, weights, sieve in evaluation.matches_in(block, sieves):
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
        if most < EVERY and len(found) > start:
            fresh = np.concatenate([positions for positions, _, _ in found[start:]])
            seen += len(np.unique(fresh[fresh > after]))
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
    disputed = np.isin(entries.values, entries.values[entries.weights < 0])
    standing = np.flatnonzero(~disputed)
    left: dict[int, list[int]] = {}
    debts: dict[int, int] = {}
    for index in np.flatnonzero(disputed).tolist():
        value, weight = int(entries.values[index]), int(entries.weights[index])
        kept = left.setdefault(value, [])
        if weight < 0 and kept:
            kept.pop(0)
        elif weight < 0:
            debts[value] = debts.get(value, 0) + 1
        elif debts.get(value, 0):
            debts[value] -= 1
        else:
            kept.append(index)
    saved = np.array([index for kept in left.values() for index in kept], np.int64)
    return np.sort(np.concatenate([standing, saved]))
