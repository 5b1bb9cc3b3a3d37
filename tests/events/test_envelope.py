"""A fact on its way into the log, and as it stands there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import codec
from events.clock import EPOCH, from_micros, instant_of, micros, text_of
from events.envelope import Draft, Recorded, draft, entries
from events.errors import Broken, Invalid
from events.fact import About, Books, Coded, Fact, Member, Provenance, Quantity, counted
from events.places import CODE_PATTERN

ZONE = ZoneInfo("Asia/Shanghai")
COMMAND = UUID("0198c0de-0000-7000-8000-000000000001")
AT = instant_of("2018-03-01T09:00:00+08:00")
CODES = st.from_regex(CODE_PATTERN.removesuffix("$") + r"\Z", alphabet=st.characters(codec="ascii"))
MAYBE = st.none() | CODES


class Done(Fact):
    fact = "deed.done"

    minutes: Annotated[int, Quantity]
    doer: Annotated[str | None, Member] = None
    sort: Annotated[str | None, Coded] = None


class Adjusted(Fact):
    fact = "record.corrected"

    taken: tuple[dict[str, Any], ...] = ()
    put: tuple[dict[str, Any], ...] = ()


SHAPES = {"deed.done": Done.shape(), "record.corrected": Adjusted.shape()}
ABOUTS = st.builds(
    About,
    area=CODES,
    unit=MAYBE,
    category=MAYBE,
    variant=MAYBE,
    provenance=st.sampled_from(Provenance),
    books=st.builds(Books, home_unit=MAYBE, team=MAYBE, home_community=MAYBE),
)
FACTS = st.builds(
    Done,
    about=ABOUTS,
    minutes=st.integers(-codec.INTEGER_MAX, codec.INTEGER_MAX),
    doer=MAYBE,
    sort=MAYBE,
)
INSTANTS = st.integers(-(10**16), 10**17).map(from_micros)


def written(fact: Fact, at: datetime = AT, cause: str | None = None) -> Draft:
    return draft(
        fact,
        log="test",
        zone=ZONE,
        shape=fact.shape(),
        stream="deed/1",
        revision=1,
        actor="p1",
        command=COMMAND,
        occurred_at=at,
        cause=cause,
    )


def recorded(made: Draft) -> Recorded:
    return Recorded(
        position=7,
        stream="deed/1",
        revision=made.revision,
        fact=made.fact,
        version=made.version,
        recorded_at=micros(AT) + 5,
        body=made.body,
        sha256=codec.digest(made.body),
    )


def test_the_body_has_the_fields_that_were_promised() -> None:
    about = About(area="c1", unit="u1", books=Books(team="t1"))
    made = written(Done(about=about, minutes=30, doer="p1"), cause="order/9@2")
    assert json.loads(made.body) == {
        "log": "test",
        "stream": "deed/1",
        "revision": 1,
        "fact": "deed.done",
        "version": 1,
        "about": {"area": "c1", "unit": "u1", "provenance": "self", "books": {"team": "t1"}},
        "data": {"minutes": 30, "doer": "p1"},
        "actor": "p1",
        "command": str(COMMAND),
        "cause": "order/9@2",
        "occurred_at": "2018-03-01T01:00:00.000000Z",
    }


def test_nothing_is_said_of_books_where_there_are_none() -> None:
    body = json.loads(written(Done(about=About(area="c1"), minutes=1)).body)
    assert "books" not in body["about"]
    assert body["cause"] is None


@given(FACTS, INSTANTS)
def test_columns_equal_the_body_they_stand_beside(fact: Done, at: datetime) -> None:
    made = written(fact, at)
    assert made.body == codec.canonical(codec.parse(made.body))
    assert list(entries(recorded(made), SHAPES, ZONE)) == [(1, made.counted)]


@given(FACTS, INSTANTS)
def test_the_envelope_is_the_body_and_what_the_log_says(fact: Done, at: datetime) -> None:
    event = recorded(written(fact, at))
    event.verify()
    envelope = json.loads(event.envelope_bytes())
    assert envelope == event.envelope()
    assert set(envelope) - set(event.content) == {"position", "recorded_at", "sha256"}
    assert envelope["position"] == 7
    assert instant_of(envelope["recorded_at"]) == from_micros(event.recorded_at)
    assert event.occurred_at == at
    assert event.envelope_bytes().startswith(event.body[:-1])
    assert event.case == ("deed", "1")


@given(FACTS, st.integers(0, 10_000), st.integers(0, 7))
def test_one_changed_bit_breaks_the_hash(fact: Done, place: int, bit: int) -> None:
    event = recorded(written(fact))
    body = bytearray(event.body)
    body[place % len(body)] ^= 1 << bit
    with pytest.raises(Broken, match="event 7"):
        replace(event, body=bytes(body)).verify()


def test_a_field_without_canonical_spelling_is_refused() -> None:
    with pytest.raises(Invalid, match=r"data.minutes: an integer must be smaller"):
        written(Done(about=About(area="c1"), minutes=2**53))


def moved(area: str, minutes: int) -> dict[str, Any]:
    return {
        "revision": 1,
        "fact": "deed.done",
        "version": 1,
        "occurred_at": text_of(AT),
        "about": {"area": area, "provenance": "self"},
        "data": {"minutes": minutes},
    }


def test_a_correction_takes_the_old_entry_back_and_puts_the_new_one() -> None:
    fact = Adjusted(about=About(area="c1"), taken=(moved("c1", 30),), put=(moved("c2", 45),))
    own, taken, put = entries(recorded(written(fact)), SHAPES, ZONE)
    assert (own[0], own[1].fact) == (1, "record.corrected")
    assert taken == (
        -1,
        counted(Done.shape(), {**moved("c1", 30)["about"]}, {"minutes": 30}, AT, ZONE),
    )
    assert (put[0], put[1].area, put[1].quantity_1) == (1, "c2", 45)


def test_a_fact_of_unknown_shape_makes_no_entry() -> None:
    event = recorded(written(Done(about=About(area="c1"), minutes=1)))
    assert list(entries(event, {}, ZONE)) == []
    fact = Adjusted(about=About(area="c1"), taken=(moved("c1", 30),))
    only_own = {"record.corrected": Adjusted.shape()}
    assert len(list(entries(recorded(written(fact)), only_own, ZONE))) == 1


def test_times_before_1970_are_kept() -> None:
    made = written(Done(about=About(area="c1"), minutes=1), instant_of("1949-10-01T15:00:00+08:00"))
    assert made.counted.occurred_at < 0
    assert made.counted.day < 0
    assert recorded(made).occurred_at < EPOCH
