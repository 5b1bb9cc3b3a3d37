"""正文源 · Entries read anew from the bodies of the log, not from the columns beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from events.envelope import Recorded, entries
from events.fact import Counted, Shape
from events.ports import PAGE_EVENTS, EntryColumns, Source

BODIES_PER_READ = 5_000


class BodySource:
    """A source whose entries are read anew from the bodies, up to a position: for a field that is
    counted only since, and as the proof that the columns beside the bodies say the same."""

    def __init__(
        self, source: Source, shapes: Mapping[str, Shape], zone: ZoneInfo, upto: int
    ) -> None:
        self._source = source
        self._shapes = shapes
        self._zone = zone
        self._upto = upto

    @property
    def log_id(self) -> str:
        """The log's id."""
        return self._source.log_id

    async def head(self) -> int:
        """See Source."""
        return await self._source.head()

    async def position_at(self, recorded_at: int) -> int:
        """See Source."""
        return await self._source.position_at(recorded_at)

    async def read(self, **asked: Any) -> list[Recorded]:
        """See Source."""
        return await self._source.read(**asked)

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """See Source."""
        return await self._source.at(positions)

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        """See Source."""
        return self._source.follow(after, limit=limit)

    async def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        """Entries from bodies first, from columns after."""
        border = min(upto, max(after, self._upto))
        while after < border:
            end = min(border, (after // PAGE_EVENTS + 1) * PAGE_EVENTS)
            yield await self._from_bodies(after, end)
            after = end
        if border < upto:
            async for run in self._source.scan(border, upto):
                yield run

    async def _from_bodies(self, after: int, upto: int) -> EntryColumns:
        run = EntryColumns()
        columns = [getattr(run, name) for name in Counted._fields]
        while after < upto:
            events = await self._source.read(after=after, upto=upto, limit=BODIES_PER_READ)
            for event in events:
                for sign, counted in entries(event, self._shapes, self._zone):
                    run.position.append(event.position)
                    run.sign.append(sign)
                    for column, value in zip(columns, counted, strict=True):
                        column.append(value)
            after = events[-1].position if len(events) == BODIES_PER_READ else upto
        return run
