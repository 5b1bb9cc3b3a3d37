"""来源记录 · The history that a source gives within a record: its notes, and its milestones.

A note is recorded as it stands, with its time and labels; what it says has happened nowhere but
there. What of it is also a step of the case (its end) is said in the profile.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from events.errors import shown
from services.exchange.moments import Moment, Moments
from services.exchange.names import raw
from services.exchange.profile import Profile
from services.exchange.readers import BrokenRow
from services.facts.issue_words import Order, SourceNote, Told
from services.workflows import issue

LABEL_MAX = 1_000
ROW_ID_MAX = 128
STEP = "told:"
"""Before the id of a note or milestone: the name of its step."""
MILESTONE = "milestone"
"""The label that names a milestone."""

Named = tuple[str, issue.TellImported]


class Refusal(Exception):
    """The row cannot be taken: which column, what stood there, why."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason

    def row(self, line: int) -> BrokenRow:
        """What goes into the file of refused rows."""
        return BrokenRow(line, self.column, shown(self.value), self.reason)


class Noted(NamedTuple):
    """One note, understood. `id` tells it from the others of its record; `call` and `unit` are the
    id of a call-out and the name of the department called, where the profile says where."""

    at: Moment
    id: str
    labels: dict[str, str]
    order: Order
    call: str = ""
    unit: str = ""


class Telling:
    """Understands the histories of one source. Shape: `noted` reads the notes of a record, `steps`
    says what they and the milestones come to, `closing` when the case ended by them."""

    def __init__(self, profile: Profile, moments: Moments, place: dict[str, int]) -> None:
        self._moments = moments
        self._milestones = profile.milestones
        self._place = place
        self._names: list[str] = []
        self._closed: dict[str, str] = {}
        self._time = self._own = 0
        self._id: int | None = None
        self._labels: list[tuple[str, int]] = []
        self._called: tuple[int, int] | None = None
        if (notes := profile.notes) is not None:
            self._names, self._closed = notes.wanted(), notes.closed
            at = {name: index for index, name in enumerate(self._names)}
            self._time, self._id = at[notes.time], at.get(notes.id or "")
            self._labels = [(name, at[column]) for name, column in notes.labels.items()]
            self._own = len(notes.own())
            if (called := notes.callouts) is not None:
                self._called = at[called.id], at[called.unit]

    def noted(self, notes: Sequence[tuple[str, ...]]) -> list[Noted]:
        """The notes of a record, in its order. Raises Refusal."""
        found: list[Noted] = []
        seen: Counter[str] = Counter()
        for texts in notes:
            at = self._moment(texts)
            labels = {name: self._label(place, texts) for name, place in self._labels}
            broken = bool(found) and at.instant < found[-1].at.instant
            order = Order.BROKEN if broken else Order.KEPT
            name = self._name(texts)
            seen[name] += 1
            note_id = name if seen[name] == 1 else f"{name}~{seen[name]}"
            called = [self._label(place, texts) for place in self._called or ()]
            found.append(Noted(at, note_id, labels, order, *called))
        return found

    def closing(self, noted: Sequence[Noted]) -> Moment | None:
        """When the case ended, as its notes have it; None where they do not say."""
        if not self._closed:
            return None
        ends = [note.at for note in noted if self._closed.items() <= note.labels.items()]
        return ends[-1] if ends else None

    def steps(self, noted: Sequence[Noted], opened: Moment, texts: Sequence[str]) -> list[Named]:
        """What notes and milestones come to. Raises Refusal."""
        steps = [_note(note, noted[0]) for note in noted]
        for name, milestone in self._milestones.items():
            at = self._date(milestone.at, noted, texts)
            since = self._date(milestone.since, noted, texts) or opened
            due = self._date(milestone.due, noted, texts)
            if at is not None:
                told = SourceNote(
                    note_id=f"{MILESTONE}:{name}",
                    what=Told.MILESTONE,
                    counted_from=self._moments.counts_from(since, at),
                    due_at=due.instant if due is not None else None,
                    day=at.day,
                    labels={MILESTONE: name},
                )
                steps.append(_step(told, at))
        return steps

    def _date(
        self, name: str | None, noted: Sequence[Noted], texts: Sequence[str]
    ) -> Moment | None:
        if name == "first_note":
            return min((note.at for note in noted), default=None)
        if name == "last_note":
            return max((note.at for note in noted), default=None)
        if name is None:
            return None
        return read_moment(self._moments, name, texts[self._place[name]])

    def _moment(self, texts: tuple[str, ...]) -> Moment:
        name, text = self._names[self._time], texts[self._time]
        at = read_moment(self._moments, name, text)
        if at is None:
            raise Refusal(name, text, "a note needs the time at which it happened")
        return at

    def _label(self, place: int, texts: tuple[str, ...]) -> str:
        return read_label(self._names[place], texts[place])

    def _name(self, texts: tuple[str, ...]) -> str:
        if self._id is None:
            return hashlib.sha256("\x1f".join(texts[: self._own]).encode()).hexdigest()[:16]
        name = raw(texts[self._id]).strip()
        if not name or len(name) > ROW_ID_MAX - 8 or not name.isprintable():
            reason = f"a note needs an id of 1 to {ROW_ID_MAX - 8} characters"
            raise Refusal(self._names[self._id], texts[self._id], reason)
        return name


def read_moment(moments: Moments, column: str, text: str) -> Moment | None:
    """The moment in a column; None for a blank. Raises Refusal."""
    try:
        return moments.read(text)
    except (ValueError, OverflowError) as error:
        raise Refusal(column, text, f"the time {error}") from error


def read_label(column: str, text: str) -> str:
    """A text as it is kept. Raises Refusal where it is too long."""
    text = raw(text)
    if len(text) > LABEL_MAX:
        raise Refusal(column, text, f"a label holds at most {LABEL_MAX} characters")
    return text


def _note(note: Noted, first: Noted) -> Named:
    told = SourceNote(
        note_id=note.id,
        order=note.order,
        counted_from=first.at.instant,
        day=note.at.day,
        labels=note.labels,
    )
    return _step(told, note.at)


def _step(told: SourceNote, at: Moment) -> Named:
    command = issue.TellImported(occurred_at=at.instant, note=told)
    return f"{STEP}{told.note_id}", command
