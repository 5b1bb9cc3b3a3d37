"""条目 · One entry of the catalogue: a kind, or a variant of it, as every way in needs it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from events.errors import Unknown
from services.kernel import corrections, records
from services.kernel.forms import FormField, form_of
from services.kernel.pieces import SHARED_COMMANDS, Command, State, snake
from services.kernel.signatures import Way
from services.kernel.words import Label, Party, Terms
from services.kernel.workflow import Workflow

SHARED = (records, corrections)
"""What every case takes, beside what its workflow declares; loading them makes them known."""

FORM_LEAVES_OUT = frozenset({"occurred_at"})
"""Every command has it; ways in offer it in their own way (`--at`)."""


@dataclass(frozen=True)
class CommandInfo:
    """One command of one entry. `states` is where it may be given (shared ones: everywhere);
    `facts` is what it may come to."""

    name: str
    label: Label
    model: type[Command]
    starts: bool
    parties: frozenset[Party]
    states: frozenset[type[State]]
    facts: tuple[str, ...]
    shared: bool = False

    @cached_property
    def fields(self) -> tuple[FormField, ...]:
        """The form, without `occurred_at`."""
        return form_of(self.model, FORM_LEAVES_OUT)

    @property
    def verb(self) -> str:
        """The name on the command line: `attach-evidence`."""
        return self.name.replace("_", "-")


@dataclass(frozen=True)
class Entry:
    """A kind (`claim`) or a variant of one (`wish`, whose `kind` is `claim`).

    `terms` are what the variant fixes; `says` are its own wordings of facts, commands and states,
    by their names. A kind whose terms have no defaults can only be started through a variant.
    """

    name: str
    kind: str
    label: Label
    workflow: Workflow
    variant: str | None = None
    terms: Terms | None = None
    says: Mapping[str, Label] = field(default_factory=dict)
    is_register: bool = False

    @cached_property
    def commands(self) -> dict[str, CommandInfo]:
        """Its own commands in life order, then the shared ones."""
        ways = self.workflow.diagram.ways
        if both := ways.keys() & SHARED_COMMANDS.keys():
            raise AssertionError(f"{self.kind} declares {sorted(both)}, which every kind has")
        own = {name: self._own(name, way) for name, way in ways.items()}
        everywhere = frozenset(self.workflow.diagram.states)
        for name, command in SHARED_COMMANDS.items():
            own[name] = CommandInfo(
                name=name,
                label=self.say(name, command.label),
                model=command,
                starts=False,
                parties=self._sharers(command.by),
                states=everywhere,
                facts=(),
                shared=True,
            )
        return own

    @cached_property
    def by_model(self) -> dict[type[Command], CommandInfo]:
        """The same by the class of the command."""
        return {info.model: info for info in self.commands.values()}

    @property
    def startable(self) -> bool:
        """Whether a case can be started under this name."""
        return self.workflow.terms is None or self.terms is not None

    def _own(self, name: str, way: Way) -> CommandInfo:
        imported = way.starts and not self.workflow.guarded
        parties = way.command.by | {Party.IMPORTER} if imported else way.command.by
        facts = dict.fromkeys(fact.fact for outcome in way.outcomes for fact in outcome)
        return CommandInfo(
            name=name,
            label=self.say(name, way.command.label),
            model=way.command,
            starts=way.starts,
            parties=parties,
            states=way.states,
            facts=tuple(facts),
        )

    def _sharers(self, parties: frozenset[Party]) -> frozenset[Party]:
        if not self.workflow.guarded:
            return parties
        starters = self.workflow.diagram.ways[self.workflow.start].command.by
        return parties & (starters | {Party.AUDITOR})

    def say(self, name: str, label: Label) -> Label:
        """The variant's own wording, where it has one."""
        return self.says.get(name, label)

    def state_label(self, state: State | type[State] | None) -> Label:
        """The wording of a state; a voided case has none of its own."""
        if state is None:
            return Label("已作废", "Voided")
        kind = state if isinstance(state, type) else type(state)
        if kind.label is None:
            raise AssertionError(f"{kind.__name__} is a group, not a state")
        return self.say(state_word(kind), kind.label)

    def fact_label(self, fact: str) -> Label:
        """The wording of a fact of this kind or of a shared one. Raises Unknown."""
        model = self.workflow.class_of(fact)
        label = getattr(model, "label", None)
        if not isinstance(label, Label):
            raise Unknown(f"{fact} is not a fact of {self.kind}", what="fact", name=fact)
        return self.say(fact, label)

    def command(self, name: str) -> CommandInfo:
        """A command by its name, with `-` or `_`. Raises Unknown with the nearest."""
        info = self.commands.get(name.replace("-", "_"))
        if info is None:
            near = nearest(name, self.commands)
            raise Unknown(
                f"{self.name} has no command {name!r}"
                + (f": did you mean {near}?" if near else f": it has {', '.join(self.commands)}"),
                what="command",
                name=name,
                nearest=near,
                zh=f"{self.label.zh}没有操作 {name!r}" + (f",是否指 {near}?" if near else ""),
            )
        return info

    def offered(self, info: CommandInfo, state: State | None) -> bool:
        """Whether a command belongs to this state (the parties apart)."""
        return info.starts if state is None else type(state) in info.states


def state_word(state: type[State]) -> str:
    """The name of a state outside Python: `in_service`."""
    return snake(state.__name__)


def nearest(name: str, known: Mapping[str, object] | frozenset[str]) -> str | None:
    """The closest known name, where one is close."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return found[0] if found else None
