"""Canonical bytes: the same as RFC 8785 within the subset, and a refusal for all outside it."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from events import codec
from events.errors import Invalid

KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"])).map(
    lambda text: unicodedata.normalize("NFC", text)
)
INTEGERS = st.integers(-codec.INTEGER_MAX, codec.INTEGER_MAX)
LEAVES = st.none() | st.booleans() | INTEGERS | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


class Word(str, Enum):
    YES = "yes"


class Number(IntEnum):
    ONE = 1


def some_value(chance: Random, depth: int = 0) -> Any:
    """A value within the subset, drawn much faster than a strategy draws it."""
    sort = chance.randrange(6 if depth < 4 else 4)
    if sort == 0:
        return chance.choice([None, True, False])
    if sort == 1:
        return chance.randint(-codec.INTEGER_MAX, codec.INTEGER_MAX) >> chance.randrange(54)
    if sort in (2, 3):
        return some_text(chance)
    if sort == 4:
        return [some_value(chance, depth + 1) for _ in range(chance.randrange(5))]
    keys = ["".join(map(chr, chance.choices(range(128), k=chance.randrange(6)))) for _ in range(4)]
    return {key: some_value(chance, depth + 1) for key in keys}


def some_text(chance: Random) -> str:
    ends = chance.choice([0x80, 0x800, 0xD800, 0x110000])
    points = (chance.randrange(ends) for _ in range(chance.randrange(10)))
    text = "".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)
    return unicodedata.normalize("NFC", text)


@given(VALUES)
def test_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert codec.canonical(value) == rfc8785.dumps(value)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_thousands_of_values_are_spelt_as_in_rfc_8785(seed: int) -> None:
    chance = Random(seed)
    for _ in range(50):
        value = some_value(chance)
        assert codec.canonical(value) == rfc8785.dumps(value)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_character_is_spelt_as_in_rfc_8785_or_refused(text: str) -> None:
    if unicodedata.is_normalized("NFC", text):
        assert codec.canonical([text]) == rfc8785.dumps([text])
    else:
        with pytest.raises(Invalid, match="NFC"):
            codec.canonical([text])


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    written = codec.canonical(value)
    assert codec.parse(written) == value
    assert codec.canonical(codec.parse(written)) == written


@given(st.dictionaries(KEYS, LEAVES, min_size=2), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any], chance: Any) -> None:
    items = list(value.items())
    chance.shuffle(items)
    assert codec.canonical(dict(items)) == codec.canonical(value)


@pytest.mark.parametrize("value", [codec.INTEGER_MAX, -codec.INTEGER_MAX, 0, True, False, None])
def test_the_largest_and_plainest_values_pass(value: object) -> None:
    assert codec.canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1.0, "float has no canonical spelling"),
        (-0.0, "float has no canonical spelling"),
        (float("nan"), "float has no canonical spelling"),
        (float("inf"), "float has no canonical spelling"),
        (2**53, "smaller than 2^53"),
        (-(2**53), "smaller than 2^53"),
        (10**30, "smaller than 2^53"),
        (Decimal("1.5"), "Decimal has no canonical spelling"),
        (datetime(2018, 3, 1, tzinfo=UTC), "datetime has no canonical spelling"),
        (date(2018, 3, 1), "date has no canonical spelling"),
        (UUID(int=7), "UUID has no canonical spelling"),
        (b"bytes", "bytes has no canonical spelling"),
        ({1, 2}, "set has no canonical spelling"),
        (Word.YES, "Word has no canonical spelling"),
        (Number.ONE, "Number has no canonical spelling"),
        ("e\u0301", "NFC"),
        ("\u212b", "NFC"),
        ("\ud800", "half a character"),
        ("ok \udfff", "half a character"),
        ({1: "x"}, "a key must be ASCII text"),
        ({None: "x"}, "a key must be ASCII text"),
        ({"键": "x"}, "a key must be ASCII text"),
        ({Word.YES: "x"}, "a key must be ASCII text"),
    ],
)
def test_what_has_no_one_spelling_is_refused(value: object, why: str) -> None:
    with pytest.raises(Invalid, match=why.replace("^", r"\^")):
        codec.canonical(value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"data": {"hours": [1, 2.5]}}, "data.hours[1]"),
        ([[], {"a": {"b": 2**60}}], "[1].a.b"),
        ({"about": {"区": 1}}, "about"),
        (1.5, "the value"),
    ],
)
def test_the_refusal_names_the_place(value: object, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        codec.canonical(value)
    assert refused.value.detail.startswith(f"{path}: ")
    assert not refused.value.zh.startswith("：")


def nested(levels: int, make: Any) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = make(value)
    return value


@pytest.mark.parametrize(
    "make", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["list", "object"]
)
def test_depth_has_a_limit(make: Any) -> None:
    deepest = nested(codec.DEPTH_MAX, make)
    assert codec.parse(codec.canonical(deepest)) == deepest
    with pytest.raises(Invalid, match="nested deeper than 16"):
        codec.canonical(nested(codec.DEPTH_MAX + 1, make))
    with pytest.raises(Invalid, match="nested deeper than 16"):
        codec.canonical(nested(100_000, make))


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Invalid, match="nested deeper"):
        codec.canonical(value)


@pytest.mark.parametrize("raw", [b"", b"{", b"nope", b"\xff", b'{"a":NaN}', b"[1,]", b"1 2"])
def test_bytes_that_are_no_json_raise_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the message is the parser's own)
        codec.parse(raw)


@given(st.binary())
def test_the_hash_is_sha_256(raw: bytes) -> None:
    assert codec.digest(raw) == sha256(raw).digest()
