"""节点视图 · Distinct members and durations of one node and its children, kept up entry by entry.

Made once from all pairs of the node, then fed with what is new. What is new is kept beside in small
form, and merged when it has grown.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from projections.declare import Counter
from projections.entries import Ints
from projections.query import Figure
from projections.statistics import by_group, statistic
from projections.sums import Pairs, netted

OVERLAY_MAX = 20_000
GROUP_SHIFT = 32
WHOLE = (1 << 30) - 1
"""The group that is the node itself."""


class View(Protocol):
    """What is kept of a node."""

    def take(self, pairs: Pairs) -> bool:
        """Take in further pairs; False where it is better made anew."""
        ...


class DistinctView:
    """How many members have a net count above 0, by child and in the whole."""

    def __init__(self, pairs: Pairs) -> None:
        whole = np.full(len(pairs.groups), WHOLE, np.int64)
        net = netted(
            Pairs(
                np.concatenate([pairs.groups.astype(np.int64), whole]),
                np.concatenate([pairs.values, pairs.values]),
                np.concatenate([pairs.weights, pairs.weights]),
            )
        )
        self._keys = (net.groups << GROUP_SHIFT) | net.values
        self._nets = net.weights
        self._overlay: dict[int, int] = {}
        groups, counts = np.unique(net.groups[net.weights > 0], return_counts=True)
        self._counts = dict(zip(groups.tolist(), counts.tolist(), strict=True))

    def take(self, pairs: Pairs) -> bool:
        """See View."""
        if len(self._overlay) + len(pairs.groups) > OVERLAY_MAX:
            return False
        for group, value, weight in zip(
            pairs.groups.tolist(), pairs.values.tolist(), pairs.weights.tolist(), strict=True
        ):
            self._move(group, value, weight)
            self._move(WHOLE, value, weight)
        return True

    def counts(self, *, by_area: bool) -> dict[int, int]:
        """By child, or of the whole as 0; those of 0 left out."""
        if by_area:
            return {group: n for group, n in self._counts.items() if n and group != WHOLE}
        whole = self._counts.get(WHOLE, 0)
        return {0: whole} if whole else {}

    def _move(self, group: int, value: int, weight: int) -> None:
        key = (group << GROUP_SHIFT) | value
        before = self._overlay.get(key)
        if before is None:
            place = int(np.searchsorted(self._keys, key))
            known = place < len(self._keys) and int(self._keys[place]) == key
            before = int(self._nets[place]) if known else 0
        after = self._overlay[key] = before + weight
        self._counts[group] = self._counts.get(group, 0) + (after > 0) - (before > 0)


class DurationView:
    """The durations that stand, ascending, by child and in the whole."""

    def __init__(self, pairs: Pairs) -> None:
        self._groups = by_group(pairs)
        whole = Pairs(np.zeros(len(pairs.groups), np.int64), pairs.values, pairs.weights)
        self._whole = by_group(whole).get(0, np.zeros(0, np.int64))

    def take(self, pairs: Pairs) -> bool:
        """See View."""
        net = netted(pairs)
        if (net.weights < 0).any():
            return False
        values = np.repeat(net.values, net.weights)
        groups = np.repeat(net.groups, net.weights)
        for group in np.unique(groups).tolist():
            before = self._groups.get(group, np.zeros(0, np.int64))
            self._groups[group] = _merged(before, values[groups == group])
        self._whole = _merged(self._whole, np.sort(values))
        return True

    def figures(self, counter: Counter, *, by_area: bool) -> dict[int, Figure]:
        """By child, or of the whole as 0."""
        groups = self._groups if by_area else {0: self._whole}
        return {
            group: Figure(
                statistic(durations, counter.statistic, counter.per), denominator=len(durations)
            )
            for group, durations in groups.items()
            if len(durations)
        }


def _merged(before: Ints, fresh: Ints) -> Ints:
    """Two ascending runs as one."""
    if not len(fresh):
        return before
    merged: Ints = np.insert(before, np.searchsorted(before, fresh), fresh)
    return merged
