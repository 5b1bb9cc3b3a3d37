"""分区 · One part of a log as one projection takes it in: a checkpoint, and the laws it moves by.

The statement that moves a checkpoint moves it from exactly the position it was at, and writes what
comes of the batch, or does neither. So what comes twice falls away, a worker that was thought dead
and comes back writes nothing, and nobody ever waits for a transaction left open. A hole before a
batch is filled from the log. Where the batch comes from, the log's tail or a broker, is not known
here; what is written is said by `projections.runner` (rows) and `projections.slips` (entries).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from events.envelope import Recorded
from events.errors import Unavailable, Unknown
from events.ports import Filter, Source
from projections.database import Database
from projections.pages import check_not_ahead
from projections.statements import NOTE_OFFSET, OPEN, PARKED

log = structlog.get_logger("jishi.projections")

HISTORY_READ = 500
HEAL_READ = 1_000
TRIES_MAX = 20
REASON_LENGTH_MAX = 500


@dataclass(frozen=True)
class Batch:
    """A run of events of one part, in position order.

    `previous` is the position of the event before it in that part (or any position between): what
    lies after it and before the first is known to be none of this part's. `upto` is the position
    the batch reaches, where positions without events of this part follow the last. `next_offset`
    is where a reader of a broker goes on behind it; 0 where it does not come from one.
    """

    events: Sequence[Recorded]
    previous: int
    upto: int = 0
    next_offset: int = 0

    @property
    def last(self) -> int:
        """The position it reaches."""
        return max(self.upto, self.events[-1].position if self.events else self.previous)


@dataclass(frozen=True)
class Parked:
    """A stream that could not be taken in: its first event that failed, and why."""

    projection: str
    stream: str
    position: int
    fact: str
    reason: str


class Part(ABC):
    """One version of one projection, over one part of one log.

    `mine` says which streams belong to this part. Only one process makes progress at a time; any
    number may try.
    """

    def __init__(
        self,
        database: Database,
        source: Source,
        name: str,
        *,
        part: int = 0,
        mine: Callable[[str], bool] = lambda stream: True,
    ) -> None:
        self.name = name
        self.part = part
        self.position = -1
        self.next_offset = 0
        self._database = database
        self._source = source
        self._mine = mine
        self._epoch = 0
        self._parked: dict[str, int] = {}

    # --- the checkpoint ---------------------------------------------------------------------------

    async def open(self) -> int:
        """Read where it stands (0 where it has never run) and what is parked. Raises Unknown where
        the version is gone."""
        rows: Sequence[Any] = ()
        for _ in range(TRIES_MAX):
            rows = await self._database.fetch(OPEN, self.name, self._source.log_id, self.part)
            if rows:  # none where another process made it between the two halves of the statement
                break
        if not rows:
            raise Unknown(
                f"{self.name} is no version any more: see `jishi projection list`",
                what="version",
                name=self.name,
                zh=f"{self.name} 已不存在：见 `jishi projection list`",
            )
        self.position, self._epoch = rows[0]["position"], rows[0]["epoch"]
        self.next_offset = rows[0]["next_offset"]
        parked = await self._database.fetch(PARKED, self.name, self._source.log_id)
        self._parked = {row["stream"]: row["position"] for row in parked}
        self._forget()
        return self.position

    @property
    def parked(self) -> frozenset[str]:
        """The streams that wait."""
        return frozenset(self._parked)

    # --- taking in --------------------------------------------------------------------------------

    async def apply(self, batch: Batch) -> int:
        """Take in a batch; returns the position reached.

        Duplicates fall away, a hole is filled from the log, a stale view of the checkpoint is read
        anew. Raises Unavailable while the database or the log is away (nothing was written), Broken
        where stored data contradicts itself.
        """
        for _ in range(TRIES_MAX):
            if self.position < 0:
                await self.open()
            if batch.last <= self.position:
                return self.position
            if batch.previous > self.position:
                log.warning(
                    "fills a hole from the log",
                    name=self.name,
                    part=self.part,
                    after=self.position,
                    upto=batch.previous,
                )
                await self._fill(batch.previous)
                continue
            events = [event for event in batch.events if event.position > self.position]
            if await self._take(events, batch.last, batch.next_offset):
                return self.position
            await self.open()
        raise Unavailable(
            f"{self.name} is moved by others all the time: run one worker for part {self.part}",
            zh=f"{self.name} 正被其他进程推进：每个分区请只运行一个工作进程",
        )

    async def catch_up(self, *, upto: int | None = None, limit: int = HEAL_READ) -> int:
        """Take in everything from the log, up to a position or its head. Raises Broken where it
        stands further than the log."""
        if self.position < 0:
            await self.open()
        head = await self._source.head()
        check_not_ahead(self.name, self.position, head)
        await self._fill(head if upto is None else min(upto, head), limit)
        return self.position

    async def note_offset(self, next_offset: int) -> None:
        """Note where a reader of the broker may begin, where there was nothing to write."""
        await self._database.fetch(
            NOTE_OFFSET, self.name, self._source.log_id, self.part, self.position, next_offset
        )
        self.next_offset = next_offset

    async def _fill(self, upto: int, limit: int = HEAL_READ) -> None:
        while self.position < upto:
            events = await self._source.read(after=self.position, upto=upto, limit=limit)
            reached = events[-1].position if len(events) == limit else upto
            await self.apply(Batch(self._own(events), self.position, reached))

    def _own(self, events: Iterable[Recorded]) -> list[Recorded]:
        return [event for event in events if self._mine(event.stream)]

    async def _stream(self, stream: str, upto: int, after: int = 0) -> list[Recorded]:
        """The events of one stream, from the log."""
        found: list[Recorded] = []
        while True:
            events = await self._source.read(
                after=found[-1].position if found else after,
                upto=upto,
                limit=HISTORY_READ,
                only=Filter(stream=stream),
            )
            found += events
            if len(events) < HISTORY_READ:
                return found

    @abstractmethod
    async def _take(self, events: Sequence[Recorded], upto: int, next_offset: int) -> bool:
        """Write what comes of these events and move the checkpoint; False where it was not where
        it was thought to be."""

    @abstractmethod
    async def retry(self, stream: str) -> Parked | None:
        """Take a parked stream in from the log, up to the checkpoint; None where that worked."""

    @abstractmethod
    def _forget(self) -> None:
        """What is remembered of streams may be wrong now."""

    def _moved(self, upto: int, next_offset: int, parked: Sequence[Parked]) -> None:
        """The statement has moved the checkpoint."""
        self.position = upto
        self.next_offset = next_offset or self.next_offset
        self._parked |= {one.stream: one.position for one in parked}
        for one in parked:
            log.error("parked a stream", name=self.name, stream=one.stream,
                      position=one.position, reason=one.reason)  # fmt: skip

    def _checkpoint(
        self,
        upto: int,
        next_offset: int = 0,
        parked: Sequence[Parked] = (),
        let_go: Sequence[str] = (),
    ) -> list[Any]:
        """The arguments of `projections.statements.MOVE`. Letting something go raises the epoch:
        every worker looks at the parked ones anew."""
        return [
            upto,
            self.name,
            self._source.log_id,
            self.part,
            self.position,
            self._epoch,
            self._epoch + (1 if let_go else 0),
            [one.stream for one in parked],
            [one.position for one in parked],
            [one.fact for one in parked],
            [one.reason for one in parked],
            list(let_go),
            next_offset,
        ]

    def _refused(self, event: Recorded, error: Exception) -> Parked:
        reason = f"{type(error).__name__}: {error}"[:REASON_LENGTH_MAX].replace("\x00", "")
        return Parked(self.name, event.stream, event.position, event.fact, reason)
