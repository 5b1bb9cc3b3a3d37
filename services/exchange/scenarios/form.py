"""情景文件 · What a scenario file may say.

    [[scenario]]
    id = "S0-26"
    title = "下单/接单"
    areas = { c1 = "street1", street1 = "district1" }        # child = parent
    steps = [
      { at = "2018-03-01T09:00", as = "community", do = "order.place", save = "o", with = { … } },
      { at = "+10m", as = "worker:w9@u2", do = "order.accept", on = "o", refused = "not_yours" },
    ]
    then = [
      { facts = "o", are = ["order.placed"] },
      { counter = "orders_placed", is = 1 },
    ]

Every key is explained in docs/howto/write-a-scenario.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic import model_validator as after_reading

from events.places import Code
from services.kernel.words import ROLES, Label
from services.parsing import nearest

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LATER = re.compile(r"^\+(\d{1,6})([mhdw])$")
DO = re.compile(r"^[a-z][a-z_-]*\.[a-z][a-z_-]*$")
WHO = re.compile(
    r"^(?P<roles>[a-z_]+(?:\+[a-z_]+)*)"
    r"(?::(?P<person>[A-Za-z0-9][A-Za-z0-9_.-]{0,63}))?"
    r"(?:@(?P<unit>[a-z0-9][a-z0-9_-]{0,31}))?"
    r"(?:/(?P<area>[a-z0-9][a-z0-9_-]{0,31}))?$"
)
REFERENCE = re.compile(r"^\$([A-Za-z_][A-Za-z0-9_-]*)(?:\.(id|stream|revision))?$")
ROOT = "root"
Number = int | float


class Wrong(ValueError):
    """What is wrong with a value, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.wording = Label(zh, en)


