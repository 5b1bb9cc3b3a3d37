"""A department may send a callout back: once judged, and the clocks run on meanwhile."""

from __future__ import annotations

from events.fact import Provenance
from services.facts.callout import (
    CalloutReturned,
    Raised,
    Reported,
    Returned,
    ReturnRejected,
    ReturnUpheld,
)
from services.facts.callout_words import (
    ReturnReason,
)
from services.kernel.words import Actor, Party
from services.workflows.callout import (
    Adjudicate,
    Call,
    Report,
    Return,
)
from tests.workflows.callouts import (
    BOTH,
    CITY,
    COMMUNITY,
    HERE,
    POLICE,
    RAISED,
    STREET,
    clocks,
    told,
)

RETURNED = BOTH.when(CITY, Return(reason=ReturnReason.NOT_OURS))


def test_a_return_waits_for_a_decision_and_its_clocks_run() -> None:
    RETURNED.then(CalloutReturned(about=HERE.at(unit="u2"), reason=ReturnReason.NOT_OURS))
    assert clocks(RETURNED) == clocks(BOTH)
    RETURNED.when(CITY, Return(reason=ReturnReason.NO_POWER)).refused("return_pending")
    RETURNED.when(COMMUNITY, Adjudicate(department="u2", upheld=True)).refused("not_yours")


def test_a_return_upheld_takes_the_department_out_and_lifts_its_clocks() -> None:
    let_off = RETURNED.when(STREET, Adjudicate(department="u2", upheld=True))
    fact = let_off.facts[0]
    assert isinstance(fact, ReturnUpheld)
    assert fact.about.unit == "u2"
    assert told(let_off) == [("deadline.lifted", "u2")] * 3
    assert let_off.case is not None
    assert Party.HANDLER not in let_off.case.parties(CITY)
    let_off.when(COMMUNITY, Call(departments=("u2",))).refused("called_already")
    let_off.when(COMMUNITY, Report(department="u2")).refused("not_called")


def test_a_return_rejected_is_the_last() -> None:
    no = RETURNED.when(STREET, Adjudicate(department="u2", upheld=False))
    no.then(
        ReturnRejected(
            about=HERE.at(unit="u2", provenance=Provenance.COUNTERPARTY),
            reason=ReturnReason.NOT_OURS,
        )
    )
    no.when(CITY, Return(reason=ReturnReason.NOT_OURS)).refused("returns_used_up")
    no.when(STREET, Adjudicate(department="u2", upheld=True)).refused("no_return")


def test_nobody_judges_their_own_department() -> None:
    own = Actor("s2", "u2", frozenset({"street"}), "c1")
    RETURNED.when(own, Adjudicate(department="u2", upheld=True)).refused("own_case")


def test_who_came_does_not_return_it() -> None:
    BOTH.when(POLICE, Report()).when(POLICE, Return(reason=ReturnReason.NO_POWER)).refused(
        "done_already"
    )


def test_when_nobody_is_left_others_are_called() -> None:
    gone = RAISED.when(POLICE, Return(reason=ReturnReason.NOT_OURS)).when(
        STREET, Adjudicate(upheld=True)
    )
    assert isinstance(gone.state, Returned)
    assert gone.state.about.unit is None
    again = gone.when(COMMUNITY, Call(departments=("u2",)))
    assert isinstance(again.state, Raised)
    assert again.state.about.unit == "u2"


def test_the_last_one_waited_for_is_let_off_and_the_others_go_on() -> None:
    waiting = RETURNED.when(POLICE, Report())
    on = waiting.when(STREET, Adjudicate(department="u2", upheld=True))
    assert isinstance(on.state, Reported)
    assert told(on) == [("deadline.lifted", "u2")] * 3
