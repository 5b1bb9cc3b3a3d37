"""The assessment: of units and places, of a person only under a rule or by their own wish."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from events.fact import About, Books
from services.facts import rule_words
from services.facts.assessment import (
    AppealDecided,
    AppealOutcome,
    AppealReason,
    Applied,
    AssessmentConcluded,
    AssessmentOpened,
    AssessmentTerms,
    AssessmentWithdrawn,
    Basis,
    CancelReason,
    Level,
    Notified,
    QuestionAsked,
    ResultApplied,
    ResultNotified,
    ReviewGiven,
    Side,
    SpotCheckDone,
    Subject,
    Use,
    Verdict,
)
from services.kernel.case import Case
from services.kernel.catalogue import entry_of, only
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor, Party
from services.registers import rule
from services.workflows.assessment import (
    Agree,
    Appeal,
    Apply,
    Ask,
    Cancel,
    Conclude,
    DecideAppeal,
    GiveReport,
    Notify,
    Review,
    SpotCheck,
    Start,
)

CATALOGUE = only("assessment")
STREET = Actor("s1", roles=frozenset({"street"}), area="c1")
OTHER_STREET = Actor("s2", roles=frozenset({"street"}), area="c1")
COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
UNIT = Actor("u7", unit="u1", roles=frozenset({"unit_admin"}), area="c1")
RESIDENT = Actor("p1", roles=frozenset({"resident"}), area="c1")
NEIGHBOUR = Actor("p2", roles=frozenset({"resident"}), area="c1")
AUDITOR = Actor("a1", roles=frozenset({"auditor"}), area="c1")
MEMBER = Actor("m1", unit="u2", roles=frozenset({"worker"}), area="c1")
HOME = Actor("m2", unit="u2", roles=frozenset({"unit_admin"}), area="c1")

TOWN = Registers(
    areas=frozenset({"c1", "d1"}),
    units=frozenset({"u1", "u2"}),
    teams=frozenset(),
    people={"m1": Books(home_unit="u2")},
)
YEAR = {"from_on": date(2018, 1, 1), "to_on": date(2018, 12, 31)}


def start(**fields: object) -> Start:
    return Start.model_validate({**YEAR, **fields})


def published(code: str) -> Case:
    """A rule in force."""
    laid_down = story(entry_of(rule.WORKFLOW, is_register=True), stream=f"rule/{code}").when(
        Actor("admin", roles=frozenset({"administrator"})),
        rule.Publish(
            code=code,
            area="d1",
            effective_on=date(2018, 1, 1),
            numbers=rule_words.NumbersRule(numbers={"visits_min": 20}),
        ),
    )
    assert laid_down.case is not None
    return laid_down.case


MONTHLY_RULE = published("staff.month")

OPENED = story(CATALOGUE.entry("unit_review"), registers=TOWN).when(STREET, start(unit="u1"))
REVIEWED = OPENED.when(
    RESIDENT, Review(side=Side.RESIDENT, verdict=Verdict.MEETS, item="venue-opened")
)
SCORED = REVIEWED.when(STREET, Conclude(level=Level.FAIR, score=70))
NOTIFIED = SCORED.later(days=2).when(STREET, Notify())
APPEALED = NOTIFIED.later(days=3).when(UNIT, Appeal(reason=AppealReason.WRONG_FACTS))

DUTY = story(CATALOGUE.entry("duty_review"), registers=TOWN).when(STREET, start(unit="u1"))
ASKED = story(CATALOGUE.entry("member_review"), registers=TOWN).when(COMMUNITY, start(person="m1"))
STAFF = story(
    CATALOGUE.entry("staff_month"), registers=TOWN, cases={MONTHLY_RULE.stream: MONTHLY_RULE}
).when(STREET, start(person="w1", rule="staff.month"))

HERE = About(area="c1", unit="u1", variant="unit_review")


# ---- beginning


def test_a_unit_is_assessed_for_a_period() -> None:
    OPENED.then(
        AssessmentOpened(
            about=HERE,
            subject=Subject.UNIT,
            from_on=date(2018, 1, 1),
            to_on=date(2018, 12, 31),
            terms=AssessmentTerms(subject=Subject.UNIT),
        )
    )
    entry = CATALOGUE.entry("unit_review")
    story(entry).when(STREET, start()).refused("which_subject")
    story(entry).when(STREET, start(unit="u1", to_on="2017-01-01")).refused("period_reversed")
    story(CATALOGUE.entry("compliance")).when(STREET, start(unit="u1")).refused("which_subject")
    story(CATALOGUE.entry("compliance")).when(COMMUNITY, start(place="centre-1")).recorded(
        "assessment.opened"
    )


def test_a_person_is_assessed_under_a_rule_or_by_their_own_wish() -> None:
    with pytest.raises(ValidationError, match="by their own wish"):
        AssessmentTerms(subject=Subject.PERSON)
    STAFF.recorded("assessment.opened")
    entry = CATALOGUE.entry("staff_month")
    story(entry).when(STREET, start(person="w1")).refused("no_rule")
    story(entry).when(STREET, start(person="w1", rule="staff.month")).refused("no_rule")
    early = story(entry, now=STAFF.now - timedelta(days=90)).knowing(cases=STAFF.cases)
    early.when(STREET, start(person="w1", rule="staff.month")).refused("no_rule")


def test_by_their_own_wish_means_that_they_are_asked() -> None:
    ASKED.when(COMMUNITY, Review(side=Side.COMMUNITY, verdict=Verdict.MEETS)).refused("not_now")
    ASKED.when(COMMUNITY, Agree()).refused("not_yours")
    agreed = ASKED.when(MEMBER, Agree())
    agreed.recorded("assessment.agreed")
    gone = agreed.when(MEMBER, Cancel(reason=CancelReason.NOT_WANTED))
    gone.recorded("assessment.cancelled")
    assert ASKED.facts[0].about.unit == "u2"


def test_an_assessment_of_staff_is_not_theirs_to_cancel() -> None:
    staff = Actor("w1", roles=frozenset({"worker"}))
    STAFF.when(staff, Cancel(reason=CancelReason.NOT_WANTED)).refused("own_case")
    STAFF.when(STREET, Cancel(reason=CancelReason.REPEATED)).recorded("assessment.cancelled")


# ---- reports, questions, reviews, checks


def test_those_assessed_report_before_they_are_reviewed() -> None:
    DUTY.when(RESIDENT, Review(side=Side.RESIDENT, verdict=Verdict.MEETS)).refused("report_first")
    DUTY.when(STREET, Conclude(level=Level.GOOD)).refused("report_first")
    DUTY.when(STREET, GiveReport()).refused("not_yours")
    reported = DUTY.when(UNIT, GiveReport())
    reported.recorded("assessment.duty_report_given")
    question = reported.when(RESIDENT, Ask(side=Side.RESIDENT, topic="funds"))
    question.then(
        QuestionAsked(
            about=HERE.at(variant="duty_review"),
            side=Side.RESIDENT,
            topic="funds",
        )
    )


def test_one_vote_each_on_each_item() -> None:
    REVIEWED.then(
        ReviewGiven(
            about=HERE,
            side=Side.RESIDENT,
            verdict=Verdict.MEETS,
            reviewer="p1",
            item="venue-opened",
        )
    )
    again = Review(side=Side.RESIDENT, verdict=Verdict.FAILS, item="venue-opened")
    REVIEWED.when(RESIDENT, again).refused("reviewed_already")
    REVIEWED.when(NEIGHBOUR, again).recorded("assessment.review_given")
    REVIEWED.when(RESIDENT, Review(side=Side.RESIDENT, verdict=Verdict.FAILS)).recorded(
        "assessment.review_given"
    )


def test_collected_votes_are_entered_by_an_organiser() -> None:
    votes = Review(side=Side.RESIDENT, verdict=Verdict.PARTLY, votes=40)
    OPENED.when(RESIDENT, votes).refused("one_vote")
    collected = OPENED.when(COMMUNITY, votes)
    assert "reviewer" not in collected.events[-1].content["data"]
    collected.when(COMMUNITY, votes).recorded("assessment.review_given")


def test_nobody_reviews_checks_or_grades_their_own_unit() -> None:
    own = Actor("u8", unit="u1", roles=frozenset({"street", "auditor"}))
    for command in (
        Review(side=Side.UNIT, verdict=Verdict.MEETS),
        Ask(side=Side.UNIT),
        SpotCheck(basis=Basis.SITE),
        Conclude(level=Level.GOOD),
    ):
        REVIEWED.when(own, command).refused("own_case")


def test_a_check_finds_gaps() -> None:
    OPENED.when(AUDITOR, SpotCheck(basis=Basis.BOOKS, gaps=3)).then(
        SpotCheckDone(about=HERE, basis=Basis.BOOKS, gaps=3)
    )
    OPENED.when(RESIDENT, SpotCheck(basis=Basis.SITE)).refused("not_yours")


def test_the_home_unit_reviews_its_member_and_the_member_does_not() -> None:
    agreed = ASKED.when(MEMBER, Agree())
    assert agreed.case is not None
    assert Party.HOME_UNIT in agreed.case.parties(HOME)
    agreed.when(HOME, Review(side=Side.UNIT, verdict=Verdict.MEETS)).recorded(
        "assessment.review_given"
    )
    agreed.when(MEMBER, Review(side=Side.MEMBER, verdict=Verdict.MEETS)).refused("own_case")


# ---- the result


def test_it_takes_enough_votes() -> None:
    OPENED.when(STREET, Conclude(level=Level.GOOD)).refused("too_few_votes")
    fact, clock = SCORED.facts
    assert fact == AssessmentConcluded(
        about=HERE, subject=Subject.UNIT, level=Level.FAIR, score=70, assessor="s1"
    )
    assert clock.fact == "deadline.set"


def test_a_person_gets_no_number() -> None:
    agreed = ASKED.when(MEMBER, Agree())
    heard = agreed.when(COMMUNITY, Review(side=Side.COMMUNITY, verdict=Verdict.MEETS))
    heard.when(COMMUNITY, Conclude(level=Level.GOOD, score=95)).refused("score_of_person")
    heard.when(COMMUNITY, Conclude(level=Level.GOOD)).recorded(
        "assessment.concluded", "deadline.set"
    )
    assert AssessmentOpened.shape().members == ()
    assert AssessmentConcluded.shape().members == ("assessor",)


def test_nobody_uses_a_result_while_there_may_be_an_appeal() -> None:
    NOTIFIED.recorded("assessment.result_notified", "deadline.ended")
    assert isinstance(NOTIFIED.state, Notified)
    use = Apply(use=Use.HONOURS)
    NOTIFIED.later(days=14).when(STREET, use).refused("appeal_open")
    applied = NOTIFIED.later(days=15).when(STREET, use)
    applied.then(ResultApplied(about=HERE, use=Use.HONOURS, level=Level.FAIR))
    applied.when(STREET, Apply(use=Use.POLICY)).recorded("assessment.result_applied")
    own = Actor("u8", unit="u1", roles=frozenset({"street"}))
    NOTIFIED.later(days=15).when(own, use).refused("own_case")


# ---- the appeal


def test_those_assessed_appeal_in_time_and_once() -> None:
    NOTIFIED.when(RESIDENT, Appeal(reason=AppealReason.PARTIAL)).refused("not_yours")
    NOTIFIED.later(days=15).when(UNIT, Appeal(reason=AppealReason.PARTIAL)).refused("too_late")
    upheld = APPEALED.when(OTHER_STREET, DecideAppeal())
    upheld.when(UNIT, Appeal(reason=AppealReason.PARTIAL)).refused("appealed_once")
    upheld.when(STREET, Apply(use=Use.HELP)).recorded("assessment.result_applied")


def test_an_appeal_is_decided_by_somebody_else() -> None:
    APPEALED.when(STREET, DecideAppeal()).refused("same_judge")
    own = Actor("u8", unit="u1", roles=frozenset({"street"}))
    APPEALED.when(own, DecideAppeal()).refused("own_case")
    upheld = APPEALED.when(OTHER_STREET, DecideAppeal())
    upheld.then(
        AppealDecided(about=HERE, subject=Subject.UNIT, outcome=AppealOutcome.UPHELD),
        ResultNotified(about=HERE, subject=Subject.UNIT, level=Level.FAIR, notified_at=upheld.now),
        upheld.facts[-1],
    )
    assert upheld.facts[-1].fact == "deadline.ended"


def test_a_result_changed_on_appeal_counts_instead_of_the_first() -> None:
    APPEALED.when(OTHER_STREET, DecideAppeal(level=Level.FAIR, score=70)).refused("same_result")
    changed = APPEALED.when(OTHER_STREET, DecideAppeal(level=Level.GOOD, score=92))
    decided, back, anew, told, _ = changed.facts
    assert decided == AppealDecided(about=HERE, subject=Subject.UNIT, outcome=AppealOutcome.CHANGED)
    assert back == AssessmentWithdrawn(about=HERE, subject=Subject.UNIT, level=Level.FAIR, score=70)
    assert anew == AssessmentConcluded(
        about=HERE, subject=Subject.UNIT, level=Level.GOOD, score=92, assessor="s2"
    )
    assert isinstance(told, ResultNotified)
    changed.when(UNIT, Appeal(reason=AppealReason.PARTIAL)).refused("appealed_once")
    applied = changed.when(STREET, Apply(use=Use.ALLOWANCE))
    assert isinstance(applied.state, Applied)


def test_a_person_may_not_be_given_a_number_on_appeal_either() -> None:
    member = ASKED.when(MEMBER, Agree())
    heard = member.when(HOME, Review(side=Side.UNIT, verdict=Verdict.PARTLY))
    told = heard.when(COMMUNITY, Conclude(level=Level.FAIR)).when(COMMUNITY, Notify())
    appealed = told.when(MEMBER, Appeal(reason=AppealReason.NOT_HEARD))
    appealed.when(STREET, DecideAppeal(level=Level.GOOD, score=1)).refused("score_of_person")
    appealed.when(STREET, DecideAppeal(level=Level.GOOD)).recorded(
        "assessment.appeal_decided",
        "assessment.withdrawn",
        "assessment.concluded",
        "assessment.result_notified",
        "deadline.ended",
    )


@pytest.mark.parametrize("name", ["department_review", "dual_review", "book_check"])
def test_the_variants_are_the_same_with_other_terms(name: str) -> None:
    opened: Story = story(CATALOGUE.entry(name), registers=TOWN).when(STREET, start(unit="u1"))
    assert opened.facts[0].about.variant == name
