"""合写 · What several parts have to write at the same moment, as one statement.

A worker has a statement to send for each of its parts many times a second, if only to say how far
that part has come. While one statement is under way, the others wait, and go together as the next
one: few parts with little to do lose nothing by it, many cost no more than one. Each part's
checkpoint is still compared by itself, and its slips are written if just that one was moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from projections.database import Database

CHANNEL = "jishi_slip"
"""Notified whenever a part has moved on."""

WRITE = f"""
WITH moved AS (
    UPDATE projections.checkpoint AS c
    SET position = w.upto,
        next_offset = CASE WHEN w.next_offset > 0 THEN w.next_offset ELSE c.next_offset END
    FROM unnest($3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
        AS w (part, position, epoch, upto, next_offset)
    WHERE c.projection = $1 AND c.log_id = $2 AND c.part = w.part
        AND c.position = w.position AND c.epoch = w.epoch
    RETURNING c.part
),
put AS (
    INSERT INTO projections.slip (projection, log_id, part, lo, hi, entries, columns)
    SELECT $1, $2, u.part, u.lo, u.hi, u.entries, u.columns
    FROM moved JOIN unnest($8::integer[], $9::bigint[], $10::bigint[], $11::integer[],
                           $12::bytea[]) AS u (part, lo, hi, entries, columns) USING (part)
)
SELECT m.part, (SELECT pg_notify('{CHANNEL}', $1)) FROM moved AS m
"""  # noqa: S608 (a constant of this program)


class Slip(NamedTuple):
    """The entries of one batch within one page, written."""

    lo: int
    hi: int
    entries: int
    columns: bytes


class Move(NamedTuple):
    """One part's step: from a position and epoch to another position, and what it writes."""

    part: int
    position: int
    epoch: int
    upto: int
    next_offset: int
    slips: Sequence[Slip]


class Combiner:
    """Writes for all parts of one version of one log that this process takes in."""

    def __init__(self, database: Database, name: str, log_id: str) -> None:
        self._database = database
        self._name = name
        self._log_id = log_id
        self._waiting: list[tuple[Move, asyncio.Future[bool]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def move(self, asked: Move) -> bool:
        """Write it with whatever else waits; False where the part was not where it was thought to
        be. Raises Unavailable and Broken as `Database.fetch` does."""
        moved: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, moved))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(), name=f"{self._name} writes")
        return await moved

    async def _send(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                moved = await self._written([move for move, _ in taken])
            except Exception as error:  # noqa: BLE001 (raised to each who waits)
                for _, answer in taken:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for move, answer in taken:
                if not answer.done():  # who asked may have been ended meanwhile
                    answer.set_result(move.part in moved)

    async def _written(self, moves: Sequence[Move]) -> set[int]:
        slips = [(move.part, *slip) for move in moves for slip in move.slips]
        rows = await self._database.fetch(
            WRITE,
            self._name,
            self._log_id,
            *([move[place] for move in moves] for place in range(5)),
            *([slip[place] for slip in slips] for place in range(5)),
        )
        return {row["part"] for row in rows}
