"""流程 · One workflow file as a whole, read once when it is imported.

A workflow file imports everything it is written with from here and from `words`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from events.fact import About
from events.fact import Fact as EventFact
from events.upcast import Step, Upcasters
from services.kernel.checks import check
from services.kernel.context import Context
from services.kernel.pieces import (
    SHARED_FACTS,
    Clock,
    Command,
    Fact,
    Note,
    Opening,
    State,
    kind_of,
)
from services.kernel.signatures import Diagram, read
from services.kernel.words import Actor, Label, Terms, spaced

__all__ = [
    "About",
    "Clock",
    "Command",
    "Context",
    "Fact",
    "Note",
    "Opening",
    "State",
    "Workflow",
]


class Workflow:
    """What one file declares.

    `feedback`: where `give-feedback` may be given. `terms`: the model of what its variants fix.
    `confirms` maps a fact to the fact whose deed it confirms (the requester's own yes makes the
    service before it a verified one); of several, to the newest there is, and those that follow
    later, saying the same, are confirmed by it too. `deeds`: further facts that are what somebody
    did, whom their first member names, though no fact of this file confirms them. `key` names the
    start command's field that is the case's id (registers: a code); None = see
    `Command.case_id`. `defines` is the dimension whose codes this file itself registers (`area`,
    `unit` or `team`), so that it cannot ask for them first.
    `in_order`: no step may have happened before the one recorded last; without it several people's
    steps in one case may be entered in any order. `guarded`: its records say what others may do (a
    token, a rule), so that only those who may start one, and auditors, get at it by what every kind
    has, and an import never. `upcasts`: (fact, version) → the step to the next
    version. Raises AssertionError where the file contradicts itself, naming both sides.
    """

    def __init__(
        self,
        module: str,
        *,
        zh: str,
        en: str | None = None,
        clocks: Iterable[Clock] = (),
        feedback: type[State] | None = None,
        terms: type[Terms] | None = None,
        confirms: Mapping[type[Fact], type[Fact] | tuple[type[Fact], ...]] | None = None,
        deeds: Iterable[type[Fact]] = (),
        key: str | None = None,
        defines: str | None = None,
        in_order: bool = True,
        guarded: bool = False,
        upcasts: Mapping[tuple[str, int], Step] | None = None,
    ) -> None:
        file = sys.modules[module]
        self.module = module
        self.name = kind_of(module)
        self.title = (file.__doc__ or "").strip().partition("\n")[0]
        self.label = Label(zh, en or spaced(self.name))
        self.clocks = {clock.name: clock for clock in clocks}
        self.terms = terms
        self.confirms = {
            one.fact: tuple(each.fact for each in (of if isinstance(of, tuple) else (of,)))
            for one, of in (confirms or {}).items()
        }
        self.deeds = tuple(fact.fact for fact in deeds)
        self.key = key
        self.defines = defines
        self.in_order = in_order
        self.guarded = guarded
        self.upcasters = Upcasters()
        for (fact, version), step in (upcasts or {}).items():
            self.upcasters.add(fact, version, step)
        self.diagram: Diagram = read(vars(file), module)
        self.feedback = self.diagram.below(feedback) if feedback else frozenset()
        self.running = {clock.name: self._below(clock.runs) for clock in self.clocks.values()}
        self.resting = {clock.name: self._below(clock.rests) for clock in self.clocks.values()}
        self.meeting = {clock.name: self._below(clock.met) for clock in self.clocks.values()}
        check(self)

    def _below(self, groups: tuple[type[State], ...]) -> frozenset[type[State]]:
        return frozenset(state for group in groups for state in self.diagram.below(group))

    def id_of(self, command: Command, actor: Actor) -> str | None:
        """The id a start command gives its case; None where the caller makes a uuid."""
        return str(getattr(command, self.key)) if self.key else command.case_id(actor)

    @property
    def start(self) -> str:
        """The name of the one command that starts a case."""
        return next(name for name, way in self.diagram.ways.items() if way.starts)

    def class_of(self, fact: str) -> type[EventFact] | None:
        """The class of a fact of this kind or of a shared one; None where it is unknown."""
        return self.diagram.facts.get(fact) or SHARED_FACTS.get(fact)
