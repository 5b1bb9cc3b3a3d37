"""名录 · The registers of the demonstration: map, organisations, people, teams.

Source of the counts: seed S0 (2 streets, 12 communities, 44 resident units, 61 new organisations,
126 party organisations, 4941 members, 48 teams).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from services.exchange.demo.steps import Doer, Story
from services.exchange.demo.town import (
    ADMINISTRATOR,
    DISTRICT,
    NEW_ORGS,
    PARTY_ORGS,
    SHOWCASE,
    STREET_NAMES,
    Member,
    Town,
)
from services.exchange.demo.year import Year, minutes

SHOWCASE_AREAS = (
    ("shifan-street", "示范街道", "street", SHOWCASE),
    ("shifan-01", "示范第1社区", "community", "shifan-street"),
    ("shifan-02", "示范第2社区", "community", "shifan-street"),
)


def areas(town: Town, year: Year) -> Story:
    """The one map, with the made-up district beside 荔城."""
    story = Story("area", "map", keyed="map")
    listed: list[tuple[str, str, str, str | None]] = [(DISTRICT, "荔城区", "district", None)]
    listed += [(code, name, "street", DISTRICT) for code, name in STREET_NAMES.items()]
    listed += [(one.code, one.name, "community", one.street) for one in town.communities]
    listed += [(SHOWCASE, "示范区（虚构）", "district", None), *SHOWCASE_AREAS]
    for number, (code, name, level, parent) in enumerate(listed):
        at = year.eve + timedelta(seconds=number)
        story.add(at, ADMINISTRATOR, "define", code=code, name=name, level=level, parent=parent)
    return story


def orgs(town: Town, year: Year) -> Iterator[Story]:
    """Community organisations, resident units, new and party organisations."""
    at = year.eve + timedelta(hours=1)
    codes = [one.code for one in town.communities]
    for one in town.communities:
        yield _org(at, one.unit, f"{one.name}居委会", "community_org", one.code)
    for code, name, level, _ in SHOWCASE_AREAS:
        if level == "community":
            yield _org(at, f"org-{code}", f"{name}居委会", "community_org", code)
    for number, code in enumerate(town.units, 1):
        yield _org(at, code, f"驻区单位{number:03d}", "resident_unit", codes[number % len(codes)])
    for number in range(1, NEW_ORGS + 1):
        where = codes[number % len(codes)]
        yield _org(at, f"new-{number:03d}", f"“两新”组织{number:03d}", "new_org", where)
    for number in range(1, PARTY_ORGS + 1):
        where = codes[number % len(codes)]
        yield _org(
            at, f"party-{number:03d}", f"党组织{number:03d}", "party_org", where, form="branch"
        )


def _org(at: datetime, code: str, name: str, org_kind: str, area: str, **more: str) -> Story:
    return Story("org", code, keyed=code).add(
        at, ADMINISTRATOR, "register", code=code, name=name, org_kind=org_kind, area=area, **more
    )


def people(town: Town, year: Year, chance: random.Random) -> Iterator[Story]:
    """4941 members, by opaque id, each kept by their community."""
    for member in town.members:
        at = year.eve + timedelta(hours=3) + minutes(chance, 0, 5_000)
        yield Story("person", member.person, keyed=member.person).add(
            at,
            member.community.worker,
            "register",
            person=member.person,
            area=member.community.code,
            home_unit=_unit_of(member),
            home_community=member.community.code,
            affiliation=member.affiliation,
            membership="member",
        )


def _unit_of(member: Member) -> str | None:
    return None if member.affiliation == "retired_member" else member.home_unit


def teams(town: Town, year: Year, chance: random.Random) -> Iterator[Story]:
    """48 professional service teams, each with some of the members."""
    by_community: dict[str, list[Member]] = {}
    for member in town.participating:
        by_community.setdefault(member.community.code, []).append(member)
    for code, kind, community in town.teams:
        at = year.eve + timedelta(days=5)
        worker = Doer(f"cw-{community}", f"org-{community}", ("community", "dispatcher"))
        story = Story("team", code, keyed=code).add(
            at, worker, "form", code=code, area=community, team_kind=kind
        )
        for member in chance.sample(by_community[community], 8):
            at += minutes(chance, 1, 30)
            story.add(at, member.doer, "join")
        yield story
