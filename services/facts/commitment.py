"""承诺 · Commitment, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import Field

from events.clock import Instant
from events.fact import Coded, Member, Quantity
from services.kernel.words import (
    Actor,
    Choice,
    Count,
    Help,
    ItemCode,
    Label,
    Party,
    Person,
    Terms,
)
from services.kernel.workflow import Fact, State

# ---- limits, choices, fields

MOVES_MAX = 9


class Rhythm(Choice, zh="报告周期", en="Reports"):
    """How often somebody is to say how far it is."""

    NONE = "none", "不要求", "Not asked for"
    WEEKLY = "weekly", "每周"
    MONTHLY = "monthly", "每月"
    QUARTERLY = "quarterly", "每季度"


class MissReason(Choice, zh="未兑现原因", en="Reason"):
    """Why it was not kept."""

    NO_MEANS = "no_means", "条件不具备", "The means were not there"
    NO_TIME = "no_time", "时间不足"
    DEPENDS_ON_OTHERS = "depends_on_others", "须他方配合", "Depends on others"
    NOT_DONE = "not_done", "未办理"
    LEFT_POST = "left_post", "离任", "Left the post"


class WithdrawReason(Choice, zh="撤回原因", en="Reason"):
    """Why it is taken back before anybody was told."""

    MISTAKE = "mistake", "填写有误", "A mistake"
    REPLACED = "replaced", "另行承诺", "Replaced by another"
    NOT_NEEDED = "not_needed", "已不需要", "No longer needed"


class MoveReason(Choice, zh="调整原因", en="Reason"):
    """Why the date was moved."""

    COMPLEX = "complex", "情况复杂"
    JOINT = "joint", "需多方联办", "Needs several units"
    FUNDS = "funds", "经费未到", "Funds have not come"
    WEATHER = "weather", "天气或不可抗力", "Weather or force majeure"


Promiser = Annotated[
    Person | None,
    Label("承诺人", "Promised by"),
    Help("单位作出的承诺可不填", "Left out where a unit promises"),
]
Item = Annotated[
    ItemCode | None, Label("清单事项", "Item of a list"), Help("责任清单中的一项", "Of a duty list")
]
Target = Annotated[
    Count | None,
    Field(ge=1, le=1_000_000),
    Label("承诺数量", "How many"),
    Help("按数量承诺时填写", "Where it is a quota"),
]
Done = Annotated[
    Count, Label("本次完成数量", "Done since"), Help("按数量承诺时填写", "Where it is a quota")
]
DueOn = Annotated[date, Field(examples=["2018-12-31"]), Label("完成日期", "Due on")]
DueAt = Annotated[Instant, Label("截止时间", "Due at")]
DeclaredAt = Annotated[Instant, Label("承诺时间", "Declared at")]
ReportsDue = Annotated[Count, Label("应报告次数", "Reports due")]
ReportsMade = Annotated[Count, Label("已报告次数", "Reports made")]
Period = Annotated[int, Field(ge=0, le=10**7), Label("报告期序号", "Reporting period")]


class CommitmentTerms(Terms):
    """What a variant fixes."""

    published_first: Annotated[bool, Label("须先公开", "Published first")] = False
    reports: Rhythm = Rhythm.NONE
    moves_max: Annotated[
        Count, Field(le=MOVES_MAX), Label("调整日期次数上限", "Most moves of the date")
    ] = 1


# ---- states


@dataclass(frozen=True)
class Promise:
    """What is true of a commitment all its life. `accounted`: the last reporting period that was
    reported on, or counted as due; None before the first."""

    terms: CommitmentTerms
    person: str | None
    item: str | None
    target: int | None
    declared_at: Instant
    done: int = 0
    moves: int = 0
    accounted: int | None = None


class Commitment(State):
    """One commitment."""

    promise: Promise
    due_at: Instant

    def parties(self, actor: Actor) -> set[Party]:
        """Who promised. A unit's promise is its own people's; a person's is nobody else's."""
        found = super().parties(actor)
        if self.promise.person is None:
            return found
        found -= {Party.HANDLER}
        return found | ({Party.HOLDER} if actor.person == self.promise.person else set())


class Open(Commitment):
    """Neither kept nor broken."""


class Declared(Open, zh="待公开", en="Declared"):
    """Promised."""


class Published(Open, zh="已公开"):
    """... and everybody can see it."""


class InProgress(Open, zh="推进中"):
    """Somebody has said how far it is."""


class Met(Commitment, zh="已兑现", en="Kept"):
    """Kept, as those say who promised; others may confirm it."""


class Missed(Commitment, zh="未兑现", en="Not kept"):
    """Not kept by its date; it may still be, late."""


class Withdrawn(Commitment, zh="已撤回"):
    """Taken back before it was published."""


# ---- facts


class CommitmentDeclared(Fact, zh="已承诺"):
    """Somebody, or a unit, promises something by a date."""

    person: Annotated[Promiser, Member] = None
    item: Annotated[Item, Coded] = None
    target: Annotated[Target, Quantity] = None
    due_at: Annotated[DueAt, Quantity]
    declared_at: DeclaredAt
    terms: Annotated[CommitmentTerms, Label("条款", "Terms")]

    def apply(self, commitment: None) -> Declared:
        """The beginning."""
        promise = Promise(self.terms, self.person, self.item, self.target, self.declared_at)
        return Declared(self.about, promise, self.due_at)


class CommitmentPublished(Fact, zh="承诺已公开"):
    """Everybody can see it from here on. Source: 向群众公开帮扶承诺 (seed 004)."""

    person: Annotated[Promiser, Member] = None
    item: Annotated[Item, Coded] = None

    def apply(self, commitment: Declared) -> Published:
        """Cannot be taken back any more."""
        return Published(commitment.about, commitment.promise, commitment.due_at)


class ProgressReported(Fact, zh="进展已报"):
    """How far it is. `reports_due` are the periods that came due since the last report, with this
    one; `reports_made` is 0 where this period has its report already."""

    person: Annotated[Promiser, Member] = None
    item: Annotated[Item, Coded] = None
    reports_due: Annotated[ReportsDue, Quantity]
    reports_made: Annotated[ReportsMade, Quantity]
    done: Done = 0
    period: Period

    def apply(self, commitment: Open) -> InProgress:
        """That period is accounted for."""
        promise = commitment.promise
        promise = replace(promise, done=promise.done + self.done, accounted=self.period)
        return InProgress(commitment.about, promise, commitment.due_at)


class CommitmentMoved(Fact, zh="完成日期已调整", en="Date moved"):
    """Due at another time, as those say whom it was promised to."""

    due_at: DueAt
    reason: Annotated[MoveReason, Coded]

    def apply(self, commitment: Open) -> Declared | Published | InProgress:
        """The same, due later."""
        promise = replace(commitment.promise, moves=commitment.promise.moves + 1)
        if isinstance(commitment, Declared):
            return Declared(commitment.about, promise, self.due_at)
        if isinstance(commitment, Published):
            return Published(commitment.about, promise, self.due_at)
        return InProgress(commitment.about, promise, self.due_at)


class CommitmentMet(Fact, zh="承诺已兑现", en="Kept"):
    """Kept; on time where it occurred no later than `due_at`."""

    person: Annotated[Promiser, Member] = None
    item: Annotated[Item, Coded] = None
    due_at: Annotated[DueAt, Quantity]
    reports_due: Annotated[ReportsDue, Quantity]
    done: Done = 0
    period: Period

    def apply(self, commitment: Open | Missed) -> Met:
        """The end, if it holds."""
        promise = commitment.promise
        promise = replace(promise, done=promise.done + self.done, accounted=self.period)
        return Met(commitment.about, promise, commitment.due_at)


class CommitmentMissed(Fact, zh="承诺未兑现", en="Not kept"):
    """Not kept by its date, with the reason why."""

    person: Annotated[Promiser, Member] = None
    item: Annotated[Item, Coded] = None
    reason: Annotated[MissReason, Coded]
    reports_due: Annotated[ReportsDue, Quantity]
    period: Period

    def apply(self, commitment: Open) -> Missed:
        """May still be kept, late."""
        promise = replace(commitment.promise, accounted=self.period)
        return Missed(commitment.about, promise, commitment.due_at)


class CommitmentDenied(Fact, zh="兑现未获认可", en="Keeping denied"):
    """Those it was promised to say that it was not kept."""

    person: Annotated[Promiser, Member] = None
    item: Annotated[Item, Coded] = None

    def apply(self, commitment: Met) -> InProgress:
        """Still to be kept."""
        return InProgress(commitment.about, commitment.promise, commitment.due_at)


class CommitmentWithdrawn(Fact, zh="承诺已撤回"):
    """Taken back before anybody was told."""

    item: Annotated[Item, Coded] = None
    reason: Annotated[WithdrawReason, Coded]

    def apply(self, commitment: Declared) -> Withdrawn:
        """The end."""
        return Withdrawn(commitment.about, commitment.promise, commitment.due_at)
