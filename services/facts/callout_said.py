"""吹哨之言 · What several commands of a callout say, and what is told of one by another system."""

from __future__ import annotations

from datetime import date

from events.fact import Provenance
from services.facts.callout import (
    Callout,
    CalloutSigned,
    CalloutTold,
    CalloutToldOver,
    Department,
    Told,
)
from services.facts.callout_words import CalloutSource
from services.kernel.words import Refusal, refuse
from services.kernel.workflow import About, Context

NOT_CALLED = Refusal(
    "not_called", "{unit} 不在被呼叫之列", "the department {unit} is not called by this whistle"
)
TOO_EARLY = Refusal(
    "too_early", "不能早于呼叫 {unit} 的时间 {called}", "{unit} was called at {called}, not before"
)


def present(found: Department | None, unit: str | None, context: Context) -> Department:
    """A department that is called, and was when this happened."""
    if found is None:
        refuse(NOT_CALLED, unit=unit)
    if context.occurred_at < found.called_at:
        refuse(TOO_EARLY, unit=unit, called=found.called_at.isoformat())
    return found


def said(callout: Callout, context: Context, one: Department) -> About:
    """In the department's books: its own word, or the other side's about it."""
    about = context.said(callout.about, unit=one.unit)
    if about.provenance is Provenance.SELF and context.actor.unit != one.unit:
        return about.at(provenance=Provenance.COUNTERPARTY)
    return about


def signed(about: About, one: Department) -> CalloutSigned:
    """A department has heard."""
    return CalloutSigned(about=about, called_at=one.called_at, sign_by=one.sign_by)


def told(source: CalloutSource, about: About, issue: str | None, context: Context) -> CalloutTold:
    """The beginning of a call-out of another system."""
    return CalloutTold(
        about=about,
        issue=issue,
        source_id=source.source_id,
        called_at=context.occurred_at,
        day=source.day,
    )


def told_over(callout: Told, day: date | None, context: Context) -> CalloutToldOver:
    """Its end."""
    return CalloutToldOver(
        about=context.said(callout.about),
        source_id=callout.call.source_id,
        called_at=callout.call.called_at,
        day=day,
    )
