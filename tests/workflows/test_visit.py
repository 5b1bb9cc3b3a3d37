"""The visit: opaque people, needs by kind alone, each with its end, a revisit where one is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from events.errors import Unknown
from events.fact import About, Books, Provenance
from services.facts.visit import (
    AwaitingRevisit,
    Cancelled,
    CancelReason,
    DeferReason,
    Done,
    FollowKind,
    FollowUp,
    Made,
    NeedFollowed,
    NeedKind,
    NeedNoted,
    NeedSettled,
    Planned,
    RevisitOutcome,
    Setting,
    Settled,
    VisitDeferred,
    VisitDone,
    VisitMade,
    VisitPlanned,
)
from services.kernel.catalogue import Catalogue, only
from services.kernel.facts import CounterpartyConfirmed
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Party
from services.workflows.visit import (
    Cancel,
    Defer,
    Finish,
    Follow,
    Make,
    NoteNeed,
    Plan,
    Revisit,
    Settle,
)
from tests.workflows.issues import CLOSED, FOUND

VISITS: Catalogue = only("visit")
MINE = Books(home_unit="u1")
TOWN = Registers(
    areas=frozenset({"c1"}), units=frozenset({"u1", "u2"}), people={"w1": MINE, "w2": MINE}
)

VISITOR = Actor("w1", "u1", frozenset({"worker"}), "c1")
COLLEAGUE = Actor("w2", "u1", frozenset({"worker"}), "c1")
COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
HOST = Actor("m1", "u2", area="c1")
TOMORROW = MONDAY + timedelta(days=1)


def new(variant: str) -> Story:
    return story(VISITS.entry(variant), registers=TOWN)


PLANNED = new("home_visit").when(VISITOR, Plan(household="h1", planned_for=TOMORROW))
MADE = PLANNED.later(days=1).when(VISITOR, Make(people=2))
NEEDING = MADE.when(VISITOR, NoteNeed(need=NeedKind.SCHOOLING))
HERE = About(area="c1", variant="home_visit", books=MINE)


# ---- going there


def test_a_visit_is_planned_in_the_books_of_who_goes() -> None:
    (fact,) = PLANNED.facts
    assert isinstance(fact, VisitPlanned)
    assert fact.about == HERE
    assert (fact.visitor, fact.household, fact.setting) == ("w1", "h1", Setting.HOME)
    assert isinstance(PLANNED.state, Planned)
    assert VisitMade.shape().members == ("visitor", "household")


def test_a_visit_that_was_made_is_put_on_record_in_one_step() -> None:
    made = new("home_visit").when(VISITOR, Plan(household="h1", people=3))
    (fact,) = made.facts
    assert isinstance(fact, VisitMade)
    assert (fact.people, fact.made_at, fact.revisit_by) == (3, MONDAY, None)
    assert isinstance(made.state, Made)


def test_only_an_organiser_enters_the_visit_of_somebody_else() -> None:
    of_other = Plan(visitor="w2", household="h1")
    new("home_visit").when(VISITOR, of_other).refused("for_oneself")
    entered = new("home_visit").when(COMMUNITY, of_other)
    assert entered.facts[0].about.provenance is Provenance.ORGANISER
    new("home_visit").when(HOST, of_other).refused("not_yours")


def test_a_visit_says_whom_by_an_opaque_id() -> None:
    new("home_visit").when(VISITOR, Plan()).refused("say_which_household")
    new("unit_visit").when(VISITOR, Plan()).refused("say_which_organisation")
    assert isinstance(new("unit_visit").when(VISITOR, Plan(host="u9")).error, Unknown)
    new("unit_visit").when(VISITOR, Plan(host="u2")).recorded("visit.made")
    new("patrol").when(VISITOR, Plan()).recorded("visit.made")
    for field in ("notes", "name", "address", "phone"):
        with pytest.raises(ValidationError, match=field):
            Plan.model_validate({field: "…"})


def test_a_visit_is_planned_for_a_time_to_come() -> None:
    new("home_visit").when(VISITOR, Plan(household="h1", planned_for=MONDAY)).refused(
        "not_before_now"
    )
    early = Defer(planned_for=MONDAY, reason=DeferReason.NOT_IN)
    PLANNED.later(days=1).when(VISITOR, early).refused("not_before_now")


def test_a_visit_may_be_put_off_or_declined() -> None:
    later = TOMORROW + timedelta(days=2)
    put_off = PLANNED.when(VISITOR, Defer(planned_for=later, reason=DeferReason.ASKED_FOR))
    put_off.then(VisitDeferred(about=HERE, reason=DeferReason.ASKED_FOR, planned_for=later))
    gone = put_off.when(COMMUNITY, Cancel(reason=CancelReason.DECLINED))
    assert isinstance(gone.state, Cancelled)
    gone.when(VISITOR, Make()).refused("not_now")


def test_who_is_visited_may_decline() -> None:
    planned = new("unit_visit").when(VISITOR, Plan(host="u2", planned_for=TOMORROW))
    assert planned.case is not None
    assert Party.REQUESTER in planned.case.parties(HOST)
    planned.when(HOST, Cancel(reason=CancelReason.DECLINED)).recorded("visit.cancelled")
    PLANNED.when(HOST, Cancel(reason=CancelReason.DECLINED)).refused("not_yours")


def test_another_worker_does_not_enter_the_visit() -> None:
    PLANNED.later(days=1).when(COLLEAGUE, Make()).refused("not_yours")


# ---- needs


def test_a_need_is_a_kind_and_a_number() -> None:
    NEEDING.then(
        NeedNoted(about=HERE, number=1, need=NeedKind.SCHOOLING, household="h1"),
    )
    assert isinstance(NEEDING.state, FollowUp)
    second = NEEDING.when(VISITOR, NoteNeed(need=NeedKind.DISPUTE))
    assert second.events[-1].content["data"]["number"] == 2


def test_a_need_is_met_on_the_spot() -> None:
    met = NEEDING.when(VISITOR, Settle(outcome=Settled.MET))
    met.then(
        NeedSettled(
            about=HERE,
            number=1,
            need=NeedKind.SCHOOLING,
            outcome=Settled.MET,
            made_at=TOMORROW,
        )
    )
    over = met.when(VISITOR, Finish())
    over.then(VisitDone(about=HERE, needs=1, met=1))
    assert isinstance(over.state, Done)


def test_a_visit_is_not_over_while_a_need_is_open() -> None:
    NEEDING.when(VISITOR, Finish()).refused("not_now")


def test_one_visit_notes_so_many_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.workflows.visit.NEEDS_MAX", 1)
    NEEDING.when(VISITOR, NoteNeed(need=NeedKind.HOUSING)).refused("too_many_needs")


def test_a_need_that_is_not_there_has_no_end() -> None:
    NEEDING.when(VISITOR, Settle(number=2, outcome=Settled.MET)).refused("no_such_need")
    twice = NEEDING.when(VISITOR, NoteNeed(need=NeedKind.DISPUTE))
    settled = twice.when(VISITOR, Settle(outcome=Settled.EXPLAINED))
    settled.when(VISITOR, Settle(outcome=Settled.MET)).refused("settled_already")


def test_an_issue_takes_a_need_on() -> None:
    assert FOUND.case is not None
    known = NEEDING.knowing(cases={FOUND.stream: FOUND.case})
    followed = known.when(VISITOR, Follow(by_case=FOUND.stream))
    followed.then(
        NeedFollowed(
            about=HERE,
            number=1,
            need=NeedKind.SCHOOLING,
            follow=FollowKind.ISSUE,
            by=FOUND.stream,
        )
    )
    followed.when(VISITOR, Follow(by_case=FOUND.stream)).refused("followed_already")
    assert Follow(by_case=FOUND.stream).reads("visit") == (FOUND.stream,)


def test_a_need_is_followed_only_by_a_case_that_is_there() -> None:
    NEEDING.when(VISITOR, Follow(by_case="issue/none")).refused("no_such_case")
    with pytest.raises(ValidationError, match="by_case"):
        Follow(by_case="visit/other")


def test_a_need_is_met_when_what_follows_it_is_over() -> None:
    assert FOUND.case is not None
    assert CLOSED.case is not None
    known = NEEDING.knowing(cases={FOUND.stream: FOUND.case})
    followed = known.when(VISITOR, Follow(by_case=FOUND.stream))
    followed.when(VISITOR, Settle(outcome=Settled.MET)).refused("say_the_follow")
    met = Settle(outcome=Settled.MET, by_case=FOUND.stream)
    followed.when(VISITOR, met).refused("follow_open")
    closed = followed.knowing(cases={CLOSED.stream: CLOSED.case})
    closed.when(VISITOR, met).recorded("visit.need_settled")
    followed.when(VISITOR, Settle(outcome=Settled.WITHDRAWN)).recorded("visit.need_settled")


# ---- coming again

GRID = new("grid_visit").when(VISITOR, Plan(household="h1"))


def test_a_revisit_that_is_due_has_a_clock() -> None:
    GRID.recorded("visit.made", "deadline.set")
    assert isinstance(GRID.state, AwaitingRevisit)
    assert GRID.state.revisit_by == MONDAY + timedelta(days=30)
    GRID.when(VISITOR, Finish()).refused("not_now")


def test_a_revisit_on_time_ends_the_clock_and_needs_stay_open() -> None:
    needing = GRID.when(VISITOR, NoteNeed(need=NeedKind.DAILY_HELP))
    again = needing.later(days=10).when(VISITOR, Revisit(outcome=RevisitOutcome.NOT_YET))
    again.recorded("visit.revisit_done", "deadline.ended")
    assert isinstance(again.state, FollowUp)
    settled = again.when(VISITOR, Settle(outcome=Settled.NOT_POSSIBLE))
    settled.when(VISITOR, Finish()).recorded("visit.done")


def test_needs_may_be_settled_before_the_revisit() -> None:
    needing = GRID.when(VISITOR, NoteNeed(need=NeedKind.DAILY_HELP))
    met = needing.when(VISITOR, Settle(outcome=Settled.MET))
    assert isinstance(met.state, AwaitingRevisit)
    again = met.when(VISITOR, Revisit(outcome=RevisitOutcome.CONTENT))
    assert isinstance(again.state, Made)


def test_somebody_else_who_comes_again_confirms_the_visit() -> None:
    again = MADE.later(days=3).when(COMMUNITY, Revisit(outcome=RevisitOutcome.CONTENT))
    _, confirmed = again.facts
    assert isinstance(confirmed, CounterpartyConfirmed)
    assert confirmed.of_fact == "visit.made"
    MADE.when(VISITOR, Revisit(outcome=RevisitOutcome.CONTENT)).recorded("visit.revisit_done")
