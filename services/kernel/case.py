"""案件 · One case: its state, its clocks, and the history that corrections go back to.

The state of a case is the fold of the facts it *holds*: those recorded, as corrected since, without
those voided. Shared facts (`record.*`, `deadline.*`) apply to the case, one level above its state.
The history is kept as bytes and read only by the few commands that ask for it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Protocol

from pydantic import ValidationError

from events import codec
from events.clock import instant_of
from events.envelope import PUT, TAKEN, Recorded
from events.errors import Broken
from events.fact import About, Provenance
from events.fact import Fact as EventFact
from services.kernel.context import Context
from services.kernel.pieces import (
    SHARED_CLOCKS,
    SHARED_COMMANDS,
    SHARED_FACTS,
    Clock,
    Command,
    Fact,
    State,
)
from services.kernel.words import Actor, Label, Party, spaced
from services.kernel.workflow import Workflow

ENTRY_FIELDS = ("revision", "fact", "version", "occurred_at", "about", "data")
"""What `taken` and `put` say of a fact (`events.envelope.entries`)."""


class Told(NamedTuple):
    """One fact a case holds. `stored` is its body, as recorded or as corrected since."""

    revision: int
    fact: EventFact
    occurred_at: datetime
    actor: str
    command: str
    stored: Mapping[str, Any]

    def entry(self) -> dict[str, Any]:
        """The fact as `taken` and `put` write it."""
        return {name: self.stored[name] for name in ENTRY_FIELDS}


@dataclass(frozen=True)
class Ticking:
    """A clock that runs, or rests (then `due_at` is None and `left_seconds` is what remains).
    `name` is its key in the case: `report`, or `report.u1` where each unit has its own, or
    `challenge.7` where it is about one record."""

    name: str
    tier: str | None
    started_at: datetime
    limit_seconds: int
    working: bool
    due_at: datetime | None
    left_seconds: int | None = None
    extensions: int = 0
    missed: bool = False
    told_due: bool = False
    """It stands among the deadlines that had to be kept by now: it was missed once."""
    of_unit: str | None = None
    of_revision: int | None = None
    about: About | None = None
    """The dimensions of the record it is about."""

    @property
    def declared(self) -> str:
        """The name under which its workflow declares it."""
        return self.name.partition(".")[0]

    def counted(self, about: About) -> About:
        """Where it counts: in the case's dimensions, but of its own unit where each has one; in
        those of the record it is about."""
        if self.about is not None:
            return self.about
        return about if self.of_unit is None else about.at(unit=self.of_unit)

    def full_name(self, kind: str) -> str:
        """What facts and rules call it, in a case of this kind."""
        return f"{kind if self.of_revision is None else 'record'}.{self.declared}"

    def declaration(self, workflow: Workflow) -> Clock:
        """What was declared of it: by the kind, or for every kind."""
        shared = SHARED_CLOCKS.get(self.declared)
        return shared if shared is not None else workflow.clocks[self.declared]


@dataclass(frozen=True)
class Case:
    """A case at one revision. Frozen; `grown` gives the next.

    `state` is None only where the whole case was voided. `confirmed`, `verified`, `challenged` and
    `sampled` are revisions of facts; `clocks` are those that have not ended, by name.
    """

    workflow: Workflow = field(repr=False, compare=False)
    stream: str
    revision: int
    state: State | None
    bodies: tuple[bytes, ...] = field(repr=False)
    """The bodies of the facts held, in the order of their revisions."""
    about: About
    """Its dimensions now; of a voided case, the last it had."""
    opened_at: datetime
    moved_at: datetime
    """When the last fact that moved it happened."""
    imported: bool = False
    """Opened by an import: its clocks are its source's business."""
    clocks: Mapping[str, Ticking] = field(default_factory=dict)
    evidence: int = 0
    feedback: frozenset[str] = frozenset()
    """Who has given feedback."""
    confirmed: frozenset[int] = frozenset()
    verified: frozenset[int] = frozenset()
    challenged: frozenset[int] = frozenset()
    sampled: frozenset[int] = frozenset()
    duplicate_of: str | None = None
    corrected: frozenset[int] = frozenset()
    """Facts put right or taken back since they were recorded."""
    upheld: frozenset[int] = frozenset()
    """Facts that were challenged and found right by who recorded them, or by an overseer."""

    @property
    def kind(self) -> str:
        """First part of the stream."""
        return self.stream.partition("/")[0]

    @property
    def id(self) -> str:
        """Second part of the stream."""
        return self.stream.partition("/")[2]

    @property
    def in_question(self) -> frozenset[int]:
        """Facts that were challenged, and wait for an answer."""
        clocks = self.clocks.values()
        return frozenset(one.of_revision for one in clocks if one.of_revision is not None)

    @property
    def held(self) -> tuple[Told, ...]:
        """The facts held, read anew from their bytes: for the commands that look back."""
        return tuple(read_told(self.workflow, codec.parse(body)) for body in self.bodies)

    def latest(self, fact: str) -> Told | None:
        """The newest fact of that name held."""
        return next(self.told(fact), None)

    def told(self, fact: str) -> Iterator[Told]:
        """The facts of that name held, newest first."""
        mark = b'"fact":"%b"' % fact.encode()
        for body in reversed(self.bodies):
            if mark in body and (stored := codec.parse(body))["fact"] == fact:
                yield read_told(self.workflow, stored)

    def parties(self, actor: Actor) -> set[Party]:
        """What this person is here: by role, and by relation to the case."""
        roles = actor.parties()
        return roles if self.state is None else roles | self.state.parties(actor)

    def but(self, **changes: Any) -> Case:
        """The same with some fields changed. `dataclasses.replace` costs ten times as much, and a
        fold does this for every shared fact."""
        other = object.__new__(Case)
        other.__dict__.update(self.__dict__)
        other.__dict__.update(changes)
        return other

    def grown(self, events: Iterable[Recorded]) -> Case:
        """The case after further events of its stream. Raises Broken where they do not fit."""
        return _grow(self.workflow, events, self) or self


