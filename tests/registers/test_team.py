"""Teams: formed and disbanded, with people who join and leave."""

from __future__ import annotations

import pytest

from events.fact import About, Books, Provenance
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor, Party
from services.registers.team import (
    WORKFLOW,
    Disband,
    DisbandReason,
    Form,
    Join,
    Leave,
    MemberJoined,
    MemberLeft,
    Team,
    TeamDisbanded,
    TeamFormed,
    TeamKind,
)

COMMUNITY = Actor("k1", roles=frozenset({"community"}))
LAWYER = Actor("m1", unit="u1", roles=frozenset({"worker"}))
OTHER = Actor("m2", unit="u1", roles=frozenset({"worker"}))

TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1"}), teams=frozenset())
FOUND = Form(code="t1", area="c1", unit="u1", team_kind=TeamKind.LEGAL, name="法律咨询服务队")

NEW = story(entry_of(WORKFLOW, is_register=True), stream="team/t1", registers=TOWN)
FORMED = NEW.when(COMMUNITY, FOUND)
JOINED = FORMED.when(LAWYER, Join())

AT_TEAM = About(area="c1", unit="u1", books=Books(team="t1"))


def members(of: Story) -> frozenset[str]:
    assert isinstance(of.state, Team)
    return of.state.members


def test_its_code_is_its_stream_and_the_book_of_its_deeds() -> None:
    assert WORKFLOW.id_of(FOUND, COMMUNITY) == "t1"
    FORMED.then(
        TeamFormed(about=AT_TEAM, code="t1", team_kind=TeamKind.LEGAL, name="法律咨询服务队")
    )
    assert TeamFormed.shape().codes == ("team_kind",) == TeamDisbanded.shape().codes


def test_somebody_joins_for_themselves() -> None:
    JOINED.then(MemberJoined(about=AT_TEAM, person="m1", team_kind=TeamKind.LEGAL))
    assert members(JOINED) == {"m1"}
    assert MemberJoined.shape().members == ("person",)


def test_the_community_may_enter_somebody_and_says_so() -> None:
    entered = FORMED.when(COMMUNITY, Join(person="m2"))
    assert entered.facts[0].about == AT_TEAM.at(provenance=Provenance.ORGANISER)
    assert members(entered) == {"m2"}


def test_a_volunteer_cannot_enter_somebody_else() -> None:
    FORMED.when(LAWYER, Join(person="m2")).refused("for_oneself")
    JOINED.when(COMMUNITY, Join(person="m2")).when(LAWYER, Leave(person="m2")).refused(
        "for_oneself"
    )


def test_nobody_joins_twice() -> None:
    JOINED.when(LAWYER, Join()).refused("in_it_already")


def test_who_left_may_join_again() -> None:
    left = JOINED.when(LAWYER, Leave())
    left.then(MemberLeft(about=AT_TEAM, person="m1", team_kind=TeamKind.LEGAL))
    assert members(left) == set()
    assert members(left.when(LAWYER, Join())) == {"m1"}


def test_only_who_is_in_it_can_leave() -> None:
    JOINED.when(OTHER, Leave()).refused("not_yours")
    JOINED.when(COMMUNITY, Leave(person="m2")).refused("not_in_it")


def test_a_full_team_takes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.registers.team.MEMBERS_MAX", 1)
    full = FORMED.when(LAWYER, Join())
    full.when(OTHER, Join()).refused("team_full")
    full.when(LAWYER, Leave()).when(OTHER, Join()).recorded("team.member_joined")


def test_people_may_be_entered_in_any_order() -> None:
    later = FORMED.later(hours=5).when(COMMUNITY, Join(person="m1"))
    early = Join(person="m2", occurred_at=FORMED.now)
    later.later(hours=1).when(COMMUNITY, early).recorded("team.member_joined")


def test_a_disbanded_team_takes_nobody_and_counts_no_more() -> None:
    gone = JOINED.when(COMMUNITY, Disband(reason=DisbandReason.DONE))
    gone.then(TeamDisbanded(about=AT_TEAM, team_kind=TeamKind.LEGAL, reason=DisbandReason.DONE))
    gone.when(LAWYER, Leave()).refused("not_now")
    gone.when(COMMUNITY, FOUND).refused("there_already")


def test_members_and_the_forming_unit_are_its_parties() -> None:
    assert JOINED.case is not None
    assert JOINED.case.parties(LAWYER) >= {Party.HOLDER, Party.HANDLER}
    assert Party.HOLDER not in JOINED.case.parties(OTHER)
