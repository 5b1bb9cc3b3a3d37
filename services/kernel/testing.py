"""试 · Given, when, then for the tests of workflows: pure, and through real bytes.

    PLACED = story(ORDER).when(RESIDENT, Place(timing=…))
    DISPATCHED = PLACED.when(DISPATCHER, Dispatch(unit="u1"))
    DISPATCHED.later(hours=2).when(WORKER, Accept(worker="w1")).then(
        OrderAccepted(…), DeadlineEnded(…, on_time=False))
    DISPATCHED.when(STRANGER, Accept()).refused("not_yours")

Every step writes its facts down as the log would, reads them back, and checks that the case grown
by them is the case folded from the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from events import codec
from events.clock import micros
from events.envelope import Recorded, draft
from events.errors import Invalid, JishiError, Unknown
from events.fact import Books
from events.fact import Fact as EventFact
from services.kernel.calendar import USUAL, Calendar
from services.kernel.case import Case, fold
from services.kernel.context import Context
from services.kernel.entry import Entry
from services.kernel.handle import handle
from services.kernel.pieces import Command, State
from services.kernel.words import Actor, Limit, Refusal

LOG = "test"
MONDAY = datetime(2018, 3, 5, 1, 0, tzinfo=UTC)
"""Nine in the morning in Shanghai, on a working day."""

_NAMES = UUID("6c8f0d3e-5c0b-5d3c-9a39-6e9b8d5f7a11")


@dataclass(frozen=True)
class Registers:
    """A directory for tests: these codes and no others; None = every code is known."""

    areas: frozenset[str] | None = None
    units: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    people: Mapping[str, Books] = field(default_factory=dict)

    def area(self, code: str) -> object:
        """Known or Unknown."""
        return self._known("area", code, self.areas)

    def unit(self, code: str) -> object:
        """Known or Unknown."""
        return self._known("unit", code, self.units)

    def team(self, code: str) -> object:
        """Known or Unknown."""
        return self._known("team", code, self.teams)

    def books(self, person: str) -> Books:
        """The books given for this person."""
        return self.people.get(person, Books())

    @staticmethod
    def _known(what: str, code: str, known: frozenset[str] | None) -> str:
        if known is not None and code not in known:
            raise Unknown(f"there is no {what} {code!r}", what=what, name=code)
        return code


@dataclass(frozen=True)
class Story:
    """A case so far, the time it is, and what the last command came to."""

    entry: Entry
    now: datetime = MONDAY
    stream: str = ""
    events: tuple[Recorded, ...] = ()
    case: Case | None = None
    facts: tuple[EventFact, ...] = ()
    error: JishiError | None = None
    registers: Registers = Registers()
    calendar: Calendar = USUAL
    limits: Mapping[str, Limit] = field(default_factory=dict)
    cases: Mapping[str, Case] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> State | None:
        """The state of the case."""
        return self.case.state if self.case else None

    def later(self, **time: float) -> Story:
        """The same, some time later (`hours=2`)."""
        return replace(self, now=self.now + timedelta(**time))

    def knowing(self, **changes: Any) -> Story:
        """The same with other registers, calendar, limits or cases."""
        return replace(self, **changes)

    def when(self, actor: Actor, command: Command) -> Story:
        """Give a command. What it came to is for `then` or `refused`; a refusal nobody looked at
        fails at the next step."""
        self._settled()
        context = Context(
            actor=actor,
            now=self.now,
            directory=self.registers,
            calendar=self.calendar,
            limits=self.limits,
            cases=self.cases,
        )
        try:
            facts = handle(self.entry, self.case, command, context)
        except JishiError as error:
            return replace(self, facts=(), error=error)
        occurred_at = command.occurred_at or self.now
        events = written(self, facts, actor, occurred_at)
        everything = (*self.events, *events)
        case = self.case.grown(events) if self.case else fold(self.entry, events)
        again = fold(self.entry, everything)
        if case != again:
            raise AssertionError(f"grown is not folded:\n{case}\n{again}")
        return replace(self, facts=tuple(facts), events=everything, case=case, error=None)

    def then(self, *facts: EventFact) -> Story:
        """The last command recorded exactly these facts, in this order."""
        self._settled()
        if self.facts != facts:
            told = "\n  ".join(map(repr, self.facts)) or "nothing"
            raise AssertionError(f"recorded was:\n  {told}\nexpected was:\n  {facts}")
        return self

    def recorded(self, *names: str) -> Story:
        """The last command recorded facts of these names, in this order."""
        self._settled()
        told = tuple(fact.fact for fact in self.facts)
        if told != names:
            raise AssertionError(f"recorded was {told}, expected was {names}")
        return self

    def refused(self, refusal: Refusal | str) -> Story:
        """The last command was refused so, and left nothing. Gives the story before it."""
        code = refusal.code if isinstance(refusal, Refusal) else refusal
        said = self.error.fields.get("refusal") if self.error else None
        if said != code:
            raise AssertionError(f"refused was {said} ({self.error}), expected was {code}")
        return replace(self, error=None)

    def invalid(self, name: str) -> Story:
        """The last command was refused for this field."""
        if not isinstance(self.error, Invalid) or self.error.field != name:
            raise AssertionError(f"the answer was {self.error!r}, expected was Invalid {name}")
        return replace(self, error=None)

    def _settled(self) -> None:
        if self.error is not None:
            raise AssertionError(f"refused, and nobody looked: {self.error}") from self.error


def story(entry: Entry, **changes: Any) -> Story:
    """The beginning of a story about a case of this entry."""
    return replace(Story(entry, stream=f"{entry.kind}/case-1"), **changes)


def written(
    before: Story, facts: Sequence[EventFact], actor: Actor, occurred_at: datetime
) -> tuple[Recorded, ...]:
    """These facts as the log would hold them."""
    first = len(before.events) + 1
    command = uuid5(_NAMES, f"{before.stream}/{first}")
    events = []
    for revision, fact in enumerate(facts, first):
        one = draft(
            fact,
            log=LOG,
            zone=before.calendar.zone,
            shape=fact.shape(),
            stream=before.stream,
            revision=revision,
            actor=actor.person,
            command=command,
            occurred_at=occurred_at,
        )
        events.append(
            Recorded(
                position=revision,
                stream=before.stream,
                revision=revision,
                fact=one.fact,
                version=one.version,
                recorded_at=micros(before.now),
                body=one.body,
                sha256=codec.digest(one.body),
            )
        )
    return tuple(events)
