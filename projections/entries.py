"""台账分录 · Entries as columns of small integers: the form in which everything is summed.

Texts become ids of a vocabulary that grows with this process (the order of arrival does not matter:
it never leaves memory; sealed pages carry dictionaries of their own). The rare dimensions of an
entry are one id, `what` = (fact, sign, variant, provenance, two codes), its further books another:
so that a counter is a small table over `what`, and counting is looking up and adding.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from events.ports import EntryColumns

Ints = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

VOCABULARY_OF = {
    "area": "area",
    "what": "what",
    "books": "books",
    "unit": "unit",
    "category": "category",
    "member_1": "member",
    "member_2": "member",
}
"""The coded columns, and whose vocabulary their ids belong to."""

NUMBERS = ("quantity_1", "quantity_2", "occurred_at", "day")
CODE_MAX_16 = 65_536
FEW_AREAS = 128


class What(NamedTuple):
    """The rare dimensions of an entry, combined."""

    fact: str
    sign: int
    variant: str
    provenance: str
    code_1: str
    code_2: str


def deed_of(what: What) -> What:
    """What a second word for a deed says of that deed: its fact and its codes."""
    code_1, _, code_2 = what.code_2.partition("|")
    return what._replace(fact=what.code_1, code_1=code_1, code_2=code_2)


class Books(NamedTuple):
    """The further books an entry counts in."""

    home_unit: str
    team: str
    home_community: str
    paired_community: str


Value = TypeVar("Value")


class Words(dict[Any, int], Generic[Value]):
    """Ids of values in order of arrival; `values_by_id[id]` is the way back.

    A plain tuple finds the named one it equals, so that a million look-ups need not name theirs.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        super().__init__()
        self.values_by_id: list[Value] = []
        self._make: Callable[[Any], Value] = make

    def __missing__(self, value: Any) -> int:
        made = self._make(value)
        self[made] = identity = len(self.values_by_id)
        self.values_by_id.append(made)
        return identity

    def ids(self, values: Iterable[Any], count: int) -> Ints:
        """One id for each value, new ones made as needed."""
        if isinstance(values, list) and values and _constant(values):
            return np.full(count, self[values[0]], np.int32)
        return np.fromiter(map(self.__getitem__, values), np.int32, count)


def texts() -> Words[str]:
    """A vocabulary of texts."""
    return Words(str)


@dataclass(frozen=True)
class Vocabulary:
    """All ids of one process."""

    area: Words[str] = field(default_factory=texts)
    what: Words[What] = field(default_factory=lambda: Words(What._make))
    books: Words[Books] = field(default_factory=lambda: Words(Books._make))
    unit: Words[str] = field(default_factory=texts)
    category: Words[str] = field(default_factory=texts)
    member: Words[str] = field(default_factory=texts)
    label: Words[str] = field(default_factory=texts)

    def of(self, column: str) -> Words[Any]:
        """The vocabulary of a coded column."""
        words: Words[Any] = getattr(self, VOCABULARY_OF[column])
        return words


class PageSums(NamedTuple):
    """What one sieve comes to on a whole page: area codes with an amount each, and in all."""

    codes: Ints
    amounts: Ints
    total: int


