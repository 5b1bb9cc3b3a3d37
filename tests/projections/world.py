"""A small world of the tests' own: facts, counters over them, and random histories of a log."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from events.clock import EPOCH_DAY, micros, text_of
from events.envelope import draft
from events.fact import About, Books, Fact, Provenance, counted
from events.ports import Append, Appended
from streams.memory import MemoryLog
from tests.projections.toys import (
    DAY,
    SHAPES,
    Adjusted,
    AreaDefined,
    Confirmed,
    IssueClosed,
    IssueOpened,
    PostClaimed,
    PostReleased,
    ServiceDone,
)

ZONE = ZoneInfo("Asia/Shanghai")
LOG = "test-log"
START = datetime(2018, 3, 1, 1, tzinfo=UTC)


TREE = {
    "city": None,
    "s1": "city",
    "s2": "city",
    "c1": "s1",
    "c2": "s1",
    "c3": "s2",
    "g1": "c1",
    "g2": "c1",
    "g3": "c3",
}
PLACES = ("root", "city", "s1", "c1", "c2", "c3", "g1", "g2", "g3", "unmapped")
PEOPLE = tuple(f"p{number}" for number in range(6))


@dataclass
class Held:
    """A fact as it stands now: what a correction would take back."""

    revision: int
    fact: Fact
    occurred_at: datetime
    confirmed: bool = False

    def item(self) -> dict[str, Any]:
        return {
            "revision": self.revision,
            "fact": self.fact.fact,
            "version": 1,
            "occurred_at": text_of(self.occurred_at),
            "about": self.fact.about.model_dump(mode="json", exclude_none=True),
            "data": self.fact.data(),
        }


@dataclass
class World:
    """A log on a clock of its own, and a hand that writes random histories into it."""

    chance: random.Random
    now: datetime = START
    name: str = LOG
    log: MemoryLog = field(init=False)
    revisions: dict[str, int] = field(default_factory=dict)
    held: dict[str, list[Held]] = field(default_factory=dict)
    commands: int = 0

    def __post_init__(self) -> None:
        self.log = MemoryLog(self.name, ZONE, SHAPES, lambda: micros(self.now))

    async def add(self, stream: str, *facts: tuple[Fact, datetime]) -> int:
        """Append facts to a stream; the position of the first."""
        expected = self.revisions.get(stream, 0)
        self.commands += 1
        command = UUID(int=self.commands)
        drafts = tuple(
            draft(
                fact,
                log=self.name,
                zone=ZONE,
                shape=SHAPES[fact.fact],
                stream=stream,
                revision=revision,
                actor="person/p1",
                command=command,
                occurred_at=occurred_at,
            )
            for revision, (fact, occurred_at) in enumerate(facts, expected + 1)
        )
        digest = hashlib.sha256(str(self.commands).encode()).digest()
        outcomes = await self.log.append([Append(stream, expected, drafts, command, digest)])
        landed = outcomes[0]
        if not isinstance(landed, Appended):
            raise AssertionError(f"not appended: {landed}")
        self.revisions[stream] = expected + len(facts)
        return landed.position

    async def map(self) -> None:
        """The areas, each with its parent."""
        for code, parent in TREE.items():
            await self.define(code, parent)

    async def define(self, code: str, parent: str | None) -> None:
        """One more area."""
        area = AreaDefined(about=About(area=code), code=code, name=code, level="x", parent=parent)
        await self.add("area/map", (area, self.now))

    async def history(self, steps: int) -> None:
        """So many random commands, the clock moving on between them."""
        for _ in range(steps):
            self.now += timedelta(seconds=self.chance.randrange(3 * DAY))
            await self.step()

    async def step(self) -> None:
        """One random command: a deed, or the correction, void or confirmation of one."""
        streams = [stream for stream, held in self.held.items() if held]
        choice = self.chance.randrange(10)
        if streams and choice >= 6:
            stream = self.chance.choice(streams)
            held = self.chance.choice(self.held[stream])
            if choice == 6:
                await self._void(stream, held)
            elif choice == 7:
                await self._confirm(stream, held)
            else:
                await self._correct(stream, held)
            return
        stream = f"case/{len(self.held)}"
        self.held[stream] = []
        for fact in self.deed():
            late = self.chance.choice([0, 0, 0, self.chance.randrange(20 * DAY)])
            occurred_at = self.now - timedelta(seconds=late, microseconds=self.chance.randrange(2))
            await self.add(stream, (fact, occurred_at))
            self.held[stream].append(Held(self.revisions[stream], fact, occurred_at))

    def about(self) -> About:
        pick = self.chance.choice
        return About(
            area=pick(PLACES),
            unit=pick([None, "u1", "u2"]),
            category=pick([None, "repair"]),
            variant=pick([None, "wish"]),
            provenance=pick(list(Provenance)),
            books=Books(home_unit=pick([None, "u1", "h1"]), team=pick([None, "t1"])),
        )

    def deed(self) -> Sequence[Fact]:
        """One or two facts of a new case."""
        pick, about = self.chance.choice, self.about()
        match self.chance.randrange(5):
            case 0:
                claimed = PostClaimed(about=about, holder=pick(PEOPLE))
                released = PostReleased(about=about, holder=claimed.holder)
                return [claimed, released][: pick([1, 2])]
            case 1 | 2:
                return [self.service(about)]
            case _:
                opened_at = self.now - timedelta(seconds=self.chance.randrange(9 * DAY))
                due_at = pick([None, opened_at + timedelta(seconds=self.chance.randrange(DAY * 8))])
                opened = IssueOpened(
                    about=about,
                    opened_at=opened_at,
                    due_at=due_at,
                    reporter=pick([None, *PEOPLE]),
                    weather=pick([None, "rain"]),
                )
                closed = IssueClosed(
                    about=about,
                    opened_at=opened_at,
                    due_at=due_at,
                    outcome=pick(["solved", "explained"]),
                    handler=pick(PEOPLE),
                    closed_on=pick([None, date(2018, 1, 31)]),
                )
                return [opened, closed][: pick([1, 2])]

    def service(self, about: About) -> ServiceDone:
        pick = self.chance.choice
        return ServiceDone(
            about=about,
            beneficiaries=pick([0, 1, 2, 7, 2**51]),
            minutes=pick([0, 45]),
            worker=pick(PEOPLE),
            household=pick([None, "h1", "h2"]),
            timing=pick([None, "after_hours", "night", "working"]),
            care=pick([False, True]),
            weather=pick([None, "rain", "sun"]),
            labels=pick([{}, {"ward": "3"}, {"ward": "", "Community Board": "07 北"}]),
        )

    async def _void(self, stream: str, held: Held) -> None:
        voided = Adjusted(about=held.fact.about, taken=[held.item()])
        await self.add(stream, (voided, self.now))
        self.held[stream].remove(held)

    async def _correct(self, stream: str, held: Held) -> None:
        """Other dimensions, other values, or another time; sometimes nothing that counts."""
        taken = held.item()
        about = self.chance.choice([held.fact.about, self.about()])
        if isinstance(held.fact, ServiceDone):
            held.fact = self.service(about)
        else:
            held.fact = held.fact.model_copy(update={"about": about})
        if self.chance.randrange(2):
            held.occurred_at -= timedelta(seconds=self.chance.randrange(5 * DAY))
        corrected = Adjusted(about=about, taken=[taken], put=[held.item()])
        await self.add(stream, (corrected, self.now))

    async def _confirm(self, stream: str, held: Held) -> None:
        about = held.fact.about.model_dump(mode="json", exclude_none=True)
        shape = SHAPES[held.fact.fact]
        columns = counted(shape, about, held.fact.data(), held.occurred_at, ZONE)
        confirmed = Confirmed(
            about=held.fact.about,
            of_revision=held.revision,
            of_fact=None if held.confirmed else held.fact.fact,
            of_codes=f"{columns.code_1}|{columns.code_2}",
            of_member_1=columns.member_1 or None,
            of_member_2=columns.member_2 or None,
            of_quantity_1=columns.quantity_1,
            of_quantity_2=columns.quantity_2,
            of_day=EPOCH_DAY + timedelta(days=columns.day),
        )
        held.confirmed = True
        await self.add(stream, (confirmed, self.now))
