"""行投影 · Row projections: rows kept per stream, upserted by key, so that workers never share one.

A projection says how a stream's events grow a state, and which rows a state is. It is pure; the
runner loads, compares and writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from events.envelope import Recorded

State = TypeVar("State")
Row = tuple[Any, ...]
"""One value for each column of the table."""

NAME = re.compile(r"^[a-z][a-z_]{0,30}$")


@dataclass(frozen=True)
class Table:
    """The form of a projection's table: `projections.<name>_row` in the migrations.

    `columns`: name → type of Postgres, the key's columns first.
    """

    name: str
    columns: Mapping[str, str]
    key: int = 1

    def versioned(self, number: int) -> str:
        """The name of one version: `case_v1`. It is also the name of its checkpoint."""
        if not NAME.match(self.name) or number < 1:
            raise AssertionError(f"no table can be called {self.name}_v{number}")
        return f"{self.name}_v{number}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that make the key."""
        return tuple(self.columns)[: self.key]


class RowProjection(Protocol[State]):
    """What a row projection must say."""

    @property
    def table(self) -> Table:
        """Its form."""
        ...

    def wants(self, event: Recorded) -> bool:
        """Whether the event can change a row. Cheap: asked of every event of the log."""
        ...

    def grow(self, state: State | None, stream: str, events: Sequence[Recorded]) -> State | None:
        """The state of a stream after further events of it (those wanted). Pure: whatever it
        raises parks the stream."""
        ...

    def rows(self, state: State) -> Sequence[Row]:
        """The rows of a stream, each with the stream in the first column."""
        ...


@dataclass(frozen=True)
class Change(Generic[State]):
    """What one batch does to one stream: its new state, the rows put and the keys taken out."""

    stream: str
    state: State | None
    put: tuple[Row, ...]
    gone: tuple[Row, ...]


def change(
    projection: RowProjection[State],
    stream: str,
    before: State | None,
    events: Sequence[Recorded],
) -> Change[State]:
    """Grow a stream, and see which rows that changes."""
    after = projection.grow(before, stream, events)
    key = projection.table.key
    old = {row[:key]: row for row in _rows(projection, before)}
    new = {row[:key]: row for row in _rows(projection, after)}
    put = tuple(row for name, row in new.items() if old.get(name) != row)
    return Change(stream, after, put, tuple(name for name in old if name not in new))


def _rows(projection: RowProjection[State], state: State | None) -> Sequence[Row]:
    return () if state is None else projection.rows(state)
