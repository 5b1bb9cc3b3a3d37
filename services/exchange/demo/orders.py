"""点单 · The services of the year, and the orders behind them.

Quotas: 3509 services after hours, 9865 person-times over all services, 213 tailored services for
86 households in 拱辰街道 (seed S0). Declines, reopenings and cancellations are there because a
year has them. Nothing here counts: the counters do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.exchange.demo.steps import Doer, Story
from services.exchange.demo.town import Community, Member, Town
from services.exchange.demo.year import REST, Year, minutes

AFTER_HOURS = 3509
WORKING_HOURS = 402
PERSON_TIMES = 9865
TAILORED = 213
HOUSEHOLDS = 86
CANCELLED = 31
WAITING = 18
DECLINED_SHARE = 0.02
BOOKED_SHARE = 0.2
REDONE_SHARE = 0.01

CATEGORIES = ("home_repair", "tutoring", "check_up", "legal_advice", "errand", "cleaning")
CHANNELS = ("window", "phone", "online", "visit")


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the plan: it stands in the books once."""

    number: int
    timing: str
    beneficiaries: int
    household: str | None
    community: Community


def services(town: Town, chance: random.Random) -> list[Service]:
    """Every service of the plan, in no order of time."""
    timings = ["after_hours"] * AFTER_HOURS + ["working_hours"] * WORKING_HOURS
    chance.shuffle(timings)
    crowd = [1] * len(timings)
    for _ in range(PERSON_TIMES - len(timings)):
        crowd[chance.randrange(len(crowd))] += 1
    homes = [f"h-{number:03d}" for number in range(1, HOUSEHOLDS + 1)]
    homes += chance.choices(homes, k=TAILORED - HOUSEHOLDS)
    near = town.of_street("gongchen")
    found = []
    for number, (timing, people) in enumerate(zip(timings, crowd, strict=True)):
        household = homes[number] if number < TAILORED else None
        where = (
            near[int(household[2:]) % len(near)] if household else chance.choice(town.communities)
        )
        found.append(Service(number, timing, people, household, where))
    return found


def orders(
    town: Town, year: Year, chance: random.Random, planned: list[Service], servers: Iterator[Member]
) -> Iterator[Story]:
    """The orders behind these services; a few services are the second try of one order."""
    queue = list(reversed(planned))
    while queue:
        one = queue.pop()
        again = None
        if queue and queue[-1].household == one.household and chance.random() < REDONE_SHARE:
            again = queue.pop()
        yield served(year, chance, one, again, next(servers), town)
    for number in range(CANCELLED):
        yield _cancelled(town, year, chance, number)
    for number in range(WAITING):
        yield _waiting(town, year, chance, number)


def served(
    year: Year,
    chance: random.Random,
    one: Service,
    again: Service | None,
    member: Member,
    town: Town,
) -> Story:
    """One order, from being placed to being rated and filed."""
    worker, resident = one.community.worker, one.community.resident(chance.randrange(400))
    done_at = year.moment(chance, after_hours=one.timing == "after_hours")
    story = Story("order", f"order/{one.number}")
    at = _placed(story, chance, one, done_at - minutes(chance, 120, 5_000), resident)
    if chance.random() < DECLINED_SHARE:
        at = _declined(story, chance, at, worker, chance.choice(town.units))
    story.add(at, worker, "dispatch", unit=member.home_unit)
    at += minutes(chance, 2, 45)
    story.add(at, member.doer, "accept")
    if chance.random() < BOOKED_SHARE and done_at - at > timedelta(minutes=30):
        story.add(at + timedelta(minutes=1), member.doer, "book", start_at=year.text(done_at))
    _delivered(story, done_at, member.doer, one)
    at = done_at + minutes(chance, 5, 60)
    if again is not None:
        story.add(at, resident, "confirm", solved="no", reason="not_solved")
        at += minutes(chance, 30, 60)
        _delivered(story, at, member.doer, again)
        at += minutes(chance, 5, 10)
    _answered(story, chance, at, resident, worker)
    return story


def live_service(chance: random.Random, one: Service, member: Member, start: datetime) -> Story:
    """A service that happens while somebody is watching: seconds between its steps."""
    worker, resident = one.community.worker, one.community.resident(chance.randrange(400))
    story = Story("order", f"order/{one.number}")
    at = _placed(story, chance, one, start, resident)
    at = start + timedelta(seconds=2)
    story.add(at, worker, "dispatch", unit=member.home_unit)
    story.add(at + timedelta(seconds=2), member.doer, "accept")
    _delivered(story, at + timedelta(seconds=4), member.doer, one)
    story.add(at + timedelta(seconds=6), resident, "confirm", solved="yes")
    return story


def _placed(
    story: Story, chance: random.Random, one: Service, at: datetime, resident: Doer
) -> datetime:
    story.add(
        at,
        one.community.worker,
        "place",
        area=one.community.code,
        category=chance.choice(CATEGORIES),
        requester=resident.person,
        household=one.household,
        care="tailored" if one.household else None,
        channel=chance.choice(CHANNELS),
    )
    return at + minutes(chance, 1, 12)


def _declined(
    story: Story, chance: random.Random, at: datetime, worker: Doer, unit: str
) -> datetime:
    story.add(at, worker, "dispatch", unit=unit)
    at += minutes(chance, 1, 20)
    admin = Doer(f"ua-{unit}", unit, ("unit_admin",))
    story.add(at, admin, "decline", reason=chance.choice(("no_capacity", "no_skill", "conflict")))
    return at + minutes(chance, 1, 5)


def _delivered(story: Story, at: datetime, doer: Doer, one: Service) -> None:
    story.add(at, doer, "deliver", beneficiaries=one.beneficiaries, timing=one.timing)


def _answered(
    story: Story, chance: random.Random, at: datetime, resident: Doer, worker: Doer
) -> None:
    """Nine in ten confirm, most of them rate; the office files what is confirmed."""
    if chance.random() > 0.9:
        return
    at += minutes(chance, 5, 90)
    story.add(at, resident, "confirm", solved="yes")
    if chance.random() < 0.7:
        word = chance.choices(("satisfied", "basically", "dissatisfied"), (88, 10, 2))[0]
        at += minutes(chance, 1, 10)
        story.add(at, resident, "rate", satisfaction=word)
    story.add(at + minutes(chance, 1, 20), worker, "close")


def _cancelled(town: Town, year: Year, chance: random.Random, number: int) -> Story:
    where = chance.choice(town.communities)
    at = year.moment(chance, after_hours=False)
    resident = where.resident(chance.randrange(400))
    story = Story("order", f"order/cancelled/{number}").add(
        at, resident, "place", area=where.code, category=chance.choice(CATEGORIES), channel="online"
    )
    return story.add(at + minutes(chance, 10, 100), resident, "cancel", reason="withdrawn")


def _waiting(town: Town, year: Year, chance: random.Random, number: int) -> Story:
    """Placed shortly before the end of the year: somebody will have to act."""
    where = chance.choice(town.communities)
    at = year.end - REST - minutes(chance, 1, 40)
    story = Story("order", f"order/waiting/{number}").add(
        at,
        where.worker,
        "place",
        area=where.code,
        category=chance.choice(CATEGORIES),
        requester=where.resident(chance.randrange(400)).person,
    )
    if number % 2:
        unit = chance.choice(town.units)
        story.add(at + timedelta(seconds=40), where.worker, "dispatch", unit=unit)
    return story
