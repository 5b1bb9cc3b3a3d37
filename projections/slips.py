"""账条 · The ledger from parts: each writes its entries as slips, and what is complete is sealed.

A worker knows one part of the log. What its events put into the books it writes as a *slip*: the
entries of one batch, as columns, together with its checkpoint in one statement. Whoever reads the
ledger reads slips of all parts, put back into the order of positions, as far as every part has
come; from pages once they are sealed. A sealed page is the same, byte for byte, as one made from
the log itself, whatever the parts, the batches and the order in which they came.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

import numpy as np

from events import codec
from events.envelope import Recorded, entries
from events.errors import Broken, Invalid, Unavailable
from events.fact import Counted, Shape
from events.ports import PAGE_EVENTS, EntryColumns, Source
from projections.combine import CHANNEL, Combiner, Move, Slip
from projections.database import Database
from projections.entries import cut_at_pages
from projections.pages import check_not_ahead
from projections.part import TRIES_MAX, Parked, Part
from projections.statements import MOVE, MOVE_ARGUMENTS, STANDING
from projections.store import PageStore, collector_off

NAMES = tuple(column.name for column in fields(EntryColumns))
ZERO = b"\\u0000"
TYPES = tuple(get_type_hints(Counted).values())

_AT = MOVE_ARGUMENTS + 1
WRITE = f"""
WITH {MOVE},
put AS (
    INSERT INTO projections.slip (projection, log_id, part, lo, hi, entries, columns)
    SELECT $2, $3, $4, u.lo, u.hi, u.entries, u.columns
    FROM moved, unnest(${_AT}::bigint[], ${_AT + 1}::bigint[], ${_AT + 2}::integer[],
                       ${_AT + 3}::bytea[]) AS u (lo, hi, entries, columns)
)
SELECT count(*), (SELECT pg_notify('{CHANNEL}', $2) FROM moved LIMIT 1) FROM moved
"""  # noqa: S608 (constants of this program)
READ = """
SELECT s.entries, s.columns FROM projections.slip AS s
WHERE s.projection = $1 AND s.log_id = $2 AND s.hi > $3 AND s.hi <= $4 AND s.lo <= $5 ORDER BY s.hi
"""
"""$3 after, $4 the border of the page, $5 up to."""
SEALED = """
SELECT EXISTS (SELECT FROM projections.page AS p
               WHERE p.projection = $1 AND p.log_id = $2 AND p.number = $3)
