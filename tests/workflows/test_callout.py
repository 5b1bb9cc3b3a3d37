"""The callout: a clock for each department, returns limited and judged, and a word for each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from events.errors import Unknown
from events.fact import About, Provenance
from projections.due import DueProjection
from services.facts.callout import (
    Agreed,
    CalloutCancelled,
    CalloutEscalated,
    CalloutEvaluated,
    CalloutHandled,
    CalloutRaised,
    CalloutReturned,
    CalloutSigned,
    Cancelled,
    DepartmentContacted,
    DepartmentReported,
    Evaluated,
    Handled,
    JointActionAgreed,
    Raised,
    Reported,
    Returned,
    ReturnRejected,
    ReturnUpheld,
    Signed,
)
from services.facts.callout_words import (
    CancelReason,
    EscalateReason,
    Ground,
    Resolution,
    ReturnReason,
)
from services.kernel.catalogue import only
from services.kernel.clocks import (
    DeadlineEnded,
    DeadlineLifted,
    DeadlineMissed,
    DeadlineSet,
    ExtensionReason,
)
from services.kernel.corrections import Void, VoidReason
from services.kernel.records import Extend, LinkDuplicate, Miss
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Party, Satisfaction, hours
from services.workflows.callout import (
    Adjudicate,
    Agree,
    Call,
    Cancel,
    Contact,
    Escalate,
    Evaluate,
    Handle,
    Raise,
    Report,
    Return,
    Sign,
)
from tests.workflows.issues import CLOSED, FOUND

CALLOUTS = only("callout")
TOWN = Registers(
    areas=frozenset({"c1"}), units=frozenset({"u1", "u2", "u3"}), teams=frozenset({"t1"})
)

COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
STREET = Actor("s1", roles=frozenset({"street"}), area="c1")
POLICE = Actor("d1", "u1", frozenset({"worker"}))
CITY = Actor("d2", "u2", frozenset({"worker"}))
STRANGER = Actor("d3", "u3", frozenset({"worker"}))
SYSTEM = Actor("timer", roles=frozenset({"system"}))
RESIDENT = Actor("p1", roles=frozenset({"resident"}), area="c1")

HERE = About(area="c1", unit="u1", category="noise", variant="community_call")
ASK = Raise(unit="u1", category="noise", ground=Ground.RESIDENTS_NEED)


def new(variant: str = "community_call", **changes: Any) -> Story:
    return story(CALLOUTS.entry(variant), registers=TOWN, **changes)


RAISED = new().when(COMMUNITY, ASK)
BOTH = RAISED.later(minutes=30).when(COMMUNITY, Call(departments=("u2",)))
SIGNED = BOTH.when(POLICE, Sign()).when(CITY, Sign())
THERE = SIGNED.later(hours=5).when(POLICE, Report()).when(CITY, Report())
DONE = THERE.later(days=2).when(COMMUNITY, Handle(resolution=Resolution.SOLVED))


def clocks(of: Story) -> set[str]:
    assert of.case is not None
    return set(of.case.clocks)


def told(of: Story) -> list[tuple[str, str | None]]:
    """The clocks' facts of the last command: which, and of which unit."""
    return [
        (one.fact, one.of_unit)
        for one in of.facts
        if isinstance(one, (DeadlineEnded, DeadlineLifted, DeadlineSet))
    ]


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


# ---- returning it

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
