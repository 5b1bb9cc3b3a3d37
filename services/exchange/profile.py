"""导入配置 · The import profile: what a source's columns mean. A new source needs no Python.

A profile is a TOML file: one of those beside this one (by name), or any other (by path). A wrong
key is refused with the nearest known one; `docs/howto/import.md` explains every key.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from events.errors import Invalid, Malformed, Unknown
from events.places import Code
from projections.declare import CALENDAR, ENTRY_TEXTS
from services.facts.issue import IssueClosed, IssueFedBack, IssueFound, IssueTold
from services.facts.issue_words import Resolution
from services.parsing import nearest

KINDS = ("issue", "callout")
"""Kinds that an import records."""
BUILT_IN = Path(__file__).parent / "profiles"
OF_NOTES = frozenset(("first_note", "last_note"))
"""What a milestone may name beside a column."""
_FIELDS = (
    name
    for fact in (IssueFound, IssueFedBack, IssueClosed, IssueTold)
    for name in fact.model_fields
)
RESERVED = frozenset((*ENTRY_TEXTS, *CALENDAR, *_FIELDS, "all", "asof"))
"""Names that already mean something in `--by` and `--where`."""

_NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,31}$")


class Part(BaseModel):
    """A table of the profile: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def usable_labels(labels: Iterable[str]) -> None:
    """Raises ValueError for a name of a label that could not be asked for."""
    for name in labels:
        if not name.isascii() or not name:
            raise ValueError(
                f'a label needs an ASCII name: labels = {{ topic = "{name}" }}, not a list'
            )
        if name in RESERVED:
            raise ValueError(f'the label name "{name}" is taken in --by: rename it')


class Columns(Part):
    """Which column holds what. `labels`: name in `--by` and `--where` → column."""

    opened: str
    due: str | None = None
    replied: str | None = None
    closed: str | None = None
    area: str | None = None
    unit: str | None = None
    category: str | None = None
    outcome: str | None = None
    requester: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)

    @field_validator("labels", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {name: name for name in value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _usable(self) -> Columns:
        usable_labels(self.labels)
        return self

    def raw_labels(self) -> dict[str, str]:
        """Name → column of every text kept as it stood: the labels, and the outcome."""
        outcome = self.outcome
        if outcome is None or outcome in self.labels.values():
            return self.labels
        plain = outcome.isascii() and outcome not in RESERVED and outcome not in self.labels
        return {**self.labels, outcome if plain else "outcome": outcome}

    def all(self) -> list[str]:
        """Every column that is read, each once."""
        single = [
            value
            for name in type(self).model_fields
            if name != "labels" and (value := getattr(self, name)) is not None
        ]
        return list(dict.fromkeys([*single, *self.labels.values()]))


class Callouts(Part):
    """The notes that tell of a call-out to another department: by which labels those are known that
    `raised` and `ended` one, and in which fields its `id` and the department (`unit`) stand."""

    raised: dict[str, str] = Field(min_length=1)
    ended: dict[str, str] = Field(default_factory=dict)
    id: str
    unit: str


class Notes(Part):
    """The history in a record: an array of notes. `closed`: by which labels a note is known that
    is also the end of the case; `callouts`: which of them call other departments."""

    at: str
    time: str
    id: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    closed: dict[str, str] = Field(default_factory=dict)
    callouts: Callouts | None = None

    @model_validator(mode="after")
    def _usable(self) -> Notes:
        usable_labels(self.labels)
        called = self.callouts
        for name in (*self.closed, *(called.raised | called.ended if called else ())):
            if name not in self.labels:
                raise ValueError(f'"{name}" is no label of a note: name it in [notes.labels]')
        return self

    def own(self) -> list[str]:
        """Every field that is kept of a note, each once: what it is told by from the others."""
        single = [self.time, *([self.id] if self.id is not None else [])]
        return list(dict.fromkeys([*single, *self.labels.values()]))

    def wanted(self) -> list[str]:
        """Every field of a note that is read, those it is told by first."""
        called = [self.callouts.id, self.callouts.unit] if self.callouts is not None else []
        return list(dict.fromkeys([*self.own(), *called]))


class Milestone(Part):
    """A date of the source beside opening and end: a column, or the first or last note. It is
    recorded where the source tells when it was; with the time it took since another, and with the
    date by which it was due."""

    at: str
    since: str | None = None
    due: str | None = None

    def columns(self) -> list[str]:
        """The columns it is read from."""
        return [name for name in (self.at, self.since, self.due) if name and name not in OF_NOTES]


class Rules(Part):
    """What to do with what cannot be taken as it stands."""

    closed_before_opened: Literal["refuse_close", "refuse_row", "same_day"] = "refuse_close"
    replied_before_opened: Literal["refuse_reply", "refuse_row"] = "refuse_row"
    requesters: Literal["pseudonyms"] | None = None


class Metric(Part):
    """One of the source's own figures as a reading of a jishi counter."""

    counter: str
    by: tuple[str, ...] | None = None
    where: dict[str, str] = Field(default_factory=dict)


class Profile(Part):
    """One source. `name` is part of every id made from it: renaming it makes another source."""

    name: str
    title: str
    kind: Literal["issue"] = "issue"
    format: Literal["csv", "xlsx", "json", "ndjson", "xes"]
    encoding: str = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    records: str | None = None
    sheet: str | None = None
    timezone: str
    times: tuple[str, ...] = Field(min_length=1)
    no_time: tuple[str, ...] = ()
    durations: Literal["wall", "exact"] | None = None
    id: str
    hotline: bool = False
    """Whether the ids are those of the hotline's tickets: one number is one case, in whatever file
    or request it comes."""
    root: Code | None = None
    columns: Columns
    notes: Notes | None = None
    milestones: dict[str, Milestone] = Field(default_factory=dict)
    rules: Rules = Rules()
    areas: dict[str, Code] = Field(default_factory=dict)
    units: dict[str, Code] = Field(default_factory=dict)
    categories: dict[str, Code] = Field(default_factory=dict)
    outcomes: dict[str, Resolution] = Field(default_factory=dict)
    metrics: dict[str, Metric] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not _NAME.match(value):
            raise ValueError(f'"{value}" must be small letters, digits, - and _, at most 32')
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f'no encoding "{value}": utf-8-sig, gb18030, cp1252 …') from None

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f'no time zone "{value}": write it as in Asia/Shanghai') from None
        return value

    @model_validator(mode="after")
    def _persons(self) -> Profile:
        if self.columns.requester is not None and self.rules.requesters is None:
            raise ValueError(
                "a column of persons is imported only if the source has already put pseudonyms "
                'in place of names and numbers: then say so with [rules] requesters = "pseudonyms"'
            )
        return self

    @model_validator(mode="after")
    def _nested(self) -> Profile:
        if self.notes is not None and self.format in ("csv", "xlsx"):
            raise ValueError(f"a row of {self.format} has no notes in it: json, ndjson and xes do")
        for name, milestone in self.milestones.items():
            usable_labels([name])
            if self.notes is None and {milestone.at, milestone.since} & OF_NOTES:
                raise ValueError(f'milestone "{name}" is that of a note, and there are no [notes]')
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the source's clock on the wall."""
        return ZoneInfo(self.timezone)

    @property
    def by_wall(self) -> bool:
        """Whether time taken is what the clock on the wall showed (see `moments`)."""
        if self.durations is not None:
            return self.durations == "wall"
        return not any("%z" in spelling for spelling in self.times)

    @property
    def root_area(self) -> str:
        """The area under which the areas of this source stand."""
        return self.root or self.name.replace("_", "-")

    def wanted(self) -> list[str]:
        """Every column that is read."""
        dates = [name for each in self.milestones.values() for name in each.columns()]
        return list(dict.fromkeys([self.id, *self.columns.all(), *dates]))


