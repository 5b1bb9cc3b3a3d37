"""跟读 · Following the log: every event once, in order, for ever, through every broken connection.

Followers read by position; a notification only says that it is worth reading. One connection
listens for all of them, and asks for the head now and then: where notifications are lost (a broken
connection, a pooler in between) that is what wakes them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from events.envelope import Recorded
from events.errors import Unavailable
from streams.connections import PAUSE_FIRST_SECONDS, PAUSE_MAX_SECONDS, Line
from streams.faults import CAUGHT
from streams.sqltext import CHANNEL, HEAD

Read = Callable[[int, int], Awaitable[list[Recorded]]]
"""Up to so many events after a position, oldest first."""


class Bell:
    """Wakes those who wait for events after a position. Knows the newest position it heard of."""

    def __init__(self) -> None:
        self.newest = 0
        self.closed = False
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def ring(self, position: int) -> None:
        """There are events up to this position."""
        self.newest = max(self.newest, position)
        if self._sleepers:
            self._wake(lambda after: after < position)

    def close(self) -> None:
        """Wake everybody, for good."""
        self.closed = True
        self._wake(lambda _: True)

    async def rung(self, after: int) -> None:
        """Sleep until it rings for something after this position, or is closed."""
        if self.closed:
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((after, sleeper))
        await sleeper

    def _wake(self, concerns: Callable[[int], bool]) -> None:
        sleepers, self._sleepers = self._sleepers, []
        for after, sleeper in sleepers:
            if sleeper.done():
                continue
            if concerns(after):
                sleeper.set_result(None)
            else:
                self._sleepers.append((after, sleeper))


async def follow(bell: Bell, read: Read, after: int, limit: int) -> AsyncIterator[list[Recorded]]:
    """Batches of at most `limit` events after a position, until the bell is closed."""
    while not bell.closed:
        heard = bell.newest
        events: list[Recorded] = []
        with contextlib.suppress(Unavailable):
            events = await read(after, limit)
        if events:
            yield events
            after = events[-1].position
            if bell.newest > after or len(events) == limit:
                continue
        elif bell.newest > heard:
            continue  # it rang for what this answer came too soon for
        await bell.rung(after)


class Tail:
    """The listening connection of one log, opened with the first follower."""

    def __init__(self, line: Line, poll_seconds: float) -> None:
        self.bell = Bell()
        self._line = line
        self._poll_seconds = poll_seconds
        self._stir = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    def follow(self, read: Read, after: int, limit: int) -> AsyncIterator[list[Recorded]]:
        """See `events.ports.Source.follow`."""
        if self._listener is None and not self.bell.closed:
            self._listener = asyncio.create_task(self._listen_for_ever(), name="log tail")
        return follow(self.bell, read, after, limit)

    async def close(self) -> None:
        """End every follower and the listening."""
        self.bell.close()
        self._stir.set()
        if self._listener is not None:
            await self._listener
        # Not given back: it listens.
        await self._line.drop()

    async def _listen_for_ever(self) -> None:
        pause = PAUSE_FIRST_SECONDS
        while not self.bell.closed:
            try:
                connection = await self._line.connection()
                await connection.add_listener(CHANNEL, self._notified)
                connection.add_termination_listener(self._lost)
                while not self.bell.closed:
                    # Also after each reconnect: what was notified meanwhile was not heard.
                    self.bell.ring(await connection.fetchval(HEAD, timeout=10) or 0)
                    pause = PAUSE_FIRST_SECONDS
                    await self._rest(self._poll_seconds)
            except CAUGHT:
                await self._line.drop()
                await self._rest(pause)
                pause = min(pause * 2, PAUSE_MAX_SECONDS)

    async def _rest(self, seconds: float) -> None:
        self._stir.clear()
        if self.bell.closed:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stir.wait(), seconds)

    def _notified(self, connection: object, pid: int, channel: str, payload: object) -> None:
        self.bell.ring(int(str(payload)))

    def _lost(self, connection: object) -> None:
        self._stir.set()
