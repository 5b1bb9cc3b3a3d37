"""所做之文 · One deed of a record book in words: what, where it counts, who confirmed it, and what
became of a challenge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from events.clock import text_of
from events.envelope import Recorded
from services.access import Grant
from services.kernel.case import Case, Told
from services.kernel.catalogue import next_commands
from services.kernel.entry import Entry
from services.kernel.facts import RecordChallenged, RecordUpheld
from services.kernel.words import Choice
from services.web.language import Language
from services.web.parts import Parts
from services.web.story import Teller
from services.web.texts import say_in

BOOKS = ("home_unit", "team", "home_community", "paired_community")
Json = dict[str, Any]


class Kept(NamedTuple):
    """A case as it is now, with its events as they were recorded."""

    entry: Entry
    case: Case
    events: Sequence[Recorded]


class Deed(NamedTuple):
    """One deed: the record that says it last, and all the records that say it."""

    told: Told
    revisions: tuple[int, ...]


def last_about(case: Case, fact: str, revision: int) -> Told | None:
    """The newest fact of that name about a record."""
    told = case.told(fact)
    return next((one for one in told if one.stored["data"]["of_revision"] == revision), None)


class DeedWording:
    """Words deeds for one reader, in their language. No person is named."""

    def __init__(self, parts: Parts, grant: Grant, language: Language) -> None:
        self._grant = grant
        self._language: Language = language
        self._say = say_in(language)
        self._directory = parts.commands.directory
        self.teller = Teller(
            parts.commands.catalogue, self._directory, parts.log.zone, language, people=False
        )

    def deed(self, one: Kept, deed: Deed) -> Json:
        """One deed."""
        case, told, revisions = one.case, deed.told, set(deed.revisions)
        about, event = told.fact.about, one.events[told.revision - 1]
        said = self.teller.tell(event)
        words = [
            word
            for word, by in (("confirmed", case.confirmed), ("checked", case.verified))
            if revisions & by
        ]
        return {
            **self.place(case, told.revision),
            "fact": told.fact.fact,
            "label": said.label,
            "occurred_at": text_of(told.occurred_at),
            "recorded_at": text_of(said.recorded_at),
            "area": {"code": about.area, "name": self.teller.area(about.area)},
            "books": list(self._books(told)),
            "details": self._details(told.fact.fact, told.stored["data"]),
            "position": event.position,
            "sha256": event.sha256.hex(),
            "confirmed": bool(words),
            "said_by": self._say(f"said_{about.provenance.value}"),
            "confirmed_by": [self._say(word) for word in words],
            "corrected": bool(revisions & case.corrected),
            "challenge": next(
                filter(None, (self.challenge(case, r) for r in deed.revisions[::-1])), None
            ),
            "challenge_href": self._challenge_href(one, told.revision),
        }

    def _details(self, fact: str, data: Json) -> list[Json]:
        told = self.teller.details(fact, data)
        return [{"label": label, "value": value} for label, value in told]

    def place(self, case: Case, revision: int) -> Json:
        """Where a record stands, and the page that shows it."""
        return {
            "stream": case.stream,
            "revision": revision,
            "href": f"/case/{case.stream}#r{revision}",
        }

    def _books(self, told: Told) -> Iterator[Json]:
        """Every book the deed stands in: one deed, which counts once above them all."""
        about, teller = told.fact.about, self.teller
        named = [("unit", about.unit), ("area", about.area)]
        named += [(book, getattr(about.books, book)) for book in BOOKS]
        for book, code in named:
            if code is not None:
                if book in ("unit", "home_unit"):
                    name = teller.unit(code)
                elif book == "team":
                    team = self._directory.teams.get(code)
                    name = team.name if team is not None else code
                else:
                    name = teller.area(code)
                yield {"book": book, "label": self._say(f"book_{book}"), "code": code, "name": name}

    def challenge(self, case: Case, revision: int) -> Json | None:
        """What became of the newest challenge of a record; None where there is none."""
        if revision not in case.challenged:
            return None
        reason = self._reason(last_about(case, RecordChallenged.fact, revision))
        clock = case.clocks.get(f"challenge.{revision}")
        answer = {"reason": reason, "due_at": None, "answer": None}
        if clock is not None:
            state = "challenge_missed" if clock.missed else "challenge_waits"
            answer["due_at"] = text_of(clock.due_at) if clock.due_at else None
        elif revision in case.corrected:
            state = "challenge_corrected"
        elif revision in case.upheld:
            state = "challenge_upheld"
            answer["answer"] = self._reason(last_about(case, RecordUpheld.fact, revision))
        else:
            state = "challenge_answered"
        return {"state": state.removeprefix("challenge_"), "label": self._say(state), **answer}

    def _reason(self, told: Told | None) -> str:
        reason = getattr(told.fact, "reason", None) if told is not None else None
        return reason.label.text(self._language) if isinstance(reason, Choice) else ""

    def _challenge_href(self, one: Kept, revision: int) -> str | None:
        """Where to ask for a correction; None where this reader may not, or has asked already."""
        if revision in one.case.in_question or not self._grant.may(one.entry.kind, "challenge"):
            return None
        infos = next_commands(one.entry, one.case, self._grant.actor)
        if all(info.name != "challenge" for info in infos):
            return None
        return f"/do/{one.case.stream}/challenge?revision={revision}"
