"""矛盾调解 · Dispute: people at odds agree to mediation; a mediator hears them; settled or not.

Only steps, category and outcome stand here, never what was said: the parties are opaque ids, and
what they tell the mediator is not written down. Settled is not yet resolved: `dispute.resolved` is
recorded when nothing of the agreement is left to be performed, and a later visit says whether it
held.
"""

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
    Label,
    Party,
    Person,
    Refusal,
    days,
    refuse,
)
from services.kernel.workflow import About, Clock, Command, Context, Fact, Opening, State, Workflow

# ---- limits, choices, refusals

PARTIES_MAX = 10
INTAKE = (Party.COMMUNITY, Party.STREET, Party.DISPATCHER)


class Channel(Choice, zh="渠道", en="Channel"):
    """How it came to be known."""

    IN_PERSON = "in_person", "当面申请"
    PHONE = "phone", "电话"
    RIGHTS_CENTRE = "rights_centre", "居民维权中心", "Residents' rights centre"
    VISIT = "visit", "走访发现", "Found on a visit"
    ISSUE = "issue", "问题转来", "From an issue"


class Role(Choice, zh="调解员身份", en="Role"):
    """In which capacity the mediator acts."""

    MEMBER = "member", "在职党员", "Serving member"
    COMMITTEE = "committee", "人民调解委员会", "Mediation committee"
    LAWYER = "lawyer", "法律顾问"
    VOLUNTEER = "volunteer", "志愿者"


class Performance(Choice, zh="履行方式", en="Performance"):
    """Whether anything is left to be done once they agree."""

    AT_ONCE = "at_once", "当场履行", "Performed at once"
    LATER = "later", "约定履行", "To be performed later"


class FailReason(Choice, zh="未成原因", en="Reason"):
    """Why mediation ends without an agreement."""

    NO_AGREEMENT = "no_agreement", "未达成一致"
    CONSENT_WITHDRAWN = "consent_withdrawn", "一方不再同意", "A party withdrew"
    ABSENT = "absent", "一方缺席"
    NOT_PERFORMED = "not_performed", "协议未履行", "The agreement was not performed"


class ReferTo(Choice, zh="转介去向", en="Referred to"):
    """Who can do what mediation cannot."""

    STREET = "street", "街道调解"
    ARBITRATION = "arbitration", "仲裁"
    COURT = "court", "诉讼"
    LEGAL_AID = "legal_aid", "法律援助"
    POLICE = "police", "公安"
    DEPARTMENT = "department", "主管部门", "Competent department"


class Held(Choice, zh="回访结果", en="Outcome"):
    """Whether the peace lasts."""

    HOLDS = "holds", "未反复", "It holds"
    RELAPSED = "relapsed", "又起争议"


MEDIATOR_IS_PARTY = Refusal(
    "mediator_is_party", "当事人不能调解自己的矛盾", "a party cannot mediate its own dispute"
)
NOT_HEARD = Refusal("not_heard", "尚未调解,不能办理", "the parties have not been heard yet")
SAME_MEDIATOR = Refusal("same_mediator", "已由 {person} 调解", "{person} mediates it already")

Sides = Annotated[
    tuple[Person, ...],
    Field(max_length=PARTIES_MAX, examples=[["p1", "p2"]]),
    Label("当事人", "Parties"),
]
People = Annotated[
    Count, Field(ge=2, le=10_000, examples=[2]), Label("当事人数", "Number of parties")
]
Mediator = Annotated[Person, Label("调解员", "Mediator")]
Minutes = Annotated[Count, Label("调解分钟", "Minutes")]
RegisteredAt = Annotated[Instant, Label("登记时间", "Registered at")]


# ---- states


@dataclass(frozen=True)
class Matter:
    """What is true of a dispute all its life."""

    sides: tuple[str, ...]
    parties: int
    unit: str | None
    registered_at: Instant


class Dispute(State):
    """One dispute."""

    matter: Matter

    def parties(self, actor: Actor) -> set[Party]:
        """Whoever is at odds, beside the unit that mediates."""
        found = super().parties(actor)
        return found | ({Party.REQUESTER} if actor.person in self.matter.sides else set())


class Open(Dispute):
    """Not settled: may be referred."""


class Registered(Open, zh="待同意"):
    """Nobody has been asked yet whether they want it."""


class Consented(Open, zh="待调解"):
    """All sides want mediation."""


class Mediated(Dispute):
    """Somebody mediates, or has."""

    mediator: str

    def parties(self, actor: Actor) -> set[Party]:
        """The mediator, beside."""
        found = super().parties(actor)
        return found | ({Party.HOLDER} if actor.person == self.mediator else set())


class Mediating(Mediated, Open, zh="调解中"):
    """Being heard."""

    sessions: int


class Agreed(Mediated, zh="待履行"):
    """They agree; something is left to be done."""


