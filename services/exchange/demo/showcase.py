"""示范区 · A gentle stream of deeds in the made-up district, so that a board has something to show.

Nothing of it touches 荔城: another district of the same map.
"""

from __future__ import annotations

import asyncio
import random
from itertools import count

from uuid_utils.compat import uuid7

from services.commands import Commands, Request
from services.exchange.demo.play import grant_of
from services.exchange.demo.registers import SHOWCASE_AREAS
from services.exchange.demo.steps import Doer

PAUSE_SECONDS = 2.5
CATEGORIES = ("home_repair", "tutoring", "check_up", "errand", "cleaning")


async def stream(commands: Commands) -> None:
    """One step of one order every few seconds, until cancelled."""
    chance = random.Random()  # noqa: S311 (nothing secret, and nothing to repeat)
    places = [code for code, _, level, _ in SHOWCASE_AREAS if level == "community"]
    for number in count(1):
        await _order(commands, chance, chance.choice(places), number)


async def _order(commands: Commands, chance: random.Random, area: str, number: int) -> None:
    unit = f"org-{area}"
    worker = Doer(f"cw-{area}", unit, ("community", "dispatcher"))
    server = Doer(f"s-{chance.randrange(60):03d}", unit, ("worker",))
    resident = Doer(f"r-{area}-{number % 200:04d}", None, ("resident",))
    case_id = str(uuid7())
    steps: tuple[tuple[Doer, str, dict[str, object]], ...] = (
        (
            worker,
            "place",
            {"area": area, "category": chance.choice(CATEGORIES), "requester": resident.person},
        ),
        (worker, "dispatch", {"unit": unit}),
        (server, "accept", {}),
        (server, "deliver", {"beneficiaries": chance.randrange(1, 4), "timing": "after_hours"}),
        (resident, "confirm", {"solved": "yes"}),
    )
    for doer, command, fields in steps:
        await commands.do(Request(grant_of(doer), "order", command, case_id, fields, uuid7()))
        await asyncio.sleep(PAUSE_SECONDS)
