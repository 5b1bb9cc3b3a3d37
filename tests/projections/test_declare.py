"""A declaration that does not fit the facts is refused at start, with the nearest name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from events.errors import Invalid, Unknown
from events.fact import Shape
from projections.counters import COUNTERS, HEADLINES
from projections.declare import Counter, Measure, check, dimension_of
from projections.strands import strands
from services.kernel.catalogue import discover
from tests.projections.toys import COUNTERS as TOY_COUNTERS
from tests.projections.toys import SHAPES

GOOD = Counter("services", "服务", "Services", on=("service.done",))
RATIO = Counter(
    "rate", "率", "Rate", measure=Measure.RATIO, numerator="services", denominator="services"
)


def test_every_public_number_fits_the_facts_there_are() -> None:
    by_name = check(COUNTERS, discover().shapes)
    assert len(by_name) == len(COUNTERS)
    assert set(HEADLINES) <= set(by_name)
    assert all(counter.zh and counter.en and counter.word for counter in COUNTERS)
    labels = [counter.zh for counter in COUNTERS]
    assert {label for label in labels if labels.count(label) > 1} == set()


@pytest.mark.parametrize(
    ("broken", "nearest"),
    [
        (replace(GOOD, on=("service.don",)), "service.done"),
        (replace(GOOD, where={"timin": "night"}), "timing"),
        (replace(GOOD, measure=Measure.SUM, of="beneficiary"), "beneficiaries"),
        (replace(GOOD, measure=Measure.DISTINCT, of="workers"), "worker"),
        (replace(GOOD, on=("issue.closed",), late="due_att"), "due_at"),
        (replace(RATIO, numerator="service"), "services"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(broken: Counter, nearest: str) -> None:
    with pytest.raises(Unknown) as refused:
        check([GOOD, replace(broken, name="broken")], SHAPES)
    assert refused.value.nearest == nearest


@pytest.mark.parametrize(
    "broken",
    [
        replace(GOOD, on=()),
        replace(GOOD, measure=Measure.SUM),
        replace(GOOD, measure=Measure.DURATION),
        replace(GOOD, down_on=("service.done",)),
        replace(GOOD, where={"weather": "rain"}),
        replace(GOOD, measure=Measure.SUM, of="worker"),
        replace(GOOD, measure=Measure.DISTINCT, of="minutes"),
        replace(RATIO, numerator=None),
        replace(RATIO, numerator="rate"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(broken: Counter) -> None:
    with pytest.raises(Invalid):
        check([GOOD, replace(RATIO, name="rate"), replace(broken, name="broken")], SHAPES)


def test_two_counters_of_one_name_are_refused() -> None:
    with pytest.raises(Invalid):
        check([GOOD, GOOD], SHAPES)


def test_facts_laid_out_alike_share_a_strand() -> None:
    members = next(counter for counter in TOY_COUNTERS if counter.name == "members")
    found = {strand.value: dict(strand.weights) for strand in strands(members, SHAPES)}
    assert found == {"member_1": {"service.done": 1, "post.claimed": 1, "issue.closed": 1}}


def test_a_declaration_never_means_a_free_label_of_the_same_name() -> None:
    labelled = Shape("thing.done", fields=("labels",))
    shapes = {
        "thing.done": labelled,
        "thing.undone": Shape("thing.undone", codes=("after",), fields=("after",)),
    }
    assert dimension_of(labelled, "after") == "label:after"
    counter = Counter(
        "open", "开", "Open", on=("thing.done", "thing.undone"), unless={"after": "reply"}
    )
    check([counter], shapes)
    assert not any(strand.labels for strand in strands(counter, shapes))
