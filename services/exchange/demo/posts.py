"""认领 · The posts members claim and the wishes they fulfil.

Quota: 2897 posts claimed, net of those given back (seed S0). The wishes are the demonstration's
own: the article names the mechanism and no figure.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from services.exchange.demo.steps import Doer, Story
from services.exchange.demo.town import Community, Member, Town
from services.exchange.demo.year import REST, Year, minutes

CLAIMED = 2897
RELEASED = 93
PLACES = 15
WISHES = 412
FULFILLED = 371

POSTS = ("policy_guide", "security_watch", "civility", "environment", "care_visit", "legal_help")
WISH_KINDS = ("learning", "health", "household", "company", "work")


def posts(
    town: Town, year: Year, chance: random.Random, live: int, takers: Iterator[Member]
) -> tuple[list[Story], list[Story]]:
    """The posts with their claims, and apart from them the last `live` claims, to be played live.

    A live claim is one more step of a post that already stands.
    """
    stories: list[Story] = []
    open_places: list[tuple[Story, Community]] = []
    for number in range((CLAIMED + RELEASED) // PLACES + 24):
        where = town.communities[number % len(town.communities)]
        story = _post(year, chance, number, where)
        stories.append(story)
        open_places += [(story, where)] * PLACES
    chance.shuffle(open_places)
    taken: set[tuple[str, str]] = set()
    for number in range(CLAIMED + RELEASED - live):
        story, where = open_places.pop()
        member = _new(taken, story, takers)
        at = year.moment(chance, after_hours=chance.random() < 0.6)
        story.add(at, member.doer, "take")
        if number >= CLAIMED - live:  # by people who have other deeds: nobody drops out
            at = min(at + minutes(chance, 600, 20_000), year.end - REST)
            story.add(at, member.doer, "release", reason="no_time" if number % 3 else "moved_away")
    late = [
        Story("post", open_places[number][0].case).add(
            year.end, _new(taken, open_places[number][0], takers).doer, "take"
        )
        for number in range(live)
    ]
    for story in stories:
        story.steps.sort(key=lambda step: step.at)
    return stories, late


def _post(year: Year, chance: random.Random, number: int, where: Community) -> Story:
    at = year.start + timedelta(days=1) + minutes(chance, 0, 3_000)
    story = Story("post", f"post/{number}").add(
        at, where.worker, "propose", area=where.code, category=chance.choice(POSTS), places=PLACES
    )
    return story.add(at + minutes(chance, 1, 30), where.worker, "publish")


def _new(taken: set[tuple[str, str]], story: Story, takers: Iterator[Member]) -> Member:
    """Somebody who has no place in this post yet."""
    while True:
        member = next(takers)
        if (key := (story.case, member.person)) not in taken:
            taken.add(key)
            return member


def wishes(
    town: Town, year: Year, chance: random.Random, helpers: Iterator[Member]
) -> Iterator[Story]:
    """Wishes from their statement to the yes of those who had them; some still wait."""
    for number in range(WISHES):
        where = chance.choice(town.communities)
        resident = where.resident(chance.randrange(400))
        at = year.moment(chance, after_hours=False)
        story = _wish(chance, number, where, resident, at)
        if number < FULFILLED:
            _fulfilled(story, chance, at + timedelta(hours=4), next(helpers), resident)
        yield story.until(year.end - timedelta(minutes=10))


def _wish(
    chance: random.Random, number: int, where: Community, resident: Doer, at: datetime
) -> Story:
    story = Story("wish", f"wish/{number}").add(
        at, resident, "propose", area=where.code, category=chance.choice(WISH_KINDS)
    )
    at += minutes(chance, 10, 60)
    story.add(at, where.worker, "verify_item")
    return story.add(at + minutes(chance, 1, 30), where.worker, "publish")


def _fulfilled(
    story: Story, chance: random.Random, at: datetime, member: Member, resident: Doer
) -> None:
    story.add(at, member.doer, "take")
    at += minutes(chance, 20, 60)
    story.add(at, member.doer, "fulfil", timing="after_hours")
    story.add(at + minutes(chance, 5, 50), resident, "confirm")
