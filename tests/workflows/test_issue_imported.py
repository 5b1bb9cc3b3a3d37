"""What an import may say of an issue, and nobody else; and no step more than its source tells."""

from __future__ import annotations

from datetime import date, timedelta

from events.fact import About, Provenance
from services.facts.issue import (
    Found,
    IssueClosed,
    IssueCloseRefused,
    IssueFedBack,
    IssueFound,
)
from services.facts.issue_words import (
    Channel,
    Reply,
    Resolution,
    Source,
    Tier,
)
from services.kernel.testing import (
    MONDAY,
)
from services.workflows.issue import (
    Assign,
    Classify,
    CloseImported,
    FeedBack,
    Find,
    Handle,
    RefuseCloseImported,
    ReplyImported,
)
from tests.workflows.issues import (
    AT_C1,
    COMMUNITY,
    DISPATCHER,
    FOUND,
    IMPORTER,
    NEW,
    UNIT,
)

LONG_AGO = MONDAY - timedelta(days=2_000)
DUE = LONG_AGO + timedelta(days=1)
SOURCE = Source(
    row_id="42",
    day=date(2012, 9, 12),
    due_at=DUE,
    labels={"ward": "Ward 14", "source": " "},
)
FROM_IMPORT = AT_C1.at(provenance=Provenance.IMPORT)
IMPORTED = NEW.when(
    IMPORTER,
    Find(
        area="c1",
        category="noise",
        channel=Channel.IMPORTED,
        source=SOURCE,
        occurred_at=LONG_AGO,
    ),
)
TOLD_REPLIES = NEW.when(
    IMPORTER,
    Find(area="c1", source=Source(row_id="43", replies=True), occurred_at=LONG_AGO),
)


def test_nobody_else_may_say_what_a_source_knows() -> None:
    NEW.when(COMMUNITY, Find(area="c1", source=SOURCE)).refused("import_only")
    FOUND.when(COMMUNITY, CloseImported()).refused("not_yours")
    FOUND.when(COMMUNITY, ReplyImported()).refused("not_yours")


def test_an_imported_request_is_no_late_entry_and_starts_no_clock() -> None:
    IMPORTED.then(
        IssueFound(
            about=FROM_IMPORT,
            channel=Channel.IMPORTED,
            reply=Reply.UNTOLD,
            opened_at=LONG_AGO,
            due_at=DUE,
            day=date(2012, 9, 12),
            row_id="42",
            labels={"ward": "Ward 14", "source": " "},
        )
    )
    IMPORTED.when(COMMUNITY, Classify(tier=Tier.GENERAL)).recorded("issue.classified")


def test_an_imported_end_follows_at_once_and_keeps_what_it_is_counted_by() -> None:
    ended = DUE + timedelta(hours=1)
    closed = IMPORTED.when(
        IMPORTER,
        CloseImported(
            occurred_at=ended,
            resolution=Resolution.SOLVED,
            counted_from=LONG_AGO + timedelta(hours=1),
            day=date(2012, 9, 13),
        ),
    )
    closed.then(
        IssueClosed(
            about=FROM_IMPORT,
            resolution=Resolution.SOLVED,
            reply=Reply.UNTOLD,
            counted_from=LONG_AGO + timedelta(hours=1),
            due_at=DUE,
            day=date(2012, 9, 13),
            reopen_until=ended + timedelta(days=30),
            labels={"ward": "Ward 14", "source": " "},
        )
    )


def test_an_imported_reply_follows_at_once_and_can_be_closed() -> None:
    replied = TOLD_REPLIES.when(IMPORTER, ReplyImported(occurred_at=DUE))
    replied.then(
        IssueFedBack(
            about=About(area="c1", provenance=Provenance.IMPORT),
            reply=Reply.GIVEN,
            opened_at=LONG_AGO,
            counted_from=LONG_AGO,
        )
    )
    closed = replied.when(IMPORTER, CloseImported(occurred_at=DUE))
    assert [fact.reply for fact in closed.facts if isinstance(fact, IssueClosed)] == [Reply.EARLIER]
    without = TOLD_REPLIES.when(IMPORTER, CloseImported(occurred_at=DUE))
    assert [fact.reply for fact in without.facts if isinstance(fact, IssueClosed)] == [Reply.NONE]


def test_an_end_before_the_beginning_is_counted_and_not_believed() -> None:
    claimed = LONG_AGO - timedelta(days=1)
    kept = IMPORTED.when(IMPORTER, RefuseCloseImported(occurred_at=LONG_AGO, claimed_at=claimed))
    kept.then(IssueCloseRefused(about=FROM_IMPORT, claimed_at=claimed))
    assert isinstance(kept.state, Found)
    IMPORTED.when(IMPORTER, CloseImported(occurred_at=claimed)).refused("before_last")


def test_an_imported_request_can_be_worked_on_like_any_other() -> None:
    now = IMPORTED.when(COMMUNITY, Classify(tier=Tier.MAJOR))
    now = now.when(DISPATCHER, Assign(unit="u1")).when(UNIT, Handle(resolution=Resolution.SOLVED))
    told = now.when(UNIT, FeedBack())
    assert [fact.reply for fact in told.facts if isinstance(fact, IssueFedBack)] == [Reply.UNTOLD]
    assert told.facts[0].about.provenance is Provenance.SELF


def test_a_later_step_by_hand_is_entered_late_like_any_other() -> None:
    """Only what the import itself said is its source's business."""
    begun = IMPORTED.when(COMMUNITY, Classify(tier=Tier.MAJOR))
    begun = begun.when(DISPATCHER, Assign(unit="u1")).later(days=9)
    told = begun.when(
        UNIT, Handle(resolution=Resolution.SOLVED, occurred_at=MONDAY + timedelta(hours=1))
    )
    told.recorded("issue.handled", "record.entered_late")
