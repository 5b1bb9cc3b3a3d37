"""What travels over Kafka: the same bytes come out, and nothing between two records is untold."""

from __future__ import annotations

import dataclasses
import gzip
import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import codec
from events.envelope import Recorded
from events.errors import Broken
from streams.lease import Standing
from streams.relaying import Load, Topics, load_of, pieces_of
from streams.wire import Packed, headers_of, pack, part_of, recorded_of, runs_of, unpack
from tests.streams.making import LOG_ID, varied, written

TOPICS = Topics("t.events", "t.batches")


def made(count: int, seed: int = 1, streams: int = 7) -> list[Recorded]:
    """Events of a log that begins with them."""
    chance = random.Random(seed)
    revisions: dict[str, int] = {}
    events = []
    for position in range(1, count + 1):
        stream = f"deed/{chance.randrange(streams)}"
        revision = revisions.get(stream, 0)
        (draft,) = written(stream, revision, [varied(chance)]).drafts
        revisions[stream] = revision + 1
        digest = codec.digest(draft.body)
        events.append(
            Recorded(
                position,
                stream,
                revision + 1,
                draft.fact,
                draft.version,
                1_500_000_000_000_000 + position,
                draft.body,
                digest,
            )
        )
    return events


def test_the_partition_of_a_stream_is_the_crc_32_of_its_name() -> None:
    # The check value of the polynomial, and names as other languages reckon them.
    assert part_of("123456789", 2**32) == 0xCBF43926
    assert part_of("The quick brown fox jumps over the lazy dog", 2**32) == 0x414FA339
    assert part_of("", 8) == 0
    assert [part_of(f"order/{number}", 8) for number in range(6)] == [3, 5, 7, 1, 2, 4]
    for name in ("deed/1", "点单/1"):
        # It stands at the end of every gzip file too.
        check = int.from_bytes(gzip.compress(name.encode())[-8:-4], "little")
        assert part_of(name, 2**32) == check


def test_an_event_comes_out_as_it_went_in() -> None:
    for event in made(60):
        again = recorded_of(event.envelope_bytes())
        assert again == event
        assert again.envelope_bytes() == event.envelope_bytes()
        again.verify()


def test_the_headers_of_an_event_are_those_of_a_cloud_event() -> None:
    (event,) = made(1)
    headers = dict(headers_of(event, LOG_ID, 0))
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_source"] == b"/logs/test-log"
    assert headers["ce_id"] == headers["position"] == b"1"
    assert headers["ce_type"] == b"jishi." + headers["fact"]
    assert headers["ce_subject"] == event.stream.encode()
    assert headers["ce_time"] == b"2017-07-14T02:40:00.000001Z"
    assert headers["content-type"] == b"application/json"
    assert (headers["previous"], headers["revision"]) == (b"0", b"1")
    assert all(isinstance(value, bytes) for value in headers.values())


@given(
    st.integers(0, 30), st.integers(0, 9), st.integers(0, 10**9), st.integers(0, 10**9), st.data()
)
def test_a_run_comes_out_as_it_was_packed(
    count: int, part: int, previous: int, upto: int, data: st.DataObject
) -> None:
    events = tuple(made(count, seed=data.draw(st.integers(0, 5))))
    run = Packed(LOG_ID, part, 10, previous, upto, events)
    assert unpack(*pack(run)) == run


@pytest.mark.parametrize("name", ["form", "log", "part", "parts", "previous", "upto"])
def test_a_record_that_lacks_a_header_is_refused(name: str) -> None:
    value, headers = pack(Packed(LOG_ID, 0, 1, 0, 3, tuple(made(3))))
    with pytest.raises(Broken, match="packed run"):
        unpack(value, [header for header in headers if header[0] != name])


@pytest.mark.parametrize("value", [b"x", b'{"position":1}', b"[]", b'{"a":1,"position":"1"}'])
def test_a_record_that_holds_something_else_is_refused(value: bytes) -> None:
    _, headers = pack(Packed(LOG_ID, 0, 1, 0, 3, ()))
    with pytest.raises(Broken, match="packed run"):
        unpack(value, headers)


def test_a_record_of_another_form_is_refused() -> None:
    value, headers = pack(Packed(LOG_ID, 0, 1, 0, 3, ()))
    with pytest.raises(Broken, match=r"form b'2': this program reads b'1'"):
        unpack(value, [("form", b"2"), *headers[1:]])


