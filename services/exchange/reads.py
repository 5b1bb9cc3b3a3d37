"""所读 · A row understood: the commands it comes to, in its own case and in those it calls for."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from services.exchange.readers import BrokenRow
from services.kernel.pieces import Command


class Step(NamedTuple):
    """One command of a row: `find`, `reply`, `close`, `close_refused`, or `told:` and the id of a
    note; of a call-out `called` or `call_over`. `digest` covers the whole row, so that another row
    under the same id is told from a repeat."""

    name: str
    command: Command
    command_id: UUID
    digest: bytes


class Read(NamedTuple):
    """A row understood. `notes` are parts of it that could not be taken as they stand; `calls` the
    call-outs it tells of, which are cases of their own."""

    line: int
    row_id: str
    stream: str
    steps: tuple[Step, ...]
    notes: tuple[BrokenRow, ...] = ()
    calls: tuple[Read, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of its case."""
        return self.stream.partition("/")[0]
