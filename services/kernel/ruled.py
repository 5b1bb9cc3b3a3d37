"""规定 · What a rule of the register says, for deciders of other kinds.

A kind that asks for a rule names its case among those it reads, and asks here what it says:

    def reads(self, kind: str) -> tuple[str, ...]:
        return (ruled.stream(self.rule),)

    numbers = ruled.numbers(context, self.rule)      # None: no such rule is in force

No kind knows another, so what is asked of the state of a rule is written down here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Protocol, runtime_checkable

from pydantic import Field, StringConstraints

from events.clock import local_day
from services.kernel.context import Context
from services.kernel.words import Label

RuleWord = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,63}$"),
    Field(examples=["points.volunteer"]),
    Label("依据规则", "Rule"),
]


class Numbers(Protocol):
    """The numbers of one version."""

    @property
    def numbers(self) -> Mapping[str, int]:
        """By their names."""
        ...


class Version(Protocol):
    """One version of a rule."""

    @property
    def numbers(self) -> Numbers | None:
        """None where it fixes something else."""
        ...


@runtime_checkable
class Versioned(Protocol):
    """The state of a rule."""

    def on(self, day: date) -> Version | None:
        """The version in force on a day."""
        ...


def stream(code: str) -> str:
    """Where a rule stands."""
    return f"rule/{code}"


def numbers(context: Context, code: str) -> Mapping[str, int] | None:
    """The numbers a rule laid down for the day it happens; None where none are in force."""
    case = context.cases.get(stream(code))
    state = case.state if case is not None else None
    if not isinstance(state, Versioned):
        return None
    version = state.on(local_day(context.occurred_at, context.calendar.zone))
    said = version.numbers if version is not None else None
    return said.numbers if said is not None else None
