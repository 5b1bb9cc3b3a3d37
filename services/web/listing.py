"""案件列表 · Cases of one kind, the newest first, read from the log itself.

The facts that start a case are read backwards in pages, the cases they began are loaded together.
Who filters finely may get a page that is not full; the cursor goes on behind it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from events.ports import Filter
from services.kernel.case import Case
from services.kernel.entry import Entry, state_word
from services.listed import ROOT
from services.web.parts import Parts

STEP_EVENTS = 500
STEPS_MAX = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases. `before`: only those started before this position."""

    entry: Entry
    area: str | None
    unit: str | None
    state: str | None
    overdue: bool
    before: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class Page:
    """Cases, newest first. `next` is the position to go on before; None at the end."""

    cases: list[Case]
    next: int | None


async def page_of(parts: Parts, wanted: Wanted) -> Page:
    """One page."""
    found: list[Case] = []
    upto = wanted.before - 1 if wanted.before is not None else await parts.log.head()
    areas = _areas(parts, wanted)
    moves = wanted.entry.workflow.diagram.moves
    starts = tuple(name for name, move in moves.items() if move.starts)
    only = Filter(facts=starts, areas=tuple(sorted(areas or ())))
    for _ in range(STEPS_MAX):
        events = await parts.log.read(
            after=0, upto=upto, limit=STEP_EVENTS, backward=True, only=only
        )
        firsts = [event for event in events if event.revision == 1]
        cases = await _loaded(parts, wanted.entry, [event.stream for event in firsts])
        for event, case in zip(firsts, cases, strict=True):
            if case is not None and _matches(wanted, areas, case):
                found.append(case)
                if len(found) == wanted.limit:
                    return Page(found, event.position)
        if events:
            upto = events[-1].position - 1
        if len(events) < STEP_EVENTS or upto < 1:
            return Page(found, None)
    return Page(found, upto + 1)


async def _loaded(parts: Parts, entry: Entry, streams: list[str]) -> list[Case | None]:
    cases = parts.commands.cases
    return list(await asyncio.gather(*(cases.newest(entry, stream) for stream in streams)))


def _areas(parts: Parts, wanted: Wanted) -> frozenset[str] | None:
    if wanted.area is None or wanted.area == ROOT:
        return None
    return parts.commands.directory.under(wanted.area)


def _matches(wanted: Wanted, areas: frozenset[str] | None, case: Case) -> bool:
    if areas is not None and case.about.area not in areas:
        return False
    if wanted.entry.variant is not None and case.about.variant != wanted.entry.variant:
        return False
    if wanted.unit is not None and case.about.unit != wanted.unit:
        return False
    if wanted.overdue and not any(clock.missed for clock in case.clocks.values()):
        return False
    state = state_word(type(case.state)) if case.state is not None else "voided"
    return wanted.state is None or wanted.state == state
