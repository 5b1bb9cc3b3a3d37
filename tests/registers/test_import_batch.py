"""Import batches: begun, finished, taken back, each step once."""

from __future__ import annotations

import pytest

from events.fact import About, Provenance
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, story
from services.kernel.words import Actor
from services.kernel.workflow import Command
from services.registers.import_batch import (
    WORKFLOW,
    Finish,
    Finished,
    FinishUndo,
    ImportBatchFinished,
    ImportBatchStarted,
    ImportBatchUndone,
    ImportBatchUndoStarted,
    Running,
    Start,
    Undo,
    Undoing,
    Undone,
)

IMPORTER = Actor("i1", roles=frozenset({"importer"}))
OTHER = Actor("p2", roles=frozenset({"dispatcher"}))
TOWN = Registers(areas=frozenset({"c1"}), units=frozenset())
ABOUT = About(area="c1", provenance=Provenance.IMPORT)
DIGEST = "cd" * 32
START = Start(area="c1", profile="boston_311", digest=DIGEST, attempt=1)
FINISH = Finish(rows=10, accepted=7, repeated=2, refused=1)
FINISH_UNDO = FinishUndo(cases=6, kept=1)

NEW = story(entry_of(WORKFLOW, is_register=True), stream="import_batch/b1", registers=TOWN)
RUNNING = NEW.when(IMPORTER, START)
FINISHED = RUNNING.when(IMPORTER, FINISH)
UNDOING = FINISHED.when(IMPORTER, Undo())
UNDONE = UNDOING.when(IMPORTER, FINISH_UNDO)


def test_the_life_of_a_batch() -> None:
    RUNNING.then(ImportBatchStarted(about=ABOUT, profile="boston_311", digest=DIGEST, attempt=1))
    FINISHED.then(
        ImportBatchFinished(
            about=ABOUT, profile="boston_311", rows=10, accepted=7, repeated=2, refused=1
        )
    )
    UNDOING.then(ImportBatchUndoStarted(about=ABOUT))
    UNDONE.then(ImportBatchUndone(about=ABOUT, profile="boston_311", cases=6, kept=1))
    states = [type(each.state) for each in (RUNNING, FINISHED, UNDOING, UNDONE)]
    assert states == [Running, Finished, Undoing, Undone]


def test_one_that_was_cut_short_can_be_taken_back_too() -> None:
    RUNNING.when(IMPORTER, Undo()).recorded("import_batch.undo_started")


@pytest.mark.parametrize(
    ("stage", "command"),
    [
        ("running", FINISH_UNDO),
        ("finished", FINISH),
        ("finished", FINISH_UNDO),
        ("undoing", FINISH),
        ("undoing", Undo()),
        ("undone", FINISH),
        ("undone", Undo()),
        ("undone", FINISH_UNDO),
    ],
    ids=str,
)
def test_no_step_is_taken_twice_or_out_of_turn(stage: str, command: Command) -> None:
    stages = {"running": RUNNING, "finished": FINISHED, "undoing": UNDOING, "undone": UNDONE}
    stages[stage].when(IMPORTER, command).refused("not_now")


def test_only_those_who_import_may_begin_or_take_back() -> None:
    NEW.when(OTHER, START).refused("not_yours")
    FINISHED.when(OTHER, Undo()).refused("not_yours")


def test_what_is_counted_of_a_batch() -> None:
    assert ImportBatchFinished.shape().quantities == ("rows", "accepted")
    assert ImportBatchUndone.shape().quantities == ("cases", "kept")
    assert ImportBatchStarted.shape().codes == ("profile",)
