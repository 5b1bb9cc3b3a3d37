"""报到与调解 · The members' check-ins, and the disputes they and others settle.

Quota: 139 disputes resolved (seed S0). That all 3415 who take part check in first is the
demonstration's own assumption: the article counts those who take part.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from services.exchange.demo.steps import Doer, Story
from services.exchange.demo.town import Member, Town
from services.exchange.demo.year import Year, minutes

RESOLVED = 139
FAILED = 9
REFERRED = 6
FEEDBACK_SHARE = 0.35
KINDS = ("neighbours", "property", "family", "parking", "pets")
SKILLS = ("education", "medical", "relief", "security", "environment", "legal", "repair", "digital")


def check_ins(town: Town, year: Year, chance: random.Random, live: int) -> Iterator[Story]:
    """One for each who takes part, before their first deed; the last `live` stay unconfirmed."""
    people = town.participating
    for number, member in enumerate(people):
        yield check_in(year, chance, member, confirmed=number < len(people) - live)


def check_in(year: Year, chance: random.Random, member: Member, *, confirmed: bool) -> Story:
    """Registration, skills, and sometimes the two-way feedback with the unit."""
    worker = member.community.worker
    at = year.eve + timedelta(days=7) + minutes(chance, 0, 7_000)
    story = Story("check_in", f"check_in/{member.person}").add(
        at, member.doer, "request", area=member.community.code
    )
    if not confirmed:
        return story
    at += minutes(chance, 20, 2_000)
    story.add(at, worker, "confirm")
    if chance.random() < 0.6:
        skills = sorted(set(chance.choices(SKILLS, k=2)))
        story.add(at + minutes(chance, 1, 50), member.doer, "declare_skills", skills=skills)
        if chance.random() < FEEDBACK_SHARE:
            _feedback(story, year, chance, member, worker)
    return story


def live_check_in(story: Story, member: Member, at: datetime) -> Story:
    """The community's word for a request that waits."""
    return Story("check_in", story.case).add(at, member.community.worker, "confirm")


def _feedback(
    story: Story, year: Year, chance: random.Random, member: Member, worker: Doer
) -> None:
    at = year.start + timedelta(days=100) + minutes(chance, 0, 300_000)
    day = at.astimezone(year.zone).date()
    story.add(
        at,
        worker,
        "send_feedback",
        services=chance.randrange(1, 5),
        conduct=chance.choices(("kept", "partly"), (9, 1))[0],
        period_from=str(day - timedelta(days=91)),
        period_to=str(day - timedelta(days=1)),
    )
    if chance.random() < 0.8:
        story.add(at + minutes(chance, 60, 9_000), member.home_unit_admin, "acknowledge")


def disputes(town: Town, year: Year, chance: random.Random, live: int) -> Iterator[Story]:
    """Those resolved (all but the last `live`), those not, those sent elsewhere."""
    for number in range(RESOLVED - live):
        yield _dispute(town, year, chance, number, "resolved")
    for number in range(RESOLVED, RESOLVED + FAILED):
        yield _dispute(town, year, chance, number, "failed")
    for number in range(RESOLVED + FAILED, RESOLVED + FAILED + REFERRED):
        yield _dispute(town, year, chance, number, "referred")


def _dispute(town: Town, year: Year, chance: random.Random, number: int, ending: str) -> Story:
    where = chance.choice(town.communities)
    worker, mediator = where.worker, where.mediator
    last = year.moment(chance, after_hours=chance.random() < 0.5)
    at = last - minutes(chance, 1_000, 6_000)
    story = Story("dispute", f"dispute/{number}").add(
        at, worker, "register", area=where.code, category=chance.choice(KINDS), channel="in_person"
    )
    at += minutes(chance, 20, 300)
    if ending == "referred":
        story.add(at, worker, "refer", to=chance.choice(("legal_aid", "court", "department")))
        return story
    story.add(at, worker, "consent")
    at += minutes(chance, 5, 60)
    role = chance.choice(("committee", "committee", "lawyer", "member"))
    story.add(at, worker, "assign_mediator", mediator=mediator.person, role=role)
    at += minutes(chance, 60, 500)
    story.add(at, mediator, "mediate", minutes=chance.randrange(30, 150))
    if ending == "failed":
        story.add(last, mediator, "fail", reason="no_agreement")
        return story
    story.add(last, mediator, "agree", performance="at_once")
    if chance.random() < 0.3:
        story.add(last + timedelta(days=20), worker, "revisit", outcome="holds")
    return story.until(year.end - timedelta(hours=1))


def live_dispute(town: Town, chance: random.Random, number: int, at: datetime) -> Story:
    """A dispute that is settled while somebody is watching."""
    where, pause = chance.choice(town.communities), timedelta(seconds=2)
    story = Story("dispute", f"dispute/{number}").add(
        at, where.worker, "register", area=where.code, category=chance.choice(KINDS)
    )
    story.add(at + pause, where.worker, "consent")
    story.add(at + 2 * pause, where.worker, "assign_mediator", mediator=where.mediator.person)
    story.add(at + 3 * pause, where.mediator, "mediate", minutes=40)
    return story.add(at + 4 * pause, where.mediator, "agree", performance="at_once")
