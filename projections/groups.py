"""分组 · What a breakdown groups by: one number for each key of each dimension asked for.

Two facts may keep a field of one name in different columns; so every dimension has a numbering of
its own, and a table from each column's ids to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from events.errors import Invalid
from projections import calendar
from projections.areas import Tree
from projections.declare import CALENDAR, LABEL, OF_DEED
from projections.entries import Block, Books, Ints, Vocabulary, What, deed_of, texts

DIMENSIONS_MAX = 3
KEY_BITS = 62
EPOCH_OFFSET = 1 << 19
"""Added to day, month and year numbers, so that times before 1970 have a number above 0 too."""


class Dimension(Protocol):
    """One dimension of a breakdown."""

    def numbers(self, block: Block, column: str, rows: Ints) -> Ints:
        """The key of each row as a number from 0."""
        ...

    def text(self, number: int) -> str:
        """The key itself."""
        ...


class TextDimension:
    """Units, categories, codes, members, books, labels."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._keys = texts()
        self._tables: dict[str, Ints] = {}

    def numbers(self, block: Block, column: str, rows: Ints) -> Ints:
        """See Dimension. `''` is the column of a fact that has no such field."""
        if column in ("", OF_DEED):
            return np.full(len(rows), self._keys[""], np.int64)
        if column.startswith(LABEL):
            table = self._table(column, self._vocabulary.label.values_by_id)
            return table[block.labels[column[len(LABEL) :]][rows]]
        root = _root(column)
        table = self._table(column, self._vocabulary.of(root).values_by_id)
        return block.look_up(root, table, rows)

    def text(self, number: int) -> str:
        """See Dimension."""
        return self._keys.values_by_id[number]

    def _table(self, column: str, values: Sequence[Any]) -> Ints:
        table = self._tables.get(column, np.zeros(0, np.int64))
        if len(values) > len(table):
            fresh = values[len(table) :]
            if column.startswith(OF_DEED) and column[len(OF_DEED) :] in What._fields:
                fresh = [deed_of(what) for what in fresh]
            name = column.removeprefix(OF_DEED)
            if _root(column) != name and not column.startswith(LABEL):
                fresh = [getattr(value, name) for value in fresh]
            more = self._keys.ids(fresh, len(fresh)).astype(np.int64)
            self._tables[column] = table = np.concatenate([table, more])
        return table


class CalendarDimension:
    """Local days, months, years."""

    def __init__(self, unit: str) -> None:
        self._unit = unit

    def numbers(self, block: Block, column: str, rows: Ints) -> Ints:
        """See Dimension."""
        found: Ints = calendar.numbers_of(block.numbers["day"][rows], self._unit) + EPOCH_OFFSET
        return found

    def text(self, number: int) -> str:
        """See Dimension."""
        return calendar.text_of(number - EPOCH_OFFSET, self._unit)


class AreaDimension:
    """The children of a node. What stands at the node itself keeps the node's own key."""

    def __init__(self, tree: Tree, node: str, vocabulary: Vocabulary) -> None:
        self._tree, self._node, self._vocabulary = tree, node, vocabulary
        self._keys = texts()
        self._table = np.zeros(0, np.int64)
        for child in tree.children(node):
            self._keys[child]

    def table(self) -> Ints:
        """The number of the child below which each area id lies."""
        values = self._vocabulary.area.values_by_id
        if len(values) > len(self._table):
            fresh = [self._tree.child_towards(self._node, a) for a in values[len(self._table) :]]
            more = self._keys.ids(fresh, len(fresh)).astype(np.int64)
            self._table = np.concatenate([self._table, more])
        return self._table

    def numbers(self, block: Block, column: str, rows: Ints) -> Ints:
        """See Dimension."""
        return block.look_up("area", self.table(), rows)

    def text(self, number: int) -> str:
        """See Dimension."""
        return self._keys.values_by_id[number]


class Groups:
    """All dimensions of one breakdown, their numbers packed into one."""

    def __init__(self, names: Sequence[str], areas: AreaDimension, words: Vocabulary) -> None:
        if len(names) > DIMENSIONS_MAX:
            raise Invalid(
                f"a breakdown has at most {DIMENSIONS_MAX} dimensions, not {len(names)}",
                field="by",
                value="|".join(names),
                zh=f"一次最多按 {DIMENSIONS_MAX} 个维度分组",
            )
        self.names = tuple(names)
        self._dimensions = [_dimension(name, areas, words) for name in names]
        self._bits = KEY_BITS // max(1, len(names))

    def numbers(self, block: Block, columns: Sequence[str], rows: Ints) -> Ints:
        """One number for the group of each row; 0 for all where nothing is broken down."""
        packed = np.zeros(len(rows), np.int64)
        if not len(rows):
            return packed
        for name, dimension, column in zip(self.names, self._dimensions, columns, strict=True):
            numbers = dimension.numbers(block, column, rows)
            if int(numbers.max()) >> self._bits:
                raise Invalid(
                    f"{name} has too many values to be broken down together with others",
                    field="by",
                    value=name,
                    zh=f"{name} 的取值过多，不能与其他维度同时分组",
                )
            packed = (packed << self._bits) | numbers
        return packed

    def text(self, group: int) -> str:
        """The key of a group: its dimensions' keys joined by `|`."""
        return "|".join(self.texts(group))

    def texts(self, group: int) -> tuple[str, ...]:
        """The key of each dimension."""
        mask = (1 << self._bits) - 1
        count = len(self._dimensions)
        numbers = [(group >> (self._bits * (count - 1 - index))) & mask for index in range(count)]
        return tuple(d.text(n) for d, n in zip(self._dimensions, numbers, strict=True))


def _dimension(name: str, areas: AreaDimension, words: Vocabulary) -> Dimension:
    if name == "area":
        return areas
    return CalendarDimension(name) if name in CALENDAR else TextDimension(words)


def _root(column: str) -> str:
    column = column.removeprefix(OF_DEED)
    if column in What._fields:
        return "what"
    return "books" if column in Books._fields else column
