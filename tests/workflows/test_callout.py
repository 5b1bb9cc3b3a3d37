"""The callout: a clock for each department, and a word for each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.errors import Unknown
from events.fact import Provenance
from projections.due import DueProjection
from services.facts.callout import (
    Agreed,
    CalloutCancelled,
    CalloutEscalated,
    CalloutEvaluated,
    CalloutHandled,
    CalloutRaised,
    CalloutSigned,
    Cancelled,
    DepartmentContacted,
    DepartmentReported,
    Evaluated,
    Handled,
    JointActionAgreed,
    Raised,
    Reported,
    Signed,
)
from services.facts.callout_words import (
    CancelReason,
    EscalateReason,
    Ground,
    Resolution,
)
from services.kernel.clocks import (
    DeadlineEnded,
    DeadlineLifted,
    DeadlineMissed,
    ExtensionReason,
)
from services.kernel.corrections import Void, VoidReason
from services.kernel.records import Extend, LinkDuplicate, Miss
from services.kernel.testing import MONDAY, story
from services.kernel.words import Actor, Satisfaction, hours
from services.workflows.callout import (
    Agree,
    Call,
    Cancel,
    Contact,
    Escalate,
    Evaluate,
    Handle,
    Raise,
    Report,
    Sign,
)
from tests.workflows.callouts import (
    ASK,
    BOTH,
    CALLOUTS,
    CITY,
    COMMUNITY,
    DONE,
    HERE,
    POLICE,
    RAISED,
    RESIDENT,
    SIGNED,
    STRANGER,
    STREET,
    SYSTEM,
    THERE,
    TOWN,
    clocks,
    new,
    told,
)
from tests.workflows.issues import CLOSED, FOUND

# ---- raising it


def test_a_whistle_calls_a_department_with_clocks_of_its_own() -> None:
    raised, *set_ = RAISED.facts
    assert isinstance(raised, CalloutRaised)
    assert raised.about == HERE
    assert raised.sign_by == MONDAY + timedelta(hours=1)
    assert raised.contact_by == MONDAY + timedelta(days=1)
    assert raised.report_by == MONDAY + timedelta(days=3)
    assert isinstance(RAISED.state, Raised)
    assert clocks(RAISED) == {"sign.u1", "contact.u1", "report.u1", "handle"}
    assert [one.about.unit for one in set_] == ["u1"] * 4


def test_each_department_called_later_has_later_limits() -> None:
    assert clocks(BOTH) >= {"report.u1", "report.u2"}
    assert BOTH.case is not None
    due = {name: clock.due_at for name, clock in BOTH.case.clocks.items()}
    assert due["sign.u1"] == MONDAY + timedelta(hours=1)
    assert due["sign.u2"] == MONDAY + timedelta(hours=1, minutes=30)
    assert BOTH.facts[0].about == HERE.at(unit="u2")
    assert {one.about.unit for one in BOTH.facts} == {"u2"}


def test_working_days_and_rules_make_the_limits() -> None:
    friday = new(now=MONDAY + timedelta(days=4)).when(COMMUNITY, ASK)
    assert friday.facts[0].model_dump()["report_by"] == MONDAY + timedelta(days=9)
    ruled = new(limits={"callout.sign": hours(2)}).when(COMMUNITY, ASK)
    assert ruled.facts[0].model_dump()["sign_by"] == MONDAY + timedelta(hours=2)


def test_only_those_named_blow_a_whistle_and_only_for_its_grounds() -> None:
    new().when(STREET, ASK).refused("not_your_whistle")
    new().when(RESIDENT, ASK).refused("not_yours")
    joint = Raise(unit="u1", ground=Ground.JOINT_ENFORCEMENT)
    new().when(COMMUNITY, joint).refused("not_a_ground")
    new("enforcement_whistle").when(STREET, joint).recorded("callout.raised", *["deadline.set"] * 4)


def test_it_says_which_department_and_a_known_one() -> None:
    new().when(COMMUNITY, Raise(ground=Ground.RESIDENTS_NEED)).invalid("unit")
    nobody = new().when(COMMUNITY, Raise(unit="u9", ground=Ground.RESIDENTS_NEED))
    assert isinstance(nobody.error, Unknown)


def test_a_whistle_is_blown_for_an_issue_that_is_open() -> None:
    assert FOUND.case is not None
    assert CLOSED.case is not None
    ask = Raise(unit="u1", ground=Ground.BEYOND_POWERS, issue=FOUND.stream)
    assert ask.reads("callout") == (FOUND.stream,)
    whistle = new("push_whistle", cases={FOUND.stream: FOUND.case})
    raised = whistle.when(STREET, ask)
    assert raised.facts[0].about.category == "noise"
    whistle.when(STREET, Raise(unit="u1", ground=Ground.BEYOND_POWERS)).refused("no_issue")
    new("push_whistle").when(STREET, ask).refused("issue_not_open")
    closed = new("push_whistle", cases={CLOSED.stream: CLOSED.case})
    closed.when(STREET, ask).refused("issue_not_open")


def test_nobody_is_called_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    BOTH.when(COMMUNITY, Call(departments=("u2",))).refused("called_already")
    monkeypatch.setattr("services.workflows.callout.DEPARTMENTS_MAX", 2)
    BOTH.when(COMMUNITY, Call(departments=("u3",))).refused("too_many_departments")


# ---- signing, coming


def test_each_signs_for_itself_and_ends_its_own_clock() -> None:
    one = BOTH.when(POLICE, Sign())
    assert isinstance(one.state, Raised)
    assert one.facts[0] == CalloutSigned(
        about=HERE, called_at=MONDAY, sign_by=MONDAY + timedelta(hours=1)
    )
    assert told(one) == [("deadline.ended", "u1")]
    one.when(POLICE, Sign()).refused("done_already")
    both = one.when(CITY, Sign())
    assert isinstance(both.state, Signed)
    BOTH.when(STRANGER, Sign()).refused("not_yours")
    BOTH.when(POLICE, Sign(department="u2")).refused("not_your_department")


def test_a_late_signature_is_late_for_that_department_alone() -> None:
    late = BOTH.later(minutes=45).when(POLICE, Sign())
    ended = late.facts[1]
    assert isinstance(ended, DeadlineEnded)
    assert (ended.on_time, ended.about.unit) == (False, "u1")
    other = late.when(CITY, Sign()).facts[1]
    assert isinstance(other, DeadlineEnded)
    assert other.on_time


def test_who_is_in_touch_has_signed() -> None:
    talked = BOTH.when(CITY, Contact())
    assert talked.facts[0].fact == "callout.signed"
    assert talked.facts[1] == DepartmentContacted(
        about=HERE.at(unit="u2"), called_at=MONDAY + timedelta(minutes=30)
    )
    assert told(talked) == [("deadline.ended", "u2"), ("deadline.ended", "u2")]
    talked.when(CITY, Contact()).refused("done_already")


def test_who_comes_has_signed_and_been_in_touch() -> None:
    came = BOTH.when(POLICE, Report())
    assert [unit for _, unit in told(came)] == ["u1"] * 3
    assert clocks(came) == {"sign.u2", "contact.u2", "report.u2", "handle"}
    came.when(POLICE, Report()).refused("done_already")


def test_those_who_called_may_say_that_a_department_came() -> None:
    BOTH.when(COMMUNITY, Report()).refused("which_department")
    BOTH.when(COMMUNITY, Report(department="u3")).refused("not_called")
    came = BOTH.when(COMMUNITY, Report(department="u2"))
    assert {one.about.provenance for one in came.facts[:2]} == {Provenance.COUNTERPARTY}
    assert came.facts[1].fact == "callout.department_reported"
    assert came.facts[1].about.unit == "u2"
    BOTH.when(POLICE, Report(department="u2")).refused("not_your_department")


def test_the_team_that_came_has_it_in_its_book() -> None:
    came = RAISED.when(POLICE, Report(team="t1"))
    assert came.facts[1].about == HERE.at(books={"team": "t1"})
    assert isinstance(RAISED.when(POLICE, Report(team="t9")).error, Unknown)


def test_they_have_all_come() -> None:
    assert isinstance(THERE.state, Reported)
    assert THERE.facts[0] == DepartmentReported(
        about=HERE.at(unit="u2"),
        called_at=MONDAY + timedelta(minutes=30),
        report_by=MONDAY + timedelta(days=3, minutes=30),
    )
    assert clocks(THERE) == {"handle"}


def test_a_department_called_when_others_are_there_is_waited_for() -> None:
    more = THERE.when(COMMUNITY, Call(departments=("u3",)))
    assert isinstance(more.state, Raised)
    more.when(COMMUNITY, Handle(resolution=Resolution.SOLVED)).refused("not_now")
    assert isinstance(more.when(STRANGER, Report()).state, Reported)


def test_steps_of_several_departments_may_be_entered_in_any_order() -> None:
    later = BOTH.later(hours=5).when(POLICE, Report())
    early = Report(occurred_at=MONDAY + timedelta(hours=2))
    later.when(CITY, early).recorded(
        "callout.signed", "callout.department_reported", *["deadline.ended"] * 3
    )
    before = Report(occurred_at=MONDAY + timedelta(minutes=10))
    later.when(CITY, before).refused("too_early")


# ---- the clocks of units


def test_a_deadline_is_missed_by_one_department() -> None:
    late = BOTH.later(hours=2).when(SYSTEM, Miss(clock="sign.u1"))
    (missed,) = late.facts
    assert isinstance(missed, DeadlineMissed)
    assert (missed.clock, missed.of_unit, missed.about.unit) == ("callout.sign", "u1", "u1")
    late.when(SYSTEM, Miss(clock="sign.u1")).refused("no_clock")
    late.when(SYSTEM, Miss(clock="sign")).refused("no_clock")
    RAISED.when(SYSTEM, Miss(clock="sign.u1")).refused("not_due")


def test_what_runs_is_listed_for_each_department() -> None:
    assert BOTH.case is not None
    due = DueProjection()
    listed = due.grow(None, BOTH.stream, [one for one in BOTH.events if due.wants(one)])
    assert listed.running.keys() == {f"callout.{name}" for name in clocks(BOTH)}
    assert listed.running["callout.report.u2"].unit == "u2"
    later = SIGNED.events[len(BOTH.events) :]
    signed = due.grow(listed, BOTH.stream, [one for one in later if due.wants(one)])
    assert "callout.sign.u1" not in signed.running


def test_dates_of_a_callout_are_not_extended() -> None:
    more = Extend(
        clock="report.u1", until=MONDAY + timedelta(days=9), reason=ExtensionReason.COMPLEX
    )
    BOTH.when(STREET, more).refused("extended_enough")


def test_taking_back_a_report_lets_its_clock_run_again() -> None:
    came = RAISED.when(POLICE, Report())
    assert clocks(came) == {"handle"}
    undone = came.when(POLICE, Void(reason=VoidReason.NOT_HAPPENED))
    assert clocks(undone) == {"sign.u1", "contact.u1", "report.u1", "handle"}


def test_a_duplicate_lifts_every_clock() -> None:
    other = story(CALLOUTS.entry("community_call"), stream="callout/case-2", registers=TOWN)
    case = other.when(COMMUNITY, ASK).case
    assert case is not None
    merged = BOTH.knowing(cases={case.stream: case}).when(
        COMMUNITY, LinkDuplicate(of="callout/case-2")
    )
    assert clocks(merged) == set()
    assert sum(isinstance(one, DeadlineLifted) for one in merged.facts) == 7


# ---- handling it


def test_joint_action_has_a_date_of_its_own() -> None:
    later = MONDAY + timedelta(days=40)
    agreed = THERE.when(COMMUNITY, Agree(handle_by=later))
    assert agreed.facts[0] == JointActionAgreed(about=HERE, departments=2, handle_by=later)
    assert isinstance(agreed.state, Agreed)
    assert agreed.case is not None
    assert agreed.case.clocks["handle"].due_at == later
    THERE.when(COMMUNITY, Agree(handle_by=MONDAY)).refused("before_now")
    BOTH.when(COMMUNITY, Agree()).refused("not_now")


def test_handling_says_how_it_ended() -> None:
    fact, ended = DONE.facts
    assert isinstance(fact, CalloutHandled)
    assert (fact.resolution, fact.raised_at) == (Resolution.SOLVED, MONDAY)
    assert isinstance(ended, DeadlineEnded)
    assert (ended.clock, ended.on_time) == ("callout.handle", True)
    assert isinstance(DONE.state, Handled)


def test_each_department_is_evaluated_by_who_called() -> None:
    word = Evaluate(department="u1", satisfaction=Satisfaction.SATISFIED)
    DONE.when(POLICE, word).refused("not_yours")
    first = DONE.when(COMMUNITY, word)
    first.then(
        CalloutEvaluated(
            about=HERE.at(provenance=Provenance.COUNTERPARTY), satisfaction=Satisfaction.SATISFIED
        )
    )
    first.when(COMMUNITY, word).refused("done_already")
    both = first.when(COMMUNITY, Evaluate(department="u2", satisfaction=Satisfaction.DISSATISFIED))
    assert isinstance(both.state, Evaluated)
    own = Actor("s2", "u1", frozenset({"street"}), "c1")
    DONE.when(own, word).refused("own_case")


def test_a_higher_level_hears_of_it() -> None:
    late = BOTH.when(SYSTEM, Escalate(reason=EscalateReason.NOT_SIGNED))
    late.then(CalloutEscalated(about=HERE, reason=EscalateReason.NOT_SIGNED))
    BOTH.when(POLICE, Escalate(reason=EscalateReason.OVERDUE)).refused("not_yours")


def test_a_whistle_may_be_taken_back() -> None:
    gone = BOTH.when(COMMUNITY, Cancel(reason=CancelReason.MISTAKE))
    assert gone.facts[0] == CalloutCancelled(about=HERE, reason=CancelReason.MISTAKE)
    assert isinstance(gone.state, Cancelled)
    assert clocks(gone) == set()
    assert not any(isinstance(one, DeadlineEnded) for one in gone.facts)
    DONE.when(COMMUNITY, Cancel(reason=CancelReason.MISTAKE)).refused("not_now")
