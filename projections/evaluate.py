"""计算 · From a question to figures: which sieves, over which blocks, finished by which measure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from events.fact import Shape
from projections.declare import Counter, Measure, Values
from projections.entries import Block, Flags, Ints, PageSums, Vocabulary
from projections.groups import Groups
from projections.nodes import Node
from projections.query import Figure
from projections.statistics import by_group, durations_of
from projections.strands import strands, texts_of
from projections.sums import EVERYTHING, Cut, Pairs, Sieve, Tally, distinct, joined, tally

SIEVES_KEPT = 4_096
INT32_MAX = 2**31 - 1


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
                Sieve(
                    strand,
                    self._vocabulary,
                    confirmed=confirmed,
                    name=f"{counter.name} {place} {confirmed}",
                )
                for place, strand in enumerate(strands(counter, self._shapes, where, by))
            )
            if len(self._kept) > SIEVES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


@dataclass(frozen=True)
class Scope:
    """Everything one evaluation reads: it does not change while it runs."""

    blocks: tuple[Block, ...]
    cut: Cut
    node: Node
    areas: Flags | None
    """Which area ids are asked for; None = all."""
    where: Mapping[str, Values]
    groups: Groups
    pairs: dict[str, Pairs] = field(default_factory=dict)
    """Members and durations found so far, by area id: for further questions of the same scope."""

    @property
    def by_page(self) -> bool:
        """Whether whole pages may be answered by their sums of each area."""
        return not self.where and self.groups.names in ((), ("area",))


class Evaluation:
    """Figures by group for any counter, within one scope."""

    def __init__(self, counters: Mapping[str, Counter], sieves: Sieves, scope: Scope) -> None:
        self._counters = counters
        self._sieves = sieves
        self.scope = scope
        self._done: dict[str, dict[int, Figure]] = {}
        self._durations_of: dict[object, dict[int, Ints]] = {}
        self._inside: dict[int, Flags | None] = {}

    def figures(self, counter: Counter) -> dict[int, Figure]:
        """One figure for each group in which anything was counted."""
        if counter.name not in self._done:
            self._done[counter.name] = self._figures(counter)
        return self._done[counter.name]

    def _figures(self, counter: Counter) -> dict[int, Figure]:
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
        for block in self._blocks(sieve):
            found = sieve.match(block, self.scope.cut, self.scope.areas)
            if len(found.rows):
                yield block, found.rows, found.weights

    def matches_in(
        self, block: Block, sieves: Iterable[Sieve]
    ) -> Iterator[tuple[Ints, Ints, Sieve]]:
        """(rows, weights, sieve) of every sieve that matches anything in one block."""
        if not self.scope.cut.sees_none_of(block):
            for sieve in sieves:
                if not sieve.idle:
                    found = sieve.match(block, self.scope.cut, self.scope.areas)
                    if len(found.rows):
                        yield found.rows, found.weights, sieve

    def _blocks(self, sieve: Sieve) -> Iterator[Block]:
        """The blocks that are not cut off, where anything can match at all."""
        if not sieve.idle:
            yield from (b for b in self.scope.blocks if not self.scope.cut.sees_none_of(b))

    def _tally(self, counter: Counter, *, confirmed: bool) -> Tally:
        sieves = self.sieves(counter, confirmed=confirmed)
        if counter.measure is Measure.DISTINCT:
            return distinct(self._pairs(sieves))
        parts: list[Tally] = []
        whole = 0
        for sieve in sieves:
            by_page = self.scope.by_page and not sieve.is_timed
            for block in self._blocks(sieve):
                if by_page and block.by_area and self.scope.cut.sees_all_of(block):
                    if self.scope.groups.names:
                        parts.append(self._page_children(counter, sieve, block))
                    else:
                        whole += self._page_total(counter, sieve, block)
                    continue
                rows, weights = sieve.match(block, self.scope.cut, self.scope.areas)
                groups = self.scope.groups.numbers(block, sieve.by, rows)
                parts.append(tally(groups, amounts_of(counter, sieve, block, rows, weights)))
        if whole:
            parts.append(Tally(np.zeros(1, np.int64), np.array([whole], np.int64)))
        if not parts:
            return Tally(np.zeros(0, np.int64), np.zeros(0, np.int64))
        return tally(*(np.concatenate([part[index] for part in parts]) for index in range(2)))

    def _page_sums(self, counter: Counter, sieve: Sieve, block: Block) -> PageSums:
        """What a whole page comes to in each of its areas: worked out once."""
        sums = block.sums.get(sieve.name)
        if sums is None:
            rows, weights = sieve.match(block, EVERYTHING)
            codes = block.codes["area"].take(rows)
            found = tally(codes, amounts_of(counter, sieve, block, rows, weights))
            sums = PageSums(
                found.groups.astype(codes.dtype),
                _narrowest(found.amounts),
                int(found.amounts.sum()),
            )
            block.sums[sieve.name] = sums
        return sums

    def _page_total(self, counter: Counter, sieve: Sieve, block: Block) -> int:
        sums, inside = self._page_sums(counter, sieve, block), self._inside_of(block)
        if inside is None or not len(sums.codes):
            return sums.total
        return int(sums.amounts[inside.take(sums.codes)].sum())

    def _page_children(self, counter: Counter, sieve: Sieve, block: Block) -> Tally:
        """A child may stand in it more than once: all pages are added up together."""
        sums, inside = self._page_sums(counter, sieve, block), self._inside_of(block)
        codes, amounts = sums.codes, sums.amounts
        if inside is not None:
            kept = inside.take(codes)
            codes, amounts = codes[kept], amounts[kept]
        ids = block.ids["area"]
        areas = codes if ids is None else ids.take(codes)
        return Tally(self.scope.node.children().take(areas), amounts)

    def _inside_of(self, block: Block) -> Flags | None:
        """Which of a page's areas are asked for; None = all of them."""
        if self.scope.areas is None:
            return None
        if block.first not in self._inside:
            ids = block.ids["area"]
            flags = self.scope.areas if ids is None else self.scope.areas.take(ids)
            self._inside[block.first] = None if flags.all() else flags
        return self._inside[block.first]

    def _pairs(self, sieves: Iterable[Sieve]) -> Pairs:
        if self.scope.by_page and not any(sieve.is_timed for sieve in sieves):
            return joined([self._pairs_by_area(sieve) for sieve in sieves])
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

    def _pairs_by_area(self, sieve: Sieve) -> Pairs:
        """The pairs of a sieve by child, or all as group 0; what was found is kept by area."""
        pairs = self.scope.pairs.get(sieve.name)
        if pairs is None:
            pairs = self.scope.pairs[sieve.name] = joined(
                [
                    Pairs(block.ids_of("area", rows), sieve.values(block, rows), weights)
                    for block, rows, weights in self.matches(sieve)
                ]
            )
        if not len(pairs.groups):
            return pairs
        by_area = bool(self.scope.groups.names)
        children = self.scope.node.children() if by_area else np.zeros(1, np.int64)
        places = pairs.groups if by_area else np.zeros_like(pairs.groups)
        return Pairs(children.take(places), pairs.values, pairs.weights)

    def _durations(self, counter: Counter) -> dict[int, Figure]:
        sieves = self.sieves(counter)
        key = tuple(sieve.strand for sieve in sieves)
        if key not in self._durations_of:
            self._durations_of[key] = by_group(self._pairs(sieves))
        return durations_of(self._durations_of[key], counter)

    def _ratios(self, counter: Counter) -> dict[int, Figure]:
        above = self.figures(self._counters[counter.numerator or ""])
        below = self.figures(self._counters[counter.denominator or ""])
        nothing = Figure(0)
        return {
            group: ratio(above.get(group, nothing), below.get(group, nothing), counter.least)
            for group in above.keys() | below.keys()
        }


def amounts_of(counter: Counter, sieve: Sieve, block: Block, rows: Ints, weights: Ints) -> Ints:
    """What each matching row adds to an additive counter."""
    amounts: Ints = weights.astype(np.int64)
    if counter.measure is Measure.SUM:
        amounts = amounts * sieve.values(block, rows)
    return amounts


def _narrowest(amounts: Ints) -> Ints:
    small = not len(amounts) or max(int(amounts.max()), -int(amounts.min())) < INT32_MAX
    return amounts.astype(np.int32) if small else amounts


def ratio(above: Figure, below: Figure, least: int = 0) -> Figure:
    """Numerator over denominator; no value where the denominator is 0, or less than `least`."""
    numerator, denominator = above.value or 0, below.value or 0
    return Figure(
        numerator / denominator if denominator and denominator >= least else None,
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
