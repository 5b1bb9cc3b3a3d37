"""点单 · Order: a resident asks, a unit serves, the resident says whether it was done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

from events.clock import Instant
from events.fact import Books, Coded, Member, Quantity
from services.kernel.words import (
    Actor,
    Choice,
    Count,
    Household,
    ItemCode,
    Label,
    Party,
    Person,
    Refusal,
    Satisfaction,
    TeamCode,
    UnitCode,
    days,
    hours,
    refuse,
)
from services.kernel.workflow import (
    About,
    Clock,
    Command,
    Context,
    Fact,
    Opening,
    State,
    Workflow,
)

# ---- limits, choices, refusals

DECLINES_MAX = 3
REDONE_MAX = 3
REOPEN_WINDOW = timedelta(days=7)
APPOINTMENT_GRACE = timedelta(minutes=30)


class Channel(Choice, zh="渠道", en="Channel"):
    """How the resident asked."""

    WINDOW = "window", "窗口"
    PHONE = "phone", "电话"
    ONLINE = "online", "线上"
    ONE_TAP = "one_tap", "一键响应", "One tap"
    VISIT = "visit", "上门走访", "Home visit"
    ON_THE_SPOT = "on_the_spot", "当场", "On the spot"


class Care(Choice, zh="服务性质", en="Care"):
    """Whether it is planned for one household in need. Says nothing of what the need is."""

    GENERAL = "general", "一般服务"
    TAILORED = "tailored", "差异化个性化服务", "Tailored"


class Timing(Choice, zh="服务时段", en="Timing"):
    """“八小时以外”: outside the eight hours of the server's own work."""

    AFTER_HOURS = "after_hours", "八小时以外", "After hours"
    WORKING_HOURS = "working_hours", "工作时间", "Working hours"


class Measure(Choice, zh="产出单位", en="Measure"):
    """What an output is counted in."""

    TREES = "trees", "株"
    VEHICLES = "vehicles", "车", "Vehicle loads"
    SQUARE_METRES = "square_metres", "平方米"
    ITEMS = "items", "件"
    METRES = "metres", "米"


class DeclineReason(Choice, zh="退单原因", en="Reason"):
    """Why a unit gives an order back."""

    NO_CAPACITY = "no_capacity", "力量不足"
    WRONG_UNIT = "wrong_unit", "不属本单位职责", "Not this unit's duty"
    NO_SKILL = "no_skill", "无此专长", "Skill missing"
    CONFLICT = "conflict", "时间冲突", "Time conflict"


class RedoReason(Choice, zh="重办原因", en="Reason"):
    """What the requester says is missing."""

    NOT_DONE = "not_done", "未办"
    NOT_SOLVED = "not_solved", "未解决"
    POOR = "poor", "质量不佳", "Poorly done"


class CancelReason(Choice, zh="取消原因", en="Reason"):
    """Ended without service, because …"""

    WITHDRAWN = "withdrawn", "诉求人撤回", "Withdrawn by the requester"
    OUT_OF_SCOPE = "out_of_scope", "不在服务范围"
    UNREACHABLE = "unreachable", "联系不上"
    NO_SERVER = "no_server", "无人可办", "Nobody can serve it"


class Kept(Choice, zh="预约履行", en="Appointment"):
    """Whether the service began when it was booked for."""

    KEPT = "kept", "守约"
    MISSED = "missed", "失约"
    NONE = "none", "无预约", "No appointment"


class Resolution(Choice, zh="办结结果", en="Resolution"):
    """How it ended. Closing is not solving."""

    SOLVED = "solved", "诉求人确认已解决", "Confirmed by the requester"
    UNANSWERED = "unanswered", "诉求人未答复", "The requester did not answer"


class Solved(Choice, zh="是否解决", en="Solved"):
    """The requester's own word."""

    YES = "yes", "已解决"
    NO = "no", "未解决"


