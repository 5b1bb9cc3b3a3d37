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
from typing import Any

from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request as HttpRequest

from events.clock import text_of
from events.errors import TooLarge
from projections.query import Query
from projections.query import Reading as Numbers
from services.access import Grant
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
    """What one reader listens to. `areas` None = all; `kinds` None = all kinds."""

    areas: frozenset[str] | None
    kinds: frozenset[str] | None
    facts: bool
    queries: tuple[Query, ...]
    """With a breakdown, the whole as well: its cells have the key ''."""
    language: Language

    def sees(self, moment: Moment) -> bool:
        """Whether an event is for this reader."""
        if self.kinds is not None and moment.event.case[0] not in self.kinds:
            return False
        return self.areas is None or moment.area in self.areas


class Shared:
    """Numbers worked out once for all readers who ask the same: good for one position."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._catching_up: asyncio.Task[int] | None = None
        self._known: dict[str, tuple[int, asyncio.Task[Numbers]]] = {}

    async def read(self, query: Query) -> Numbers:
        """The numbers as they are now, nothing the feed has shown left out."""
        ledger, key = self._parts.ledger, repr(query)
        while ledger.position < self._parts.ring.head:
            if self._catching_up is None or self._catching_up.done():
                self._catching_up = asyncio.create_task(ledger.catch_up())
            await asyncio.shield(self._catching_up)
        known = self._known.get(key)
        if known is None or known[0] != ledger.position:
            if len(self._known) > self._parts.limits.listeners:
                self._known.clear()
            reading = ledger.read(query, now=self._parts.commands.now())
            known = ledger.position, asyncio.create_task(reading)
            self._known[key] = known
        return await asyncio.shield(known[1])


class Feed:
    """The live stream."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ring = parts.ring
        self._shared = Shared(parts)
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
                zh=f"已有 {limits.listeners} 个直播连接:请改用 /api/v1/events 轮询",
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
        directory = self._parts.commands.directory
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
            areas=directory.under(top) if top is not None else None,
            kinds=frozenset(entry(kind).kind for kind in kinds) if kinds else None,
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
        shown: dict[tuple[str, str], dict[str, Any]] = {}
        said_lag = 0.0
        yield b"retry: %d\n\n" % RETRY_MILLISECONDS
        while not self._ring.closed:
            moments = await self._ring.newer(position)
            parts: list[bytes] = []
            if moments:
                position = moments[-1].position
                parts = self._facts(wanted, moments)
            parts += await self._numbers(wanted, shown)
            now = loop.time()
            if now - said_lag >= self._parts.limits.lag_seconds:
                said_lag = now
                parts.append(self._lag())
            if parts:
                yield b"".join(parts)
            if position >= self._ring.head:
                await self._ring.wait(position, self._parts.limits.lag_seconds)

    def _facts(self, wanted: Subscription, moments: list[Moment]) -> list[bytes]:
        chunks = [one.chunk for one in moments if wanted.sees(one)] if wanted.facts else []
        last = moments[-1]
        if not (chunks and wanted.sees(last)):
            # Nothing to show up to here, but a reader that comes back may begin behind it.
            chunks.append(b"id: %d\n\n" % last.position)
        return chunks

    async def _numbers(
        self, wanted: Subscription, shown: dict[tuple[str, str], dict[str, Any]]
    ) -> list[bytes]:
        chunks = []
        for query in wanted.queries:
            reading = (await self._shared.read(query)).json(wanted.language)
            changed = [
                cell
                for cell in reading["cells"]
                if shown.get((cell["counter"], cell["key"])) != cell
            ]
            if changed:
                shown |= {(cell["counter"], cell["key"]): cell for cell in changed}
                data = json_bytes({"as_of": reading["as_of"], "cells": changed})
                chunks.append(b"event: counter\ndata: %b\n\n" % data)
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