class Resolved(Mediated, zh="已化解"):
    """Nothing is left to be done."""


class Revisited(Mediated, zh="已回访"):
    """Somebody looked later: it holds."""


class Failed(Mediated, zh="调解未成", en="Not settled"):
    """Mediation has come to nothing; another way may be open."""


class Referred(Dispute, zh="已转介"):
    """Another way was shown."""


# ---- facts


class DisputeRegistered(Fact, zh="矛盾已登记"):
    """People are at odds, and somebody asks for help."""

    channel: Annotated[Channel, Coded]
    parties: Annotated[People, Quantity]
    sides: Sides = ()
    registered_at: RegisteredAt

    def apply(self, dispute: None) -> Registered:
        """The beginning."""
        unit = self.about.unit
        return Registered(self.about, Matter(self.sides, self.parties, unit, self.registered_at))


class PartiesConsented(Fact, zh="双方已同意调解"):
    """All sides want mediation; without that there is none."""

    def apply(self, dispute: Registered) -> Consented:
        """Waiting for a mediator."""
        return Consented(dispute.about, dispute.matter)


class MediatorAssigned(Fact, zh="调解员已指派"):
    """Somebody takes it on, or takes it over."""

    mediator: Annotated[Mediator, Member]
    role: Annotated[Role, Coded]

    def apply(self, dispute: Consented | Mediating) -> Mediating:
        """What was heard before stays heard."""
        sessions = dispute.sessions if isinstance(dispute, Mediating) else 0
        return Mediating(self.about, dispute.matter, self.mediator, sessions)


class MediationHeld(Fact, zh="已调解"):
    """The parties were heard once more."""

    mediator: Annotated[Mediator, Member]
    minutes: Annotated[Minutes, Quantity]

    def apply(self, dispute: Mediating) -> Mediating:
        """One session more."""
        return replace(dispute, sessions=dispute.sessions + 1)


class AgreementReached(Fact, zh="协议已达成"):
    """They agree."""

    mediator: Annotated[Mediator, Member]
    performance: Annotated[Performance, Coded]

    def apply(self, dispute: Mediating) -> Agreed:
        """Settled, and not yet done."""
        return Agreed(dispute.about, dispute.matter, dispute.mediator)


class AgreementPerformed(Fact, zh="协议已履行"):
    """What they agreed on was done; `dispute.resolved` follows at once."""

    def apply(self, dispute: Agreed) -> Agreed:
        """Nothing is left to be done."""
        return dispute


class DisputeResolved(Fact, zh="矛盾已化解"):
    """One dispute 起 the less, as the mediator declares it. Source: 化解矛盾139起 (seed 000)."""

    mediator: Annotated[Mediator, Member]
    parties: Annotated[Count, Quantity, Label("当事人数", "Number of parties")]
    registered_at: Annotated[RegisteredAt, Quantity]

    def apply(self, dispute: Agreed) -> Resolved:
        """Until somebody looks again."""
        return Resolved(dispute.about, dispute.matter, dispute.mediator)


class MediationFailed(Fact, zh="调解未成"):
    """No agreement, or one that was not kept."""

    reason: Annotated[FailReason, Coded]

    def apply(self, dispute: Mediating | Agreed) -> Failed:
        """Another way may be open."""
        return Failed(dispute.about, dispute.matter, dispute.mediator)


class DisputeReferred(Fact, zh="已转介"):
    """Shown another way; what comes of it is not ours to know."""

    to: Annotated[ReferTo, Coded, Label("转介去向", "Referred to")]

    def apply(self, dispute: Open | Failed) -> Referred:
        """The end here."""
        return Referred(dispute.about, dispute.matter)


class RevisitDone(Fact, zh="已回访"):
    """Somebody looked later, and it holds."""

    def apply(self, dispute: Resolved | Revisited) -> Revisited:
        """As often as somebody looks."""
        return Revisited(dispute.about, dispute.matter, dispute.mediator)


class DisputeRelapsed(Fact, zh="矛盾已反复"):
    """Somebody looked later, and they are at odds again: what was resolved is not."""

    mediator: Annotated[Mediator, Member]

    def apply(self, dispute: Resolved | Revisited) -> Mediating:
        """Back to the mediator, to be heard anew."""
        return Mediating(dispute.about, dispute.matter, dispute.mediator, 0)


# ---- commands, in life order


class Register(Opening, zh="登记矛盾", by=[Party.RESIDENT, Party.WORKER, *INTAKE]):
    """Put on record that people are at odds and want help. Nothing of what it is about."""

    channel: Channel = Channel.IN_PERSON
    parties: People = 2
    sides: Sides = ()

    def decide(self, dispute: None, context: Context) -> DisputeRegistered:
        """Who they are need not be said."""
        caller = context.actor.person
        asks = caller if caller in self.sides else next(iter(self.sides), None)
        return DisputeRegistered(
            about=self.about(context, asks),
            channel=self.channel,
            parties=max(self.parties, len(set(self.sides))),
            sides=tuple(dict.fromkeys(self.sides)),
            registered_at=context.occurred_at,
        )


