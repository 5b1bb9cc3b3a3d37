"""访问日志 · Attempts that were refused or denied: who, what, where, why not. Append-only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from events.clock import from_micros, micros
from streams.connections import Patience, Pool, borrowed

Attempt: TypeAlias = tuple[datetime, str, str, str, str, str]
"""When, person, token id, what, where, why not."""

KEEP = (
    "INSERT INTO streams.access_log (at, person, token_id, what, place, why_not)"
    " SELECT * FROM"
    " unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])"
)
READ = (
    "SELECT a.number, a.at, a.person, a.token_id, a.what, a.place, a.why_not"
    " FROM streams.access_log AS a WHERE a.number > $1 ORDER BY a.number LIMIT $2"
)


class AccessLog:
    """The access log of one database; never holds what somebody wanted to write."""

    def __init__(self, pool: Pool, patience: Patience) -> None:
        self._pool = pool
        self._patience = patience

    async def keep(self, attempts: Sequence[Attempt]) -> None:
        """Write these. Not repeated where the connection broke: one could stand there twice.

        Raises Unavailable where the database is away, and Ambiguous where they may stand there.
        """
        if not attempts:
            return
        columns: list[list[object]] = [list(column) for column in zip(*attempts, strict=True)]
        columns[0] = [micros(attempt[0]) for attempt in attempts]

        async def write() -> None:
            async with borrowed(self._pool) as connection:
                await connection.execute(KEEP, *columns)

        await Patience(0).persist(write, appending=True)

    async def read(self, after: int = 0, limit: int = 500) -> list[tuple[int, Attempt]]:
        """Attempts with a number after `after`, oldest first. Raises Unavailable."""

        async def fetch() -> list[tuple[int, Attempt]]:
            async with borrowed(self._pool) as connection:
                rows = await connection.fetch(READ, after, limit)
            return [
                (number, (from_micros(at), person, token_id, what, place, why_not))
                for number, at, person, token_id, what, place, why_not in rows
            ]

        return await self._patience.persist(fetch)
