"""词 · The words a workflow file is written in: labels, choices, parties, refusals, field types.

A field type carries its label in both languages, an example and its limits, so that a form, an
option of the command line and a schema need nothing further:

    worker: Person                                  the type's own label
    worker: Annotated[Person, Label("服务人员", "Worker")]     another label, the same type
    beneficiaries: Annotated[Count, Label("受益人次", "Person-times"), Quantity]
    household: Annotated[Household | None, Member] = None     marks stand outside the union
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, ClassVar, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from events.errors import Denied, Refused
from events.places import CODE_PATTERN, IDENTIFIER_PATTERN

COUNT_MAX = 1_000_000
AMOUNT_MAX = 10**12
REVISION_MAX = 10**6
NAME_MAX = 80
NAME_PATTERN = r"^[^\s\x00-\x1f<>]([^\x00-\x1f<>]*[^\s\x00-\x1f<>])?$"
"""One line without markup, and without a blank at either end."""


@dataclass(frozen=True)
class Label:
    """One wording in both languages of the house."""

    zh: str
    en: str

    def text(self, language: str) -> str:
        """`zh` or `en`."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Help:
    """One sentence beside a field, where its label is not enough."""

    zh: str
    en: str


def spaced(name: str) -> str:
    """English words of a name: `after_hours` and `AfterHours` give `After hours`."""
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip("_").replace("_", " ").capitalize()


class Choice(str, Enum):
    """Base of every closed list. A member: `SELF = "self", "本人", "Oneself"`.

    The class keywords `zh=` and `en=` are the label of a field of this type.
    """

    heading: ClassVar[Label]
    label: Label

    def __new__(cls, value: str, zh: str = "", en: str = "") -> Choice:
        """A member is its value; the wordings stand beside it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = Label(zh or value, en or spaced(value))
        return member

    def __init_subclass__(cls, zh: str = "", en: str = "") -> None:
        super().__init_subclass__()
        cls.heading = Label(zh or cls.__name__, en or spaced(cls.__name__))

    def __str__(self) -> str:
        return str(self.value)


class Party(Choice, zh="参与方"):
    """Who may do something: a role held through a token, or a relation to the one case."""

    RESIDENT = "resident", "居民"
    WORKER = "worker", "服务人员"
    COMMUNITY = "community", "社区"
    STREET = "street", "街道"
    DISPATCHER = "dispatcher", "派单员"
    MEDIATOR = "mediator", "调解员"
    UNIT_ADMIN = "unit_admin", "单位管理员"
    LEADER = "leader", "领导"
    AUDITOR = "auditor", "核查员"
    ADMINISTRATOR = "administrator", "系统管理员"
    IMPORTER = "importer", "导入员"
    SYSTEM = "system", "系统"

    REQUESTER = "requester", "诉求人"
    HANDLER = "handler", "承办单位"
    HOLDER = "holder", "经办人"
    HOME_UNIT = "home_unit", "所在单位"


RELATIONS = frozenset({Party.REQUESTER, Party.HANDLER, Party.HOLDER, Party.HOME_UNIT})
"""Parties of one case, answered by `State.parties`; a start command cannot name them."""

ROLES: Mapping[str, Party] = {party.value: party for party in Party if party not in RELATIONS}
"""The party that a role of a token stands for."""


@dataclass(frozen=True)
class Actor:
    """Who acts: an opaque person, for a unit, in these roles, at home in an area of the map."""

    person: str
    unit: str | None = None
    roles: frozenset[str] = frozenset()
    area: str | None = None

    def parties(self) -> set[Party]:
        """What the roles alone make of this person."""
        return {ROLES[role] for role in self.roles if role in ROLES}


@dataclass(frozen=True)
class Refusal:
    """A no that a workflow declares. The wordings may name fields: `{declines} of 3`."""

    code: str
    zh: str
    en: str


def refuse(refusal: Refusal, **fields: object) -> NoReturn:
    """Say this no. `fields` fill the wordings and travel with the error."""
    raise Refused(
        refusal.en.format(**fields), refusal=refusal.code, zh=refusal.zh.format(**fields), **fields
    )


def deny(refusal: Refusal, **fields: object) -> NoReturn:
    """The same where the wrong person asks, rather than at the wrong time."""
    raise Denied(
        refusal.en.format(**fields), refusal=refusal.code, zh=refusal.zh.format(**fields), **fields
    )


@dataclass(frozen=True)
class Limit:
    """How long something may take. `working`: only time on working days counts."""

    seconds: int
    working: bool = False


def hours(count: int) -> Limit:
    """Hours on the wall clock."""
    return Limit(count * 3_600)


def days(count: int) -> Limit:
    """Days of 24 hours on the wall clock."""
    return Limit(count * 86_400)


def weeks(count: int) -> Limit:
    """Weeks on the wall clock."""
    return days(7 * count)


def working_days(count: int) -> Limit:
    """Working days: the clock stands still on the days the calendar calls free."""
    return Limit(count * 86_400, working=True)


class Terms(BaseModel):
    """What a variant of a kind fixes (`[terms]` of its template); copied into the first fact."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _whole(value: Any) -> Any:
    # JSON knows one kind of number: 360.0 is the integer 360.
    return int(value) if isinstance(value, float) and value.is_integer() else value


