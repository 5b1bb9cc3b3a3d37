"""裁决 · The steps of a row, each judged by the deciders of its kind on the case so far. Pure.

What the live way looks up for every command is known for a whole import: who imports, when, from
which batch; and that every code a row can name is registered before the row is appended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.envelope import draft
from events.errors import Invalid, JishiError
from events.fact import Books, Shape
from events.fact import Fact as EventFact
from events.ports import Append
from services.access import Grant
from services.exchange.readers import BrokenRow
from services.exchange.reads import Read, Step
from services.kernel.case import Case
from services.kernel.context import Context
from services.kernel.entry import Entry
from services.kernel.handle import handle
from services.kernel.pieces import Fact, State

NO_BOOKS = Books()


class Registered:
    """The registers for an import: whatever a row names is there when the row is appended.

    The registrar sees to that, and has looked for the codes that a profile maps names to.
    """

    def area(self, code: str) -> object:
        """The area of that code."""
        return code

    def unit(self, code: str) -> object:
        """The unit of that code."""
        return code

    def team(self, code: str) -> object:
        """The team of that code."""
        return code

    def books(self, person: str) -> Books:
        """None: an import names no person's other books."""
        return NO_BOOKS


@dataclass(frozen=True)
class Setting:
    """What holds for every row of one import."""

    entry: Entry
    shapes: Mapping[str, Shape]
    log_id: str
    zone: ZoneInfo
    grant: Grant
    cause: str
    now: datetime


class Decider:
    """Decides rows within one setting."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._actor = setting.grant.actor
        self._registers = Registered()

    def decide(self, step: Step, stream: str, case: Case | None) -> Ruled:
        """One step on the case so far. Raises what `handle` raises."""
        setting, happened = self._setting, step.command.occurred_at
        if happened is None:
            raise AssertionError(f"the step {step.name} has no time")
        # No limits and no calendar: an imported case has no clocks of ours.
        context = Context(
            actor=self._actor,
            now=setting.now,
            directory=self._registers,
            happened_at=happened,
            variant=setting.entry.variant,
            terms=setting.entry.terms,
        )
        facts = handle(setting.entry, case, step.command, context)
        revision = case.revision if case is not None else 0
        drafts = tuple(
            [
                draft(
                    fact,
                    log=setting.log_id,
                    zone=setting.zone,
                    shape=setting.shapes[fact.fact],
                    stream=stream,
                    revision=number,
                    actor=self._actor.person,
                    command=step.command_id,
                    occurred_at=happened,
                    cause=setting.cause,
                )
                for number, fact in enumerate(facts, revision + 1)
            ]
        )
        append = Append(stream, revision, drafts, step.command_id, step.digest)
        return Ruled(append, facts, happened)

    def row(self, read: Read) -> Decided:
        """All steps of a row, each on the case the one before it leads to. The first that is
        refused ends it; where that is the very first, nothing is left of the row."""
        appends: list[Append] = []
        case: Case | None = None
        last = read.steps[-1]
        for step in read.steps:
            try:
                ruled = self.decide(step, read.stream, case)
            except JishiError as error:
                return Decided(read, tuple(appends), refusal_of(read, error))
            appends.append(ruled.append)
            if step is not last:
                case = self.after(ruled, case)
        return Decided(read, tuple(appends))

    def after(self, ruled: Ruled, case: Case | None) -> Case:
        """The case after facts that are decided and not yet recorded: as a fold of them would give
        it (a test says so), without reading bytes just written."""
        append, facts, happened = ruled
        workflow = self._setting.entry.workflow
        state: State | None = case.state if case is not None else None
        moved = case is None
        for fact in facts:
            if not isinstance(fact, Fact):
                raise AssertionError(f"{fact.fact} is not what an import records")
            moved = moved or bool(workflow.diagram.moves[fact.fact].targets)
            state = fact.apply(state)
        if state is None:
            raise AssertionError(f"{append.stream} has no state after {len(facts)} facts")
        bodies = tuple([draft.body for draft in append.drafts])
        return Case(
            workflow=workflow,
            stream=append.stream,
            revision=append.expected + len(facts),
            state=state,
            bodies=bodies if case is None else case.bodies + bodies,
            about=state.about,
            opened_at=happened if case is None else case.opened_at,
            moved_at=happened if case is None or moved else case.moved_at,
            imported=True,
        )


class Ruled(NamedTuple):
    """What a step came to: what is to be appended, its facts, and when they happened."""

    append: Append
    facts: list[EventFact]
    happened: datetime


class Decided(NamedTuple):
    """A row, what is to be appended for it, and why not more."""

    read: Read
    appends: tuple[Append, ...]
    refused: BrokenRow | None = None


def refusal_of(read: Read, error: JishiError) -> BrokenRow:
    """A refusal of a step, as the file of refused rows has it."""
    if isinstance(error, Invalid):
        return BrokenRow(read.line, error.field, error.value, error.detail)
    return BrokenRow(read.line, "", read.row_id, error.detail)
