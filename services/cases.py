"""案件缓存 · The last folded case of the streams in use, so that a command need not read it anew.

A cached case may be older than the log. That is safe for what is decided to happen: the append
checks the revision. Whoever reads, or refuses, brings it up to date first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from events.envelope import Recorded
from services.kernel.case import Case, fold, grown_as_decided
from services.kernel.entry import Entry
from services.ruling import Ruling

CASES_MAX = 20_000


class Loads(Protocol):
    """The part of the log that is needed here."""

    async def load(self, stream: str, after_revision: int = 0) -> list[Recorded]:
        """Events of one stream after a revision, oldest first."""
        ...


class Cases:
    """Least recently used cases fall out beyond `limit`."""

    def __init__(self, log: Loads, limit: int = CASES_MAX) -> None:
        self._log = log
        self._limit = limit
        self._known: OrderedDict[str, Case] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def seen(self, stream: str) -> Case | None:
        """The case as last seen here; None where it is not kept."""
        return self._known.get(stream)

    async def lately(self, entry: Entry, stream: str) -> Case | None:
        """The case as last seen here, perhaps not the newest; None where there is none."""
        case = self._known.get(stream)
        if case is None:
            return await self.newest(entry, stream)
        self._known.move_to_end(stream)
        return case

    async def newest(self, entry: Entry, stream: str) -> Case | None:
        """The case as the log has it now; None where there is none. Raises Broken."""
        known = self._known.get(stream)
        events = await self._log.load(stream, known.revision if known else 0)
        if events:
            self.grow(entry, stream, events)
            case = self._known.get(stream)
            if case is None or case.revision < events[-1].revision:
                # It fell out of the cache while this caller waited.
                return await self.newest(entry, stream)
            return case
        return self._known.get(stream, known)

    def grow(self, entry: Entry, stream: str, events: Sequence[Recorded]) -> None:
        """Take in events of the stream, where they go on from what is known of it."""
        case = self._known.get(stream)
        revision = case.revision if case else 0
        newer = [event for event in events if event.revision > revision]
        if not newer or newer[0].revision != revision + 1:
            return
        grown = case.grown(newer) if case is not None else fold(entry, newer)
        if grown is not None:
            self._keep(grown)

    def landed(self, ruling: Ruling, events: Sequence[Recorded]) -> None:
        """Take in events that were just appended, as they were decided."""
        case = self._known.get(ruling.order.stream)
        if events[0].revision == (case.revision if case is not None else 0) + 1:
            self._keep(grown_by(ruling, case, events))

    def _keep(self, case: Case) -> None:
        self._known[case.stream] = case
        self._known.move_to_end(case.stream)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)


def grown_by(ruling: Ruling, case: Case | None, events: Sequence[Recorded]) -> Case:
    """The case that a ruling was made on, after what it came to."""
    order = ruling.order
    return grown_as_decided(
        order.entry,
        case,
        events,
        ruling.facts,
        actor=order.grant.person,
        command=str(order.command_id),
        occurred_at=ruling.occurred_at,
    )
