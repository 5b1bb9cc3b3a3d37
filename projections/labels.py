"""自由标签 · Body fields that are not in the columns: read once for the rows that need them.

What is not counted stays in the body. A breakdown by such a field reads the bodies of the matching
positions and keeps the values as one more coded column beside the block, for the next question.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from events.envelope import PUT, TAKEN, Recorded
from events.errors import Broken
from events.fact import Shape
from events.ports import Source
from projections.declare import LABELS_FIELD
from projections.entries import Block, Ints, Vocabulary

UNREAD = -1
BODIES_PER_READ = 1_000
CELLS_KEPT = 32 * 1024 * 1024
"""Values kept beside blocks (4 bytes each); the longest unused go first."""


class Labels:
    """The label columns read so far."""

    def __init__(self, source: Source, shapes: Mapping[str, Shape], words: Vocabulary) -> None:
        self._source = source
        self._shapes = shapes
        self._words = words.label
        self._kept: OrderedDict[tuple[int, bool, str], tuple[Block, Ints]] = OrderedDict()
        self._cells = 0
        self._readers = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While somebody reads and until they have evaluated (which follows without a pause),
        nothing is forgotten."""
        if not self._readers:
            self._forget()
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1

    async def read(self, block: Block, names: Iterable[str], rows: Ints) -> None:
        """Make sure that these labels of these rows are in `block.labels`.

        Raises Broken where the bodies make other entries than the block holds.
        """
        names = sorted(names)
        for name in names:
            block.labels[name] = self._column(block, name)
        unread = [rows[block.labels[name][rows] == UNREAD] for name in names]
        needed = np.unique(block.positions(np.concatenate(unread))) if unread else rows
        for start in range(0, len(needed), BODIES_PER_READ):
            positions = needed[start : start + BODIES_PER_READ].tolist()
            events = await self._source.at(positions)
            if len(events) != len(positions):
                raise Broken(f"{len(positions)} positions of the ledger are {len(events)} events")
            self._fill(block, names, events)

    def _column(self, block: Block, name: str) -> Ints:
        """The column of a label, as long as the block is now; a longer tail keeps what it had."""
        key = (block.first, block.by_area, name)
        _, column = self._kept.pop(key, (block, np.zeros(0, np.int32)))
        self._cells -= len(column)
        if len(column) < len(block):
            longer = np.full(len(block), UNREAD, np.int32)
            longer[: len(column)] = column
            column = longer
        self._kept[key] = block, column
        self._cells += len(column)
        return column[: len(block)]

    def _forget(self) -> None:
        while self._cells > CELLS_KEPT:
            (_, _, name), (block, column) = self._kept.popitem(last=False)
            block.labels.pop(name, None)
            self._cells -= len(column)

    def _fill(self, block: Block, names: Sequence[str], events: Sequence[Recorded]) -> None:
        """Write the values of these events (all their entries) into the columns."""
        wanted = np.array([event.position - block.first for event in events], np.int64)
        offsets = block.offset.astype(np.int64)
        among = np.flatnonzero((offsets >= wanted[0]) & (offsets <= wanted[-1]))
        among = among[np.argsort(offsets[among], kind="stable")]
        starts = np.searchsorted(offsets[among], wanted, "left").tolist()
        ends = np.searchsorted(offsets[among], wanted, "right").tolist()
        rows = among.tolist()
        filled: dict[str, tuple[list[int], list[int]]] = {name: ([], []) for name in names}
        for event, start, end in zip(events, starts, ends, strict=True):
            for row, part in zip(
                rows[start:end], self._entries(block, event, end - start), strict=True
            ):
                self._take(filled, names, row, part)
        for name, (places, codes) in filled.items():
            if name not in block.labels:
                block.labels[name] = self._column(block, name)
            block.labels[name][places] = codes

    def _entries(self, block: Block, event: Recorded, count: int) -> list[Mapping[str, Any]]:
        """What of an event makes entries, in the order of the block's rows. Raises Broken."""
        content = event.content
        if TAKEN not in content["data"] and PUT not in content["data"]:
            entries: list[Mapping[str, Any]] = [content] if event.fact in self._shapes else []
        else:
            entries = [part for part in _parts(content) if part["fact"] in self._shapes]
            if block.by_area:
                entries.sort(key=lambda part: str(part["about"]["area"]))
        if len(entries) != count:
            raise Broken(
                f"event {event.position} makes {len(entries)} entries, and the ledger has {count}: "
                "rebuild it from the log"
            )
        return entries

    def _take(
        self,
        filled: dict[str, tuple[list[int], list[int]]],
        names: Sequence[str],
        row: int,
        part: Mapping[str, Any],
    ) -> None:
        """The values asked for, and every free label: who asks for one asks for the others next."""
        data = part["data"]
        labels = data.get(LABELS_FIELD)
        spare = isinstance(labels, dict) and self._cells < CELLS_KEPT
        for name in (*names, *(labels.keys() - names if spare else ())):
            places, codes = filled.setdefault(name, ([], []))
            places.append(row)
            codes.append(self._words[_text(data, name)])


def _parts(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What makes entries, in the order of `events.envelope.entries`: the event itself, what it
    takes back, what it puts there."""
    yield content
    for field in (TAKEN, PUT):
        yield from content["data"].get(field) or ()


def _text(data: Mapping[str, Any], name: str) -> str:
    """The label of one entry: a field of its own, or a key of its `labels`; '' where absent."""
    value = data.get(name)
    if value is None:
        labels = data.get(LABELS_FIELD)
        value = labels.get(name) if isinstance(labels, dict) else None
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)