class Consent(Command, zh="登记同意", by=INTAKE):
    """Say that all sides want mediation."""

    def decide(self, dispute: Registered, context: Context) -> PartiesConsented:
        """Asked by whoever took it in."""
        return PartiesConsented(about=context.said(dispute.about))


class AssignMediator(Command, zh="指派调解员", by=INTAKE):
    """Give it to a mediator, or to another."""

    mediator: Mediator
    role: Role = Role.COMMITTEE

    def decide(self, dispute: Consented | Mediating, context: Context) -> MediatorAssigned:
        """Counts in the mediator's books from here on."""
        if self.mediator in dispute.matter.sides:
            refuse(MEDIATOR_IS_PARTY)
        if isinstance(dispute, Mediating) and dispute.mediator == self.mediator:
            refuse(SAME_MEDIATOR, person=self.mediator)
        books = context.books_of(self.mediator, dispute.about)
        unit = dispute.matter.unit or books.home_unit
        about = context.said(dispute.about, self.mediator, unit=unit, books=books)
        return MediatorAssigned(about=about, mediator=self.mediator, role=self.role)


class Mediate(Command, zh="调解", by=[Party.HOLDER, *INTAKE]):
    """Put a session on record."""

    minutes: Minutes = 0

    def decide(self, dispute: Mediating, context: Context) -> MediationHeld:
        """As often as it takes."""
        return MediationHeld(
            about=said(dispute, context), mediator=dispute.mediator, minutes=self.minutes
        )


class Agree(Command, zh="达成协议", by=[Party.HOLDER, *INTAKE]):
    """Say that they agree, and whether anything is left to be done."""

    performance: Performance = Performance.AT_ONCE

    def decide(
        self, dispute: Mediating, context: Context
    ) -> AgreementReached | tuple[AgreementReached, AgreementPerformed, DisputeResolved]:
        """Only after they were heard."""
        if not dispute.sessions:
            refuse(NOT_HEARD)
        about = said(dispute, context)
        reached = AgreementReached(
            about=about, mediator=dispute.mediator, performance=self.performance
        )
        if self.performance is Performance.LATER:
            return reached
        return reached, AgreementPerformed(about=about), resolved(dispute, about)


class Perform(Command, zh="登记履行", by=[Party.HOLDER, *INTAKE]):
    """Say that what they agreed on was done."""

    def decide(
        self, dispute: Agreed, context: Context
    ) -> tuple[AgreementPerformed, DisputeResolved]:
        """With that it is resolved."""
        about = said(dispute, context)
        return AgreementPerformed(about=about), resolved(dispute, about)


class Fail(Command, zh="调解未成", en="Give up", by=[Party.HOLDER, *INTAKE]):
    """End it without an agreement that holds."""

    reason: FailReason

    def decide(self, dispute: Mediating | Agreed, context: Context) -> MediationFailed:
        """Always with the reason."""
        return MediationFailed(about=said(dispute, context), reason=self.reason)


class Refer(Command, zh="转介", by=[Party.HOLDER, *INTAKE]):
    """Show another way."""

    to: Annotated[ReferTo, Label("转介去向", "Referred to")]

    def decide(self, dispute: Open | Failed, context: Context) -> DisputeReferred:
        """Nobody is kept in mediation."""
        return DisputeReferred(about=context.said(dispute.about), to=self.to)


class Revisit(Command, zh="回访", by=[Party.HOLDER, *INTAKE]):
    """Look later whether it holds."""

    outcome: Held

    def decide(
        self, dispute: Resolved | Revisited, context: Context
    ) -> RevisitDone | DisputeRelapsed:
        """What broke out again is mediated again."""
        about = said(dispute, context)
        if self.outcome is Held.HOLDS:
            return RevisitDone(about=about)
        return DisputeRelapsed(about=about, mediator=dispute.mediator)


def said(dispute: Mediated, context: Context) -> About:
    """The dimensions it has, said by whoever acts now of the mediator's deed."""
    return context.said(dispute.about, dispute.mediator)


def resolved(dispute: Mediated, about: About) -> DisputeResolved:
    """The deed that counts."""
    matter = dispute.matter
    return DisputeResolved(
        about=about,
        mediator=dispute.mediator,
        parties=matter.parties,
        registered_at=matter.registered_at,
    )


WORKFLOW = Workflow(
    __name__,
    zh="矛盾调解",
    feedback=Mediated,
    confirms={RevisitDone: DisputeResolved},
    clocks=[
        # 人民调解工作若干规定 (司法部令第75号), art. 33: as a rule within one month.
        Clock("settle", Label("调解时限", "Settle"), runs=(Open,), limit=days(30)),
    ],
)
