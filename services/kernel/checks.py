"""开门检查 · What a workflow file is refused for when it is imported, each naming both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from services.kernel.forms import hidden_marks, is_free_text, label_of
from services.kernel.pieces import SHARED_CLOCKS, Clock, Command, Opening, State
from services.kernel.words import RELATIONS

if TYPE_CHECKING:
    from services.kernel.workflow import Workflow

VERBS = """
up demo import reconcile counters explain events projection parked mechanisms scenario seal verify
export backup calendar restore relay worker api witness migrate facts template table token doctor
status book
"""
NOUNS = "events feed counters areas units catalogue templates tables hotline record deadline"
"""Words of the command line, of HTTP paths and of shared facts: no kind may be called so."""

FIELDS_RESERVED = frozenset({"id", "expect", "command_id", "json", "at", "about", "fact"})
"""Names that already mean something beside every command."""


def check(workflow: Workflow) -> None:
    """Raises AssertionError with the first contradiction."""
    _check_name(workflow)
    _check_states(workflow)
    _check_commands(workflow)
    _check_facts(workflow)
    for clock in workflow.clocks.values():
        _check_clock(workflow, clock)


def check_kind_name(name: str) -> None:
    """Refuse a kind or variant whose name the command line or HTTP already uses."""
    if name in f"{VERBS} {NOUNS}".split():
        raise AssertionError(f"a kind cannot be called {name!r}: the word is taken")


def _check_name(workflow: Workflow) -> None:
    check_kind_name(workflow.name)
    opening = f"{workflow.label.zh} · "
    if not workflow.title.startswith(opening):
        raise AssertionError(
            f"{workflow.module} says zh={workflow.label.zh!r}, but its title line is "
            f"{workflow.title!r}: it must begin with {opening!r}"
        )


def _check_states(workflow: Workflow) -> None:
    diagram = workflow.diagram
    for state in diagram.states:
        for other in (*diagram.states, *diagram.groups):
            if other is not state and issubclass(other, state):
                raise AssertionError(
                    f"{other.__name__} is below {state.__name__}: a state with a "
                    "label has no states below it"
                )
    reached: set[type[State]] = set()
    grew = True
    while grew:
        before = len(reached)
        for move in diagram.moves.values():
            if move.starts or move.sources & reached:
                reached |= move.targets
        grew = len(reached) > before
    if missing := [state.__name__ for state in diagram.states if state not in reached]:
        raise AssertionError(f"{workflow.name}: no fact leads to {', '.join(missing)}")


def _check_commands(workflow: Workflow) -> None:
    ways = workflow.diagram.ways
    starts = [name for name, way in ways.items() if way.starts]
    if len(starts) != 1:
        raise AssertionError(f"{workflow.name} has start commands {starts}: exactly one is needed")
    for name, way in ways.items():
        command = way.command
        if not command.by:
            raise AssertionError(f"{command.__name__} says nobody may give it: by=")
        if way.starts and (related := command.by & RELATIONS):
            raise AssertionError(
                f"{command.__name__} starts a case, so nobody is its {', '.join(related)} yet"
            )
        if way.starts and workflow.key is None and not issubclass(command, Opening):
            raise AssertionError(f"{command.__name__} starts a case: its base must be Opening")
        if way.starts and workflow.key and workflow.key not in command.model_fields:
            raise AssertionError(f"{name} has no field {workflow.key}, which is to be the id")
        _check_fields(command, FIELDS_RESERVED)
        for outcome in way.outcomes:
            for source in [None, *way.states] if way.starts else [*way.states]:
                _check_outcome(workflow, command, source, tuple(fact.fact for fact in outcome))


def _check_outcome(
    workflow: Workflow, command: type[Command], source: type[State] | None, outcome: tuple[str, ...]
) -> None:
    here: frozenset[type[State] | None] = frozenset({source})
    for name in outcome:
        move = workflow.diagram.moves.get(name)
        if move is None:
            raise AssertionError(f"{command.__name__} records {name}, which is not of this file")
        there: set[type[State] | None] = set()
        for state in here:
            led = move.lead(state)
            if not led:
                raise AssertionError(
                    f"{command.__name__} may be given in {source.__name__ if source else 'no case'}"
                    f", where {move.fact.__name__} cannot apply"
                    f" ({state.__name__ if state else 'no case'})"
                )
            there |= led
        here = frozenset(there)


def _check_facts(workflow: Workflow) -> None:
    recorded = {
        fact.fact
        for way in workflow.diagram.ways.values()
        for outcome in way.outcomes
        for fact in outcome
    }
    for name, fact in workflow.diagram.facts.items():
        if not name.startswith(f"{workflow.name}."):
            raise AssertionError(f"{fact.__name__} is called {name}: not of {workflow.name}")
        if name not in recorded:
            raise AssertionError(f"no command records {fact.__name__}")
        fact.shape()
        _check_fields(fact, frozenset({"fact"}))
        for field, info in fact.model_fields.items():
            if field != "about" and is_free_text(info):
                raise AssertionError(f"{fact.__name__}.{field} is free text: facts hold none")
            if hidden_marks(info):
                raise AssertionError(
                    f"{fact.__name__}.{field}: the counting mark stands inside the union; write "
                    "Annotated[… | None, mark]"
                )


def _check_fields(model: type[BaseModel], reserved: frozenset[str]) -> None:
    for name, info in model.model_fields.items():
        if name in reserved:
            raise AssertionError(f"{model.__name__}.{name}: the name is reserved")
        if name not in ("about", "occurred_at") and label_of(info) is None:
            raise AssertionError(f"{model.__name__}.{name} has no label")


def _check_clock(workflow: Workflow, clock: Clock) -> None:
    name = f"{workflow.name}.{clock.name}"
    if clock.name in SHARED_CLOCKS:
        raise AssertionError(f"the clock {name} has the name of one that every kind has")
    runs, rests = workflow.running[clock.name], workflow.resting[clock.name]
    if not runs:
        raise AssertionError(f"the clock {name} runs in no state of this file")
    if both := runs & rests:
        words = sorted(state.__name__ for state in both)
        raise AssertionError(f"the clock {name} both runs and rests in {words}")
    if [clock.limit, clock.until, clock.each].count(None) != 2:
        raise AssertionError(
            f"the clock {name} needs a limit, or the field it runs until, or dates for each unit"
        )
    own = clock.until or clock.each
    if own is not None and (rests or clock.extensions):
        raise AssertionError(f"the clock {name} runs until {own}: no rests, no extensions")
    for state in runs if clock.each is not None else ():
        if not hasattr(state, clock.each or ""):
            raise AssertionError(
                f"the clock {name} asks for {state.__name__}.{clock.each}: no property"
            )
    for field in filter(None, (clock.of, clock.until)):
        for state in runs:
            if field not in state.__dataclass_fields__:
                raise AssertionError(
                    f"the clock {name} asks for {state.__name__}.{field}: no field"
                )
