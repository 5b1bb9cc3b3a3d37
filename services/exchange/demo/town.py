"""城 · Who and where: 荔城 as its article counts it, with made-up codes for everybody in it.

Streets are named as published; communities, units and people are numbered, never named, since
nobody here stands for a real one. Source: 莆田市荔城区“家党建”, 2018-09-28 (seed S0).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from services.exchange.demo.steps import Doer

DISTRICT = "licheng"
SHOWCASE = "shifan"
"""A made-up district beside it, where a gentle stream of deeds goes on."""

COMMUNITIES = {"zhenhai": 7, "gongchen": 5}
RESIDENT_UNITS = 44
NEW_ORGS = 61
PARTY_ORGS = 126
MEMBERS = 4941
PARTICIPATING = 3415
TEAMS = 48

TEAM_KINDS = (
    "education_medical",
    "poverty_relief",
    "security",
    "environment",
    "legal",
)


@dataclass(frozen=True, slots=True)
class Community:
    """One community and those who work in it."""

    code: str
    name: str
    street: str

    @property
    def unit(self) -> str:
        """Its own organisation."""
        return f"org-{self.code}"

    @property
    def worker(self) -> Doer:
        """Its community worker, who also gives out orders."""
        return Doer(f"cw-{self.code}", self.unit, ("community", "dispatcher"))

    @property
    def mediator(self) -> Doer:
        """Its mediator."""
        return Doer(f"md-{self.code}", self.unit, ("mediator", "community"))

    def resident(self, number: int) -> Doer:
        """One of its residents."""
        return Doer(f"r-{self.code}-{number:04d}", None, ("resident",))


@dataclass(frozen=True, slots=True)
class Member:
    """A member: where they work, where they live."""

    person: str
    home_unit: str
    community: Community
    affiliation: str

    @property
    def doer(self) -> Doer:
        """As somebody who serves."""
        return Doer(self.person, self.home_unit, ("worker",))

    @property
    def home_unit_admin(self) -> Doer:
        """The one who acts for the unit they come from."""
        return Doer(f"ua-{self.home_unit}", self.home_unit, ("unit_admin",))


@dataclass(slots=True)
class Town:
    """The whole cast, the same for the same seed."""

    communities: list[Community]
    units: list[str]
    members: list[Member]
    teams: list[tuple[str, str, str]] = field(default_factory=list)
    """(code, kind, community)"""

    @property
    def participating(self) -> list[Member]:
        """The serving members who take part in the year."""
        return self.members[:PARTICIPATING]

    def of_street(self, street: str) -> list[Community]:
        """The communities of one street."""
        return [one for one in self.communities if one.street == street]


ADMINISTRATOR = Doer("demo-administrator", None, ("administrator",))
AUDITOR = Doer("demo-auditor", None, ("auditor",))


def build(seed: int) -> Town:
    """荔城's cast."""
    chance = random.Random(f"town/{seed}")  # noqa: S311 (a plan, not a secret)
    communities = [
        Community(f"{street}-{number:02d}", f"{STREET_NAMES[street]}第{number}社区", street)
        for street, count in COMMUNITIES.items()
        for number in range(1, count + 1)
    ]
    units = [f"unit-{number:03d}" for number in range(1, RESIDENT_UNITS + 1)]
    members = []
    for number in range(1, MEMBERS + 1):
        if number <= PARTICIPATING:
            affiliation = "serving_member"
        else:
            affiliation = chance.choices(
                ("serving_member", "retired_member", "floating_member", "resident_member"),
                (2, 8, 3, 2),
            )[0]
        members.append(
            Member(f"m{number:05d}", chance.choice(units), chance.choice(communities), affiliation)
        )
    teams = [
        (f"team-{number:02d}", TEAM_KINDS[number % len(TEAM_KINDS)], one.code)
        for number, one in enumerate(
            communities[number % len(communities)] for number in range(TEAMS)
        )
    ]
    return Town(communities, units, members, teams)


STREET_NAMES = {"zhenhai": "镇海街道", "gongchen": "拱辰街道"}