def built_in() -> list[str]:
    """Names of the profiles that come with jishi."""
    return sorted(path.stem for path in BUILT_IN.glob("*.toml"))


def load(name_or_path: str | Path) -> Profile:
    """The profile of that name, or in that file.

    Raises Unknown where there is none, Malformed where it is not TOML, Invalid where a key or a
    value is wrong (`field` is the key, with its table).
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = BUILT_IN / f"{name_or_path}.toml"
    if not path.is_file():
        known = built_in()
        raise Unknown(
            f"no import profile {name_or_path}: give a path to a .toml file, or one of "
            f"{', '.join(known)}",
            what="profile",
            name=str(name_or_path),
            nearest=nearest(str(name_or_path), known),
            zh=f"没有导入配置 {name_or_path}：请给出 .toml 文件的路径，或其一：{'、'.join(known)}",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(
            f"profile {path.name} is not UTF-8 (byte {error.start})",
            field="profile",
            value=path.name,
            zh=f"配置 {path.name} 不是 UTF-8 编码（第 {error.start} 字节）",
        ) from error
    return parse(text, name=path.stem)


def parse(text: str, *, name: str) -> Profile:
    """The profile in this TOML text; `name` holds where the text gives none itself."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Malformed(
            f"profile {name} is not TOML: {error}",
            field="profile",
            value=name,
            zh=f"配置 {name} 不是 TOML:{error}",
        ) from error
    try:
        return Profile.model_validate({"name": name, **table})
    except ValidationError as error:
        raise _worded(name, error) from error


def _worded(name: str, error: ValidationError) -> Invalid:
    """One thing wrong, with its key: a key that is unknown, with the nearest known one, before one
    that is missing on that account."""
    errors = error.errors(include_url=False)
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    path = [str(step) for step in first["loc"]]
    field = ".".join(path) or name
    if first["type"] == "extra_forbidden":
        known = _keys_beside(path)
        near = nearest(path[-1], known)
        hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
        zh_hint = f"是否想写 {near}?" if near else f"可用的键：{'、'.join(known)}"
        return Invalid(
            f"profile {name} has no key {field}: {hint}",
            field=field,
            value=first["input"],
            zh=f"配置 {name} 没有键 {field}:{zh_hint}",
            nearest=near,
        )
    if first["type"] == "missing":
        detail, zh = f"profile {name} lacks the key {field}", f"配置 {name} 缺少键 {field}"
        return Invalid(detail, field=field, zh=zh)
    reason = first["msg"].removeprefix("Value error, ")
    value = "" if isinstance(first["input"], dict) else first["input"]
    return Invalid(
        f"profile {name}, {field}: {reason}",
        field=field,
        value=value,
        zh=f"配置 {name} 的 {field} 有误：{reason}",
    )


def _keys_beside(path: list[str]) -> list[str]:
    """Known keys of the table in which the last step of the path stands."""
    model: type[BaseModel] = Profile
    for step in path[:-1]:
        if step in model.model_fields:
            written = model.model_fields[step].annotation
            model = next(filter(_is_table, (written, *get_args(written))), model)
    return [key for key in model.model_fields if not (model is Profile and key == "name")]


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
