"""Names of a source become codes that keep them apart and never change."""

from __future__ import annotations

from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from events.places import is_code
from services.exchange import profile
from services.exchange.names import Names, raw
from services.kernel.identity import identifier, identifier_text

SMALL = """
title = "Small"
format = "csv"
timezone = "Asia/Shanghai"
times = ["%Y-%m-%d"]
id = "number"
[columns]
opened = "asked"
[areas]
"Old Town" = "old-town"
"""


def names(name: str = "small") -> Names:
    return Names(profile.parse(SMALL, name=name))


@given(st.lists(st.text(max_size=40), unique_by=raw, max_size=30))
def test_every_text_gets_a_code_of_its_own(texts: list[str]) -> None:
    ours = names()
    for code_of in (ours.area, ours.unit, ours.category):
        codes = [code_of(text) for text in texts]
        assert all(is_code(code) for code in codes if code is not None)
        assert len({code for code in codes if code}) == len([code for code in codes if code])
    assert None not in [ours.area(text) for text in texts]
    assert [ours.unit(text) is None for text in texts] == [not text.strip() for text in texts]


def test_blanks_are_names_too() -> None:
    ours = names()
    assert len({ours.area(text) for text in ("", " ", "Allston", "Allston ")}) == 4


def test_two_sources_share_categories_but_not_areas() -> None:
    one, other = names("one"), names("other")
    assert one.area("Center") != other.area("Center")
    assert one.unit("Works") != other.unit("Works")
    assert one.category("Noise") == other.category("Noise")


def test_a_code_stays_what_it_was() -> None:
    # A change here would make every old import a stranger to the next one.
    assert names().area("Hyde Park") == "hyde-park-5c53518b"
    assert names().category("噪声") == "x-d46f7e1f"
    assert str(identifier("boston_311", "1", "find")) == "8101d5b4-5d5f-539c-93c5-5a9a60bd0316"


def test_a_name_mapped_by_the_profile_keeps_the_code_it_was_given() -> None:
    ours = names()
    assert ours.area("Old Town") == "old-town"
    ours.area("New Town")
    assert set(ours.made_areas()) == {"New Town"}


def test_persons_keep_their_pseudonym_where_it_can_stand() -> None:
    ours = names()
    assert ours.person("UU008582") == "small-UU008582"
    assert ours.person("用户 1") != ours.person("用户 2")


def test_ids_are_uuids_of_their_parts() -> None:
    made = identifier("boston_311", "101000729509", "find", "1")
    assert made == identifier("boston_311", "101000729509", "find", "1")
    assert made != identifier("boston_311", "101000729509", "find", "2")
    assert (made.version, made.variant) == (5, RFC_4122)
    assert UUID(str(made)) == made
    assert identifier_text("boston_311", "101000729509", "find", "1") == str(made)