_code = StringConstraints(pattern=CODE_PATTERN, max_length=32)
_identifier = StringConstraints(pattern=IDENTIFIER_PATTERN, max_length=64)

AreaCode = Annotated[str, _code, Field(examples=["c1"]), Label("区域", "Area")]
UnitCode = Annotated[str, _code, Field(examples=["u1"]), Label("单位", "Unit")]
CategoryCode = Annotated[str, _code, Field(examples=["repair"]), Label("类别", "Category")]
TeamCode = Annotated[str, _code, Field(examples=["t1"]), Label("服务队", "Team")]
ItemCode = Annotated[str, _code, Field(examples=["i1"]), Label("项目编号", "Item")]
Person = Annotated[str, _identifier, Field(examples=["p1"]), Label("人员", "Person")]
Household = Annotated[str, _identifier, Field(examples=["h1"]), Label("住户", "Household")]
CaseId = Annotated[
    str,
    _identifier,
    Field(examples=["01920000-0000-7000-8000-000000000000"]),
    Label("编号", "Case"),
]
Stream = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z_]{0,31}/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"),
    Field(examples=["order/01920000-0000-7000-8000-000000000000"]),
    Label("案件", "Case"),
]
FactName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z_]{0,31}\.[a-z][a-z_]{0,63}$"),
    Field(examples=["order.placed"]),
    Label("事实", "Fact"),
]
ClockName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z_]{0,31}\.[a-z][a-z_]{0,31}$"),
    Field(examples=["order.accept"]),
    Label("时限", "Clock"),
]
Name = Annotated[
    str,
    StringConstraints(pattern=NAME_PATTERN, max_length=NAME_MAX),
    Field(examples=["镇海街道"]),
    Label("名称", "Name"),
]
"""Public name of an area, organisation or team. Never a person's."""
Count = Annotated[
    int,
    Field(ge=0, le=COUNT_MAX, examples=[1]),
    BeforeValidator(_whole),
    Label("数量", "Count"),
]
Amount = Annotated[
    int,
    Field(ge=0, le=AMOUNT_MAX, examples=[100_00]),
    BeforeValidator(_whole),
    Label("金额（分）", "Amount (fen)"),
]
Revision = Annotated[
    int,
    Field(ge=1, le=REVISION_MAX, examples=[1]),
    BeforeValidator(_whole),
    Label("版次", "Revision"),
]


class Satisfaction(Choice, zh="满意度", en="Satisfaction"):
    """Three levels, so that nobody is pushed to the top one."""

    SATISFIED = "satisfied", "满意"
    BASICALLY = "basically", "基本满意", "Basically satisfied"
    DISSATISFIED = "dissatisfied", "不满意"
