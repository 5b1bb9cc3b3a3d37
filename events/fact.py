"""事实 · What every fact has, and which of its fields are counted.

A fact is a frozen pydantic model. Its dimensions (`about`) are copied into it by the decider, so
that a counter needs no look-up and a correction carries what it takes back.

Fields that are counted are marked in their type, and then also stand in plain columns beside the
body (JSON cannot be read again at 400,000 events a second):

    beneficiaries: Annotated[int, Quantity]        at most 2: whole numbers, or instants (as µs)
    worker: Annotated[PersonId, Member]            at most 2: opaque ids, for distinct counts
    timing: Annotated[Timing, Coded]               at most 2: choices, for filters and breakdowns
    opened_on: Annotated[date, LocalDay]           at most 1: the day it counts on, where that is
                                                   not the deployment's own (an imported source)

Every other field can still be broken down by: then the bodies of the matching events are read.
"""

# Annotations are evaluated here as they are read, not kept as texts: pydantic evaluates texts of a
# base again for every class below it, and there are hundreds.

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import cache, cached_property, lru_cache
from typing import Any, ClassVar, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from events.clock import INSTANTS_KEPT, day_number, instant_of, local_day, micros, text_of
from events.codec import INTEGER_MAX
from events.places import Code

SLOTS_MAX = 2
NO_BOOKS: Mapping[str, str] = {}
TEXT_ALONE = {str}
VALUES_KEPT = 1_024


class Provenance(str, Enum):
    """Who put it on record: the doer, the other side, an organiser for others, or an import."""

    SELF = "self"
    COUNTERPARTY = "counterparty"
    ORGANISER = "organiser"
    IMPORT = "import"


class Books(BaseModel):
    """The further books a deed counts in, beside the area and unit where it was done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home_unit: Code | None = None
    team: Code | None = None
    home_community: Code | None = None
    paired_community: Code | None = None


NOWHERE = Books()
WHERE = ("area", "category", "unit", "variant")


class About(BaseModel):
    """The dimensions of one fact: where, which unit, what category and variant, who says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: Code
    category: Code | None = None
    unit: Code | None = None
    variant: Code | None = None
    provenance: Provenance = Provenance.SELF
    books: Books = NOWHERE

    def at(self, **changes: Any) -> Self:
        """The same with some dimensions changed (`None` empties one); checked again."""
        return self.model_validate({**self.__dict__, **changes})

    def data(self) -> dict[str, Any]:
        """The dimensions as JSON values; absent ones are left out."""
        # Straight from where the fields are kept: this is done for every fact, and asking the
        # model for them one by one takes three times as long.
        own = self.__dict__
        found = {name: own[name] for name in WHERE if own[name] is not None}
        found["provenance"] = self.provenance._value_
        if self.books is not NOWHERE and (
            books := {name: text for name, text in self.books.__dict__.items() if text is not None}
        ):
            found["books"] = books
        return found


@dataclass(frozen=True)
class Slot:
    """The mark of a counted field."""

    role: str


Quantity = Slot("quantity")
Member = Slot("member")
Coded = Slot("code")
LocalDay = Slot("day")


@dataclass(frozen=True)
class Shape:
    """Which fields of a fact are counted, in the order of their columns."""

    fact: str
    version: int = 1
    quantities: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    day: str | None = None
    fields: tuple[str, ...] = field(default=())
    """Every field of the fact's data, for breakdowns by label."""

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """Codes, members and quantities, two of each; '' where there are fewer."""
        kinds = (self.codes, self.members, self.quantities)
        return tuple(name for names in kinds for name in (*names, "", "")[:SLOTS_MAX])


class Fact(BaseModel):
    """Base of every fact. `fact` is its name outside Python (`order.placed`).

    Errors: a class with more counted fields than there are columns raises TypeError when made.
    """

    # A validator is made with the first fact of its class: no process meets them all.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    fact: ClassVar[str] = ""
    version: ClassVar[int] = 1

    about: About

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.shape()

    def data(self) -> dict[str, Any]:
        """The fact's own fields as JSON values; absent ones are left out, so that a later
        optional field does not change the bytes of an old fact."""
        plain = self.plain_data()
        if plain is None:
            return self.model_dump(mode="json", exclude={"about"}, exclude_none=True)
        return plain

    def plain_data(self) -> dict[str, Any] | None:
        """The same where every field is a text, a whole number in range, a yes or no, a time, a
        choice, a mapping of texts, or a value of such fields; None where a field is anything else.
        Other nested values are left to pydantic, which takes four times as long."""
        found: dict[str, Any] = {}
        for name, value in self.__dict__.items():
            kind = type(value)
            if value is None or name == "about":
                continue
            if kind is str or kind is bool:
                found[name] = value
            elif kind is datetime:
                found[name] = text_of(value)
            elif isinstance(value, Enum):
                found[name] = value._value_
            elif kind is int and -INTEGER_MAX <= value <= INTEGER_MAX:
                found[name] = value
            elif kind is date:
                found[name] = value.isoformat()
            elif kind is dict and {*map(type, value.values())} <= TEXT_ALONE:
                found[name] = dict(value)
            elif isinstance(value, BaseModel) and (plain := _plain_value(value)) is not None:
                found[name] = dict(plain)
            else:
                return None
        return found

    @classmethod
    def shape(cls) -> Shape:
        """Which of its fields are counted."""
        return _shape_of(cls)


