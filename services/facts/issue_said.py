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
from services.kernel.words import Party, Refusal, deny, refuse
from services.kernel.workflow import About, Context

INTAKE = (Party.COMMUNITY, Party.DISPATCHER, Party.STREET)
"""Who looks at what comes in and gives it to a unit."""

RETURNS_USED_UP = Refusal(
    "returns_used_up",
    zh="已退回 {returns} 次，不能再退；请由派单员转办",
    en="returned {returns} times already: ask the dispatcher to transfer it",
)
ONLY_COMPLEX = Refusal(
    "only_complex",
    zh="仅复杂问题以形成方案为限；一般和重大问题请直接处置",
    en="only a complex issue ends its clock with a plan: handle this one",
)
NOT_DECLARED_SOLVED = Refusal(
    "not_declared_solved",
    zh="承办单位未声明已解决，不能按“已解决”办结",
    en="its handler has not declared it solved, so it cannot be closed as solved",
)
OF_THE_HOTLINE = Refusal(
    "of_the_hotline",
    "热线工单号须与渠道“政务热线”同用，且不与来源信息并用",
    "a ticket's number goes with the channel hotline, and not with `source`",
)
TICKET_BY_INTAKE = Refusal(
    "ticket_by_intake",
    "热线工单由受理人员登记",
    "tickets of the hotline are brought by those who take things in",
)
REOPEN_TOO_LATE = Refusal(
    "reopen_too_late",
    zh="重办期已于 {until} 截止；请另行提出",
    en="it could be reopened until {until}: raise it as a new issue",
)


def check_ticket(
    ticket: str | None, channel: Channel, source: Source | None, parties: set[Party]
) -> None:
    """Refuse where a number of the hotline stands with what is not of it."""
    if ticket is None:
        return
    if channel is not Channel.HOTLINE or source is not None:
        refuse(OF_THE_HOTLINE)
    if parties.isdisjoint(INTAKE):
        deny(TICKET_BY_INTAKE)


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
