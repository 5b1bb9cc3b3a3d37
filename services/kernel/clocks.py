"""时限 · Facts of deadlines, and when they are due.

The kernel records them beside the facts of a command, by comparing the state before and after:
no workflow can forget to stop a clock. What was due then stands in the facts, so a later change of
a rule does not alter history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from events.clock import Instant
from events.fact import About, Coded, Quantity
from services.kernel.calendar import Calendar
from services.kernel.case import Case, CaseFact, Ticking, Told
from services.kernel.context import Context
from services.kernel.pieces import Clock, State
from services.kernel.words import (
    AMOUNT_MAX,
    Choice,
    ClockName,
    Label,
    Limit,
    Revision,
    UnitCode,
)
from services.kernel.workflow import Workflow

Seconds = Annotated[int, Field(ge=0, le=AMOUNT_MAX), Label("秒数", "Seconds")]
Tier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$"), Label("档次", "Tier")]
Due = Annotated[Instant, Label("截止时间", "Due")]
DueOnce = Annotated[int, Quantity, Field(ge=0, le=1), Label("应结", "Had to be kept by now")]
"""1 in the first fact that says of a clock that its time is over, be it kept or missed; 0 in those
after it. So what is open and overdue stands in the sum, and each clock once."""


class ExtensionReason(Choice, zh="延期原因", en="Reason"):
    """Why more time was given."""

    COMPLEX = "complex", "情况复杂"
    JOINT = "joint", "需多方联办", "Needs several units"
    REQUESTER = "requester", "诉求人要求", "Asked for by the requester"
    WEATHER = "weather", "天气或不可抗力", "Weather or force majeure"


class DeadlineFact(CaseFact):
    """What every fact of a clock says. `clock` is `order.accept`."""

    clock: Annotated[ClockName, Coded]
    tier: Annotated[Tier | None, Coded, Label("档次", "Tier")] = None
    of_unit: Annotated[UnitCode | None, Label("所属单位", "Of unit")] = None
    """Whose it is, where each unit has its own."""
    of_revision: Annotated[Revision | None, Label("所指记录", "Record")] = None
    """The record it is about, where it is about one."""

    @property
    def name(self) -> str:
        """The clock's name within its case: `accept`, `report.u1` or `challenge.7`."""
        declared = self.clock.partition(".")[2]
        own = self.of_unit or self.of_revision
        return declared if own is None else f"{declared}.{own}"


class DeadlineSet(DeadlineFact, zh="已起算", kind="deadline.set"):
    """A clock began to run (or took on another limit)."""

    started_at: Annotated[Instant, Label("起算时间", "Started at")]
    due_at: Due
    limit_seconds: Annotated[Seconds, Quantity]
    working: Annotated[bool, Label("按工作日", "Working days")] = False

    def apply(self, case: Case, told: Told) -> Case:
        """It runs; a change of limit keeps what was extended."""
        before = case.clocks.get(self.name)
        return with_clock(
            case,
            Ticking(
                name=self.name,
                tier=self.tier,
                started_at=self.started_at,
                limit_seconds=self.limit_seconds,
                working=self.working,
                due_at=self.due_at,
                extensions=before.extensions if before else 0,
                told_due=before is not None and before.told_due,
                of_unit=self.of_unit,
                of_revision=self.of_revision,
                about=self.about if self.of_revision is not None else None,
            ),
        )


class DeadlineRested(DeadlineFact, zh="已暂停计时", kind="deadline.rested"):
    """The clock stands still. What is left is below zero where it was overdue already."""

    left_seconds: Annotated[int, Label("剩余秒数", "Seconds left")]

    def apply(self, case: Case, told: Told) -> Case:
        """Nothing is due while it rests."""
        return changed_clock(case, self.name, due_at=None, left_seconds=self.left_seconds)


class DeadlineResumed(DeadlineFact, zh="已恢复计时", kind="deadline.resumed"):
    """The clock goes on with what was left."""

    due_at: Due

    def apply(self, case: Case, told: Told) -> Case:
        """Due again."""
        return changed_clock(case, self.name, due_at=self.due_at, left_seconds=None)


