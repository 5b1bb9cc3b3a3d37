"""沿革 · The history of a case told anew: with some facts put right, and some left out.

What a decider once derived from others is derived again here, so that a correction never leaves
half of a mistake behind: the facts of clocks, the copies in confirmations, the mark of late entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from events import codec
from events.clock import text_of
from events.fact import About
from events.fact import Fact as EventFact
from services.kernel.case import Case, Told, follow, read_told
from services.kernel.clocks import (
    DeadlineEnded,
    DeadlineFact,
    DeadlineLifted,
    DeadlineMissed,
    DeadlineRested,
    DeadlineResumed,
    DeadlineSet,
    clock_facts,
    due_if_resumed,
    due_once,
    left_seconds,
)
from services.kernel.context import Context
from services.kernel.facts import (
    LATE_AFTER,
    Confirmation,
    RecordChallenged,
    RecordEnteredLate,
    RecordUpheld,
    copied,
    lifted,
)
from services.kernel.words import Limit

BOOKS = ("home_unit", "team", "home_community", "paired_community")


def restated(told: Told, fact: EventFact, occurred_at: datetime | None = None) -> Told:
    """The same record with another content, and where given at another time."""
    about = fact.about.model_dump(mode="json", exclude_none=True)
    if not about["books"]:
        del about["books"]
    at = occurred_at or told.occurred_at
    stored = {
        **told.stored,
        "version": fact.version,
        "about": about,
        "data": fact.data(),
        "occurred_at": text_of(at),
    }
    return told._replace(fact=fact, occurred_at=at, stored=stored)


def blank(case: Case) -> Case:
    """The case before its first fact: only its stream, and what it will look like when all is
    taken back."""
    return Case(
        workflow=case.workflow,
        stream=case.stream,
        revision=case.revision,
        state=None,
        bodies=(),
        about=case.about,
        opened_at=case.opened_at,
        moved_at=case.moved_at,
    )


def replayed(case: Case, history: Iterable[Told]) -> Case:
    """The case as this history makes it. Raises Broken where it does not fold."""
    items = [(codec.canonical(told.stored), told) for told in history]
    return follow(case.workflow, case.stream, items, blank(case))


def amended(
    case: Case, taken: Sequence[Mapping[str, Any]], put: Sequence[Mapping[str, Any]]
) -> Case:
    """The case after a correction or void: what `taken` and `put` of its fact do to the history."""
    gone = {item["revision"] for item in taken}
    anew = {item["revision"]: item for item in put}
    history = []
    for told in case.held:
        if told.revision not in gone:
            history.append(told)
        elif told.revision in anew:
            stored = {**told.stored, **anew[told.revision]}
            history.append(read_told(case.workflow, stored))
    return replayed(case, history)


def settled(case: Case, wanted: Mapping[int, Told | None], context: Context) -> list[Told]:
    """The history with these records as wanted (None: left out), and all that follows from it.

    Raises Broken where it does not fold any more.
    """
    old, new = blank(case), blank(case)
    history: dict[int, Told] = {}
    for told in case.held:
        want = wanted.get(told.revision, told)
        if want is not None:
            want = _derived(old, new, told, want, history, context)
        old = _step(old, told)
        if want is not None:
            new = _step(new, want)
            history[want.revision] = want
    return list(history.values())


def differences(
    before: Iterable[Told], after: Iterable[Told]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What must be taken back, and what put in its place."""
    now = {told.revision: told.entry() for told in after}
    taken, put = [], []
    for told in before:
        entry = told.entry()
        if entry != now.get(told.revision):
            taken.append(entry)
            if told.revision in now:
                put.append(now[told.revision])
    return taken, put


def mended(case: Case, context: Context) -> list[DeadlineFact]:
    """What the clocks of a case still need, after its history was changed, to run exactly in the
    states they are declared for. Nothing counts as done on time by a correction."""
    if case.state is None or case.imported:
        return []
    if case.duplicate_of is not None:
        return list(lifted(case))
    then = replace(context, happened_at=case.moved_at)
    facts = clock_facts(case.workflow, None, case.state, case.clocks, then)
    return [
        DeadlineLifted(about=fact.about, clock=fact.clock, tier=fact.tier, of_unit=fact.of_unit)
        if isinstance(fact, DeadlineEnded)
        else fact
        for fact in facts
    ]


def dimension(about: About, name: str) -> str | None:
    """One dimension of a fact, books included."""
    value: str | None = getattr(about.books if name in BOOKS else about, name)
    return value


