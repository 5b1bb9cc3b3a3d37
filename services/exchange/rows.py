"""行 · What one row of a source comes to: a request, perhaps its reply, perhaps its end.

A row becomes commands, and the deciders of the kind judge them like anybody else's. Nothing between
is made up: what the source does not tell has not happened here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.exchange.batches import Generations
from services.exchange.calling import Calling
from services.exchange.moments import Moment, Moments
from services.exchange.names import Names, raw
from services.exchange.profile import Profile
from services.exchange.readers import BrokenRow
from services.exchange.reads import Read, Step
from services.exchange.sheets import CELL_TIMES
from services.exchange.telling import (
    LABEL_MAX,
    ROW_ID_MAX,
    Refusal,
    Telling,
    read_label,
    read_moment,
)
from services.facts.issue_words import HOTLINE, Channel, Resolution
from services.kernel.identity import identifier, identifier_text
from services.kernel.pieces import Command
from services.workflows import issue

GIVEN = (
    issue.Find,
    issue.ReplyImported,
    issue.CloseImported,
    issue.RefuseCloseImported,
    issue.TellImported,
)
"""The commands a row may come to."""


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
        # Numbers of the hotline are the same in every file and every request.
        self._numbers = HOTLINE if profile.hotline else profile.name
        self._channel = Channel.HOTLINE if profile.hotline else Channel.IMPORTED
        spellings = profile.times + (CELL_TIMES if profile.format == "xlsx" else ())
        self._moments = Moments(
            profile.zone, spellings, by_wall=profile.by_wall, no_time=profile.no_time
        )
        place = {name: index for index, name in enumerate(self.wanted)}
        self._telling = Telling(profile, self._moments, place)
        self._calling = Calling(profile, self.names, self.undone)
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

    def read(
        self, line: int, texts: Sequence[str], notes: Sequence[tuple[str, ...]] = ()
    ) -> Read | BrokenRow:
        """What one row comes to."""
        try:
            return self._read(line, texts, notes)
        except Refusal as refusal:
            return refusal.row(line)

    def _read(self, line: int, texts: Sequence[str], notes: Sequence[tuple[str, ...]]) -> Read:
        row_id = raw(texts[self._id]).strip()
        if not row_id or len(row_id) > ROW_ID_MAX or not row_id.isprintable():
            raise self._refusal(self._id, texts, f"an id of 1 to {ROW_ID_MAX} characters")
        opened = self._moment(self._opened, texts)
        if opened is None:
            raise self._refusal(self._opened, texts, "a request needs the time it was made")
        noted = self._telling.noted(notes)
        apart: list[BrokenRow] = []
        replied = self._moment(self._replied, texts)
        commands: list[tuple[str, Command]] = []
        if replied is not None:
            if replied.instant >= opened.instant:
                commands.append(("reply", self._reply(opened, replied)))
            else:
                apart.append(self._too_early(self._replied, line, texts, "replied to"))
        commands += self._telling.steps(noted, opened, texts)
        closed = self._moment(self._closed, texts) or self._telling.closing(noted)
        if closed is not None:
            if closed.instant < opened.instant and not self._same_day(opened, closed):
                apart.append(self._too_early(self._closed, line, texts, "closed"))
                commands.append(("close_refused", self._refuse_close(opened, closed)))
            elif replied is not None and closed.instant < replied.instant:
                raise self._refusal(self._closed, texts, "closed before it was replied to")
            else:
                commands.append(("close", self._close(opened, max(closed, opened), texts)))
        commands.sort(key=_happened)
        find = self._find(row_id, opened, texts, [_happened(one) for one in commands[:1]])
        read = self._told(line, row_id, [("find", find), *commands], apart, texts, notes)
        return read._replace(calls=self._calling.calls(read, self._where(texts), noted))

    def _where(self, texts: Sequence[str]) -> str:
        """The area of a row."""
        return self._root if self._area is None else self.names.area(texts[self._area])

    def _same_day(self, opened: Moment, closed: Moment) -> bool:
        """Whether the end was told by its day alone, which is that of the opening."""
        return self.profile.rules.closed_before_opened == "same_day" and closed.day == opened.day

    def _told(
        self,
        line: int,
        row_id: str,
        commands: list[tuple[str, Command]],
        apart: list[BrokenRow],
        texts: Sequence[str],
        notes: Sequence[tuple[str, ...]],
    ) -> Read:
        whole = "\x1e".join("\x1f".join(each) for each in (texts, *notes))
        digest = hashlib.sha256(whole.encode()).digest()
        name, undone = f"{self._numbers}\n{row_id}", self.undone
        name = f"{name}\n{undone.finds[row_id] + 1}" if undone.finds else f"{name}\n1"
        # A number of the hotline keeps its case, also where an import of it has been undone.
        case = f"{self._numbers}\n{row_id}\n1" if self.profile.hotline else name
        stream = f"{self.profile.kind}/{identifier_text(case)}"
        steps = []
        for step, command in commands:
            generation = undone.steps[stream, step] + 1 if undone.steps else 1
            steps.append(Step(step, command, identifier(f"{name}\n{step}\n{generation}"), digest))
        return Read(line, row_id, stream, tuple(steps), tuple(apart))

    # --- the steps --------------------------------------------------------------------------------

    def _find(
        self, row_id: str, opened: Moment, texts: Sequence[str], others: Sequence[datetime]
    ) -> Command:
        """The beginning: no later than the earliest other thing the source tells."""
        begun = min((opened.instant, *others))
        due, names = self._moment(self._due, texts), self.names
        # One validation of both: two would take half as long again.
        return issue.Find.model_validate(
            {
                "occurred_at": begun,
                "area": self._where(texts),
                "unit": None if self._unit is None else names.unit(texts[self._unit]),
                "category": (
                    None if self._category is None else names.category(texts[self._category])
                ),
                "channel": self._channel,
                "requester": (
                    None if self._requester is None else names.person(texts[self._requester])
                ),
                "source": {
                    "row_id": row_id,
                    "opened_at": opened.instant if begun != opened.instant else None,
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
        return read_moment(self._moments, self.wanted[place], texts[place])

    def _label(self, place: int, texts: Sequence[str]) -> str:
        return read_label(self.wanted[place], texts[place])

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


def _happened(step: tuple[str, Command]) -> datetime:
    happened = step[1].occurred_at
    if happened is None:
        raise AssertionError(f"the step {step[0]} has no time")
    return happened
