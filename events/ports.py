"""接口 · What the siblings ask of each other without knowing each other.

`streams` provides a Log, which is also a Source; `projections` reads a Source. Only
`services/wiring.py` sees both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID

from events.envelope import Draft, Recorded

PAGE_EVENTS = 65_536
"""Positions in one sealed page of the ledger, and so the natural step of a scan."""


class Condition(NamedTuple):
    """A case that was read for a decision, and the revision it was read at."""

    stream: str
    revision: int


@dataclass(frozen=True, slots=True)
class Append:
    """One command's facts on one stream: all of them land, or none.

    `expected` is the revision the command was decided on (0 = there is no case yet); the drafts
    have the revisions that follow. `request_hash` (32 bytes) covers the whole request, so that a
    command id that comes again with another request is told apart from a repeat.
    """

    stream: str
    expected: int
    drafts: tuple[Draft, ...]
    command_id: UUID
    request_hash: bytes
    conditions: tuple[Condition, ...] = ()


class Appended(NamedTuple):
    """It landed now: `position` is that of its first event; `recorded_at` in µs since 1970."""

    position: int
    recorded_at: int


class Repeated(NamedTuple):
    """The same command had landed before; `position` is that of its first event then."""

    position: int
    stream: str
    count: int  # type: ignore[assignment]  # the events it wrote; nobody counts in this tuple


class Reused(NamedTuple):
    """The command id had been used with another request. Nothing was written."""

    command_id: UUID


class Stale(NamedTuple):
    """A stream (the case itself, or one of the conditions) has moved on. Nothing was written."""

    stream: str
    expected: int
    current: int


Outcome = Appended | Repeated | Reused | Stale


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a reader wants. Empty = all. Texts within one field are alternatives."""

    stream: str | None = None
    kinds: tuple[str, ...] = ()
    """First part of the stream: `order`."""
    facts: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    actor: str | None = None
    occurred_from: int | None = None
    occurred_to: int | None = None
    """µs since 1970, both inclusive."""


EVERYTHING = Filter()


@dataclass(slots=True)
class EntryColumns:
    """A run of ledger entries as columns of equal length, in position order.

    An event makes one entry of its own, and further ones where it corrects or voids others
    (`events.envelope.entries`). Field names are those of `events.fact.Counted`, with position and
    sign before them.
    """

    position: list[int] = field(default_factory=list)
    sign: list[int] = field(default_factory=list)
    fact: list[str] = field(default_factory=list)
    area: list[str] = field(default_factory=list)
    unit: list[str] = field(default_factory=list)
    category: list[str] = field(default_factory=list)
    variant: list[str] = field(default_factory=list)
    provenance: list[str] = field(default_factory=list)
    home_unit: list[str] = field(default_factory=list)
    team: list[str] = field(default_factory=list)
    home_community: list[str] = field(default_factory=list)
    paired_community: list[str] = field(default_factory=list)
    code_1: list[str] = field(default_factory=list)
    code_2: list[str] = field(default_factory=list)
    member_1: list[str] = field(default_factory=list)
    member_2: list[str] = field(default_factory=list)
    quantity_1: list[int] = field(default_factory=list)
    quantity_2: list[int] = field(default_factory=list)
    occurred_at: list[int] = field(default_factory=list)
    day: list[int] = field(default_factory=list)


class Source(Protocol):
    """What a projection may read."""

    @property
    def log_id(self) -> str:
        """The log's id, a constant of its database."""
        ...

    async def head(self) -> int:
        """The position of the newest event; 0 where there is none."""
        ...

    async def position_at(self, recorded_at: int) -> int:
        """The last position recorded at or before that instant (µs); 0 where there is none."""
        ...

    async def read(
        self,
        *,
        after: int = 0,
        upto: int | None = None,
        limit: int = 500,
        backward: bool = False,
        only: Filter = EVERYTHING,
    ) -> list[Recorded]:
        """Events with `after < position <= upto`, oldest first (`backward`: newest first)."""
        ...

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """The events at these positions, in the order of position."""
        ...

    def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        """The entries of `after < position <= upto`, cut at multiples of PAGE_EVENTS."""
        ...

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        """Every event after a position, for ever, in batches as they come; never a gap, never a
        repeat, across reconnects. Wakes by notification and, where that is lost, by polling."""
        ...


class Log(Source, Protocol):
    """The whole log: what the commands append to."""

    async def append(self, items: Sequence[Append]) -> list[Outcome]:
        """Judge and append these items in order, in one transaction; one outcome for each.

        Raises Ambiguous where the connection broke while it was under way (safe to send again),
        Unavailable where it never began.
        """
        ...

    def alone(self, keys: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """While it lasts nobody else, in any process of this log, is alone with one of these keys:
        for what is decided on more than single cases. Others wait. Raises Unavailable."""
        ...

    async def load(self, stream: str, after_revision: int = 0) -> list[Recorded]:
        """The events of one stream after a revision, oldest first. Loads that wait at the same
        time are combined into one query."""
        ...

    async def command(self, command_id: UUID) -> tuple[bytes, list[Recorded]] | None:
        """Request hash and events of a command that landed before, or None."""
        ...