def with_dimension(about: About, name: str, value: str | None) -> About:
    """The same with another value of one dimension. Raises ValidationError for a bad code."""
    if name not in BOOKS:
        return about.at(**{name: value})
    return about.at(books={**about.books.model_dump(), name: value})


def carriers(case: Case, revision: int, name: str) -> Iterator[int]:
    """The revisions of the facts that say the same in this dimension because they copied it from
    each other: those around `revision` for as long as the case itself carried that value."""
    history = case.held
    values = [dimension(told.fact.about, name) for told in history]
    here = next(index for index, told in enumerate(history) if told.revision == revision)
    old = values[here]
    carried, state = [], blank(case)
    for told in history:
        state = _step(state, told)
        carried.append(dimension(state.about, name) == old)
    first = here
    while first > 0 and carried[first - 1]:
        first -= 1
    last = here
    while last < len(history) - 1 and carried[last]:
        last += 1
    for index in range(first, last + 1):
        if values[index] == old:
            yield history[index].revision


def copies(case: Case, told: Told, field: str) -> Iterator[Told]:
    """Later facts that took over this field: other acts with the same word in it, until the act
    is done anew or says otherwise."""
    value = told.stored["data"].get(field)
    for later in case.held:
        if later.revision <= told.revision or field not in type(later.fact).model_fields:
            continue
        if type(later.fact) is type(told.fact) or later.stored["data"].get(field) != value:
            return
        yield later


def _step(case: Case, told: Told) -> Case:
    return follow(case.workflow, case.stream, [(b"", told)], case)


def _derived(
    old: Case, new: Case, told: Told, want: Told, history: Mapping[int, Told], context: Context
) -> Told | None:
    """One record as it follows from the changed ones before it; None where it is void now."""
    fact = want.fact
    of_revision = getattr(fact, "of_revision", None)
    stays = isinstance(fact, DeadlineFact | RecordChallenged | RecordUpheld)
    if of_revision is not None and of_revision not in history and not stays:
        return None
    if isinstance(fact, Confirmation):
        of = history[fact.of_revision]
        first = of.revision not in new.confirmed | new.verified
        fields = {**copied(of, context), "of_fact": of.fact.fact if first else None}
        return _changed(want, fact.model_copy(update=fields))
    if isinstance(fact, DeadlineFact):
        return _retimed(old, new, told, want, fact, context)
    if isinstance(fact, RecordEnteredLate):
        later = int((told.occurred_at - want.occurred_at).total_seconds())
        late = fact.late_seconds + later
        if timedelta(seconds=late) < LATE_AFTER and late < fact.late_seconds:
            return None
        return _changed(want, fact.model_copy(update={"late_seconds": late}))
    return want


def _retimed(
    old: Case, new: Case, told: Told, want: Told, fact: DeadlineFact, context: Context
) -> Told | None:
    before, ticking = old.clocks.get(fact.name), new.clocks.get(fact.name)
    if told.occurred_at == want.occurred_at and before == ticking:
        return want
    at = want.occurred_at
    if isinstance(fact, DeadlineSet):
        start = ticking.started_at if ticking else at
        limit = Limit(fact.limit_seconds, fact.working)
        due = context.calendar.due(start, limit)
        return _changed(want, fact.model_copy(update={"started_at": start, "due_at": due}))
    if ticking is None:
        return None
    if isinstance(fact, DeadlineEnded):
        due = ticking.due_at or due_if_resumed(ticking, at, context.calendar)
        took = max(0, int((at - ticking.started_at) / timedelta(seconds=1)))
        fields = {"on_time": at <= due, "due_at": due, "took_seconds": took}
        fields["due"] = due_once(ticking)
        return _changed(want, fact.model_copy(update=fields))
    if isinstance(fact, DeadlineMissed):
        return _changed(want, fact.model_copy(update={"due": due_once(ticking)}))
    if isinstance(fact, DeadlineRested) and ticking.due_at is not None:
        left = left_seconds(ticking, at, context.calendar)
        return _changed(want, fact.model_copy(update={"left_seconds": left}))
    if isinstance(fact, DeadlineResumed) and ticking.due_at is None:
        due = due_if_resumed(ticking, at, context.calendar)
        return _changed(want, fact.model_copy(update={"due_at": due}))
    return want


def _changed(told: Told, fact: EventFact) -> Told:
    return told if fact == told.fact else restated(told, fact)
