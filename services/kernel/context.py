"""情境 · What a decision may know beside the case itself: handed in, never looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from events.fact import About, Books, Provenance
from services.kernel.calendar import USUAL, Calendar
from services.kernel.words import Actor, Limit, Party, Refusal, Terms, deny

if TYPE_CHECKING:
    from services.kernel.case import Case

FOR_ONESELF = Refusal(
    "for_oneself", "只能为自己办理", "this may be done for oneself only, not for somebody else"
)

AnyTerms = TypeVar("AnyTerms", bound=Terms)


class Directory(Protocol):
    """The registers, as they stand for this decision. Each raises Unknown with the nearest code."""

    def area(self, code: str) -> object:
        """The area of that code."""
        ...

    def unit(self, code: str) -> object:
        """The unit of that code."""
        ...

    def team(self, code: str) -> object:
        """The service team of that code."""
        ...

    def books(self, person: str) -> Books:
        """The further books this person's deeds count in; empty where the person is not listed."""
        ...


@dataclass(frozen=True)
class Context:
    """Who asks, when, and what the registers, rules and other cases say.

    `limits` overrides the declared limits of clocks, by `order.accept` or `issue.handle.major`
    (rules of the register `rule`). `cases` holds, by stream, those the command said it reads.
    """

    actor: Actor
    now: datetime
    directory: Directory
    happened_at: datetime | None = None
    calendar: Calendar = USUAL
    limits: Mapping[str, Limit] = field(default_factory=dict)
    variant: str | None = None
    terms: Terms | None = None
    cases: Mapping[str, Case] = field(default_factory=dict)

    @property
    def occurred_at(self) -> datetime:
        """When it happened: what the command says, else now."""
        return self.now if self.happened_at is None else self.happened_at

    def terms_of(self, model: type[AnyTerms]) -> AnyTerms:
        """The terms of the variant being started, as the kind's own model."""
        if not isinstance(self.terms, model):
            raise AssertionError(f"{model.__name__} expected, the entry has {self.terms!r}")
        return self.terms

    def said_by(self, doer: str | None, other: str | None = None) -> Provenance:
        """Whose word a deed of `doer` is: the doer's own, that of the `other` side, an
        organiser's, or an import's."""
        if Party.IMPORTER.value in self.actor.roles:
            return Provenance.IMPORT
        if doer is None or self.actor.person == doer:
            return Provenance.SELF
        return Provenance.COUNTERPARTY if self.actor.person == other else Provenance.ORGANISER

    def person_meant(self, person: str | None, organisers: Iterable[Party]) -> str:
        """The caller, or the person named; only an organiser may name somebody else."""
        if person not in (None, self.actor.person):
            if self.actor.parties().isdisjoint({*organisers, Party.IMPORTER}):
                deny(FOR_ONESELF)
            return person
        return self.actor.person

    def said(
        self, about: About, doer: str | None = None, other: str | None = None, **changes: Any
    ) -> About:
        """These dimensions for a fact said now: provenance is that of this word, not of the one
        the dimensions came from; `changes` as in `About.at`."""
        provenance = self.said_by(doer, other)
        if not changes and provenance is about.provenance:
            return about
        return about.at(provenance=provenance, **changes)

    def books_of(self, person: str, about: About) -> Books:
        """The further books of this person's deeds; a team already named stays."""
        own = self.directory.books(person)
        team = about.books.team or own.team
        return own if team == own.team else own.model_copy(update={"team": team})