def test_a_body_that_holds_the_words_of_an_envelope_is_read_as_a_body() -> None:
    (event,) = made(1)
    content = {**event.content, "data": {"note": '","position":9,"sha256":"'}, "zz": '"position":8'}
    body = codec.canonical(content)
    odd = dataclasses.replace(event, body=body, sha256=codec.digest(body))
    assert recorded_of(odd.envelope_bytes()) == odd


@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 4_000))
def test_a_long_run_is_cut_without_a_gap(count: int, parts: int, bytes_max: int) -> None:
    for run in runs_of(made(count), LOG_ID, parts, [0] * parts, count + 5):
        pieces = list(pieces_of(run, bytes_max))
        assert [event for piece in pieces for event in piece.events] == list(run.events)
        assert pieces[0].previous == run.previous
        assert pieces[-1].upto == run.upto
        for one, after in itertools.pairwise(pieces):
            assert after.previous == one.upto == one.events[-1].position
        for piece in pieces:
            size = sum(len(event.body) for event in piece.events)
            assert size <= bytes_max or len(piece.events) == 1


def cycles(
    events: Sequence[Recorded], parts: int, sizes: Sequence[int], marks: Sequence[bool]
) -> list[Load]:
    """What a relay sends for a log that it reads in stretches of these sizes."""
    standing = Standing(0, (0,) * parts, (0,) * parts)
    loads, begin = [], 0
    for size, marked in zip(sizes, marks, strict=True):
        load = load_of(events[begin : begin + size], standing, LOG_ID, TOPICS, marks=marked)
        loads.append(load)
        standing = load.standing
        begin += size
    loads.append(load_of(events[begin:], standing, LOG_ID, TOPICS, marks=True))
    return loads


@given(
    st.integers(0, 60),
    st.integers(1, 8),
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=8),
)
def test_every_event_is_sent_once_in_order_and_the_chains_are_exact(
    count: int, parts: int, stretches: list[tuple[int, bool]]
) -> None:
    events = made(count)
    loads = cycles(events, parts, [size for size, _ in stretches], [mark for _, mark in stretches])
    records = [record for load in loads for record in load.records]
    assert loads[-1].standing.position == count
    for part in range(parts):
        mine = [event for event in events if part_of(event.stream, parts) == part]
        runs = [unpack(one.value, one.headers) for one in records
                if (one.topic, one.part) == ("t.batches", part)]  # fmt: skip
        assert [event for run in runs for event in run.events] == mine
        assert [run.previous for run in runs] == [0, *(run.upto for run in runs)][: len(runs)]
        # The last load marks: everybody is told how far the log has come.
        assert (runs[-1].upto if runs else 0) == count == loads[-1].standing.reached[part]
        singles = [one for one in records if (one.topic, one.part) == ("t.events", part)]
        assert [recorded_of(one.value) for one in singles] == mine
        previous = [int(dict(one.headers)["previous"]) for one in singles]
        assert previous == [0, *(event.position for event in mine)][: len(mine)]
        assert loads[-1].standing.newest[part] == (mine[-1].position if mine else 0)


def test_without_single_events_only_runs_are_sent() -> None:
    events = made(20)
    topics = Topics(None, "t.batches")
    load = load_of(events, Standing(0, (0, 0), (0, 0)), LOG_ID, topics, marks=False)
    assert {record.topic for record in load.records} == {"t.batches"}
    assert topics.names == ("t.batches",)
    # Should they be sent later on, the chain knows where they begin.
    assert max(load.standing.newest) == 20


def test_an_idle_partition_is_told_only_where_marks_are_due() -> None:
    events = [event for event in made(40) if part_of(event.stream, 2) == 0]
    standing = Standing(0, (0, 0), (0, 0))
    silent = load_of(events, standing, LOG_ID, TOPICS, marks=False)
    told = load_of(events, standing, LOG_ID, TOPICS, marks=True)
    assert silent.standing.reached == (events[-1].position, 0)
    assert told.standing.reached == (events[-1].position,) * 2
    runs = [unpack(one.value, one.headers) for one in told.records if one.topic == "t.batches"]
    mark = runs[-1]
    assert (mark.part, mark.previous, mark.upto, mark.events) == (1, 0, events[-1].position, ())
    # And after it nothing more needs to be said.
    assert load_of((), told.standing, LOG_ID, TOPICS, marks=True).records == []
