"""计划 · The whole demonstration: what is played at once, and the last hundred deeds, played live.

The plan depends on nothing but the day it ends on. Played in full it comes to the published
figures; the live part is what is still missing when the page opens.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from services.exchange.demo import districts, issues, members, mistakes, orders, posts, registers
from services.exchange.demo.script import in_written_order
from services.exchange.demo.steps import Numbered, Story, in_time_order
from services.exchange.demo.town import Member, Town, build
from services.exchange.demo.year import Year

SEED = 20180928
LIVE_SERVICES = 58
LIVE_ISSUES = 14
LIVE_CLAIMS = 18
LIVE_DISPUTES = 4
LIVE_CHECK_INS = 6
"""Together a hundred deeds."""

SERVERS = 2600
"""So many of the members serve; those who do not claim a post at least. Together all take part."""

LIVE_PAUSE_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """`past` is to be played before anybody watches, `live` while they do, `others` (the other
    districts) after the past, beside the live part. All in order."""

    year: Year
    past: list[Numbered]
    live: list[Numbered]
    others: list[Numbered]

    @property
    def steps(self) -> int:
        """Commands in all."""
        return len(self.past) + len(self.live) + len(self.others)


def plan(end: datetime, zone: ZoneInfo) -> Plan:
    """The demonstration whose year ends at `end`."""
    year = Year(end, zone)
    town = build(SEED)
    chances = {
        name: random.Random(f"{name}/{SEED}")  # noqa: S311 (a plan, not a secret)
        for name in (
            "members",
            "orders",
            "issues",
            "posts",
            "wishes",
            "disputes",
            "servers",
            "live",
        )
    }
    stories: list[Story] = [registers.areas(town, year), *registers.orgs(town, year)]
    stories += registers.people(town, year, chances["members"])
    stories += registers.teams(town, year, chances["members"])
    entered = list(members.check_ins(town, year, chances["members"], LIVE_CHECK_INS))
    stories += entered
    served = orders.services(town, chances["orders"])
    servers = _servers(town, chances["servers"], len(served))
    past_services = served[:-LIVE_SERVICES]
    stories += orders.orders(town, year, chances["orders"], past_services, servers)
    stories += mistakes.doubled(town, year, chances["orders"])
    stories += issues.issues(
        town, year, chances["issues"], LIVE_ISSUES, _any(town, chances["issues"])
    )
    takers = _takers(town, chances["posts"])
    posted, late_claims = posts.posts(town, year, chances["posts"], LIVE_CLAIMS, takers)
    stories += posted
    stories += posts.wishes(town, year, chances["wishes"], _any(town, chances["wishes"]))
    stories += members.disputes(town, year, chances["disputes"], LIVE_DISPUTES)
    past = list(in_time_order(stories))
    live = _live(town, year, chances["live"], entered, served, servers, late_claims)
    return Plan(year, past, _numbered_on(live, stories), list(_others(year)))


def _others(year: Year) -> Iterator[Numbered]:
    for district in districts.OTHERS:
        yield from in_written_order(district.script(year).stories)


def _servers(town: Town, chance: random.Random, count: int) -> Iterator[Member]:
    """Everybody of the first SERVERS at least once, in no order. The last ones have all served
    before: an order that is done again needs one server fewer, so not all are called for."""
    first = town.members[:SERVERS]
    spare = count // 10
    found = first + chance.choices(first, k=count - SERVERS - spare)
    chance.shuffle(found)
    return iter(found + chance.choices(first, k=spare))


def _takers(town: Town, chance: random.Random) -> Iterator[Member]:
    """First those who serve in no other way, one after the other, then anybody."""
    people = town.participating
    first = people[SERVERS:]
    while True:
        yield from first
        chance.shuffle(people)
        first = people


def _any(town: Town, chance: random.Random) -> Iterator[Member]:
    people = town.participating
    while True:
        yield chance.choice(people)


def _live(
    town: Town,
    year: Year,
    chance: random.Random,
    entered: list[Story],
    served: list[orders.Service],
    servers: Iterator[Member],
    late_claims: list[Story],
) -> list[Story]:
    """A hundred deeds in no order, one begun every other second."""
    anybody = _any(town, chance)
    last = town.participating[-LIVE_CHECK_INS:]
    makers: list[Callable[[datetime], Story]] = [
        *(partial(_service, chance, one, servers) for one in served[-LIVE_SERVICES:]),
        *(
            partial(_issue, chance, number, anybody)
            for number in range(issues.SOLVED - LIVE_ISSUES, issues.SOLVED)
        ),
        *(
            partial(members.live_dispute, town, chance, number)
            for number in range(members.RESOLVED - LIVE_DISPUTES, members.RESOLVED)
        ),
        *(
            partial(members.live_check_in, story, member)
            for story, member in zip(entered[-LIVE_CHECK_INS:], last, strict=True)
        ),
        *(partial(_at, story) for story in late_claims),
    ]
    chance.shuffle(makers)
    pause = timedelta(seconds=LIVE_PAUSE_SECONDS)
    return [make(year.end + number * pause) for number, make in enumerate(makers)]


def _service(
    chance: random.Random, one: orders.Service, servers: Iterator[Member], start: datetime
) -> Story:
    return orders.live_service(chance, one, next(servers), start)


def _issue(chance: random.Random, number: int, anybody: Iterator[Member], start: datetime) -> Story:
    return issues.live_issue(chance, number, next(anybody), start)


def _at(story: Story, at: datetime) -> Story:
    moved = Story(story.kind, story.case, keyed=story.keyed)
    for step in story.steps:
        moved.add(at, step.doer, step.command, **step.fields)
    return moved


def _numbered_on(live: list[Story], past: list[Story]) -> list[Numbered]:
    """The live steps; those of a case begun in the past are numbered on from its steps there."""
    begun = {story.case: len(story.steps) for story in past}
    counts: dict[str, int] = {}
    found = []
    for one in in_time_order(live):
        case = one.step.case
        number = counts.get(case, begun.get(case, 0))
        counts[case] = number + 1
        found.append(Numbered(one.step, number, one.keyed))
    return found
