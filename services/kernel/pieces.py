"""构件 · State, Fact, Note, Command, Clock: the pieces of one workflow file.

Their signatures are the diagram. `decide(self, order: Dispatched, context) -> OrderDeclined` says
where a command may be given and what it may record; `apply(self, order: Dispatched) -> Placed`
says where a fact leads. `None` is "no case yet"; `A | tuple[B, C]` is A, or B then C; a class
without a label is a group and means every state below it.
"""

# Annotations are evaluated here as they are read, not kept as texts: pydantic evaluates texts of a
# base again for every class below it, and there are hundreds.

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, dataclass_transform

from pydantic import BaseModel, ConfigDict

from events.clock import Instant
from events.errors import Invalid
from events.fact import About, Provenance
from events.fact import Fact as EventFact
from services.kernel.context import Context
from services.kernel.words import (
    Actor,
    AreaCode,
    CategoryCode,
    Choice,
    Label,
    Limit,
    Party,
    UnitCode,
    spaced,
    working_days,
)

ABOUTS_KEPT = 4_096


def snake(name: str) -> str:
    """`AttachEvidence` gives `attach_evidence`."""
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.lstrip("_")


def kind_of(module: str) -> str:
    """The kind a workflow file is about: the last part of its module's name."""
    return module.rpartition(".")[2]


def fact_name(class_name: str, module: str) -> str:
    """`OrderDeclined` and `ServiceDelivered` in `order` give `order.declined` and
    `order.service_delivered`."""
    kind, words = kind_of(module), snake(class_name)
    own = f"{kind}_"
    return f"{kind}.{words[len(own) :] if words.startswith(own) and words != own else words}"


@dataclass_transform(frozen_default=True)
class _Labelled:
    """Frozen dataclasses by inheritance; one level above State, or type checkers would miss
    the fields State itself declares."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    label: ClassVar[Label | None] = None

    def __init_subclass__(cls, *, zh: str | None = None, en: str | None = None) -> None:
        super().__init_subclass__()
        cls.label = Label(zh, en or spaced(cls.__name__)) if zh else None
        dataclass(frozen=True)(cls)


class State(_Labelled):
    """Base of every state. With `zh=` it is a state; without, a group of those below it."""

    about: About

    def parties(self, actor: Actor) -> set[Party]:
        """What this person is to this case. By itself: of the unit that handles it, or of the
        home unit of those who do."""
        found = set[Party]()
        if actor.unit is not None:
            if actor.unit == self.about.unit:
                found.add(Party.HANDLER)
            if actor.unit == self.about.books.home_unit:
                found.add(Party.HOME_UNIT)
        return found


class Fact(EventFact):
    """Base of every fact of a workflow. Its name is derived from the class and its file; `kind=`
    keeps an old name after a renaming, `version=` counts the changes of its fields."""

    label: ClassVar[Label]

    def __init_subclass__(
        cls,
        *,
        zh: str | None = None,
        en: str | None = None,
        kind: str | None = None,
        version: int = 1,
    ) -> None:
        super().__init_subclass__()
        cls.fact = (kind or fact_name(cls.__name__, cls.__module__)) if zh else ""
        cls.version = version
        cls.label = Label(zh or "", en or spaced(cls.__name__))

    @abstractmethod
    def apply(self, state: Any, /) -> Any:
        """The state after this fact. Never refuses, sees no context."""


class Note(Fact):
    """A fact that moves nothing: possible wherever a command may record it."""

    def apply(self, state: Any, /) -> Any:
        """The same state."""
        return state


class Command(BaseModel):
    """Base of every command. Its fields are the form; `by=` says who may give it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    label: ClassVar[Label]
    by: ClassVar[frozenset[Party]]
    word: ClassVar[str] = ""
    finds: ClassVar[bool] = False
    """Whether a start command is content with a case that is there already under the id it makes:
    nothing is added then, and the answer is that case's beginning. Else it is refused."""

    occurred_at: Instant | None = None

    def __init_subclass__(
        cls,
        *,
        zh: str | None = None,
        en: str | None = None,
        by: Party | Iterable[Party] = (),
    ) -> None:
        super().__init_subclass__()
        cls.word = snake(cls.__name__) if zh else ""
        cls.label = Label(zh or "", en or spaced(cls.__name__))
        cls.by = frozenset([by] if isinstance(by, Party) else by)

    @abstractmethod
    def decide(self, state: Any, context: Context, /) -> Any:
        """The facts this command comes to, or a refusal. Pure."""

    def case_id(self, actor: Actor) -> str | None:
        """For a start command whose fields make one id and no other (one check-in for a person and
        a community): that id. None = the caller makes a uuid, or `key=` names the field."""
        return None

    def reads(self, kind: str) -> tuple[str, ...]:
        """Streams of other cases the decision needs; they arrive in `context.cases`, and their
        revisions become conditions of the same append."""
        return ()


