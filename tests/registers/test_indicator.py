"""Indicators: what a number means from a day on, and the figures that nobody could count."""

from __future__ import annotations

from datetime import date
from typing import Any

from events.fact import About
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, story
from services.kernel.words import Actor
from services.registers.indicator import (
    WORKFLOW,
    Define,
    FigurePublished,
    Indicator,
    IndicatorRetired,
    Precision,
    PublishFigure,
    Redefine,
    Retire,
    RetireReason,
    Says,
    Sort,
)

STREET = Actor("s1", roles=frozenset({"street"}))
COMMUNITY = Actor("k1", roles=frozenset({"community"}))
RESIDENT = Actor("p1", roles=frozenset({"resident"}))

RATE = {
    "code": "fees-paid",
    "name": "费用收缴率",
    "area": "d1",
    "effective_on": "2018-01-01",
    "sort": "rate",
    "window": "year",
    "says": "reported",
    "measure_word": "%",
    "numerator": "households_paid",
    "denominator": "households_due",
    "targets": [9000],
}
NEW = story(
    entry_of(WORKFLOW, is_register=True),
    stream="indicator/fees-paid",
    registers=Registers(areas=frozenset({"d1"})),
)


def define(**changes: Any) -> Define:
    return Define.model_validate({**RATE, **changes})


def redefine(**changes: Any) -> Redefine:
    own = {name: one for name, one in RATE.items() if name not in ("code", "name", "area")}
    return Redefine.model_validate({**own, **changes})


YEAR = {"from_on": date(2018, 1, 1), "to_on": date(2018, 12, 31)}
IN_USE = NEW.when(STREET, define())
FIGURE = PublishFigure(value=9100, asked=400, precision=Precision.AT_LEAST, **YEAR)
PUBLISHED = IN_USE.when(COMMUNITY, FIGURE)


def test_its_code_is_its_stream_and_says_what_it_means() -> None:
    assert WORKFLOW.id_of(define(), STREET) == "fees-paid"
    data = IN_USE.events[0].content["data"]
    assert (data["sort"], data["window"], data["says"]) == ("rate", "year", "reported")
    assert (data["numerator"], data["denominator"]) == ("households_paid", "households_due")
    assert data["targets"] == [9000]
    NEW.when(RESIDENT, define()).refused("not_yours")


def test_a_rate_is_of_two_and_a_change_of_a_baseline() -> None:
    NEW.when(STREET, define(denominator=None)).refused("rate_of_two")
    NEW.when(STREET, define(sort="change")).refused("needs_baseline")
    NEW.when(STREET, define(sort="change", baseline=7200)).recorded("indicator.defined")


def test_a_figure_is_put_out_with_its_denominator_and_precision() -> None:
    PUBLISHED.then(
        FigurePublished(
            about=About(area="d1"),
            sort=Sort.RATE,
            precision=Precision.AT_LEAST,
            value=9100,
            asked=400,
            **YEAR,
        )
    )
    assert FigurePublished.shape().quantities == ("value", "asked")


def test_there_is_no_rate_of_a_few() -> None:
    IN_USE.when(COMMUNITY, FIGURE.model_copy(update={"asked": 9})).refused("too_few")
    IN_USE.when(COMMUNITY, FIGURE.model_copy(update={"asked": None})).refused("too_few")
    plain = NEW.when(STREET, define(sort="count"))
    plain.when(COMMUNITY, FIGURE.model_copy(update={"asked": None})).recorded(
        "indicator.figure_published"
    )


def test_one_figure_for_a_period() -> None:
    PUBLISHED.when(STREET, FIGURE).refused("published_already")
    back = {"from_on": date(2018, 12, 31), "to_on": date(2018, 1, 1)}
    PUBLISHED.when(STREET, PublishFigure(value=1, asked=10, **back)).refused("period_reversed")


def test_another_definition_holds_from_a_later_day() -> None:
    PUBLISHED.when(STREET, redefine(effective_on="2018-01-01")).refused("not_after")
    PUBLISHED.when(STREET, redefine(effective_on="2019-01-01", numerator=None)).refused(
        "rate_of_two"
    )
    anew = PUBLISHED.when(STREET, redefine(effective_on="2019-01-01", says="verified"))
    assert isinstance(anew.state, Indicator)
    before, after = anew.state.on(date(2018, 12, 31)), anew.state.on(date(2019, 1, 1))
    assert before is not None
    assert after is not None
    assert (before.says, after.says) == (Says.REPORTED, Says.VERIFIED)
    assert anew.state.on(date(2017, 12, 31)) is None


def test_no_figure_is_older_than_what_it_means() -> None:
    old = {"from_on": date(2017, 1, 1), "to_on": date(2017, 12, 31)}
    IN_USE.when(STREET, PublishFigure(value=1, asked=10, **old)).refused("not_defined_then")


def test_a_retired_indicator_keeps_its_figures() -> None:
    gone = PUBLISHED.when(STREET, Retire(reason=RetireReason.MISLEADING))
    gone.then(
        IndicatorRetired(about=About(area="d1"), sort=Sort.RATE, reason=RetireReason.MISLEADING)
    )
    assert isinstance(gone.state, Indicator)
    assert gone.state.published
    gone.when(STREET, FIGURE).refused("not_now")
