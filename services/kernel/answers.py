"""答复 · The clock of a challenge: it begins with the challenge, and ends with an answer.

It is about one record, not about a state of the case: it runs on where the case moves on or ends,
where it was imported, and where it was merged into another.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from services.kernel.case import Case, Told
from services.kernel.clocks import DeadlineEnded, DeadlineSet, due_once
from services.kernel.context import Context
from services.kernel.pieces import CHALLENGE

CLOCK = f"record.{CHALLENGE.name}"
"""Its name in facts, and the code of the rule that sets another limit."""


def awaited(told: Told, context: Context) -> DeadlineSet:
    """From now on somebody owes an answer about this record."""
    limit = context.limits.get(CLOCK) or CHALLENGE.declared(None)
    return DeadlineSet(
        about=told.fact.about,
        clock=CLOCK,
        of_revision=told.revision,
        started_at=context.occurred_at,
        due_at=context.calendar.due(context.occurred_at, limit),
        limit_seconds=limit.seconds,
        working=limit.working,
    )


def answered(case: Case, revisions: Set[int], context: Context) -> Iterator[DeadlineEnded]:
    """The ends of the clocks of these records, on time or not."""
    for ticking in case.clocks.values():
        if ticking.of_revision in revisions and ticking.due_at is not None:
            took = context.occurred_at - ticking.started_at
            yield DeadlineEnded(
                about=ticking.counted(case.about),
                clock=CLOCK,
                of_revision=ticking.of_revision,
                on_time=context.occurred_at <= ticking.due_at,
                due_at=ticking.due_at,
                took_seconds=max(0, int(took.total_seconds())),
                due=due_once(ticking),
            )
