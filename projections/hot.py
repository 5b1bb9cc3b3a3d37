"""常备合计 · Sums kept ready, so that the live board of any node is read, not computed.

For every counter (and for what is verified of it) there is one *term*, fed once with every entry:

- additive: one number for each area, from which any node is a sum of a few thousand numbers;
- paired (distinct members, durations, and states that depend on the moment): signed values by area,
  from which the view of a node is made when it is first asked for, and then kept up.

Nothing is ever taken out: a correction is an entry like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from projections.declare import CONFIRMATIONS, Counter, Measure
from projections.entries import Block, Ints, Vocabulary, deed_of
from projections.evaluate import Sieves, amounts_of, ratio
from projections.nodes import Node
from projections.query import Figure
from projections.strands import Condition
from projections.sums import EVERYTHING, TIMED, Pairs, Sieve, joined, netted, tally
from projections.views import DistinctView, DurationView

TERMS_FIRST, AREAS_FIRST = 64, 64
AT_ONCE_ROWS = 1_024
NET_EVERY = 65_536
"""So many new pairs are netted at once."""


class Term:
    """One counter, or what is verified of it. Counters that differ only in how they are worded, or
    in the statistic made of the same durations, share one."""

    def __init__(self, counter: Counter, sieves: Iterable[Sieve]) -> None:
        self.counter = counter
        self.timed: tuple[Condition, ...] = tuple(
            condition
            for sieve in sieves
            for condition in sieve.strand.conditions
            if condition.test in TIMED
        )[:1]
        self._sieves = [(sieve.untimed(), _timed(sieve)) for sieve in sieves]
        self.paired = bool(self.timed) or counter.measure in (Measure.DISTINCT, Measure.DURATION)
        self.plain = not self.paired and counter.measure is not Measure.SUM
        self.plain &= all(sieve.is_plain for sieve, _ in self._sieves)
        """Additive, and decided by `what` alone."""
        self.row = -1
        """Additive: its row of the sums by area."""
        self.pairs = joined([])
        self.fed = 0
        """How many pairs were ever fed: what a view has seen of them."""
        self._fresh: list[Pairs] = []
        self._waiting = 0

    def feed(self, block: Block, leaves: Ints) -> None:
        """Take in all rows of a block; `leaves`: the sums by area of every additive term."""
        for sieve, timed in self._sieves:
            rows, weights = sieve.match(block, EVERYTHING)
            if not len(rows):
                continue
            places = block.ids_of("area", rows)
            if not self.paired:
                sums = tally(places, amounts_of(self.counter, sieve, block, rows, weights))
                leaves[self.row, sums.groups] += sums.amounts
                continue
            if timed is None:
                values = sieve.values(block, rows)
            else:
                values = block.numbers[timed.column][rows].astype(np.int64) + timed.limit
            self._add(Pairs(places, values, weights))

    def weights(self) -> Ints:
        """Of a plain term: what an entry weighs by its `what` id."""
        first, *others = (sieve.weights() for sieve, _ in self._sieves)
        return sum(others, first)

    def _add(self, pairs: Pairs) -> None:
        self._fresh.append(pairs)
        self.fed += len(pairs.groups)
        self._waiting += len(pairs.groups)
        if self._waiting > max(NET_EVERY, len(self.pairs.groups) // 2) and self.timed:
            # Most of what was open is closed again: only the rest is worth keeping.
            self.pairs, self._fresh, self._waiting = netted(self.all()), [], 0

    def all(self) -> Pairs:
        """Every pair by area id, not netted."""
        if self._fresh:
            self.pairs, self._fresh = joined([self.pairs, *self._fresh]), []
        return self.pairs

    def since(self, fed: int) -> Pairs:
        """The pairs fed after so many (only those that depend on the moment are netted)."""
        start = len(self.all().groups) - (self.fed - fed)
        return Pairs(*(column[start:] for column in self.all()))


class Hot:
    """All terms of a ledger. One is made when the first of its facts comes, or when it is asked
    for: of hundreds of counters a log concerns some dozens."""

    def __init__(self, counters: Mapping[str, Counter], sieves: Sieves, words: Vocabulary) -> None:
        self._counters = counters
        self._sieves = sieves
        self._words = words
        self._terms: dict[tuple[str, bool], Term] = {}
        self._alike: dict[object, Term] = {}
        self._additive = 0
        self._leaves: Ints = np.zeros((TERMS_FIRST, AREAS_FIRST), np.int64)
        self._fed = 0
        self._by_fact: dict[str, list[Counter]] = {}
        for counter in counters.values():
            if counter.measure is not Measure.RATIO:
                for fact in counter.facts:
                    self._by_fact.setdefault(fact, []).append(counter)

    def _term(self, counter: Counter, *, confirmed: bool) -> Term:
        """The term of a counter. A new one has missed nothing: it is made before a block with one
        of its facts is fed."""
        found = self._terms.get((counter.name, confirmed))
        if found is None:
            own = self._sieves.of(counter, {}, confirmed=confirmed)
            key = (confirmed, counter.measure, tuple(sieve.strand for sieve in own))
            found = self._alike.get(key)
            if found is None:
                found = self._alike[key] = Term(counter, own)
                if not found.paired:
                    found.row, self._additive = self._additive, self._additive + 1
            self._terms[counter.name, confirmed] = found
        return found

    def _concerned(self, fact: str, *, confirmed: bool) -> Iterator[Term]:
        for counter in self._by_fact.get(fact, ()):
            if counter.is_verifiable or not confirmed:
                yield self._term(counter, confirmed=confirmed)

    def _make_room(self) -> None:
        """Rows for every additive term, columns for every area."""
        rows, columns = self._leaves.shape
        areas = len(self._words.area.values_by_id)
        if self._additive > rows or areas > columns:
            rows = 2 * self._additive if self._additive > rows else rows
            columns = 2 * areas if areas > columns else columns
            grown = np.zeros((rows, columns), np.int64)
            grown[: self._leaves.shape[0], : self._leaves.shape[1]] = self._leaves
            self._leaves = grown

    def feed(self, block: Block) -> None:
        """Take in all rows of a block. Only the terms that its facts concern are looked at."""
        ids = block.ids["what"]
        present = block.what_present if ids is None else ids[block.what_present]
        whats = [self._words.what.values_by_id[identity] for identity in present.tolist()]
        facts = {what.fact for what in whats}
        deeds = {deed_of(what).fact for what in whats if what.fact in CONFIRMATIONS}
        concerned = {id(term): term for f in facts for term in self._concerned(f, confirmed=False)}
        concerned |= {id(term): term for f in deeds for term in self._concerned(f, confirmed=True)}
        self._make_room()
        terms = list(concerned.values())
        if len(block) <= AT_ONCE_ROWS:
            self._feed_plain([term for term in terms if term.plain], block)
            terms = [term for term in terms if not term.plain]
        for term in terms:
            term.feed(block, self._leaves)
        self._fed += 1

    def _feed_plain(self, terms: Sequence[Term], block: Block) -> None:
        """Few rows, for all plain terms at once: a batch from the log's tail touches dozens."""
        if terms:
            rows = np.arange(len(block))
            whats, areas = block.ids_of("what", rows), block.ids_of("area", rows)
            weights = np.stack([term.weights().take(whats) for term in terms]).astype(np.int64)
            places = np.array([term.row for term in terms])
            np.add.at(self._leaves, (places[:, None], areas[None, :]), weights)

    def sums(self, node: Node) -> Ints:
        """The sum of every additive term below a node, worked out once between two feeds."""
        self._make_room()
        state = self._fed, len(self._leaves)
        if node.sums is None or node.sums[0] != state:
            under = np.flatnonzero(node.under())
            node.sums = state, self._leaves[:, under].sum(axis=1)
        return node.sums[1]

    def figures(
        self, counter: Counter, node: Node, moment: int, *, by_area: bool
    ) -> dict[int, Figure]:
        """Figures by group of the node's children, or of the node itself as group 0."""
        if counter.measure is Measure.RATIO:
            above = self._parts(counter.numerator, node, moment, by_area=by_area)
            below = self._parts(counter.denominator, node, moment, by_area=by_area)
            none = Figure(0)
            groups = above.keys() | below.keys()
            least = counter.least
            return {g: ratio(above.get(g, none), below.get(g, none), least) for g in groups}
        term = self._term(counter, confirmed=False)
        if counter.measure is Measure.DURATION:
            return durations(node, term, counter, by_area=by_area)
        values = self._amounts(node, term, moment, by_area=by_area)
        if not counter.is_verifiable:
            return {group: Figure(value) for group, value in values.items()}
        confirmed = self._term(counter, confirmed=True)
        verified = self._amounts(node, confirmed, moment, by_area=by_area)
        return {
            group: Figure(values.get(group, 0), verified=verified.get(group, 0))
            for group in values.keys() | verified.keys()
        }

    def _amounts(self, node: Node, term: Term, moment: int, *, by_area: bool) -> dict[int, int]:
        """Amounts of a term by child, or of the node as 0; those of 0 left out."""
        if not term.paired and not by_area:
            total = int(self.sums(node)[term.row])
            return {0: total} if total else {}
        under = node.under()
        if not term.paired:
            self._make_room()
            sums = self._leaves[term.row]
            areas = np.flatnonzero(under & (sums[: len(under)] != 0))
            return _tallied(node, areas, sums[areas], by_area=by_area)
        if not term.timed:
            return _view(node, term, DistinctView, by_area=by_area).counts()
        pairs = term.all()
        rows = np.flatnonzero((pairs.values < moment) & under.take(pairs.groups))
        weights = pairs.weights[rows].astype(np.int64)
        return _tallied(node, pairs.groups[rows], weights, by_area=by_area)

    def _parts(
        self, name: str | None, node: Node, moment: int, *, by_area: bool
    ) -> dict[int, Figure]:
        return self.figures(self._counters[name or ""], node, moment, by_area=by_area)


