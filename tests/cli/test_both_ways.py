"""What holds directly on the database and over HTTP alike: shapes, exit codes, wordings."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests.cli.running import Program

pytestmark = pytest.mark.process

ANSWER = ["id", "revision", "position", "facts"]
ENVELOPE = {
    "log", "position", "stream", "revision", "fact", "version", "about", "data", "actor",
    "command", "cause", "occurred_at", "recorded_at", "sha256",
}  # fmt: skip
CELL = [
    "counter", "label", "measure", "measure_word", "area", "unit", "key", "value", "verified",
    "numerator", "denominator",
]  # fmt: skip
EXPLAINED = {
    "position", "stream", "revision", "fact", "contribution", "occurred_at", "recorded_at",
    "sha256", "area", "area_today",
}  # fmt: skip


def place(program: Program, *words: str) -> str:
    placed = program("order", "place", "--area", "c1", "--category", "repair", "--json", *words)
    assert placed.code == 0, placed.err
    identity: str = placed.json["id"]
    return identity


def test_a_command_answers_with_id_revision_position_and_whole_facts(either: Program) -> None:
    placed = either(
        "order", "place", "--area", "c1", "--category", "repair", "--requester", "p1", "--json"
    )
    assert placed.code == 0, placed.err
    answer = placed.json
    assert list(answer) == ANSWER
    (fact,) = [fact for fact in answer["facts"] if fact["fact"] == "order.placed"]
    assert set(fact) == ENVELOPE
    assert fact["about"]["area"] == "c1"
    assert fact["stream"] == f"order/{answer['id']}"
    assert (answer["revision"], answer["position"]) == (
        answer["facts"][-1]["revision"],
        answer["facts"][-1]["position"],
    )


def test_people_get_a_table_and_what_may_be_done_next(either: Program) -> None:
    placed = either("order", "place", "--area", "c1", "--category", "repair")
    assert placed.code == 0, placed.err
    head, row = placed.out.splitlines()[:2]
    assert head.split("\t") == ["位置", "案件@版次", "事实", "名称"]
    assert row.split("\t")[2:] == ["已下单", "order.placed"]
    assert "接下来可以：jishi order dispatch|" in placed.err


def test_a_time_without_a_zone_is_the_deployments_and_the_entry_is_late(either: Program) -> None:
    placed = either(
        "order", "place", "--area", "c1", "--category", "repair", "--at", "2018-03-01T09:00",
        "--json",
    )  # fmt: skip
    assert {fact["occurred_at"] for fact in placed.json["facts"]} == {"2018-03-01T01:00:00.000000Z"}
    assert "record.entered_late" in {fact["fact"] for fact in placed.json["facts"]}


def test_a_repeat_with_the_same_command_id_gets_the_first_answer(either: Program) -> None:
    words = ["order", "place", "--area", "c1", "--command-id", str(uuid4()), "--json"]
    first, again = either(*words), either(*words)
    assert first.code == again.code == 0
    assert first.out == again.out
    other = either(*words, "--category", "repair")
    assert other.code == 2
    assert json.loads(other.err)["type"] == "/problems/key-reused"


def test_an_outdated_revision_is_a_conflict_with_exit_code_4(either: Program) -> None:
    order = place(either)
    stale = either("order", "cancel", order, "--reason", "withdrawn", "--expect", "9")
    assert stale.code == 4
    assert "9" in stale.err
    raw = either("order", "cancel", order, "--reason", "withdrawn", "--expect", "9", "--json")
    problem = json.loads(raw.err)
    assert (problem["type"], problem["current"]) == ("/problems/revision-conflict", 1)
    assert raw.out == ""


def test_a_wrong_field_is_named_with_its_value_in_the_readers_language(either: Program) -> None:
    words = ["order", "place", "--area", "c1", "--category", "Bad Category"]
    zh = either(*words)
    en = either.with_settings(JISHI_LANG="en")(*words)
    raw = either(*words, "--json")
    assert zh.code == en.code == raw.code == 2
    assert zh.out == en.out == raw.out == ""
    assert zh.err.startswith("错误：")
    assert "category" in zh.err
    assert en.err.startswith("Error: category: ")
    problem = json.loads(raw.err)
    assert (problem["type"], problem["field"], problem["value"]) == (
        "/problems/invalid", "category", "Bad Category"
    )  # fmt: skip


def test_an_unknown_area_names_the_nearest_one(either: Program) -> None:
    refused = either("order", "place", "--area", "c4", "--json")
    assert refused.code == 2
    assert json.loads(refused.err)["nearest"] in ("c1", "c2", "c3")


def test_a_refusal_has_exit_code_1_and_its_code(either: Program) -> None:
    order = place(either)
    refused = either("order", "accept", order, "--worker", "w1", "--json")
    assert refused.code == 1
    problem = json.loads(refused.err)
    assert problem["type"] in ("/problems/refused", "/problems/denied")
    assert problem["code"] in ("not_now", "not_yours")


def test_a_case_that_is_not_there_has_exit_code_1(either: Program) -> None:
    missing = either("order", "dispatch", str(uuid4()), "--unit", "u1", "--json")
    assert missing.code == 1
    assert json.loads(missing.err)["type"] == "/problems/unknown"


def test_a_book_is_that_of_who_acts_and_nobody_elses(either: Program) -> None:
    found = either("book", "--period", "2026")
    assert (found.code, found.out.splitlines()[0][:6]) == (0, "纪实本 · "), found.err
    assert found.out.splitlines()[0].endswith(" · 2026")
    refused = either("book", "--person", "somebody", "--json")
    assert (refused.code, json.loads(refused.err)["type"]) == (1, "/problems/denied")


def test_counters_have_the_published_shape(either: Program) -> None:
    place(either)
    found = either("counters", "orders_placed", "--area", "d1", "--by", "area", "--json")
    assert found.code == 0, found.err
    answer = found.json
    assert list(answer) == ["as_of", "cells"]
    assert list(answer["as_of"]) == ["position", "time", "axis"]
    assert all(list(cell) == CELL for cell in answer["cells"])
    by_key = {cell["key"]: cell["value"] for cell in answer["cells"]}
    assert by_key["c1"] >= 1
    assert by_key["c3"] == 0


def test_a_number_opens_to_its_events_and_their_sum_is_the_number(either: Program) -> None:
    place(either)
    found = either("explain", "orders_placed", "--area", "c1", "--json")
    assert found.code == 0, found.err
    answer = found.json
    assert {"counter", "value", "events", "more"} <= set(answer)
    assert all(set(event) == EXPLAINED for event in answer["events"])
    assert sum(event["contribution"] for event in answer["events"]) == answer["value"]
    first = either("explain", "orders_placed", "--area", "c1", "--limit", "1", "--json").json
    assert len(first["events"]) == 1
    assert first["more"] is (answer["value"] > 1)


def test_a_misspelt_counter_or_filter_is_refused(either: Program) -> None:
    unknown = either("counters", "order_placed", "--json")
    assert unknown.code == 1
    assert json.loads(unknown.err)["nearest"] == "orders_placed"
    wrong = either("counters", "orders_placed", "--axis", "sideways", "--json")
    assert wrong.code == 2
    assert json.loads(wrong.err)["field"] == "axis"


def test_as_of_before_anything_was_recorded_counts_nothing(either: Program) -> None:
    place(either)
    found = either("counters", "orders_placed", "--as-of", "2001-01-01", "--json")
    assert [cell["value"] for cell in found.json["cells"]] == [0]


def test_events_are_one_envelope_a_line_and_can_be_filtered(either: Program) -> None:
    order = place(either)
    found = either("events", "show", "--stream", f"order/{order}", "--json")
    assert found.code == 0, found.err
    assert all(set(line) == ENVELOPE for line in found.lines)
    assert [line["revision"] for line in found.lines] == list(range(1, len(found.lines) + 1))
    areas = either("events", "show", "--kind", "area", "--json").lines
    assert {line["fact"] for line in areas} == {"area.defined"}
    elsewhere = either("events", "show", "--kind", "order", "--area", "c3", "--json")
    assert (elsewhere.code, elsewhere.out) == (0, "")


def test_tail_goes_on_behind_a_position(either: Program) -> None:
    place(either)
    found = either("events", "tail", "--after", "1", "--limit", "3", "--json")
    assert found.code == 0, found.err
    assert [line["position"] for line in found.lines] == [2, 3, 4]


def test_one_event_is_shown_by_its_position_and_a_missing_one_is_said(either: Program) -> None:
    (line,) = either("events", "show", "2", "--json").lines
    assert line["position"] == 2
    missing = either("events", "show", "999999999", "--json")
    assert missing.code == 1
    assert json.loads(missing.err)["what"] == "event"


def test_a_trace_begins_with_what_caused_it(either: Program) -> None:
    cause = place(either)
    caused = place(either, "--cause", f"order/{cause}@1")
    for asked in (f"order/{caused}", f"order/{cause}"):
        found = either("events", "trace", asked, "--json")
        assert found.code == 0, found.err
        streams = [line["stream"] for line in found.lines]
        assert streams[0] == f"order/{cause}"
        assert f"order/{caused}" in streams
    people = either("events", "trace", f"order/{cause}").out.splitlines()
    assert people[-1].startswith("  ")


def test_a_token_is_granted_listed_and_taken_back(either: Program) -> None:
    granted = either(
        "token", "grant", "--person", "w9", "--role", "worker", "--area", "c1", "--action", "read",
        "--json",
    )  # fmt: skip
    assert granted.code == 0, granted.err
    token = granted.json
    assert list(token) == [
        "id",
        "token",
        "person",
        "unit",
        "roles",
        "area",
        "actions",
        "expires_at",
    ]
    weak = either.with_settings(JISHI_TOKEN=token["token"])
    assert weak("order", "place", "--area", "c1").code == 1
    listed = {item["id"]: item for item in either("token", "list", "--json").json["tokens"]}
    assert listed[token["id"]]["actions"] == ["read"]
    assert token["token"] not in json.dumps(listed)
    assert either("token", "revoke", token["id"], "--reason", "left").code == 0
    gone = weak("counters", "orders_placed", "--json")
    assert gone.code == 1
    assert json.loads(gone.err)["type"] == "/problems/unauthenticated"


def test_status_says_where_it_stands(either: Program) -> None:
    found = either("status", "--json")
    assert found.code == 0, found.err
    answer = found.json
    assert answer["zone"] == "Asia/Shanghai"
    assert answer["head"] >= 4
    assert answer["problems"] == []


def test_doctor_finds_nothing_wrong(either: Program) -> None:
    found = either("doctor", "--json")
    assert found.code == 0, found.out
    answer = found.json
    assert list(answer) == ["state", "checks"]
    assert answer["state"] in ("ok", "warn")
    assert all(list(check) == ["check", "state", "text", "next"] for check in answer["checks"])