@dataclass
class Block:
    """A run of entries: codes per column, and what each code means.

    `ids[column]` maps a code to an id of the vocabulary; None where codes are ids already.
    Positions are `first + offset`. Rows of a sealed page are sorted by (area, position); those of
    the tail by position. Within one position and area, rows stand in the order of the event.
    """

    first: int
    last: int
    """Positions covered, both inclusive, with or without entries."""
    offset: Ints
    codes: dict[str, Ints]
    ids: dict[str, Ints | None]
    numbers: dict[str, Ints]
    by_area: bool = False
    labels: dict[str, Ints] = field(default_factory=dict)
    """Codes of body fields, where they have been read (−1 = not yet)."""
    sums: dict[str, PageSums] = field(default_factory=dict)
    """Of a sealed page: what the sieves asked for so far come to. Never changes."""

    def __len__(self) -> int:
        return len(self.offset)

    def positions(self, rows: Ints | slice) -> Ints:
        """The positions of some rows."""
        return self.first + self.offset[rows].astype(np.int64)

    def ids_of(self, column: str, rows: Ints) -> Ints:
        """Ids of the vocabulary at some rows."""
        codes, ids = self.codes[column].take(rows), self.ids[column]
        return codes if ids is None else ids.take(codes)

    def look_up(self, column: str, table: NDArray[Any], rows: Ints) -> NDArray[Any]:
        """`table` (indexed by id) at some rows: the table is narrowed first, then gathered."""
        ids = self.ids[column]
        narrow = table if ids is None else table.take(ids)
        found: NDArray[Any] = narrow.take(self.codes[column].take(rows))
        return found

    @cached_property
    def occurred_range(self) -> tuple[int, int]:
        """First and last instant of occurrence, µs."""
        occurred = self.numbers["occurred_at"]
        return (int(occurred.min()), int(occurred.max())) if len(occurred) else (0, 0)

    @cached_property
    def _by_what(self) -> tuple[Ints, Ints]:
        codes = self.codes["what"]
        if codes.dtype.itemsize > 2 and (not len(codes) or int(codes.max()) < CODE_MAX_16):
            codes = codes.astype(np.uint16)  # two bytes sort by radix, ten times faster
        order = np.argsort(codes, kind="stable").astype(np.int32)
        count = int(codes.max()) + 1 if len(codes) else 0
        starts = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(codes, minlength=count), out=starts[1:])
        return order, starts

    @cached_property
    def what_present(self) -> Ints:
        """Codes of `what` that occur here."""
        _, starts = self._by_what
        return np.flatnonzero(np.diff(starts))

    def rows_of_areas(self, areas: Flags) -> Ints:
        """The rows in these areas (flags by id), ascending."""
        ids, codes = self.ids["area"], self.codes["area"]
        narrow = areas if ids is None else areas.take(ids)
        chosen = np.flatnonzero(narrow)
        if not self.by_area or len(chosen) > FEW_AREAS:
            return np.flatnonzero(narrow.take(codes))
        # Sorted by area: few borders instead of a look at every row.
        starts = np.searchsorted(codes, chosen, "left")
        ends = np.searchsorted(codes, chosen, "right")
        lengths = ends - starts
        before = np.cumsum(lengths) - lengths
        return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))

    def rows_of_what(self, codes: Ints) -> list[Ints]:
        """The rows of each of these codes, ascending."""
        order, starts = self._by_what
        # Rows are kept narrow and handed out wide: gathering by them is twice as fast then.
        return [order[starts[code] : starts[code + 1]].astype(np.intp) for code in codes]

    def take(self, rows: Ints | slice) -> Block:
        """Some of its rows, as a block of their own."""
        return replace(
            self,
            offset=self.offset[rows],
            sums={},
            codes={name: column[rows] for name, column in self.codes.items()},
            numbers={name: column[rows] for name, column in self.numbers.items()},
            labels={name: column[rows] for name, column in self.labels.items()},
        )


class Gathered(dict[str, Ints]):
    """Columns gathered from several blocks, each when it is first looked at: most questions look at
    few of them."""

    def __init__(self, gather: Callable[[str], Ints], names: Iterable[str]) -> None:
        super().__init__()
        self._gather = gather
        self._names = frozenset(names)

    def __missing__(self, name: str) -> Ints:
        self[name] = column = self._gather(name)
        return column

    def __contains__(self, name: object) -> bool:
        return name in self._names


def join(blocks: Sequence[tuple[Block, Ints]]) -> Block:
    """Rows of several blocks as one block whose codes are ids: worth it for few rows of many."""
    first = min(block.first for block, _ in blocks)

    def ids(name: str) -> Ints:
        return np.concatenate([block.ids_of(name, rows) for block, rows in blocks])

    def numbers(name: str) -> Ints:
        return np.concatenate([block.numbers[name].take(rows) for block, rows in blocks])

    return Block(
        first=first,
        last=max(block.last for block, _ in blocks),
        offset=np.concatenate([block.positions(rows) - first for block, rows in blocks]),
        codes=Gathered(ids, VOCABULARY_OF),
        ids=dict.fromkeys(VOCABULARY_OF),
        numbers=Gathered(numbers, NUMBERS),
    )


