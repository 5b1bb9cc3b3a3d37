"""报到 · Check-in: a member registers with a community once; the community keeps the unit informed.

One registration, never a punch: no place, no device, no daily sign-in. A person has one check-in
with a community for life: its id is made of both, so a second one meets the first, and whoever
ended may begin again there. Feedback goes both ways: the community tells the home unit what was
done, and the unit says that it has seen it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import Field

from events.clock import Instant
from events.fact import Books, Coded, Member, Quantity
from services.kernel.words import Actor, Choice, Count, Help, Label, Party, Person, Refusal, refuse
from services.kernel.workflow import About, Command, Context, Fact, Opening, State, Workflow

# ---- limits, choices, refusals

NAMESPACE = UUID("6a1f3c1e-5b0a-5d53-9d0e-7c2f4b8a9e10")
SKILLS_MAX = 8
ORGANISERS = (Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN)


class Basis(Choice, zh="报到类别", en="Basis"):
    """Why here: the member lives here, the unit is paired with it, or the district sent them."""

    HOME = "home", "居住地社区报到", "Lives here"
    PAIRED = "paired", "共建社区报到", "The unit is paired with it"
    SECTOR = "sector", "社会组织或行业报到", "Sent by a social organisation or sector"


class Skill(Choice, zh="专长意向", en="Skill"):
    """What somebody offers to do. Teams are formed by it."""

    EDUCATION = "education", "教育辅导"
    MEDICAL = "medical", "医疗健康", "Health"
    RELIEF = "relief", "扶贫帮困", "Help for the needy"
    SECURITY = "security", "治安维稳", "Public safety"
    ENVIRONMENT = "environment", "环境保护"
    LEGAL = "legal", "法律咨询", "Legal advice"
    MEDIATION = "mediation", "矛盾调解"
    ARTS = "arts", "文艺"
    REPAIR = "repair", "便民维修"
    DIGITAL = "digital", "数字技能"


class FreeTime(Choice, zh="可服务时段", en="Free time"):
    """When they can serve."""

    AFTER_HOURS = "after_hours", "八小时以外", "After hours"
    WEEKENDS = "weekends", "周末"
    ANY = "any", "均可"


class Conduct(Choice, zh="履诺情况", en="Pledge kept"):
    """What the community tells the unit. Three levels, and no mark."""

    KEPT = "kept", "已履诺"
    PARTLY = "partly", "部分履诺"
    NOT_YET = "not_yet", "尚未服务", "Not served yet"


class DeclineReason(Choice, zh="未确认原因", en="Reason"):
    """Why a request ends without a check-in."""

    NOT_OF_HERE = "not_of_here", "不属本社区", "Not of this community"
    WITHDRAWN = "withdrawn", "本人撤回", "Withdrawn by the member"
    UNKNOWN_UNIT = "unknown_unit", "单位信息不符", "The unit does not know them"


class EndReason(Choice, zh="结束原因", en="Reason"):
    """Why a check-in ends."""

    TRANSFERRED = "transferred", "关系转接"
    MOVED_AWAY = "moved_away", "迁居"
    CHANGED_UNIT = "changed_unit", "调离单位"
    OWN_WISH = "own_wish", "本人申请", "At their own wish"


NO_HOME_UNIT = Refusal(
    "no_home_unit", "未登记所在单位，无处反馈", "no home unit is on record to send feedback to"
)
PERIOD_REVERSED = Refusal(
    "period_reversed", "反馈期间的止日早于起日", "the period ends before it begins"
)
NOT_OVER = Refusal("not_over", "反馈期间尚未结束", "the period is not over yet")

Someone = Annotated[Person, Label("报到人", "Member")]
Skills = Annotated[
    tuple[Skill, ...],
    Field(min_length=1, max_length=SKILLS_MAX, examples=[["legal", "mediation"]]),
    Label("专长意向", "Skills"),
]
Services = Annotated[Count, Label("服务次数", "Services")]
Minutes = Annotated[Count, Label("服务分钟", "Minutes of service")]
From = Annotated[date, Field(examples=["2018-09-01"]), Label("自", "From")]
To = Annotated[date, Field(examples=["2018-09-30"]), Label("至", "To")]


# ---- states


@dataclass(frozen=True)
class Who:
    """What is true of a check-in all its life."""

    person: str
    basis: Basis
    skills: tuple[Skill, ...] = ()


class CheckIn(State):
    """One member with one community. Its unit is the member's own."""

    who: Who

    def parties(self, actor: Actor) -> set[Party]:
        """The member, and their unit."""
        found = {Party.HOLDER} if actor.person == self.who.person else set()
        home = self.about.books.home_unit
        return found | ({Party.HOME_UNIT} if actor.unit and actor.unit == home else set())


