"""The map: what may stand on it, and what a change of it may not tear."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from events.fact import About
from services.kernel.catalogue import entry_of
from services.kernel.corrections import Correct, CorrectionReason, Dimensions, Void, VoidReason
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor
from services.registers.area import (
    WORKFLOW,
    AreaDefined,
    AreaRedrawn,
    AreaRenamed,
    Define,
    Level,
    Map,
    Redraw,
    Rename,
    Share,
)

ADMIN = Actor("admin", roles=frozenset({"administrator"}))
WORKER = Actor("w1", roles=frozenset({"worker"}))

NO_AREA_KNOWN = Registers(areas=frozenset())
"""The map registers codes itself: none of them needs to be known before."""

NEW = story(entry_of(WORKFLOW, is_register=True), stream="area/map", registers=NO_AREA_KNOWN)
DISTRICT = NEW.when(ADMIN, Define(code="d1", name="荔城区", level=Level.DISTRICT))
STREET = DISTRICT.when(ADMIN, Define(code="s1", name="镇海街道", level=Level.STREET, parent="d1"))
COMMUNITY = STREET.when(
    ADMIN, Define(code="c1", name="文献社区", level=Level.COMMUNITY, parent="s1")
)


def tree(made: Story) -> Map:
    assert isinstance(made.state, Map)
    return made.state


def test_every_map_is_the_one_stream_of_its_log() -> None:
    assert WORKFLOW.id_of(Define(code="d1", name="荔城区", level=Level.DISTRICT), ADMIN) == "map"
    with pytest.raises(ValidationError):
        Define(map="other", code="d1", name="荔城区", level=Level.DISTRICT)


def test_an_area_counts_in_itself() -> None:
    STREET.then(
        AreaDefined(
            about=About(area="s1"), code="s1", name="镇海街道", level=Level.STREET, parent="d1"
        )
    )
    assert AreaDefined.shape().codes == ("level",)


def test_the_map_is_what_was_defined() -> None:
    assert {code: place.parent for code, place in tree(COMMUNITY).areas.items()} == {
        "d1": None,
        "s1": "d1",
        "c1": "s1",
    }


def test_two_districts_may_stand_side_by_side() -> None:
    beside = COMMUNITY.when(ADMIN, Define(code="d2", name="示范区", level=Level.DISTRICT))
    assert tree(beside).areas["d2"].parent is None


def test_a_code_is_never_used_again() -> None:
    again = Define(code="s1", name="拱辰街道", level=Level.STREET, parent="d1")
    COMMUNITY.when(ADMIN, again).refused("known_already")


def test_a_parent_must_be_on_the_map_first() -> None:
    lost = Define(code="c9", name="无主社区", level=Level.COMMUNITY, parent="s9")
    COMMUNITY.when(ADMIN, lost).refused("no_such_parent")


def test_an_area_cannot_lie_in_itself() -> None:
    own = Define(code="s9", name="自环街道", level=Level.STREET, parent="s9")
    COMMUNITY.when(ADMIN, own).refused("no_such_parent")


@pytest.mark.parametrize("level", [Level.CITY, Level.DISTRICT, Level.STREET, Level.COMMUNITY])
def test_a_larger_area_cannot_lie_in_a_smaller_one(level: Level) -> None:
    turned = Define(code="x1", name="倒置", level=level, parent="c1")
    COMMUNITY.when(ADMIN, turned).refused("upside_down")


@pytest.mark.parametrize(
    ("below", "above"), [(Level.GRID, Level.ESTATE), (Level.ESTATE, Level.GRID)]
)
def test_grids_and_estates_may_lie_in_each_other(below: Level, above: Level) -> None:
    outer = COMMUNITY.when(ADMIN, Define(code="g1", name="外", level=above, parent="c1"))
    inner = outer.when(ADMIN, Define(code="g2", name="内", level=below, parent="g1"))
    assert tree(inner).areas["g2"].parent == "g1"


def test_a_renamed_area_keeps_its_code_and_counts_in_itself() -> None:
    renamed = COMMUNITY.when(ADMIN, Rename(code="c1", name="文献路社区"))
    renamed.then(AreaRenamed(about=About(area="c1"), code="c1", name="文献路社区"))
    assert tree(renamed).areas["c1"].name == "文献路社区"
    assert tree(renamed).areas["c1"].level is Level.COMMUNITY


def test_what_is_not_on_the_map_cannot_be_renamed() -> None:
    COMMUNITY.when(ADMIN, Rename(code="c9", name="某社区")).refused("no_such_area")


def test_only_those_who_keep_the_map_change_it() -> None:
    COMMUNITY.when(WORKER, Rename(code="c1", name="某社区")).refused("not_yours")


def test_an_area_may_be_entered_later_than_one_that_came_after_it() -> None:
    late = COMMUNITY.later(hours=8)
    grid = Define(
        code="g1",
        name="第一网格",
        level=Level.GRID,
        parent="c1",
        occurred_at=COMMUNITY.now,
    )
    late.when(ADMIN, Rename(code="s1", name="镇海")).later(hours=1).when(ADMIN, grid).recorded(
        "area.defined"
    )


def test_a_name_is_one_line_without_markup() -> None:
    for name in ("", " 前空格", "<b>粗</b>", "两\n行", "长" * 81):
        with pytest.raises(ValidationError):
            Rename(code="c1", name=name)


def test_a_correction_of_a_name_is_seen_on_the_map() -> None:
    put_right = COMMUNITY.when(
        ADMIN, Correct(revision=3, changes={"name": "文献里"}, reason=CorrectionReason.TYPING)
    )
    assert tree(put_right).areas["c1"].name == "文献里"


def test_a_correction_that_would_lose_children_is_refused() -> None:
    recoded = Correct(
        revision=2,
        changes={"code": "s7"},
        dimensions=Dimensions(area="s7"),
        reason=CorrectionReason.TYPING,
    )
    COMMUNITY.when(ADMIN, recoded).refused("rest_breaks")


def test_a_correction_cannot_make_a_circle() -> None:
    circle = Correct(revision=2, changes={"parent": "c1"}, reason=CorrectionReason.TYPING)
    COMMUNITY.when(ADMIN, circle).refused("rest_breaks")


def test_an_area_with_areas_below_it_cannot_be_taken_back() -> None:
    COMMUNITY.when(ADMIN, Void(revision=2, reason=VoidReason.DOUBLE)).refused("rest_breaks")
    gone = COMMUNITY.when(ADMIN, Void(revision=3, reason=VoidReason.DOUBLE))
    assert set(tree(gone).areas) == {"d1", "s1"}


def test_a_map_taken_back_whole_can_be_begun_again() -> None:
    empty = DISTRICT.when(ADMIN, Void(revision=1, reason=VoidReason.DOUBLE))
    assert empty.state is None
    again = empty.when(ADMIN, Define(code="d1", name="荔城区", level=Level.DISTRICT))
    assert set(tree(again).areas) == {"d1"}


# --- redrawing ------------------------------------------------------------------------------------

GRIDS = COMMUNITY
for _code, _level, _parent in (
    ("g1", Level.GRID, "c1"),
    ("g2", Level.GRID, "c1"),
    ("c2", Level.COMMUNITY, "s1"),
    ("c3", Level.COMMUNITY, "s1"),
):
    GRIDS = GRIDS.when(ADMIN, Define(code=_code, name=_code, level=_level, parent=_parent))
DIVIDED = GRIDS.when(
    ADMIN, Redraw(code="c1", into=(Share(code="c2", areas=("g1",)), Share(code="c3")))
)


def test_an_area_is_divided_and_its_rest_goes_into_one() -> None:
    redrawn = DIVIDED.facts[-1]
    assert isinstance(redrawn, AreaRedrawn)
    assert (redrawn.about.area, redrawn.level) == ("c1", Level.COMMUNITY)
    areas = tree(DIVIDED).areas
    assert [areas[code].parent for code in ("g1", "g2", "c1")] == ["c2", "c3", "s1"]
    assert areas["c1"].gone_into == "c3"


def test_an_area_that_gives_a_part_away_goes_on() -> None:
    part = GRIDS.when(ADMIN, Redraw(code="c1", into=(Share(code="c2", categories=("repair",)),)))
    assert tree(part).areas["c1"].gone_into is None
    whole = part.when(ADMIN, Redraw(code="c1", into=(Share(code="c3", areas=("g2",)),)))
    assert tree(whole).areas["g2"].parent == "c3"


@pytest.mark.parametrize(
    ("code", "into", "refusal"),
    [
        ("c9", [Share(code="c2")], "no_such_area"),
        ("c1", [Share(code="c9")], "no_such_area"),
        ("c1", [Share(code="c2"), Share(code="c3")], "one_rest"),
        ("c1", [Share(code="c2", areas=("g1",)), Share(code="c3", areas=("g1",))], "named_twice"),
        ("c1", [Share(code="c2", areas=("c3",))], "not_in_it"),
        ("c1", [Share(code="c1")], "not_into_itself"),
        ("s1", [Share(code="c2")], "not_into_itself"),
        ("c1", [Share(code="g1", areas=("g2",))], "not_into_itself"),
    ],
)
def test_a_redraw_leaves_no_tear(code: str, into: list[Share], refusal: str) -> None:
    GRIDS.when(ADMIN, Redraw(code=code, into=tuple(into))).refused(refusal)


def test_what_is_gone_takes_no_further_part() -> None:
    late = Define(code="g9", name="新网格", level=Level.GRID, parent="c1")
    DIVIDED.when(ADMIN, late).refused("gone")
    DIVIDED.when(ADMIN, Redraw(code="c1", into=(Share(code="c2"),))).refused("gone")
    DIVIDED.when(ADMIN, Redraw(code="c2", into=(Share(code="c1"),))).refused("gone")


def test_only_who_keeps_the_map_redraws_it() -> None:
    DIVIDED.when(WORKER, Redraw(code="c2", into=(Share(code="c3"),))).refused("not_yours")