def cut_at_pages(columns: EntryColumns, page_events: int) -> Iterator[EntryColumns]:
    """The same entries, no run of them crossing the border of a page."""
    positions = columns.position
    start = 0
    while start < len(positions):
        border = ((positions[start] - 1) // page_events + 1) * page_events
        end = bisect_right(positions, border, start)
        if start == 0 and end == len(positions):
            yield columns
        else:
            names = (column.name for column in fields(columns))
            yield EntryColumns(*(getattr(columns, name)[start:end] for name in names))
        start = end


class Tail:
    """The entries that are not yet in a sealed page: columns that grow at the end.

    A `Block` of it is a view of what was there then; growing never changes rows already handed out.
    """

    def __init__(self, vocabulary: Vocabulary, first: int) -> None:
        self.vocabulary = vocabulary
        self.first = first
        self.last = first - 1
        self._count = 0
        self._columns: dict[str, Ints] = {
            "offset": np.zeros(0, np.int32),
            **{name: np.zeros(0, np.int32) for name in VOCABULARY_OF},
            **{name: np.zeros(0, np.int64) for name in NUMBERS},
        }

    def __len__(self) -> int:
        return self._count

    def add(self, columns: EntryColumns, upto: int) -> None:
        """Entries in position order; `upto` is the position they reach, with or without entries."""
        count = len(columns.position)
        if count:
            if columns.position[0] <= self.last or columns.position[-1] > upto:
                raise AssertionError(
                    f"entries {columns.position[0]}–{columns.position[-1]} do not follow "
                    f"{self.last} up to {upto}"
                )
            self._grow(count)
            for name, values in self._coded(columns, count).items():
                self._columns[name][self._count : self._count + count] = values
            self._count += count
        self.last = upto

    def block(self, start: int = 0) -> Block:
        """What is there now, from that row on."""
        rows = slice(start, self._count)
        return Block(
            first=self.first,
            last=self.last,
            offset=self._columns["offset"][rows],
            codes={name: self._columns[name][rows] for name in VOCABULARY_OF},
            ids=dict.fromkeys(VOCABULARY_OF),
            numbers={name: self._columns[name][rows] for name in NUMBERS},
        )

    def _grow(self, count: int) -> None:
        needed = self._count + count
        if needed <= len(self._columns["offset"]):
            return
        size = max(needed, 2 * self._count, 1_024)
        for name, column in self._columns.items():
            larger = np.zeros(size, column.dtype)
            larger[: self._count] = column[: self._count]
            self._columns[name] = larger

    def _coded(self, columns: EntryColumns, count: int) -> dict[str, Ints]:
        words = self.vocabulary
        numbers = {name: _numbers(getattr(columns, name), count) for name in NUMBERS}
        plain = {
            name: words.of(name).ids(getattr(columns, name), count)
            for name in ("area", "unit", "category", "member_1", "member_2")
        }
        return {
            "offset": _numbers(columns.position, count) - self.first,
            "what": _combined(words.what, columns, What._fields, count),
            "books": _combined(words.books, columns, Books._fields, count),
            **plain,
            **numbers,
        }


def _numbers(column: list[int], count: int) -> Ints:
    return np.fromiter(column, np.int64, count)


def _constant(column: Sequence[Any]) -> bool:
    """Whether every value is the same; most columns that are not show it at the ends."""
    first = column[0]
    return bool(column[-1] == first and column.count(first) == len(column))


def _combined(words: Words[Any], columns: EntryColumns, names: tuple[str, ...], count: int) -> Ints:
    """Ids of several columns taken together. Only those that vary are looked at row by row."""
    whole = [getattr(columns, name) for name in names]
    varying = [place for place, column in enumerate(whole) if not _constant(column)]
    sample = [column[0] for column in whole]
    if not varying:
        return np.full(count, words[tuple(sample)], np.int32)
    seen: Words[tuple[Any, ...]] = Words(tuple)
    ids = seen.ids(zip(*(whole[place] for place in varying), strict=True), count)
    table = []
    for values in seen.values_by_id:
        for place, value in zip(varying, values, strict=True):
            sample[place] = value
        table.append(words[tuple(sample)])
    return np.array(table, np.int32)[ids]
