"""案件投影 · Cases, one row for each stream: what lists, search and receipts are read from.

How events fold to a case is the workflows' business: wiring hands in `grow` (a case and further
events → the case) and `row_of` (a case → its row), both pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Generic, NamedTuple, get_type_hints

from events.envelope import Recorded
from projections.rows import Row, State, Table

TYPES = {str: "text", int: "bigint", bool: "boolean"}


class CaseRow(NamedTuple):
    """One case as lists show it. Instants are µs since 1970; 0 and '' = none."""

    stream: str
    kind: str
    receipt: str
    state: str
    area: str
    unit: str
    category: str
    variant: str
    opened_at: int
    changed_at: int
    closed_at: int
    due_at: int
    missed: bool
    revision: int
    opened_position: int
    position: int


TABLE = Table(
    "case", MappingProxyType({name: TYPES[kind] for name, kind in get_type_hints(CaseRow).items()})
)


class CaseProjection(Generic[State]):
    """See `projections.rows.RowProjection`. `kinds`: first parts of the streams that are cases."""

    table = TABLE

    def __init__(
        self,
        kinds: frozenset[str],
        grow: Callable[[State | None, str, Sequence[Recorded]], State | None],
        row_of: Callable[[State], CaseRow],
    ) -> None:
        self._kinds = kinds
        self._grow = grow
        self._row_of = row_of

    def wants(self, event: Recorded) -> bool:
        """Every event of a case."""
        return event.stream.partition("/")[0] in self._kinds

    def grow(self, state: State | None, stream: str, events: Sequence[Recorded]) -> State | None:
        """As the workflows say."""
        return self._grow(state, stream, events)

    def rows(self, state: State) -> list[Row]:
        """Its one row."""
        return [self._row_of(state)]
