"""期次 · Sessions of an activity: the period one is due in, what was missed, how it was done."""

from __future__ import annotations

from datetime import date, datetime

from events.clock import local_day
from services.facts.activity import (
    ActivityHeld,
    ActivityTerms,
    Agenda,
    Coming,
    Duty,
    Measure,
    PeriodsMissed,
)
from services.kernel.periods import Every, Period, end_of, period_of
from services.kernel.workflow import About, Context


def day_of(instant: datetime, context: Context) -> date:
    """The day on the wall calendar."""
    return local_day(instant, context.calendar.zone)


def awaited(agenda: Agenda) -> Period | None:
    """The period a session is due in next; None where it is not periodic."""
    if agenda.awaited is None or agenda.terms.every is Every.ONCE:
        return None
    return period_of(agenda.terms.every, agenda.awaited)


def first_period(terms: ActivityTerms, context: Context) -> Period:
    """The first period in which its day is still to come."""
    today = day_of(context.occurred_at, context)
    period = period_of(terms.every, today)
    return period if today <= period.day(terms.day) else period.next


def due(
    terms: ActivityTerms, period: Period | None, planned_for: datetime | None, context: Context
) -> datetime:
    """When it is too late: the end of its day in the period, or of the day it is planned for."""
    if period is not None:
        return end_of(period.day(terms.day), context.calendar.zone)
    return end_of(day_of(planned_for or context.occurred_at, context), context.calendar.zone)


def missed_before(activity: Coming, context: Context) -> PeriodsMissed | None:
    """The periods that are over at this moment, and had no session."""
    agenda, period = activity.agenda, awaited(activity.agenda)
    if period is None:
        return None
    now = period_of(period.every, day_of(context.occurred_at, context))
    periods = period.count_to(now)
    if not periods:
        return None
    return PeriodsMissed(
        about=context.said(activity.about),
        form=agenda.terms.form,
        every=period.every,
        periods=periods,
        awaited=now.first,
        due_at=due(agenda.terms, now, None, context),
    )


def held(
    about: About,
    agenda: Agenda,
    context: Context,
    *,
    director: str | None = None,
    output: int | None = None,
    measure: Measure | None = None,
    terms: ActivityTerms | None = None,
) -> ActivityHeld:
    """The deed that counts, and where a periodic one goes on from."""
    day, said = day_of(context.occurred_at, context), agenda.terms
    period, duty, following = awaited(agenda), Duty.NONE, None
    if period is not None:
        here = period_of(period.every, day)
        following = period if here.first < period.first else here.next
        duty = performed(said, period, here, day)
    return ActivityHeld(
        about=about,
        form=said.form,
        duty=duty,
        periods=int(duty in (Duty.ON_TIME, Duty.LATE)),
        director=director or agenda.director,
        venue=agenda.venue,
        output=output,
        output_measure=measure,
        held_at=context.occurred_at,
        awaited=following.first if following else None,
        due_at=due(said, following, None, context) if following else None,
        terms=terms,
    )


def performed(terms: ActivityTerms, period: Period, here: Period, day: date) -> Duty:
    """How a session stands to the duty: one in a period that had its own already is extra."""
    if here.first < period.first:
        return Duty.EXTRA
    on = here.day(terms.day)
    in_time = day == on if terms.on_the_day else day <= on
    return Duty.ON_TIME if in_time else Duty.LATE