HOUSEHOLD_NEEDED = Refusal(
    "household_needed", "个性化服务须写明住户", "a tailored service names its household"
)
UNIT_NEEDED = Refusal("unit_needed", "请写明服务单位", "say which unit served")
DECLINES_USED_UP = Refusal(
    "declines_used_up",
    "已退单 {declines} 次,须由派单员裁定",
    "declined {declines} times: the dispatcher decides now",
)
APPOINTMENT_PAST = Refusal(
    "appointment_past", "预约时间须在将来", "an appointment must lie in the future"
)
OUTPUT_INCOMPLETE = Refusal(
    "output_incomplete", "产出须同时写数量和单位", "an output has both a quantity and a measure"
)
REASON_NEEDED = Refusal("reason_needed", "未解决须写明原因", "a no needs its reason")
REDONE_ENOUGH = Refusal(
    "redone_enough",
    "已重办 {redone} 次,请转问题闭环办理",
    "redone {redone} times: raise it as an issue",
)
WINDOW_CLOSED = Refusal(
    "window_closed", "重办期已于 {until} 截止", "it could be reopened until {until}"
)
ANSWER_AWAITED = Refusal(
    "answer_awaited",
    "诉求人可在 {until} 前答复,此前不能办结",
    "the requester may answer until {until}: not closed before",
)

Worker = Annotated[Person, Label("服务人员", "Worker")]
Requester = Annotated[Person, Label("诉求人", "Requester")]
Service = Annotated[ItemCode, Label("服务项目", "Service")]
StartAt = Annotated[Instant, Label("预约时间", "Appointment")]
Until = Annotated[Instant, Label("可重办至", "May be reopened until")]
Beneficiaries = Annotated[Count, Label("受益人次", "Person-times")]
Output = Annotated[Count, Label("产出数量", "Output")]
Minutes = Annotated[Count, Label("服务分钟", "Minutes")]


# ---- states


@dataclass(frozen=True)
class Ask:
    """What is true of an order all its life."""

    requester: str
    household: str | None
    care: Care
    declines: int = 0
    redone: int = 0


class Order(State):
    """Every order."""

    ask: Ask

    def parties(self, actor: Actor) -> set[Party]:
        """The requester, beside the unit."""
        found = super().parties(actor)
        if actor.person == self.ask.requester:
            found.add(Party.REQUESTER)
        return found


class Open(Order):
    """Not served yet: may be cancelled."""


class Placed(Open, zh="待派单"):
    """Waiting for a unit."""


class Dispatched(Open, zh="待接单"):
    """Waiting for the unit to say yes or no."""


class Serving(Open):
    """Somebody has taken it on."""

    worker: str

    def parties(self, actor: Actor) -> set[Party]:
        """The one who serves, beside."""
        found = super().parties(actor)
        if actor.person == self.worker:
            found.add(Party.HOLDER)
        return found


class Accepted(Serving, zh="待服务"):
    """Taken on."""


class Booked(Serving, zh="已预约"):
    """A time is agreed."""

    start_at: Instant


class InService(Serving, zh="服务中"):
    """Begun."""


class Redo(Serving, zh="待重办"):
    """The requester said no: to be done again, by the same worker."""


class Served(Order):
    """Done, as the worker says. The window for reopening counts from then, whatever follows."""

    worker: str
    reopen_until: Instant

    def parties(self, actor: Actor) -> set[Party]:
        """The one who served, beside."""
        found = super().parties(actor)
        if actor.person == self.worker:
            found.add(Party.HOLDER)
        return found


class Delivered(Served, zh="待确认"):
    """Waiting for the requester's word."""


class Confirmed(Served, zh="待评单"):
    """The requester says it was done."""


class Rated(Served, zh="已评单"):
    """... and how well."""


class Closed(Served, zh="已办结"):
    """Filed."""


class Cancelled(Order, zh="已取消"):
    """Ended without service."""


# ---- facts


class OrderPlaced(Fact, zh="已下单"):
    """A resident asks, in person or through somebody."""

    requester: Annotated[Requester, Member]
    household: Annotated[Household | None, Member, Label("住户", "Household")] = None
    channel: Annotated[Channel, Coded]
    service: Annotated[Service | None, Coded] = None
    care: Care

    def apply(self, order: None) -> Placed:
        """The beginning."""
        return Placed(self.about, Ask(self.requester, self.household, self.care))


