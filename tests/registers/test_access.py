"""Access: given for a while, taken back at once; nothing beyond what a fact says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from events.fact import About
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, story
from services.kernel.words import RELATIONS, Actor, Party
from services.registers.access import (
    WORKFLOW,
    AccessGranted,
    AccessRevoked,
    Grant,
    Revoke,
    Revoked,
    RevokeReason,
    Valid,
)

ADMINISTRATOR = Actor("a1", roles=frozenset({"administrator"}))
HOLDER = Actor("p1")
OTHER = Actor("p2", roles=frozenset({"dispatcher"}))
TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1"}))
SECRET_HASH = "ab" * 32
GRANT = Grant(
    area="c1",
    unit="u1",
    person="p1",
    roles=(Party.DISPATCHER,),
    actions=("read", "order.*"),
    secret_hash=SECRET_HASH,
)

NEW = story(entry_of(WORKFLOW, is_register=True), stream="access/t1", registers=TOWN)
GRANTED = NEW.when(ADMINISTRATOR, GRANT)
LOST = Revoke(reason=RevokeReason.LOST)


def test_a_grant_says_who_where_and_what() -> None:
    GRANTED.then(
        AccessGranted(
            about=About(area="c1", unit="u1"),
            person="p1",
            roles=(Party.DISPATCHER,),
            actions=("read", "order.*"),
            secret_hash=SECRET_HASH,
        )
    )
    assert isinstance(GRANTED.state, Valid)


def test_only_an_administrator_grants() -> None:
    NEW.when(OTHER, GRANT).refused("not_yours")


@pytest.mark.parametrize("role", sorted(RELATIONS))
def test_a_relation_to_one_case_cannot_be_granted(role: Party) -> None:
    NEW.when(ADMINISTRATOR, GRANT.model_copy(update={"roles": (role,)})).refused("not_a_role")


def test_an_expiry_lies_ahead() -> None:
    over = GRANT.model_copy(update={"expires_at": NEW.now})
    NEW.when(ADMINISTRATOR, over).refused("already_over")
    ahead = GRANT.model_copy(update={"expires_at": NEW.now + timedelta(days=1)})
    NEW.when(ADMINISTRATOR, ahead).recorded("access.granted")


def test_it_is_taken_back_once_and_for_good() -> None:
    revoked = GRANTED.when(ADMINISTRATOR, LOST)
    revoked.then(AccessRevoked(about=About(area="c1", unit="u1"), reason=RevokeReason.LOST))
    assert isinstance(revoked.state, Revoked)
    revoked.when(ADMINISTRATOR, LOST).refused("not_now")
    revoked.when(ADMINISTRATOR, GRANT).refused("there_already")


def test_its_holder_may_give_it_back_and_nobody_else() -> None:
    GRANTED.when(HOLDER, LOST).recorded("access.revoked")
    GRANTED.when(OTHER, LOST).refused("not_yours")


@pytest.mark.parametrize("action", ["", "Order.place", "order", "order.*.x", "*.*", "* "])
def test_actions_are_spelt_in_one_way(action: str) -> None:
    with pytest.raises(ValidationError):
        Grant.model_validate({**GRANT.model_dump(), "actions": (action,)})


@pytest.mark.parametrize("secret", ["", "ab" * 31, "AB" * 32, "a secret in clear"])
def test_only_the_hash_of_a_secret_is_ever_taken(secret: str) -> None:
    with pytest.raises(ValidationError):
        Grant.model_validate({**GRANT.model_dump(), "secret_hash": secret})
