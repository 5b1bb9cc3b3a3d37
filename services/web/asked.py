"""查询参数 · What stands in an address: filters, limits, cursors, times."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from starlette.datastructures import QueryParams

from events.clock import MICROSECOND
from events.errors import Denied, Invalid, Unknown
from projections.declare import Values
from projections.query import Axis, Query
from services.access import Grant
from services.directory import Directory
from services.kernel.words import Party
from services.listed import ROOT
from services.parsing import nearest

REPEATED_MAX = 50
TEXT_MAX = 200
OVERSEERS = frozenset({"auditor", "administrator", "system"})
"""Roles that may ask for numbers person by person."""


class Asked:
    """The parameters of one request. Each is asked for by name; `done` refuses the others."""

    def __init__(self, query: QueryParams, zone: ZoneInfo) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in query.multi_items():
            self._values.setdefault(name, []).append(value)
        self._zone = zone
        self._known: list[str] = []

    def text(self, name: str) -> str | None:
        """One text, or None. Raises Invalid where it stands there twice."""
        found = self.many(name)
        if len(found) > 1:
            raise invalid(name, found[1], "may be given once", "只能给出一次")
        return found[0] if found else None

    def many(self, name: str) -> list[str]:
        """All values of one that may be repeated."""
        self._known.append(name)
        found = [value for value in self._values.get(name, ()) if value != ""]
        if len(found) > REPEATED_MAX or any(len(value) > TEXT_MAX for value in found):
            raise invalid(name, found[0], "is too long", "过长")
        if any("\0" in value for value in found):
            raise invalid(name, "", "holds a zero byte", "含有零字节")
        return found

    def whole(self, name: str, *, usual: int, least: int, most: int) -> int:
        """A whole number within its limits."""
        text = self.text(name)
        if text is None:
            return usual
        if re.fullmatch(r"[0-9]{1,18}", text) and least <= int(text) <= most:
            return int(text)
        raise invalid(
            name,
            text,
            f"must be a whole number from {least} to {most}",
            f"应为 {least} 至 {most} 的整数",
        )

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of these words; the first where none is given."""
        text = self.text(name) or choices[0]
        if text not in choices:
            words = ", ".join(choices)
            raise invalid(name, text, f"must be one of {words}", f"应为 {words} 之一")
        return text

    def instant(self, name: str, *, begins: bool = False) -> datetime | None:
        """A time: RFC 3339; without a zone the deployment's own; a bare day means its end, or its
        beginning where it `begins` a span."""
        text = self.text(name)
        return None if text is None else instant(name, text, self._zone, begins=begins)

    def done(self) -> None:
        """Raises Invalid for a parameter that was not asked for, with the nearest known one."""
        for name, values in self._values.items():
            if name not in self._known:
                near = nearest(name, self._known)
                known = ", ".join(dict.fromkeys(self._known))
                raise Invalid(
                    f"{name}: there is no such parameter here"
                    + (f"; did you mean {near}?" if near else f"; known are {known or 'none'}"),
                    field=name,
                    value=values[0],
                    zh=f"{name}：没有这一参数" + (f"，是否指 {near}?" if near else ""),
                    nearest=near,
                )