class OrderDispatched(Fact, zh="已派单"):
    """Given to a unit: `about` has it from here on."""

    def apply(self, order: Placed) -> Dispatched:
        """The unit is asked."""
        return Dispatched(self.about, order.ask)


class OrderDeclined(Fact, zh="已退单"):
    """Counts against the unit that declined; the order itself has no unit afterwards."""

    reason: Annotated[DeclineReason, Coded]

    def apply(self, order: Dispatched) -> Placed:
        """Back to the dispatcher."""
        ask = replace(order.ask, declines=order.ask.declines + 1)
        return Placed(order.about.at(unit=None, books=Books()), ask)


class OrderAccepted(Fact, zh="已接单"):
    """The unit says who will serve."""

    worker: Annotated[Worker, Member]

    def apply(self, order: Dispatched) -> Accepted:
        """Taken on."""
        return Accepted(self.about, order.ask, self.worker)


class AppointmentSet(Fact, zh="已预约"):
    """A time agreed with the requester."""

    start_at: StartAt

    def apply(self, order: Accepted | Booked | Redo) -> Booked:
        """A later one replaces it."""
        return Booked(order.about, order.ask, order.worker, self.start_at)


class ServiceStarted(Fact, zh="服务已开始"):
    """The worker begins."""

    worker: Annotated[Worker, Member]
    appointment: Annotated[Kept, Coded]

    def apply(self, order: Accepted | Booked | Redo) -> InService:
        """Begun."""
        return InService(order.about, order.ask, order.worker)


class ServiceDelivered(Fact, zh="服务已完成"):
    """One service 次, to so many people 人次, as the worker declares it.

    Source: “八小时以外”服务3509次, 服务居民9865人次, 86户困难群体213项 (seed 000).
    """

    beneficiaries: Annotated[Beneficiaries, Quantity]
    output: Annotated[Output | None, Quantity] = None
    output_measure: Measure | None = None
    worker: Annotated[Worker, Member]
    household: Annotated[Household | None, Member] = None
    timing: Annotated[Timing, Coded]
    care: Annotated[Care, Coded]
    minutes: Minutes | None = None
    reopen_until: Until

    def apply(self, order: Placed | Serving) -> Delivered:
        """Done."""
        return Delivered(self.about, order.ask, self.worker, self.reopen_until)


class OrderConfirmed(Fact, zh="居民已确认"):
    """The requester's yes."""

    def apply(self, order: Delivered) -> Confirmed:
        """Solved, as the requester says."""
        return Confirmed(order.about, order.ask, order.worker, order.reopen_until)


class OrderReopened(Fact, zh="已重办"):
    """The requester's no, at once or later."""

    reason: Annotated[RedoReason, Coded]

    def apply(self, order: Served) -> Redo:
        """To be done again."""
        return Redo(order.about, replace(order.ask, redone=order.ask.redone + 1), order.worker)


class OrderRated(Fact, zh="已评单"):
    """How satisfied the requester is; never shown with a name to the unit rated."""

    satisfaction: Annotated[Satisfaction, Coded]

    def apply(self, order: Confirmed) -> Rated:
        """Once for each confirmation."""
        return Rated(order.about, order.ask, order.worker, order.reopen_until)


class OrderClosed(Fact, zh="已办结"):
    """Filed, with how it ended."""

    resolution: Annotated[Resolution, Coded]

    def apply(self, order: Delivered | Confirmed | Rated) -> Closed:
        """Still open to the requester's no while the window lasts."""
        return Closed(order.about, order.ask, order.worker, order.reopen_until)


class OrderCancelled(Fact, zh="已取消"):
    """Ended without service, with the reason why."""

    reason: Annotated[CancelReason, Coded]

    def apply(self, order: Open) -> Cancelled:
        """The end."""
        return Cancelled(order.about, order.ask)


# ---- commands, in life order


