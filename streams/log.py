"""总账 · The log on Postgres: positions without a gap, in the order of commit, by construction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Record

from events.envelope import Recorded
from events.errors import Unavailable
from events.fact import Shape
from events.ports import EVERYTHING, Append, EntryColumns, Filter, Outcome
from streams import sqltext
from streams.access_log import AccessLog
from streams.alone import Turns
from streams.check import Row, row_of
from streams.combine import Clock, Combiner
from streams.connections import Line, Patience, Pool, borrowed, close_pool, pool_of
from streams.gather import Gatherer
from streams.limits import LIMITS, LogLimits
from streams.scan import Scanner
from streams.schema import LogConstant, MadeAs, constants
from streams.tail import Tail


class PostgresLog:
    """`events.ports.Log` on one Postgres database. Made by `open`, ended by `close`.

    An append that broke off is sent again with the same command ids until the server is back or
    `limits.patience_seconds` are over: it lands once, and is then answered by Appended, or by
    Repeated where it had landed the first time. Reads are tried again in the same way.
    """

    def __init__(
        self,
        pool: Pool,
        owned: bool,
        constant: LogConstant,
        shapes: Mapping[str, Shape],
        now: Clock | None,
        limits: LogLimits,
    ) -> None:
        self._pool = pool
        self._owned = owned
        self._constant = constant
        self._limits = limits
        self._tail = Tail(Line(pool), limits.poll_seconds)
        self._patience = patience = Patience(limits.patience_seconds)
        self._combiner = Combiner(Line(pool), limits, patience, now, self._tail.bell.ring)
        self._gatherer = Gatherer(Line(pool), limits, patience)
        self._turns = Turns(pool, patience)
        self._scanner = Scanner(pool, shapes, constant.zone, patience)

    @classmethod
    async def open(
        cls,
        pool_or_dsn: Pool | str,
        shapes: Mapping[str, Shape],
        *,
        now: Clock | None = None,
        limits: LogLimits = LIMITS,
    ) -> PostgresLog:
        """Open the log of a database whose schema has been migrated.

        `now` (µs since 1970) sets the clock; only logs made as demo or scenario allow it. A pool
        that is handed in needs at least 4 connections, and stays open at `close`.
        Raises Unavailable where the database is away or holds no log.
        """
        owned = isinstance(pool_or_dsn, str)
        pool = (
            await pool_of(
                pool_or_dsn,
                connections=limits.connections,
                answer_seconds=limits.answer_seconds,
            )
            if isinstance(pool_or_dsn, str)
            else pool_or_dsn
        )
        try:
            constant = await Patience(limits.patience_seconds).persist(lambda: _constants(pool))
            if constant is None:
                raise Unavailable(
                    "this database holds no log yet: run `jishi migrate`",
                    zh="该数据库中尚无日志：请先运行 `jishi migrate`",
                )
            if now is not None and constant.made_as == "live":
                raise AssertionError("the clock of a live log cannot be set")
        except BaseException:
            if owned:
                pool.terminate()
            raise
        return cls(pool, owned, constant, shapes, now, limits)

    async def close(self) -> None:
        """Write what is waiting (where the database is away: one last time), end every follower,
        let go of the connections."""
        self._patience.end()
        await self._combiner.close()
        await self._gatherer.close()
        await self._tail.close()
        if self._owned:
            await close_pool(self._pool)

    @property
    def log_id(self) -> str:
        """The log's id, a constant of its database."""
        return self._constant.log_id

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its local days, a constant of its database."""
        return self._constant.zone

    @property
    def made_as(self) -> MadeAs:
        """What it was made as: only demo and scenario logs let their clock be set."""
        return self._constant.made_as

    @property
    def access_log(self) -> AccessLog:
        """Where refused and denied attempts are kept, beside the log."""
        return AccessLog(self._pool, self._patience)

    async def append(self, items: Sequence[Append]) -> list[Outcome]:
        """See `events.ports.Log.append`; what other callers are waiting with shares the commit."""
        return await self._combiner.append(items)

    def alone(self, keys: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """See `events.ports.Log.alone`."""
        return self._turns.alone(keys)

    async def load(self, stream: str, after_revision: int = 0) -> list[Recorded]:
        """See `events.ports.Log.load`."""
        return await self._gatherer.load(stream, after_revision)

    async def command(self, command_id: UUID) -> tuple[bytes, list[Recorded]] | None:
        """See `events.ports.Log.command`."""
        first = await self._fetch(sqltext.COMMAND_FIRST, command_id)
        if not first:
            return None
        position, request_hash = first[0]
        events = await self._fetch(sqltext.COMMAND_EVENTS, position)
        return request_hash, [sqltext.recorded(row) for row in events]

    async def head(self) -> int:
        """See `events.ports.Source.head`."""
        rows = await self._fetch(sqltext.HEAD)
        return int(rows[0][0]) if rows else 0

    async def position_at(self, recorded_at: int) -> int:
        """See `events.ports.Source.position_at`."""
        rows = await self._fetch(sqltext.POSITION_AT, recorded_at)
        return int(rows[0][0])

    async def read(
        self,
        *,
        after: int = 0,
        upto: int | None = None,
        limit: int = 500,
        backward: bool = False,
        only: Filter = EVERYTHING,
    ) -> list[Recorded]:
        """See `events.ports.Source.read`. Raises TooLarge for a limit over the most allowed."""
        self._limits.allow_read(limit)
        statement, arguments = sqltext.read_statement(
            after=after, upto=upto, limit=limit, backward=backward, only=only
        )
        return [sqltext.recorded(row) for row in await self._fetch(statement, *arguments)]

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """See `events.ports.Source.at`."""
        self._limits.allow_positions(len(positions))
        rows = await self._fetch(sqltext.AT, list(positions))
        return [sqltext.recorded(row) for row in rows]

    async def rows(self, after: int, limit: int) -> list[Row]:
        """Events after a position with all their columns, oldest first, for `streams.check`."""
        return [row_of(row) for row in await self._fetch(sqltext.ROWS, after, limit)]

    async def relayed(self, topics: str) -> tuple[int, ...]:
        """By partition, how far the readers of these topics have been told everything; nothing
        where no relay has filled them yet."""
        rows = await self._fetch(sqltext.RELAYED, topics)
        return tuple(rows[0][0]) if rows else ()

    async def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        """See `events.ports.Source.scan`. One run for each part of `streams.scan.pages`, empty
        ones too; `upto` beyond the head means the head."""
        async for run in self._scanner.scan(after, min(upto, await self.head())):
            yield run

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        """See `events.ports.Source.follow`. Ends when the log is closed."""

        async def read(position: int, events: int) -> list[Recorded]:
            return await self.read(after=position, limit=events)

        return self._tail.follow(read, after, limit)

    async def _fetch(self, statement: str, *arguments: Any) -> list[Record]:
        async def attempt() -> list[Record]:
            async with borrowed(self._pool) as connection:
                return await connection.fetch(statement, *arguments)

        return await self._patience.persist(attempt)


async def _constants(pool: Pool) -> LogConstant | None:
    async with borrowed(pool) as connection:
        return await constants(connection)
