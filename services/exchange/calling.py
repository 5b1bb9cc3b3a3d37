"""来源吹哨 · The call-outs to other departments that the notes of a record tell of.

Each becomes a case of its own (`callout`) for the issue that the record is: called, and over where
a later note says so. An end without a call stays a note and nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.exchange.batches import Generations
from services.exchange.names import Names
from services.exchange.profile import Profile
from services.exchange.reads import Read, Step
from services.exchange.telling import STEP, Noted
from services.facts.callout_words import CalloutSource
from services.kernel.identity import identifier, identifier_text
from services.workflows import callout

KIND = "callout"
GIVEN = (callout.Raise, callout.TellOver)
"""The commands of call-outs that a row may come to."""


class Calling:
    """Finds the call-outs of one source. Shape: `calls` gives a Read for each."""

    def __init__(self, profile: Profile, names: Names, undone: Generations) -> None:
        self._said = profile.notes.callouts if profile.notes is not None else None
        self._names = names
        self._undone = undone

    def calls(self, read: Read, area: str, noted: Sequence[Noted]) -> tuple[Read, ...]:
        """What the notes of a row, understood as `read`, tell of departments that were called.

        The id of a call-out is of the generation of the note that tells of it: undone with it, it
        is another one afterwards.
        """
        if self._said is None:
            return ()
        found: dict[str, Read] = {}
        for note in noted:
            unit = self._names.unit(note.unit)
            if self._said.raised.items() <= note.labels.items():
                if note.call and note.call not in found and unit is not None:
                    found[note.call] = self._called(read, area, note, unit)
            elif self._said.ended and self._said.ended.items() <= note.labels.items():
                call = found.get(note.call)
                if call is not None and _may_end(call, note):
                    found[note.call] = self._over(read, call, note)
        return tuple(found.values())

    def _generation(self, read: Read, note: Noted) -> int:
        return self._undone.steps[read.stream, f"{STEP}{note.id}"] + 1 if self._undone.steps else 1

    def _called(self, read: Read, area: str, note: Noted, unit: str) -> Read:
        name = f"{read.stream}\n{KIND}\n{note.call}\n{self._generation(read, note)}"
        command = callout.Raise(
            occurred_at=note.at.instant,
            area=area,
            unit=unit,
            issue=read.stream,
            source=CalloutSource(source_id=note.call, day=note.at.day),
        )
        step = Step("called", command, identifier(f"{name}\ncalled"), read.steps[0].digest)
        return Read(read.line, read.row_id, f"{KIND}/{identifier_text(name)}", (step,))

    def _over(self, read: Read, call: Read, note: Noted) -> Read:
        command = callout.TellOver(occurred_at=note.at.instant, day=note.at.day)
        own = identifier(f"{call.stream}\nover\n{self._generation(read, note)}")
        step = Step("call_over", command, own, read.steps[0].digest)
        return call._replace(steps=(*call.steps, step))


def _may_end(call: Read, note: Noted) -> bool:
    """It ends once, and not before it began."""
    begun = call.steps[0].command.occurred_at
    return len(call.steps) == 1 and begun is not None and note.at.instant >= begun
