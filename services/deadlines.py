"""时限到点 · Deadlines that fire: once, never early, also after the house was closed for a while.

What is due is folded from the facts `deadline.*` of the log. Firing one is a command like any
other (`miss`), whose id is made of the stream, the clock and the due time: however many processes
fire it, it lands once. Whether it is really due is decided by the case, not here.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

import structlog

from events.clock import instant_of, text_of
from events.envelope import Recorded
from events.errors import Conflict, Refused, Unavailable, Unknown
from events.ports import Filter, Source
from services.access import Grant
from services.commands import Commands, Request

log = structlog.get_logger("jishi.deadlines")

NAMESPACE = UUID("6b1f2c1e-6f0e-5a53-9a3c-1d6f3a0c9f11")
DUE_FACTS = frozenset({"deadline.set", "deadline.resumed", "deadline.extended"})
OVER_FACTS = frozenset({"deadline.rested", "deadline.ended", "deadline.lifted", "deadline.missed"})
PAGE_EVENTS = 5_000
AT_ONCE_MAX = 200
"""Deadlines fired side by side."""
SLEEP_SECONDS_MAX = 30.0
TIMER = Grant("timer", "system", roles=frozenset({"system"}), actions=frozenset({"*"}))


class Due(NamedTuple):
    """One deadline: `clock` is its name within the case."""

    at: datetime
    stream: str
    clock: str

    @property
    def command_id(self) -> UUID:
        """The same in every process that fires it."""
        return uuid5(NAMESPACE, f"{self.stream}|{self.clock}|{text_of(self.at)}")


class Deadlines:
    """The deadlines of one log, and the timer that fires them."""

    def __init__(self, source: Source, commands: Commands) -> None:
        self._source = source
        self._commands = commands
        self._heap: list[Due] = []
        self._current: dict[tuple[str, str], datetime] = {}
        self._stir = asyncio.Event()
        self.position = 0
        self.fired = 0

    def __len__(self) -> int:
        return len(self._current)

    def due(self, now: datetime) -> int:
        """How many have fallen due and are not answered yet."""
        return sum(at <= now for at in self._current.values())

    def next_due(self) -> datetime | None:
        """When the next one falls due, as far as is known; None where none runs."""
        heap = self._heap
        while heap and self._current.get((heap[0].stream, heap[0].clock)) != heap[0].at:
            heapq.heappop(heap)
        return heap[0].at if heap else None

    # --- what is due ------------------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Read the facts about deadlines up to the head of the log."""
        head = await self._source.head()
        only = Filter(facts=tuple(sorted(DUE_FACTS | OVER_FACTS)))
        while self.position < head:
            events = await self._source.read(
                after=self.position, upto=head, limit=PAGE_EVENTS, only=only
            )
            self.take(events)
            if len(events) < PAGE_EVENTS:
                self.position = max(self.position, head)

    def take(self, events: Sequence[Recorded]) -> None:
        """Take in further events, of any kind, in the order of the log."""
        for event in events:
            if event.position > self.position:
                self._take_one(event)
                self.position = event.position

    def _take_one(self, event: Recorded) -> None:
        if event.fact not in DUE_FACTS and event.fact not in OVER_FACTS:
            return
        data = event.content["data"]
        clock = str(data["clock"]).partition(".")[2]
        if own := data.get("of_unit") or data.get("of_revision"):
            clock = f"{clock}.{own}"
        if event.fact in OVER_FACTS:
            self._current.pop((event.stream, clock), None)
            return
        due = Due(instant_of(data["due_at"]), event.stream, clock)
        self._current[event.stream, clock] = due.at
        heapq.heappush(self._heap, due)
        self._stir.set()

    def _take_due(self, now: datetime) -> list[Due]:
        """Those that are due, out of the heap; entries overtaken by later facts fall away."""
        found: list[Due] = []
        while self._heap and self._heap[0].at <= now and len(found) < AT_ONCE_MAX:
            due = heapq.heappop(self._heap)
            if self._current.get((due.stream, due.clock)) == due.at:
                found.append(due)
        return found

    # --- firing -----------------------------------------------------------------------------------

    async def fire_due(self) -> int:
        """Fire everything that is due now; how many facts that gave. Raises Unavailable."""
        await self.catch_up()
        fired = 0
        while due := self._take_due(self._commands.now()):
            try:
                fired += sum(await asyncio.gather(*(self._fire(one) for one in due)))
            except Unavailable:
                for one in due:
                    heapq.heappush(self._heap, one)
                raise
        self.fired += fired
        return fired

    async def _fire(self, due: Due) -> int:
        kind, _, case_id = due.stream.partition("/")
        request = Request(
            TIMER, kind, "miss", case_id, {"clock": due.clock}, command_id=due.command_id
        )
        try:
            done = await self._commands.do(request)
        except (Refused, Conflict, Unknown) as moved_on:
            # The case went on since: what it says now is (or will be) in the log.
            log.info("deadline passed over", stream=due.stream, why=moved_on.code)
            return 0
        return 0 if done.replayed else 1

    async def run(self) -> None:
        """Fire deadlines for ever, as they fall due. Somebody else calls `take`."""
        while True:
            try:
                await self.fire_due()
                pause = self._pause()
            except Unavailable as away:
                log.warning("deadlines wait for the database", why=away.code)
                pause = 1.0
            self._stir.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._stir.wait()
            except TimeoutError:
                continue

    def _pause(self) -> float:
        if not self._heap:
            return SLEEP_SECONDS_MAX
        left: timedelta = self._heap[0].at - self._commands.now()
        return min(max(left.total_seconds(), 0.001), SLEEP_SECONDS_MAX)
