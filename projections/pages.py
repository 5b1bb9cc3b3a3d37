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
                zh=f"台账第 {self.number} 页与其摘要不符:请从日志重建台账",
            )

    def block(self, vocabulary: Vocabulary) -> Block:
        """The page as it is summed, its words numbered by the vocabulary."""
        codes: dict[str, Ints] = {}
        ids: dict[str, Ints | None] = {}
        for name in VOCABULARY_OF:
            words = _read_words(self.columns[f"{name}_words"], name)
            ids[name] = vocabulary.of(name).ids(words, len(words))
            codes[name] = _read(self.columns[name])
        offsets = codes["area"].astype(np.int64)
        lengths: Ints = offsets[1:] - offsets[:-1]
        places: Ints = np.arange(
            len(lengths), dtype=np.uint16 if len(lengths) < 65_536 else np.uint32
        )
        codes["area"] = np.repeat(places, lengths)
        return Block(
            first=self.first,
            last=self.last,
            offset=_read(self.columns["position"]),
            codes=codes,
            ids=ids,
            numbers={name: _read(self.columns[name]) for name in NUMBERS},
            by_area=True,
        )


def seal(block: Block, vocabulary: Vocabulary) -> Page:
    """A page from all entries of its positions (in position order, codes being ids)."""
    size = block.last - block.first + 1
    if (block.first - 1) % size:
        raise AssertionError(f"positions {block.first} to {block.last} are not one page")
    words: dict[str, list[Any]] = {}
    codes: dict[str, Ints] = {}
    for name in VOCABULARY_OF:
        values = vocabulary.of(name).values_by_id
        words[name], codes[name] = _sorted_words(block.codes[name], values)
    order = np.argsort(codes["area"], kind="stable")
    counts = np.bincount(codes["area"], minlength=len(words["area"]))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    columns = {"position": _written(block.offset[order]), "area": _written(offsets)}
    for name in VOCABULARY_OF:
        plain = [list(word) for word in words[name]] if name in TUPLES else words[name]
        columns[f"{name}_words"] = codec.canonical(plain)
        if name != "area":
            columns[name] = _written(codes[name][order])
    for name in NUMBERS:
        columns[name] = _written(block.numbers[name][order])
    return Page((block.first - 1) // size, len(block), columns, size)


def _sorted_words(ids: Ints, values: list[Any]) -> tuple[list[Any], Ints]:
    """The values that occur, sorted, and a code for each row."""
    present = np.zeros(len(values), np.bool_)
    present[ids] = True
    found = sorted((values[identity], identity) for identity in np.flatnonzero(present).tolist())
    table = np.zeros(len(values), np.int32)
    table[[identity for _, identity in found]] = np.arange(len(found), dtype=np.int32)
    codes = table[ids]
    return [value for value, _ in found], codes.astype(np.uint16) if len(found) < 65_536 else codes


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


def _read_words(column: bytes, name: str) -> list[Any]:
    words = codec.parse(column)
    return [tuple(word) for word in words] if name in TUPLES else words
