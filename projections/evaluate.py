"""计算 · From a question to figures: which sieves, over which blocks, finished by which measure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from events.fact import Shape
from projections.areas import AreaTree
from projections.declare import Counter, Measure, Values
from projections.entries import Block, Flags, Ints, Vocabulary
from projections.groups import Groups
from projections.query import Figure
from projections.statistics import by_group, statistic
from projections.strands import strands, texts_of
from projections.sums import Cut, Pairs, Sieve, Tally, distinct, joined, tally

SIEVES_KEPT = 4_096


class Sieves:
    """The sieves of every counter and question asked so far, the oldest forgotten first."""

    def __init__(self, shapes: Mapping[str, Shape], vocabulary: Vocabulary) -> None:
        self._shapes = shapes
        self._vocabulary = vocabulary
        self._kept: OrderedDict[object, tuple[Sieve, ...]] = OrderedDict()

    def of(
        self,
        counter: Counter,
        where: Mapping[str, Values],
        by: Sequence[str] = (),
        *,
        confirmed: bool = False,
    ) -> tuple[Sieve, ...]:
        """The sieves of a counter under these conditions."""
        conditions = frozenset((name, texts_of(values)) for name, values in where.items())
        key = (counter.name, conditions, tuple(by), confirmed)
        if key not in self._kept:
            self._kept[key] = tuple(
                Sieve(strand, self._vocabulary, confirmed=confirmed)
                for strand in strands(counter, self._shapes, where, by)
            )
            if len(self._kept) > SIEVES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


class AreaFlags:
    """Which area ids lie under a node; extended as areas appear in the log."""

    def __init__(self, tree: AreaTree, node: str, vocabulary: Vocabulary) -> None:
        self._tree, self._node, self._vocabulary = tree, node, vocabulary
        self._flags = np.zeros(0, np.bool_)

    def flags(self) -> Flags:
        """A flag for each area id."""
        values = self._vocabulary.area.values_by_id
        if len(values) > len(self._flags):
            fresh = values[len(self._flags) :]
            more = [self._tree.is_under(area, self._node) for area in fresh]
            self._flags = np.concatenate([self._flags, np.array(more, np.bool_)])
        return self._flags


@dataclass(frozen=True)
class Scope:
    """Everything one evaluation reads: it does not change while it runs."""

    blocks: tuple[Block, ...]
    cut: Cut
    areas: Flags | None
    where: Mapping[str, Values]
    groups: Groups


class Evaluation:
    """Figures by group for any counter, within one scope."""

    def __init__(self, counters: Mapping[str, Counter], sieves: Sieves, scope: Scope) -> None:
        self._counters = counters
        self._sieves = sieves
        self.scope = scope

    def figures(self, counter: Counter) -> dict[int, Figure]:
        """One figure for each group in which anything was counted."""
        if counter.measure is Measure.RATIO:
            return self._ratios(counter)
        if counter.measure is Measure.DURATION:
            return self._durations(counter)
        values = _by_group(self._tally(counter, confirmed=False))
        if not self.is_verifiable(counter):
            return {group: Figure(value) for group, value in values.items()}
        verified = _by_group(self._tally(counter, confirmed=True))
        return {
            group: Figure(values.get(group, 0), verified=verified.get(group, 0))
            for group in values.keys() | verified.keys()
        }

    def is_verifiable(self, counter: Counter) -> bool:
        """Whether a second word for a deed holds all that the question asks of it."""
        labels = any(sieve.strand.labels for sieve in self.sieves(counter))
        return counter.is_verifiable and not labels

    def sieves(self, counter: Counter, *, confirmed: bool = False) -> tuple[Sieve, ...]:
        """The sieves of a counter within this scope."""
        scope = self.scope
        return self._sieves.of(counter, scope.where, scope.groups.names, confirmed=confirmed)

    def matches(self, sieve: Sieve) -> Iterator[tuple[Block, Ints, Ints]]:
        """(block, rows, weights) of every block in which something matches."""
        if sieve.idle:
            return
        for block in self.scope.blocks:
            if self.scope.cut.sees_none_of(block):
                continue
            found = sieve.match(block, self.scope.cut, self.scope.areas)
            if len(found.rows):
                yield block, found.rows, found.weights

    def _tally(self, counter: Counter, *, confirmed: bool) -> Tally:
        sieves = self.sieves(counter, confirmed=confirmed)
        if counter.measure is Measure.DISTINCT:
            return distinct(self._pairs(sieves))
        parts: list[Tally] = []
        for sieve in sieves:
            for block, rows, weights in self.matches(sieve):
                groups = self.scope.groups.numbers(block, sieve.by, rows)
                amounts = weights.astype(np.int64)
                if counter.measure is Measure.SUM:
                    amounts *= sieve.values(block, rows)
                parts.append(tally(groups, amounts))
        if not parts:
            return Tally(np.zeros(0, np.int64), np.zeros(0, np.int64))
        return tally(*(np.concatenate([part[index] for part in parts]) for index in range(2)))

    def _pairs(self, sieves: Iterable[Sieve]) -> Pairs:
        return joined(
            [
                Pairs(
                    self.scope.groups.numbers(block, sieve.by, rows),
                    sieve.values(block, rows),
                    weights,
                )
                for sieve in sieves
                for block, rows, weights in self.matches(sieve)
            ]
        )

    def _durations(self, counter: Counter) -> dict[int, Figure]:
        found = by_group(self._pairs(self.sieves(counter)))
        return {
            group: Figure(
                statistic(durations, counter.statistic, counter.per), denominator=len(durations)
            )
            for group, durations in found.items()
        }

    def _ratios(self, counter: Counter) -> dict[int, Figure]:
        above = self.figures(self._counters[counter.numerator or ""])
        below = self.figures(self._counters[counter.denominator or ""])
        nothing = Figure(0)
        return {
            group: ratio(above.get(group, nothing), below.get(group, nothing))
            for group in above.keys() | below.keys()
        }


def ratio(above: Figure, below: Figure) -> Figure:
    """Numerator over denominator; no value where the denominator is 0."""
    numerator, denominator = above.value or 0, below.value or 0
    return Figure(
        numerator / denominator if denominator else None,
        numerator=numerator,
        denominator=denominator,
    )


def nothing(counter: Counter) -> Figure:
    """The figure of a counter where nothing was counted."""
    if counter.measure is Measure.RATIO:
        return Figure(None, numerator=0, denominator=0)
    if counter.measure is Measure.DURATION:
        return Figure(None, denominator=0)
    return Figure(0, verified=0 if counter.is_verifiable else None)


def _by_group(sums: Tally) -> dict[int, int]:
    return dict(zip(sums.groups.tolist(), sums.amounts.tolist(), strict=True))
