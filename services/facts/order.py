"""点单之事实 · Order: its words, its states, and what can be said to have happened to one."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    Satisfaction,
)
from services.kernel.workflow import Fact, State

# ---- words


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


class Taken(Order):
    """Somebody serves, or has served."""

    worker: str

    def parties(self, actor: Actor) -> set[Party]:
        """The one who serves, beside."""
        found = super().parties(actor)
        if actor.person == self.worker:
            found.add(Party.HOLDER)
        return found


class Serving(Open, Taken):
    """Taken on, not served yet."""


class Accepted(Serving, zh="待服务"):
    """Taken on."""


class Booked(Serving, zh="已预约"):
    """A time is agreed."""

    start_at: Instant


class InService(Serving, zh="服务中"):
    """Begun."""


class Redo(Serving, zh="待重办"):
    """The requester said no: to be done again, by the same worker."""


class Served(Taken):
    """Done, as the worker says. The window for reopening counts from then, whatever follows."""

    reopen_until: Instant


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
