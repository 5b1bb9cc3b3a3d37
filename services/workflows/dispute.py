"""矛盾调解 · Dispute: people at odds agree to mediation; a mediator hears them; settled or not.

Only steps, category and outcome stand here, never what was said: the parties are opaque ids, and
what they tell the mediator is not written down. Settled is not yet resolved: `dispute.resolved` is
recorded when nothing of the agreement is left to be performed, and a later visit says whether it
held.
"""

from __future__ import annotations

from typing import Annotated

from services.facts.dispute import (
    Agreed,
    AgreementPerformed,
    AgreementReached,
    Channel,
    Consented,
    DisputeReferred,
    DisputeRegistered,
    DisputeRelapsed,
    DisputeResolved,
    Failed,
    FailReason,
    Held,
    Mediated,
    Mediating,
    MediationFailed,
    MediationHeld,
    Mediator,
    MediatorAssigned,
    Minutes,
    Open,
    PartiesConsented,
    People,
    Performance,
    ReferTo,
    Registered,
    Resolved,
    RevisitDone,
    Revisited,
    Role,
    Sides,
)
from services.kernel.words import Help, Label, Party, Refusal, days, deny, refuse
from services.kernel.workflow import About, Clock, Command, Context, Opening, Workflow

INTAKE = (Party.COMMUNITY, Party.STREET, Party.DISPATCHER)

MEDIATOR_IS_PARTY = Refusal(
    "mediator_is_party", "当事人不能调解自己的矛盾", "a party cannot mediate its own dispute"
)
NOT_HEARD = Refusal("not_heard", "尚未调解，不能办理", "the parties have not been heard yet")
SETTLED_BY_OTHERS = Refusal(
    "settled_by_others",
    "当场化解由社区、街道登记",
    "that it was settled on the spot is put on record by the community or street",
)
SAME_MEDIATOR = Refusal("same_mediator", "已由 {person} 调解", "{person} mediates it already")

SettledBy = Annotated[
    Mediator | None,
    Help("当场已化解的填写调解员", "Settled on the spot: by which mediator"),
]


class Register(Opening, zh="登记矛盾", by=[Party.RESIDENT, Party.WORKER, *INTAKE]):
    """Put on record that people are at odds and want help, or that somebody settled it on the
    spot. Nothing of what it is about."""

    channel: Channel = Channel.IN_PERSON
    parties: People = 2
    sides: Sides = ()
    settled_by: SettledBy = None

    def decide(
        self, dispute: None, context: Context
    ) -> DisputeRegistered | tuple[DisputeRegistered, DisputeResolved]:
        """Who they are need not be said."""
        registered = self._registered(context)
        mediator = self.settled_by
        if mediator is None:
            return registered
        if context.actor.parties().isdisjoint(INTAKE):
            deny(SETTLED_BY_OTHERS)
        if mediator in self.sides:
            refuse(MEDIATOR_IS_PARTY)
        books = context.books_of(mediator, registered.about)
        unit = registered.about.unit or books.home_unit
        return registered, DisputeResolved(
            about=context.said(registered.about, mediator, unit=unit, books=books),
            mediator=mediator,
            parties=registered.parties,
            registered_at=registered.registered_at,
        )

    def _registered(self, context: Context) -> DisputeRegistered:
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
        Clock("settle", Label("调解时限", "Settle"), runs=(Open,), limit=days(30))
    ],
)
