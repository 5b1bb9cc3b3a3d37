"""承诺 · Commitment: a member, a unit or a seat promises something by a date; kept, or not.

Pledges, items of a duty list, what a joint meeting agreed on, yearly targets and quotas are all
this. Who promised says that it is kept; those it was promised to confirm or deny it, and they alone
move its date. Reports due in a week, month or quarter count as due and made.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from events.clock import local_day
from services.facts.commitment import (
    Commitment,
    CommitmentDeclared,
    CommitmentDenied,
    CommitmentMet,
    CommitmentMissed,
    CommitmentMoved,
    CommitmentPublished,
    CommitmentTerms,
    CommitmentWithdrawn,
    Declared,
    Done,
    DueOn,
    Item,
    Met,
    Missed,
    MissReason,
    MoveReason,
    Open,
    ProgressReported,
    Promise,
    Promiser,
    Rhythm,
    Target,
    WithdrawReason,
)
from services.kernel.context import FOR_ONESELF
from services.kernel.words import Label, Party, Refusal, deny, refuse
from services.kernel.workflow import About, Clock, Command, Context, Opening, Workflow

ORGANISERS = (Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN)
OVERSEERS = (Party.COMMUNITY, Party.STREET, Party.LEADER, Party.AUDITOR)
"""Whom it is promised to, and who watches over it."""
KEEPERS = (Party.HOLDER, Party.HANDLER, *ORGANISERS)

PAST_DUE = Refusal(
    "past_due", "完成日期 {due} 早于承诺之日", "the date {due} lies before the promise"
)
NOT_PUBLISHED = Refusal(
    "not_published", "该承诺须先向群众公开", "it is published first: everybody can see it then"
)
SHORT_OF_TARGET = Refusal(
    "short_of_target",
    "承诺 {target}，已完成 {done}，尚未兑现",
    "{target} were promised and {done} are done: not kept yet",
)
NOT_DUE_YET = Refusal(
    "not_due_yet",
    "截止 {due} 未到，只有承诺人可以说明无法兑现",
    "it is due at {due}: before that, only who promised can say it will not be kept",
)
OWN_PROMISE = Refusal(
    "own_promise",
    "承诺人不能自行调整日期或否定兑现",
    "who promised neither moves the date nor judges the keeping",
)
MOVED_ENOUGH = Refusal(
    "moved_enough",
    "日期已调整 {moves} 次，不能再调整",
    "the date was moved {moves} times already: as often as it may be",
)
NOT_LATER = Refusal("not_later", "须晚于现定的 {due}", "it must be later than {due}")


class Declare(Opening, zh="作出承诺", by=[Party.WORKER, Party.RESIDENT, Party.LEADER, *ORGANISERS]):
    """Promise something by a date: oneself, or for one's unit."""

    person: Promiser = None
    item: Item = None
    target: Target = None
    due_on: DueOn

    def decide(self, commitment: None, context: Context) -> CommitmentDeclared:
        """By the end of that day."""
        person = self.promiser(context)
        due = end_of(self.due_on, context.calendar.zone)
        if due <= context.occurred_at:
            refuse(PAST_DUE, due=self.due_on.isoformat())
        about = self.about(context, person)
        if person is not None:
            books = context.books_of(person, about)
            about = about.at(unit=about.unit or books.home_unit, books=books)
        return CommitmentDeclared(
            about=about,
            person=person,
            item=self.item,
            target=self.target,
            due_at=due,
            declared_at=context.occurred_at,
            terms=context.terms_of(CommitmentTerms),
        )

    def promiser(self, context: Context) -> str | None:
        """Who promises; None where a unit does. For others, and other units, an organiser may."""
        if self.person is not None or self.unit is None:
            return context.person_meant(self.person, ORGANISERS)
        stranger = context.actor.unit != self.unit
        if stranger and context.actor.parties().isdisjoint({*ORGANISERS, Party.IMPORTER}):
            deny(FOR_ONESELF)
        return None


class Publish(Command, zh="公开承诺", by=KEEPERS):
    """Let everybody see it."""

    def decide(self, commitment: Declared, context: Context) -> CommitmentPublished:
        """From here on it cannot be taken back."""
        promise = commitment.promise
        return CommitmentPublished(
            about=said(commitment, context), person=promise.person, item=promise.item
        )


class Report(Command, zh="报告进展", by=KEEPERS):
    """Say how far it is."""

    done: Done = 0

    def decide(self, commitment: Open, context: Context) -> ProgressReported:
        """As often as one likes; a period counts once."""
        promise = commitment.promise
        if promise.terms.published_first and isinstance(commitment, Declared):
            refuse(NOT_PUBLISHED)
        now, last = period_now(promise, context), accounted(promise, context)
        return ProgressReported(
            about=said(commitment, context),
            person=promise.person,
            item=promise.item,
            reports_due=now - last,
            reports_made=1 if now > last else 0,
            done=self.done,
            period=now,
        )


