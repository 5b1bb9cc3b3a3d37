"""内存日志 · The log's in-memory twin: the same laws, no server. For tests and trials."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from events import codec
from events.envelope import Draft, Recorded, entries
from events.fact import Shape
from events.ports import (
    EVERYTHING,
    Append,
    Appended,
    EntryColumns,
    Filter,
    Outcome,
    Repeated,
    Reused,
    Stale,
)
from streams.check import Row
from streams.limits import LIMITS, LogLimits
from streams.scan import append_entry, pages
from streams.sqltext import rows_of
from streams.tail import Bell, follow


@dataclass(frozen=True, slots=True)
class _Command:
    request_hash: bytes
    position: int
    count: int
    stream: str


class MemoryLog:
    """`events.ports.Log` in lists. `now` gives µs since 1970."""

    def __init__(
        self,
        log_id: str,
        zone: ZoneInfo,
        shapes: Mapping[str, Shape],
        now: Callable[[], int],
        *,
        limits: LogLimits = LIMITS,
    ) -> None:
        self._log_id = log_id
        self._zone = zone
        self._shapes = shapes
        self._now = now
        self._limits = limits
        self._events: list[Recorded] = []
        self._drafts: list[Draft] = []
        self._origins: list[tuple[UUID, int]] = []
        self._streams: dict[str, list[Recorded]] = {}
        self._commands: dict[UUID, _Command] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._bell = Bell()

    @property
    def log_id(self) -> str:
        """The log's id."""
        return self._log_id

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its local days."""
        return self._zone

    async def close(self) -> None:
        """End every follower."""
        self._bell.close()

    async def append(self, items: Sequence[Append]) -> list[Outcome]:
        """See `events.ports.Log.append`."""
        events = 0
        for item in items:
            if not item.drafts:
                raise AssertionError(f"an append to {item.stream} holds no fact")
            events += len(rows_of(item))
        self._limits.allow_call(events)
        recorded_at = self._now()
        if self._events:
            recorded_at = max(recorded_at, self._events[-1].recorded_at)
        outcomes = [self._append_one(item, recorded_at) for item in items]
        self._bell.ring(len(self._events))
        return outcomes

    def _append_one(self, item: Append, recorded_at: int) -> Outcome:
        before = self._commands.get(item.command_id)
        if before is not None:
            if before.request_hash != item.request_hash:
                return Reused(item.command_id)
            return Repeated(before.position, before.stream, before.count)
        for stream, revision in ((item.stream, item.expected), *item.conditions):
            current = len(self._streams.get(stream, ()))
            if current != revision:
                return Stale(stream, revision, current)
        first = len(self._events) + 1
        stream_events = self._streams.setdefault(item.stream, [])
        for position, draft in enumerate(item.drafts, first):
            event = Recorded(
                position=position,
                stream=item.stream,
                revision=draft.revision,
                fact=draft.fact,
                version=draft.version,
                recorded_at=recorded_at,
                body=draft.body,
                sha256=codec.digest(draft.body),
            )
            self._events.append(event)
            self._drafts.append(draft)
            self._origins.append((item.command_id, position - first))
            stream_events.append(event)
        self._commands[item.command_id] = _Command(
            item.request_hash, first, len(item.drafts), item.stream
        )
        return Appended(first, recorded_at)

    @asynccontextmanager
    async def alone(self, keys: Sequence[str]) -> AsyncIterator[None]:
        """See `events.ports.Log.alone`."""
        async with AsyncExitStack() as turns:
            for key in sorted(set(keys)):
                await turns.enter_async_context(self._turns.setdefault(key, asyncio.Lock()))
            yield

    async def load(self, stream: str, after_revision: int = 0) -> list[Recorded]:
        """See `events.ports.Log.load`."""
        return self._streams.get(stream, [])[max(0, after_revision) :]

    async def command(self, command_id: UUID) -> tuple[bytes, list[Recorded]] | None:
        """See `events.ports.Log.command`."""
        before = self._commands.get(command_id)
        if before is None:
            return None
        first = before.position - 1
        return before.request_hash, self._events[first : first + before.count]

    async def head(self) -> int:
        """See `events.ports.Source.head`."""
        return len(self._events)

    async def position_at(self, recorded_at: int) -> int:
        """See `events.ports.Source.position_at`."""
        return bisect_right(self._events, recorded_at, key=lambda event: event.recorded_at)

    async def read(
        self,
        *,
        after: int = 0,
        upto: int | None = None,
        limit: int = 500,
        backward: bool = False,
        only: Filter = EVERYTHING,
    ) -> list[Recorded]:
        """See `events.ports.Source.read`."""
        self._limits.allow_read(limit)
        end = len(self._events) if upto is None else min(upto, len(self._events))
        indexes: Iterable[int] = range(max(0, after), end)
        if backward:
            indexes = reversed(range(max(0, after), end))
        found: list[Recorded] = []
        for index in indexes:
            if _matches(only, self._events[index], self._drafts[index]):
                found.append(self._events[index])
                if len(found) == limit:
                    break
        return found

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """See `events.ports.Source.at`."""
        self._limits.allow_positions(len(positions))
        known = range(1, len(self._events) + 1)
        wanted = sorted({position for position in positions if position in known})
        return [self._events[position - 1] for position in wanted]

    async def rows(self, after: int, limit: int) -> list[Row]:
        """Events after a position with all their columns, oldest first, for `streams.check`."""
        part = slice(max(0, after), max(0, after) + limit)
        return [
            Row(event, draft.actor, draft.cause, command, ordinal, draft.counted)
            for event, draft, (command, ordinal) in zip(
                self._events[part], self._drafts[part], self._origins[part], strict=True
            )
        ]

    async def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        """See `events.ports.Source.scan`."""
        for low, high in pages(max(0, after), min(upto, len(self._events))):
            run = EntryColumns()
            for event in self._events[low:high]:
                for sign, columns in entries(event, self._shapes, self._zone):
                    append_entry(run, event.position, sign, columns)
            yield run

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        """See `events.ports.Source.follow`. Ends when the log is closed."""

        async def read(position: int, events: int) -> list[Recorded]:
            return await self.read(after=position, limit=events)

        return follow(self._bell, read, after, limit)


def _matches(only: Filter, event: Recorded, draft: Draft) -> bool:
    columns = draft.counted
    return (
        (only.stream is None or event.stream == only.stream)
        and (not only.kinds or event.case[0] in only.kinds)
        and (not only.facts or event.fact in only.facts)
        and (not only.areas or columns.area in only.areas)
        and (not only.units or columns.unit in only.units)
        and (only.actor is None or draft.actor == only.actor)
        and (only.occurred_from is None or columns.occurred_at >= only.occurred_from)
        and (only.occurred_to is None or columns.occurred_at <= only.occurred_to)
    )
