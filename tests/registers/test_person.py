"""People: opaque ids, where they belong, and in whose books their deeds count."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from events.fact import About, Books, Provenance
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, story
from services.kernel.words import Actor, Party
from services.registers.person import (
    WORKFLOW,
    Affiliation,
    AffiliationReleased,
    AffiliationTransferred,
    Leave,
    LeaveReason,
    Left,
    Listed,
    Membership,
    PersonLeft,
    PersonRegistered,
    Register,
    Transfer,
)

COMMUNITY = Actor("k1", roles=frozenset({"community"}))
UNIT = Actor("a1", unit="u1", roles=frozenset({"unit_admin"}))
MEMBER = Actor("m1", unit="u1", roles=frozenset({"worker"}))
STRANGER = Actor("m2", unit="u2", roles=frozenset({"worker"}))

TOWN = Registers(areas=frozenset({"c1", "c2", "c3"}), units=frozenset({"u1", "u2"}))

SERVING = {"affiliation": Affiliation.SERVING_MEMBER, "membership": Membership.MEMBER}
ENTER = Register(
    person="m1",
    area="c1",
    home_unit="u1",
    home_community="c2",
    paired_community="c1",
    affiliation=Affiliation.SERVING_MEMBER,
    membership=Membership.MEMBER,
)
MOVE = Transfer(
    area="c3",
    home_unit="u2",
    home_community="c2",
    affiliation=Affiliation.SERVING_MEMBER,
    membership=Membership.MEMBER,
)
NEW = story(entry_of(WORKFLOW, is_register=True), stream="person/m1", registers=TOWN)
LISTED = NEW.when(COMMUNITY, ENTER)

BOOKS = Books(home_unit="u1", home_community="c2", paired_community="c1")
HERE = About(area="c1", unit="u1", provenance=Provenance.ORGANISER, books=BOOKS)


def test_an_opaque_id_is_its_stream() -> None:
    assert WORKFLOW.id_of(ENTER, COMMUNITY) == "m1"


def test_a_person_is_nothing_but_an_id_a_capacity_and_books() -> None:
    LISTED.then(PersonRegistered(about=HERE, person="m1", **SERVING))
    assert set(LISTED.events[0].content["data"]) == {"person", "affiliation", "membership"}
    assert PersonRegistered.shape().members == ("person",)
    assert PersonRegistered.shape().codes == ("affiliation", "membership")


@pytest.mark.parametrize("name", ["张三", "350304 1990", "m1/../m2", ""])
def test_a_name_is_no_id(name: str) -> None:
    with pytest.raises(ValidationError):
        Register(
            person=name,
            area="c1",
            affiliation=Affiliation.VOLUNTEER,
            membership=Membership.NOT_A_MEMBER,
        )


def test_there_is_no_field_for_anything_else() -> None:
    with pytest.raises(ValidationError, match="telephone"):
        Register.model_validate({**ENTER.model_dump(), "telephone": "13900000000"})


def test_a_transfer_is_one_out_there_and_one_in_here() -> None:
    moved = LISTED.when(COMMUNITY, MOVE)
    there = About(
        area="c3",
        unit="u2",
        provenance=Provenance.ORGANISER,
        books=Books(home_unit="u2", home_community="c2"),
    )
    moved.then(
        AffiliationReleased(about=HERE, person="m1", **SERVING),
        AffiliationTransferred(about=there, person="m1", **SERVING),
    )
    assert isinstance(moved.state, Listed)
    assert moved.state.about == there


def test_a_transfer_to_where_one_is_already_is_refused() -> None:
    same = Transfer(**ENTER.model_dump(exclude={"person", "occurred_at"}))
    LISTED.when(COMMUNITY, same).refused("same_place")
    retired = same.model_copy(update={"affiliation": Affiliation.RETIRED_MEMBER})
    LISTED.when(COMMUNITY, retired).recorded(
        "person.affiliation_released", "person.affiliation_transferred"
    )


def test_leaving_takes_back_where_and_as_what_one_counted() -> None:
    left = LISTED.when(COMMUNITY, MOVE).when(COMMUNITY, Leave(reason=LeaveReason.MOVED_AWAY))
    (fact,) = left.facts
    assert isinstance(fact, PersonLeft)
    assert (fact.about.area, fact.about.unit) == ("c3", "u2")
    assert (fact.affiliation, fact.membership) == tuple(SERVING.values())


def test_somebody_may_take_themselves_off_and_come_back() -> None:
    left = LISTED.when(MEMBER, Leave(reason=LeaveReason.ENDED))
    assert isinstance(left.state, Left)
    assert left.facts[0].about.provenance is Provenance.SELF
    back = left.when(COMMUNITY, ENTER)
    assert isinstance(back.state, Listed)


def test_nobody_is_listed_twice() -> None:
    LISTED.when(COMMUNITY, ENTER).refused("there_already")


def test_a_stranger_cannot_take_somebody_off() -> None:
    LISTED.when(STRANGER, Leave(reason=LeaveReason.OTHER)).refused("not_yours")


def test_a_person_and_their_unit_are_parties_of_the_entry() -> None:
    assert LISTED.case is not None
    assert Party.HOLDER in LISTED.case.parties(MEMBER)
    assert Party.HOME_UNIT in LISTED.case.parties(UNIT)
    assert not {Party.HOLDER, Party.HOME_UNIT} & LISTED.case.parties(STRANGER)


def test_only_registered_units_and_communities_are_books() -> None:
    lost = NEW.when(COMMUNITY, ENTER.model_copy(update={"home_community": "c9"}))
    assert lost.error is not None
    assert lost.error.fields["name"] == "c9"
