"""车道 · One part of one log on its way into one version: what waits, and the task that writes it.

Runs of events are put in as they come and written in the background, those that wait together as
one batch: so the parts and versions of a worker do not wait for each other, and the more there is
to do, the less it costs. What waits here is lost with the process, and read again: where a reader
begins anew is what the database says, not the broker.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from events.errors import Unknown
from projections.part import Batch, Part

WAITING_EVENTS_MAX = 20_000
BATCH_EVENTS_MAX = 2_000
UNKNOWN = -1
Failed = Callable[[Exception], None]


class Lane:
    """What waits for one taker. `pause`: how long it rests between two batches, in seconds."""

    def __init__(self, taker: Part, parts: int, failed: Failed, *, pause: float = 0.0) -> None:
        self.taker = taker
        self.parts = parts
        self.delivered_at = self.moved_at = _now()
        self.heals = 0
        self._failed = failed
        self._pause = pause
        self._waiting: deque[Batch] = deque()
        self._waiting_events = 0
        self._offset = 0
        self._begins_at: int | None = UNKNOWN
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read where the taker stands, then write what comes. Raises Unknown where the version is
        gone."""
        await self.taker.open()
        self._task = asyncio.create_task(self._run(), name=f"{self.taker.name} {self.taker.part}")

    async def end(self) -> None:
        """Stop. A statement under way may still land: that does no harm."""
        self._waiting.clear()
        self._room.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def begins_at(self, offset: int) -> None:
        """The broker's reader goes on at this offset: where this lane has got nothing yet, what it
        still has in hand from further on is not for it."""
        if self._begins_at is not None:
            self._begins_at = offset

    def reached(self, offset: int) -> None:
        """The broker's reader has come to this offset, whichever log its record is of."""
        if self._begins_at is not None and offset <= self._begins_at:
            self._begins_at = None

    async def put(self, batch: Batch) -> None:
        """Hand over a run that was delivered. Waits while too much is waiting."""
        if self._begins_at is not None:
            return
        self.delivered_at, self.heals = _now(), 0
        await self._put(batch)

    async def heal(self, upto: int) -> None:
        """Take in everything up to a position from the log: nobody has delivered it."""
        self.heals += 1
        self._begins_at = None
        await self._put(Batch((), upto, upto))

    @property
    def idle_seconds(self) -> float:
        """For how long it has got nothing, and written nothing."""
        return _now() - max(self.delivered_at, self.moved_at)

    @property
    def busy(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._waiting_events)

    async def note_offset(self) -> None:
        """Where a reader may begin, also where there was nothing to write."""
        if not self.busy and self._offset != self.taker.next_offset:
            await self.taker.note_offset(self._offset)

    async def _put(self, batch: Batch) -> None:
        self._waiting.append(batch)
        self._waiting_events += len(batch.events) + 1
        self._news.set()
        while self._waiting_events > WAITING_EVENTS_MAX:
            self._room.clear()
            await self._room.wait()

    async def _run(self) -> None:
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                while self._waiting:
                    await self._write()
                await asyncio.sleep(self._pause)
        except Unknown:
            self._waiting.clear()  # the version was dropped, and this lane is soon
        except Exception as error:  # noqa: BLE001 (handed to whoever runs the worker, which ends)
            self._failed(error)

    async def _write(self) -> None:
        runs = taken_together(self._waiting)
        batch = merged(runs)
        self._offset = batch.next_offset or self._offset
        await self.taker.apply(batch)
        self.moved_at = _now()
        self._waiting_events -= sum(len(run.events) + 1 for run in runs)
        self._room.set()


def taken_together(waiting: deque[Batch]) -> list[Batch]:
    """The first run, and those behind it that follow it without a hole, taken from the queue."""
    runs = [waiting.popleft()]
    events, last = len(runs[0].events), runs[0].last
    while waiting and waiting[0].previous <= last and events < BATCH_EVENTS_MAX:
        runs.append(waiting.popleft())
        events, last = events + len(runs[-1].events), max(last, runs[-1].last)
    return runs


def merged(runs: list[Batch]) -> Batch:
    """One batch of runs that follow each other, or overlap."""
    if len(runs) == 1:
        return runs[0]
    events, last, offset = list(runs[0].events), runs[0].last, runs[0].next_offset
    for run in runs[1:]:
        events += [event for event in run.events if event.position > last]
        last, offset = max(last, run.last), run.next_offset or offset
    return Batch(events, runs[0].previous, last, offset)


def _now() -> float:
    return asyncio.get_running_loop().time()
