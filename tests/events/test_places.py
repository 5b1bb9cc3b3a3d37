"""Codes are flat and opaque."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from events.places import CODE_PATTERN, IDENTIFIER_PATTERN, Code, PersonId, is_code

CODE, PERSON = TypeAdapter(Code), TypeAdapter(PersonId)


@given(st.from_regex(CODE_PATTERN.removesuffix("$") + r"\Z", alphabet=st.characters(codec="ascii")))
def test_codes_pass(code: str) -> None:
    assert CODE.validate_python(code) == code
    assert is_code(code)


@pytest.mark.parametrize(
    "text",
    ["", "-a", "_a", "A", "a b", "a/b", "a.b", "荔城", "a\n", "a" * 33, "a\u0660", " a", "a "],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    assert not is_code(text)
    with pytest.raises(ValidationError):
        CODE.validate_python(text)


@given(st.text(max_size=40))
def test_both_ways_of_asking_agree(text: str) -> None:
    try:
        CODE.validate_python(text)
        passed = True
    except ValidationError:
        passed = False
    assert is_code(text) is passed


@given(
    st.from_regex(
        IDENTIFIER_PATTERN.removesuffix("$") + r"\Z", alphabet=st.characters(codec="ascii")
    )
)
def test_ids_of_people_pass(text: str) -> None:
    assert PERSON.validate_python(text) == text


@pytest.mark.parametrize("text", ["", "张三", "p 1", "p1\n", "-p1", "p" * 65, "p/1", "p@1"])
def test_names_and_the_like_are_no_ids(text: str) -> None:
    with pytest.raises(ValidationError):
        PERSON.validate_python(text)
