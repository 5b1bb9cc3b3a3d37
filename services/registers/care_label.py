"""关爱标签 · Care label: one need, noted by consent, for those who serve, and for a time.

Stream `care_label/<id>`, one for each person and need. Nothing is noted without consent, nor longer
than it was given for, nor more than a need: no group, no cause, no risk. Those who serve see it,
the person, the community that keeps it, and auditors; a withdrawal hides it at once. For a child
the guardian consents, and the community enters it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid5

from services.facts.care_label import (
    CareLabel,
    CareNeedNoted,
    CareNeedRemoved,
    Consented,
    ConsentExpired,
    ConsentGiven,
    ConsentRenewed,
    ConsentWithdrawn,
    Ended,
    GivenBy,
    Live,
    Need,
    Noted,
    Purpose,
    RemoveReason,
    Server,
    ServerNamed,
    ServerReleased,
    ServingTeam,
    UntilOn,
    Whose,
)
from services.kernel.words import Actor, Label, Party, Refusal, deny, refuse
from services.kernel.workflow import About, Clock, Command, Context, Opening, Workflow

NAMESPACE = UUID("5d0d1b5c-0b9e-5f6e-9a55-6a0d3c1b8a77")
CONSENT_DAYS_MAX = 366
SERVERS_MAX = 20
KEEPERS = (Party.COMMUNITY, Party.STREET)

OWN_CONSENT = Refusal(
    "own_consent",
    "只能由本人（未成年人由监护人）同意，社区可代为登记",
    "only oneself consents, for a child the guardian; a community may enter it",
)
ALREADY_OVER = Refusal("already_over", "同意的期限已过", "the consent would be over already")
TOO_LONG = Refusal(
    "too_long",
    "同意最长 {days} 天，到期可续",
    "a consent is for {days} days at most; renew it then",
)
CONSENT_OVER = Refusal(
    "consent_over", "同意已于 {until} 到期", "the consent ended at {until}: ask for it anew"
)
NOT_OVER = Refusal("not_over", "同意至 {until}，尚未到期", "the consent holds until {until}")
NOT_LATER = Refusal("not_later", "续期须晚于 {until}", "a renewal ends after {until}")
SERVES_ALREADY = Refusal("serves_already", "{person} 已在服务", "{person} serves already")
SERVES_NOT = Refusal("serves_not", "{person} 未在服务", "{person} does not serve here")
ENOUGH_SERVERS = Refusal(
    "enough_servers", "已有 {people} 人可见，不能再增加", "{people} people see it: not more"
)


class GiveConsent(Opening, zh="同意登记", by=[Party.RESIDENT, Party.WORKER, *KEEPERS]):
    """Agree that one need be noted; a community may enter it for somebody."""

    person: Whose = None
    need: Need
    purpose: Purpose = Purpose.SERVICE
    given_by: GivenBy = GivenBy.SELF
    until_on: UntilOn

    def case_id(self, actor: Actor) -> str | None:
        """One label for each person and need; the id says neither."""
        return str(uuid5(NAMESPACE, f"{self.person or actor.person}/{self.need.value}"))

    def decide(self, label: Ended | None, context: Context) -> ConsentGiven:
        """For oneself, and not without end; whether a guardian is one the community looks."""
        entered = not context.actor.parties().isdisjoint({*KEEPERS, Party.IMPORTER})
        person = self.person or context.actor.person
        own = person == context.actor.person and self.given_by is GivenBy.SELF
        if not own and not entered:
            deny(OWN_CONSENT)
        return ConsentGiven(
            about=self.about(context, person),
            need=self.need,
            purpose=self.purpose,
            given_by=self.given_by,
            person=person,
            expires_at=end_of(self.until_on, context),
        )


class NoteNeed(Command, zh="登记需求", by=KEEPERS):
    """Let those who serve know it."""

    team: ServingTeam = None

    def decide(self, label: Consented, context: Context) -> CareNeedNoted:
        """While the consent holds."""
        check_holds(label, context)
        about = said(label, context)
        if self.team is not None:
            about = about.at(books=about.books.model_copy(update={"team": self.team}))
        return CareNeedNoted(about=about, need=label.consent.need)


class NameServer(Command, zh="指定服务人", by=[*KEEPERS, Party.HANDLER]):
    """Let somebody who serves see it."""

    server: Server

    def decide(self, label: Noted, context: Context) -> ServerNamed:
        """As few as it takes, while the consent holds."""
        check_holds(label, context)
        servers = label.consent.servers
        if self.server in servers:
            refuse(SERVES_ALREADY, person=self.server)
        if len(servers) >= SERVERS_MAX:
            refuse(ENOUGH_SERVERS, people=len(servers))
        return ServerNamed(about=said(label, context), need=label.consent.need, server=self.server)


class ReleaseServer(Command, zh="解除服务人", by=[*KEEPERS, Party.HANDLER, Party.REQUESTER]):
    """Somebody serves no more."""

    server: Server

    def decide(self, label: Noted, context: Context) -> ServerReleased:
        """Only who does."""
        if self.server not in label.consent.servers:
            refuse(SERVES_NOT, person=self.server)
        return ServerReleased(
            about=said(label, context), need=label.consent.need, server=self.server
        )


class RemoveNeed(Command, zh="解除需求", by=[*KEEPERS, Party.REQUESTER]):
    """Say that the need is not there any more."""

    reason: RemoveReason = RemoveReason.MET

    def decide(self, label: Noted, context: Context) -> CareNeedRemoved:
        """Nobody who served sees it from here on."""
        return removed(label, self.reason, context)


class Renew(Command, zh="续期", by=[*KEEPERS, Party.REQUESTER]):
    """Let the consent hold longer."""

    until_on: UntilOn

    def decide(self, label: Live, context: Context) -> ConsentRenewed:
        """While it holds, and not without end."""
        check_holds(label, context)
        until = end_of(self.until_on, context)
        if until <= label.expires_at:
            refuse(NOT_LATER, until=label.expires_at.isoformat())
        return ConsentRenewed(about=said(label, context), need=label.consent.need, expires_at=until)


class Withdraw(Command, zh="撤回同意", by=[Party.REQUESTER, *KEEPERS]):
    """Agree no longer."""

    def decide(
        self, label: Live, context: Context
    ) -> ConsentWithdrawn | tuple[CareNeedRemoved, ConsentWithdrawn]:
        """At any time, without a reason."""
        back = ConsentWithdrawn(about=said(label, context), need=label.consent.need)
        if isinstance(label, Noted):
            return removed(label, RemoveReason.CONSENT, context), back
        return back


class Expire(Command, zh="到期", by=[*KEEPERS, Party.SYSTEM]):
    """Say that its time is over."""

    def decide(
        self, label: Live, context: Context
    ) -> ConsentExpired | tuple[CareNeedRemoved, ConsentExpired]:
        """Not before."""
        if context.occurred_at < label.expires_at:
            refuse(NOT_OVER, until=label.expires_at.isoformat())
        over = ConsentExpired(about=said(label, context), need=label.consent.need)
        if isinstance(label, Noted):
            return removed(label, RemoveReason.CONSENT, context), over
        return over


def said(label: CareLabel, context: Context) -> About:
    """The dimensions it has, said by whoever acts now."""
    return context.said(label.about, label.consent.person)


def removed(label: Noted, reason: RemoveReason, context: Context) -> CareNeedRemoved:
    """The need goes out of the books where it stands."""
    return CareNeedRemoved(about=said(label, context), need=label.consent.need, reason=reason)


def check_holds(label: Live, context: Context) -> None:
    """Raises Refused once the consent is over, whether or not anybody has said so."""
    if context.occurred_at >= label.expires_at:
        refuse(CONSENT_OVER, until=label.expires_at.isoformat())


def end_of(day: date, context: Context) -> datetime:
    """The end of a local day. Raises Refused where it is over already, or too far away."""
    zone = context.calendar.zone
    end = datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)
    if end <= context.occurred_at:
        refuse(ALREADY_OVER)
    if end > context.occurred_at + timedelta(days=CONSENT_DAYS_MAX):
        refuse(TOO_LONG, days=CONSENT_DAYS_MAX)
    return end


WORKFLOW = Workflow(
    __name__,
    zh="关爱标签",
    clocks=[
        # Hides the need by itself when it runs out; its end is neither on time nor late.
        Clock(
            "consent",
            Label("同意期限", "Consent"),
            runs=(Live,),
            met=(),
            until="expires_at",
            extensions=0,
        )
    ],
)
