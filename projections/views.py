"""节点视图 · Distinct members and durations of one node and its children, kept up entry by entry.

Made once from all pairs of the node, then fed with what is new. What is new is kept beside in small
form, and merged when it has grown.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from projections.declare import Counter
from projections.query import Figure
from projections.statistics import by_group, durations_of
from projections.sums import Pairs, netted, tally

OVERLAY_MAX = 20_000
GROUP_SHIFT = 32


class View(Protocol):
    """What is kept of a node."""

    def take(self, pairs: Pairs) -> bool:
        """Take in further pairs; False where it is better made anew."""
        ...


class DistinctView:
    """How many members have a net count above 0, in each group."""

    def __init__(self, pairs: Pairs) -> None:
        net = netted(pairs)
        self._keys = (net.groups.astype(np.int64) << GROUP_SHIFT) | net.values
        self._nets = net.weights
        self._overlay: dict[int, int] = {}
        counts = tally(net.groups, (net.weights > 0).astype(np.int64))
        self._counts = dict(zip(counts.groups.tolist(), counts.amounts.tolist(), strict=True))

    def take(self, pairs: Pairs) -> bool:
        """See View."""
        if len(self._overlay) + len(pairs.groups) > OVERLAY_MAX:
            return False
        for group, value, weight in zip(
            pairs.groups.tolist(), pairs.values.tolist(), pairs.weights.tolist(), strict=True
        ):
            self._move(group, value, weight)
        return True

    def counts(self) -> dict[int, int]:
        """By group; those of 0 left out."""
        return {group: count for group, count in self._counts.items() if count}

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
    """The durations that stand in each group, ascending."""

    def __init__(self, pairs: Pairs) -> None:
        self._groups = by_group(pairs)

    def take(self, pairs: Pairs) -> bool:
        """See View."""
        net = netted(pairs)
        if (net.weights < 0).any():
            return False
        values = np.repeat(net.values, net.weights)
        groups = np.repeat(net.groups, net.weights)
        for group in np.unique(groups).tolist():
            before = self._groups.get(group, np.zeros(0, np.int64))
            fresh = values[groups == group]
            self._groups[group] = np.insert(before, np.searchsorted(before, fresh), fresh)
        return True

    def figures(self, counter: Counter) -> dict[int, Figure]:
        """By group."""
        return durations_of(self._groups, counter)
