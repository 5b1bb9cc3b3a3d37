"""导入 · A file of another system taken in: read, decided, appended, in one pass.

Ids are made from profile, row id, step and generation (`names.identifier`), so every step of every
row is a command that lands once: a run cut short goes on where it stopped, and a second run adds
nothing. Nothing imported is late entry, and no clock of ours ran when it happened.

    summary = await import_file(path, profile, desk, refused=Path("refused.csv"))
"""

from __future__ import annotations

import asyncio
import csv
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from events.errors import Conflict, Denied, JishiError
from events.ports import Appended, Repeated, Stale
from services.exchange import batches, calling, readers
from services.exchange.deciding import Decided, Decider, Setting, refusal_of
from services.exchange.desk import Desk, landed
from services.exchange.profile import Profile
from services.exchange.readers import BrokenRow
from services.exchange.reads import Read, Step
from services.exchange.registering import Registrar
from services.exchange.rows import GIVEN, Rows
from services.exchange.telling import STEP
from services.kernel.case import fold
from services.kernel.entry import Entry
from services.kernel.pieces import Command
from services.kernel.words import Party

ROWS_AT_ONCE = 500
ROWS_BETWEEN_PAUSES = 25
ATTEMPTS = 8


@dataclass
class Summary:
    """What became of the rows. `accepted`: new cases; `repeated`: rows known before, or twice in
    the file; `refused`: rows that became nothing; `events`: facts recorded by this run."""

    batch: str
    rows: int = 0
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    events: int = 0
    seconds: float = 0.0

    def json(self) -> dict[str, Any]:
        """Contract §3."""
        return {
            "batch": self.batch,
            "rows": self.rows,
            "accepted": self.accepted,
            "repeated": self.repeated,
            "refused": self.refused,
            "events": self.events,
            "seconds": round(self.seconds, 3),
        }


Progress = Callable[[Summary], None]


