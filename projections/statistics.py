"""统计 · Means, medians and percentiles of durations, exact to the microsecond."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from projections.declare import MICROS_PER_SECOND, Counter, Statistic
from projections.entries import Ints
from projections.query import Figure
from projections.sums import Pairs, netted

HALF = 24

RANK = {Statistic.MEDIAN: (1, 2), Statistic.P90: (9, 10)}


def by_group(pairs: Pairs) -> dict[int, Ints]:
    """The durations (µs) of each group, ascending, with what was taken back gone.

    A value of net weight n stands n times.
    """
    net = netted(pairs)
    groups = np.repeat(net.groups, np.maximum(net.weights, 0))
    values = np.repeat(net.values, np.maximum(net.weights, 0))
    found, starts = np.unique(groups, return_index=True)
    runs = np.split(values, starts[1:])
    return {int(group): run for group, run in zip(found, runs, strict=bool(len(found)))}


def durations_of(groups: Mapping[int, Ints], counter: Counter) -> dict[int, Figure]:
    """The statistic a counter names, for each group that has durations."""
    return {
        group: Figure(
            statistic(durations, counter.statistic, counter.per), denominator=len(durations)
        )
        for group, durations in groups.items()
        if len(durations)
    }


def statistic(durations: Ints, which: Statistic, per: int) -> float | None:
    """One number from sorted durations in µs, in units of `per` seconds; None where there is none.

    The percentile p of n values lies at rank p (n − 1), between two values linearly.
    """
    count = len(durations)
    if not count:
        return None
    scale = MICROS_PER_SECOND * per
    if which is Statistic.MEAN:
        return total(durations) / count / scale
    top, bottom = RANK[which]
    whole, part = divmod(top * (count - 1), bottom)
    low = int(durations[whole])
    high = int(durations[min(whole + 1, count - 1)])
    return (low * bottom + (high - low) * part) / bottom / scale


def total(durations: Ints) -> int:
    """Their exact sum in µs, which may pass 2**63."""
    high, low = durations >> HALF, durations & ((1 << HALF) - 1)
    return (int(high.sum()) << HALF) + int(low.sum())