class Requested(CheckIn, zh="待确认"):
    """Waiting for the community's word."""


class Here(CheckIn):
    """Checked in."""


class Confirmed(Here, zh="已报到"):
    """The community knows them, and not yet what they can do."""


class Active(Here, zh="服务中"):
    """... and what they offer."""


class Reported(Here, zh="待单位签收", en="Feedback sent"):
    """The unit has been told, and has not said that it has seen it."""

    sent_at: Instant


class Declined(CheckIn, zh="未予确认"):
    """Not checked in; may be asked again."""


class Ended(CheckIn, zh="已结束"):
    """Over; may begin again."""


# ---- facts


class AboutMember(Fact):
    """What every fact says: whom it is about, and on which basis."""

    person: Annotated[Someone, Member]
    basis: Annotated[Basis, Coded]


class CheckInRequested(AboutMember, zh="报到已申请"):
    """A member asks to be registered here."""

    def apply(self, check_in: Declined | Ended | None) -> Requested:
        """The beginning, or a new one."""
        return Requested(self.about, Who(self.person, self.basis))


class CheckInConfirmed(AboutMember, zh="报到已确认"):
    """The community registers them. Source: 3415名机关在职党员参与进社区 (seed 000)."""

    def apply(self, check_in: Requested) -> Confirmed:
        """Here."""
        return Confirmed(check_in.about, check_in.who)


class CheckInDeclined(AboutMember, zh="报到未予确认"):
    """It ends without a check-in, with the reason why."""

    reason: DeclineReason

    def apply(self, check_in: Requested) -> Declined:
        """Not here."""
        return Declined(check_in.about, check_in.who)


class SkillsDeclared(AboutMember, zh="专长意向已登记"):
    """What they offer; a later word replaces it."""

    skills: Skills
    free_time: Annotated[FreeTime, Coded]

    def apply(self, check_in: Here) -> Active | Reported:
        """Ready to serve; what the unit has to see stays to be seen."""
        who = replace(check_in.who, skills=self.skills)
        if isinstance(check_in, Reported):
            return replace(check_in, who=who)
        return Active(check_in.about, who)


class FeedbackSentToHomeUnit(AboutMember, zh="已反馈所在单位"):
    """What the community tells the unit about a period: how often, how long, pledge kept."""

    services: Annotated[Services, Quantity]
    minutes: Annotated[Minutes, Quantity]
    conduct: Annotated[Conduct, Coded]
    period_from: From
    period_to: To
    sent_at: Annotated[Instant, Label("反馈时间", "Sent at")]

    def apply(self, check_in: Active | Reported) -> Reported:
        """The first one not seen counts for how long the unit takes."""
        since = check_in.sent_at if isinstance(check_in, Reported) else self.sent_at
        return Reported(check_in.about, check_in.who, since)


class HomeUnitAcknowledged(AboutMember, zh="所在单位已签收"):
    """The unit has seen it: the loop is closed."""

    sent_at: Annotated[Instant, Quantity, Label("反馈时间", "Sent at")]

    def apply(self, check_in: Reported) -> Active:
        """Until the next feedback."""
        return Active(check_in.about, check_in.who)


class CheckInEnded(AboutMember, zh="报到已结束"):
    """Not registered here any more, with the reason why."""

    reason: Annotated[EndReason, Coded]

    def apply(self, check_in: Here) -> Ended:
        """Over."""
        return Ended(check_in.about, check_in.who)


# ---- commands, in life order


