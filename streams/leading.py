"""领班 · The work of a relay: wait to lead, then read, send, and move the checkpoint, for ever.

A cycle is one stretch of the log: its records are sent, all of them are acknowledged, and only then
is the checkpoint moved. What was sent and not yet written down is sent again by whoever leads next.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from time import monotonic
from typing import Protocol

import structlog

from events.envelope import Recorded
from events.errors import Broken, Invalid, JishiError, Unavailable
from streams.connections import Result
from streams.faults import CAUGHT, RETRIED, fault_of, told
from streams.lease import Lease, Standing
from streams.limits import KafkaLimits
from streams.relaying import Record, Topics, load_of

log = structlog.get_logger("jishi.relay")

LAST_SECONDS = 1.0
"""How long a relay that is to end waits for what is under way."""
QUIET_SECONDS = 2.0
"""How long a broker may take without anything being said of it."""
SAY_SECONDS = 5.0
PAUSE_SECONDS = 0.2


class Followed(Protocol):
    """What a relay needs of the log."""

    @property
    def log_id(self) -> str:
        """See `events.ports.Source`."""
        ...

    async def head(self) -> int:
        """See `events.ports.Source`."""
        ...

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        """See `events.ports.Source`."""
        ...


class Post(Protocol):
    """What a relay needs of Kafka."""

    async def send(self, records: Sequence[Record]) -> None:
        """Send these in order; returns when all are acknowledged, however long that takes.

        Raises Unavailable where that will never be.
        """
        ...


class Leader:
    """One relay process of any number. `run` ends only by cancelling, or by an error after which
    the process must not go on: what it has under way could arrive after what is sent next."""

    def __init__(
        self, event_log: Followed, lease: Lease, post: Post, topics: Topics, limits: KafkaLimits
    ) -> None:
        self._log = event_log
        self._lease = lease
        self._post = post
        self._topics = topics
        self._limits = limits
        self._patience = Seldom()

    async def run(self) -> None:
        """Wait to lead, and lead. Raises Broken, Invalid, Unavailable."""
        try:
            while True:
                standing = await self._taken()
                log.info("leads", topics=self._topics.names, position=standing.position,
                         epoch=self._lease.epoch, name=self._lease.name)  # fmt: skip
                await self._lead(standing)
                log.warning("leads no more: its lease had run out, and another has taken it")
        finally:
            await self._lease.release()

    # --- the lease --------------------------------------------------------------------------------

    async def _taken(self) -> Standing:
        """The standing from which to go on, as soon as nobody else leads."""
        while True:
            standing = await self._persist(self._lease.take)
            if standing is not None:
                break
            await asyncio.sleep(self._limits.lease_seconds / 4)
        if standing.parts != self._limits.partitions:
            raise Invalid(
                f"the topics {self._topics.batches} were begun with {standing.parts} partitions,"
                f" and JISHI_KAFKA__PARTITIONS is {self._limits.partitions}: set it back, or choose"
                " another JISHI_KAFKA__PREFIX for new topics",
                field="JISHI_KAFKA__PARTITIONS",
                zh=f"主题 {self._topics.batches} 建立时为 {standing.parts} 个分区，而"
                f" JISHI_KAFKA__PARTITIONS 为 {self._limits.partitions}：请改回，或另设"
                " JISHI_KAFKA__PREFIX",
            )
        head = await self._log.head()
        if standing.position > head:
            raise Broken(
                f"the topics {self._topics.batches} were filled up to position {standing.position},"
                f" and the log ends at {head}: it was restored from an older copy; choose another"
                " JISHI_KAFKA__PREFIX, so that the topics are filled anew"
            )
        return standing

    async def _kept(self) -> bool:
        """Whether the lease is held: renewed where that is due."""
        if self._lease.seconds_left > self._limits.lease_seconds / 2:
            return True
        return await self._persist(self._lease.renew)

    # --- leading ----------------------------------------------------------------------------------

    async def _lead(self, standing: Standing) -> None:
        """Cycle by cycle, until another leads."""
        batches = self._log.follow(standing.position, limit=self._limits.batch_events)
        reading = asyncio.ensure_future(_next(batches))
        marked = monotonic()
        try:
            while True:
                await asyncio.wait({reading}, timeout=self._pause(standing, marked))
                if not await self._kept():
                    return
                events: Sequence[Recorded] = ()
                if reading.done():
                    events = reading.result()
                    # Read on while this is sent.
                    reading = asyncio.ensure_future(_next(batches))
                now = monotonic()
                due = now - marked >= self._limits.mark_seconds
                load = load_of(events, standing, self._log.log_id, self._topics, marks=due)
                marked = now if due else marked
                if not load.records:
                    continue
                if not await self._delivered(load.records, load.standing):
                    return
                standing = load.standing
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            if isinstance(batches, AsyncGenerator):
                await batches.aclose()

    def _pause(self, standing: Standing, marked: float) -> float:
        """How long nothing needs to be done where nothing comes."""
        renew = max(0.0, self._lease.seconds_left - self._limits.lease_seconds / 2)
        if min(standing.reached) == standing.position:
            return renew
        return min(renew, max(0.0, marked + self._limits.mark_seconds - monotonic()))

    async def _delivered(self, records: Sequence[Record], standing: Standing) -> bool:
        """Send, wait, and write down how far that leads. False where another leads."""
        sending = asyncio.ensure_future(self._post.send(records))
        try:
            await self._wait_for(sending, standing)
        except asyncio.CancelledError:
            await asyncio.wait({sending}, timeout=LAST_SECONDS)
            if sending.done() and sending.exception() is None:
                with contextlib.suppress(*CAUGHT):
                    await self._lease.save(standing)
            raise
        return await self._persist(lambda: self._lease.save(standing))

    async def _wait_for(self, sending: asyncio.Future[None], standing: Standing) -> None:
        """Until it is acknowledged, the lease renewed meanwhile. Raises Unavailable after a while:
        the process then ends, since only with it ends what is under way."""
        began = monotonic()
        while not sending.done():
            await asyncio.wait({sending}, timeout=self._limits.lease_seconds / 4)
            if sending.done():
                break
            waited = monotonic() - began
            if waited > self._limits.flush_seconds:
                raise Unavailable(
                    f"Kafka has not acknowledged what was sent for {waited:.0f} s: the relay ends;"
                    " start it again when the broker is back, nothing is lost",
                    zh=f"Kafka 已 {waited:.0f} 秒没有确认：转发进程退出；"
                    "待 Kafka 恢复后请重新启动，不会丢失任何记录",
                )
            if waited > QUIET_SECONDS and self._patience.now():
                lag = await self._lag(standing)
                log.warning("waits for the broker", waited=round(waited), lag_events=lag)
            # Where another leads by now, the checkpoint will tell.
            with contextlib.suppress(*CAUGHT):
                await self._lease.renew()
        sending.result()

    async def _lag(self, standing: Standing) -> int | None:
        with contextlib.suppress(TimeoutError, JishiError):
            return await asyncio.wait_for(self._log.head(), LAST_SECONDS) - standing.position
        return None

    async def _persist(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do it, again and again while the database is away: nothing can be read then either."""
        while True:
            try:
                return await work()
            except CAUGHT as error:
                if fault_of(error) not in RETRIED:
                    raise told(error) from error
                if self._patience.now():
                    log.warning("waits for the database", why=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)


class Seldom:
    """For what would be said again and again: only every few seconds is it time."""

    def __init__(self, seconds: float = SAY_SECONDS) -> None:
        self._seconds = seconds
        self._next = 0.0

    def now(self) -> bool:
        """Whether it is time; not again for a while then."""
        if monotonic() < self._next:
            return False
        self._next = monotonic() + self._seconds
        return True


async def _next(batches: AsyncIterator[list[Recorded]]) -> list[Recorded]:
    found = await anext(batches, None)
    if found is None:
        raise Unavailable("the log was closed under the relay")
    return found
