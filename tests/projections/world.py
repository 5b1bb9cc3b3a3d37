"""A small world of the tests' own: facts, counters over them, and random histories of a log."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from events.clock import EPOCH_DAY, Instant, micros, text_of
from events.envelope import draft
from events.fact import About, Books, Coded, Fact, LocalDay, Member, Provenance, Quantity, counted
from events.places import Code, PersonId
from events.ports import Append, Appended
from projections.declare import Counter, Measure, Statistic
from streams.memory import MemoryLog

ZONE = ZoneInfo("Asia/Shanghai")
LOG = "test-log"
START = datetime(2018, 3, 1, 1, tzinfo=UTC)
DAY = 86_400


class AreaDefined(Fact):
    fact: ClassVar[str] = "area.defined"
    code: Code
    name: str
    level: str
    parent: Code | None = None


class ServiceDone(Fact):
    fact: ClassVar[str] = "service.done"
    beneficiaries: Annotated[int, Quantity] = 1
    minutes: Annotated[int, Quantity] = 0
    worker: Annotated[PersonId, Member]
    household: Annotated[PersonId | None, Member] = None
    timing: Annotated[str | None, Coded] = None
    care: Annotated[bool, Coded] = False
    weather: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class IssueOpened(Fact):
    fact: ClassVar[str] = "issue.opened"
    due_at: Annotated[Instant | None, Quantity] = None
    opened_at: Annotated[Instant, Quantity]
    reporter: Annotated[PersonId | None, Member] = None
    weather: str | None = None


class IssueClosed(Fact):
    fact: ClassVar[str] = "issue.closed"
    opened_at: Annotated[Instant, Quantity]
    due_at: Annotated[Instant | None, Quantity] = None
    outcome: Annotated[str, Coded]
    handler: Annotated[PersonId, Member]
    closed_on: Annotated[date | None, LocalDay] = None


class PostClaimed(Fact):
    fact: ClassVar[str] = "post.claimed"
    holder: Annotated[PersonId, Member]


class PostReleased(Fact):
    fact: ClassVar[str] = "post.released"
    holder: Annotated[PersonId, Member]


class Adjusted(Fact):
    """Takes back and puts, as corrections and voids do."""

    fact: ClassVar[str] = "record.corrected"
    taken: list[dict[str, Any]] = Field(default_factory=list)
    put: list[dict[str, Any]] = Field(default_factory=list)


class Confirmed(Fact):
    """A second word for a deed, with a copy of its columns."""

    fact: ClassVar[str] = "record.counterparty_confirmed"
    of_revision: int
    of_fact: Annotated[str | None, Coded] = None
    of_codes: Annotated[str | None, Coded] = None
    of_member_1: Annotated[str | None, Member] = None
    of_member_2: Annotated[str | None, Member] = None
    of_quantity_1: Annotated[int | None, Quantity] = None
    of_quantity_2: Annotated[int | None, Quantity] = None
    of_day: Annotated[date, LocalDay]


FACTS: tuple[type[Fact], ...] = (
    AreaDefined,
    ServiceDone,
    IssueOpened,
    IssueClosed,
    PostClaimed,
    PostReleased,
    Adjusted,
    Confirmed,
)
SHAPES = {kind.fact: kind.shape() for kind in FACTS}

OPEN: dict[str, Any] = {
    "on": ("issue.opened",),
    "down_on": ("issue.closed",),
    "measure": Measure.CURRENT,
}
CLOSED = ("issue.closed",)
COUNTERS: tuple[Counter, ...] = (
    Counter("services", "服务次数", "Services", on=("service.done",)),
    Counter(
        "after_hours",
        "八小时以外服务",
        "After hours",
        on=("service.done",),
        where={"timing": "after_hours"},
    ),
    Counter("care", "关爱服务", "Care", on=("service.done",), where={"care": True}),
    Counter(
        "daytime",
        "工作时间服务",
        "By day",
        on=("service.done",),
        unless={"timing": ("after_hours", "night")},
    ),
    Counter(
        "person_times",
        "服务人次",
        "Person-times",
        on=("service.done",),
        measure=Measure.SUM,
        of="beneficiaries",
        word="人次",
    ),
    Counter(
        "members",
        "参与党员",
        "Members",
        on=("service.done", "post.claimed", "issue.closed"),
        measure=Measure.DISTINCT,
        of=("worker", "holder", "handler"),
        word="名",
    ),
    Counter(
        "households",
        "服务户数",
        "Households",
        on=("service.done",),
        measure=Measure.DISTINCT,
        of="household",
        where={"care": True},
        word="户",
    ),
    Counter("with_household", "入户", "At a home", on=("service.done",), has="household"),
    Counter("received", "受理", "Received", on=("issue.opened",)),
    Counter("closed", "办结", "Closed", on=CLOSED),
    Counter("with_due", "有时限", "With a target", on=("issue.opened",), has="due_at"),
    Counter("open", "未办结", "Open", **OPEN),
    Counter("open_overdue", "逾期未办结", "Open, overdue", due="due_at", **OPEN),
    Counter("waiting", "久未办结", "Waiting", older_than=("opened_at", 7 * DAY), **OPEN),
    Counter("on_time", "按期办结", "On time", on=CLOSED, on_time="due_at"),
    Counter("late", "逾期办结", "Late", on=CLOSED, late="due_at"),
    Counter("within_day", "一日办结", "Within a day", on=CLOSED, within=("opened_at", DAY)),
    Counter(
        "median_hours",
        "办结时长中位数",
        "Median hours",
        on=CLOSED,
        measure=Measure.DURATION,
        since="opened_at",
        per=3_600,
        word="小时",
    ),
    Counter(
        "mean_seconds",
        "平均时长",
        "Mean",
        on=CLOSED,
        measure=Measure.DURATION,
        since="opened_at",
        statistic=Statistic.MEAN,
        word="秒",
    ),
    Counter(
        "p90_hours",
        "九成时长",
        "P90",
        on=CLOSED,
        measure=Measure.DURATION,
        since="opened_at",
        statistic=Statistic.P90,
        per=3_600,
        word="小时",
    ),
    Counter("posts", "认领岗位", "Posts", on=("post.claimed",), down_on=("post.released",)),
    Counter(
        "holders",
        "在岗人数",
        "Holders",
        on=("post.claimed",),
        down_on=("post.released",),
        measure=Measure.DISTINCT,
        of="holder",
        word="名",
    ),
    Counter(
        "closing_rate",
        "办结率",
        "Closing rate",
        measure=Measure.RATIO,
        numerator="closed",
        denominator="received",
        word="%",
    ),
    Counter(
        "on_time_rate",
        "按期率",
        "On-time rate",
        measure=Measure.RATIO,
        numerator="on_time",
        denominator="closed",
        word="%",
    ),
)

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
    log: MemoryLog = field(init=False)
    revisions: dict[str, int] = field(default_factory=dict)
    held: dict[str, list[Held]] = field(default_factory=dict)
    commands: int = 0

    def __post_init__(self) -> None:
        self.log = MemoryLog(LOG, ZONE, SHAPES, lambda: micros(self.now))

    async def add(self, stream: str, *facts: tuple[Fact, datetime]) -> int:
        """Append facts to a stream; the position of the first."""
        expected = self.revisions.get(stream, 0)
        self.commands += 1
        command = UUID(int=self.commands)
        drafts = tuple(
            draft(
                fact,
                log=LOG,
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
