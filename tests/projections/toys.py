"""Facts of the tests' own, and counters of every measure over them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from events.clock import Instant
from events.fact import Coded, Fact, LocalDay, Member, Quantity
from events.places import Code, PersonId
from projections.declare import Counter, Measure, Statistic

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
    Counter(
        "home_units",
        "所在单位",
        "Home units",
        on=("service.done",),
        measure=Measure.DISTINCT,
        of="home_unit",
        word="家",
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
        "closing_rate_of_many",
        "办结率（多）",
        "Closing rate, of many",
        measure=Measure.RATIO,
        numerator="closed",
        denominator="received",
        word="%",
        least=1_000_000,
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
