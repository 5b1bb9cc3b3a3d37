"""账页库 · Sealed pages in the database: read at start, written by one sealer at a time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from events.errors import Broken
from events.ports import PAGE_EVENTS, Source
from projections.database import Database
from projections.entries import Tail, Vocabulary, cut_at_pages
from projections.pages import COLUMNS, Page, seal

PAGES_PER_READ = 4

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_READ = f"""
SELECT p.number, p.entries, p.digest, {", ".join(f'p."{name}"' for name in COLUMNS)}
FROM projections.page AS p
WHERE p.projection = $1 AND p.log_id = $2 AND p.number >= $3 ORDER BY p.number LIMIT $4
"""  # noqa: S608 (column names of this program)
_WRITE = f"""
INSERT INTO projections.page (projection, log_id, number, entries, digest, {_NAMES})
VALUES ({", ".join(f"${place}" for place in range(1, 6 + len(COLUMNS)))})
ON CONFLICT (projection, log_id, number) DO NOTHING
"""  # noqa: S608 (column names of this program)
_DIGESTS = """
SELECT p.number, p.digest FROM projections.page AS p
WHERE p.projection = $1 AND p.log_id = $2 ORDER BY p.number
"""
_COUNT = """
SELECT count(*) FROM projections.page AS p WHERE p.projection = $1 AND p.log_id = $2
"""


class PageStore:
    """The pages of one version of the ledger of one log. `projection` is its name: `ledger_v1`."""

    def __init__(
        self, database: Database, projection: str, log_id: str, *, page_events: int = PAGE_EVENTS
    ) -> None:
        self._database = database
        self.projection = projection
        self.log_id = log_id
        self.page_events = page_events

    async def pages(self, number: int = 0) -> AsyncIterator[Page]:
        """The pages from that number on, in order, each proved by its digest.

        Raises Broken for a page that is missing or is not what was sealed.
        """
        ahead = asyncio.create_task(self._some(number))
        try:
            while rows := await ahead:
                # The next pages come, and these are hashed, while the reader works on those before.
                ahead = asyncio.create_task(self._some(number + len(rows)))
                for row in rows:
                    if row["number"] != number:
                        raise Broken(f"{self.projection} lacks page {number}: rebuild the ledger")
                    columns = {name: row[name] for name in COLUMNS}
                    page = Page(number, row["entries"], columns, self.page_events)
                    await asyncio.to_thread(page.verify, row["digest"])
                    yield page
                    number += 1
        finally:
            ahead.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ahead

    async def _some(self, number: int) -> Sequence[Any]:
        return await self._database.fetch(
            _READ, self.projection, self.log_id, number, PAGES_PER_READ
        )

    async def digests(self) -> dict[int, bytes]:
        """The digest of every page."""
        rows = await self._database.fetch(_DIGESTS, self.projection, self.log_id)
        return {row["number"]: row["digest"] for row in rows}

    async def count(self) -> int:
        """How many pages there are."""
        return int(await self._database.value(_COUNT, self.projection, self.log_id))

    async def write(self, page: Page) -> None:
        """Keep a page; one that is there already stands (it is the same: see `Page`)."""
        columns = [page.columns[name] for name in COLUMNS]
        await self._database.fetch(
            _WRITE, self.projection, self.log_id, page.number, page.entries, page.digest, *columns
        )

    async def seal(self, source: Source, *, upto: int | None = None, limit: int = 1_000_000) -> int:
        """Seal every page that is complete and not yet kept, at most `limit`; how many. `upto`:
        what lies behind may still change.

        One process does it at a time; another finds nothing to do. Each page is one statement.
        """
        size = self.page_events
        async with self._database.alone(f"seal {self.projection} {self.log_id}") as alone:
            if not alone:
                return 0
            first = await self.count()
            end = await source.head() if upto is None else upto
            complete = min(end // size, first + limit)
            if complete <= first:
                return 0
            async for page in extract(source, first * size, complete * size, size):
                await self.write(page)
            return complete - first


async def extract(
    source: Source, after: int, upto: int, size: int = PAGE_EVENTS
) -> AsyncIterator[Page]:
    """Every page of `after < position <= upto`, both borders of pages, made from the log.

    Needs memory for one page.
    """
    vocabulary = Vocabulary()
    tail = Tail(vocabulary, after + 1)
    async for columns in source.scan(after, upto):
        for run in cut_at_pages(columns, size):
            while run.position[0] >= tail.first + size:
                yield _sealed(tail, vocabulary, size)
                tail = Tail(vocabulary, tail.first + size)
            tail.add(run, run.position[-1])
    while tail.first <= upto:
        yield _sealed(tail, vocabulary, size)
        tail = Tail(vocabulary, tail.first + size)


def _sealed(tail: Tail, vocabulary: Vocabulary, size: int) -> Page:
    tail.last = tail.first + size - 1
    with collector_off():
        return seal(tail.block(), vocabulary)


@contextmanager
def collector_off() -> Iterator[None]:
    """A page makes a great many short-lived objects, and no cycle among them."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
