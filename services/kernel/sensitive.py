"""敏感 · Cases that not everybody who sees their area may see."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from services.kernel.case import Case
from services.kernel.words import Actor


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
    overdue = any(clock.missed for clock in case.clocks.values())
    return case.state.shown_to(actor, overdue=overdue)