class CaseFact(EventFact):
    """Base of the facts any case may hold: they apply to the case, not to its state."""

    label: ClassVar[Label]

    def __init_subclass__(
        cls, *, zh: str | None = None, en: str | None = None, kind: str = "", version: int = 1
    ) -> None:
        super().__init_subclass__()
        cls.fact = kind
        cls.version = version
        cls.label = Label(zh or "", en or spaced(cls.__name__))
        if kind:
            SHARED_FACTS[kind] = cls

    @abstractmethod
    def apply(self, case: Case, told: Told, /) -> Case:
        """The case after this fact; `told` says when and where it stands. Never refuses."""


class CaseCommand(Command):
    """Base of the commands any case takes. `decide` gets the case instead of its state."""

    def __init_subclass__(
        cls, *, zh: str | None = None, en: str | None = None, by: Party | Iterable[Party] = ()
    ) -> None:
        super().__init_subclass__(zh=zh, en=en, by=by)
        if cls.word:
            SHARED_COMMANDS[cls.word] = cls

    @abstractmethod
    def decide(self, case: Case, context: Context, /) -> Any:
        """The facts this command comes to, or a refusal. Pure."""

    @classmethod
    def open_to(cls, case: Case) -> bool:
        """Whether it can make sense now: what is offered to people."""
        return True


class OfKind(Protocol):
    """Anything that knows its workflow: an entry of the catalogue."""

    @property
    def workflow(self) -> Workflow:
        """The workflow of the kind."""
        ...


def fold(entry: OfKind, events: Iterable[Recorded]) -> Case | None:
    """The case that the events of one stream make, from its first; None where there are none.

    Raises Broken where an event is unknown, unreadable, out of turn, or cannot apply.
    """
    return _grow(entry.workflow, events, None)


def _grow(workflow: Workflow, events: Iterable[Recorded], case: Case | None) -> Case | None:
    revision = case.revision if case else 0
    items: list[tuple[bytes, Told]] = []
    told: Told | None = None
    stream = case.stream if case else ""
    for event in events:
        revision += 1
        if event.revision != revision:
            raise Broken(f"{event.stream} has revision {event.revision} where {revision} was due")
        stream = event.stream
        stored = event.content
        if told is not None and stored["about"] == told.stored["about"]:
            told = read_told(workflow, stored, told.fact.about)
        else:
            told = read_told(workflow, stored)
        items.append((event.body, told))
    if not items:
        return case
    return follow(workflow, stream, items, case).but(revision=revision)


