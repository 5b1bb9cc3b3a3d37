"""登记事实 · What each fact of a register means for the directory: one small function a fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from events.clock import instant_of
from events.fact import Books
from services.access import Grant
from services.kernel.words import Limit

ROOT = "root"
"""The area above all areas. It is always there, and stands on no map."""


@dataclass(frozen=True, slots=True)
class Area:
    """One area of the map; a closed one stays known, since its deeds do."""

    code: str
    name: str
    level: str = ""
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One organisation."""

    code: str
    name: str
    kind: str = ""
    area: str = ""
    parent: str | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """One service team."""

    code: str
    name: str
    kind: str = ""
    area: str = ""
    unit: str | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what its versions say, oldest first, each with its first day."""

    code: str
    area: str
    versions: tuple[tuple[date, Mapping[str, Any]], ...]
    withdrawn_on: date | None = None

    def on(self, day: date) -> Mapping[str, Any] | None:
        """What it says on a day; None where it does not hold."""
        if self.withdrawn_on is not None and day >= self.withdrawn_on:
            return None
        begun = [said for first, said in self.versions if first <= day]
        return begun[-1] if begun else None


@dataclass(slots=True)
class Lists:
    """Everything the registers say, by code. `version` goes up with every change of the map or
    the rules: what was worked out from them is good for one version."""

    areas: dict[str, Area] = field(default_factory=lambda: {ROOT: Area(ROOT, "全域", ROOT)})
    units: dict[str, Unit] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    books: dict[str, Books] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """Token ids by the hash of the secret."""
    version: int = 0

    def take(self, name: str, said: Mapping[str, Any]) -> None:
        """One body of the register stream `kind/name`."""
        fold = FOLDS.get(said["fact"])
        if fold is not None:
            fold(self, name, said["about"], said["data"])

    def forget(self, kind: str, name: str) -> None:
        """Take everything out that one register stream said."""
        match kind:
            case "area":
                self.areas = {ROOT: self.areas[ROOT]}
            case "org":
                self.units.pop(name, None)
            case "team":
                self.teams.pop(name, None)
            case "rule":
                self.rules.pop(name, None)
            case "person":
                self.books.pop(name, None)
            case "access":
                self.grants.pop(name, None)
                self.tokens = {key: one for key, one in self.tokens.items() if one != name}
            case _:
                raise AssertionError(f"{kind} is not a register")
        self.version += 1


About = Mapping[str, Any]
Data = Mapping[str, Any]
Fold = Callable[[Lists, str, About, Data], None]


def _area_defined(lists: Lists, name: str, about: About, data: Data) -> None:
    area = Area(data["code"], data["name"], data["level"], data.get("parent"))
    lists.areas[area.code] = area
    lists.version += 1


def _area_renamed(lists: Lists, name: str, about: About, data: Data) -> None:
    if (known := lists.areas.get(data["code"])) is not None:
        lists.areas[known.code] = replace(known, name=data["name"])


def _area_redrawn(lists: Lists, name: str, about: About, data: Data) -> None:
    listed = {area: share["code"] for share in data["into"] for area in share.get("areas") or ()}
    for share in data["into"]:
        if not share.get("areas") and not share.get("categories"):
            for area in lists.areas.values():
                if area.parent == data["code"]:
                    listed.setdefault(area.code, share["code"])
    for code, parent in listed.items():
        if (known := lists.areas.get(code)) is not None:
            lists.areas[code] = replace(known, parent=parent)
    lists.version += 1


def _org_registered(lists: Lists, name: str, about: About, data: Data) -> None:
    lists.units[name] = Unit(
        name, data["name"], data["org_kind"], about["area"], data.get("parent")
    )


def _org_renamed(lists: Lists, name: str, about: About, data: Data) -> None:
    if (known := lists.units.get(name)) is not None:
        lists.units[name] = replace(known, name=data["name"])


def _org_closed(lists: Lists, name: str, about: About, data: Data) -> None:
    if (known := lists.units.get(name)) is not None:
        lists.units[name] = replace(known, closed=True)


def _team_formed(lists: Lists, name: str, about: About, data: Data) -> None:
    words = data.get("name") or name
    lists.teams[name] = Team(name, words, data["team_kind"], about["area"], about.get("unit"))


def _team_disbanded(lists: Lists, name: str, about: About, data: Data) -> None:
    if (known := lists.teams.get(name)) is not None:
        lists.teams[name] = replace(known, closed=True)


def _person_listed(lists: Lists, name: str, about: About, data: Data) -> None:
    lists.books[name] = Books.model_validate(about.get("books") or {})


def _person_left(lists: Lists, name: str, about: About, data: Data) -> None:
    lists.books.pop(name, None)


def _rule_laid_down(lists: Lists, name: str, about: About, data: Data) -> None:
    before = lists.rules.get(name)
    version = (date.fromisoformat(data["effective_on"]), data)
    versions = (*(before.versions if before else ()), version)
    lists.rules[name] = Rule(name, before.area if before else about["area"], versions)
    lists.version += 1


def _rule_withdrawn(lists: Lists, name: str, about: About, data: Data) -> None:
    if (known := lists.rules.get(name)) is not None:
        day = date.fromisoformat(data["effective_on"])
        lists.rules[name] = replace(known, withdrawn_on=day)
        lists.version += 1


def _access_granted(lists: Lists, name: str, about: About, data: Data) -> None:
    expires = data.get("expires_at")
    area = about["area"]
    # Whoever reads the log knows the hash: a second grant of it never stands before a valid one.
    if lists.tokens.get(data["secret_hash"]) not in lists.grants:
        lists.tokens[data["secret_hash"]] = name
    lists.grants[name] = Grant(
        token_id=name,
        person=data["person"],
        unit=about.get("unit"),
        roles=frozenset(data.get("roles") or ()),
        area=None if area == ROOT else area,
        actions=frozenset(data["actions"]),
        expires_at=instant_of(expires) if expires else None,
    )


def _access_revoked(lists: Lists, name: str, about: About, data: Data) -> None:
    lists.grants.pop(name, None)


FOLDS: Mapping[str, Fold] = {
    "area.defined": _area_defined,
    "area.renamed": _area_renamed,
    "area.redrawn": _area_redrawn,
    "org.registered": _org_registered,
    "org.renamed": _org_renamed,
    "org.closed": _org_closed,
    "team.formed": _team_formed,
    "team.disbanded": _team_disbanded,
    "person.registered": _person_listed,
    "person.affiliation_transferred": _person_listed,
    "person.left": _person_left,
    "rule.published": _rule_laid_down,
    "rule.revised": _rule_laid_down,
    "rule.withdrawn": _rule_withdrawn,
    "access.granted": _access_granted,
    "access.revoked": _access_revoked,
}


def limit_of(said: Mapping[str, Any]) -> Limit | None:
    """The limit a version of a rule lays down; None where it is about something else."""
    limit = said.get("limit")
    return Limit(limit["seconds"], limit.get("working", False)) if limit else None
