"""敏感 · Cases that not everybody who sees their area may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from services.kernel.case import Case
from services.kernel.entry import Entry
from services.kernel.words import Actor, Party

KEEPERS = frozenset({Party.COMMUNITY, Party.AUDITOR, Party.SYSTEM})
"""Who keeps and checks such cases, and so sees all of them in their area."""


@runtime_checkable
class Sensitive(Protocol):
    """A state that says itself who may see it."""

    def shown_to(self, actor: Actor, *, overdue: bool) -> bool:
        """Whether this person may know of the case at all. `overdue`: one of its clocks has run
        out, as a consent does by itself."""
        ...


def shown(case: Case, actor: Actor) -> bool:
    """Whether somebody who sees the area of a case may see the case."""
    if not isinstance(case.state, Sensitive):
        return True
    overdue = any(one.missed and one.of_revision is None for one in case.clocks.values())
    return case.state.shown_to(actor, overdue=overdue)


def withheld(entries: Iterable[Entry], actor: Actor) -> frozenset[str]:
    """The kinds whose facts this person is not shown one after the other, as a log is read: they
    may see single cases of them at most."""
    if not KEEPERS.isdisjoint(actor.parties()):
        return frozenset()
    return frozenset(
        entry.kind
        for entry in entries
        if any(hasattr(state, "shown_to") for state in entry.workflow.diagram.states)
    )
