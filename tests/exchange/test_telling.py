"""The history within a record: each note once, with its time, and nothing made up from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from events.errors import Invalid
from services.exchange import profile
from services.exchange.profile import Profile
from tests.exchange.office import COMMUNITY, Office, memory_office

SOURCE = """
title = "With histories"
format = "ndjson"
timezone = "America/Chicago"
times = ["%Y-%m-%d %H:%M"]
id = "number"
[columns]
opened = "asked"
due = "due"
area = "ward"
[rules]
closed_before_opened = "same_day"
[notes]
at = "history"
time = "at"
closed = { said = "closed" }
[notes.labels]
said = "type"
[milestones.handled]
at = "last_note"
since = "first_note"
due = "due"
[milestones.plan]
at = "asked"
due = "planned"
"""


def source(text: str = SOURCE) -> Profile:
    return profile.parse(text, name="histories")


def note(at: str, said: str) -> dict[str, str]:
    return {"at": f"2015-03-{at}", "type": said}


def record(*notes: dict[str, str], number: str = "7", **more: str) -> dict[str, Any]:
    asked = {"asked": "2015-03-02 12:00", "due": "2015-03-04 12:00", "ward": "21"}
    return {"number": number, **asked, **more, "history": notes}


WHOLE = record(
    note("02 11:00", "submitted"),
    note("02 12:00", "opened"),
    note("05 09:00", "inspected"),
    note("04 09:00", "noticed"),
    note("06 12:00", "closed"),
    planned="2015-03-03 12:00",
)


@pytest.fixture
def office() -> Office:
    return memory_office()


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


async def story(office: Office) -> list[tuple[str, str]]:
    """What is recorded of issues: when, and what."""
    facts = await office.facts("issue.found", "issue.told", "issue.closed")
    return [
        (
            fact.content["occurred_at"][5:16],
            fact.content["data"].get("note_id", "")
            if "milestone" in fact.content["data"]["labels"]
            else fact.content["data"]["labels"].get("said", fact.fact),
        )
        for fact in facts
    ]


async def test_every_note_is_recorded_when_it_happened(office: Office, tmp_path: Path) -> None:
    summary = await office.take_in(write(tmp_path / "a.ndjson", WHOLE), source())
    assert (summary.accepted, summary.events) == (1, 1 + 1 + 5 + 1 + 2 + 2 + 1)
    assert await story(office) == [
        ("03-02T17:00", "issue.found"),
        ("03-02T17:00", "submitted"),
        ("03-02T18:00", "opened"),
        ("03-02T18:00", "milestone:plan"),
        ("03-04T15:00", "noticed"),
        ("03-05T15:00", "inspected"),
        ("03-06T18:00", "closed"),
        ("03-06T18:00", "milestone:handled"),
        ("03-06T18:00", "issue.closed"),
    ]
    (found,) = await office.facts("issue.found")
    assert found.content["data"]["opened_at"].startswith("2015-03-02T18:00")
    assert await office.facts("record.entered_late", "deadline.started") == []


async def test_the_counters_read_it(office: Office, tmp_path: Path) -> None:
    on_time = record(note("02 13:00", "opened"), note("03 13:00", "seen"), number="8")
    await office.take_in(write(tmp_path / "a.ndjson", WHOLE, on_time), source())
    assert await office.count("issue_notes") == 7
    assert await office.count("issue_notes", where={"said": "opened"}) == 2
    assert await office.count("anomaly_notes_out_of_order") == 1
    handled = {"milestone": "handled"}
    assert await office.count("issue_milestones") == 4
    assert await office.count("issue_milestones", where=handled) == 2
    assert await office.count("issue_milestones_late", where=handled) == 1
    assert await office.count("issue_milestones_on_time", where=handled) == 1
    assert await office.count("issue_milestones_on_time", where={"milestone": "plan"}) == 1
    assert await office.count("issue_milestone_hours_mean", where=handled) == (97 + 24) / 2
    assert await office.count("issues_closed") == 1
    assert await office.count("issues_closed_late") == 1


async def test_a_second_import_adds_nothing_and_a_newer_file_what_is_new(
    office: Office, tmp_path: Path
) -> None:
    older = record(*WHOLE["history"][:3], planned="2015-03-03 12:00")
    first = await office.take_in(write(tmp_path / "a.ndjson", older), source())
    assert (await office.take_in(tmp_path / "a.ndjson", source())).events == 0
    refused = tmp_path / "refused.csv"
    newer = await office.take_in(write(tmp_path / "b.ndjson", WHOLE), source(), refused=refused)
    assert (newer.accepted, newer.repeated) == (0, 1)
    assert await office.count("issue_notes") == 5
    assert await office.count("issues_closed") == 1
    assert "noticed" not in refused.read_text(encoding="utf-8-sig")
    await office.undo(newer.batch)
    assert await office.count("issue_notes") == 3
    assert await office.count("issues_closed") == 0
    await office.take_in(tmp_path / "b.ndjson", source())
    assert await office.count("issue_notes") == 5
    assert first.accepted == 1


async def test_undone_nothing_of_it_counts_and_it_can_be_imported_again(
    office: Office, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.ndjson", WHOLE)
    batch = await office.take_in(path, source())
    await office.undo(batch.batch)
    for counter in ("issue_notes", "issue_milestones", "issues_received", "issues_closed"):
        assert await office.count(counter) == 0
    assert (await office.take_in(path, source())).accepted == 1
    assert await office.count("issue_notes") == 5


async def test_equal_notes_of_a_record_are_two(office: Office, tmp_path: Path) -> None:
    twice = record(note("02 13:00", "seen"), note("02 13:00", "seen"))
    await office.take_in(write(tmp_path / "a.ndjson", twice), source())
    assert await office.count("issue_notes") == 2


async def test_an_end_told_by_its_day_alone_is_no_anomaly(office: Office, tmp_path: Path) -> None:
    same = record(note("02 00:00", "closed"))
    before = record(note("01 00:00", "closed"), number="8")
    refused = tmp_path / "refused.csv"
    path = write(tmp_path / "a.ndjson", same, before)
    await office.take_in(path, source(), refused=refused)
    assert await office.count("issues_closed_on_time") == 1
    assert await office.count("anomaly_close_before_open") == 1
    assert "closed before it was opened" in refused.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        ({"type": "seen"}, "at"),
        ({"at": "yesterday", "type": "seen"}, "at"),
        ({"at": "2015-03-02 13:00", "type": "x" * 1_001}, "type"),
    ],
)
async def test_a_note_that_cannot_be_read_refuses_its_row(
    office: Office, tmp_path: Path, bad: dict[str, str], column: str
) -> None:
    refused = tmp_path / "refused.csv"
    path = write(tmp_path / "a.ndjson", record(bad), record(number="8"))
    summary = await office.take_in(path, source(), refused=refused)
    assert (summary.accepted, summary.refused) == (1, 1)
    assert f"\n1,{column}," in refused.read_text(encoding="utf-8-sig")


async def test_nobody_but_an_importer_may_tell(office: Office, tmp_path: Path) -> None:
    await office.take_in(write(tmp_path / "a.ndjson", WHOLE), source())
    case_id = (await office.facts("issue.found"))[0].stream.partition("/")[2]
    with pytest.raises(Exception, match="importer"):
        await office.give(COMMUNITY, "issue", "tell_imported", case_id, note={"note_id": "x"})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('format = "ndjson"', 'format = "csv"'), "has no notes in it"),
        (('said = "closed"', 'sayd = "closed"'), "no label of a note"),
        (('said = "type"', 'channel = "type"'), "is taken"),
        (("[milestones.plan]", '[milestones."Über"]'), "ASCII"),
        (('planned"', 'planned"\nfrom = "x"'), "has no key milestones.plan.from"),
    ],
)
def test_a_profile_of_notes_is_read_strictly(change: tuple[str, str], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        source(SOURCE.replace(*change))


def test_a_milestone_of_notes_needs_notes() -> None:
    start, end = SOURCE.index("[notes]"), SOURCE.index("[milestones.handled]")
    with pytest.raises(Invalid, match=r"there are no \[notes\]"):
        source(SOURCE[:start] + SOURCE[end:])
