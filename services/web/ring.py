"""环 · The last events of the log, kept for everyone who listens; a listener is a position.

One task follows the log and fills the ring. Listeners have no queues: each holds the position it
has come to and takes what is newer, from the ring, or from the log in pages where it has fallen
behind. They are woken at most once a tick, and a wake proves nothing: they look again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from events.envelope import Recorded
from events.ports import Source

RING_EVENTS = 4_096
TICK_SECONDS = 0.05
PAGE_EVENTS = 500


@dataclass(frozen=True)
class Moment:
    """One event as listeners get it; what costs time is worked out once for all of them."""

    event: Recorded

    @property
    def position(self) -> int:
        """Where it stands in the log."""
        return self.event.position

    @cached_property
    def area(self) -> str:
        """The area it is about."""
        return str(self.event.content["about"]["area"])

    @cached_property
    def unit(self) -> str:
        """The unit it is about, or ''."""
        return str(self.event.content["about"].get("unit") or "")

    @cached_property
    def envelope(self) -> bytes:
        """The envelope as JSON."""
        return self.event.envelope_bytes()

    @cached_property
    def chunk(self) -> bytes:
        """The event as a piece of a server-sent stream."""
        return b"id: %d\nevent: fact\ndata: %b\n\n" % (self.event.position, self.envelope)


class Ring:
    """The newest events by position. `head` is the newest seen; 0 before the first."""

    def __init__(
        self, log: Source, *, size: int = RING_EVENTS, tick_seconds: float = TICK_SECONDS
    ) -> None:
        self._log = log
        self._size = size
        self._tick_seconds = tick_seconds
        self._slots: list[Moment | None] = [None] * size
        self._first = 1
        self._wake = asyncio.Event()
        self._ticking: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self.head = 0
        self.closed = False
        self.listeners = 0
        self.watchers: list[Callable[[list[Recorded]], Awaitable[None]]] = []

    async def start(self) -> None:
        """Begin at the head of the log as it is now."""
        self.head = await self._log.head()
        self._first = self.head + 1

    async def run(self) -> None:
        """Follow the log for ever. Whoever else lives on it gets each batch first."""
        async for batch in self._log.follow(self.head):
            for take in self.watchers:
                await take(batch)
            self.put(batch)

    def put(self, batch: Sequence[Recorded]) -> None:
        """Take the next events in. They follow the head without a hole."""
        for event in batch:
            if event.position != self.head + 1:
                raise AssertionError(f"event {event.position} came after {self.head}")
            self.head = event.position
            self._slots[event.position % self._size] = Moment(event)
        self._first = max(self._first, self.head - self._size + 1)
        self._news.set()
        if self._ticking is None and batch:
            loop = asyncio.get_running_loop()
            self._ticking = loop.call_later(self._tick_seconds, self._tick)

    def close(self) -> None:
        """Tell every listener to end."""
        self.closed = True
        self._news.set()
        self._tick()

    async def newer(self, after: int, limit: int = PAGE_EVENTS) -> list[Moment]:
        """The next events after a position, at most `limit`; none where there are none."""
        if after >= self.head:
            return []
        if after + 1 >= self._first:
            last = min(self.head, after + limit)
            return [self._at(position) for position in range(after + 1, last + 1)]
        events = await self._log.read(after=after, limit=min(limit, PAGE_EVENTS))
        return [Moment(event) for event in events]

    async def wait(self, after: int, seconds: float) -> bool:
        """Wait until something newer than `after` is there; False where time ran out or the ring
        was closed."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self.head <= after and not self.closed:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                return self.head > after
        return self.head > after

    async def news(self, after: int) -> None:
        """Wait until something newer than `after` is there, or the ring is closed: at once, for
        the one who must not wait for the tick."""
        while self.head <= after and not self.closed:
            self._news.clear()
            await self._news.wait()

    def _at(self, position: int) -> Moment:
        moment = self._slots[position % self._size]
        if moment is None or moment.position != position:
            raise AssertionError(f"the ring does not hold {position}")
        return moment

    def _tick(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        self._wake.set()
        self._wake = asyncio.Event()
