"""行 · What one row of a source comes to: a request, perhaps its reply, perhaps its end.

A row becomes commands, and the deciders of the kind judge them like anybody else's. Nothing between
is made up: what the source does not tell has not happened here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from uuid import UUID

from events.errors import shown
from services.exchange.batches import Generations
from services.exchange.moments import Moment, Moments
from services.exchange.names import Names, identifier, identifier_text, raw
from services.exchange.profile import Profile
from services.exchange.readers import BrokenRow
from services.facts.issue_words import Channel, Resolution
from services.kernel.pieces import Command
from services.workflows import issue

ROW_ID_MAX = 128
LABEL_MAX = 1_000
StepName = Literal["find", "reply", "close", "close_refused"]
GIVEN = (issue.Find, issue.ReplyImported, issue.CloseImported, issue.RefuseCloseImported)
"""The commands a row may come to."""


class Step(NamedTuple):
    """One command of a row. `digest` covers the whole row, so that another row under the same id
    is told from a repeat."""

    name: StepName
    command: Command
    command_id: UUID
    digest: bytes


class Read(NamedTuple):
    """A row understood. `notes` are parts of it that could not be taken as they stand."""

    line: int
    row_id: str
    stream: str
    steps: tuple[Step, ...]
    notes: tuple[BrokenRow, ...] = ()


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


@dataclass
class Rows:
    """Understands the rows of one source. Shape: `read` gives a Read or the BrokenRow it is.

    `undone` says how often a row, or one step of it, has been imported and undone: its ids then
    are of the next generation.
    """

    profile: Profile
    undone: Generations = field(default_factory=Generations)

    def __post_init__(self) -> None:
        profile, columns = self.profile, self.profile.columns
        self.names = Names(profile)
        self.wanted = profile.wanted()
        self._root = profile.root_area
        self._moments = Moments(
            profile.zone, profile.times, by_wall=profile.by_wall, no_time=profile.no_time
        )
        place = {name: index for index, name in enumerate(self.wanted)}
        self._id = place[profile.id]
        self._opened = place[columns.opened]
        self._due = place.get(columns.due or "")
        self._replied = place.get(columns.replied or "")
        self._closed = place.get(columns.closed or "")
        self._area = place.get(columns.area or "")
        self._unit = place.get(columns.unit or "")
        self._category = place.get(columns.category or "")
        self._outcome = place.get(columns.outcome or "")
        self._requester = place.get(columns.requester or "")
        self._labels = [(name, place[column]) for name, column in columns.raw_labels().items()]

    def read(self, line: int, texts: Sequence[str]) -> Read | BrokenRow:
        """What one row comes to."""
        try:
            return self._read(line, texts)
        except Refusal as refusal:
            return refusal.row(line)

    def _read(self, line: int, texts: Sequence[str]) -> Read:
        row_id = raw(texts[self._id]).strip()
        if not row_id or len(row_id) > ROW_ID_MAX or not row_id.isprintable():
            raise self._refusal(self._id, texts, f"an id of 1 to {ROW_ID_MAX} characters")
        opened = self._moment(self._opened, texts)
        if opened is None:
            raise self._refusal(self._opened, texts, "a request needs the time it was made")
        replied, closed = self._moment(self._replied, texts), self._moment(self._closed, texts)
        commands: list[tuple[StepName, Command]] = [("find", self._find(row_id, opened, texts))]
        notes: list[BrokenRow] = []
        if replied is not None:
            if replied.instant >= opened.instant:
                commands.append(("reply", self._reply(opened, replied)))
            else:
                notes.append(self._too_early(self._replied, line, texts, "replied to"))
        if closed is not None:
            if closed.instant < opened.instant:
                notes.append(self._too_early(self._closed, line, texts, "closed"))
                commands.append(("close_refused", self._refuse_close(opened, closed)))
            elif replied is not None and closed.instant < replied.instant:
                raise self._refusal(self._closed, texts, "closed before it was replied to")
            else:
                commands.append(("close", self._close(opened, closed, texts)))
        return self._told(line, row_id, commands, notes, texts)

    def _told(
        self,
        line: int,
        row_id: str,
        commands: list[tuple[StepName, Command]],
        notes: list[BrokenRow],
        texts: Sequence[str],
    ) -> Read:
        digest = hashlib.sha256("\x1f".join(texts).encode()).digest()
        name, undone = f"{self.profile.name}\n{row_id}", self.undone
        name = f"{name}\n{undone.finds[row_id] + 1}" if undone.finds else f"{name}\n1"
        stream = f"{self.profile.kind}/{identifier_text(name)}"
        steps = []
        for step, command in commands:
            generation = undone.steps[stream, step] + 1 if undone.steps else 1
            steps.append(Step(step, command, identifier(f"{name}\n{step}\n{generation}"), digest))
        return Read(line, row_id, stream, tuple(steps), tuple(notes))

    # --- the steps --------------------------------------------------------------------------------

    def _find(self, row_id: str, opened: Moment, texts: Sequence[str]) -> Command:
        due, names = self._moment(self._due, texts), self.names
        # One validation of both: two would take half as long again.
        return issue.Find.model_validate(
            {
                "occurred_at": opened.instant,
                "area": self._root if self._area is None else names.area(texts[self._area]),
                "unit": None if self._unit is None else names.unit(texts[self._unit]),
                "category": (
                    None if self._category is None else names.category(texts[self._category])
                ),
                "channel": Channel.IMPORTED,
                "requester": (
                    None if self._requester is None else names.person(texts[self._requester])
                ),
                "source": {
                    "row_id": row_id,
                    "day": opened.day,
                    "due_at": due.instant if due else None,
                    "replies": self._replied is not None,
                    "labels": {
                        name: text
                        if (text := texts[place]).isascii() and len(text) <= LABEL_MAX
                        else self._label(place, texts)
                        for name, place in self._labels
                    },
                },
            }
        )

    def _reply(self, opened: Moment, replied: Moment) -> Command:
        return issue.ReplyImported(
            occurred_at=replied.instant,
            counted_from=self._moments.counts_from(opened, replied),
            day=replied.day,
        )

    def _close(self, opened: Moment, closed: Moment, texts: Sequence[str]) -> Command:
        said = texts[self._outcome] if self._outcome is not None else ""
        return issue.CloseImported(
            occurred_at=closed.instant,
            resolution=self.profile.outcomes.get(said, Resolution.NOT_STATED),
            counted_from=self._moments.counts_from(opened, closed),
            day=closed.day,
        )

    def _refuse_close(self, opened: Moment, closed: Moment) -> Command:
        return issue.RefuseCloseImported(occurred_at=opened.instant, claimed_at=closed.instant)

    # --- the texts --------------------------------------------------------------------------------

    def _moment(self, place: int | None, texts: Sequence[str]) -> Moment | None:
        if place is None:
            return None
        try:
            return self._moments.read(texts[place])
        except (ValueError, OverflowError) as error:
            raise self._refusal(place, texts, f"the time {error}") from error

    def _label(self, place: int, texts: Sequence[str]) -> str:
        text = raw(texts[place])
        if len(text) > LABEL_MAX:
            raise self._refusal(place, texts, f"a label holds at most {LABEL_MAX} characters")
        return text

    def _too_early(
        self, place: int | None, line: int, texts: Sequence[str], what: str
    ) -> BrokenRow:
        """Refuses the row or only this part of it, as the profile's rules say."""
        rules, place = self.profile.rules, place or 0
        closing = what == "closed"
        rule = rules.closed_before_opened if closing else rules.replied_before_opened
        refusal = self._refusal(place, texts, f"{what} before it was opened")
        if rule == "refuse_row":
            raise refusal
        return refusal.row(line)

    def _refusal(self, place: int | None, texts: Sequence[str], reason: str) -> Refusal:
        place = place or 0
        return Refusal(self.wanted[place], texts[place], reason)
