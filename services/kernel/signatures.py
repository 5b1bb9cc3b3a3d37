"""签名 · Reading the type annotations of a workflow file: they are its transition table."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from services.kernel.pieces import Command, Fact, Note, State, kind_of

Start = type(None)
"""No case yet."""


@dataclass(frozen=True)
class Way:
    """One command: where it may be given, and the sequences of facts it may come to. A sequence
    that ends in `...` repeats its only fact any number of times."""

    command: type[Command]
    starts: bool
    states: frozenset[type[State]]
    outcomes: tuple[tuple[type[Fact], ...], ...]
    repeats: frozenset[type[Fact]] = frozenset()


@dataclass(frozen=True)
class Move:
    """One fact: the states it applies to, and those it leads to (none: it moves nothing)."""

    fact: type[Fact]
    starts: bool
    sources: frozenset[type[State]]
    targets: frozenset[type[State]]

    def applies(self, state: State | None) -> bool:
        """Whether it may be applied to this state (None: no case yet)."""
        return self.starts if state is None else type(state) in self.sources

    def lead(self, source: type[State] | None) -> frozenset[type[State] | None]:
        """Where it leads from there; empty where it does not apply."""
        applies = self.starts if source is None else source in self.sources
        if not applies:
            return frozenset()
        return frozenset(self.targets) if self.targets else frozenset({source})


@dataclass(frozen=True)
class Diagram:
    """All that the signatures of one file say; every dict in the order of the file."""

    states: tuple[type[State], ...]
    groups: tuple[type[State], ...]
    facts: dict[str, type[Fact]]
    ways: dict[str, Way]
    moves: dict[str, Move]

    def below(self, group: type[State]) -> frozenset[type[State]]:
        """The states a class stands for: itself, or all below it."""
        return frozenset(state for state in self.states if issubclass(state, group))


def classes(namespace: dict[str, Any], module: str, base: type) -> Iterator[Any]:
    """The subclasses of `base` written for the kind of that module, in their order."""
    kind = kind_of(module)
    for value in namespace.values():
        own = isinstance(value, type) and issubclass(value, base)
        if own and kind_of(value.__module__) == kind:
            yield value


def gathered(namespace: dict[str, Any], module: str) -> dict[str, Any]:
    """The namespace, with that of the second file of a long workflow before it: one of the same
    name in `services/facts`, which holds its words, states and facts."""
    modules = {fact.__module__: None for fact in classes(namespace, module, Fact)}
    found: dict[str, Any] = {}
    for name in modules:
        if name != module:
            found |= vars(sys.modules[name])
    return found | namespace


def read(namespace: dict[str, Any], module: str) -> Diagram:
    """Read one kind. Raises AssertionError where a signature cannot be read."""
    namespace = gathered(namespace, module)
    written = list(classes(namespace, module, State))
    states = tuple(state for state in written if state.label)
    groups = tuple(state for state in written if not state.label)
    empty = Diagram(states, groups, {}, {}, {})
    facts = _by_name((fact.fact, fact) for fact in classes(namespace, module, Fact))
    commands = _by_name((command.word, command) for command in classes(namespace, module, Command))
    return Diagram(
        states,
        groups,
        facts,
        {name: read_way(command, empty) for name, command in commands.items()},
        {name: read_move(fact, empty) for name, fact in facts.items()},
    )


def _by_name(named: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in named:
        if name and name in found:
            raise AssertionError(f"{found[name].__name__} and {value.__name__} are both {name}")
        if name:
            found[name] = value
    return found


def read_way(command: type[Command], diagram: Diagram) -> Way:
    """What `decide` says."""
    hints = get_type_hints(command.decide)
    subject, outcome = _second(command.decide, hints), hints.get("return")
    starts, states = _states(subject, diagram, command)
    outcomes, repeats = [], set()
    for option in _options(outcome):
        parts = get_args(option) if get_origin(option) is tuple else (option,)
        if parts and parts[-1] is Ellipsis:
            parts = parts[:1]
            repeats.add(parts[0])
        for part in parts:
            if not (isinstance(part, type) and issubclass(part, Fact) and part.fact):
                raise AssertionError(f"{command.__name__}.decide returns {part}: not a fact")
        outcomes.append(tuple(parts))
    return Way(command, starts, states, tuple(outcomes), frozenset(repeats))


def read_move(fact: type[Fact], diagram: Diagram) -> Move:
    """What `apply` says."""
    if issubclass(fact, Note):
        return Move(fact, False, frozenset(diagram.states), frozenset())
    hints = get_type_hints(fact.apply)
    starts, sources = _states(_second(fact.apply, hints), diagram, fact)
    _, targets = _states(hints.get("return"), diagram, fact)
    return Move(fact, starts, sources, targets)


def _second(function: Any, hints: dict[str, Any]) -> Any:
    names = function.__code__.co_varnames[1:2]
    return hints.get(names[0]) if names else None


def _options(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (Union, types.UnionType):
        return get_args(hint)
    return (hint,)


def _states(hint: Any, diagram: Diagram, owner: type) -> tuple[bool, frozenset[type[State]]]:
    starts, states = False, set[type[State]]()
    for option in _options(hint):
        if option is None or option is Start:
            starts = True
        elif isinstance(option, type) and issubclass(option, State):
            below = diagram.below(option)
            if not below:
                raise AssertionError(f"{owner.__name__} names {option.__name__}: no state of it")
            states |= below
        else:
            raise AssertionError(f"{owner.__name__}: {option!r} is not a state of this workflow")
    return starts, frozenset(states)
