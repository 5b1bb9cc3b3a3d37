"""角色 · What a scenario speaks of is made where it is absent: areas, units, people, grants.

Everything is recorded over the public API by the log's first administrator, an hour before the
first step. What a step of the scenario itself registers is left to that step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

from services.access import TOKEN_PREFIX, token_hash
from services.exchange.scenarios.asking import Answer, ask
from services.exchange.scenarios.form import ROOT, AreaSaid, Scenario, Step, Who, who_of
from services.exchange.scenarios.stage import Stage
from services.kernel.catalogue import Catalogue
from services.kernel.pieces import Command
from services.kernel.words import UnitCode

LEVELS = ("district", "street", "community", "grid", "building")
"""The level of an area that does not say it: by how deep it lies."""
UNIT = get_args(UnitCode)[-1]
"""What marks the code of a unit in a type."""
NOT_THERE = frozenset({"invalid", "unknown"})
"""Refusals that may be about a unit that is absent: it is left so."""
REGISTERING = {
    "area.define": "code",
    "org.register": "code",
    "person.register": "person",
}
"""Steps that register something themselves, and the field that names it."""


class NotMade(Exception):
    """Something the scenario speaks of could not be made: the address, and the problem."""

    def __init__(self, what: str, problem: Mapping[str, Any]) -> None:
        super().__init__(what)
        self.what = what
        self.problem = problem


class Cast:
    """Makes what is absent, and keeps the token of everybody who acts."""

    def __init__(self, stage: Stage, language: str) -> None:
        self._stage = stage
        self._language = language
        self._tokens: dict[str, str] = {}

    async def make(self, scenario: Scenario) -> None:
        """Areas, units and people. Raises NotMade."""
        theirs = set(registered(scenario.steps))
        for code, said in areas_of(scenario):
            if ("area.define", code) not in theirs:
                await self._do("area", said)
        for code, fields in units_of(scenario, self._stage.catalogue):
            if ("org.register", code) not in theirs:
                await self._do("org", fields)
        for person, fields in people_of(scenario):
            if ("person.register", person) not in theirs:
                await self._do("person", fields)

    async def token(self, text: str) -> str:
        """The token of `role[:person][@unit][/area]`, granted when it is first needed."""
        if text not in self._tokens:
            token = TOKEN_PREFIX + hashlib.sha256(text.encode()).hexdigest()
            await self._do("access", grant_of(who_of(text), token))
            self._tokens[text] = token
        return self._tokens[text]

    async def _do(self, kind: str, fields: Mapping[str, Any]) -> Answer:
        stage = self._stage
        path = f"/api/v1/{kind}"
        answer = await ask(
            stage.app, "POST", path, stage.administrator, fields, language=self._language
        )
        if not answer.good:
            raise NotMade(f"POST {path} {dict(fields)}", answer.json)
        return answer


def grant_of(who: Who, token: str) -> dict[str, Any]:
    """The fields of the grant: every action, within the roles."""
    fields: dict[str, Any] = {
        "person": who.person,
        "roles": list(who.roles),
        "actions": ["*"],
        "secret_hash": token_hash(token),
        "area": who.area or ROOT,
    }
    return fields if who.unit is None else {**fields, "unit": who.unit}


def registered(steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    """What the steps register themselves: the command, and the code."""
    for step in steps:
        name = f"{step.kind}.{step.command}"
        field = REGISTERING.get(name)
        if field is not None and step.refused is None:
            yield name, str(step.fields.get(field))


def areas_of(scenario: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every area with the fields that define it, parents first."""
    said = {
        code: one if isinstance(one, AreaSaid) else AreaSaid(parent=one)
        for code, one in scenario.areas.items()
    }
    for one in list(said.values()):
        if one.parent != ROOT:
            said.setdefault(one.parent, AreaSaid())
    depths: dict[str, int] = {}

    def depth(code: str, below: tuple[str, ...] = ()) -> int:
        if code not in depths:
            parent = said[code].parent
            inside = parent == ROOT or parent in below
            depths[code] = 0 if inside else depth(parent, (*below, code)) + 1
        return depths[code]

    for code in sorted(said, key=depth):
        one = said[code]
        level = one.level or LEVELS[min(depth(code), len(LEVELS) - 1)]
        fields = {"code": code, "name": one.name or code, "level": level}
        yield code, fields if one.parent == ROOT else {**fields, "parent": one.parent}


def units_of(scenario: Scenario, catalogue: Catalogue) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every unit described, or named where a unit acts, with the fields that register it."""
    plain = {"area": scenario.home, "org_kind": "resident_unit"}
    said: dict[str, dict[str, Any]] = {}
    for code, one in scenario.units.items():
        said[code] = {**plain, **(one if isinstance(one, dict) else {"area": one})}
    for code in _units_named(scenario, catalogue):
        said.setdefault(code, plain)
    for code, fields in said.items():
        yield code, {"code": code, "name": code, **fields}


def people_of(scenario: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everybody who is described, with the fields that list them."""
    plain = {"area": scenario.home, "affiliation": "serving_member", "membership": "member"}
    for person, one in scenario.people.items():
        own = one if isinstance(one, dict) else {"home_unit": one}
        yield person, {"person": person, **plain, **own}


def _units_named(scenario: Scenario, catalogue: Catalogue) -> Iterator[str]:
    for step in scenario.steps:
        if step.who is not None and (unit := who_of(step.who).unit) is not None:
            yield unit
        if step.refused in NOT_THERE or not step.fields:
            continue
        own = step.fields.get(REGISTERING.get(f"{step.kind}.{step.command}", ""))
        for field in _unit_fields(step, catalogue):
            named = step.fields.get(field)
            if isinstance(named, str) and named != own and not named.startswith("$"):
                yield named
    for one in scenario.people.values():
        unit = one.get("home_unit") if isinstance(one, dict) else one
        if unit is not None:
            yield unit


def _unit_fields(step: Step, catalogue: Catalogue) -> frozenset[str]:
    """The fields of what is done that hold the code of a unit; none where it is not known."""
    entry = catalogue.entries.get(step.kind)
    info = entry.commands.get(step.command) if entry is not None else None
    return _of_units(info.model) if info is not None else frozenset()


@cache
def _of_units(model: type[Command]) -> frozenset[str]:
    hints = get_type_hints(model, include_extras=True)
    return frozenset(name for name in model.model_fields if _holds_unit(hints[name]))


def _holds_unit(annotation: Any) -> bool:
    if UNIT in getattr(annotation, "__metadata__", ()):
        return True
    return any(_holds_unit(part) for part in get_args(annotation))