class Place(
    Opening,
    zh="下单",
    by=[Party.RESIDENT, Party.COMMUNITY, Party.DISPATCHER, Party.WORKER],
):
    """Ask for a service, for oneself or for a resident."""

    requester: Requester | None = None
    household: Household | None = None
    channel: Channel = Channel.WINDOW
    service: Service | None = None
    care: Care = Care.GENERAL

    def decide(self, order: None, context: Context) -> OrderPlaced:
        """Residents ask for themselves; others say for whom."""
        organisers = (Party.COMMUNITY, Party.DISPATCHER, Party.WORKER)
        requester = context.person_meant(self.requester, organisers)
        if self.care is Care.TAILORED and self.household is None:
            refuse(HOUSEHOLD_NEEDED)
        return OrderPlaced(
            about=self.about(context, requester),
            requester=requester,
            household=self.household,
            channel=self.channel,
            service=self.service,
            care=self.care,
        )


class Dispatch(Command, zh="派单", by=[Party.DISPATCHER, Party.COMMUNITY]):
    """Give it to a unit, and to a team of it where there is one."""

    unit: UnitCode
    team: TeamCode | None = None

    def decide(self, order: Placed, context: Context) -> OrderDispatched:
        """The unit's clock starts here, so that nobody gains by signing late."""
        books = Books(team=self.team)
        return OrderDispatched(about=context.said(order.about, unit=self.unit, books=books))


class Decline(Command, zh="退单", by=Party.HANDLER):
    """Give it back, with a reason."""

    reason: DeclineReason

    def decide(self, order: Dispatched, context: Context) -> OrderDeclined:
        """Not for ever: after a few times the dispatcher's word holds."""
        if order.ask.declines >= DECLINES_MAX:
            refuse(DECLINES_USED_UP, declines=order.ask.declines)
        return OrderDeclined(about=context.said(order.about), reason=self.reason)


class Accept(Command, zh="接单", by=Party.HANDLER):
    """Take it on: oneself, or somebody of the unit."""

    worker: Worker | None = None

    def decide(self, order: Dispatched, context: Context) -> OrderAccepted:
        """The worker's further books join the dimensions from here on."""
        worker = self.worker or context.actor.person
        books = context.books_of(worker, order.about)
        return OrderAccepted(about=context.said(order.about, worker, books=books), worker=worker)


class Book(Command, zh="预约", by=[Party.HOLDER, Party.HANDLER, Party.REQUESTER]):
    """Agree on a time; a later agreement replaces it."""

    start_at: StartAt

    def decide(self, order: Accepted | Booked | Redo, context: Context) -> AppointmentSet:
        """Only ahead of time."""
        if self.start_at <= context.occurred_at:
            refuse(APPOINTMENT_PAST)
        return AppointmentSet(about=context.said(order.about), start_at=self.start_at)


class Start(Command, zh="开始服务", by=[Party.HOLDER, Party.HANDLER]):
    """Begin. Not needed where nobody asks for the beginning."""

    def decide(self, order: Accepted | Booked | Redo, context: Context) -> ServiceStarted:
        """An appointment is kept within half an hour."""
        return ServiceStarted(
            about=context.said(order.about, order.worker),
            worker=order.worker,
            appointment=kept(order, context),
        )


class Done(Command):
    """What a finished service is declared with."""

    beneficiaries: Beneficiaries = 1
    timing: Timing
    output: Output | None = None
    output_measure: Measure | None = None
    minutes: Minutes | None = None

    def delivered(
        self, order: Order, worker: str, about: About, context: Context
    ) -> ServiceDelivered:
        """The fact, with what the order itself says."""
        if (self.output is None) != (self.output_measure is None):
            refuse(OUTPUT_INCOMPLETE)
        return ServiceDelivered(
            about=about,
            beneficiaries=self.beneficiaries,
            output=self.output,
            output_measure=self.output_measure,
            worker=worker,
            household=order.ask.household,
            timing=self.timing,
            care=order.ask.care,
            minutes=self.minutes,
            reopen_until=context.occurred_at + REOPEN_WINDOW,
        )


class Deliver(Done, zh="完成服务", by=[Party.HOLDER, Party.HANDLER]):
    """Say that it was done: the claim, which the requester then confirms."""

    def decide(self, order: Serving, context: Context) -> ServiceDelivered:
        """From any stage of serving: nobody is made to enter steps after the fact."""
        about = context.said(order.about, order.worker)
        return self.delivered(order, order.worker, about, context)