"""
FIRST_PARKED = """
SELECT min(p.position) FROM projections.parked AS p WHERE p.projection = $1 AND p.log_id = $2
"""
CLEAN = """
DELETE FROM projections.slip AS s WHERE s.projection = $1 AND s.log_id = $2 AND s.hi <= $3
"""


def slip_of(run: EntryColumns) -> Slip:
    """Entries in the order of positions, none beyond one page. A column of one value is written
    once: most are."""
    columns = [_packed(getattr(run, name)) for name in NAMES]
    written = codec.canonical(columns)
    return Slip(run.position[0], run.position[-1], len(run.position), written)


def _packed(column: list[Any]) -> list[Any]:
    return column[:1] if column.count(column[0]) == len(column) else column


def together(slips: Iterable[tuple[Any, ...]], after: int, upto: int) -> EntryColumns:
    """The entries of slips (count, columns) with `after < position <= upto`, in that order."""
    whole: list[list[Any]] = [[] for _ in NAMES]
    for count, written in slips:
        for column, packed in zip(whole, codec.parse(written), strict=True):
            column += packed * count if len(packed) == 1 else packed
    positions = np.array(whole[0], np.int64)
    order = np.argsort(positions, kind="stable")
    order = order[(positions[order] > after) & (positions[order] <= upto)]
    if len(order) == len(positions) and bool((np.diff(positions) >= 0).all()):
        return EntryColumns(*whole)
    rows = order.tolist()
    return EntryColumns(*([column[row] for row in rows] for column in whole))


class Slips(Part):
    """One version of the ledger, over one part of one log: its entries, written as slips."""

    def __init__(
        self,
        database: Database,
        source: Source,
        name: str,
        shapes: Mapping[str, Shape],
        zone: ZoneInfo,
        *,
        part: int = 0,
        mine: Callable[[str], bool] = lambda stream: True,
        page_events: int = PAGE_EVENTS,
        combiner: Combiner | None = None,
    ) -> None:
        super().__init__(database, source, name, part=part, mine=mine)
        self._combiner = combiner or Combiner(database, name, source.log_id)
        self._shapes = shapes
        self._zone = zone
        self._page_events = page_events

    def _forget(self) -> None:
        """Nothing is: what an event puts into the books depends on no other."""

    async def _take(self, events: Sequence[Recorded], upto: int, next_offset: int) -> bool:
        slips, parked = self._written([e for e in events if e.stream not in self._parked])
        if parked:
            moved = await self._send(slips, self._checkpoint(upto, next_offset, parked))
        else:
            move = Move(self.part, self.position, self._epoch, upto, next_offset, slips)
            moved = await self._combiner.move(move)
        if moved:
            self._moved(upto, next_offset, parked)
        return moved

    async def _send(self, slips: Sequence[Slip], checkpoint: list[Any]) -> bool:
        moved = await self._database.value(
            WRITE,
            *checkpoint,
            [slip.lo for slip in slips],
            [slip.hi for slip in slips],
            [slip.entries for slip in slips],
            [slip.columns for slip in slips],
        )
        return bool(moved)

    def _written(self, events: Sequence[Recorded]) -> tuple[list[Slip], list[Parked]]:
        """The slips of these events, and the streams that stop at one that cannot be read."""
        run, parked = self._read(events)
        try:
            return self._cut(run), parked
        except Invalid:
            # One of them has no spelling. Which one is looked for only now: it costs.
            run, parked = self._read(events, spelt=True)
            return self._cut(run), parked

    def _cut(self, run: EntryColumns) -> list[Slip]:
        return [slip_of(piece) for piece in cut_at_pages(run, self._page_events)]

    def _read(
        self, events: Iterable[Recorded], *, spelt: bool = False
    ) -> tuple[EntryColumns, list[Parked]]:
        run, parked = EntryColumns(), dict[str, Parked]()
        columns = [getattr(run, name) for name in Counted._fields]
        for event in events:
            if event.stream in parked:
                continue
            try:
                found = self._entries(event)
                if spelt:
                    codec.canonical([list(counted) for _, counted in found])
            except Exception as error:  # noqa: BLE001 (whatever it is parks the stream, visibly)
                parked[event.stream] = self._refused(event, error)
                continue
            for sign, counted in found:
                run.position.append(event.position)
                run.sign.append(sign)
                for column, value in zip(columns, counted, strict=True):
                    column.append(value)
        return run, list(parked.values())

    def _entries(self, event: Recorded) -> list[tuple[int, Counted]]:
        if ZERO in event.body:
            raise Broken(f"event {event.position} holds a zero byte, which no page can keep")
        found = list(entries(event, self._shapes, self._zone))
        for _, counted in found:
            if tuple(map(type, counted)) != TYPES:
                raise Broken(f"event {event.position} counts with what is not a text or a number")
        return found

    async def retry(self, stream: str) -> Parked | None:
        """See Part. Readers of this ledger read it anew: what comes now belongs between what they
        have read."""
        for _ in range(TRIES_MAX):
            await self.open()
            first = self._parked.get(stream)
            if first is None:
                return None
            events = await self._stream(stream, self.position, first - 1)
            slips, parked = self._written(events)
            if parked:
                return parked[0]
            if await self._send(slips, self._checkpoint(self.position, let_go=[stream])):
                await self.open()
                return None
        raise Unavailable(f"{self.name} moves too fast to take {stream} up again: try once more")


class SlipSource:
    """The ledger's source where workers write it: their slips and sealed pages, and the log itself
    for whatever stands in bodies. Reaches as far as every part has come."""

    def __init__(
        self,
        database: Database,
        log: Source,
        name: str,
        parts: int,
        *,
        page_events: int = PAGE_EVENTS,
    ) -> None:
        self.name = name
        self._database = database
        self._log = log
        self._parts = parts
        self._page_events = page_events
        self._epoch: int | None = None
        self.outdated = False
        """Entries of before were taken in since it was first read: what was read is not all."""

    @property
    def log_id(self) -> str:
        """The log's id."""
        return self._log.log_id

    async def head(self) -> int:
        """The position that every part has reached. Raises Broken where that is further than the
        log."""
        rows = await self._database.fetch(STANDING, self.name, self.log_id, self._parts)
        count, position, epoch = rows[0].values()
        if self._epoch is None:
            check_not_ahead(self.name, position, await self._log.head())
            self._epoch = epoch
        self.outdated = self.outdated or epoch != self._epoch
        return int(position) if count == self._parts else 0

    async def settled(self) -> int:
        """The position up to which nothing will come any more: every part has passed it, and no
        stream waits that stopped at or before it."""
        head = await self.head()
        parked = await self._database.value(FIRST_PARKED, self.name, self.log_id)
        return head if parked is None else min(head, parked - 1)

    async def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        """See Source. What is sealed meanwhile, and has no slips any more, is read from the log,
        of which the page is a copy."""
        while after < upto:
            number = after // self._page_events
            border = (number + 1) * self._page_events
            end = min(upto, border)
            slips = await self._database.fetch(READ, self.name, self.log_id, after, border, end)
            if await self._database.value(SEALED, self.name, self.log_id, number):
                async for run in self._log.scan(after, end):
                    yield run
            else:
                with collector_off():
                    run = together([tuple(slip) for slip in slips], after, end)
                yield run
            after = end

    async def read(self, **asked: Any) -> list[Recorded]:
        """See Source."""
        return await self._log.read(**asked)

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """See Source."""
        return await self._log.at(positions)

    async def position_at(self, recorded_at: int) -> int:
        """See Source."""
        return await self._log.position_at(recorded_at)

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        """See Source."""
        return self._log.follow(after, limit=limit)


class ReadPages(PageStore):
    """Pages that this process reads and leaves to others to seal: it cannot know whether what it
    has read of a page is all there is."""

    async def write(self, page: object) -> None:
        """Nothing: see `seal_from_slips`."""


async def seal_from_slips(source: SlipSource, store: PageStore, database: Database) -> int:
    """Seal every page whose slips are complete, then throw those slips away; how many pages.

    One process does it at a time; another finds nothing to do.
    """
    sealed = await store.seal(source, upto=await source.settled())
    covered = await store.count() * store.page_events
    if covered:
        # Also what was left by one who sealed, and was ended before the cleaning.
        await database.fetch(CLEAN, source.name, source.log_id, covered)
    return sealed
