"""访问日志 · Refused and denied attempts, kept for the auditor: who, what, where, why not.

Never a payload. Rows are gathered and written in batches beside the requests, so that someone who
knocks a thousand times a second does not slow down those who may come in. What could not be kept
is counted and shown in the metrics.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from events.errors import Ambiguous, Unavailable

log = structlog.get_logger("jishi.access")

WAITING_MAX = 10_000
BATCH_ROWS = 500
PAUSE_SECONDS = 1.0
WHERE_MAX = 120
WHAT_MAX = 16


class Attempt(NamedTuple):
    """One attempt that was not let through."""

    at: datetime
    person: str
    token_id: str
    what: str
    where: str
    why_not: str


class AttemptStore(Protocol):
    """Where attempts are kept: append-only."""

    async def keep(self, attempts: Sequence[Attempt]) -> None:
        """Write these. Raises Unavailable where the database is away, Ambiguous where they may
        have been written."""
        ...


class AttemptLog:
    """Gathers attempts and writes them."""

    def __init__(self, store: AttemptStore) -> None:
        self._store = store
        self._waiting: list[Attempt] = []
        self._something = asyncio.Event()
        self._writing = asyncio.Lock()
        self.lost = 0

    def note(self, attempt: Attempt) -> None:
        """Take one in; it is written soon. Texts that callers made up are cut short."""
        attempt = attempt._replace(what=attempt.what[:WHAT_MAX], where=attempt.where[:WHERE_MAX])
        if len(self._waiting) >= WAITING_MAX:
            self.lost += 1
            return
        self._waiting.append(attempt)
        self._something.set()

    async def run(self) -> None:
        """Write what comes, for ever."""
        while True:
            await self._something.wait()
            try:
                await self.flush()
            except Unavailable as away:
                log.warning("access log is behind", waiting=len(self._waiting), why=away.code)
                await asyncio.sleep(PAUSE_SECONDS)

    async def flush(self) -> None:
        """Write everything that waits. What fails to be written goes on waiting."""
        async with self._writing:
            while self._waiting:
                batch = self._waiting[:BATCH_ROWS]
                try:
                    await self._store.keep(batch)
                except Ambiguous:
                    # They may stand there already, and must not stand there twice.
                    self.lost += len(batch)
                del self._waiting[: len(batch)]
            self._something.clear()
