"""簿册 · The projections of the services: which there are, and how a case becomes a row.

Projections know nothing of workflows; here the one is handed to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from events.clock import micros
from events.envelope import Recorded
from projections.cases import CaseProjection, CaseRow
from projections.database import Database
from projections.due import DueProjection
from projections.rebuild import Upkeep
from projections.versions import BY_LOG, Road, by_kafka
from services.directory import ZonedLog
from services.kernel.case import Case, fold
from services.kernel.catalogue import Catalogue
from services.kernel.entry import Entry, state_word
from services.kernel.pieces import State
from services.kernel.receipt import receipt
from services.run.settings import Settings
from streams.wire import part_of

VOIDED = "voided"


@dataclass(frozen=True)
class Kept:
    """A case, and where its first and its newest event stand in the log."""

    case: Case
    opened_position: int
    position: int


class CaseRows:
    """How the cases of a catalogue grow, and what their rows say."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        entries = [entry for entry in catalogue.kinds() if not entry.is_register]
        self.kinds = frozenset(entry.kind for entry in entries)
        self._endings = {entry.kind: endings(entry) for entry in entries}

    def grow(self, kept: Kept | None, stream: str, events: Sequence[Recorded]) -> Kept | None:
        """The case after further events."""
        if kept is not None:
            return Kept(kept.case.grown(events), kept.opened_position, events[-1].position)
        case = fold(self._catalogue.of_stream(stream), events)
        return None if case is None else Kept(case, events[0].position, events[-1].position)

    def row_of(self, kept: Kept) -> CaseRow:
        """What lists show of it. A case is closed where its own commands lead no further."""
        case = kept.case
        over = case.state is None or type(case.state) in self._endings[case.kind]
        due = [micros(clock.due_at) for clock in case.clocks.values() if clock.due_at is not None]
        return CaseRow(
            stream=case.stream,
            kind=case.kind,
            receipt=receipt(case.id),
            state=VOIDED if case.state is None else state_word(type(case.state)),
            area=case.about.area,
            unit=case.about.unit or "",
            category=case.about.category or "",
            variant=case.about.variant or "",
            opened_at=micros(case.opened_at),
            changed_at=micros(case.moved_at),
            closed_at=micros(case.moved_at) if over else 0,
            due_at=min(due, default=0),
            missed=any(clock.missed for clock in case.clocks.values()),
            revision=case.revision,
            opened_position=kept.opened_position,
            position=kept.position,
        )


def endings(entry: Entry) -> frozenset[type[State]]:
    """The states no command of the kind itself goes on from."""
    going_on = {state for way in entry.workflow.diagram.ways.values() for state in way.states}
    return frozenset(entry.workflow.diagram.states) - going_on


def upkeep_of(
    database: Database, log: ZonedLog, catalogue: Catalogue, road: Road = BY_LOG
) -> Upkeep:
    """What looks after the projections of one log: the ledger, the cases, the deadlines. `road`: by
    which those that have no version yet get their facts."""
    rows = CaseRows(catalogue)
    cases = CaseProjection(rows.kinds, rows.grow, rows.row_of)
    return Upkeep(
        database,
        log,
        (cases, DueProjection()),
        catalogue.shapes,
        log.zone,
        road=road,
        part_of=part_of,
    )


def road_of(settings: Settings) -> Road:
    """Over Kafka, where one is set."""
    return BY_LOG if settings.kafka_bootstrap is None else by_kafka(settings.kafka.partitions)
