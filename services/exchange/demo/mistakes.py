"""差错 · What goes wrong in a year: services put on record twice, and taken back again.

They are in the log for ever, and in no figure: a void takes back exactly what was counted.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

from services.exchange.demo.steps import Story
from services.exchange.demo.town import Town
from services.exchange.demo.year import Year, minutes

DOUBLED = 7


def doubled(town: Town, year: Year, chance: random.Random) -> Iterator[Story]:
    """Orders entered a second time by mistake; found and voided some days later."""
    for number in range(DOUBLED):
        member = chance.choice(town.participating[:2600])
        worker = member.community.worker
        at = year.moment(chance, after_hours=True) - timedelta(days=5)
        story = Story("order", f"order/doubled/{number}").add(
            at,
            worker,
            "place",
            area=member.community.code,
            category="errand",
            requester=member.community.resident(chance.randrange(400)).person,
        )
        story.add(at + timedelta(minutes=1), worker, "dispatch", unit=member.home_unit)
        story.add(at + timedelta(minutes=9), member.doer, "accept")
        at += timedelta(minutes=30)
        story.add(at, member.doer, "deliver", beneficiaries=2, timing="after_hours")
        at += minutes(chance, 600, 5_000)
        yield story.add(at, worker, "void", whole=True, reason="double")
