"""汇总 · One evaluation for every question: live, as of any instant on either time axis, any area.

A strand of a counter becomes a sieve: a table over `what` that says how much an entry weighs, a few
tables over other columns, comparisons of instants. A block is sieved in three or four look-ups;
what is left is added up by group. Entries never change, so the same sieve over a prefix of the
positions is what the board showed then, and over what occurred by then what had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from projections.areas import Word
from projections.calendar import in_days
from projections.declare import BLANK, CALENDAR, CONFIRMATIONS, LABEL, OF_DEED
from projections.entries import Block, Books, Flags, Ints, Vocabulary, What, deed_of
from projections.strands import Condition, Only, Strand

TIMED = ("due", "older_than")
"""Comparisons with the moment of the question."""

EXACT_IN_FLOAT = 2**53
DENSE_SPAN_MAX = 1 << 22


@dataclass(frozen=True)
class Cut:
    """What may be seen: positions up to one, occurrences up to an instant (µs; None = all), and the
    moment T that instants are compared with (µs)."""

    position: int
    occurred: int | None
    moment: int

    def sees_all_of(self, block: Block) -> bool:
        """Whether nothing of the block is cut off."""
        return block.last <= self.position and (
            self.occurred is None or block.occurred_range[1] <= self.occurred
        )

    def rows(self, block: Block) -> Ints:
        """The rows that are seen."""
        seen: Flags = block.positions(slice(None)) <= self.position
        if self.occurred is not None:
            seen &= block.numbers["occurred_at"] <= self.occurred
        return np.flatnonzero(seen)

    def sees_none_of(self, block: Block) -> bool:
        """Whether all of the block is cut off."""
        late = self.occurred is not None and block.occurred_range[0] > self.occurred
        return not len(block) or block.first > self.position or late


EVERYTHING = Cut(2**62, None, 0)


class Matches(NamedTuple):
    """Matching rows of a block, in no particular order, and what each weighs (+1 or −1)."""

    rows: Ints
    weights: Ints


class Sieve:
    """A strand, bound to a vocabulary: which rows of a block match, and with what weight.

    `confirmed`: the second words for deeds (each a copy of its deed's columns) instead of the deeds
    themselves, so that what is verified is the same sum once more.
    """

    def __init__(
        self, strand: Strand, vocabulary: Vocabulary, *, confirmed: bool = False, name: str = ""
    ) -> None:
        self.strand = strand
        self.name = name
        """What its sums of whole pages are kept under; '' = they are not."""
        self.by = tuple(OF_DEED + name if confirmed else name for name in strand.by)
        self._confirmed = confirmed
        self._facts = dict(strand.weights)
        self._vocabulary = vocabulary
        self._weights = np.zeros(0, np.int8)
        self._idle = True
        self._of_what = [only for only in strand.only if only.column in What._fields]
        rest = [only for only in strand.only if only.column not in What._fields]
        self._days = [only for only in rest if only.column in CALENDAR]
        tables = [Table(only, vocabulary) for only in rest if only.column not in CALENDAR]
        self._tables = [table for table in tables if not table.is_label]
        self._label_tables = [table for table in tables if table.is_label]

    @property
    def is_plain(self) -> bool:
        """Whether `what` alone decides."""
        tables = self._tables or self._label_tables
        return not (tables or self._days or self.strand.conditions)

    @property
    def is_timed(self) -> bool:
        """Whether what matches depends on the moment of the question."""
        return any(condition.test in TIMED for condition in self.strand.conditions)

    @property
    def idle(self) -> bool:
        """Nothing in the log so far can match."""
        if self._idle and len(self._vocabulary.what.values_by_id) > len(self._weights):
            self._idle = not self.weights().any()
        return self._idle

    def bare(self) -> Sieve:
        """The same without its conditions on body fields."""
        only = tuple(o for o in self.strand.only if not o.column.startswith(LABEL))
        return Sieve(replace(self.strand, only=only), self._vocabulary, confirmed=self._confirmed)

    def untimed(self) -> Sieve:
        """The same without these comparisons, where the instants they look at are there."""
        kept = [c for c in self.strand.conditions if c.test not in TIMED]
        kept += [Condition("has", c.column) for c in self.strand.conditions if c.test in TIMED]
        strand = replace(self.strand, conditions=tuple(kept))
        return Sieve(strand, self._vocabulary, confirmed=self._confirmed)

    def match(self, block: Block, cut: Cut, areas: Flags | None = None) -> Matches:
        """The matching entries. `areas` flags the area ids asked for; None = all."""
        rows, weights = self._candidates(block)
        for keep in self._filters(block, cut, areas):
            if not len(rows):
                break
            kept = keep(rows)
            rows, weights = rows[kept], weights[kept]
        return Matches(rows, weights)

    def values(self, block: Block, rows: Ints) -> Ints:
        """The quantity or member of each row; for durations the time since, in µs."""
        column = self.strand.value
        if column is None:
            raise AssertionError("this strand has no value column")
        if column in Books._fields:
            return self._of_books(column)[block.ids_of("books", rows)]
        if column not in block.numbers:
            return block.ids_of(column, rows)
        numbers = block.numbers[column][rows].astype(np.int64)
        if not self.strand.elapsed:
            return numbers
        elapsed: Ints = block.numbers["occurred_at"][rows].astype(np.int64) - numbers
        return elapsed

    def _of_books(self, column: str) -> Ints:
        """What each combination of further books says of one of them, as ids of units."""
        known, words = self._vocabulary.books.values_by_id, self._vocabulary.unit
        place = Books._fields.index(column)
        return np.fromiter((words[books[place]] for books in known), np.int32, len(known))

    def _candidates(self, block: Block) -> Matches:
        present, ids = block.what_present, block.ids["what"]
        weight = self.weights()[present if ids is None else ids[present]]
        chosen = np.flatnonzero(weight)
        runs = block.rows_of_what(present[chosen])
        if not runs:
            return Matches(np.zeros(0, np.int32), np.zeros(0, np.int8))
        lengths = [len(run) for run in runs]
        return Matches(np.concatenate(runs), np.repeat(weight[chosen], lengths))

    def _filters(
        self, block: Block, cut: Cut, areas: Flags | None
    ) -> Iterator[Callable[[Ints], Flags]]:
        for table in self._tables:
            yield partial(table.keep, block)
        if areas is not None:
            yield partial(block.look_up, "area", areas)
        for only in self._days:
            yield partial(_keep_days, block, only)
        for condition in self.strand.conditions:
            yield partial(_keep_instants, block, condition, cut.moment)
        if block.last > cut.position:
            yield partial(_keep_recorded, block, cut.position)
        if cut.occurred is not None and block.occurred_range[1] > cut.occurred:
            yield partial(_keep_occurred, block, cut.occurred)
        # Last, since labels are read only of the rows that everything else leaves.
        for table in self._label_tables:
            yield partial(table.keep, block)

    def weights(self) -> NDArray[np.int8]:
        """What an entry weighs by its `what` id, as far as that decides; 0 = it does not match."""
        values = self._vocabulary.what.values_by_id
        if len(values) > len(self._weights):
            more = [self._weight(what) for what in values[len(self._weights) :]]
            self._weights = np.concatenate([self._weights, np.array(more, np.int8)])
        return self._weights

    def _weight(self, what: What) -> int:
        if self._confirmed:
            if what.fact not in CONFIRMATIONS:
                return 0
            what = deed_of(what)
        weight = self._facts.get(what.fact, 0)
        for only in self._of_what:
            if (getattr(what, only.column) in only.values) is not only.wanted:
                return 0
        return weight * what.sign


class Table:
    """A condition on a coded column as flags by id."""

    def __init__(self, only: Only, vocabulary: Vocabulary) -> None:
        self._only = only
        self._label = only.column[len(LABEL) :] if only.column.startswith(LABEL) else ""
        self._column = "books" if only.column in Books._fields else only.column
        self._words: Any = vocabulary.label if self._label else vocabulary.of(self._column)
        self._flags = np.zeros(0, np.bool_)

    @property
    def is_label(self) -> bool:
        """Whether it looks at a body field."""
        return bool(self._label)

    def all(self, block: Block) -> Flags:
        """The same for every row."""
        self._extend()
        ids = block.ids[self._column]
        narrow = self._flags if ids is None else self._flags.take(ids)
        found: Flags = narrow.take(block.codes[self._column])
        return found

    def keep(self, block: Block, rows: Ints) -> Flags:
        """Which rows hold one of the values."""
        self._extend()
        if self._only.values == BLANK and not self._label and self._column != "books":
            return self._keep_blank(block, rows)
        if self._label:
            flags: Flags = self._flags[block.labels[self._label][rows]]
            return flags
        return block.look_up(self._column, self._flags, rows)

    def _keep_blank(self, block: Block, rows: Ints) -> Flags:
        """Words of a page are sorted: its blank, if it has one, is the first."""
        blank, ids = self._words.get("", -1), block.ids[self._column]
        codes = block.codes[self._column].take(rows)
        if ids is not None:
            blank = 0 if len(ids) and ids[0] == blank else -1
        held: Flags = codes == blank if blank >= 0 else np.zeros(len(rows), np.bool_)
        return held if self._only.wanted else ~held

    def _extend(self) -> None:
        known, values = len(self._flags), self._words.values_by_id
        if len(values) == known:
            return
        held = np.zeros(len(values) - known, np.bool_)
        if self._column == "books":
            texts = (getattr(value, self._only.column) for value in values[known:])
            held[:] = [text in self._only.values for text in texts]
        elif self._column == "area":
            held[:] = [Word.of(text).area in self._only.values for text in values[known:]]
        else:
            ids = (self._words.get(text, -1) for text in self._only.values)
            held[[identity - known for identity in ids if identity >= known]] = True
        self._flags = np.concatenate([self._flags, held == self._only.wanted])


def _keep_days(block: Block, only: Only, rows: Ints) -> Flags:
    return in_days(block.numbers["day"][rows], only)


def _keep_recorded(block: Block, position: int, rows: Ints) -> Flags:
    kept: Flags = block.positions(rows) <= position
    return kept


def _keep_occurred(block: Block, occurred: int, rows: Ints) -> Flags:
    kept: Flags = block.numbers["occurred_at"][rows] <= occurred
    return kept


def _keep_instants(block: Block, condition: Condition, moment: int, rows: Ints) -> Flags:
    instants = block.numbers[condition.column][rows].astype(np.int64)
    present: Flags = instants != 0
    if condition.test == "has":
        return present
    if condition.test == "due":
        return present & (instants < moment)
    if condition.test == "older_than":
        return present & (instants < moment - condition.limit)
    occurred = block.numbers["occurred_at"][rows].astype(np.int64)
    if condition.test == "on_time":
        return present & (occurred <= instants)
    if condition.test == "late":
        return present & (occurred > instants)
    if condition.test == "within":
        return present & (occurred - instants <= condition.limit)
    raise AssertionError(f"no such comparison: {condition.test}")


# --- adding up ------------------------------------------------------------------------------------


class Tally(NamedTuple):
    """One amount for each group, groups ascending."""

    groups: Ints
    amounts: Ints


class Pairs(NamedTuple):
    """Signed occurrences of values (members, durations, instants) in groups, in no order."""

    groups: Ints
    values: Ints
    weights: Ints


def tally(groups: Ints, amounts: Ints) -> Tally:
    """The sum of the amounts of each group, exact."""
    if not len(groups):
        return Tally(np.zeros(0, np.int64), np.zeros(0, np.int64))
    low = int(groups.min())
    span = int(groups.max()) - low + 1
    if span > max(DENSE_SPAN_MAX, 4 * len(groups)):
        found, places = np.unique(groups, return_inverse=True)
        return Tally(found, _add(places, amounts, len(found)))
    sums = _add(groups - low, amounts, span)
    seen = np.bincount(groups - low, minlength=span)
    found = np.flatnonzero(seen)
    return Tally(found + low, sums[found])


def _net(keys: Ints, weights: Ints) -> Tally:
    """The net weight of each key, those of 0 left out. Keys are from 0 up."""
    span = int(keys.max()) + 1
    if span > max(DENSE_SPAN_MAX, 4 * len(keys)):
        found, places = np.unique(keys, return_inverse=True)
        sums = np.bincount(places, weights=weights)
    else:
        sums = np.bincount(keys, weights=weights, minlength=span)
        found = np.flatnonzero(sums)
        return Tally(found, sums[found].astype(np.int64))
    kept = np.flatnonzero(sums)
    return Tally(found[kept], sums[kept].astype(np.int64))


def _add(places: Ints, amounts: Ints, size: int) -> Ints:
    largest = max(abs(int(amounts.min())), abs(int(amounts.max())))
    if largest * len(amounts) < EXACT_IN_FLOAT:
        return np.bincount(places, weights=amounts, minlength=size).astype(np.int64)
    sums = np.zeros(size, np.int64)
    np.add.at(sums, places, amounts)
    return sums


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Several runs of pairs as one."""
    if not parts:
        empty = np.zeros(0, np.int64)
        return Pairs(empty, empty, empty)
    return Pairs(*(np.concatenate([part[index] for part in parts]) for index in range(3)))


def netted(pairs: Pairs) -> Pairs:
    """Each (group, value) once, with its net weight, those of 0 left out; sorted by both."""
    if not len(pairs.groups):
        return pairs
    low, high = int(pairs.values.min()), int(pairs.values.max())
    first, last = int(pairs.groups.min()), int(pairs.groups.max())
    span = high - low + 1
    if span * (last - first + 1) < 2**62:
        keys = (pairs.groups.astype(np.int64) - first) * span
        keys += pairs.values.astype(np.int64) - low
        net = _net(keys, pairs.weights)
        return Pairs(net.groups // span + first, net.groups % span + low, net.amounts)
    order = np.lexsort((pairs.values, pairs.groups))
    groups, values, weights = (column[order] for column in pairs)
    fresh = np.ones(len(groups), np.bool_)
    fresh[1:] = (groups[1:] != groups[:-1]) | (values[1:] != values[:-1])
    starts = np.flatnonzero(fresh)
    net_weights = np.add.reduceat(weights.astype(np.int64), starts)
    kept = net_weights != 0
    starts = starts[kept]
    return Pairs(groups[starts], values[starts], net_weights[kept])


def distinct(pairs: Pairs) -> Tally:
    """How many values of each group have a net weight above 0."""
    net = netted(pairs)
    return tally(net.groups[net.weights > 0], np.ones(int((net.weights > 0).sum()), np.int64))
