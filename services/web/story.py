"""经过 · Facts told in sentences: what happened, where, by which unit, with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from events.clock import from_micros, instant_of
from events.envelope import PUT, TAKEN, Recorded
from events.errors import Unknown
from services.directory import Directory
from services.kernel.catalogue import Catalogue
from services.kernel.forms import FormField, form_of
from services.kernel.pieces import SHARED_CLOCKS
from services.kernel.words import Label
from services.web.language import Language
from services.web.texts import say_in

HIDDEN = frozenset({TAKEN, PUT, "of_codes", "reopen_until", "secret_hash"})
"""Fields that carry something for the books rather than for a reader."""


NOTHING: tuple[Any, ...] = (None, [], {})
"""What is not worth a line: a field that is not there, or is empty."""

MINOR = frozenset(f"deadline.{word}" for word in ("set", "rested", "resumed", "ended", "lifted"))


@dataclass(frozen=True)
class Sentence:
    """One fact as people read it. `details` are (label, value)."""

    position: int
    stream: str
    revision: int
    fact: str
    label: str
    occurred_at: datetime
    recorded_at: datetime
    area: str
    unit: str
    actor: str
    details: tuple[tuple[str, str], ...]
    sha256: str
    cause: str | None
    minor: bool = False
    """Bookkeeping beside what people did: shown small."""
    gap_days: int = 0


class Teller:
    """Tells facts in one language. Without `people` no person is named."""

    def __init__(
        self,
        catalogue: Catalogue,
        directory: Directory,
        zone: ZoneInfo,
        language: Language,
        *,
        people: bool,
    ) -> None:
        self._catalogue = catalogue
        self._directory = directory
        self._zone = zone
        self._language: Language = language
        self._say = say_in(language)
        self._people = people

    def tell(self, event: Recorded) -> Sentence:
        """One fact."""
        content = event.content
        about, data = content["about"], content["data"]
        return Sentence(
            position=event.position,
            stream=event.stream,
            revision=event.revision,
            fact=event.fact,
            label=self._label(event),
            occurred_at=event.occurred_at.astimezone(self._zone),
            recorded_at=from_micros(event.recorded_at).astimezone(self._zone),
            area=self.area(about["area"]),
            unit=self.unit(about.get("unit")),
            actor=content["actor"] if self._people else "",
            details=tuple(self.details(event.fact, data)),
            sha256=event.sha256.hex(),
            cause=content.get("cause"),
            minor=event.fact in MINOR,
        )

    def story(self, events: Sequence[Recorded]) -> list[Sentence]:
        """A run of facts, with the days that passed between them."""
        told: list[Sentence] = []
        for event in events:
            one = self.tell(event)
            if told:
                days = (one.occurred_at.date() - told[-1].occurred_at.date()).days
                one = Sentence(**{**vars(one), "gap_days": max(0, days)})
            told.append(one)
        return told

    def area(self, code: str) -> str:
        """The name of an area."""
        found = self._directory.areas.get(code)
        return found.name if found is not None else code

    def unit(self, code: str | None) -> str:
        """The name of a unit; '' for none."""
        found = self._directory.units.get(code) if code else None
        return found.name if found is not None else code or ""

    def _label(self, event: Recorded) -> str:
        try:
            entry = self._catalogue.of_stream(event.stream)
            variant = event.content["about"].get("variant")
            worded = self._catalogue.entries.get(variant) if variant else None
            return (worded or entry).fact_label(event.fact).text(self._language)
        except Unknown:
            return event.fact

    def details(self, fact: str, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What a fact says beside where it happened, in words: (label, value)."""
        model = self._catalogue.facts.get(fact)
        if model is None:
            return []
        people = frozenset(model.shape().members)
        return [
            (
                field.label.text(self._language),
                self._clock(data[field.name])
                if field.name == "clock"
                else self._value(field, data[field.name]),
            )
            for field in form_of(model, frozenset({"about"}))
            if data.get(field.name) not in NOTHING
            and field.name not in HIDDEN
            and (self._people or field.name not in people)
        ]

    def _clock(self, name: str) -> str:
        """The wording of a clock, `order.accept`."""
        kind, _, clock = name.partition(".")
        entry = self._catalogue.entries.get(kind)
        clocks = SHARED_CLOCKS if entry is None else entry.workflow.clocks
        found = clocks.get(clock)
        return found.label.text(self._language) if found is not None else name

    def _value(self, field: FormField, value: Any) -> str:
        labels: dict[str, Label] = dict(field.choices)
        if isinstance(value, bool):
            return self._say("yes" if value else "no")
        if isinstance(value, str) and value in labels:
            return labels[value].text(self._language)
        if isinstance(value, list):
            return "、".join(self._value(field, item) for item in value)
        if isinstance(value, dict):
            return ", ".join(f"{name}: {item}" for name, item in value.items())
        if field.type == "instant":
            return instant_of(value).astimezone(self._zone).strftime("%Y-%m-%d %H:%M")
        if field.type == "day":
            return date.fromisoformat(value).isoformat()
        return str(value)
