"""柜台 · What an import works with: the commands, the log, and who is importing.

Single commands go the way of everybody's (`commands.do`). The many of an import are decided by the
same deciders, and appended many at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from events.errors import Unknown
from events.ports import Append, Appended, Outcome
from services.access import Grant
from services.commands import Commands, Done, Request
from services.directory import Directory, ZonedLog
from services.kernel.case import Case
from services.kernel.entry import Entry
from services.kernel.pieces import Command
from services.ruling import Order

APPEND_EVENTS_MAX = 1_000
"""Facts in one append of an import: others wait for it no longer than some 30 ms."""


class Desk:
    """One importer at one log."""

    def __init__(self, commands: Commands, log: ZonedLog, grant: Grant) -> None:
        self.commands = commands
        self.log = log
        self.grant = grant

    @property
    def directory(self) -> Directory:
        """The registers of the log."""
        return self.commands.directory

    def entry(self, kind: str) -> Entry:
        """A kind of the catalogue."""
        return self.commands.catalogue.entry(kind)

    async def do(
        self,
        kind: str,
        command: str,
        fields: Mapping[str, Any],
        command_id: UUID,
        *,
        case_id: str | None = None,
        cause: str | None = None,
    ) -> Done:
        """One command, the way of everybody's."""
        return await self.commands.do(
            Request(self.grant, kind, command, case_id, fields, command_id, cause=cause)
        )

    async def case(self, kind: str, case_id: str) -> Case | None:
        """A case as it is now; None where there is none."""
        try:
            return await self.commands.case(self.grant, kind, case_id)
        except Unknown:
            return None

    def decide(
        self,
        stream: str,
        command: Command,
        case: Case | None,
        *,
        command_id: UUID,
        digest: bytes,
        cause: str,
    ) -> Append:
        """Decide one command on a case in hand, to be appended with others. `digest` (32 bytes)
        covers all it was made from. Raises what the deciders raise."""
        entry = self.entry(stream.partition("/")[0])
        order = Order(
            grant=self.grant,
            entry=entry,
            info=entry.by_model[type(command)],
            command=command,
            stream=stream,
            command_id=command_id,
            request_hash=digest,
            cause=cause,
        )
        return self.commands.rulings.decide(order, case, {}, self.commands.now()).append

    async def append(self, items: Sequence[Append]) -> list[Outcome]:
        """Append in portions; one outcome for each item."""
        outcomes: list[Outcome] = []
        portion: list[Append] = []
        events = 0
        for item in items:
            if portion and events + len(item.drafts) > APPEND_EVENTS_MAX:
                outcomes += await self.log.append(portion)
                portion, events = [], 0
            portion.append(item)
            events += len(item.drafts)
        return outcomes + (await self.log.append(portion) if portion else [])


def landed(items: Sequence[Append], outcomes: Sequence[Outcome]) -> int:
    """How many facts of these are in the log now that were not before."""
    return sum(
        len(item.drafts)
        for item, outcome in zip(items, outcomes, strict=True)
        if isinstance(outcome, Appended)
    )
