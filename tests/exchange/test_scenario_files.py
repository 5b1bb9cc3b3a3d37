"""What a scenario file may say, and how it is told what is wrong with one."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from events.errors import Invalid, Unknown
from services.exchange.scenarios import rows
from services.exchange.scenarios.cast import areas_of, people_of, units_of
from services.exchange.scenarios.form import Scenario, later, who_of
from services.exchange.scenarios.reading import read
from services.exchange.scenarios.rows import of_file, report, row, shown
from services.kernel.catalogue import discover

ROOT = Path(__file__).parents[2]
STEP = '{ at = "2018-03-01T09:00", as = "community", do = "order.place", save = "o" }'
THEN = '{ facts = "o", are = ["order.placed"] }'


def written(folder: Path, steps: str = STEP, then: str = THEN, more: str = "") -> Path:
    path = folder / "mine.toml"
    path.write_text(
        f'[[scenario]]\nid = "x-1"\n{more}\nsteps = [{steps}]\nthen = [{then}]\n', encoding="utf-8"
    )
    return path


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    (one,) = read(written(tmp_path)).scenarios
    assert one.id == "x-1"
    assert one.steps[0].kind == "order"
    assert one.steps[0].command == "place"
    assert one.home == "root"


@pytest.mark.parametrize(
    ("steps", "then", "where", "hint"),
    [
        (STEP.replace("save", "safe"), THEN, "x-1, step 1", "did you mean save"),
        (STEP.replace("community", "comunity"), THEN, "x-1, step 1", "did you mean community"),
        (STEP.replace("order.place", "order place"), THEN, "x-1, step 1", "kind.command"),
        (STEP.replace('at = "2018-03-01T09:00", ', ""), THEN, "x-1, step 1", "`at`"),
        (STEP.replace("09:00", "25:00"), THEN, "x-1, step 1", "is no time"),
        (STEP.replace("2018-03-01T09:00", "+1h"), THEN, "x-1, step 1", "`at`"),
        ('{ at = "2018-03-01", on = "o" }', THEN, "x-1, step 1", "`do`"),
        (STEP.replace("as =", "refused = 'no', as ="), THEN, "x-1, step 1", "`save`"),
        (STEP, THEN.replace('"o"', '"oo"'), "x-1, then 1", "did you mean o"),
        (STEP, '{ facts = "o" }', "x-1, then 1", "`are`"),
        (STEP, '{ counter = "orders_placed" }', "x-1, then 1", "`is`"),
        (STEP, '{ conter = "orders_placed" }', "x-1, then 1", "facts, fact, counter"),
        (STEP, '{ counter = "c", is = 1, untt = "u1" }', "x-1, then 1", "did you mean unit"),
        (STEP, '{ counter = "c", is = 1, by = ["unit"] }', "x-1, then 1", "`key`"),
        (STEP, "", "x-1", "`then`"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, steps: str, then: str, where: str, hint: str
) -> None:
    with pytest.raises(Invalid) as found:
        read(written(tmp_path, steps, then))
    assert found.value.detail.startswith(f"mine.toml, {where}")
    assert hint in found.value.detail


def test_a_case_is_spoken_of_only_after_it_was_saved(tmp_path: Path) -> None:
    later_step = '{ as = "street", do = "order.cancel", on = "o", with = { of = ["$p.stream"] } }'
    with pytest.raises(Invalid, match=r'step 2: no case was saved as "p".*saved before it: o'):
        read(written(tmp_path, f"{STEP}, {later_step}"))


def test_two_scenarios_may_not_have_one_id(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")
    with pytest.raises(Invalid, match="x-1 stands here twice"):
        read(path)


def test_what_is_out_says_why(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="left_out"):
        read(written(tmp_path, "", "", 'state = "out"'))
    (one,) = read(
        written(tmp_path, "", "", 'state = "out"\nleft_out = { zh = "因", en = "why" }')
    ).scenarios
    assert one.state == "out"


@pytest.mark.parametrize("text", ["[[scenario]\n", "[other]\nx = 1\n", ""])
def test_what_is_no_scenario_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match=r"mine\.toml"):
        read(path)


def test_who_acts_is_read_from_one_word() -> None:
    assert who_of("community") == (("community",), "community", None, None)
    assert who_of("worker+resident:w9@u2/c1") == (("worker", "resident"), "w9", "u2", "c1")


@pytest.mark.parametrize("text", ["", "Worker", "worker@", "worker:w 9", "handler"])
def test_a_word_that_names_nobody_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^as: "):
        who_of(text)


def test_times_count_from_the_step_before() -> None:
    assert later("+90m") == timedelta(minutes=90)
    assert later("+2w") == timedelta(weeks=2)
    assert later("2018-03-01") is None


def test_areas_are_made_from_the_top_down_with_a_level_by_their_depth() -> None:
    told = {
        "areas": {
            "g1": "c1",
            "c1": "s1",
            "s1": "d1",
            "e1": {"parent": "c1", "level": "estate", "name": "玉湖"},
        }
    }
    made = dict(areas_of(Scenario.model_validate({"id": "x", **told})))
    assert next(iter(made)) == "d1"
    assert made["d1"] == {"code": "d1", "name": "d1", "level": "district"}
    assert made["c1"]["level"] == "community"
    assert made["g1"]["level"] == "grid"
    assert made["e1"] == {"code": "e1", "name": "玉湖", "level": "estate", "parent": "c1"}


def test_units_and_people_are_made_where_they_are_named() -> None:
    one = Scenario.model_validate(
        {
            "id": "x",
            "areas": {"c1": "root", "c2": "root"},
            "units": {"u1": "c2", "u2": {"org_kind": "new_org"}},
            "people": {"m1": "u3", "m2": {"affiliation": "volunteer"}},
            "steps": [
                {
                    "at": "2018-03-01",
                    "as": "worker@u4",
                    "do": "order.dispatch",
                    "with": {"unit": "u5"},
                }
            ],
        }
    )
    units = dict(units_of(one, discover()))
    assert set(units) == {"u1", "u2", "u3", "u4", "u5"}
    assert (units["u1"]["area"], units["u3"]["area"]) == ("c2", "c1")
    assert units["u2"]["org_kind"] == "new_org"
    people = dict(people_of(one))
    assert people["m1"]["home_unit"] == "u3"
    assert people["m2"]["affiliation"] == "volunteer"


def test_a_row_without_a_scenario_is_told_as_missing() -> None:
    found = shown(())
    assert all(one.state is None for one in found.values())
    answer = report(found.values(), "en")
    assert (answer["works"], answer["out"], answer["passed"], answer["of"]) == (0, 0, 0, 176)
    assert answer["rows"][0] == {
        "id": "S0-01",
        "name": "District leading group",
        "kind": "seat, org",
        "state": None,
        "left_out": None,
        "scenario": None,
        "passed": None,
        "seconds": None,
    }


def test_a_scenario_of_ones_own_speaks_for_itself(tmp_path: Path) -> None:
    (one,) = of_file(read(written(tmp_path, more='title = "楼道灯"'))).values()
    told = one.json("zh")
    assert (told["name"], told["kind"], told["scenario"]) == ("楼道灯", "order", "mine.toml")


def test_a_scenario_that_is_no_mechanism_does_not_stand_among_them(tmp_path: Path) -> None:
    with pytest.raises(Unknown, match="no mechanism x-1"):
        shown([written(tmp_path)])


def test_a_mechanism_is_found_by_its_id() -> None:
    assert row("s0-26").id == "S0-26"
    with pytest.raises(Unknown, match="did you mean S0-26"):
        row("S0-266")


def test_every_row_names_kinds() -> None:
    assert all(one.kinds and one.label.zh and one.label.en for one in rows.rows().values())


def test_a_wheel_has_the_scenarios_of_the_mechanisms() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    room = rows.SHIPPED.relative_to(ROOT).as_posix()
    assert shipped == {
        path.relative_to(ROOT).as_posix(): f"{room}/{path.name}" for path in rows.files()
    }
