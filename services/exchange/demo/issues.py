"""问题 · The issues of the year: 858 closed as solved (seed S0), and those that were not.

Each goes its whole way: found, assessed, classified, assigned, handled, fed back, closed. Closing
is not solving: some end explained, some without power to act, some are still open.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from services.exchange.demo.steps import Doer, Story
from services.exchange.demo.town import AUDITOR, Member, Town
from services.exchange.demo.year import REST, Year, minutes

SOLVED = 858
UNSOLVED = 61
OPEN = 17
VERIFIED_SHARE = 0.08

CATEGORIES = ("sanitation", "parking", "noise", "lighting", "property", "drainage", "greening")
CHANNELS = ("in_person", "talk_room", "online", "card", "patrol", "visit", "hotline")
ENDINGS = ("explained", "not_in_scope", "no_power", "withdrawn")
TIERS, TIER_SHARES = ("general", "major", "complex"), (70, 24, 6)


def issues(
    town: Town, year: Year, chance: random.Random, live: int, helpers: Iterator[Member]
) -> Iterator[Story]:
    """All issues of the year but the last `live` solved ones."""
    for number in range(SOLVED - live):
        yield issue(town, year, chance, number, next(helpers), "solved")
    for number in range(SOLVED, SOLVED + UNSOLVED):
        yield issue(town, year, chance, number, next(helpers), chance.choice(ENDINGS))
    for number in range(OPEN):
        yield _open(town, year, chance, number)


def issue(
    town: Town, year: Year, chance: random.Random, number: int, member: Member, ending: str
) -> Story:
    """One issue and its end."""
    where = member.community
    worker, resident = where.worker, where.resident(chance.randrange(400))
    tier = chance.choices(TIERS, TIER_SHARES)[0]
    found_at = year.moment(chance, after_hours=chance.random() < 0.4)
    longest = {"general": 75, "major": 1_500, "complex": 9_000}[tier]
    found_at = min(found_at, year.end - REST - timedelta(minutes=longest + 100))
    story = Story("issue", f"issue/{number}").add(
        found_at,
        worker,
        "find",
        area=where.code,
        category=chance.choice(CATEGORIES),
        channel=chance.choice(CHANNELS),
        requester=resident.person,
    )
    at = _assigned(story, chance, found_at, worker, member.home_unit, tier)
    if tier == "complex":
        at += minutes(chance, 300, 7_000)
        story.add(at, member.doer, "form_plan")
    at += minutes(chance, 10, {"general": 55, "major": 1_300, "complex": 1_500}[tier])
    _ended(story, chance, at, member, ending, resident, worker)
    return story


def live_issue(chance: random.Random, number: int, member: Member, start: datetime) -> Story:
    """An issue that is solved while somebody is watching."""
    where = member.community
    worker, resident = where.worker, where.resident(chance.randrange(400))
    pause = timedelta(seconds=2)
    story = Story("issue", f"issue/{number}").add(
        start,
        worker,
        "find",
        area=where.code,
        category=chance.choice(CATEGORIES),
        requester=resident.person,
    )
    story.add(start + pause, worker, "classify", tier="general")
    story.add(start + 2 * pause, worker, "assign", unit=member.home_unit)
    story.add(start + 3 * pause, member.doer, "handle", resolution="solved")
    story.add(start + 4 * pause, worker, "feed_back")
    story.add(start + 5 * pause, worker, "close", resolution="solved")
    return story


def _assigned(
    story: Story, chance: random.Random, at: datetime, worker: Doer, unit: str, tier: str
) -> datetime:
    at += minutes(chance, 1, 6)
    story.add(at, worker, "assess")
    at += minutes(chance, 1, 4)
    story.add(at, worker, "classify", tier=tier)
    at += minutes(chance, 1, 4)
    story.add(at, worker, "assign", unit=unit)
    if chance.random() < 0.6:
        means = chance.choice(("phone", "visit", "message"))
        story.add(at + timedelta(seconds=50), worker, "contact", means=means)
    return at + timedelta(minutes=1)


def _ended(
    story: Story,
    chance: random.Random,
    at: datetime,
    member: Member,
    ending: str,
    resident: Doer,
    worker: Doer,
) -> None:
    story.add(at, member.doer, "handle", resolution=ending)
    at += minutes(chance, 1, 15)
    story.add(at, worker, "feed_back")
    if ending == "solved" and chance.random() < 0.7:
        at += minutes(chance, 2, 20)
        story.add(at, resident, "confirm", solved=True)
    if ending == "solved" and chance.random() < VERIFIED_SHARE:
        at += minutes(chance, 2, 20)
        story.add(at, AUDITOR, "check", finding="solved")
    story.add(at + minutes(chance, 1, 20), worker, "close", resolution=ending)


def _open(town: Town, year: Year, chance: random.Random, number: int) -> Story:
    """Some wait, and some of them wait too long."""
    where = chance.choice(town.communities)
    at = year.end - REST - minutes(chance, 30, 3_000)
    story = Story("issue", f"issue/open/{number}").add(
        at,
        where.worker,
        "find",
        area=where.code,
        category=chance.choice(CATEGORIES),
        requester=where.resident(chance.randrange(400)).person,
    )
    if number % 3:
        _assigned(story, chance, at, where.worker, chance.choice(town.units), "major")
    return story