class Report(Done, zh="直接记实", by=[Party.WORKER, Party.COMMUNITY, Party.IMPORTER]):
    """Put a service on record that nobody dispatched: done on the spot, or brought by an import."""

    unit: UnitCode | None = None
    worker: Worker | None = None

    def decide(self, order: Placed, context: Context) -> ServiceDelivered:
        """One's own deed, or that of somebody of the unit named."""
        unit = self.unit or order.about.unit or context.actor.unit
        if unit is None:
            refuse(UNIT_NEEDED)
        worker = self.worker or context.actor.person
        books = context.books_of(worker, order.about)
        about = context.said(order.about, worker, unit=unit, books=books)
        return self.delivered(order, worker, about, context)


class Confirm(Command, zh="确认", by=Party.REQUESTER):
    """The requester's word; a no is a reopening."""

    solved: Solved
    reason: RedoReason | None = None

    def decide(self, order: Delivered, context: Context) -> OrderConfirmed | OrderReopened:
        """A no says what is missing."""
        about = context.said(order.about)
        if self.solved is Solved.YES:
            return OrderConfirmed(about=about)
        if self.reason is None:
            refuse(REASON_NEEDED)
        return reopened(order, about, self.reason)


class Reopen(Command, zh="重办", by=Party.REQUESTER):
    """A later no, within the window."""

    reason: RedoReason

    def decide(self, order: Confirmed | Rated | Closed, context: Context) -> OrderReopened:
        """The window counts from the service, whatever was said since."""
        if context.occurred_at > order.reopen_until:
            refuse(WINDOW_CLOSED, until=order.reopen_until.isoformat())
        return reopened(order, context.said(order.about), self.reason)


class Rate(Command, zh="评单", by=Party.REQUESTER):
    """How satisfied the requester is."""

    satisfaction: Satisfaction

    def decide(self, order: Confirmed, context: Context) -> OrderRated:
        """Counts for the unit that served."""
        return OrderRated(about=context.said(order.about), satisfaction=self.satisfaction)


class Close(Command, zh="办结", by=[Party.COMMUNITY, Party.DISPATCHER, Party.SYSTEM]):
    """File it. Closing is not solving: the resolution says which."""

    def decide(self, order: Delivered | Confirmed | Rated, context: Context) -> OrderClosed:
        """Without the requester's word only after the time to give it."""
        about = context.said(order.about)
        if not isinstance(order, Delivered):
            return OrderClosed(about=about, resolution=Resolution.SOLVED)
        if context.occurred_at < order.reopen_until:
            refuse(ANSWER_AWAITED, until=order.reopen_until.isoformat())
        return OrderClosed(about=about, resolution=Resolution.UNANSWERED)


class Cancel(Command, zh="取消", by=[Party.REQUESTER, Party.COMMUNITY, Party.DISPATCHER]):
    """End it without service, while it is open."""

    reason: CancelReason

    def decide(self, order: Open, context: Context) -> OrderCancelled:
        """Always with the reason."""
        return OrderCancelled(about=context.said(order.about), reason=self.reason)


def kept(order: Accepted | Booked | Redo, context: Context) -> Kept:
    """Whether a service beginning now keeps its appointment."""
    if not isinstance(order, Booked):
        return Kept.NONE
    off = abs(context.occurred_at - order.start_at)
    return Kept.KEPT if off <= APPOINTMENT_GRACE else Kept.MISSED


def reopened(order: Served, about: About, reason: RedoReason) -> OrderReopened:
    """Not for ever: what is not solved after some tries is no order any more."""
    if order.ask.redone >= REDONE_MAX:
        refuse(REDONE_ENOUGH, redone=order.ask.redone)
    return OrderReopened(about=about, reason=reason)


WORKFLOW = Workflow(
    __name__,
    zh="点单",
    feedback=Served,
    confirms={OrderConfirmed: ServiceDelivered},
    clocks=[
        Clock(
            "accept",
            Label("接单时限", "Accept"),
            runs=(Dispatched,),
            limit=hours(1),
            met=(Serving, Placed),
        ),
        Clock(
            "deliver",
            Label("服务时限", "Deliver"),
            runs=(Dispatched, Serving),
            limit=days(7),
            met=(Served,),
        ),
    ],
)