def durations(node: Node, term: Term, counter: Counter, *, by_area: bool) -> dict[int, Figure]:
    """Statistics of a term by child, or of the node as 0."""
    return _view(node, term, DurationView, by_area=by_area).figures(counter)


def _tallied(node: Node, areas: Ints, sums: Ints, *, by_area: bool) -> dict[int, int]:
    if not by_area:
        total = int(sums.sum()) if len(sums) else 0
        return {0: total} if total else {}
    found = tally(node.children().take(areas), sums)
    pairs = zip(found.groups.tolist(), found.amounts.tolist(), strict=True)
    return {group: amount for group, amount in pairs if amount}


KindOfView = TypeVar("KindOfView", DistinctView, DurationView)


def _view(node: Node, term: Term, kind: type[KindOfView], *, by_area: bool) -> KindOfView:
    seen, view = node.views.get((id(term), by_area), (0, None))
    if not isinstance(view, kind):
        view = kind(_below(node, term.all(), by_area=by_area))
    elif seen < term.fed:
        fresh = _below(node, term.since(seen), by_area=by_area)
        if not view.take(fresh):
            view = kind(_below(node, term.all(), by_area=by_area))
    node.views[id(term), by_area] = term.fed, view
    return view


def _below(node: Node, pairs: Pairs, *, by_area: bool) -> Pairs:
    """The pairs below a node, by child, or all of them as group 0."""
    if not len(pairs.groups):
        return pairs
    inside = node.under().take(pairs.groups)
    if not inside.all():
        pairs = Pairs(*(column[inside] for column in pairs))
    children = node.children().take(pairs.groups) if by_area else np.zeros_like(pairs.groups)
    return Pairs(children, pairs.values, pairs.weights)


def _timed(sieve: Sieve) -> Condition | None:
    found = [c for c in sieve.strand.conditions if c.test in TIMED]
    if len(found) > 1:
        raise AssertionError("a counter compares at most one instant with the moment")
    return found[0] if found else None
