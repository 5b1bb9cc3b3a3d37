"""矛盾调解 · Dispute, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from events.clock import Instant
from events.fact import Coded, Member, Quantity
from services.kernel.words import Actor, Choice, Count, Label, Party, Person
from services.kernel.workflow import Fact, State

# ---- limits, choices, fields

PARTIES_MAX = 10


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

    def apply(self, dispute: Registered | Agreed) -> Resolved:
        """Until somebody looks again. Straight after it was registered: settled on the spot."""
        about = dispute.about if isinstance(dispute, Agreed) else self.about
        return Resolved(about, dispute.matter, self.mediator)


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
