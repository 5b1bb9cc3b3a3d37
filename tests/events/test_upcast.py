"""Old versions of facts are read as if they had been written today."""

from __future__ import annotations

from typing import Any

import pytest

from events.errors import Broken
from events.upcast import Upcasters


def with_hours(data: dict[str, Any]) -> dict[str, Any]:
    return {"minutes": data["hours"] * 60}


def with_place(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "place": "hall"}


@pytest.fixture
def upcasters() -> Upcasters:
    made = Upcasters()
    made.add("deed.done", 1, with_hours)
    made.add("deed.done", 2, with_place)
    return made


def test_steps_run_in_a_chain(upcasters: Upcasters) -> None:
    read = upcasters.read("deed.done", 1, 3, {"hours": 2})
    assert read == {"minutes": 120, "place": "hall"}
    assert upcasters.read("deed.done", 2, 3, {"minutes": 5}) == {"minutes": 5, "place": "hall"}


def test_the_current_version_is_left_as_it_is(upcasters: Upcasters) -> None:
    data = {"minutes": 5}
    assert upcasters.read("deed.done", 3, 3, data) is data
    assert upcasters.read("other.done", 1, 1, data) is data


def test_stored_data_are_not_changed(upcasters: Upcasters) -> None:
    data = {"hours": 2}
    upcasters.read("deed.done", 1, 3, data)
    assert data == {"hours": 2}


def test_a_missing_step_is_said(upcasters: Upcasters) -> None:
    with pytest.raises(Broken, match=r"no upcaster leads deed.done from version 3 on"):
        upcasters.read("deed.done", 1, 4, {"hours": 2})


def test_a_fact_newer_than_the_program_is_refused(upcasters: Upcasters) -> None:
    with pytest.raises(Broken, match=r"written as version 4, and this program knows 3"):
        upcasters.read("deed.done", 4, 3, {})


def test_two_steps_for_one_version_are_a_mistake(upcasters: Upcasters) -> None:
    with pytest.raises(AssertionError, match="two upcasters"):
        upcasters.add("deed.done", 1, with_hours)