async def import_file(
    path: Path,
    profile: Profile,
    desk: Desk,
    *,
    dry_run: bool = False,
    refused: Path | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Take in a file. With `dry_run` everything is read and decided, and nothing recorded.

    `refused` gets a CSV with line, column, value and reason of every row that was not taken, and
    of every part of a row that was not. Raises Invalid where the file cannot be read as the
    profile says (nothing is recorded then), Refused while its batch is being undone, Denied where
    the importer may not import.
    """
    begun = time.monotonic()
    inspected = readers.examine(path, profile)
    batch = await batches.batch_of(desk, profile, inspected.digest)
    known = await batches.generations(desk, profile)
    rows = Rows(profile, known)
    run = _Run(desk, rows, batch, dry_run)
    with _refused_file(refused) as write, _collector_at_rest():
        run.write = write
        try:
            await run.begin(inspected.digest)
            for chunk in _chunks(readers.rows(path, profile, rows.wanted)):
                await run.take(chunk)
                if progress is not None:
                    progress(run.summary)
            await run.finish()
        finally:
            await run.stop()
    run.summary.seconds = time.monotonic() - begun
    return run.summary


def _chunks(items: Iterator[readers.Row | BrokenRow]) -> Iterator[list[readers.Row | BrokenRow]]:
    chunk: list[readers.Row | BrokenRow] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == ROWS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class _Run:
    """One pass over one file."""

    def __init__(self, desk: Desk, rows: Rows, batch: batches.Opened, dry_run: bool) -> None:
        self.summary = Summary(batch.id)
        self.write: Callable[[BrokenRow], None] = lambda row: None
        self._desk = desk
        self._rows = rows
        self._batch = batch
        self._dry_run = dry_run
        profile = rows.profile
        self._profile = profile
        self._registrar = Registrar(desk, profile, rows.names)
        self._entry = desk.entry(profile.kind)
        deciding = desk if not dry_run else _trying(desk)
        self._decider = Decider(setting_of(deciding, profile.kind, batch.cause))
        self._calls = Decider(setting_of(deciding, calling.KIND, batch.cause))
        self._seen: set[str] = set()
        self._sending: asyncio.Task[None] | None = None

    async def begin(self, digest: str) -> None:
        if not self._dry_run:
            self._check_grant()
        await self._desk.directory.catch_up()
        self._registrar.check()
        if self._dry_run:
            return
        await self._registrar.root()
        self.summary.events += await batches.start(self._desk, self._profile, digest, self._batch)

    def _check_grant(self) -> None:
        grant = self._desk.grant
        if Party.IMPORTER.value not in grant.roles:
            raise Denied(
                "importing needs the role importer: ask for a grant of it",
                zh="导入须有“导入员”角色，请申请授权",
                action="import",
            )
        calls = self._profile.notes is not None and self._profile.notes.callouts is not None
        entries: list[tuple[Entry, tuple[type[Command], ...]]] = [(self._entry, GIVEN)]
        entries += [(self._desk.entry(calling.KIND), calling.GIVEN)] if calls else []
        for entry, commands in entries:
            for command in commands:
                grant.check(entry.kind, entry.by_model[command].name)

    async def finish(self) -> None:
        await self._sent()
        if self._dry_run:
            return
        self.summary.events += self._registrar.events
        if not self._batch.finished:
            counts = {
                "rows": self.summary.rows,
                "accepted": self.summary.accepted,
                "repeated": self.summary.repeated,
                "refused": self.summary.refused,
            }
            self.summary.events += await batches.finish(self._desk, self._batch, counts)

    async def stop(self) -> None:
        """Leave nothing going on behind. What is being written lands or does not: either way the
        next run goes on from there."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)

    async def take(self, items: Sequence[readers.Row | BrokenRow]) -> None:
        """Decide these rows while the ones before them are being written."""
        reads = self._understood(items)
        if not self._dry_run:
            await self._registrar.newly_met(self._batch.cause)
        decided: list[Decided] = []
        for number, read in enumerate(reads):
            if number % ROWS_BETWEEN_PAUSES == 0:
                await asyncio.sleep(0)
            one = self._decider.row(read)
            if one.appends:
                decided.append(one)
            if one.refused is not None:
                self._refuse(one.refused, whole=not one.appends)
            else:
                decided += self._called(read)
        await self._sent()
        send = self._rehearse if self._dry_run else self._send
        self._sending = asyncio.create_task(send(decided))

    def _called(self, read: Read) -> list[Decided]:
        """The call-outs of a row, decided; what is refused of them leaves the row as it is."""
        calls = [self._calls.row(call) for call in read.calls]
        for call in calls:
            if call.refused is not None:
                self.write(call.refused)
        return [call for call in calls if call.appends]

    async def _sent(self) -> None:
        if self._sending is not None:
            await self._sending
            self._sending = None

    # --- reading and deciding ---------------------------------------------------------------------

    def _understood(self, items: Sequence[readers.Row | BrokenRow]) -> list[Read]:
        reads: list[Read] = []
        for item in items:
            self.summary.rows += 1
            read = item if isinstance(item, BrokenRow) else self._rows.read(*item)
            if isinstance(read, BrokenRow):
                self._refuse(read)
            elif read.row_id in self._seen:
                self.summary.repeated += 1
            else:
                self._seen.add(read.row_id)
                for note in read.notes:
                    self.write(note)
                reads.append(read)
        return reads

    def _refuse(self, row: BrokenRow, *, whole: bool = True) -> None:
        self.summary.refused += whole
        self.write(row)

    # --- writing ----------------------------------------------------------------------------------

    async def _send(self, decided: Sequence[Decided]) -> None:
        """Step by step, each for all rows at once: a stream stands once in an append."""
        going, apart = list(decided), list[tuple[Decided, int]]()
        place = 0
        while going:
            items = [one.appends[place] for one in going]
            outcomes = await self._desk.append(items)
            self.summary.events += landed(items, outcomes)
            on: list[Decided] = []
            for one, outcome in zip(going, outcomes, strict=True):
                if not isinstance(outcome, (Appended, Repeated)):
                    apart.append((one, place))
                    continue
                if place == 0 and one.read.kind == self._profile.kind:
                    self._count(new=isinstance(outcome, Appended))
                if len(one.appends) > place + 1:
                    on.append(one)
            going, place = on, place + 1
        for one, place in apart:
            begun = await self._apart(one.read)
            if place == 0 and one.read.kind == self._profile.kind:
                self._count(new=begun)

    def _count(self, *, new: bool) -> None:
        if new:
            self.summary.accepted += 1
        else:
            self.summary.repeated += 1

    async def _apart(self, read: Read) -> bool:
        """A row that is not as it was when it was first imported, or whose case has moved on:
        what was recorded stands, and what is new is judged on the case as it is now. Whether the
        case was begun now."""
        begun = False
        for place, step in enumerate(read.steps):
            try:
                new = await self._apart_step(read.stream, step)
                begun = begun or (new and place == 0)
            except JishiError as error:
                self.write(refusal_of(read, error))
                if not step.name.startswith(STEP):
                    break
        return begun

    async def _apart_step(self, stream: str, step: Step) -> bool:
        """One step; whether it was recorded now."""
        stale = Stale(stream, 0, 0)
        for _ in range(ATTEMPTS):
            if await self._desk.log.command(step.command_id) is not None:
                return False
            item = self._desk.decide(
                stream,
                step.command,
                fold(self._desk.entry(stream.partition("/")[0]), await self._desk.log.load(stream)),
                command_id=step.command_id,
                digest=step.digest,
                cause=self._batch.cause,
            )
            (outcome,) = await self._desk.append([item])
            if not isinstance(outcome, Stale):
                self.summary.events += landed([item], [outcome])
                return isinstance(outcome, Appended)
            stale = outcome
        raise Conflict(stale.stream, expected=stale.expected, current=stale.current)

    async def _rehearse(self, decided: Sequence[Decided]) -> None:
        """Count what `_send` would do."""
        streams = [one.read.stream for one in decided]
        there = await asyncio.gather(*[self._desk.log.load(stream) for stream in streams])
        for one, events in zip(decided, there, strict=True):
            if one.read.kind == self._profile.kind:
                self._count(new=not events)
            known = {event.content["command"] for event in events}
            for item in one.appends:
                if str(item.command_id) not in known:
                    self.summary.events += len(item.drafts)


def setting_of(desk: Desk, kind: str, cause: str) -> Setting:
    """What holds for every row of an import from this desk."""
    return Setting(
        entry=desk.entry(kind),
        shapes=desk.commands.catalogue.shapes,
        log_id=desk.log.log_id,
        zone=desk.log.zone,
        grant=desk.grant,
        cause=cause,
        now=desk.commands.now(),
    )


def _trying(desk: Desk) -> Desk:
    """The same person, trying out what importers do: nothing of it is recorded."""
    roles = desk.grant.roles | {Party.IMPORTER.value}
    return Desk(desk.commands, desk.log, replace(desk.grant, roles=roles))


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Rows leave millions of objects behind, and no cycles: looking for some takes a sixth of the
    time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def _refused_file(path: Path | None) -> Iterator[Callable[[BrokenRow], None]]:
    """A writer of refused rows; without a path they are only counted."""
    if path is None:
        yield lambda row: None
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["line", "column", "value", "reason"])
        yield lambda row: table.writerow([row.line, row.column, row.value, row.reason])
