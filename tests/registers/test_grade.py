"""Points and grades: by a published rule, for units, staff, and volunteers who ask; no ranking."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from events.fact import About
from services.facts import rule_words
from services.facts.grade import (
    AccountClosed,
    AccountOpened,
    AppealDecided,
    AppealOutcome,
    AppealReason,
    Closed,
    CloseReason,
    Grade,
    GradeAssigned,
    GradeReleased,
    GradeTerms,
    Holder,
    PointsGranted,
)
from services.kernel.case import Case
from services.kernel.catalogue import entry_of, only
from services.kernel.clocks import DeadlineEnded
from services.kernel.corrections import Void, VoidReason
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor
from services.registers import rule
from services.registers.grade import (
    Appeal,
    Assign,
    Close,
    DecideAppeal,
    Grant,
    OpenAccount,
)

CATALOGUE = only("grade")
STREET = Actor("s1", roles=frozenset({"street"}), area="c1")
AUDITOR = Actor("a1", roles=frozenset({"auditor"}), area="c1")
WORKER = Actor("w1", roles=frozenset({"worker"}), area="c1")
VOLUNTEER = Actor("v1", unit="u1", roles=frozenset({"worker"}), area="c1")
UNIT = Actor("u7", unit="u1", roles=frozenset({"unit_admin"}), area="c1")

TOWN = Registers(areas=frozenset({"c1", "d1"}), units=frozenset({"u1"}), teams=frozenset())
RULE = "points.service"
DEED = "order/o1"


def published() -> Case:
    laid_down = story(entry_of(rule.WORKFLOW, is_register=True), stream=f"rule/{RULE}").when(
        Actor("admin", roles=frozenset({"administrator"})),
        rule.Publish(
            code=RULE,
            area="d1",
            effective_on=date(2018, 1, 1),
            numbers=rule_words.NumbersRule(
                numbers={
                    "points_visit": 5,
                    "points_training": 20,
                    "points_login": 1,
                    "grade_1_1": 20,
                }
            ),
        ),
    )
    assert laid_down.case is not None
    return laid_down.case


LAW = published()
KNOWN = {LAW.stream: LAW, DEED: LAW}


def account(variant: str, actor: Actor, **fields: str) -> Story:
    new = story(CATALOGUE.entry(variant), registers=TOWN, cases=KNOWN)
    return new.when(actor, OpenAccount.model_validate({"rule": RULE, **fields}))


STAFF = account("worker_ladder", STREET, person="w1")
OWN = account("volunteer_points", VOLUNTEER)
STARS = account("unit_stars", STREET, unit="u1")
TRAINED = STAFF.when(STREET, Grant(rule=RULE, item="training"))
GRADED = TRAINED.when(STREET, Assign(rule=RULE, level=1, step=1))
APPEALED = GRADED.when(WORKER, Appeal(reason=AppealReason.GRADE_WRONG))

HERE = About(area="c1", variant="worker_ladder")


def points(told: Story) -> int:
    assert isinstance(told.state, Grade)
    return told.state.ledger.points


# ---- opening


def test_an_account_goes_by_a_rule_in_force() -> None:
    assert STAFF.facts == (
        AccountOpened(
            about=HERE.at(provenance="organiser"),
            holder=Holder.STAFF,
            person="w1",
            rule=RULE,
            terms=GradeTerms(holder=Holder.STAFF, levels=4, steps=3),
        ),
    )
    entry = CATALOGUE.entry("worker_ladder")
    story(entry).when(STREET, OpenAccount(person="w1", rule=RULE)).refused("no_rule")
    early = story(entry, now=STAFF.now - timedelta(days=90), cases=KNOWN)
    early.when(STREET, OpenAccount(person="w1", rule=RULE)).refused("no_rule")


def test_there_is_one_account_for_each_holder_and_rule() -> None:
    ids = CATALOGUE.entry("grade").workflow.id_of
    mine = OpenAccount(rule=RULE)
    assert ids(mine, VOLUNTEER) == ids(OpenAccount(rule=RULE, person="v1"), STREET)
    assert ids(mine, VOLUNTEER) != ids(mine, WORKER)
    assert ids(mine, VOLUNTEER) != ids(OpenAccount(rule="points.other"), VOLUNTEER)


def test_a_volunteer_asks_for_it_and_nobody_else_does() -> None:
    entry = story(CATALOGUE.entry("volunteer_points"), registers=TOWN, cases=KNOWN)
    entry.when(STREET, OpenAccount(rule=RULE, person="v1")).refused("own_wish")
    entry.when(VOLUNTEER, OpenAccount(rule=RULE, unit="u1")).refused("whose")
    OWN.recorded("grade.account_opened")
    with pytest.raises(ValidationError, match="not graded"):
        GradeTerms(holder=Holder.VOLUNTEER, levels=5)


def test_accounts_of_staff_and_units_are_opened_by_whoever_keeps_them() -> None:
    ladder = story(CATALOGUE.entry("worker_ladder"), registers=TOWN, cases=KNOWN)
    ladder.when(WORKER, OpenAccount(rule=RULE, person="w1")).refused("kept_by_others")
    ladder.when(STREET, OpenAccount(rule=RULE)).refused("whose")
    stars = story(CATALOGUE.entry("unit_stars"), registers=TOWN, cases=KNOWN)
    stars.when(STREET, OpenAccount(rule=RULE)).refused("whose")
    STARS.recorded("grade.account_opened")


# ---- points


def test_points_are_those_of_the_rule_and_nobody_types_them() -> None:
    TRAINED.then(
        PointsGranted(
            about=HERE.at(provenance="organiser"),
            holder=Holder.STAFF,
            item="training",
            points=20,
        )
    )
    assert points(TRAINED) == 20
    assert "points" not in Grant.model_fields
    STAFF.when(STREET, Grant(rule=RULE, item="singing")).refused("not_in_rule")
    STAFF.when(STREET, Grant(rule="points.other", item="visit")).refused("other_rule")
    STAFF.knowing(cases={}).when(STREET, Grant(rule=RULE, item="visit")).refused("no_rule")


def test_nothing_done_online_gives_points_whatever_the_rule_says() -> None:
    STAFF.when(STREET, Grant(rule=RULE, item="login")).refused("not_for_points")


def test_a_deed_gives_its_points_once() -> None:
    visit = Grant(rule=RULE, item="visit", deed=DEED)
    once = STAFF.when(STREET, visit)
    assert points(once) == 5
    once.when(STREET, visit).refused("given_already")
    once.when(STREET, Grant(rule=RULE, item="training", deed=DEED)).recorded("grade.points_granted")
    STAFF.when(STREET, Grant(rule=RULE, item="visit", deed="order/o9")).refused("no_such_deed")


def test_points_taken_back_count_no_more() -> None:
    back = TRAINED.when(STREET, Void(reason=VoidReason.TYPING))
    assert points(back) == 0


def test_nobody_gives_points_to_themselves_or_their_own_unit() -> None:
    own = Actor("w1", roles=frozenset({"community"}), area="c1")
    STAFF.when(own, Grant(rule=RULE, item="visit")).refused("own_account")
    STARS.when(UNIT, Grant(rule=RULE, item="visit")).refused("own_account")
    OWN.when(UNIT, Grant(rule=RULE, item="visit")).recorded("grade.points_granted")


# ---- grades


def test_a_grade_takes_the_points_of_the_rule() -> None:
    STAFF.when(STREET, Assign(rule=RULE, level=1, step=1)).refused("not_enough_points")
    GRADED.then(
        GradeAssigned(about=HERE.at(provenance="self"), level=1, step=1, points=20, assessor="s1")
    )
    STAFF.when(STREET, Assign(rule=RULE, level=4, step=3)).recorded("grade.assigned")
    GRADED.when(STREET, Assign(rule=RULE, level=1, step=1)).refused("same_grade")


def test_the_ladder_has_so_many_levels_and_steps() -> None:
    TRAINED.when(STREET, Assign(rule=RULE, level=5, step=1)).refused("beyond_ladder")
    TRAINED.when(STREET, Assign(rule=RULE, level=4, step=4)).refused("beyond_ladder")
    OWN.when(STREET, Assign(rule=RULE, level=1)).refused("not_enough_points")
    rich = OWN.when(STREET, Grant(rule=RULE, item="training"))
    rich.when(STREET, Assign(rule=RULE, level=1)).refused("beyond_ladder")
    STARS.when(STREET, Assign(rule=RULE, level=5)).recorded("grade.assigned")


@pytest.mark.parametrize(("name", "rungs"), [("worker_ladder", 12), ("post_ladder", 18)])
def test_the_ladders_have_the_rungs_of_their_articles(name: str, rungs: int) -> None:
    terms = CATALOGUE.entry(name).terms
    assert isinstance(terms, GradeTerms)
    assert terms.levels * terms.steps == rungs


def test_another_grade_takes_the_one_before_out_of_the_books() -> None:
    up = GRADED.when(STREET, Assign(rule=RULE, level=2, step=3))
    released, assigned = up.facts
    assert isinstance(released, GradeReleased)
    assert (released.level, released.step) == (1, 1)
    assert isinstance(assigned, GradeAssigned)
    assert GradeAssigned.shape().codes == GradeReleased.shape().codes == ("level", "step")


def test_no_fact_lets_anybody_count_by_person() -> None:
    for fact in CATALOGUE.facts.values():
        if fact.fact.startswith("grade."):
            assert fact.shape().members == ()


# ---- appeals


def test_whoever_holds_it_appeals_and_somebody_else_decides() -> None:
    APPEALED.recorded("grade.appealed", "deadline.set")
    GRADED.when(VOLUNTEER, Appeal(reason=AppealReason.POINTS_WRONG)).refused("not_yours")
    APPEALED.when(STREET, DecideAppeal(outcome=AppealOutcome.UPHELD)).refused("same_judge")
    own = Actor("w1", roles=frozenset({"community"}))
    APPEALED.when(own, DecideAppeal(outcome=AppealOutcome.CHANGED)).refused("own_account")
    upheld = APPEALED.when(AUDITOR, DecideAppeal(outcome=AppealOutcome.UPHELD, level=2))
    decided, clock = upheld.facts
    assert decided == AppealDecided(about=HERE, holder=Holder.STAFF, outcome=AppealOutcome.UPHELD)
    assert isinstance(clock, DeadlineEnded)


def test_a_grade_changed_on_appeal() -> None:
    changed = DecideAppeal(outcome=AppealOutcome.CHANGED, level=2, step=1)
    APPEALED.when(AUDITOR, changed).recorded(
        "grade.appeal_decided", "grade.released", "grade.assigned", "deadline.ended"
    )
    same = DecideAppeal(outcome=AppealOutcome.CHANGED, level=1, step=1)
    APPEALED.when(AUDITOR, same).refused("same_grade")
    missing = STAFF.when(WORKER, Appeal(reason=AppealReason.POINTS_MISSING))
    missing.when(AUDITOR, changed).recorded(
        "grade.appeal_decided", "grade.assigned", "deadline.ended"
    )
    given = missing.when(STREET, Grant(rule=RULE, item="visit"))
    given.when(AUDITOR, DecideAppeal(outcome=AppealOutcome.CHANGED)).recorded(
        "grade.appeal_decided", "deadline.ended"
    )


# ---- closing


def test_a_volunteer_leaves_at_any_time_and_begins_again_without_points() -> None:
    rich = OWN.when(STREET, Grant(rule=RULE, item="visit"))
    gone = rich.when(VOLUNTEER, Close(reason=CloseReason.OWN_WISH))
    gone.recorded("grade.account_closed")
    assert isinstance(gone.state, Closed)
    again = gone.when(VOLUNTEER, OpenAccount(rule=RULE))
    assert points(again) == 0
    assert again.facts[0].about.variant == "volunteer_points"


def test_an_account_under_a_rule_is_closed_by_whoever_keeps_it() -> None:
    GRADED.when(WORKER, Close(reason=CloseReason.OWN_WISH)).refused("kept_by_others")
    closed = GRADED.when(STREET, Close(reason=CloseReason.LEFT_POST))
    released, end = closed.facts
    assert isinstance(released, GradeReleased)
    assert isinstance(end, AccountClosed)