def _plain_value(value: BaseModel) -> Mapping[str, Any] | None:
    """A nested value as JSON, where it holds nothing but texts, whole numbers in range, yes and
    no; None where it holds anything else."""
    if not value.model_config.get("frozen"):
        return None
    try:
        return _kept_value(value)
    except TypeError:  # it cannot be hashed: it holds a list or a mapping
        return None


@lru_cache(maxsize=VALUES_KEPT)
def _kept_value(value: BaseModel) -> Mapping[str, Any] | None:
    # Kept, because the terms of a variant stand in the first fact of every case of it.
    data = value.model_dump(mode="json", exclude_none=True)
    for one in data.values():
        kind = type(one)
        if kind is int:
            if not -INTEGER_MAX <= one <= INTEGER_MAX:
                return None
        elif kind is not str and kind is not bool:
            return None
    return data


@cache
def _shape_of(cls: type[Fact]) -> Shape:
    by_role: dict[str, list[str]] = {}
    for name, info in cls.model_fields.items():
        for mark in info.metadata:
            if isinstance(mark, Slot):
                by_role.setdefault(mark.role, []).append(name)
    for role, names in by_role.items():
        allowed = 1 if role == "day" else SLOTS_MAX
        if len(names) > allowed:
            raise TypeError(f"{cls.__name__} marks {names} as {role}: at most {allowed}")
    return Shape(
        fact=cls.fact,
        version=cls.version,
        quantities=tuple(by_role.get("quantity", ())),
        members=tuple(by_role.get("member", ())),
        codes=tuple(by_role.get("code", ())),
        day=next(iter(by_role.get("day", ())), None),
        fields=tuple(name for name in cls.model_fields if name != "about"),
    )


class Counted(NamedTuple):
    """What stands in plain columns beside a body. Absent texts are '', absent numbers 0."""

    fact: str
    area: str
    unit: str
    category: str
    variant: str
    provenance: str
    home_unit: str
    team: str
    home_community: str
    paired_community: str
    code_1: str
    code_2: str
    member_1: str
    member_2: str
    quantity_1: int
    quantity_2: int
    occurred_at: int
    """Microseconds since 1970."""
    day: int
    """Local day of the occurrence, days since 1970."""


def counted(
    shape: Shape,
    about: Mapping[str, Any],
    data: Mapping[str, Any],
    occurred_at: datetime,
    zone: ZoneInfo,
    fact: Fact | None = None,
) -> Counted:
    """The columns of one fact, from its JSON (`about`, `data`) and its shape; `fact` itself, where
    it is at hand, saves reading instants back from their texts."""
    where, said = about.get, data.get
    books = where("books") or NO_BOOKS
    day = said(shape.day) if shape.day else None
    code_1, code_2, member_1, member_2, quantity_1, quantity_2 = shape.slots
    # In the order of the fields: by name it would take twice as long, and this is done for every
    # fact that is ever recorded.
    return Counted(
        shape.fact,
        about["area"],
        where("unit") or "",
        where("category") or "",
        where("variant") or "",
        where("provenance") or "",
        books.get("home_unit") or "",
        books.get("team") or "",
        books.get("home_community") or "",
        books.get("paired_community") or "",
        _text(said(code_1)) if code_1 else "",
        _text(said(code_2)) if code_2 else "",
        _text(said(member_1)) if member_1 else "",
        _text(said(member_2)) if member_2 else "",
        _number(getattr(fact, quantity_1, said(quantity_1))) if quantity_1 else 0,
        _number(getattr(fact, quantity_2, said(quantity_2))) if quantity_2 else 0,
        micros(occurred_at),
        _day_of(day) if day else day_number(local_day(occurred_at, zone)),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, datetime):
        return micros(value)
    return micros(instant_of(value)) if isinstance(value, str) else int(value)


@lru_cache(maxsize=INSTANTS_KEPT)
def _day_of(text: str) -> int:
    return day_number(date.fromisoformat(text))
