"""人生 · Whole lives of cases, decided by the real deciders once, as patterns for millions.

Every code, person, id and time in them is a word that stands nowhere else, so that what was written
down can be turned into a pattern: `bench.fill` puts other words in their place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from bench.stand import ZONE
from events.clock import micros
from events.envelope import Recorded
from services.access import Grant
from services.commands import Commands, Request
from services.directory import Directory
from services.kernel.catalogue import Catalogue
from streams.memory import MemoryLog

LOG = "zzlog"
AREA, UNIT, CATEGORY = "zzarea", "zzunit", "zzcategory"
HOME_UNIT, HOME_COMMUNITY = "zzhomeunit", "zzhomecommunity"
WORKER, REQUESTER, HOUSEHOLD = "zzworker", "zzrequester", "zzhousehold"
BEGAN = datetime(2001, 2, 3, 0, 0, tzinfo=UTC)
"""08:00 in China; no life lasts until the next midnight."""

COMMAND_BYTES = 0xC0DE << 112


def grant(person: str, *roles: str, unit: str | None = None) -> Grant:
    """Somebody who may do everything their roles allow."""
    actions = frozenset({"*"})
    return Grant(f"bench-{person}", person, unit, frozenset(roles), actions=actions)


FOUNDER = grant("zzfounder", "system", "administrator")
OFFICE = grant("zzoffice", "community", "dispatcher")
SERVER = grant(WORKER, "worker", unit=UNIT)
RESIDENT = grant(REQUESTER, "resident")
AUDITOR = grant("zzauditor", "auditor")

Step = tuple[float, Grant, str, dict[str, Any]]
"""Minutes after the beginning, who, which command, with what."""

PLACE: Step = (0, OFFICE, "place", {"area": AREA, "requester": REQUESTER, "category": CATEGORY})
TAILORED: Step = (0, OFFICE, "place", {**PLACE[3], "household": HOUSEHOLD, "care": "tailored"})
DISPATCH: Step = (9, OFFICE, "dispatch", {"unit": UNIT})
ACCEPT: Step = (21, SERVER, "accept", {})
DELIVER: Step = (95, SERVER, "deliver", {"timing": "after_hours", "beneficiaries": 2})
SERVED = (PLACE, DISPATCH, ACCEPT, DELIVER)
YES: Step = (130, RESIDENT, "confirm", {"solved": "yes"})
RATE: Step = (133, RESIDENT, "rate", {"satisfaction": "satisfied"})
FOUND: Step = (0, OFFICE, "find", {"area": AREA, "category": CATEGORY, "requester": REQUESTER})
HANDLED: tuple[Step, ...] = (
    FOUND,
    (2, OFFICE, "assess", {}),
    (4, OFFICE, "classify", {"tier": "general"}),
    (7, OFFICE, "assign", {"unit": UNIT}),
    (44, SERVER, "handle", {"resolution": "solved"}),
    (52, OFFICE, "feed_back", {}),
)


@dataclass(frozen=True)
class Life:
    """One case: its kind, its steps, and how many of a hundred cases are such."""

    kind: str
    steps: tuple[Step, ...]
    share: int = 1


LIVES = (
    Life("order", (*SERVED, YES, RATE, (150, OFFICE, "close", {})), 34),
    Life("order", (TAILORED, DISPATCH, ACCEPT, DELIVER, YES), 10),
    Life("order", SERVED, 8),
    Life("order", (PLACE, DISPATCH, (15, SERVER, "decline", {"reason": "no_capacity"})), 3),
    Life("order", (PLACE, (30, OFFICE, "cancel", {"reason": "withdrawn"})), 3),
    Life("order", (*SERVED, (160, SERVER, "void", {"revision": 7, "reason": "typing"})), 4),
    Life(
        "issue",
        (
            *HANDLED,
            (60, RESIDENT, "confirm", {"solved": True}),
            (80, OFFICE, "close", {"resolution": "solved"}),
        ),
        18,
    ),
    Life("issue", (*HANDLED, (70, AUDITOR, "check", {"finding": "solved"})), 4),
    Life("issue", HANDLED[:4], 2),
    Life(
        "wish",
        (
            (0, OFFICE, "propose", {"area": AREA, "requester": REQUESTER, "category": CATEGORY}),
            (10, OFFICE, "verify_item", {}),
            (15, OFFICE, "publish", {}),
            (40, SERVER, "take", {}),
            (200, SERVER, "fulfil", {"timing": "after_hours"}),
            (230, OFFICE, "confirm", {}),
        ),
        14,
    ),
)
ACCEPTED = (Life("order", (PLACE, DISPATCH, ACCEPT)),)
"""Orders that somebody is at work on: what commands go on with."""


@dataclass
class Clock:
    """Stands where it is set."""

    at: datetime = BEGAN - timedelta(days=1)

    def now(self) -> datetime:
        """The time it shows."""
        return self.at

    def micros(self) -> int:
        """The same in µs since 1970."""
        return micros(self.at)


@dataclass
class Lived:
    """What a life came to: its events, and the ordinal of each in its command."""

    life: Life
    events: list[Recorded] = field(default_factory=list)
    ordinals: list[int] = field(default_factory=list)


def command_id(life: int, number: int) -> UUID:
    """The id that stands for the n-th command of a life."""
    return UUID(int=COMMAND_BYTES + (life << 16) + number)


async def lived(catalogue: Catalogue, lives: tuple[Life, ...] = LIVES) -> list[Lived]:
    """Every life, lived once, in a town of words that stand nowhere else."""
    clock = Clock()
    log = MemoryLog(LOG, ZoneInfo(ZONE), catalogue.shapes, clock.micros)
    commands = Commands(log, catalogue, Directory(log, catalogue), clock.now)
    for kind, fields in (
        ("area", {"code": AREA, "name": "Z", "level": "grid"}),
        ("area", {"code": HOME_COMMUNITY, "name": "Y", "level": "community"}),
        ("org", {"code": UNIT, "name": "X", "area": AREA, "org_kind": "department"}),
        ("org", {"code": HOME_UNIT, "name": "W", "area": AREA, "org_kind": "department"}),
        (
            "person",
            {
                "person": WORKER,
                "area": AREA,
                "home_unit": HOME_UNIT,
                "home_community": HOME_COMMUNITY,
                "affiliation": "serving_member",
                "membership": "member",
            },
        ),
    ):
        await commands.do(Request(FOUNDER, kind, fields=fields))
    return [await _lived(commands, clock, life, place) for place, life in enumerate(lives)]


async def _lived(commands: Commands, clock: Clock, life: Life, place: int) -> Lived:
    found = Lived(life)
    case: str | None = None
    clock.at = max(clock.at, BEGAN)
    for number, (minutes, who, command, fields) in enumerate(life.steps):
        clock.at = BEGAN + timedelta(minutes=minutes)
        request = Request(who, life.kind, command, case, fields, command_id(place, number))
        done = await commands.do(request)
        case = done.id
        found.events += done.events
        found.ordinals += range(len(done.events))
    return found
