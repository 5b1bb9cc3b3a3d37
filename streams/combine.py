"""合并写入 · Many callers, one batch: what waits is written in one statement and one fsync.

One coroutine takes everything that is waiting (no linger: a lone caller pays nothing) and sends it
as one prepared call. A call that meets another of the batch (same stream, same command) is left
for the next one, so that the server's fast path serves the rest; there it goes along in any case,
and the server judges one by one: a hundred callers on one stream cost two batches, not a hundred.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from events.errors import Broken, Unavailable
from events.ports import Append, Appended, Outcome, Repeated, Reused, Stale
from streams.connections import Line, Patience, closed_error
from streams.limits import LogLimits
from streams.sqltext import APPEND, Row, rows_of

Clock = Callable[[], int]
"""Now, in µs since 1970."""


@dataclass(slots=True, eq=False)
class _Call:
    """One caller, waiting."""

    items: Sequence[Append]
    rows: list[Row]
    commands: frozenset[UUID]
    streams: frozenset[str]
    conditions: frozenset[str]
    answer: asyncio.Future[list[Outcome]]
    left_before: bool = False


class Combiner:
    """Gathers appends and sends them. `heard` is told the newest position after each batch."""

    def __init__(
        self,
        line: Line,
        limits: LogLimits,
        patience: Patience,
        now: Clock | None,
        heard: Callable[[int], None],
    ) -> None:
        self._line = line
        self._limits = limits
        self._patience = patience
        self._now = now
        self._heard = heard
        self._waiting: deque[_Call] = deque()
        self._waiting_events = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._sender = asyncio.create_task(self._send_for_ever(), name="log combiner")

    async def append(self, items: Sequence[Append]) -> list[Outcome]:
        """See `events.ports.Log.append`. Raises TooLarge, Unavailable, Ambiguous, Broken."""
        if not items:
            return []
        call = self._call(items)
        if self._closing:
            raise closed_error()
        if self._waiting_events + len(call.rows) > self._limits.waiting_events:
            raise Unavailable(
                f"{self._waiting_events} events are waiting to be written, the most allowed is "
                f"{self._limits.waiting_events}; try again in a moment",
                zh="等待写入的记录过多，请稍后重试",
                limit=self._limits.waiting_events,
            )
        self._waiting.append(call)
        self._waiting_events += len(call.rows)
        self._wake.set()
        return await call.answer

    async def close(self) -> None:
        """Send what is waiting, then stop."""
        self._closing = True
        self._wake.set()
        await self._sender
        await self._line.close()

    def _call(self, items: Sequence[Append]) -> _Call:
        rows: list[Row] = []
        for item in items:
            if not item.drafts:
                raise AssertionError(f"an append to {item.stream} holds no fact")
            rows += rows_of(item)
        self._limits.allow_call(len(rows))
        return _Call(
            items,
            rows,
            frozenset(item.command_id for item in items),
            frozenset(item.stream for item in items),
            frozenset(condition.stream for item in items for condition in item.conditions),
            asyncio.get_running_loop().create_future(),
        )

    async def _send_for_ever(self) -> None:
        while self._waiting or not self._closing:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            batch = self._take()
            await self._send(batch)
            # Let the callers just answered come back, so that they share the next batch.
            await asyncio.sleep(0)

    def _take(self) -> list[_Call]:
        """The calls of the next batch, in order of arrival. One that meets a call before it, taken
        or left, is left once, and keeps its place."""
        batch: list[_Call] = []
        left: list[_Call] = []
        streams: set[str] = set()
        commands: set[UUID] = set()
        events = 0
        while self._waiting and len(left) < self._limits.batch_events:
            call = self._waiting.popleft()
            meets = not call.left_before and (
                not streams.isdisjoint(call.streams)
                or not streams.isdisjoint(call.conditions)
                or not commands.isdisjoint(call.commands)
            )
            streams |= call.streams
            commands |= call.commands
            if meets:
                left.append(call)
            elif batch and events + len(call.rows) > self._limits.batch_events:
                left.append(call)
                break
            else:
                batch.append(call)
                events += len(call.rows)
        for call in left:
            call.left_before = True
        self._waiting.extendleft(reversed(left))
        self._waiting_events -= events
        return batch

    async def _send(self, batch: list[_Call]) -> None:
        try:
            outcomes = await self._patience.persist(lambda: self._attempt(batch), appending=True)
        except Broken as error:
            if len(batch) == 1:
                _fail(batch, error)
                return
            # One call spoilt the batch, and nothing of it was written: find out which.
            for call in batch:
                await self._send([call])
            return
        except Exception as error:  # noqa: BLE001 (handed to every caller of the batch)
            _fail(batch, error)
            return
        except BaseException:
            _fail(batch, closed_error())
            raise
        start = 0
        for call in batch:
            end = start + len(call.items)
            if not call.answer.done():
                call.answer.set_result(outcomes[start:end])
            start = end

    async def _attempt(self, batch: list[_Call]) -> list[Outcome]:
        rows = [row for call in batch for row in call.rows]
        items = [item for call in batch for item in call.items]
        conditions = [
            (number, condition.stream, condition.revision)
            for number, item in enumerate(items, 1)
            for condition in item.conditions
        ]
        connection = await self._line.connection()
        try:
            answer = await connection.fetchrow(
                APPEND, rows, conditions, None if self._now is None else self._now()
            )
        except BaseException as error:
            await self._line.after(error)
            raise
        if answer is None:
            raise AssertionError("append_v1 answers with one row")
        first, recorded_at, told = answer
        if told is None:
            self._heard(first + len(rows) - 1)
            return _all_landed(items, first, recorded_at)
        return [_outcome(item, one, recorded_at) for item, one in zip(items, told, strict=True)]


def _all_landed(items: Sequence[Append], first: int, recorded_at: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for item in items:
        outcomes.append(Appended(first, recorded_at))
        first += len(item.drafts)
    return outcomes


def _outcome(item: Append, one: Any, recorded_at: int) -> Outcome:
    match one["outcome"]:
        case "appended":
            return Appended(one["position"], recorded_at)
        case "repeated":
            return Repeated(one["position"], one["stream"], one["events"])
        case "reused":
            return Reused(item.command_id)
        case "stale":
            return Stale(one["stream"], one["expected"], one["current"])
        case other:
            raise Broken(f"append_v1 answered {other!r}: the schema is newer than this program")


def _fail(batch: Sequence[_Call], error: BaseException) -> None:
    for call in batch:
        if not call.answer.done():
            call.answer.set_exception(error)
