"""关爱标签 · Care label, its words, states and facts; what may be done is beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import Field

from events.clock import Instant
from events.fact import Coded, Quantity
from services.kernel.words import Actor, Choice, Help, Label, Party, TeamCode
from services.kernel.words import Person as PersonId
from services.kernel.workflow import Fact, State


class Need(Choice, zh="需求", en="Need"):
    """What somebody needs. Never what they are."""

    WEEKLY_VISIT = "weekly_visit", "每周探访", "A weekly visit"
    DAILY_CALL = "daily_call", "每日问候", "A daily call"
    RAMP = "ramp", "坡道或扶手", "A ramp or rail"
    MEALS = "meals", "助餐"
    ERRANDS = "errands", "代办跑腿"
    ESCORT = "escort", "出行陪同", "Somebody to go with"
    HOME_REPAIR = "home_repair", "居家维修"
    READING = "reading", "代读代写", "Reading and writing"
    TUTORING = "tutoring", "课后辅导"


class Purpose(Choice, zh="使用目的", en="Purpose"):
    """What it may be used for, and nothing else."""

    SERVICE = "service", "安排服务", "To arrange the service"
    VISITS = "visits", "安排走访", "To arrange visits"
    EMERGENCY = "emergency", "紧急联系", "To be reached in an emergency"


class GivenBy(Choice, zh="同意人", en="Given by"):
    """Who consented."""

    SELF = "self", "本人", "Oneself"
    GUARDIAN = "guardian", "监护人"


class RemoveReason(Choice, zh="解除原因", en="Reason"):
    """Why the need is not there any more."""

    MET = "met", "需求已满足", "It was met"
    NOT_NEEDED = "not_needed", "已不需要", "No longer needed"
    CONSENT = "consent", "同意已撤回或到期", "The consent ended"


Whose = Annotated[PersonId | None, Label("需求人", "Whose need")]
Server = Annotated[PersonId, Label("服务人", "Who serves")]
UntilOn = Annotated[date, Field(examples=["2018-12-31"]), Label("同意至", "Until")]
ExpiresAt = Annotated[Instant, Label("到期时间", "Expires at")]
ServingTeam = Annotated[TeamCode | None, Help("由队伍服务的填写", "Where a team serves")]


@dataclass(frozen=True)
class Consent:
    """What is true of a label."""

    person: str
    need: Need
    purpose: Purpose
    servers: frozenset[str] = frozenset()


class CareLabel(State):
    """One need of one person. Its unit and team are those that serve."""

    consent: Consent

    def parties(self, actor: Actor) -> set[Party]:
        """The person, those who serve, and their unit."""
        found = super().parties(actor)
        if actor.person == self.consent.person:
            found.add(Party.REQUESTER)
        if actor.person in self.consent.servers:
            found.add(Party.HOLDER)
        return found

    def shown_to(self, actor: Actor, *, overdue: bool) -> bool:
        """Nobody else than those it is for, who keeps and checks it, and the timer."""
        keeps = {Party.COMMUNITY, Party.AUDITOR, Party.REQUESTER, Party.SYSTEM}
        return bool((actor.parties() | self.parties(actor)) & keeps)


class Live(CareLabel):
    """The consent holds."""

    expires_at: Instant


class Consented(Live, zh="已同意", en="Consented"):
    """Nothing is noted."""


class Noted(Live, zh="已登记"):
    """Those who serve know it."""

    def shown_to(self, actor: Actor, *, overdue: bool) -> bool:
        """Those who serve too, until the consent is over."""
        serves = self.parties(actor) & {Party.HOLDER, Party.HANDLER}
        return super().shown_to(actor, overdue=overdue) or (bool(serves) and not overdue)


class Ended(CareLabel, zh="已隐去", en="Hidden"):
    """Withdrawn or over: hidden from those who served. It may be consented to anew."""


# ---- facts


class AboutNeed(Fact):
    """What every fact says: which need."""

    need: Annotated[Need, Coded]


class ConsentGiven(AboutNeed, zh="已同意"):
    """Somebody agrees that this need be noted, for a purpose and a time."""

    purpose: Annotated[Purpose, Coded]
    given_by: GivenBy
    person: Annotated[PersonId, Label("需求人", "Whose need")]
    expires_at: Annotated[ExpiresAt, Quantity]

    def apply(self, label: Ended | None) -> Consented:
        """Nothing is noted yet."""
        return Consented(self.about, Consent(self.person, self.need, self.purpose), self.expires_at)


class CareNeedNoted(AboutNeed, zh="关爱需求已登记"):
    """Those who serve may know it."""

    def apply(self, label: Consented) -> Noted:
        """Until it is met, or the consent ends."""
        return Noted(self.about, label.consent, label.expires_at)


class CareNeedRemoved(AboutNeed, zh="关爱需求已解除"):
    """Nobody need know it any more."""

    reason: Annotated[RemoveReason, Coded]

    def apply(self, label: Live) -> Consented:
        """The consent still holds."""
        consent = replace(label.consent, servers=frozenset[str]())
        return Consented(label.about, consent, label.expires_at)


class ServerNamed(AboutNeed, zh="服务人已指定"):
    """Somebody serves, and so sees it."""

    server: Server

    def apply(self, label: Noted) -> Noted:
        """One more."""
        servers = label.consent.servers | {self.server}
        return Noted(label.about, replace(label.consent, servers=servers), label.expires_at)


class ServerReleased(AboutNeed, zh="服务人已解除"):
    """Somebody serves no more, and sees it no more."""

    server: Server

    def apply(self, label: Noted) -> Noted:
        """One fewer."""
        servers = label.consent.servers - {self.server}
        return Noted(label.about, replace(label.consent, servers=servers), label.expires_at)


class ConsentRenewed(AboutNeed, zh="同意已续期"):
    """It holds longer."""

    expires_at: Annotated[ExpiresAt, Quantity]

    def apply(self, label: Live) -> Consented | Noted:
        """The same otherwise."""
        kind = Noted if isinstance(label, Noted) else Consented
        return kind(label.about, label.consent, self.expires_at)


class ConsentWithdrawn(AboutNeed, zh="同意已撤回"):
    """Somebody no longer agrees. Nobody is asked why."""

    def apply(self, label: Live) -> Ended:
        """Hidden at once."""
        return Ended(label.about, replace(label.consent, servers=frozenset[str]()))


class ConsentExpired(AboutNeed, zh="同意已到期"):
    """Its time is over."""

    def apply(self, label: Live) -> Ended:
        """Hidden."""
        return Ended(label.about, replace(label.consent, servers=frozenset[str]()))