class DeadlineEnded(DeadlineFact, zh="时限内外已定", en="Deadline ended", kind="deadline.ended"):
    """What the clock watched was done: on time or not, by when it occurred."""

    on_time: Annotated[bool, Quantity, Label("按时", "On time")]
    due_at: Due
    took_seconds: Seconds
    due: DueOnce = 1

    def apply(self, case: Case, told: Told) -> Case:
        """The clock is gone."""
        return without_clock(case, self.name)


class DeadlineLifted(DeadlineFact, zh="时限已解除", kind="deadline.lifted"):
    """The clock ended without what it watched being done or missed: cancelled, voided, merged."""

    def apply(self, case: Case, told: Told) -> Case:
        """The clock is gone."""
        return without_clock(case, self.name)


class DeadlineExtended(DeadlineFact, zh="已延期", kind="deadline.extended"):
    """More time was given."""

    due_at: Due
    reason: ExtensionReason

    def apply(self, case: Case, told: Told) -> Case:
        """Due later; a miss before that stands in the history."""
        times = case.clocks[self.name].extensions if self.name in case.clocks else 0
        return changed_clock(
            case, self.name, due_at=self.due_at, extensions=times + 1, missed=False
        )


class DeadlineMissed(DeadlineFact, zh="已逾期", kind="deadline.missed"):
    """It was not done when it was due, as was known then. Not a count: `deadline.ended` is."""

    due_at: Due
    due: DueOnce = 1

    def apply(self, case: Case, told: Told) -> Case:
        """Fired once; the clock runs on until the thing is done."""
        return changed_clock(case, self.name, missed=True, told_due=True)


def with_clock(case: Case, clock: Ticking) -> Case:
    """The case with this clock as it is now."""
    return case.but(clocks={**case.clocks, clock.name: clock})


def changed_clock(case: Case, name: str, **changes: Any) -> Case:
    """The case with this clock changed; the same where a correction took the clock away."""
    clock = case.clocks.get(name)
    return case if clock is None else with_clock(case, replace(clock, **changes))


def without_clock(case: Case, name: str) -> Case:
    """The case without this clock."""
    return case.but(clocks={key: one for key, one in case.clocks.items() if key != name})


def clock_facts(
    workflow: Workflow,
    before: State | None,
    after: State,
    clocks: Mapping[str, Ticking],
    context: Context,
) -> list[DeadlineFact]:
    """What a move from one state to another does to the clocks, in the order of the file.

    An ending is counted where the case was (`before.about`: a decline counts against the unit
    that declined), a beginning where it is now.
    """
    facts: list[DeadlineFact] = []
    for name, clock in workflow.clocks.items():
        if clock.each is not None:
            facts += _of_each(workflow, clock, before or after, after, clocks, context)
            continue
        ticking = clocks.get(name)
        runs, rests = type(after) in workflow.running[name], type(after) in workflow.resting[name]
        if ticking is None:
            if runs:
                facts.append(_set(workflow, clock, after, context.occurred_at, context))
        elif not runs and not rests:
            met = type(after) in workflow.meeting[name]
            left = before.about if before is not None else after.about
            facts.append(_end(workflow, ticking, left, met, context))
        elif runs and clock.restarts and clock.tier(after) != ticking.tier:
            left = before.about if before is not None else after.about
            facts.append(_end(workflow, ticking, left, True, context))
            facts.append(_set(workflow, clock, after, context.occurred_at, context))
        elif rests and ticking.due_at is not None:
            facts.append(_rest(workflow, ticking, after.about, context))
        elif runs and ticking.due_at is None:
            facts.append(_resume(workflow, ticking, after.about, context))
        elif runs and (clock.tier(after), clock.end(after) or ticking.due_at) != (
            ticking.tier,
            ticking.due_at,
        ):
            facts.append(_set(workflow, clock, after, ticking.started_at, context))
    return facts


