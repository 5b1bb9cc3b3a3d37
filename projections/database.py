"""读库 · The database of the read side: one pool, statements in autocommit, errors named once.

Every statement here may be sent twice: checkpoints move by equality, rows are upserted by key.
So a connection that breaks is simply tried again for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg
from asyncpg.exceptions import InternalClientError
from asyncpg.pool import PoolConnectionProxy

from events.errors import Broken, Unavailable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.1
CONNECT_SECONDS = 10.0
CONNECTIONS_MAX = 5
DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    InternalClientError,
    OSError,
    EOFError,
)
"""Everything the driver lets through. A timeout is an OSError."""

TRANSIENT_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})
NO_RIGHT_OR_TABLE = frozenset({"3D000", "3F000", "42P01", "42501", "28P01", "28000"})
SESSION = {
    "application_name": "jishi projections",
    "default_transaction_isolation": "read committed",
    # A worker never holds a transaction open while it waits for anything.
    "idle_in_transaction_session_timeout": "10000",
}


class RefusedDataError(Exception):
    """The database would not take a value: the row is at fault, not the server. Stays in here."""


async def _keep_as_it_is(connection: Connection) -> None:
    """Whoever changes a session here changes it back: saves a round trip at each release."""


class Database:
    """A pool on the read side's database."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], patience_seconds: float) -> None:
        self._pool = pool
        self._patience_seconds = patience_seconds

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        answer_seconds: float | None = None,
        session: Mapping[str, str] = {},
    ) -> Database:
        """A pool that opens its connections when they are needed. Close it in the end.

        `answer_seconds`: how long the server may take over a statement, before it counts as lost;
        `session`: settings of its sessions beside the usual ones.
        """
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=CONNECTIONS_MAX,
            timeout=CONNECT_SECONDS,
            command_timeout=answer_seconds,
            reset=_keep_as_it_is,
            server_settings={**SESSION, **session},
        )
        return cls(pool, patience_seconds)

    async def close(self) -> None:
        """End every connection."""
        with contextlib.suppress(*DRIVER_ERRORS):
            await asyncio.wait_for(self._pool.close(), CONNECT_SECONDS)

    async def fetch(self, statement: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        """Rows of one statement, tried again while the server is away.

        Raises Unavailable when patience ends, Broken where the statement or the schema is wrong.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_seconds
        while True:
            try:
                async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                    return await connection.fetch(statement, *arguments)
            except DRIVER_ERRORS as error:
                if not is_transient(error) or loop.time() > until:
                    raise named(error) from error
                await asyncio.sleep(PAUSE_SECONDS)

    async def value(self, statement: str, *arguments: Any) -> Any:
        """First column of the first row, or None."""
        rows = await self.fetch(statement, *arguments)
        return rows[0][0] if rows else None

    async def trial(self, statement: str, *arguments: Any) -> None:
        """Run a statement and take it back: would the database accept it? Raises RefusedDataError
        where not."""
        try:
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                taken_back = connection.transaction()
                await taken_back.start()
                try:
                    await connection.fetch(statement, *arguments)
                finally:
                    await taken_back.rollback()
        except DRIVER_ERRORS as error:
            raise named(error) from error

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction, for what people do (swap, export), never for a worker's batch."""
        try:
            async with (
                self._pool.acquire(timeout=CONNECT_SECONDS) as connection,
                connection.transaction(),
            ):
                yield connection
        except DRIVER_ERRORS as error:
            raise named(error) from error

    async def hear(self, channel: str, ring: Callable[[], None], poll_seconds: float) -> None:
        """Call `ring` whenever a channel is notified, and every so often, for ever: a notification
        may be lost with its connection, or in a pooler in between."""
        while True:
            with contextlib.suppress(*DRIVER_ERRORS):
                async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                    await _hear(connection, channel, ring, poll_seconds)
            ring()
            await asyncio.sleep(PAUSE_SECONDS)

    @contextlib.asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[bool]:
        """Whether this process is the only one to do what `name` says, while the block runs."""
        try:
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                key = "hashtextextended($1, 0)"
                taken = await connection.fetchval(f"SELECT pg_try_advisory_lock({key})", name)
                try:
                    yield bool(taken)
                finally:
                    if taken:
                        await connection.fetchval(f"SELECT pg_advisory_unlock({key})", name)
        except DRIVER_ERRORS as error:
            raise named(error) from error


async def _hear(
    connection: Connection, channel: str, ring: Callable[[], None], poll_seconds: float
) -> None:
    """Until the connection is lost."""
    lost = asyncio.Event()

    def heard(*_: object) -> None:
        ring()

    def broken(_: object) -> None:
        lost.set()

    connection.add_termination_listener(broken)
    await connection.add_listener(channel, heard)
    try:
        while not lost.is_set():
            ring()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), poll_seconds)
    finally:
        with contextlib.suppress(*DRIVER_ERRORS):
            connection.remove_termination_listener(broken)
            await connection.remove_listener(channel, heard)


def is_transient(error: BaseException) -> bool:
    """Whether the same statement may work in a moment."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state[:2] in TRANSIENT_CLASSES or isinstance(error, asyncpg.FatalPostgresError)
    if isinstance(error, asyncpg.DataError | asyncpg.ClientConfigurationError):
        return False
    return isinstance(error, asyncpg.InterfaceError | InternalClientError | OSError | EOFError)


def named(error: BaseException) -> Exception:
    """The error of the house for an error of the driver."""
    why = f"{type(error).__name__}: {error}"
    if is_transient(error):
        return Unavailable(
            f"the database of the numbers does not answer; try again ({why})",
            zh="指标数据库无应答，请稍后重试",
        )
    state = getattr(error, "sqlstate", None) or ""
    if state in NO_RIGHT_OR_TABLE:
        return Unavailable(
            "the database of the numbers will not serve them; check its address and your rights, "
            f"and run `jishi migrate` ({why})",
            zh="指标数据库无法使用；请检查地址与权限，并运行 `jishi migrate`",
        )
    if isinstance(error, asyncpg.DataError) or state[:2] in ("22", "23"):
        return RefusedDataError(why)
    return Broken(f"the database of the numbers refused what this program sent ({why})")
