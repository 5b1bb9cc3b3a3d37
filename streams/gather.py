"""合并读取 · Loads of single streams that wait at the same time become one query."""

from __future__ import annotations

import asyncio
from collections import deque

from events.envelope import Recorded
from streams.connections import Line, Patience, closed_error
from streams.limits import LogLimits
from streams.sqltext import LOAD, recorded

_Waiting = tuple[str, int, "asyncio.Future[list[Recorded]]"]


class Gatherer:
    """Loads streams. No linger: what waits when the connection is free goes together."""

    def __init__(self, line: Line, limits: LogLimits, patience: Patience) -> None:
        self._line = line
        self._limits = limits
        self._patience = patience
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._loader = asyncio.create_task(self._load_for_ever(), name="log loads")

    async def load(self, stream: str, after_revision: int = 0) -> list[Recorded]:
        """The events of one stream after a revision, oldest first. Raises Unavailable."""
        if self._closing:
            raise closed_error()
        answer: asyncio.Future[list[Recorded]] = asyncio.get_running_loop().create_future()
        self._waiting.append((stream, after_revision, answer))
        self._wake.set()
        return await answer

    async def close(self) -> None:
        """Answer what is waiting, then stop."""
        self._closing = True
        self._wake.set()
        await self._loader
        await self._line.close()

    async def _load_for_ever(self) -> None:
        while self._waiting or not self._closing:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            count = min(len(self._waiting), self._limits.batch_loads)
            await self._answer([self._waiting.popleft() for _ in range(count)])
            await asyncio.sleep(0)

    async def _answer(self, batch: list[_Waiting]) -> None:
        try:
            loaded = await self._patience.persist(lambda: self._attempt(batch))
        except Exception as error:  # noqa: BLE001 (handed to every caller of the batch)
            _fail(batch, error)
            return
        except BaseException:
            _fail(batch, closed_error())
            raise
        for (_, _, answer), events in zip(batch, loaded, strict=True):
            if not answer.done():
                answer.set_result(events)

    async def _attempt(self, batch: list[_Waiting]) -> list[list[Recorded]]:
        connection = await self._line.connection()
        try:
            rows = await connection.fetch(
                LOAD, [stream for stream, _, _ in batch], [after for _, after, _ in batch]
            )
        except BaseException as error:
            await self._line.after(error)
            raise
        loaded: list[list[Recorded]] = [[] for _ in batch]
        for place, *columns in rows:
            loaded[place - 1].append(recorded(columns))
        for events in loaded:
            events.sort(key=_revision)
        return loaded


def _revision(event: Recorded) -> int:
    return event.revision


def _fail(batch: list[_Waiting], error: BaseException) -> None:
    for _, _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
