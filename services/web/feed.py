"""直播 · `GET /feed`: what happens, as a server-sent stream, resumed by position.

Named events:
    fact      an envelope; its id is its position
    counter   {"as_of", "cells"}: the numbers that changed since this reader's last ones
    lag       {"head", "numbers", "behind", "time"}: how far the numbers are; also says "still here"
A reader has no queue: it is a position, and takes what is newer as fast as it reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request as HttpRequest

from events.clock import text_of
from events.errors import TooLarge
from projections.evaluate import nothing
from projections.query import Query
from projections.query import Reading as Numbers
from services.access import Grant
from services.kernel.sensitive import withheld
from services.web.asked import Asked, area_of, query_of
from services.web.language import Language
from services.web.parts import Parts
from services.web.reading import POSITION_MAX, people_fields
from services.web.reply import json_bytes
from services.web.ring import Moment
from services.web.routes import GuardedRoute, Routes, language_of

RETRY_MILLISECONDS = 2_000
NO = "no"
ALL = "all"


@dataclass(frozen=True)
class Subscription:
    """What one reader listens to. `top` None = all areas; `kinds` None = all kinds. `queries`: with
    a breakdown, the whole as well: its cells have the key ''."""

    grant: Grant
    top: str | None
    kinds: frozenset[str] | None
    hidden: frozenset[str]
    """Kinds whose facts this reader is not shown."""
    facts: bool
    queries: tuple[Query, ...]
    language: Language


class Told:
    """An answer of the ledger as readers get it, and what has changed since others before it."""

    def __init__(self, numbers: Numbers, language: Language) -> None:
        answer = numbers.json(language)
        self._as_of = json_bytes(answer["as_of"])
        self._cells = {(cell["counter"], cell["key"]): json_bytes(cell) for cell in answer["cells"]}
        self._language = language
        self._shown = {(cell.counter.name, cell.key): cell for cell in numbers.cells}
        self._since: dict[int, tuple[Told | None, bytes]] = {}

    def since(self, before: Told | None) -> bytes:
        """The piece of the stream that brings a reader from there to here; b"" where nothing
        changed. Most readers come from the same answer: it is written once for all of them."""
        known = self._since.get(id(before))
        if known is None:
            old = before._cells if before is not None else {}
            changed = [cell for key, cell in self._cells.items() if old.get(key) != cell]
            changed += [before._emptied(key) for key in old if before and key not in self._cells]
            chunk = b""
            if changed:
                cells = b",".join(changed)
                data = b'{"as_of":%b,"cells":[%b]}' % (self._as_of, cells)
                chunk = b"event: counter\ndata: %b\n\n" % data
            # The earlier answer is held, so that its id stays its own.
            known = self._since[id(before)] = before, chunk
        return known[1]

    def _emptied(self, key: tuple[str, str]) -> bytes:
        """The cell of a breakdown in which nothing is counted any more."""
        cell = self._shown[key]
        return json_bytes(replace(cell, figure=nothing(cell.counter)).json(self._language))

    def forget(self) -> None:
        """Let go of the answers before this one: each holds the one before it."""
        self._since.clear()


class Shared:
    """Numbers worked out once for all readers who ask the same: good for one position."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._of = parts.ledger
        self._catching_up: asyncio.Task[int] | None = None
        self._known: dict[tuple[str, Language], tuple[int, asyncio.Task[Told]]] = {}

    async def read(self, query: Query, language: Language) -> Told:
        """The numbers as they are now, nothing the feed has shown left out."""
        ledger, key = self._parts.ledger, (repr(query), language)
        while ledger.position < self._parts.ring.head:
            before = ledger.position
            if self._catching_up is None or self._catching_up.done():
                self._catching_up = asyncio.create_task(ledger.catch_up())
            await asyncio.shield(self._catching_up)
            if ledger.position == before:
                break  # others write it, and have not come further
        if ledger is not self._of:
            self._of = ledger
            self._known.clear()
        known = self._known.get(key)
        if known is None or known[0] != ledger.position or _failed(known[1]):
            if len(self._known) > self._parts.limits.listeners:
                self._known.clear()
            if known is not None and known[1].done() and not _failed(known[1]):
                known[1].result().forget()
            known = ledger.position, asyncio.create_task(self._told(query, language))
            self._known[key] = known
        return await asyncio.shield(known[1])

    async def _told(self, query: Query, language: Language) -> Told:
        now = self._parts.commands.now()
        return Told(await self._parts.ledger.read(query, now=now), language)