class Request(Opening, zh="申请报到", by=[Party.WORKER, Party.RESIDENT, *ORGANISERS]):
    """Ask to be registered with a community; an organiser may enter somebody."""

    person: Annotated[Someone | None, Help("不填即本人", "The caller, where it is left out")] = None
    basis: Basis = Basis.HOME

    def case_id(self, actor: Actor) -> str:
        """One for a person and a community, so that two cannot stand side by side."""
        area = self.area or actor.area
        return str(uuid5(NAMESPACE, f"{self.person or actor.person}\n{area}"))

    def decide(self, check_in: Declined | Ended | None, context: Context) -> CheckInRequested:
        """Whoever is here already is refused, and told which case it is."""
        person = context.person_meant(self.person, ORGANISERS)
        return CheckInRequested(about=self.place(person, context), person=person, basis=self.basis)

    def place(self, person: str, context: Context) -> About:
        """Counts here, in the books of the member's unit and communities."""
        base = self.about(context, person)
        own = context.books_of(person, base)
        books = Books(
            home_unit=self.unit or own.home_unit,
            team=own.team,
            home_community=base.area if self.basis is Basis.HOME else own.home_community,
            paired_community=base.area if self.basis is Basis.PAIRED else own.paired_community,
        )
        return base.at(unit=books.home_unit, books=books)


class Confirm(Command, zh="确认报到", by=[Party.COMMUNITY, Party.STREET]):
    """Register them."""

    def decide(self, check_in: Requested, context: Context) -> CheckInConfirmed:
        """The community's own word."""
        return CheckInConfirmed(about=said(check_in, context), **named(check_in))


class Decline(Command, zh="不予确认", by=[Party.COMMUNITY, Party.STREET, Party.HOLDER]):
    """End a request without a check-in."""

    reason: DeclineReason

    def decide(self, check_in: Requested, context: Context) -> CheckInDeclined:
        """Always with the reason."""
        about = said(check_in, context)
        return CheckInDeclined(about=about, reason=self.reason, **named(check_in))


class DeclareSkills(Command, zh="登记专长意向", by=[Party.HOLDER, Party.COMMUNITY]):
    """Say what one offers, and when."""

    skills: Skills
    free_time: FreeTime = FreeTime.AFTER_HOURS

    def decide(self, check_in: Here, context: Context) -> SkillsDeclared:
        """Each once, in the order of the list."""
        return SkillsDeclared(
            about=said(check_in, context),
            skills=tuple(skill for skill in Skill if skill in self.skills),
            free_time=self.free_time,
            **named(check_in),
        )


class SendFeedback(Command, zh="反馈所在单位", by=[Party.COMMUNITY, Party.STREET]):
    """Tell the home unit about a period."""

    services: Services
    minutes: Minutes = 0
    conduct: Conduct
    period_from: From
    period_to: To

    def decide(self, check_in: Active | Reported, context: Context) -> FeedbackSentToHomeUnit:
        """About a period that is over, to a unit that is known."""
        if check_in.about.books.home_unit is None:
            refuse(NO_HOME_UNIT)
        if self.period_to < self.period_from:
            refuse(PERIOD_REVERSED)
        if self.period_to > context.occurred_at.astimezone(context.calendar.zone).date():
            refuse(NOT_OVER)
        return FeedbackSentToHomeUnit(
            about=said(check_in, context),
            services=self.services,
            minutes=self.minutes,
            conduct=self.conduct,
            period_from=self.period_from,
            period_to=self.period_to,
            sent_at=context.occurred_at,
            **named(check_in),
        )


class Acknowledge(Command, zh="签收反馈", by=Party.HOME_UNIT):
    """Say for the home unit that it has seen the feedback."""

    def decide(self, check_in: Reported, context: Context) -> HomeUnitAcknowledged:
        """Anybody of the unit but the member."""
        about = said(check_in, context)
        return HomeUnitAcknowledged(about=about, sent_at=check_in.sent_at, **named(check_in))


class End(Command, zh="结束报到", by=[Party.HOLDER, *ORGANISERS]):
    """Take the registration back."""

    reason: EndReason

    def decide(self, check_in: Here, context: Context) -> CheckInEnded:
        """Always with the reason."""
        return CheckInEnded(about=said(check_in, context), reason=self.reason, **named(check_in))


def said(check_in: CheckIn, context: Context) -> About:
    """The dimensions it has, said by whoever acts now."""
    return context.said(check_in.about, check_in.who.person)


def named(check_in: CheckIn) -> dict[str, str]:
    """What every fact repeats."""
    return {"person": check_in.who.person, "basis": check_in.who.basis}


WORKFLOW = Workflow(__name__, zh="报到", en="Check-in", feedback=Here)
