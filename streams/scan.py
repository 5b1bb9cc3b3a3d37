"""通读 · The plain columns of the log, page by page, as fast as Python can take them.

COPY writes a page as CSV with every text in quotes, which is a JSON array but for its line ends:
one call of the JSON parser makes all values of a chunk (three times as fast as splitting text and
reading the numbers), and slices make the columns. Facts that adjust others (corrections, voids) and
facts of an older version are read by their bodies; all else stands in the columns beside them.
"""

from __future__ import annotations

import csv
import gc
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from events import codec
from events.envelope import PUT, TAKEN, Recorded, entries
from events.fact import Counted, Shape
from events.ports import PAGE_EVENTS, EntryColumns
from streams.connections import Patience, Pool, borrowed
from streams.schema import AnyConnection
from streams.sqltext import AT, SCAN, SCANNED, SCANNED_TEXTS, recorded

ADJUSTING = frozenset({TAKEN, PUT})
"""Fields of facts that adjust others. What those take and put stands in their bodies alone."""

CHUNK_BYTES = 32_768
"""Parsed at once: small enough for the cache, and for the server to go on meanwhile."""

_WIDTH = len(SCANNED)
_NUMBERS = [index for index, name in enumerate(SCANNED) if name not in SCANNED_TEXTS]


def pages(after: int, upto: int) -> Iterator[tuple[int, int]]:
    """`after < position <= upto`, cut at multiples of PAGE_EVENTS: (after, upto) of each part."""
    while after < upto:
        end = min(upto, (after // PAGE_EVENTS + 1) * PAGE_EVENTS)
        yield after, end
        after = end


def append_entry(run: EntryColumns, position: int, sign: int, columns: Counted) -> None:
    """Add one entry at the end of a run."""
    run.position.append(position)
    run.sign.append(sign)
    for name, value in zip(Counted._fields, columns, strict=True):
        getattr(run, name).append(value)


class Scanner:
    """Reads runs of entries. A fact of no known shape makes none, as in `events.envelope`."""

    def __init__(
        self, pool: Pool, shapes: Mapping[str, Shape], zone: ZoneInfo, patience: Patience
    ) -> None:
        self._pool = pool
        self._shapes = shapes
        self._zone = zone
        self._patience = patience
        # As SCAN names them: `deed.done`, and `deed.done@2` where the version is not 1.
        self._plain = {
            name if shape.version == 1 else f"{name}@{shape.version}": name
            for name, shape in shapes.items()
            if not ADJUSTING.intersection(shape.fields)
        }

    async def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        """One run for each part of `pages(after, upto)`, empty ones included."""
        for low, high in pages(max(0, after), upto):
            with _collector_off():
                run = await self._patience.persist(partial(self._page, low, high))
            yield run

    async def _page(self, after: int, upto: int) -> EntryColumns:
        run = EntryColumns()
        waiting: list[bytes] = []
        waiting_bytes = 0

        async def take(chunk: bytes) -> None:
            """Whole rows: the driver hands on whole messages."""
            nonlocal waiting_bytes
            waiting.append(chunk)
            waiting_bytes += len(chunk)
            if waiting_bytes >= CHUNK_BYTES:
                _extend(run, _values(b"".join(waiting)))
                waiting.clear()
                waiting_bytes = 0

        async with borrowed(self._pool) as connection:
            await connection.copy_from_query(
                SCAN % (after, upto), output=take, format="csv", force_quote=SCANNED_TEXTS
            )
            if waiting:
                _extend(run, _values(b"".join(waiting)))
            run.sign = [1] * len(run.position)
            facts = set(run.fact)
            if not facts <= self._plain.keys():
                run = await self._read_bodies(run, connection)
        if any("@" in fact for fact in facts):
            run.fact = [self._plain.get(fact, fact) for fact in run.fact]
        return run

    async def _read_bodies(self, run: EntryColumns, connection: AnyConnection) -> EntryColumns:
        """The run, with what its columns cannot tell from the bodies of those events."""
        indexes = [index for index, fact in enumerate(run.fact) if fact not in self._plain]
        rows = await connection.fetch(AT, [run.position[index] for index in indexes])
        whole = EntryColumns()
        begin = 0
        for index, row in zip(indexes, rows, strict=True):
            _extend_by(whole, run, begin, index)
            self._take(whole, recorded(row))
            begin = index + 1
        _extend_by(whole, run, begin, len(run.position))
        return whole

    def _take(self, run: EntryColumns, event: Recorded) -> None:
        for sign, columns in entries(event, self._shapes, self._zone):
            append_entry(run, event.position, sign, columns)


def _extend(run: EntryColumns, flat: Sequence[Any]) -> None:
    for index, name in enumerate(SCANNED):
        getattr(run, name).extend(flat[index::_WIDTH])


def _extend_by(whole: EntryColumns, run: EntryColumns, begin: int, end: int) -> None:
    for name in ("sign", *SCANNED):
        getattr(whole, name).extend(getattr(run, name)[begin:end])


def _values(data: bytes) -> list[Any]:
    """All values of some rows, one row after the other."""
    if b"\\" not in data:
        try:
            flat: list[Any] = codec.parse(b"[%b]" % data[:-1].replace(b"\n", b","))
        except ValueError:
            return _values_with_care(data)
        if len(flat) == _WIDTH * data.count(b"\n"):
            return flat
    return _values_with_care(data)


def _values_with_care(data: bytes) -> list[Any]:
    """The same where a text holds a quote, a backslash or the end of a line."""
    flat: list[Any] = []
    for row in csv.reader(io.StringIO(data.decode(), newline="")):
        values: list[Any] = list(row)
        for index in _NUMBERS:
            values[index] = int(values[index])
        flat += values
    return flat


@contextmanager
def _collector_off() -> Iterator[None]:
    """A page makes half a million short-lived objects, and no cycle among them."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