class Move(Command, zh="调整日期", en="Move the date", by=OVERSEERS):
    """Give it a later date."""

    due_on: DueOn
    reason: MoveReason

    def decide(self, commitment: Open, context: Context) -> CommitmentMoved:
        """By those it was promised to, and not without end."""
        check_other(commitment, context)
        promise = commitment.promise
        if promise.moves >= promise.terms.moves_max:
            refuse(MOVED_ENOUGH, moves=promise.moves)
        due = end_of(self.due_on, context.calendar.zone)
        if due <= commitment.due_at or due <= context.occurred_at:
            refuse(NOT_LATER, due=max(commitment.due_at, context.occurred_at).isoformat())
        return CommitmentMoved(about=said(commitment, context), due_at=due, reason=self.reason)


class Meet(Command, zh="兑现", en="Keep", by=KEEPERS):
    """Say that it is kept."""

    done: Done = 0

    def decide(self, commitment: Open | Missed, context: Context) -> CommitmentMet:
        """All of it; late where its date is over."""
        promise = commitment.promise
        if promise.terms.published_first and isinstance(commitment, Declared):
            refuse(NOT_PUBLISHED)
        done = promise.done + self.done
        if promise.target is not None and done < promise.target:
            refuse(SHORT_OF_TARGET, target=promise.target, done=done)
        overdue = 0 if isinstance(commitment, Missed) else overdue_reports(promise, context)
        return CommitmentMet(
            about=said(commitment, context),
            person=promise.person,
            item=promise.item,
            due_at=commitment.due_at,
            reports_due=overdue,
            done=self.done,
            period=accounted(promise, context) + overdue,
        )


class FallShort(Command, zh="未兑现", en="Not kept", by=[*KEEPERS, *OVERSEERS]):
    """Say that it was not kept."""

    reason: MissReason

    def decide(self, commitment: Open, context: Context) -> CommitmentMissed:
        """Before its date, only who promised can say so."""
        own = commitment.parties(context.actor) & {Party.HOLDER, Party.HANDLER}
        if not own and context.occurred_at < commitment.due_at:
            refuse(NOT_DUE_YET, due=commitment.due_at.isoformat())
        promise = commitment.promise
        overdue = overdue_reports(promise, context)
        return CommitmentMissed(
            about=said(commitment, context),
            person=promise.person,
            item=promise.item,
            reason=self.reason,
            reports_due=overdue,
            period=accounted(promise, context) + overdue,
        )


class Deny(Command, zh="不予认可", by=OVERSEERS):
    """Say that it was not kept after all."""

    def decide(self, commitment: Met, context: Context) -> CommitmentDenied:
        """Not by who promised."""
        check_other(commitment, context)
        promise = commitment.promise
        return CommitmentDenied(
            about=said(commitment, context), person=promise.person, item=promise.item
        )


class Withdraw(Command, zh="撤回承诺", by=KEEPERS):
    """Take it back before anybody was told."""

    reason: WithdrawReason

    def decide(self, commitment: Declared, context: Context) -> CommitmentWithdrawn:
        """Not once it is public, or in progress."""
        return CommitmentWithdrawn(
            about=said(commitment, context), item=commitment.promise.item, reason=self.reason
        )


def said(commitment: Commitment, context: Context) -> About:
    """The dimensions it has, said by whoever acts now of the promise of another."""
    return context.said(commitment.about, commitment.promise.person)


def check_other(commitment: Commitment, context: Context) -> None:
    """Raises Denied for those who promised themselves."""
    own = commitment.parties(context.actor) & {Party.HOLDER, Party.HANDLER}
    if own:
        deny(OWN_PROMISE)


def end_of(day: DueOn, zone: ZoneInfo) -> datetime:
    """The end of a local day."""
    return datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)


def period_of(at: datetime, rhythm: Rhythm, zone: ZoneInfo) -> int:
    """The number of the week (from Monday), month or quarter of the wall calendar."""
    day = local_day(at, zone)
    match rhythm:
        case Rhythm.WEEKLY:
            return (day.toordinal() - 1) // 7
        case Rhythm.MONTHLY:
            return day.year * 12 + day.month - 1
        case Rhythm.QUARTERLY:
            return day.year * 4 + (day.month - 1) // 3
        case _:
            return 0


def period_now(promise: Promise, context: Context) -> int:
    """The period it happens in."""
    return period_of(context.occurred_at, promise.terms.reports, context.calendar.zone)


def accounted(promise: Promise, context: Context) -> int:
    """The last period accounted for; at first, the one before the promise. Without a rhythm no
    period is ever due."""
    rhythm, zone = promise.terms.reports, context.calendar.zone
    if rhythm is Rhythm.NONE:
        return 0
    if promise.accounted is not None:
        return promise.accounted
    return period_of(promise.declared_at, rhythm, zone) - 1


def overdue_reports(promise: Promise, context: Context) -> int:
    """Periods that are over and were never reported on."""
    return max(0, period_now(promise, context) - 1 - accounted(promise, context))


WORKFLOW = Workflow(
    __name__,
    zh="承诺",
    terms=CommitmentTerms,
    feedback=Met,
    deeds=[CommitmentMet],
    clocks=[
        Clock(
            "keep",
            Label("兑现期限", "Keep"),
            runs=(Open, Missed),
            met=(Met,),
            until="due_at",
            extensions=0,
        )
    ],
)
