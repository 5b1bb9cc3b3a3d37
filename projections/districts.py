"""各区 · One log within the city: its blocks with the city's numbers for words and positions."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from projections.areas import PART, Word
from projections.entries import VOCABULARY_OF, Block, Ints, Vocabulary, Words
from projections.explain import Behind, lines_of
from projections.ledger import Ledger
from projections.query import Line

BASE = 1 << 40
"""Positions of the n-th log begin at n times this: more than a log will ever hold."""
UNREAD = -1


@dataclass
class Seen:
    """A block as the city evaluates it, the block of the ledger it is a view of, and the rows of
    that which are seen (None = all)."""

    district: District
    block: Block
    whole: Block
    rows: Ints | None

    async def read(self, names: Iterable[str], rows: Ints) -> None:
        """Make sure that these labels of these rows are in the block."""
        own = rows if self.rows is None else self.rows[rows]
        await self.district.ledger.labels.read(self.whole, names, own)
        for name in names:
            labels = self.whole.labels[name]
            if self.rows is not None:
                labels = labels[self.rows]
            self.block.labels[name] = self.district.labels(labels)


class District:
    """One log of several. `place` is its number among them."""

    def __init__(self, place: int, ledger: Ledger, vocabulary: Vocabulary) -> None:
        self.place = place
        self.base = place * BASE
        self.ledger = ledger
        self.log = ledger.source.log_id
        self._city = vocabulary
        self._twice: Container[str] = ()
        self._tables: dict[str, Ints] = {}
        self._pages: dict[int, Block] = {}

    # --- areas ------------------------------------------------------------------------------------

    @property
    def map_version(self) -> object:
        """Changes whenever an area is defined, or is met for the first time."""
        return self.ledger.areas.version, len(self.ledger.vocabulary.area.values_by_id)

    @property
    def areas(self) -> set[str]:
        """Every area its map or its entries name."""
        met = (Word.of(text).area for text in self.ledger.vocabulary.area.values_by_id)
        return {*self.ledger.areas.parents, *met}

    def path(self, area: str) -> object:
        """What an area is: itself and everything above it, each with name and level. Two logs mean
        the same by a code where this is the same."""
        tree = self.ledger.areas
        return tuple(
            (code, tree.names.get(code), tree.levels.get(code)) for code in tree.path(area)
        )

    def name_areas(self, twice: Container[str]) -> None:
        """Which codes mean something else elsewhere: those carry the name of the log."""
        self._twice = twice
        self._tables.pop("area", None)
        self._pages.clear()

    def area(self, code: str) -> str:
        """The city's code of an area, or of the word for one."""
        plain, part, rest = code.partition(PART)
        return f"{plain}@{self.log}{part}{rest}" if plain in self._twice else code

    async def lines(self, rows: Sequence[Behind]) -> tuple[Line, ...]:
        """What the log says of the events behind a number."""
        return await lines_of(self.ledger.source, rows, self.ledger.areas)

    # --- blocks -----------------------------------------------------------------------------------

    def seen(self, position: int) -> list[Seen]:
        """Everything up to a position, in order."""
        found = []
        for whole in self.ledger.blocks:
            if whole.first > position or not len(whole):
                continue
            block, rows = self._block(whole), None
            block.labels = {}
            if whole.last > position:
                rows = np.flatnonzero(whole.positions(slice(None)) <= position)
                block = replace(block.take(rows), last=self.base + position)
            found.append(Seen(self, block, whole, rows))
        return found

    def labels(self, labels: Ints) -> Ints:
        """The city's numbers of labels, those not read left so."""
        table = self._table("label", self.ledger.vocabulary.label, self._city.label)
        if not len(table):
            return labels
        return np.where(labels == UNREAD, UNREAD, table.take(np.maximum(labels, 0)))

    def _block(self, whole: Block) -> Block:
        """A block with the city's words. Of a sealed page only the words are looked at, once; in
        the tail, whose codes are ids, every row."""
        if not whole.by_area:
            codes = {name: self._ids(name).take(whole.codes[name]) for name in VOCABULARY_OF}
            return self._moved(whole, codes=codes)
        if whole.first not in self._pages:
            ids = {name: self._ids(name).take(_ids_of(whole, name)) for name in VOCABULARY_OF}
            page = self._pages[whole.first] = self._moved(whole, ids=ids)
            _ = page.what_present, page.occurred_range
        # A copy with what has been worked out of it: labels are read for one question alone.
        return copy(self._pages[whole.first])

    def _moved(self, whole: Block, **changes: Any) -> Block:
        first, last = self.base + whole.first, self.base + whole.last
        return replace(whole, first=first, last=last, sums={}, **changes)

    def _ids(self, column: str) -> Ints:
        """The city's number of each word of a column."""
        name = VOCABULARY_OF[column]
        return self._table(name, self.ledger.vocabulary.of(column), self._city.of(column))

    def _table(self, name: str, own: Words[Any], city: Words[Any]) -> Ints:
        table = self._tables.get(name, np.zeros(0, np.int32))
        fresh = own.values_by_id[len(table) :]
        if fresh:
            words = [self.area(word) for word in fresh] if name == "area" else fresh
            table = np.concatenate([table, city.ids(words, len(words))])
            self._tables[name] = table
        return table


def _ids_of(block: Block, column: str) -> Ints:
    ids = block.ids[column]
    if ids is None:
        raise AssertionError(f"a sealed page has words for {column}")
    return ids
