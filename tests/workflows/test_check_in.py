"""The check-in: one registration for a person and a community, and feedback both ways."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from events.fact import About, Books, Provenance
from services.kernel.catalogue import entry_of
from services.kernel.corrections import Void, VoidReason
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor
from services.workflows.check_in import (
    WORKFLOW,
    Acknowledge,
    Active,
    Basis,
    CheckIn,
    CheckInConfirmed,
    CheckInDeclined,
    CheckInEnded,
    CheckInRequested,
    Conduct,
    Confirm,
    Confirmed,
    DeclareSkills,
    Decline,
    Declined,
    DeclineReason,
    End,
    Ended,
    EndReason,
    FeedbackSentToHomeUnit,
    FreeTime,
    HomeUnitAcknowledged,
    Reported,
    Request,
    Requested,
    SendFeedback,
    Skill,
    SkillsDeclared,
)


def person(name: str, *roles: str, unit: str | None = None, area: str = "c1") -> Actor:
    return Actor(name, unit, frozenset(roles), area)


MEMBER = person("m1", "worker", unit="u1")
COMMUNITY = person("k1", "community")
HOME_UNIT = person("a1", unit="u1")
OTHER_UNIT = person("a2", unit="u2")
STRANGER = person("m2", "worker", unit="u2")

TOWN = Registers(
    areas=frozenset({"c1", "c2"}),
    units=frozenset({"u1", "u2"}),
    teams=frozenset({"t1"}),
    people={"m1": Books(home_unit="u1", team="t1", paired_community="c2")},
)
NEW = story(entry_of(WORKFLOW), registers=TOWN)
REQUESTED = NEW.when(MEMBER, Request())
HERE = REQUESTED.later(days=1).when(COMMUNITY, Confirm())
ACTIVE = HERE.when(MEMBER, DeclareSkills(skills=(Skill.MEDIATION, Skill.LEGAL)))
MONTH = SendFeedback(
    services=4,
    minutes=360,
    conduct=Conduct.KEPT,
    period_from=date(2018, 3, 1),
    period_to=date(2018, 3, 31),
)
TOLD = ACTIVE.later(days=30).when(COMMUNITY, MONTH)
SEEN = TOLD.later(days=2).when(HOME_UNIT, Acknowledge())

BOOKS = Books(home_unit="u1", team="t1", home_community="c1", paired_community="c2")
ABOUT = About(area="c1", unit="u1", books=BOOKS)
SENT = MONDAY + timedelta(days=31)
WHO: dict[str, Any] = {"person": "m1", "basis": Basis.HOME}


# ---- one for a person and a community


def test_its_id_is_made_of_the_person_and_the_community() -> None:
    mine = Request(area="c1").case_id(MEMBER)
    assert mine == Request(area="c1", person="m1").case_id(COMMUNITY)
    assert mine == Request().case_id(MEMBER)
    assert mine != Request(area="c2").case_id(MEMBER)
    assert mine != Request(area="c1").case_id(STRANGER)


@pytest.mark.parametrize("before", [REQUESTED, HERE, ACTIVE, TOLD])
def test_a_second_check_in_is_refused_and_names_the_first(before: Story) -> None:
    again = before.when(MEMBER, Request())
    assert again.error is not None
    assert again.error.fields["case"] == before.stream
    again.refused("there_already")


def test_whoever_ended_or_was_declined_may_ask_again() -> None:
    ended = SEEN.when(MEMBER, End(reason=EndReason.OWN_WISH))
    assert isinstance(ended.when(MEMBER, Request(basis=Basis.PAIRED)).state, Requested)
    declined = REQUESTED.when(COMMUNITY, Decline(reason=DeclineReason.UNKNOWN_UNIT))
    again = declined.when(MEMBER, Request()).when(COMMUNITY, Confirm())
    assert isinstance(again.state, Confirmed)


def test_one_entered_by_mistake_leaves_room_for_a_right_one() -> None:
    gone = REQUESTED.when(COMMUNITY, Void(reason=VoidReason.TYPING))
    assert gone.state is None
    gone.when(MEMBER, Request()).recorded("check_in.requested")


# ---- registering


def test_a_check_in_counts_here_in_the_books_of_unit_and_communities() -> None:
    REQUESTED.then(CheckInRequested(about=ABOUT, **WHO))
    HERE.then(CheckInConfirmed(about=ABOUT.at(provenance=Provenance.ORGANISER), **WHO))
    assert CheckInConfirmed.shape().members == ("person",)


def test_a_paired_community_is_the_one_checked_in_with() -> None:
    paired = NEW.when(MEMBER, Request(basis=Basis.PAIRED))
    assert paired.facts[0].about.books == BOOKS.model_copy(
        update={"home_community": None, "paired_community": "c1"}
    )


def test_a_unit_said_in_the_request_is_the_home_unit() -> None:
    asked = NEW.when(STRANGER, Request(unit="u2"))
    assert asked.facts[0].about.unit == "u2"
    assert asked.facts[0].about.books.home_unit == "u2"


def test_an_organiser_may_enter_somebody_and_nobody_else_may() -> None:
    entered = NEW.when(COMMUNITY, Request(person="m1"))
    assert entered.facts[0].about.provenance is Provenance.ORGANISER
    NEW.when(STRANGER, Request(person="m1")).refused("for_oneself")


def test_the_community_confirms_and_nobody_else() -> None:
    REQUESTED.when(MEMBER, Confirm()).refused("not_yours")
    REQUESTED.when(HOME_UNIT, Confirm()).refused("not_yours")


def test_a_request_may_be_declined_or_withdrawn_with_the_reason() -> None:
    withdrawn = REQUESTED.when(MEMBER, Decline(reason=DeclineReason.WITHDRAWN))
    withdrawn.then(CheckInDeclined(about=ABOUT, reason=DeclineReason.WITHDRAWN, **WHO))
    assert isinstance(withdrawn.state, Declined)
    HERE.when(COMMUNITY, Decline(reason=DeclineReason.NOT_OF_HERE)).refused("not_now")


def test_there_is_no_place_for_a_punch() -> None:
    for field in ("latitude", "device", "signed_at", "photo"):
        with pytest.raises(ValidationError, match=field):
            Request.model_validate({field: "1"})


# ---- what they offer


def test_skills_are_said_once_each_in_the_order_of_the_list() -> None:
    ACTIVE.then(
        SkillsDeclared(
            about=ABOUT,
            skills=(Skill.LEGAL, Skill.MEDIATION),
            free_time=FreeTime.AFTER_HOURS,
            **WHO,
        )
    )
    twice = HERE.when(MEMBER, DeclareSkills(skills=(Skill.ARTS, Skill.ARTS)))
    assert twice.events[-1].content["data"]["skills"] == ["arts"]
    assert isinstance(twice.state, Active)


def test_later_skills_replace_earlier_ones_and_leave_the_unit_to_see_its_feedback() -> None:
    changed = TOLD.when(MEMBER, DeclareSkills(skills=(Skill.ARTS,)))
    assert isinstance(changed.state, Reported)
    assert changed.state.who.skills == (Skill.ARTS,)


# ---- feedback both ways


def test_the_community_tells_the_unit_and_the_unit_says_it_has_seen_it() -> None:
    by_community = ABOUT.at(provenance=Provenance.ORGANISER)
    TOLD.then(
        FeedbackSentToHomeUnit(
            about=by_community,
            services=4,
            minutes=360,
            conduct=Conduct.KEPT,
            period_from=date(2018, 3, 1),
            period_to=date(2018, 3, 31),
            sent_at=SENT,
            **WHO,
        )
    )
    SEEN.then(HomeUnitAcknowledged(about=by_community, sent_at=SENT, **WHO))
    assert isinstance(SEEN.state, Active)


def test_how_long_a_unit_takes_counts_from_the_first_feedback_it_has_not_seen() -> None:
    second = SendFeedback(
        services=1,
        conduct=Conduct.PARTLY,
        period_from=date(2018, 4, 1),
        period_to=date(2018, 4, 30),
    )
    twice = TOLD.later(days=40).when(COMMUNITY, second).when(HOME_UNIT, Acknowledge())
    fact = twice.facts[0]
    assert isinstance(fact, HomeUnitAcknowledged)
    assert fact.sent_at == SENT


def test_only_the_home_unit_acknowledges() -> None:
    TOLD.when(OTHER_UNIT, Acknowledge()).refused("not_yours")
    TOLD.when(COMMUNITY, Acknowledge()).refused("not_yours")
    ACTIVE.when(HOME_UNIT, Acknowledge()).refused("not_now")


def test_feedback_is_about_a_period_that_is_over() -> None:
    ACTIVE.when(COMMUNITY, MONTH).refused("not_over")
    turned = MONTH.model_copy(update={"period_from": date(2018, 4, 1)})
    ACTIVE.later(days=60).when(COMMUNITY, turned).refused("period_reversed")


def test_feedback_needs_a_home_unit_to_go_to() -> None:
    alone = NEW.when(person("m9", "resident"), Request()).when(COMMUNITY, Confirm())
    declared = alone.when(COMMUNITY, DeclareSkills(skills=(Skill.ARTS,)))
    declared.later(days=30).when(COMMUNITY, MONTH).refused("no_home_unit")


# ---- the end


@pytest.mark.parametrize("before", [HERE, ACTIVE, TOLD])
def test_a_check_in_ends_with_the_reason_from_any_stage(before: Story) -> None:
    over = before.when(MEMBER, End(reason=EndReason.MOVED_AWAY))
    over.then(CheckInEnded(about=ABOUT, reason=EndReason.MOVED_AWAY, **WHO))
    assert isinstance(over.state, Ended)
    over.when(COMMUNITY, MONTH).refused("not_now")


def test_a_request_that_was_never_confirmed_does_not_end_but_is_declined() -> None:
    REQUESTED.when(MEMBER, End(reason=EndReason.OWN_WISH)).refused("not_now")


def test_who_it_is_about_stays_the_same_all_its_life() -> None:
    for told in (REQUESTED, HERE, ACTIVE, TOLD, SEEN):
        assert isinstance(told.state, CheckIn)
        assert told.state.who.person == "m1"
