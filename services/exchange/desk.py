"""柜台 · What an import works with: the commands, the log, and who is importing.

Single commands go the way of everybody's (`commands.do`). The many of an import are decided by the
same deciders, and appended many at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from services.ruling import Order, Ruling, Rulings

APPEND_EVENTS_MAX = 1_000
"""Facts in one append of an import: others wait for it no longer than some 30 ms."""


@dataclass(frozen=True, slots=True)
class Given:
    """One command of an import. `digest` (32 bytes) covers all it was made from."""

    command: Command
    stream: str
    command_id: UUID
    digest: bytes


class Desk:
    """One importer at one log."""

    def __init__(self, commands: Commands, log: ZonedLog, grant: Grant) -> None:
        self.commands = commands
        self.log = log
        self.grant = grant
        self._rulings = commands.rulings

    @property
    def directory(self) -> Directory:
        """The registers of the log."""
        return self._rulings.directory

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

    def on_trial(self, directory: Directory) -> Desk:
        """The same desk with registers of its own, for decisions that are not to be recorded."""
        trial = Desk(self.commands, self.log, self.grant)
        log = self.log
        trial._rulings = Rulings(log.log_id, log.zone, self.commands.catalogue, directory)
        return trial

    def decide(
        self, entry: Entry, given: Given, case: Case | None, cause: str, now: datetime
    ) -> Ruling:
        """Decide one command on a case in hand. Raises what the deciders raise."""
        info = entry.by_model[type(given.command)]
        order = Order(
            grant=self.grant,
            entry=entry,
            info=info,
            command=given.command,
            stream=given.stream,
            command_id=given.command_id,
            request_hash=given.digest,
            cause=cause,
        )
        return self._rulings.decide(order, case, {}, now)

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
