"""点单 · Order: a resident asks, a unit serves, the resident says whether it was done."""

from __future__ import annotations

from datetime import timedelta

from events.fact import Books
from services.facts.order import (
    Accepted,
    AppointmentSet,
    Beneficiaries,
    Booked,
    CancelReason,
    Care,
    Channel,
    Closed,
    Confirmed,
    DeclineReason,
    Delivered,
    Dispatched,
    Kept,
    Measure,
    Minutes,
    Open,
    Order,
    OrderAccepted,
    OrderCancelled,
    OrderClosed,
    OrderConfirmed,
    OrderDeclined,
    OrderDispatched,
    OrderPlaced,
    OrderRated,
    OrderReopened,
    Output,
    Placed,
    Rated,
    Redo,
    RedoReason,
    Requester,
    Resolution,
    Served,
    Service,
    ServiceDelivered,
    ServiceStarted,
    Serving,
    Solved,
    StartAt,
    Timing,
    Worker,
)
from services.kernel.words import (
    Household,
    Label,
    Party,
    Refusal,
    Satisfaction,
    TeamCode,
    UnitCode,
    days,
    hours,
    refuse,
)
from services.kernel.workflow import About, Clock, Command, Context, Opening, Workflow

DECLINES_MAX = 3
REDONE_MAX = 3
REOPEN_WINDOW = timedelta(days=7)
APPOINTMENT_GRACE = timedelta(minutes=30)


HOUSEHOLD_NEEDED = Refusal(
    "household_needed", "个性化服务须写明住户", "a tailored service names its household"
)
UNIT_NEEDED = Refusal("unit_needed", "请写明服务单位", "say which unit served")
DECLINES_USED_UP = Refusal(
    "declines_used_up",
    "已退单 {declines} 次，须由派单员裁定",
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
    "已重办 {redone} 次，请转问题闭环办理",
    "redone {redone} times: raise it as an issue",
)
WINDOW_CLOSED = Refusal(
    "window_closed", "重办期已于 {until} 截止", "it could be reopened until {until}"
)
ANSWER_AWAITED = Refusal(
    "answer_awaited",
    "诉求人可在 {until} 前答复，此前不能办结",
    "the requester may answer until {until}: not closed before",
)


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
