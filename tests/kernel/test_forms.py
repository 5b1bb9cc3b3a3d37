"""Forms are read from the types."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel

from services.kernel.forms import FormField, form_of
from services.kernel.records import Extend
from services.kernel.words import Count, Help, Label, Satisfaction
from services.workflows.order import Deliver, Place


def field(model: type[BaseModel], name: str) -> FormField:
    return next(one for one in form_of(model) if one.name == name)


def test_a_choice_has_its_values_labels_and_default() -> None:
    channel = field(Place, "channel")
    assert (channel.type, channel.required, channel.default) == ("choice", False, "window")
    assert channel.choices[0] == ("window", Label("窗口", "Window"))
    assert channel.label == Label("渠道", "Channel")


def test_a_number_has_its_limits_and_the_outermost_label() -> None:
    people = field(Deliver, "beneficiaries")
    assert (people.type, people.minimum, people.maximum) == ("whole", 0, 1_000_000)
    assert people.label.zh == "受益人次"
    output = field(Deliver, "output")
    assert (output.type, output.required, output.maximum) == ("whole", False, 1_000_000)


def test_an_instant_a_code_and_their_examples() -> None:
    assert field(Extend, "until").type == "instant"
    requester = field(Place, "requester")
    assert (requester.type, requester.example, requester.label.zh) == ("code", "p1", "诉求人")


class Item(BaseModel):
    """One of several."""

    much: Annotated[Count, Label("数量", "How much"), Help("整数", "A whole number")]


class Several(BaseModel):
    """A list, a group and a flag."""

    items: Annotated[list[Item], Label("条目", "Items")]
    one: Annotated[Item | None, Label("一条", "One")] = None
    sure: Annotated[bool, Label("确定", "Sure")] = False
    how: Satisfaction | None = None


def test_lists_groups_and_flags() -> None:
    assert [one.type for one in form_of(Several)] == ["list", "group", "flag", "choice"]
    inner = field(Several, "items").fields[0]
    assert (inner.name, inner.label.en, inner.required) == ("much", "How much", True)
    assert inner.help == Help("整数", "A whole number")
    assert field(Several, "how").label.zh == "满意度"
