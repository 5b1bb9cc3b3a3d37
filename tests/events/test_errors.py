"""The tree of refusals: drawn on top of the file, and true."""

from __future__ import annotations

import re

import pytest

from events import errors
from events.errors import JishiError

DRAWN = re.compile(r"^[ │├└─]*─ (?P<name>\w+) +.*?(?P<status>\d{3})?$", re.MULTILINE)


def below(root: type[JishiError]) -> list[type[JishiError]]:
    """A class and all below it, as the program sees them."""
    return [root, *(each for child in root.__subclasses__() for each in below(child))]


def ours() -> list[type[JishiError]]:
    return [each for each in below(JishiError) if each.__module__ == "events.errors"]


def drawn() -> dict[str, str | None]:
    assert errors.__doc__ is not None
    return {found["name"]: found["status"] for found in DRAWN.finditer(errors.__doc__)}


def test_the_drawn_tree_has_every_class() -> None:
    assert set(drawn()) == {each.__name__ for each in ours()} - {"JishiError"}


def test_the_drawn_tree_has_every_status() -> None:
    for each in ours():
        if each is JishiError:
            continue
        # Where none is drawn, it is that of the class above (Ambiguous), or no answer at all.
        status = drawn()[each.__name__]
        expected = int(status) if status else each.__mro__[1].__dict__.get("status", 500)
        assert each.status == expected, each.__name__


def test_codes_are_stable_words_of_their_own() -> None:
    codes = [each.code for each in ours()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_every_class_says_what_it_is_for() -> None:
    assert all(each.__doc__ for each in ours())


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (
            errors.Invalid("hours: too many", field="hours", value=900, most=24),
            {"field": "hours", "value": "900", "most": 24},
        ),
        (
            errors.Unknown("no area", what="area", name="licheg", nearest="licheng"),
            {"what": "area", "name": "licheg", "nearest": "licheng"},
        ),
        (
            errors.Refused("not yours", refusal="not_yours", zh="不是你的", holder="p1"),
            {"refusal": "not_yours", "holder": "p1"},
        ),
        (
            errors.Conflict("order/1", expected=2, current=3),
            {"stream": "order/1", "expected": 2, "current": 3},
        ),
        (errors.TooLarge("too large", limit=500), {"limit": 500}),
    ],
)
def test_errors_carry_fields_and_both_wordings(
    error: JishiError, fields: dict[str, object]
) -> None:
    assert error.fields == fields
    assert str(error) == error.detail
    assert error.zh


def test_without_a_wording_of_its_own_the_chinese_is_the_english() -> None:
    assert errors.Denied("no").zh == "no"


def test_a_conflict_says_what_to_do() -> None:
    conflict = errors.Conflict("order/1", expected=2, current=3)
    assert "at revision 3, not 2: read what came between" in conflict.detail
    assert "第 3 版" in conflict.zh


def test_a_value_is_shown_short() -> None:
    assert errors.shown("x" * 80) == "x" * 80
    assert errors.shown("x" * 81) == "x" * 79 + "…"
    assert errors.shown(7) == "7"
    assert len(errors.Invalid("no", field="f", value=["payload"] * 99).value) == 80
