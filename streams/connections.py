"""连接 · Connections that break and are opened anew, and work that is tried again meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import asyncpg

from events.errors import Unavailable
from streams.faults import CAUGHT, DRIVER_ERRORS, RETRIED, Fault, NotConnectedError, fault_of, told
from streams.schema import AnyConnection

Result = TypeVar("Result")
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

PAUSE_FIRST_SECONDS = 0.02
PAUSE_MAX_SECONDS = 0.5
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 5.0
SESSION = {
    "application_name": "jishi",
    # append_v1 insists on it, and a server's default may be another.
    "default_transaction_isolation": "read committed",
}


BUILT_IN_MAX = 16_383
"""Types up to this number are the server's own, the same in every database of every version."""
_built_in: dict[frozenset[int], Any] = {}


class _Known(NamedTuple):
    """Stands for the statement that would have asked for types."""

    name: str = "known"


if TYPE_CHECKING:
    Driven = asyncpg.Connection[asyncpg.Record]
else:
    Driven = asyncpg.Connection


class KnowingConnection(Driven):
    """A connection that is told what arrays of numbers are by those before it. The driver looks
    that up in the catalogue for each connection anew, which takes longer than a short command."""

    async def _introspect_types(
        self,
        typeoids: set[int],
        timeout: float | None,  # noqa: ASYNC109 (as the driver has it)
    ) -> tuple[Any, Any]:
        key = frozenset(typeoids)
        if key in _built_in:
            return _built_in[key], _Known()
        types, statement = await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]
        if max(key) <= BUILT_IN_MAX:
            _built_in[key] = types
        return types, statement


async def _keep_as_it_is(connection: AnyConnection) -> None:
    """The log's connections have no state to reset: saves a round trip at each release."""


async def pool_of(
    dsn: str,
    *,
    connections: int,
    answer_seconds: float,
    session: Mapping[str, str] = MappingProxyType({}),
) -> Pool:
    """A pool that opens its connections when they are needed, each with these settings besides.
    A server that does not answer a statement in time counts as lost."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=connections,
        timeout=CONNECT_SECONDS,
        command_timeout=answer_seconds,
        reset=_keep_as_it_is,
        connection_class=KnowingConnection,
        max_inactive_connection_lifetime=300,
        server_settings={**SESSION, **session},
    )


async def close_pool(pool: Pool) -> None:
    """Close the connections in good order; those still busy after a while, at once."""
    try:
        await asyncio.wait_for(pool.close(), CLOSE_SECONDS)
    except (TimeoutError, *DRIVER_ERRORS):
        pool.terminate()


async def acquire(pool: Pool) -> AnyConnection:
    """One connection. Raises NotConnectedError where none can be had."""
    try:
        return await pool.acquire(timeout=CONNECT_SECONDS)
    except DRIVER_ERRORS as error:
        raise NotConnectedError(error) from error


@contextlib.asynccontextmanager
async def borrowed(pool: Pool) -> AsyncIterator[AnyConnection]:
    """One connection for one piece of work. It is dropped, not given back, where the work ends in
    an error or half way: what it was doing may still be under way in it."""
    connection = await acquire(pool)
    whole = False
    try:
        yield connection
        whole = True
    finally:
        if whole:
            await _give_back(pool, connection)
        else:
            await _give_up(pool, connection)


async def _give_back(pool: Pool, connection: AnyConnection) -> None:
    with contextlib.suppress(*DRIVER_ERRORS):
        await pool.release(connection)  # type: ignore[arg-type]


async def _give_up(pool: Pool, connection: AnyConnection) -> None:
    """A pool takes a connection that broke away from its holder, who may then not touch it."""
    with contextlib.suppress(*DRIVER_ERRORS):
        connection.terminate()
    await _give_back(pool, connection)


def _is_open(connection: AnyConnection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


class Line:
    """One connection that is kept open for one kind of work, and opened anew after it broke."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connection: AnyConnection | None = None

    async def connection(self) -> AnyConnection:
        """The open connection. Raises NotConnectedError where there is none to be had."""
        if self._connection is not None and not _is_open(self._connection):
            await self.drop()
        if self._connection is None:
            self._connection = await acquire(self._pool)
        return self._connection

    async def drop(self) -> None:
        """Give the connection up, whatever it was doing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await _give_up(self._pool, connection)

    async def after(self, error: BaseException) -> None:
        """Keep the connection where the server only refused a statement; else give it up."""
        if fault_of(error) not in (Fault.BUSY, Fault.WRONG, Fault.SHUT) or not isinstance(
            error, (asyncpg.PostgresError, asyncpg.DataError)
        ):
            await self.drop()

    async def close(self) -> None:
        """Give the connection back to the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await _give_back(self._pool, connection)


class Patience:
    """How long work waits for a database that is away: so many seconds, or until the log closes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ended = asyncio.Event()

    def end(self) -> None:
        """The log is closing: what fails now is not tried again."""
        self._ended.set()

    async def persist(
        self, work: Callable[[], Awaitable[Result]], *, appending: bool = False
    ) -> Result:
        """Do the work, again and again while the database is away.

        `appending`: the work may have landed where the connection broke. It must be safe to repeat.
        Raises Ambiguous, Unavailable or Broken from the driver's error.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        pause = PAUSE_FIRST_SECONDS
        ambiguous = False
        while True:
            try:
                return await work()
            except CAUGHT as error:
                fault = fault_of(error)
                ambiguous = ambiguous or (appending and fault is Fault.LOST)
                late = self._ended.is_set() or loop.time() + pause > deadline
                if late or fault not in RETRIED:
                    raise told(error, ambiguous=ambiguous) from error
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), pause)
            pause = min(pause * 2, PAUSE_MAX_SECONDS)


def closed_error() -> Unavailable:
    """The log was closed by this program."""
    return Unavailable(
        "the log is closed: this process is shutting down; send the same command again",
        zh="日志已关闭：本进程正在退出；请用同一命令编号重发",
    )
