"""账页 · Sealed pages: the entries of 65,536 positions as columns, a pure function of the log.

A page has a dictionary of its own for every text, sorted, and integers as narrow as their range
allows; rows are sorted by (area, position), entries of one event in the order the event makes them.
So whoever builds it, in whatever batches and order, gets the same bytes and the same digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from events import codec
from events.errors import Broken
from events.ports import PAGE_EVENTS
from projections.entries import NUMBERS, VOCABULARY_OF, Block, Ints, Vocabulary

FORM = b"jishi ledger page 1\n"
"""Covered by the digest: another form of pages has other digests on purpose."""

HEAD_BYTES = 8
TUPLES = ("what", "books")
END = "\x00"
CODES_IN_16_BITS = 65_536
UNSIGNED = ("<u1", "<u2", "<u4")
SIGNED = ("<i1", "<i2", "<i4")
WIDTHS = dict(enumerate((*UNSIGNED, *SIGNED, "<i8")))
CODE_OF_WIDTH = {width: code for code, width in WIDTHS.items()}

COLUMNS = (
    "position",
    *(f"{name}_words" for name in VOCABULARY_OF),
    *VOCABULARY_OF,
    *NUMBERS,
)
"""The columns in the order in which they are digested. `area` holds offsets: rows area[i] up to
area[i + 1] are those of the i-th word; every other coded column holds one code a row."""


@dataclass(frozen=True)
class Page:
    """One sealed page. `number` 0 holds positions 1 to 65,536.

    `size` is smaller only in tests: the digest covers the positions, so pages of another size are
    other pages.
    """

    number: int
    entries: int
    columns: Mapping[str, bytes]
    size: int = PAGE_EVENTS

    @property
    def first(self) -> int:
        """Its first position."""
        return self.number * self.size + 1

    @property
    def last(self) -> int:
        """Its last position."""
        return (self.number + 1) * self.size

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 over form, positions, count and every column with its name and length."""
        hashed = hashlib.sha256(FORM + b"%d %d %d\n" % (self.first, self.last, self.entries))
        for name in COLUMNS:
            column = self.columns[name]
            hashed.update(b"%b %d\n" % (name.encode(), len(column)))
            hashed.update(column)
        return hashed.digest()

    def verify(self, digest: bytes) -> None:
        """Raises Broken where this is not the page that was sealed."""
        if self.digest != digest:
            raise Broken(
                f"ledger page {self.number} does not have the digest stored beside it: "
                "rebuild the ledger from the log",
                zh=f"台账第 {self.number} 页与其摘要不符：请从日志重建台账",
            )

    def block(self, vocabulary: Vocabulary) -> Block:
        """The page as it is summed, its words numbered by the vocabulary."""
        ids: dict[str, Ints] = {}
        for name in VOCABULARY_OF:
            words = _read_words(self.columns[f"{name}_words"], name)
            ids[name] = vocabulary.of(name).ids(words, len(words))
        return self.bound(ids)

    def bound(self, ids: Mapping[str, Ints]) -> Block:
        """The page as it is summed, where the ids of its words are known."""
        codes = {name: _read(self.columns[name]) for name in VOCABULARY_OF}
        offsets = codes["area"].astype(np.int64)
        lengths: Ints = offsets[1:] - offsets[:-1]
        narrow = np.uint16 if len(lengths) < CODES_IN_16_BITS else np.uint32
        codes["area"] = np.repeat(np.arange(len(lengths), dtype=narrow), lengths)
        return Block(
            first=self.first,
            last=self.last,
            offset=_read(self.columns["position"]),
            codes=codes,
            ids=dict(ids),
            numbers={name: _read(self.columns[name]) for name in NUMBERS},
            by_area=True,
        )


def check_not_ahead(name: str, position: int, head: int) -> None:
    """Raises Broken where something derived reaches further than the log it comes from: that log
    was put back from an older copy, and what it will record next is not what was counted."""
    if position > head:
        raise Broken(
            f"{name} stands at position {position}, and the log ends at {head}: that was restored "
            "from an older copy; rebuild the projections and swap them in",
            zh=f"{name} 已到第 {position} 条，而日志止于第 {head} 条：日志由旧备份恢复，请重建投影",
        )


def seal(block: Block, vocabulary: Vocabulary) -> Page:
    """A page from all entries of its positions (in position order, codes being ids)."""
    return sealed(block, vocabulary)[0]


def sealed(block: Block, vocabulary: Vocabulary) -> tuple[Page, Block]:
    """The page, and itself as a block: saves reading back what was just written."""
    size = block.last - block.first + 1
    if (block.first - 1) % size:
        raise AssertionError(f"positions {block.first} to {block.last} are not one page")
    ids: dict[str, Ints] = {}
    codes: dict[str, Ints] = {}
    for name in VOCABULARY_OF:
        ids[name], codes[name] = _sorted(block.codes[name], vocabulary.of(name).values_by_id)
    order = np.argsort(codes["area"], kind="stable")
    counts = np.bincount(codes["area"], minlength=len(ids["area"]))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    columns = {"position": _written(block.offset[order]), "area": _written(offsets)}
    for name in VOCABULARY_OF:
        values = vocabulary.of(name).values_by_id
        columns[f"{name}_words"] = _written_words([values[i] for i in ids[name].tolist()], name)
        if name != "area":
            columns[name] = _written(codes[name][order])
    for name in NUMBERS:
        columns[name] = _written(block.numbers[name][order])
    page = Page((block.first - 1) // size, len(block), columns, size)
    return page, page.bound(ids)


def _sorted(ids: Ints, values: list[Any]) -> tuple[Ints, Ints]:
    """The ids that occur, in the order of their values, and a code for each row."""
    present = np.zeros(len(values), np.bool_)
    present[ids] = True
    found = sorted(np.flatnonzero(present).tolist(), key=values.__getitem__)
    narrow = np.uint16 if len(found) < CODES_IN_16_BITS else np.uint32
    table: Ints = np.zeros(len(values), narrow)
    table[found] = np.arange(len(found), dtype=narrow)
    return np.array(found, np.int32), table[ids]


def _written(numbers: Ints) -> bytes:
    """Eight bytes that say the width (so that numbers stay aligned), then the numbers,
    little-endian."""
    low, high = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, 0)
    width = "<i8"
    for candidate in UNSIGNED if low >= 0 else SIGNED:
        bounds = np.iinfo(np.dtype(candidate))
        if bounds.min <= low and high <= bounds.max:
            width = candidate
            break
    return CODE_OF_WIDTH[width].to_bytes(HEAD_BYTES, "little") + numbers.astype(width).tobytes()


def _read(column: bytes) -> Ints:
    numbers: Ints = np.frombuffer(column, np.dtype(WIDTHS[column[0]]), offset=HEAD_BYTES)
    return numbers


def _written_words(words: list[Any], name: str) -> bytes:
    """Tuples as canonical JSON; texts one after the other, each ended by a zero byte (which no
    database lets into a text)."""
    if name in TUPLES:
        return codec.canonical([list(word) for word in words])
    joined = "".join(f"{word}{END}" for word in words)
    if joined.count(END) != len(words):
        raise Broken(f"a {name} of the ledger holds a zero byte")
    return joined.encode()


def _read_words(column: bytes, name: str) -> list[Any]:
    if name in TUPLES:
        return [tuple(word) for word in codec.parse(column)]
    return column.decode().split(END)[:-1]