@lru_cache(maxsize=ABOUTS_KEPT)
def opening_about(
    area: str, unit: str | None, category: str | None, variant: str | None, said_by: Provenance
) -> About:
    """The dimensions of a first fact. Many cases open with the same few, checked once."""
    return About(area=area, unit=unit, category=category, variant=variant, provenance=said_by)


class Opening(Command):
    """Base of a start command: the dimensions every case begins with.

    `by=` need not name the importer: an import may open cases of any kind.
    """

    area: AreaCode | None = None
    unit: UnitCode | None = None
    category: CategoryCode | None = None

    def about(self, context: Context, doer: str | None = None) -> About:
        """The dimensions of the first fact, said by the actor about a deed of `doer`. Without an
        area: the actor's own. Raises Invalid where there is neither."""
        area = self.area or context.actor.area
        if area is None:
            raise Invalid("say in which area it is", field="area", zh="请填写所在区域")
        said_by = context.said_by(doer)
        return opening_about(area, self.unit, self.category, context.variant, said_by)


@dataclass(frozen=True)
class Clock:
    """A deadline: it runs in the states `runs`, stands still in `rests`, and ends elsewhere.

    Ending in a state of `met` (by default: anywhere) is recorded as `deadline.ended`, on time or
    not; ending elsewhere, say by a cancellation, as `deadline.lifted`. Where `limit` is a mapping,
    `of` names the state's field that chooses; what it chooses later is another limit of the same
    deadline or, where the clock `restarts`, another deadline: the one before it has been met.
    `extensions` is how often it may be extended. Where every case has a date of its own, `until`
    names the state's field that holds it, instead of a limit: whoever may move the date moves the
    clock, so it neither rests nor is extended.

    Where a case waits for several units, each has a clock of its own: `each` names a property of
    the states it runs in, which says by unit until when, or None where that unit has done its part.
    A unit that is not named (any more) has nothing to do: its clock is lifted.
    """

    name: str
    label: Label
    runs: tuple[type[State], ...]
    limit: Limit | Mapping[Any, Limit] | None = None
    rests: tuple[type[State], ...] = ()
    met: tuple[type[State], ...] = (State,)
    of: str | None = None
    restarts: bool = False
    extensions: int = 1
    until: str | None = None
    each: str | None = None

    def tier(self, state: State) -> str | None:
        """The key that chooses the limit in this state."""
        if self.of is None:
            return None
        value = getattr(state, self.of)
        return str(value.value if isinstance(value, Choice) else value)

    def declared(self, tier: str | None) -> Limit:
        """The limit as the file declares it."""
        if self.limit is None:
            raise AssertionError(f"the clock {self.name} has no limit: it runs until {self.until}")
        if isinstance(self.limit, Limit):
            return self.limit
        return self.limit[tier]

    def end(self, state: State) -> Instant | None:
        """The date a case has of its own; None where a limit says when it is due."""
        if self.until is None:
            return None
        end: Instant = getattr(state, self.until)
        return end

    def ends(self, state: State) -> Mapping[str, Instant | None]:
        """Until when each unit has to do its part; None where it has. Only where `each` is."""
        found: Mapping[str, Instant | None] = getattr(state, self.each or "")
        return found


CHALLENGE = Clock(
    "challenge",
    Label("答复质疑", "Answer to a challenge"),
    runs=(State,),
    limit=working_days(5),
)
"""How long the recorder has to answer who says that a record is wrong."""

SHARED_CLOCKS = {CHALLENGE.name: CHALLENGE}
"""Clocks that a case of any kind may have: each for one record. In facts and rules they are called
`record.challenge`, whatever the kind; in a case `challenge.7`, with the revision of the record."""

SHARED_FACTS: dict[str, type[EventFact]] = {}
"""Facts that a case of any kind may hold, by name; filled by the modules that declare them."""

SHARED_COMMANDS: dict[str, type[Command]] = {}
"""Commands that a case of any kind takes, by name."""
