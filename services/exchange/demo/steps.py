"""步骤 · One step of the demonstration: who does what, when, to which case.

The plan is a pure function of its anchor (the day the year ends on) and its seed, so that a second
run gives the same command ids: what stands in the log already is recognised and not done twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils import UUID as QuickUUID
from uuid_utils import uuid5

NAMESPACE = QuickUUID("6a697368-6900-5000-8000-64656d6f0001")
"""Of the command ids of the demonstration."""


@dataclass(frozen=True, slots=True)
class Doer:
    """Somebody who acts: an opaque id, a unit, roles."""

    person: str
    unit: str | None
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `case` names the case within the plan; its first step starts it."""

    at: datetime
    doer: Doer
    kind: str
    command: str
    case: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def case_id(self) -> str:
        """The id of the case: a UUID made from its name in the plan."""
        return str(uuid5(NAMESPACE, self.case))

    def command_id(self, number: int) -> UUID:
        """The id of this command, the `number`-th of its case."""
        return UUID(bytes=uuid5(NAMESPACE, f"{self.case}#{number}").bytes)


@dataclass(slots=True)
class Story:
    """The steps of one case, in order. `keyed`: its id is a code, given in the first step."""

    kind: str
    case: str
    steps: list[Step] = field(default_factory=list)
    keyed: str | None = None

    def add(self, at: datetime, doer: Doer, command: str, **fields: Any) -> Story:
        """One more step; absent fields are left out."""
        given = {name: value for name, value in fields.items() if value is not None}
        self.steps.append(Step(at, doer, self.kind, command, self.case, given))
        return self

    def until(self, end: datetime) -> Story:
        """Without the steps after an instant: the case is then still open."""
        self.steps = [step for step in self.steps if step.at <= end]
        return self


@dataclass(frozen=True, slots=True)
class Numbered:
    """A step with its place in its case, as it is played."""

    step: Step
    number: int
    keyed: str | None
    ends: bool = False
    """Nothing further happens to the case: it need not be kept in mind."""

    @property
    def command_id(self) -> UUID:
        """The id that makes a repeat harmless."""
        return self.step.command_id(self.number)


def in_time_order(stories: Iterable[Story]) -> Iterator[Numbered]:
    """All steps of all stories by their time; those of one story stay in order."""
    numbered = [
        (
            step.at,
            place,
            number,
            Numbered(step, number, story.keyed, ends=number + 1 == len(story.steps)),
        )
        for place, story in enumerate(stories)
        for number, step in enumerate(story.steps)
    ]
    numbered.sort(key=lambda one: one[:3])
    return (one[3] for one in numbered)