def instant(name: str, text: str, zone: ZoneInfo, *, begins: bool = False) -> datetime:
    """One time, as people write it. Raises Invalid."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            midnight = datetime.combine(datetime.fromisoformat(text).date(), time(), zone)
            if begins:
                return midnight.astimezone(UTC)
            return (midnight + timedelta(days=1)).astimezone(UTC) - MICROSECOND
        found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as cause:
        raise invalid(
            name,
            text,
            "must be a time such as 2018-09-28, 2018-09-28T09:00 or 2018-09-28T09:00:00+08:00",
            "应为时间，如 2018-09-28、2018-09-28T09:00 或 2018-09-28T09:00:00+08:00",
        ) from cause


def invalid(name: str, value: str, why: str, zh: str) -> Invalid:
    """A parameter that is wrong."""
    return Invalid(f"{name}: {why}", field=name, value=value, zh=f"{name}:{zh}")


def area_of(asked: Asked, grant: Grant, directory: Directory) -> str | None:
    """The area asked about; by default the whole of what the token sees. None = everything.

    Raises Unknown for an area that is not there, or not the caller's to see.
    """
    area = asked.text("area")
    if area is None:
        return grant.area
    if area == ROOT and grant.area is None:
        return None
    known = directory.area(area)
    if not directory.reaches(grant, area):
        raise Unknown(
            f"there is no area {area!r} inside yours",
            what="area",
            name=area,
            zh=f"您的范围内没有区域 {area!r}",
        )
    return known.code


def query_of(
    asked: Asked,
    grant: Grant,
    directory: Directory,
    people: frozenset[str],
    *,
    counters: tuple[str, ...] = (),
) -> Query:
    """The question of the ledger that stands in the address, within what the token sees."""
    area = area_of(asked, grant, directory)
    ours = partial(keeps_book_of, grant, directory)
    return question_of(asked, grant, people, area=area, counters=counters, ours=ours)


def keeps_book_of(grant: Grant, directory: Directory, person: str) -> bool:
    """Whether the record book of a person is the caller's to open: their own, or, for an
    administrator of a unit, that of a member of it."""
    if person == grant.person:
        return True
    unit = grant.unit if Party.UNIT_ADMIN.value in grant.roles else None
    return unit is not None and directory.books(person).home_unit == unit


def question_of(
    asked: Asked,
    grant: Grant,
    people: frozenset[str],
    *,
    area: str | None,
    counters: tuple[str, ...] = (),
    ours: Callable[[str], bool] | None = None,
) -> Query:
    """The same about an area. `people` are the fields that hold a person: only overseers ask by
    them, everybody else for themselves alone, or for one person whose book is `ours`."""
    where: dict[str, Values] = {}
    for item in asked.many("where"):
        name, equals, value = item.partition("=")
        if not name or not equals:
            raise invalid("where", item, "must be NAME=VALUE", "应写作 名称=值")
        before = where.get(name)
        where[name] = value if before is None else (*_texts(before), value)
    by = tuple(asked.many("by"))
    check_people(grant, people, by, where, ours or grant.person.__eq__)
    return Query(
        counters=counters or tuple(asked.many("counter")),
        area=area,
        unit=asked.text("unit"),
        by=by,
        where=where,
        as_of=as_of(asked),
        axis=Axis(asked.choice("axis", tuple(axis.value for axis in Axis))),
        map=asked.choice("map", ("today", "then")),
    )


def as_of(asked: Asked) -> datetime | int | None:
    """The moment asked about: a position, an instant, or None for now."""
    text = asked.text("as_of")
    if text is not None and re.fullmatch(r"[0-9]{1,18}", text):
        return int(text)
    return asked.instant("as_of")


def _texts(values: Values) -> tuple[str, ...]:
    return values if isinstance(values, tuple) else (str(values),)


def check_people(
    grant: Grant,
    people: frozenset[str],
    by: tuple[str, ...],
    where: Mapping[str, Values],
    ours: Callable[[str], bool],
) -> None:
    """Raises Denied where numbers about single people are asked for by who is no overseer, but for
    one whose book is `ours`."""
    if grant.roles & OVERSEERS:
        return
    for name in (*by, *where):
        asked = _texts(where.get(name, ()))
        own = len(asked) == 1 and ours(asked[0])
        if name in people and not own:
            raise Denied(
                f"numbers by {name} are about single people: auditors ask for them, others for"
                " themselves alone",
                zh=f"按 {name} 分项即按个人：仅核查员可查，他人只能查本人",
                dimension=name,
            )


def cursor_of(value: Any) -> str:
    """A cursor: where the next page begins. Opaque to callers."""
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def from_cursor(asked: Asked) -> int | None:
    """The position a cursor stands for. Raises Invalid for one that was not given out here."""
    text = asked.text("cursor")
    if text is None:
        return None
    try:
        value = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        value = None
    if type(value) is not int or value < 0:
        raise invalid("cursor", text, "must be one that a page gave", "应为上一页给出的游标")
    return value
