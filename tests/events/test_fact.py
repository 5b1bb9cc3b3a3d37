"""What every fact carries, and which of its fields stand in plain columns."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from events.clock import Instant, instant_of, micros
from events.fact import (
    About,
    Books,
    Coded,
    Counted,
    Fact,
    LocalDay,
    Member,
    Provenance,
    Quantity,
    Shape,
    counted,
)
from events.ports import EntryColumns

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = instant_of("2018-03-01T00:30:00+08:00")


class Taught(Fact):
    fact = "class.taught"
    version = 2

    hours: Annotated[int, Quantity]
    guests: Annotated[int | None, Quantity] = None
    teacher: Annotated[str, Member]
    subject: Annotated[str, Coded]
    note: str | None = None


class Opened(Fact):
    fact = "issue.opened"

    due: Annotated[Instant | None, Quantity] = None
    opened_on: Annotated[date | None, LocalDay] = None


def test_the_shape_names_the_counted_fields_in_order() -> None:
    assert Taught.shape() == Shape(
        fact="class.taught",
        version=2,
        quantities=("hours", "guests"),
        members=("teacher",),
        codes=("subject",),
        day=None,
        fields=("hours", "guests", "teacher", "subject", "note"),
    )
    assert Opened.shape().day == "opened_on"


@pytest.mark.parametrize("mark", [Quantity, Member, Coded])
def test_a_third_counted_field_of_one_sort_is_refused_with_the_class(mark: object) -> None:
    fields = dict.fromkeys(("a", "b", "c"), Annotated[int, mark])
    with pytest.raises(TypeError, match=r"Greedy marks \['a', 'b', 'c'\] .* at most 2"):
        type("Greedy", (Fact,), {"__annotations__": fields, "fact": "greedy.done"})


def test_a_second_local_day_is_refused_with_the_class() -> None:
    fields = dict.fromkeys(("a", "b"), Annotated[date, LocalDay])
    with pytest.raises(TypeError, match="at most 1"):
        type("Twice", (Fact,), {"__annotations__": fields, "fact": "twice.done"})


def test_absent_fields_are_left_out_of_the_data() -> None:
    fact = Taught(about=About(area="c1"), hours=2, teacher="p1", subject="music")
    assert fact.data() == {"hours": 2, "teacher": "p1", "subject": "music"}


def test_a_fact_is_frozen_and_knows_no_other_fields() -> None:
    fact = Taught(about=About(area="c1"), hours=2, teacher="p1", subject="music")
    with pytest.raises(ValidationError, match="frozen"):
        fact.hours = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="extra"):
        Taught.model_validate({**fact.model_dump(), "mood": "good"})


def test_about_is_required_and_its_codes_are_checked() -> None:
    with pytest.raises(ValidationError, match="about"):
        Opened.model_validate({})
    with pytest.raises(ValidationError, match="area"):
        About(area="Licheng/C1")


def test_dimensions_are_changed_and_checked_again() -> None:
    about = About(area="c1", unit="u1", books=Books(team="t1"))
    moved = about.at(unit=None, area="c2", provenance="import")
    assert moved == About(area="c2", books=Books(team="t1"), provenance=Provenance.IMPORT)
    assert about.area == "c1"
    with pytest.raises(ValidationError):
        about.at(area="no such place")


def test_columns_hold_what_is_counted_and_empty_marks_for_the_rest() -> None:
    about = About(area="c1", unit="u1", category="repair", books=Books(home_unit="h1", team="t1"))
    fact = Taught(about=about, hours=2, teacher="p1", subject="music")
    columns = counted(
        Taught.shape(), about.model_dump(mode="json", exclude_none=True), fact.data(), AT, SHANGHAI
    )
    assert columns == Counted(
        fact="class.taught",
        area="c1",
        unit="u1",
        category="repair",
        variant="",
        provenance="self",
        home_unit="h1",
        team="t1",
        home_community="",
        paired_community="",
        code_1="music",
        code_2="",
        member_1="p1",
        member_2="",
        quantity_1=2,
        quantity_2=0,
        occurred_at=micros(AT),
        day=(date(2018, 3, 1) - date(1970, 1, 1)).days,
    )


def test_the_day_is_local_and_a_fact_may_say_another() -> None:
    about = {"area": "c1"}
    said = counted(Opened.shape(), about, {"opened_on": "2018-02-27"}, AT, SHANGHAI)
    assert said.day == (date(2018, 2, 27) - date(1970, 1, 1)).days
    abroad = counted(Opened.shape(), about, {}, AT, ZoneInfo("America/New_York"))
    assert abroad.day == (date(2018, 2, 28) - date(1970, 1, 1)).days


def test_an_instant_that_is_counted_stands_as_microseconds() -> None:
    columns = counted(
        Opened.shape(), {"area": "c1"}, {"due": "2018-03-01T00:00:00.000000Z"}, AT, SHANGHAI
    )
    assert columns.quantity_1 == 1_519_862_400_000_000


def test_the_columns_of_a_scan_are_those_of_an_entry() -> None:
    fields = list(EntryColumns.__dataclass_fields__)
    assert fields == ["position", "sign", *Counted._fields]


class Agreed(BaseModel):
    model_config = ConfigDict(frozen=True)

    most: int = 7
    open: bool = True
    until: date | None = None
    ways: tuple[str, ...] | str = "any"
    words: dict[str, str] | None = None


class Begun(Fact):
    fact = "class.begun"

    agreed: Agreed


@pytest.mark.parametrize(
    ("agreed", "plain"),
    [
        (Agreed(), True),
        (Agreed(until=date(2018, 3, 1)), True),
        (Agreed(ways=("a", "b")), False),
        (Agreed(words={"a": "b"}), False),
        (Agreed(most=2**53), False),
    ],
    ids=["texts and numbers", "a day", "a list", "a mapping", "too large"],
)
def test_a_value_in_a_fact_is_written_as_pydantic_writes_it(agreed: Agreed, plain: bool) -> None:
    fact = Begun(about=About(area="a1"), agreed=agreed)
    whole = fact.model_dump(mode="json", exclude={"about"}, exclude_none=True)
    assert (fact.plain_data() is not None) is plain
    assert fact.data() == whole
    fact.data()["agreed"].clear()  # nobody else's is touched
    assert fact.data() == whole
