"""独占 · One holder of a key at a time, among all processes of one log.

Advisory locks of a transaction that does nothing else: they end with it, also where this process is
killed or a pooler stands between. Only what asks for them pays for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from events.errors import JishiError
from streams.connections import Patience, Pool, borrowed
from streams.faults import DRIVER_ERRORS
from streams.schema import AnyConnection

AT_ONCE = 2
"""Connections of the pool that may wait here: the others must go on appending."""
CLASS = 29_555
LOCK = "SELECT pg_advisory_xact_lock($2::integer, hashtext(k)) FROM unnest($1::text[]) AS k"


class Turns:
    """Who is alone with which keys."""

    def __init__(self, pool: Pool, patience: Patience) -> None:
        self._pool = pool
        self._patience = patience
        self._waiting = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def alone(self, keys: Sequence[str]) -> AsyncIterator[None]:
        """See `events.ports.Log.alone`."""
        refused: JishiError | None = None
        async with self._waiting, AsyncExitStack() as stack:
            connection = await self._patience.persist(lambda: self._locked(stack, keys))
            try:
                yield
            except JishiError as error:
                refused = error  # the connection is as good as before
            with suppress(*DRIVER_ERRORS):
                await connection.execute("ROLLBACK")
        if refused is not None:
            raise refused

    async def _locked(self, stack: AsyncExitStack, keys: Sequence[str]) -> AnyConnection:
        """A connection that holds the keys, taken in one order: nobody waits for somebody who
        waits for them."""
        async with AsyncExitStack() as trying:
            connection = await trying.enter_async_context(borrowed(self._pool))
            await connection.execute("BEGIN")
            await connection.execute(LOCK, sorted(set(keys)), CLASS)
            await stack.enter_async_context(trying.pop_all())
        return connection
