"""通读 · The plain columns of the log, page by page, as fast as Python can take them.

COPY writes a page as text; each chunk is split once and cut into columns by slicing. Only facts
that adjust others (`record.*`), and facts of an older version, are read by their bodies: all else
stands in the columns beside them.
"""

from __future__ import annotations

import gc
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from events import codec
from events.envelope import Recorded, entries
from events.fact import Counted, Shape
from events.ports import PAGE_EVENTS, EntryColumns
from streams.connections import Pool, borrowed, persist
from streams.sqltext import SCANNED

BY_BODY_PREFIX = "record."
"""Facts that adjust others: `data` has `taken` and `put`."""

_NUMBERS = frozenset({"position", "quantity_1", "quantity_2", "occurred_at", "day"})
_WIDTH = len(SCANNED) + 1


def pages(after: int, upto: int) -> Iterator[tuple[int, int]]:
    """`after < position <= upto`, cut at multiples of PAGE_EVENTS: (after, upto) of each part."""
    while after < upto:
        end = min(upto, (after // PAGE_EVENTS + 1) * PAGE_EVENTS)
        yield after, end
        after = end


async def scan(
    pool: Pool,
    shapes: Mapping[str, Shape],
    zone: ZoneInfo,
    *,
    after: int,
    upto: int,
    patience_seconds: float,
) -> AsyncIterator[EntryColumns]:
    """One run of entries for each part of `pages(after, upto)`, empty ones included."""
    reader = _Reader(pool, shapes, zone)
    for low, high in pages(after, upto):
        with _collector_off():
            run = await persist(
                lambda low=low, high=high: reader.page(low, high),  # type: ignore[misc]
                patience_seconds=patience_seconds,
            )
        yield run


def append_entry(run: EntryColumns, position: int, sign: int, columns: Counted) -> None:
    """Add one entry at the end of a run."""
    run.position.append(position)
    run.sign.append(sign)
    for name, value in zip(Counted._fields, columns, strict=True):
        getattr(run, name).append(value)


class _Reader:
    def __init__(self, pool: Pool, shapes: Mapping[str, Shape], zone: ZoneInfo) -> None:
        self._pool = pool
        self._shapes = shapes
        self._zone = zone
        self._statement = _statement(shapes)

    async def page(self, after: int, upto: int) -> EntryColumns:
        run = EntryColumns()

        async def take(chunk: bytes) -> None:
            self._take(run, chunk)

        async with borrowed(self._pool) as connection:
            await connection.copy_from_query(
                self._statement % (after, upto), output=take, format="text"
            )
        return run

    def _take(self, run: EntryColumns, chunk: bytes) -> None:
        """Whole rows, as COPY writes them: the driver hands on whole messages."""
        text = chunk.decode()
        flat = text[:-1].replace("\n", "\t").split("\t")
        if "\\" in text:
            flat = [_unescaped(value) if "\\" in value else value for value in flat]
        bodies = flat[_WIDTH - 1 :: _WIDTH]
        if not any(bodies):
            _extend(run, flat)
            return
        begin = 0
        for index, body in enumerate(bodies):
            if body:
                _extend(run, flat[begin * _WIDTH : index * _WIDTH])
                self._take_body(run, int(flat[index * _WIDTH]), bytes.fromhex(body))
                begin = index + 1
        _extend(run, flat[begin * _WIDTH :])

    def _take_body(self, run: EntryColumns, position: int, body: bytes) -> None:
        content = codec.parse(body)
        event = Recorded(
            position, content["stream"], content["revision"], content["fact"], content["version"],
            0, body, b"",
        )  # fmt: skip
        for sign, columns in entries(event, self._shapes, self._zone):
            append_entry(run, position, sign, columns)


def _extend(run: EntryColumns, flat: list[str]) -> None:
    for index, name in enumerate(SCANNED):
        column = flat[index::_WIDTH]
        getattr(run, name).extend(map(int, column) if name in _NUMBERS else column)
    run.sign.extend([1] * (len(flat) // _WIDTH))


def _statement(shapes: Mapping[str, Shape]) -> str:
    """COPY of the plain columns of every fact that makes entries; `%d` twice for the positions."""
    versions = "".join(
        f" WHEN {_quoted(name)} THEN {shape.version}"
        for name, shape in sorted(shapes.items())
        if shape.version != 1
    )
    current = f"CASE e.fact{versions} ELSE 1 END" if versions else "1"
    adjusts = f"starts_with(e.fact, {_quoted(BY_BODY_PREFIX)})"
    known = ", ".join(_quoted(name) for name in sorted(shapes)) or "NULL"
    columns = ", ".join(f"e.{name}" for name in SCANNED)
    return (
        f"SELECT {columns},"  # noqa: S608 (names of facts, quoted)
        f" CASE WHEN {adjusts} OR e.version <> {current} THEN encode(e.body, 'hex') ELSE '' END"
        " FROM streams.event AS e WHERE e.position > %d AND e.position <= %d"
        f" AND (e.fact IN ({known}) OR {adjusts}) ORDER BY e.position"
    )


def _quoted(text: str) -> str:
    if "'" in text or "\\" in text or "%" in text:
        raise AssertionError(f"a fact cannot be named {text!r}")
    return f"'{text}'"


_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), value)


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