class Part(BaseModel):
    """A table of the file: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Who(NamedTuple):
    """Who acts: `role[+role][:person][@unit][/area]`. The person is the role, where none is named;
    the area is the whole log."""

    roles: tuple[str, ...]
    person: str
    unit: str | None
    area: str | None


class Wording(Part):
    """One wording in both languages."""

    zh: str
    en: str


class AreaSaid(Part):
    """An area with more to say of it than its parent."""

    parent: Code = ROOT
    level: str | None = None
    name: str | None = None


class Step(Part):
    """One thing somebody does; with `at` alone, time that passes."""

    at: str | datetime | None = None
    who: str | None = Field(default=None, alias="as")
    do: str | None = None
    on: str | None = None
    save: str | None = None
    fields: dict[str, Any] = Field(default_factory=dict, alias="with")
    refused: str | None = None
    expect: str | tuple[str, ...] = ()
    cause: str | None = None

    @after_reading(mode="after")
    def _whole(self) -> Step:
        if self.do is None:
            extra = self.model_fields_set - {"at"}
            if extra or self.at is None:
                raise Wrong(
                    "一步须写做什么（do），或只写时间（at）",
                    "a step says what is done (`do`), or only how late it is (`at`)",
                )
            return self
        if not DO.match(self.do):
            raise Wrong(
                f"do：应写作 类型.命令，如 order.place，而非“{self.do}”",
                f'do: write kind.command, as in order.place, not "{self.do}"',
            )
        if self.who is None:
            raise Wrong("须写由谁做（as）", "say who does it (`as`)")
        who_of(self.who)
        if self.refused is not None and (self.save is not None or self.expect):
            raise Wrong(
                "被拒绝的一步没有可 save 或 expect 的",
                "what is refused leaves nothing to `save` or `expect`",
            )
        return self

    @property
    def kind(self) -> str:
        """The kind, or variant, of what is done."""
        return (self.do or "").partition(".")[0].replace("-", "_")

    @property
    def command(self) -> str:
        """The command of it."""
        return (self.do or "").partition(".")[2].replace("-", "_")

    @property
    def expected(self) -> tuple[str, ...]:
        """The facts it must come to, beside whatever else it comes to."""
        return (self.expect,) if isinstance(self.expect, str) else self.expect


class Looking(Part):
    """One thing to look at in the end."""

    @property
    def case(self) -> str | None:
        """The saved case it is about, or a stream; None where it is about no single case."""
        return None


class FactsCheck(Looking):
    """Which facts a case holds, in their order. Facts `deadline.*` and `record.*` count only where
    the list names some of that sort."""

    facts: str
    are: tuple[str, ...] | None = None
    include: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @after_reading(mode="after")
    def _says_something(self) -> FactsCheck:
        if self.are is None and not self.include and not self.without:
            raise Wrong(
                "须写 are、include 或 without",
                "say which facts they `are`, `include`, or are `without`",
            )
        return self

    @property
    def case(self) -> str:
        """The case."""
        return self.facts


class FactCheck(Looking):
    """What one fact of a case says: its last one of that name."""

    fact: str
    of: str
    has: dict[str, Any] = Field(min_length=1)

    @property
    def case(self) -> str:
        """The case."""
        return self.of


class CounterCheck(Looking):
    """A number, as the API gives it. `none`: there is no such number (a rate of too few)."""

    counter: str
    area: str | None = None
    unit: str | None = None
    by: tuple[str, ...] = ()
    key: str | None = None
    where: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    as_of: str | datetime | None = None
    map: Literal["then", "today"] | None = None
    exactly: Number | None = Field(default=None, alias="is")
    at_least: Number | None = None
    verified: Number | None = None
    none: bool = False

    @after_reading(mode="after")
    def _says_something(self) -> CounterCheck:
        said = (self.exactly, self.at_least, self.verified)
        if all(one is None for one in said) and not self.none:
            raise Wrong(
                "须写 is、at_least、verified 或 none",
                "say what it `is`, is `at_least`, or that it is `none`",
            )
        if bool(self.by) != (self.key is not None):
            raise Wrong(
                "by 与 key 须同时写：指哪一分项",
                "`by` and `key` stand together: which row of the breakdown is meant",
            )
        return self


class StateCheck(Looking):
    """Where a case stands, and what its state holds."""

    state: str
    exactly: str = Field(alias="is")
    has: dict[str, Any] = Field(default_factory=dict)

    @property
    def case(self) -> str:
        """The case."""
        return self.state


class NowhereCheck(Looking):
    """A fact that the whole log must not hold."""

    nowhere: str


CHECKS: dict[str, type[Looking]] = {
    "facts": FactsCheck,
    "fact": FactCheck,
    "counter": CounterCheck,
    "state": StateCheck,
    "nowhere": NowhereCheck,
}


def _which(value: Any) -> str | None:
    named = [name for name in CHECKS if isinstance(value, dict) and name in value]
    return named[0] if named else None


Check = Annotated[
    Annotated[FactsCheck, Tag("facts")]
    | Annotated[FactCheck, Tag("fact")]
    | Annotated[CounterCheck, Tag("counter")]
    | Annotated[StateCheck, Tag("state")]
    | Annotated[NowhereCheck, Tag("nowhere")],
    Discriminator(_which),
]


class Scenario(Part):
    """One story: where it plays, who does what, and what must be so in the end."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    title: str | Wording | None = None
    state: Literal["works", "out"] = "works"
    left_out: Wording | None = None
    area: Code | None = None
    areas: dict[Code, Code | AreaSaid] = Field(default_factory=dict)
    units: dict[Code, Code | dict[str, Any]] = Field(default_factory=dict)
    people: dict[str, Code | dict[str, Any]] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    then: tuple[Check, ...] = ()
    until: str | datetime | None = None

    @property
    def home(self) -> str:
        """Where cases begin that say nothing of it: the area named for that, else the first."""
        return self.area or next(iter(self.areas), ROOT)


def who_of(text: str) -> Who:
    """The parts of `role[+role][:person][@unit][/area]`. Raises Wrong."""
    found = WHO.match(text)
    if found is None:
        raise Wrong(
            f"as：应写作 角色[:人员][@单位]，如 worker:w9@u2，而非“{text}”",
            f'as: write role[:person][@unit], as in worker:w9@u2, not "{text}"',
        )
    roles = tuple(found["roles"].split("+"))
    for role in roles:
        if role not in ROLES:
            near = nearest(role, ROLES)
            raise Wrong(
                f"as：没有角色“{role}”" + (f"，是否指 {near}？" if near else ""),
                f'as: there is no role "{role}"'
                + (f": did you mean {near}?" if near else f"; roles are {', '.join(ROLES)}"),
            )
    return Who(roles, found["person"] or roles[0], found["unit"], found["area"])


def later(text: str) -> timedelta | None:
    """The time that `+10m`, `+2h`, `+3d`, `+1w` stand for; None where it is no such text."""
    found = LATER.match(text)
    return None if found is None else timedelta(**{UNITS[found[2]]: int(found[1])})


def references(value: Any) -> Iterator[str]:
    """The names of saved cases that a value speaks of."""
    match value:
        case str():
            found = REFERENCE.match(value)
            if found is not None:
                yield found[1]
        case Mapping():
            for item in value.values():
                yield from references(item)
        case list() | tuple():
            for item in value:
                yield from references(item)
