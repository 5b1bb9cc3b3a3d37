"""代办 · Agency, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    UnitCode,
)
from services.kernel.workflow import Fact, State

# ---- limits, choices, fields

MATERIALS_MAX = 20
SUPPLEMENTS_MAX = 9


class Channel(Choice, zh="渠道", en="Channel"):
    """How it was asked for."""

    DESK = "desk", "窗口"
    ONLINE = "online", "网上", "Online"
    PHONE = "phone", "电话"
    HOME = "home", "上门", "At home"


class DeclineReason(Choice, zh="不予受理原因", en="Reason"):
    """Why nobody runs this errand."""

    NOT_ON_LIST = "not_on_list", "不在事项清单", "Not on the list of matters"
    OTHER_OFFICE = "other_office", "应由其他部门受理", "Another office takes it"
    NOT_ENTITLED = "not_entitled", "不符合条件"
    IN_PERSON_ONLY = "in_person_only", "依法须本人办理", "By law in person only"


class WithdrawReason(Choice, zh="撤回原因", en="Reason"):
    """Why it is not wanted any more."""

    NOT_NEEDED = "not_needed", "已不需要", "No longer needed"
    DONE_ALREADY = "done_already", "已自行办理", "Done by oneself"
    MATERIALS_MISSING = "materials_missing", "材料无法补齐", "What is missing cannot be had"


class Outcome(Choice, zh="办理结果", en="Outcome"):
    """What the office said."""

    GRANTED = "granted", "准予"
    REFUSED = "refused", "不予"
    NOT_NEEDED = "not_needed", "无需办理"


class Delivery(Choice, zh="送达方式", en="Delivery"):
    """How the answer comes to whoever asked."""

    DESK = "desk", "窗口领取", "At the desk"
    HOME = "home", "送达到家", "Brought home"
    POST = "post", "邮寄", "By post"
    ONLINE = "online", "网上送达", "Online"


class Visits(Choice, zh="跑动次数", en="Visits"):
    """How often whoever asked had to come. “办事跑一次”."""

    NONE = "none", "零跑"
    ONCE = "once", "跑一次"
    SEVERAL = "several", "跑多次"


Agent = Annotated[Person, Label("代办员", "Agent")]
ForWhom = Annotated[Person | None, Label("申请人", "Asked for by")]
Matter = Annotated[ItemCode, Label("事项", "Matter")]
Materials = Annotated[
    tuple[ItemCode, ...],
    Field(min_length=1, max_length=MATERIALS_MAX, examples=[["i1"]]),
    Label("待补材料", "What is missing"),
    Help("须一次告知", "All of it, in one go"),
]
Office = Annotated[UnitCode, Label("承办部门", "Office")]
ListCode = Annotated[ItemCode | None, Label("清单", "List")]
RequestedAt = Annotated[Instant, Label("申请时间", "Asked for at")]


class AgencyTerms(Terms):
    """What a variant fixes. Source of the one supplement: 行政许可法 art. 32 (told in one go)."""

    supplements_max: Annotated[
        Count, Field(le=SUPPLEMENTS_MAX), Label("补正次数上限", "Most supplements")
    ] = 1
    submitted_first: Annotated[bool, Label("须报送部门", "An office decides")] = True
    listed_only: Annotated[bool, Label("只办清单内事项", "Only what is on a list")] = False


# ---- states


@dataclass(frozen=True)
class Errand:
    """What is true of an errand all its life."""

    terms: AgencyTerms
    requester: str | None
    matter: str
    requested_at: Instant
    supplements: int = 0


class Agency(State):
    """One errand."""

    errand: Errand

    def parties(self, actor: Actor) -> set[Party]:
        """Whoever asked, beside the unit that runs it."""
        found = super().parties(actor)
        return found | ({Party.REQUESTER} if actor.person == self.errand.requester else set())


class Open(Agency):
    """Not answered yet: may be withdrawn."""


class Requested(Open, zh="待受理"):
    """Somebody asks for it."""


class Run(Agency):
    """Somebody runs it."""

    agent: str

    def parties(self, actor: Actor) -> set[Party]:
        """The agent, beside."""
        found = super().parties(actor)
        return found | ({Party.HOLDER} if actor.person == self.agent else set())


class Accepted(Run, Open, zh="待报送", en="To be submitted"):
    """An agent has it."""


class Supplementing(Run, Open, zh="待补正", en="Materials missing"):
    """Something is missing, and whoever asked brings it."""


class Submitted(Run, Open, zh="待答复"):
    """An office has it."""

    office: str

    def parties(self, actor: Actor) -> set[Party]:
        """The office, beside."""
        found = super().parties(actor)
        return found | ({Party.HANDLER} if actor.unit == self.office else set())


class Answered(Run, zh="待送达"):
    """There is an answer; whoever asked has not got it yet."""

    outcome: Outcome


class Delivered(Run, zh="已办结送达", en="Delivered"):
    """The end."""


class Declined(Agency, zh="不予受理"):
    """Nobody runs it, with the reason why."""


class Withdrawn(Agency, zh="已撤回"):
    """Not wanted any more."""


# ---- facts


class AgencyRequested(Fact, zh="代办已申请"):
    """Somebody asks that it be done for them."""

    requester: Annotated[ForWhom, Member] = None
    matter: Annotated[Matter, Coded]
    channel: Annotated[Channel, Coded]
    requested_at: RequestedAt
    terms: Annotated[AgencyTerms, Label("条款", "Terms")]

    def apply(self, agency: None) -> Requested:
        """The beginning."""
        errand = Errand(self.terms, self.requester, self.matter, self.requested_at)
        return Requested(self.about, errand)


class AgencyAccepted(Fact, zh="代办已受理"):
    """An agent takes it on. Source: 为民服务全程代理制 (seed 000)."""

    agent: Annotated[Agent, Member]
    matter: Annotated[Matter, Coded]
    list_code: ListCode = None

    def apply(self, agency: Requested) -> Accepted:
        """To be submitted."""
        return Accepted(self.about, agency.errand, self.agent)


class AgencyDeclined(Fact, zh="代办不予受理"):
    """Not taken on. What is on no list names the list."""

    matter: Annotated[Matter, Coded]
    reason: Annotated[DeclineReason, Coded]
    list_code: ListCode = None

    def apply(self, agency: Requested) -> Declined:
        """The end."""
        return Declined(agency.about, agency.errand)


class MaterialsRequested(Fact, zh="已告知补正", en="Materials asked for"):
    """All that is missing, named at once."""

    agent: Annotated[Agent, Member]
    materials: Materials

    def apply(self, agency: Accepted | Submitted) -> Supplementing:
        """Waiting for whoever asked."""
        errand = replace(agency.errand, supplements=agency.errand.supplements + 1)
        return Supplementing(agency.about, errand, agency.agent)


class MaterialsSupplied(Fact, zh="材料已补正", en="Materials complete"):
    """Nothing is missing any more."""

    def apply(self, agency: Supplementing) -> Accepted:
        """To be submitted, perhaps again."""
        return Accepted(agency.about, agency.errand, agency.agent)


class AgencySubmitted(Fact, zh="已代报"):
    """The agent hands it in for whoever asked."""

    agent: Annotated[Agent, Member]
    matter: Annotated[Matter, Coded]
    office: Office

    def apply(self, agency: Accepted) -> Submitted:
        """The office's to answer."""
        return Submitted(agency.about, agency.errand, agency.agent, self.office)


class AgencyAnswered(Fact, zh="已答复"):
    """What the office said."""

    matter: Annotated[Matter, Coded]
    outcome: Annotated[Outcome, Coded]

    def apply(self, agency: Accepted | Submitted) -> Answered:
        """To be brought to whoever asked."""
        return Answered(agency.about, agency.errand, agency.agent, self.outcome)


class AgencyCompleted(Fact, zh="已办结送达"):
    """One matter 件 done. Source: 服务一条龙、办事跑一次，111项 (seed 001)."""

    agent: Annotated[Agent, Member]
    requester: Annotated[ForWhom, Member] = None
    outcome: Annotated[Outcome, Coded]
    visits: Annotated[Visits, Coded]
    delivery: Delivery
    requested_at: Annotated[RequestedAt, Quantity]

    def apply(self, agency: Answered) -> Delivered:
        """The end."""
        return Delivered(agency.about, agency.errand, agency.agent)


class AgencyWithdrawn(Fact, zh="代办已撤回"):
    """Taken back by whoever asked."""

    matter: Annotated[Matter, Coded]
    reason: Annotated[WithdrawReason, Coded]

    def apply(self, agency: Open) -> Withdrawn:
        """The end."""
        return Withdrawn(agency.about, agency.errand)
