"""Rules: one thing each, in versions with their own first day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from events.fact import About
from services.facts.rule_words import LimitRule
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor
from services.registers.rule import (
    WORKFLOW,
    Publish,
    Revise,
    Rule,
    RulePublished,
    RuleWithdrawn,
    Subject,
    Withdraw,
)

ADMIN = Actor("admin", roles=frozenset({"administrator"}))
COMMUNITY = Actor("k1", roles=frozenset({"community"}))
ONE_HOUR = LimitRule(seconds=3_600)
TWO_HOURS = LimitRule(seconds=7_200, working=True)
SPRING, SUMMER, AUTUMN = date(2018, 3, 1), date(2018, 6, 1), date(2018, 9, 1)

LAY_DOWN = Publish(code="order.accept", area="d1", effective_on=SPRING, limit=ONE_HOUR)
NEW = story(
    entry_of(WORKFLOW, is_register=True),
    stream="rule/order.accept",
    registers=Registers(areas=frozenset({"d1"})),
)
IN_FORCE = NEW.when(ADMIN, LAY_DOWN)
REVISED = IN_FORCE.when(ADMIN, Revise(effective_on=SUMMER, limit=TWO_HOURS))
WITHDRAWN = REVISED.when(ADMIN, Withdraw(effective_on=AUTUMN))


def limit_on(told: Story, day: date) -> LimitRule | None:
    assert isinstance(told.state, Rule)
    version = told.state.on(day)
    return version.limit if version else None


def test_its_code_is_its_stream() -> None:
    assert WORKFLOW.id_of(LAY_DOWN, ADMIN) == "order.accept"


def test_a_rule_says_what_it_is_about() -> None:
    IN_FORCE.then(
        RulePublished(
            about=About(area="d1"),
            code="order.accept",
            subject=Subject.LIMIT,
            effective_on=SPRING,
            limit=ONE_HOUR,
        )
    )
    assert IN_FORCE.events[0].content["data"] == {
        "code": "order.accept",
        "subject": "limit",
        "effective_on": "2018-03-01",
        "limit": {"seconds": 3600, "working": False},
    }


def test_each_version_holds_from_its_own_day() -> None:
    assert limit_on(REVISED, date(2018, 2, 28)) is None
    assert limit_on(REVISED, SPRING) == ONE_HOUR
    assert limit_on(REVISED, date(2018, 5, 31)) == ONE_HOUR
    assert limit_on(REVISED, SUMMER) == TWO_HOURS


def test_a_withdrawn_rule_held_before_and_holds_no_more() -> None:
    WITHDRAWN.then(
        RuleWithdrawn(about=About(area="d1"), subject=Subject.LIMIT, effective_on=AUTUMN)
    )
    assert limit_on(WITHDRAWN, date(2018, 8, 31)) == TWO_HOURS
    assert limit_on(WITHDRAWN, AUTUMN) is None
    WITHDRAWN.when(ADMIN, Revise(effective_on=date(2019, 1, 1), limit=ONE_HOUR)).refused("not_now")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"limit": {"seconds": 60}, "calendar": {"free": ["2018-10-01"]}},
        {"numbers": {"numbers": {"day": 15}}, "limit": {"seconds": 60}},
    ],
)
def test_a_rule_fixes_exactly_one_thing(content: dict[str, Any]) -> None:
    both = Publish.model_validate(
        {"code": "order.accept", "area": "d1", "effective_on": "2018-03-01", **content}
    )
    NEW.when(ADMIN, both).refused("one_content")


def test_a_revision_stays_with_its_subject() -> None:
    other = Revise.model_validate(
        {"effective_on": "2018-06-01", "calendar": {"free": ["2018-10-01"]}}
    )
    IN_FORCE.when(ADMIN, other).refused("other_subject")


@pytest.mark.parametrize("day", [SPRING, date(2017, 1, 1)])
def test_versions_follow_each_other(day: date) -> None:
    IN_FORCE.when(ADMIN, Revise(effective_on=day, limit=TWO_HOURS)).refused("not_after")
    IN_FORCE.when(ADMIN, Withdraw(effective_on=day)).refused("not_after")


def test_a_calendar_holds_days_once_and_in_order() -> None:
    calendar = Publish.model_validate(
        {
            "code": "calendar.2018",
            "area": "d1",
            "effective_on": "2018-01-01",
            "calendar": {"free": ["2018-10-02", "2018-10-01", "2018-10-02"]},
        }
    )
    data = NEW.when(ADMIN, calendar).events[0].content["data"]
    assert data["calendar"] == {"free": ["2018-10-01", "2018-10-02"], "worked": []}
    assert data["subject"] == "calendar"


def test_a_template_holds_terms_and_wordings() -> None:
    template = {
        "kind": "claim",
        "variant": "wish",
        "title": {"zh": "微心愿", "en": "Micro-wish"},
        "terms": {"item_type": "wish", "places_max": 1, "verified_first": True},
        "says": {"claim.item_fulfilled": {"zh": "已实现", "en": "Fulfilled"}},
    }
    laid_down = Publish.model_validate(
        {
            "code": "template.claim.wish",
            "area": "d1",
            "effective_on": "2018-01-01",
            "template": template,
        }
    )
    told = NEW.when(ADMIN, laid_down)
    assert told.events[0].content["data"]["template"] == template
    assert isinstance(told.state, Rule)
    assert told.state.subject is Subject.TEMPLATE


@pytest.mark.parametrize(
    "numbers", [{"day": 1.5}, {"Day of month": 15}, {"day": "the fifteenth, as a rule"}]
)
def test_numbers_are_whole_and_closed(numbers: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Publish.model_validate(
            {
                "code": "theme_day",
                "area": "d1",
                "effective_on": "2018-01-01",
                "numbers": {"numbers": numbers},
            }
        )


def test_only_an_administrator_lays_down_rules() -> None:
    NEW.when(COMMUNITY, LAY_DOWN).refused("not_yours")