def _of_each(
    workflow: Workflow,
    clock: Clock,
    before: State,
    after: State,
    clocks: Mapping[str, Ticking],
    context: Context,
) -> Iterator[DeadlineFact]:
    """The same for a clock of which each unit has its own."""
    runs = type(after) in workflow.running[clock.name]
    met = not runs and type(after) in workflow.meeting[clock.name]
    asked = clock.ends(after) if runs else {}
    own = [one for one in clocks.values() if one.declared == clock.name]
    running = {one.of_unit: one for one in own if one.of_unit is not None}
    for unit in dict.fromkeys((*running, *asked)):
        ticking, due = running.get(unit), asked.get(unit)
        if ticking is not None and due is None:
            about = ticking.counted(before.about)
            yield _end(workflow, ticking, about, met or unit in asked, context)
        elif due is not None and (ticking is None or ticking.due_at != due):
            start = ticking.started_at if ticking is not None else context.occurred_at
            yield DeadlineSet(
                about=after.about.at(unit=unit),
                clock=f"{workflow.name}.{clock.name}",
                of_unit=unit,
                started_at=start,
                due_at=due,
                limit_seconds=max(0, int((due - start).total_seconds())),
            )


def limit_of(workflow: Workflow, clock: Clock, tier: str | None, context: Context) -> Limit:
    """The limit in force: a rule of the register where there is one, else the declared one."""
    name = f"{workflow.name}.{clock.name}"
    if tier is not None and (rule := context.limits.get(f"{name}.{tier}")):
        return rule
    return context.limits.get(name) or clock.declared(tier)


def _set(
    workflow: Workflow, clock: Clock, state: State, start: datetime, context: Context
) -> DeadlineSet:
    tier, end = clock.tier(state), clock.end(state)
    if end is None:
        limit = limit_of(workflow, clock, tier, context)
    else:
        limit = Limit(max(0, int((end - start).total_seconds())))
    return DeadlineSet(
        about=state.about,
        clock=f"{workflow.name}.{clock.name}",
        tier=tier,
        started_at=start,
        due_at=end or context.calendar.due(start, limit),
        limit_seconds=limit.seconds,
        working=limit.working,
    )


def _end(
    workflow: Workflow, ticking: Ticking, about: About, met: bool, context: Context
) -> DeadlineFact:
    name, unit = f"{workflow.name}.{ticking.declared}", ticking.of_unit
    if not met:
        return DeadlineLifted(about=about, clock=name, tier=ticking.tier, of_unit=unit)
    due = ticking.due_at or due_if_resumed(ticking, context.occurred_at, context.calendar)
    return DeadlineEnded(
        about=about,
        clock=name,
        tier=ticking.tier,
        of_unit=unit,
        on_time=context.occurred_at <= due,
        due_at=due,
        took_seconds=max(0, int((context.occurred_at - ticking.started_at).total_seconds())),
        due=due_once(ticking),
    )


def due_once(ticking: Ticking) -> int:
    """What the next fact about its time being over adds to those that had to be kept."""
    return 0 if ticking.told_due else 1


def _rest(workflow: Workflow, ticking: Ticking, about: About, context: Context) -> DeadlineRested:
    return DeadlineRested(
        about=about,
        clock=f"{workflow.name}.{ticking.name}",
        tier=ticking.tier,
        left_seconds=left_seconds(ticking, context.occurred_at, context.calendar),
    )


def _resume(
    workflow: Workflow, ticking: Ticking, about: About, context: Context
) -> DeadlineResumed:
    return DeadlineResumed(
        about=about,
        clock=f"{workflow.name}.{ticking.name}",
        tier=ticking.tier,
        due_at=due_if_resumed(ticking, context.occurred_at, context.calendar),
    )


def left_seconds(ticking: Ticking, at: datetime, calendar: Calendar) -> int:
    """What is left of a running clock; below zero where it is overdue."""
    if ticking.due_at is None:
        raise AssertionError(f"the clock {ticking.name} rests already")
    left = calendar.spent(at, ticking.due_at, working=ticking.working)
    return left - calendar.spent(ticking.due_at, at, working=ticking.working)


def due_if_resumed(ticking: Ticking, at: datetime, calendar: Calendar) -> datetime:
    """When a resting clock would be due if it ran on from here."""
    left = ticking.left_seconds or 0
    if left < 0:
        return at + timedelta(seconds=left)
    return calendar.due(at, Limit(left, ticking.working))
