"""批次 · Which batch a file belongs to, and how often a row has been imported and undone.

A batch is a case of its own (`import_batch`), named by profile, content and attempt: the same file
under the same profile is the same batch, until that batch is undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from events.envelope import TAKEN, Recorded
from events.errors import Refused
from events.ports import Filter
from services.exchange.desk import Desk
from services.exchange.profile import Profile
from services.exchange.telling import STEP
from services.facts.issue_words import HOTLINE
from services.kernel.identity import identifier
from services.registers import import_batch
from services.registers.import_batch import Batch, Finished, Undoing, Undone

KIND = "import_batch"
VOIDED = "record.voided"
READ_EVENTS = 5_000
ATTEMPTS_MAX = 1_000
STEP_OF = {
    "issue.fed_back": "reply",
    "issue.closed": "close",
    "issue.close_refused": "close_refused",
}
"""The step of a row that recorded a fact, for facts that do not name their row."""

TOLD = "issue.told"


@dataclass(frozen=True, slots=True)
class Opened:
    """The batch of a file. `finished`: every row of it has been looked at before."""

    id: str
    attempt: int
    finished: bool
    begun: bool

    @property
    def cause(self) -> str:
        """The event that everything the batch records follows from."""
        return f"{KIND}/{self.id}@1"


@dataclass
class Generations:
    """How often what a row came to has been undone. `finds` by row id, `steps` by stream and
    step."""

    finds: Counter[str] = field(default_factory=Counter)
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)


async def batch_of(desk: Desk, profile: Profile, digest: str) -> Opened:
    """The batch this file belongs to now. Raises Refused while it is being undone."""
    for attempt in range(1, ATTEMPTS_MAX):
        batch_id = str(identifier(KIND, profile.name, digest, str(attempt)))
        case = await desk.case(KIND, batch_id)
        state = case.state if case else None
        if isinstance(state, Undone):
            continue
        if isinstance(state, Undoing):
            raise Refused(
                f"batch {batch_id} of this file is being undone: run `jishi import undo {batch_id}`"
                " to its end first",
                refusal="being_undone",
                zh=f"批次 {batch_id} 正在撤销，请先用 `jishi import undo {batch_id}` 完成",
            )
        return Opened(batch_id, attempt, isinstance(state, Finished), case is not None)
    raise AssertionError(f"{profile.name}: the same file was imported {ATTEMPTS_MAX} times")


async def start(desk: Desk, profile: Profile, digest: str, batch: Opened) -> int:
    """Put the beginning of a batch on record; how many facts that took."""
    if batch.begun:
        return 0
    fields = {
        "area": profile.root_area,
        "profile": profile.name,
        "digest": digest,
        "attempt": batch.attempt,
    }
    done = await desk.do(KIND, "start", fields, identifier(batch.id, "start"), case_id=batch.id)
    return 0 if done.replayed else len(done.events)


async def finish(desk: Desk, batch: Opened, counts: Mapping[str, int]) -> int:
    """Put the end of a batch on record, once; how many facts that took."""
    done = await desk.do(KIND, "finish", counts, identifier(batch.id, "finish"), case_id=batch.id)
    return 0 if done.replayed else len(done.events)


async def generations(desk: Desk, profile: Profile) -> Generations:
    """What of this source has been undone. Reads the voids of its undone batches."""
    found = Generations()
    undone: set[str] = set()
    after = 0
    async for event in events_of(desk, Filter(kinds=(KIND,))):
        if event.fact == import_batch.ImportBatchStarted.fact:
            if profile.hotline or event.content["data"]["profile"] == profile.name:
                undone.add(event.stream)
        elif event.fact == import_batch.ImportBatchUndoStarted.fact:
            after = after or event.position
    if not after:
        return found
    voids = Filter(kinds=(profile.kind,), facts=(VOIDED,))
    async for event in events_of(desk, voids, after=after):
        if _batch(event) in undone:
            for taken in event.content["data"][TAKEN]:
                row_id = taken["data"].get("row_id")
                if row_id is not None:
                    # Numbers of other sources are none of the hotline's.
                    if not profile.hotline or taken["data"].get("channel") == HOTLINE:
                        found.finds[row_id] += 1
                elif (step := step_of(taken["fact"], taken["data"])) is not None:
                    found.steps[event.stream, step] += 1
    return found


def step_of(fact: str, data: Mapping[str, Any]) -> str | None:
    """The step of a row that recorded this; None for what no row records."""
    return f"{STEP}{data['note_id']}" if fact == TOLD else STEP_OF.get(fact)


async def events_of(desk: Desk, only: Filter, *, after: int = 0) -> AsyncIterator[Recorded]:
    """Every event of a filter up to the present head."""
    upto = await desk.log.head()
    while True:
        events = await desk.log.read(after=after, upto=upto, limit=READ_EVENTS, only=only)
        for event in events:
            yield event
        if len(events) < READ_EVENTS:
            return
        after = events[-1].position


def is_by(event: Recorded, batch_id: str) -> bool:
    """Whether an event was recorded by this batch."""
    return _batch(event) == f"{KIND}/{batch_id}"


def by_import(cause: str | None) -> bool:
    """Whether what has this cause was recorded by an import."""
    return cause is not None and cause.startswith(f"{KIND}/")


def profile_of(state: object) -> str:
    """The profile of a batch. Raises AssertionError for anything else."""
    if not isinstance(state, Batch):
        raise AssertionError(f"{state!r} is no import batch")
    return state.profile


def _batch(event: Recorded) -> str:
    return str(event.content["cause"] or "").partition("@")[0]
