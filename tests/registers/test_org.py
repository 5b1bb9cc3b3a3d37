"""Organisations: registered once, renamed, closed, and counted in their own unit."""

from __future__ import annotations

from typing import Any

import pytest

from events.errors import Unknown
from events.fact import About
from services.kernel.catalogue import entry_of, next_commands
from services.kernel.corrections import Correct, CorrectionReason, Void, VoidReason
from services.kernel.testing import Registers, story
from services.kernel.words import Actor
from services.registers.org import (
    WORKFLOW,
    Close,
    CloseReason,
    OrgClosed,
    OrgForm,
    OrgKind,
    OrgRegistered,
    OrgRenamed,
    Register,
    Rename,
)

STREET = Actor("k1", roles=frozenset({"street"}))
WORKER = Actor("w1", unit="u1", roles=frozenset({"worker"}))

TOWN = Registers(areas=frozenset({"s1"}), units=frozenset({"p1"}))
"""The unit being registered is not known yet: the register itself makes it so."""

BRANCH = Register(
    code="b1",
    name="文献社区党支部",
    area="s1",
    org_kind=OrgKind.PARTY_ORG,
    form=OrgForm.BRANCH,
    parent="p1",
)
UNIT = Register(code="u1", name="区水务局", area="s1", org_kind=OrgKind.RESIDENT_UNIT)

NEW = story(entry_of(WORKFLOW, is_register=True), stream="org/u1", registers=TOWN)
REGISTERED = NEW.when(STREET, UNIT)
AT_U1 = About(area="s1", unit="u1")


def test_its_code_is_its_stream() -> None:
    assert WORKFLOW.id_of(UNIT, STREET) == "u1"


def test_an_organisation_counts_in_its_own_unit_by_kind_and_form() -> None:
    REGISTERED.then(
        OrgRegistered(about=AT_U1, code="u1", name="区水务局", org_kind=OrgKind.RESIDENT_UNIT)
    )
    assert OrgRegistered.shape().codes == ("org_kind", "form") == OrgClosed.shape().codes
    branch = NEW.when(STREET, BRANCH)
    assert branch.events[0].content["data"]["form"] == "branch"


def test_what_it_belongs_to_is_registered_before_it() -> None:
    lost = NEW.when(STREET, BRANCH.model_copy(update={"parent": "p9"}))
    assert isinstance(lost.error, Unknown)
    assert lost.error.name == "p9"


def test_it_cannot_belong_to_itself() -> None:
    NEW.when(STREET, UNIT.model_copy(update={"parent": "u1"})).refused("own_parent")


def test_the_same_code_cannot_be_registered_twice_and_the_refusal_names_it() -> None:
    again = REGISTERED.when(STREET, UNIT)
    assert again.error is not None
    assert again.error.fields["case"] == "org/u1"
    again.refused("there_already")


def test_a_renamed_organisation_keeps_its_code_and_kind() -> None:
    renamed = REGISTERED.when(STREET, Rename(name="区水利局"))
    renamed.then(OrgRenamed(about=AT_U1, name="区水利局"))
    renamed.when(STREET, Close(reason=CloseReason.DISSOLVED)).then(
        OrgClosed(about=AT_U1, org_kind=OrgKind.RESIDENT_UNIT, reason=CloseReason.DISSOLVED)
    )


def test_its_code_is_not_put_right_it_is_voided_and_registered_under_another() -> None:
    wrong: dict[str, Any] = {"revision": 1, "reason": CorrectionReason.TYPING}
    other = REGISTERED.when(STREET, Correct(**wrong, changes={"code": "u2"}))
    assert other.error is not None
    assert "作废" in str(other.error.zh)
    other.refused("identity").when(STREET, Correct(**wrong, changes={"name": "区水利局"})).recorded(
        "record.corrected"
    )


def test_a_merger_says_into_what() -> None:
    REGISTERED.when(STREET, Close(reason=CloseReason.MERGED)).refused("into_nothing")
    REGISTERED.when(STREET, Close(reason=CloseReason.MERGED, into="u1")).refused("into_itself")
    lost = REGISTERED.when(STREET, Close(reason=CloseReason.MERGED, into="u9"))
    assert isinstance(lost.error, Unknown)
    merged = REGISTERED.when(STREET, Close(reason=CloseReason.MERGED, into="p1"))
    assert merged.events[-1].content["data"]["into"] == "p1"


def test_a_closed_organisation_stays_closed() -> None:
    closed = REGISTERED.when(STREET, Close(reason=CloseReason.MOVED_AWAY))
    closed.when(STREET, Rename(name="又名")).refused("not_now")
    closed.when(STREET, UNIT).refused("there_already")


def test_one_registered_by_mistake_can_be_taken_back_and_registered_anew() -> None:
    gone = REGISTERED.when(STREET, Void(reason=VoidReason.DOUBLE))
    assert gone.state is None
    gone.when(STREET, UNIT).recorded("org.registered")


@pytest.mark.parametrize("command", [UNIT, Rename(name="又名")])
def test_its_own_people_do_not_register_it(command: Register | Rename) -> None:
    start = NEW if isinstance(command, Register) else REGISTERED
    start.when(WORKER, command).refused("not_yours")


def test_what_comes_next_depends_on_the_state() -> None:
    offered = next_commands(REGISTERED.entry, REGISTERED.case, STREET)
    assert {"rename", "close"} <= {info.name for info in offered}
    closed = REGISTERED.when(STREET, Close(reason=CloseReason.DISSOLVED))
    offered = next_commands(closed.entry, closed.case, STREET)
    assert not {"rename", "close"} & {info.name for info in offered}
