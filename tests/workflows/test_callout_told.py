"""A call-out of another system: called, over, and no clock of ours in between."""

from __future__ import annotations

from datetime import date

from events.fact import Provenance
from services.facts.callout import CalloutTold, CalloutToldOver, Told, ToldOver
from services.facts.callout_words import CalloutSource, Ground
from services.kernel.corrections import Void, VoidReason
from services.kernel.words import Actor
from services.workflows.callout import Raise, Report, Sign, TellOver
from tests.workflows.callouts import COMMUNITY, POLICE, clocks, new

IMPORTER = Actor("i1", roles=frozenset({"importer"}))
DAY = date(2018, 3, 4)
SOURCE = CalloutSource(source_id="14-01225670", day=DAY)
TELL = Raise(unit="u1", area="c1", issue="issue/x", source=SOURCE)
TOLD = new().when(IMPORTER, TELL)


def test_what_a_source_tells_is_put_on_record_and_nothing_else() -> None:
    over = TOLD.later(days=40).when(IMPORTER, TellOver(day=DAY))
    (told,), (ended,) = TOLD.facts, over.facts
    assert isinstance(told, CalloutTold)
    assert isinstance(ended, CalloutToldOver)
    assert (told.issue, told.source_id, told.day) == ("issue/x", "14-01225670", DAY)
    assert (told.about.unit, told.about.provenance) == ("u1", Provenance.IMPORT)
    assert (ended.source_id, ended.called_at) == (told.source_id, told.called_at)
    assert isinstance(TOLD.state, Told)
    assert isinstance(over.state, ToldOver)
    assert clocks(TOLD) == clocks(over) == set()


def test_nobody_here_signs_or_comes_for_another_system() -> None:
    TOLD.when(POLICE, Sign()).refused("not_now")
    TOLD.when(POLICE, Report()).refused("not_now")
    TOLD.when(COMMUNITY, TellOver()).refused("not_yours")
    TOLD.when(IMPORTER, TellOver()).when(IMPORTER, TellOver()).refused("not_now")


def test_only_an_import_speaks_of_a_source_and_others_say_what_for() -> None:
    new().when(COMMUNITY, TELL).refused("import_only")
    new().when(COMMUNITY, Raise(unit="u1")).invalid("ground")
    new().when(IMPORTER, Raise(unit="u1", area="c1")).invalid("ground")
    raised = new().when(COMMUNITY, Raise(unit="u1", ground=Ground.RESIDENTS_NEED))
    raised.when(IMPORTER, TellOver()).refused("not_now")


def test_it_is_taken_back_whole() -> None:
    gone = TOLD.when(IMPORTER, Void(revision=1, whole=True, reason=VoidReason.IMPORT_UNDONE))
    assert gone.recorded("record.voided").state is None
