"""Lists: items come and go under their department and class; some are laid down from above."""

from __future__ import annotations

import pytest

from events.fact import About, Provenance
from services.facts import list as lists
from services.facts.list import (
    InForce,
    ListItemAdded,
    ListItemRemoved,
    ListKind,
    ListPublished,
    ListWithdrawn,
    RemovalReason,
    Withdrawn,
)
from services.kernel.catalogue import entry_of
from services.kernel.context import Context
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor
from services.registers.list import WORKFLOW, Add, NewItem, Publish, Remove, Withdraw

STREET = Actor("s1", None, frozenset({"street"}), "street1")
COMMUNITY = Actor("k1", None, frozenset({"community"}), "c1")
OF_UNIT = Actor("m1", "u1", frozenset({"unit_admin"}), "c1")
OTHER_UNIT = Actor("m2", "u2", frozenset({"unit_admin"}), "c1")
TOWN = Registers(areas=frozenset({"c1", "street1"}), units=frozenset({"u1", "u2"}))

MATTERS = Publish(code="matters-2019", area="street1", list_kind=ListKind.MATTERS, name="事项清单")
NEW = story(entry_of(WORKFLOW, is_register=True), stream="list/matters-2019", registers=TOWN)
PUBLISHED = NEW.when(STREET, MATTERS)
TWO = (
    NewItem(item="i1", name="困难群众救助", category="relief", department="u1"),
    NewItem(item="i2", category="relief", department="u2"),
)
FILLED = PUBLISHED.when(STREET, Add(items=TWO))
SHORTER = FILLED.when(STREET, Remove(items=("i1",), reason=RemovalReason.CANCELLED))

HERE = About(area="street1")
FIRST = HERE.at(unit="u1", category="relief")


def needs(actor: Actor, unit: str | None = None) -> Story:
    empty = story(entry_of(WORKFLOW), stream="list/l1", registers=TOWN)
    return empty.when(actor, Publish(code="l1", area="c1", unit=unit, list_kind=ListKind.NEEDS))


def test_a_list_stands_under_a_code_of_its_own() -> None:
    assert WORKFLOW.id_of(MATTERS, STREET) == "matters-2019"
    PUBLISHED.then(
        ListPublished(about=HERE, code="matters-2019", list_kind=ListKind.MATTERS, name="事项清单")
    )
    PUBLISHED.when(STREET, MATTERS).refused("there_already")


def test_items_count_under_their_department_and_class() -> None:
    FILLED.then(
        ListItemAdded(about=FIRST, item="i1", list_kind=ListKind.MATTERS, name="困难群众救助"),
        ListItemAdded(about=FIRST.at(unit="u2"), item="i2", list_kind=ListKind.MATTERS),
    )


def test_an_item_is_taken_back_from_where_it_stood() -> None:
    SHORTER.then(
        ListItemRemoved(
            about=FIRST, item="i1", list_kind=ListKind.MATTERS, reason=RemovalReason.CANCELLED
        )
    )
    assert isinstance(SHORTER.state, InForce)
    assert set(SHORTER.state.items) == {"i2"}
    assert SHORTER.state.gone == {"i1"}


def test_what_was_taken_off_may_be_put_on_again() -> None:
    again = SHORTER.when(STREET, Add(items=(NewItem(item="i1"),)))
    assert isinstance(again.state, InForce)
    assert set(again.state.items) == {"i1", "i2"}
    assert again.state.gone == frozenset()


def test_nothing_stands_on_it_twice() -> None:
    FILLED.when(STREET, Add(items=(NewItem(item="i1"),))).refused("on_it_already")
    twice = (NewItem(item="i3"), NewItem(item="i3"))
    FILLED.when(STREET, Add(items=twice)).refused("named_twice")


def test_a_refusal_names_the_item_and_the_list() -> None:
    never = FILLED.when(STREET, Remove(items=("i9",), reason=RemovalReason.MERGED))
    assert never.error is not None
    assert never.error.zh == "i9 不在清单 matters-2019"
    never.refused("not_on_it")
    again = SHORTER.when(STREET, Remove(items=("i1",), reason=RemovalReason.MERGED))
    again.refused("off_it_already")


@pytest.mark.parametrize("list_kind", ["duty", "power", "matters", "seals", "certificates"])
def test_what_binds_a_community_is_laid_down_above_it(list_kind: str) -> None:
    mine = Publish(code="l1", area="c1", list_kind=ListKind(list_kind))
    assert NEW.when(COMMUNITY, mine).refused("laid_down_above").events == ()


def test_a_community_cannot_lengthen_or_shorten_it() -> None:
    FILLED.when(COMMUNITY, Add(items=(NewItem(item="i3"),))).refused("laid_down_above")
    FILLED.when(COMMUNITY, Remove(items=("i1",), reason=RemovalReason.NOT_NEEDED)).refused(
        "laid_down_above"
    )
    FILLED.when(COMMUNITY, Withdraw()).refused("laid_down_above")


def test_a_community_lists_its_needs_and_a_unit_its_resources() -> None:
    needs(COMMUNITY).when(COMMUNITY, Add(items=(NewItem(item="i1"),))).recorded("list.item_added")
    offers = needs(OF_UNIT, unit="u1")
    offers.when(OF_UNIT, Add(items=(NewItem(item="i1"),))).recorded("list.item_added")
    offers.when(OTHER_UNIT, Add(items=(NewItem(item="i1"),))).refused("not_yours")


def test_a_list_is_withdrawn_when_nothing_stands_on_it() -> None:
    SHORTER.when(STREET, Withdraw()).refused("items_left")
    empty = SHORTER.when(STREET, Remove(items=("i2",), reason=RemovalReason.HANDED_BACK))
    gone = empty.when(STREET, Withdraw())
    gone.then(ListWithdrawn(about=HERE, list_kind=ListKind.MATTERS))
    assert isinstance(gone.state, Withdrawn)
    gone.when(STREET, Add(items=TWO)).refused("not_now")


def test_steps_may_be_entered_in_any_order() -> None:
    earlier = Remove(
        items=("i2",), reason=RemovalReason.MET, occurred_at=FILLED.now.replace(minute=0)
    )
    SHORTER.later(hours=3).when(STREET, earlier).recorded("list.item_removed")


def test_other_kinds_ask_whether_something_stands_on_it() -> None:
    assert SHORTER.case is not None
    cases = {lists.stream("matters-2019"): SHORTER.case}
    context = Context(STREET, MONDAY, TOWN, cases=cases)
    assert lists.on_list(context, "matters-2019", "i2")
    assert not lists.on_list(context, "matters-2019", "i1")
    assert not lists.on_list(context, "elsewhere", "i2")


def test_who_says_so_is_kept() -> None:
    clerk = Actor("i9", None, frozenset({"importer"}), "street1")
    assert NEW.when(clerk, MATTERS).facts[0].about.provenance is Provenance.IMPORT