class _Unread(Mapping[str, Any]):
    """The body of an event, parsed only where somebody looks into it."""

    __slots__ = ("_event",)

    def __init__(self, event: Recorded) -> None:
        self._event = event

    def __getitem__(self, name: str) -> Any:
        return self._event.content[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._event.content)

    def __len__(self) -> int:
        return len(self._event.content)


def grown_as_decided(
    entry: OfKind,
    case: Case | None,
    events: Sequence[Recorded],
    facts: Sequence[EventFact],
    *,
    actor: str,
    command: str,
    occurred_at: datetime,
) -> Case:
    """The same as `fold` and `grown`, where everything about the events is at hand as it was
    decided a moment ago: nothing is read anew."""
    items = [
        (event.body, Told(event.revision, fact, occurred_at, actor, command, _Unread(event)))
        for event, fact in zip(events, facts, strict=True)
    ]
    return follow(entry.workflow, events[0].stream, items, case).but(revision=events[-1].revision)


def read_told(workflow: Workflow, stored: Mapping[str, Any], about: About | None = None) -> Told:
    """A stored body as a fact of today's program. `about`: its dimensions, where they have been
    read already (those of a neighbour in one stream are nearly always the same)."""
    name, version, data = stored["fact"], stored["version"], stored["data"]
    model = workflow.class_of(name)
    if model is None:
        raise Broken(f"{name} is not a fact of {workflow.name}: upgrade this program")
    if version != model.version:
        data = workflow.upcasters.read(name, version, model.version, data)
    try:
        fact = model.__pydantic_validator__.validate_python(
            {**data, "about": about or stored["about"]}
        )
    except ValidationError as error:
        raise Broken(f"{name} at revision {stored['revision']}: its data does not fit") from error
    return Told(
        stored["revision"],
        fact,
        instant_of(stored["occurred_at"]),
        stored["actor"],
        stored["command"],
        stored,
    )


def follow(
    workflow: Workflow,
    stream: str,
    items: Iterable[tuple[bytes, Told]],
    case: Case | None = None,
) -> Case:
    """Apply facts in order, each with its body. Raises Broken where one does not apply."""
    moves = workflow.diagram.moves
    waiting: list[tuple[bytes, Told]] = []
    state = case.state if case else None
    for body, told in items:
        fact = told.fact
        if isinstance(fact, Fact):
            if not moves[fact.fact].applies(state):
                raise Broken(f"{stream}: {fact.fact} does not apply in {state_name(state)}")
            state = fact.apply(state)
            waiting.append((body, told))
            continue
        case = _advanced(workflow, stream, case, state, waiting)
        waiting = []
        if not isinstance(fact, CaseFact):
            raise AssertionError(f"{fact.fact} is neither a fact of a workflow nor a shared one")
        fields = type(fact).model_fields
        adjusts = TAKEN in fields or PUT in fields
        if not adjusts:
            if state is None:
                raise Broken(f"{stream}: {fact.fact} does not apply in no case")
            case = case.but(bodies=(*case.bodies, body))
        case = fact.apply(case, told)
        state = case.state
    return _advanced(workflow, stream, case, state, waiting)


def _advanced(
    workflow: Workflow,
    stream: str,
    case: Case | None,
    state: State | None,
    waiting: list[tuple[bytes, Told]],
) -> Case:
    """The case after the facts of its own kind that are waiting to be added to it."""
    if case is not None and not waiting:
        return case
    if state is None:
        raise Broken(f"{stream} does not begin with a fact that starts a {workflow.name}")
    moved = [told for _, told in waiting if workflow.diagram.moves[told.fact.fact].targets]
    bodies = tuple(body for body, _ in waiting)
    if case is None or case.state is None:
        first = waiting[0][1]
        return Case(
            workflow=workflow,
            stream=stream,
            revision=waiting[-1][1].revision,
            state=state,
            bodies=bodies,
            about=state.about,
            opened_at=first.occurred_at,
            moved_at=moved[-1].occurred_at,
            imported=first.fact.about.provenance is Provenance.IMPORT,
            corrected=case.corrected if case else frozenset(),
        )
    return case.but(
        revision=waiting[-1][1].revision,
        state=state,
        about=state.about,
        bodies=case.bodies + bodies,
        moved_at=moved[-1].occurred_at if moved else case.moved_at,
    )


def state_name(state: State | None) -> str:
    """The class name of a state, for messages."""
    return type(state).__name__ if state is not None else "no case"