def _failed(task: asyncio.Task[Told]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


class Feed:
    """The live stream."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ring = parts.ring
        self._shared = Shared(parts)
        self._directory = parts.commands.directory
        self._people = people_fields(parts)

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The routes."""
        return [make.guarded("/api/v1/feed", GET=self.feed)]

    async def feed(self, http: HttpRequest, grant: Grant) -> EventSourceResponse:
        """`GET /feed?counter=…&by=…&kind=…&facts=no`; goes on after `Last-Event-ID`, or `after=`;
        without either it begins now. `total=all`: the whole area's cells are of all counters."""
        grant.check_reading()
        limits = self._parts.limits
        if self._ring.listeners >= limits.listeners:
            raise TooLarge(
                f"{limits.listeners} feeds are open already: poll /api/v1/events instead",
                zh=f"已有 {limits.listeners} 个直播连接：请改用 /api/v1/events 轮询",
                limit=limits.listeners,
            )
        asked = Asked(http.query_params, self._parts.log.zone)
        after = asked.whole("after", usual=-1, least=0, most=POSITION_MAX)
        last = http.headers.get("last-event-id", "")
        if last.isascii() and last.isdigit() and len(last) <= len(str(POSITION_MAX)):
            after = int(last)
        subscription = self._subscription(asked, grant, language_of(http.scope))
        asked.done()
        start = self._ring.head if after < 0 else min(after, self._ring.head)
        return EventSourceResponse(
            self._stream(subscription, start),
            ping=limits.ping_seconds,
            sep="\n",
            send_timeout=limits.send_seconds,
            headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
        )

    def _subscription(self, asked: Asked, grant: Grant, language: Language) -> Subscription:
        directory = self._directory
        kinds = asked.many("kind")
        facts = asked.choice("facts", ("yes", NO)) != NO
        top = area_of(asked, grant, directory)
        counters = tuple(asked.many("counter"))
        every = asked.choice("total", ("asked", ALL)) == ALL
        queries: tuple[Query, ...] = ()
        if counters or every:
            query = query_of(asked, grant, directory, self._people)
            whole = replace(query, by=(), counters=() if every else counters)
            queries = (whole, query) if query.by else (whole,)
        entry = self._parts.commands.catalogue.entry
        return Subscription(
            grant=grant,
            top=top,
            kinds=frozenset(entry(kind).kind for kind in kinds) if kinds else None,
            hidden=withheld(self._parts.commands.catalogue.kinds(), grant.actor),
            facts=facts,
            queries=queries,
            language=language,
        )

    async def _stream(self, wanted: Subscription, position: int) -> AsyncIterator[bytes]:
        self._ring.listeners += 1
        try:
            async for chunk in self._chunks(wanted, position):
                yield chunk
        finally:
            self._ring.listeners -= 1

    async def _chunks(self, wanted: Subscription, position: int) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        shown: list[Told | None] = [None] * len(wanted.queries)
        said_lag = 0.0
        yield b"retry: %d\n\n" % RETRY_MILLISECONDS
        while not self._ring.closed and self._still_good(wanted.grant):
            moments = await self._ring.newer(position)
            parts: list[bytes] = []
            if moments:
                position = moments[-1].position
                parts = self._facts(wanted, moments)
            for place, query in enumerate(wanted.queries):
                told = await self._shared.read(query, wanted.language)
                parts.append(told.since(shown[place]))
                shown[place] = told
            now = loop.time()
            if now - said_lag >= self._parts.limits.lag_seconds:
                said_lag = now
                parts.append(self._lag())
            if chunk := b"".join(parts):
                yield chunk
            if position >= self._ring.head:
                await self._ring.wait(position, self._parts.limits.lag_seconds)

    def _still_good(self, grant: Grant) -> bool:
        """A stream outlives the request that began it, but not its token."""
        known = self._directory.grants.get(grant.token_id)
        return grant is self._parts.visitor or (
            known is not None and known.live(self._parts.commands.now())
        )

    def _facts(self, wanted: Subscription, moments: list[Moment]) -> list[bytes]:
        # Looked up anew each time: the map may have changed since the stream began.
        areas = self._directory.under(wanted.top) if wanted.top is not None else None
        chunks = []
        for one in moments:
            kind = one.event.case[0]
            kind_seen = kind not in wanted.hidden and (wanted.kinds is None or kind in wanted.kinds)
            if wanted.facts and kind_seen and (areas is None or one.area in areas):
                chunks.append(one.chunk)
        if not chunks or chunks[-1] is not moments[-1].chunk:
            # Nothing to show up to here, but a reader that comes back may begin behind it.
            chunks.append(b"id: %d\n\n" % moments[-1].position)
        return chunks

    def _lag(self) -> bytes:
        head, numbers = self._ring.head, self._parts.ledger.position
        value = {
            "head": head,
            "numbers": numbers,
            "behind": max(0, head - numbers),
            "time": text_of(self._parts.commands.now()),
        }
        return b"event: lag\ndata: %b\n\n" % json_bytes(value)
