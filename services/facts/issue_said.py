"""问题记事 · What several commands of an issue record."""

from __future__ import annotations

from datetime import date, datetime

from services.facts.issue import (
    REOPEN_WITHIN,
    Answered,
    Closed,
    Found,
    Handled,
    Issue,
    IssueClosed,
    IssueFedBack,
    IssueFound,
    IssueReopened,
    IssueTold,
    Open,
    Replied,
)
from services.facts.issue_words import (
    After,
    Channel,
    ReopenReason,
    Reply,
    Resolution,
    Source,
    SourceNote,
)
from services.kernel.words import Refusal, refuse
from services.kernel.workflow import About, Context

REOPEN_TOO_LATE = Refusal(
    "reopen_too_late",
    zh="重办期已于 {until} 截止；请另行提出",
    en="it could be reopened until {until}: raise it as a new issue",
)


def imported(
    source: Source, about: About, channel: Channel, requester: str | None, context: Context
) -> IssueFound:
    """The beginning of an issue of another system."""
    return IssueFound(
        about=about,
        channel=channel,
        reply=Reply.AWAITED if source.replies else Reply.UNTOLD,
        requester=requester,
        opened_at=source.opened_at or context.occurred_at,
        due_at=source.due_at,
        day=source.day,
        row_id=source.row_id,
        labels=source.labels,
    )


def fed_back(
    issue: Found | Handled, context: Context, counted_from: datetime | None, day: date | None = None
) -> IssueFedBack:
    """The reply to an issue."""
    matter = issue.matter
    return IssueFedBack(
        about=issue.said(context),
        reply=Reply.GIVEN if matter.reply is Reply.AWAITED else matter.reply,
        opened_at=matter.opened_at,
        counted_from=counted_from or matter.opened_at,
        day=day,
        labels=matter.labels,
    )


def closed(
    issue: Open,
    context: Context,
    resolution: Resolution,
    counted_from: datetime | None,
    day: date | None = None,
) -> IssueClosed:
    """The end of an issue."""
    matter = issue.matter
    ended = {Reply.GIVEN: Reply.EARLIER, Reply.AWAITED: Reply.NONE}
    return IssueClosed(
        about=issue.said(context),
        resolution=resolution,
        reply=ended.get(matter.reply, matter.reply),
        holder=issue.holder if isinstance(issue, Answered) else None,
        requester=matter.requester,
        counted_from=counted_from or matter.opened_at,
        due_at=matter.due_at,
        day=day,
        reopen_until=context.occurred_at + REOPEN_WITHIN,
        labels=matter.labels,
    )


def reopened(issue: Replied | Closed, context: Context, reason: ReopenReason) -> IssueReopened:
    """A new beginning, while the window lasts."""
    if isinstance(issue, Closed) and context.occurred_at > issue.reopen_until:
        refuse(REOPEN_TOO_LATE, until=issue.reopen_until.isoformat())
    matter = issue.matter
    return IssueReopened(
        about=issue.said(context),
        reason=reason,
        after=After.CLOSED if isinstance(issue, Closed) else After.REPLY,
        opened_at=matter.opened_at,
        due_at=matter.due_at,
        labels=matter.labels,
    )


def told(issue: Issue, context: Context, note: SourceNote) -> IssueTold:
    """What the source tells of an issue, whatever state it is in."""
    return IssueTold(
        about=issue.said(context),
        what=note.what,
        order=note.order,
        counted_from=note.counted_from or issue.matter.opened_at,
        due_at=note.due_at,
        day=note.day,
        note_id=note.note_id,
        labels=note.labels,
    )
