"""租约 · Which relay leads, and how far it has come: one row, moved only by whoever holds it.

Every statement stands alone and compares leader and epoch: a relay that was stopped for longer
than its lease, and goes on as if nothing had been, changes nothing any more and finds that out.
What is written here may be lost in a crash of the server (`synchronous_commit` is off for it):
then what was sent since is sent again, and readers drop it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from streams.connections import Line
from streams.faults import CAUGHT
from streams.schema import AnyConnection

SESSION = {"synchronous_commit": "off"}
"""For the connections of a lease."""

TAKE = """
INSERT INTO streams.relay AS r (topics, reached, newest, epoch, leader, lease_until)
VALUES ($1, array_fill(0::bigint, ARRAY[$2::integer]), array_fill(0::bigint, ARRAY[$2::integer]), 1,
    $3, clock_timestamp() + make_interval(secs => $4))
ON CONFLICT (topics) DO UPDATE
SET epoch = r.epoch + 1, leader = excluded.leader, lease_until = excluded.lease_until
WHERE r.lease_until < clock_timestamp()
RETURNING r.epoch, r.position, r.reached, r.newest
"""
RENEW = """
UPDATE streams.relay AS r SET lease_until = clock_timestamp() + make_interval(secs => $4)
WHERE r.topics = $1 AND r.epoch = $2 AND r.leader = $3 RETURNING true
"""
SAVE = """
UPDATE streams.relay AS r
SET position = $5, reached = $6, newest = $7,
    lease_until = clock_timestamp() + make_interval(secs => $4)
WHERE r.topics = $1 AND r.epoch = $2 AND r.leader = $3 RETURNING true
"""
SEEN = """
SELECT r.topics, r.position, r.leader, r.lease_until > clock_timestamp() AS leads,
    cardinality(r.reached) AS parts
FROM streams.relay AS r ORDER BY r.topics
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the topics have been filled. `reached` and `newest` have one place a partition."""

    position: int
    reached: tuple[int, ...]
    newest: tuple[int, ...]

    @property
    def parts(self) -> int:
        """Into how many partitions the streams are parted."""
        return len(self.reached)


@dataclass(frozen=True, slots=True)
class Seen:
    """A relay as others see it. `leads`: its lease has not run out."""

    topics: str
    position: int
    leader: str
    leads: bool
    parts: int


def own_name() -> str:
    """A name no other relay ever has: machine, pid, and a random word."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


async def seen(connection: AnyConnection) -> list[Seen]:
    """The relays of a log, by the name of their topics. Raises what the driver raises."""
    return [Seen(**row) for row in await connection.fetch(SEEN)]


class Lease:
    """One relay's hold on the topics. How long it is held is reckoned by this process's own clock,
    which goes on while the process is stopped."""

    def __init__(self, line: Line, topics: str, parts: int, seconds: float) -> None:
        self.name = own_name()
        self.epoch = 0
        self._line = line
        self._topics = topics
        self._parts = parts
        self._seconds = seconds
        self._sure_until = 0.0

    @property
    def seconds_left(self) -> float:
        """How long it is certainly still held; 0 where another may have it."""
        return max(0.0, self._sure_until - time.monotonic())

    async def take(self) -> Standing | None:
        """Become the leader; None where another is. Raises what the driver raises."""
        began = time.monotonic()
        rows = await self._ask(TAKE, self._topics, self._parts, self.name, self._seconds)
        if not rows:
            return None
        row = rows[0]
        self.epoch = row["epoch"]
        self._sure_until = began + self._seconds
        return Standing(row["position"], tuple(row["reached"]), tuple(row["newest"]))

    async def renew(self) -> bool:
        """Hold it for longer. False where another has taken it. Raises what the driver raises."""
        return await self._move(RENEW, self._seconds)

    async def save(self, standing: Standing) -> bool:
        """Write down how far it has come, and hold it for longer. As `renew`."""
        return await self._move(
            SAVE, self._seconds, standing.position, list(standing.reached), list(standing.newest)
        )

    async def release(self) -> None:
        """Let another lead at once. Where the database is away, it will after the lease."""
        self._sure_until = 0.0
        try:
            await self._move(RENEW, 0.0)
        except CAUGHT:
            return

    async def _move(self, statement: str, seconds: float, *arguments: Any) -> bool:
        began = time.monotonic()
        rows = await self._ask(statement, self._topics, self.epoch, self.name, seconds, *arguments)
        self._sure_until = began + seconds if rows else 0.0
        return bool(rows)

    async def _ask(self, statement: str, *arguments: Any) -> Sequence[Any]:
        try:
            connection = await self._line.connection()
            return await connection.fetch(statement, *arguments)
        except CAUGHT as error:
            await self._line.after(error)
            raise
