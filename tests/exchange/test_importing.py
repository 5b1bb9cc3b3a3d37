"""An import takes in what its source tells, once, and nothing it does not tell."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from events.envelope import Recorded
from events.errors import Denied, Invalid, Unknown
from events.ports import Append, Appended, Outcome
from services.access import Grant
from services.exchange import importing, readers
from services.exchange.batches import Generations
from services.exchange.deciding import Decider
from services.exchange.rows import Rows
from services.kernel.case import Case, fold
from services.ruling import recorded
from tests.exchange.office import (
    COMMUNITY,
    HEADER,
    IMPORTER,
    ROWS,
    Office,
    memory_office,
    small,
    write,
)


@pytest.fixture
def office() -> Office:
    return memory_office()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "small.csv")


async def test_each_row_becomes_what_it_tells_and_no_step_more(office: Office, file: Path) -> None:
    summary = await office.take_in(file)
    assert summary.json() == {
        "batch": summary.batch,
        "rows": 5,
        "accepted": 5,
        "repeated": 0,
        "refused": 0,
        "events": await office.log.head(),
        "seconds": summary.json()["seconds"],
    }
    issues = [e for e in await office.facts() if e.stream.startswith("issue/")]
    by_row: dict[str, list[str]] = {}
    for event in issues:
        by_row.setdefault(event.stream, []).append(event.fact)
    assert list(by_row.values()) == [
        ["issue.found", "issue.closed"],
        ["issue.found", "issue.fed_back", "issue.closed"],
        ["issue.found"],
        ["issue.found", "issue.fed_back"],
        ["issue.found", "issue.close_refused"],
    ]
    assert {event.content["about"]["provenance"] for event in issues} == {"import"}
    assert {event.content["cause"] for event in issues} == {f"import_batch/{summary.batch}@1"}
    assert await office.facts("record.entered_late", "deadline.set", "deadline.missed") == []


async def test_what_a_source_knows_is_kept_as_it_stood(office: Office, file: Path) -> None:
    await office.take_in(file)
    first, *_ = await office.facts("issue.found")
    data = first.content["data"]
    assert data["labels"] == {"ward": "W 1", "result": "fixed"}
    assert data["row_id"] == "1"
    assert data["requester"] == "small-u1"
    assert data["day"] == "2013-03-09"
    assert data["opened_at"] == "2013-03-09T17:00:00.000000Z"
    third = (await office.facts("issue.found"))[2].content["data"]
    assert third["labels"] == {"ward": " ", "result": ""}


async def test_areas_and_units_are_registered_by_the_batch(office: Office, file: Path) -> None:
    summary = await office.take_in(file)
    directory = office.commands.directory
    names = small()
    places = {a.name: a.parent for a in directory.areas.values() if a.parent == "small"}
    assert set(places) == {"Old Town", "New Town", "未注明 · not stated"}
    assert directory.area(names.root_area).name == "Small town"
    assert {unit.name for unit in directory.units.values()} == {"Works", "Parks"}
    entered = await office.facts("org.registered")
    assert {e.content["cause"] for e in entered} == {f"import_batch/{summary.batch}@1"}


async def test_the_counters_read_it(office: Office, file: Path) -> None:
    await office.take_in(file)
    expected = {
        "issues_received": 5,
        "issues_closed": 2,
        "issues_open": 3,
        "issues_closed_late": 1,
        "issues_closed_on_time": 1,
        "issues_closed_within_1d": 2,
        "issues_replied": 2,
        "issues_waiting": 2,
        "issue_requesters": 3,
        "problems_solved": 1,
        "anomaly_close_before_open": 1,
        "issue_hours_to_close_p90": 24.0,
    }
    counted = {name: await office.count(name, "small") for name in expected}
    assert counted == expected


async def test_exact_durations_are_the_hours_that_passed(office: Office, file: Path) -> None:
    source = small('durations = "exact"\n')
    await office.take_in(file, source)
    assert await office.count("issue_hours_to_close_mean", "small") == (23.0 + 24.0) / 2


async def test_a_second_import_adds_nothing(office: Office, file: Path) -> None:
    first = await office.take_in(file)
    head = await office.log.head()
    again = await office.take_in(file)
    assert await office.log.head() == head
    assert (again.batch, again.accepted, again.repeated, again.events) == (first.batch, 0, 5, 0)


async def test_a_row_that_stands_twice_counts_once(office: Office, tmp_path: Path) -> None:
    file = write(tmp_path / "twice.csv", (*ROWS, ROWS[0], ROWS[3].replace("W 2", "W 9")))
    summary = await office.take_in(file)
    assert (summary.rows, summary.accepted, summary.repeated) == (7, 5, 2)
    assert await office.count("issues_received") == 5
    assert await office.count("issues_received", where={"ward": "W 9"}) == 0


async def test_what_is_refused_comes_back_with_line_column_value_and_reason(
    office: Office, tmp_path: Path
) -> None:
    rows = (
        ROWS[4],
        "6,,,,,Old Town,Works,Noise,,u1,W 1",
        "7,2013-13-01 06:00,,,,Old Town,Works,Noise,,u1,W 1",
        ",2013-05-01 06:00,,,,Old Town,Works,Noise,,u1,W 1",
        "8,2013-05-01 06:00,Old Town",
        "9,2033-05-01 06:00,,,,Old Town,Works,Noise,,u1,W 1",
        "10,2013-05-02 06:00,,2013-05-01 06:00,,Old Town,Works,Noise,,u1,W 1",
        "11,2013-05-01 06:00,,2013-05-09 06:00,2013-05-08 06:00,Old Town,,,,,",
        "12,2013-05-01 06:00,,,,Old Town,Works,Noise,,u1,W 1",
    )
    out = tmp_path / "refused.csv"
    summary = await office.take_in(write(tmp_path / "bad.csv", rows), refused=out)
    assert (summary.rows, summary.accepted, summary.refused) == (9, 2, 7)
    with out.open(encoding="utf-8-sig", newline="") as text:
        header, *refused = csv.reader(text)
    assert header == ["line", "column", "value", "reason"]
    assert sorted((line, column, value) for line, column, value, _ in refused) == [
        ("2", "done", "2013-04-30 06:00"),
        ("3", "asked", ""),
        ("4", "asked", "2013-13-01 06:00"),
        ("5", "number", ""),
        ("6", "", "8,2013-05-01 06:00,Old Town"),
        ("7", "occurred_at", "2033-05-01T10:00:00+00:00"),
        ("8", "answered", "2013-05-01 06:00"),
        ("9", "done", "2013-05-08 06:00"),
    ]
    assert all(reason for *_, reason in refused)


async def test_a_profile_may_refuse_the_whole_row_or_only_the_reply(
    office: Office, tmp_path: Path
) -> None:
    early = "10,2013-05-02 06:00,,2013-05-01 06:00,,Old Town,Works,Noise,,u1,W 1"
    file = write(tmp_path / "early.csv", (ROWS[4], early))
    strict = small().rules.model_copy(
        update={"closed_before_opened": "refuse_row", "replied_before_opened": "refuse_reply"}
    )
    source = small().model_copy(update={"rules": strict})
    summary = await office.take_in(file, source)
    assert (summary.accepted, summary.refused) == (1, 1)
    assert await office.count("issues_waiting") == 1
    assert await office.count("anomaly_close_before_open") == 0


async def test_a_dry_run_says_what_would_be_and_records_nothing(office: Office, file: Path) -> None:
    tried = await office.take_in(file, dry_run=True)
    assert await office.log.head() == 0
    await office.take_in(file)
    assert (tried.accepted, tried.refused) == (5, 0)
    assert tried.events == len([e for e in await office.facts() if e.stream.startswith("issue/")])
    again = await office.take_in(file, dry_run=True)
    assert (again.accepted, again.repeated, again.events) == (0, 5, 0)


async def test_whoever_may_read_may_try_an_import(office: Office, file: Path) -> None:
    reader = Grant("r", "r1", roles=frozenset({"leader"}), actions=frozenset({"read"}))
    tried = await importing.import_file(file, small(), office.desk(reader), dry_run=True)
    assert tried.accepted == 5


async def test_who_may_not_import_leaves_no_trace(office: Office, file: Path) -> None:
    for grant in (
        replace(IMPORTER, roles=frozenset({"administrator"})),
        replace(IMPORTER, actions=frozenset({"read", "issue.find"})),
    ):
        with pytest.raises(Denied):
            await importing.import_file(file, small(), office.desk(grant))
    assert await office.log.head() == 0


async def test_a_file_that_is_broken_as_bytes_leaves_no_trace(
    office: Office, tmp_path: Path
) -> None:
    path = tmp_path / "gb.csv"
    path.write_bytes("\n".join([HEADER, ROWS[0].replace("Old Town", "老城"), ""]).encode("gb18030"))
    with pytest.raises(Invalid, match="utf-8"):
        await office.take_in(path)
    assert await office.log.head() == 0


async def test_names_may_be_mapped_to_areas_that_are_there_already(
    office: Office, file: Path
) -> None:
    source = small().model_copy(update={"areas": {"Old Town": "oldtown"}})
    with pytest.raises(Unknown, match="oldtown"):
        await office.take_in(file, source)
    founder = replace(IMPORTER, roles=frozenset({"administrator"}))
    await office.give(founder, "area", "define", code="oldtown", name="Old Town", level="street")
    await office.take_in(file, source)
    assert await office.count("issues_received", "oldtown") == 2


async def test_an_importer_of_one_district_reaches_no_further(office: Office, file: Path) -> None:
    founder = replace(IMPORTER, roles=frozenset({"administrator"}))
    for code in ("east", "west"):
        await office.give(founder, "area", "define", code=code, name=code, level="district")
    eastern = office.desk(replace(IMPORTER, area="east"))
    await importing.import_file(file, small(), eastern)
    assert office.commands.directory.area("small").parent == "east"
    assert await office.count("issues_received", "east") == 5
    elsewhere = small().model_copy(update={"areas": {"Old Town": "west"}})
    with pytest.raises(Denied, match="west"):
        await importing.import_file(file, elsewhere, eastern)


async def test_the_case_that_steps_are_decided_on_is_the_one_they_fold_to(
    office: Office, file: Path
) -> None:
    rows = Rows(small(), Generations())
    desk = office.desk()
    decider = Decider(importing.setting_of(desk, small().kind, "import_batch/x@1"))
    for item in readers.rows(file, small(), rows.wanted):
        assert not isinstance(item, readers.BrokenRow)
        read = rows.read(*item)
        assert not isinstance(read, readers.BrokenRow)
        case: Case | None = None
        events: list[Recorded] = []
        for step in read.steps:
            ruled = decider.decide(step, read.stream, case)
            case = decider.after(ruled, case)
            events += recorded(ruled.append, Appended(len(events) + 1, 0))
            assert case == fold(desk.entry("issue"), events)


class Cut(Exception):
    """The import was cut short."""


@pytest.mark.parametrize("appends", range(1, 12))
async def test_a_run_cut_short_goes_on_where_it_stopped(
    office: Office, file: Path, appends: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 2)
    left, append = [appends], office.log.append

    async def failing(items: list[Append]) -> list[Outcome]:
        if not left[0]:
            raise Cut
        left[0] -= 1
        return await append(items)

    monkeypatch.setattr(office.log, "append", failing)
    with pytest.raises(Cut):
        await office.take_in(file)
    monkeypatch.setattr(office.log, "append", append)
    cut_at = await office.log.head()
    on = await office.take_in(file)
    assert on.events == await office.log.head() - cut_at
    assert on.accepted + on.repeated == 5

    whole = memory_office()
    await whole.take_in(file)
    assert await told(office) == await told(whole)
    assert (await office.take_in(file)).events == 0


async def told(office: Office) -> list[tuple[object, ...]]:
    """What is recorded of issues, whatever order the rows landed in."""
    return sorted(
        (e.stream, e.revision, e.fact, str(e.content["data"]))
        for e in await office.facts()
        if e.stream.startswith("issue/")
    )


async def test_a_newer_file_adds_what_has_happened_since(office: Office, tmp_path: Path) -> None:
    await office.take_in(write(tmp_path / "old.csv", (ROWS[2],)))
    closed = "3,2013-04-01 00:00,2013-04-09 00:00,,2013-04-02 01:00,,Parks,Noise,fixed,u2,W 9"
    newer = await office.take_in(write(tmp_path / "new.csv", (closed, ROWS[3])))
    assert (newer.accepted, newer.repeated) == (1, 1)
    (found, _), (ended,) = await office.facts("issue.found"), await office.facts("issue.closed")
    assert found.content["data"]["labels"] == {"ward": " ", "result": ""}
    # It was due on the 2nd when it was first imported, and that is what it is judged by.
    assert ended.content["data"]["due_at"] == found.content["data"]["due_at"]
    assert await office.count("issues_closed_late") == 1


async def test_a_newer_file_does_not_overrule_people(office: Office, tmp_path: Path) -> None:
    await office.take_in(write(tmp_path / "old.csv", (ROWS[2],)))
    (found,) = await office.facts("issue.found")
    clerk = replace(IMPORTER, roles=frozenset({"community"}), person="k1")
    case_id = found.stream.partition("/")[2]
    await office.give(clerk, "issue", "close", case_id, resolution="explained")
    closed = "3,2013-04-01 00:00,2013-04-02 00:00,,2013-04-02 01:00,,Parks,Noise,fixed,u2, "
    out = tmp_path / "refused.csv"
    summary = await office.take_in(write(tmp_path / "new.csv", (closed,)), refused=out)
    assert (summary.repeated, summary.refused) == (1, 0)
    assert "close_imported" in out.read_text(encoding="utf-8-sig")
    assert await office.count("problems_solved") == 0


async def test_progress_is_told_as_it_goes(
    office: Office, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 2)
    seen: list[int] = []
    await office.take_in(file, progress=lambda summary: seen.append(summary.rows))
    assert seen == [2, 4, 5]


async def test_a_number_of_the_hotline_is_one_case_in_every_file_and_request(
    office: Office, tmp_path: Path
) -> None:
    """Two exports of the hotline under two profiles, and a number that was taken in by hand."""
    by_hand = await office.give(
        COMMUNITY, "issue", "find", area="root", channel="hotline", ticket="9"
    )
    rows = (*ROWS[:2], "9,2013-04-01 00:00,,,,,Parks,Noise,,u2, ")
    path = write(tmp_path / "day.csv", rows)
    first = await office.take_in(path, small("hotline = true\n", name="day"))
    assert (first.accepted, first.repeated) == (2, 1)
    head = await office.log.head()
    refused = tmp_path / "refused.csv"
    month = small("hotline = true\n", name="month")
    again = await office.take_in(write(tmp_path / "month.csv", rows), month, refused=refused)
    assert (again.accepted, again.repeated) == (0, 3)
    # Nothing but the batch itself.
    kinds = {event.stream.partition("/")[0] for event in await office.log.read(after=head)}
    assert kinds <= {"import_batch", "area", "org"}
    assert "already" in refused.read_text(encoding="utf-8-sig")
    found = await office.give(
        COMMUNITY, "issue", "find", area="root", channel="hotline", ticket="1", category="other"
    )
    assert found.replayed
    assert (await office.give(
        COMMUNITY, "issue", "find", area="root", channel="hotline", ticket="9"
    )).id == by_hand.id  # fmt: skip
    assert await office.count("issues_received", where={"channel": "hotline"}) == 3
    # Undone, and taken in again by the other profile: the same two cases, and still one a number.
    await office.undo(first.batch)
    assert await office.count("issues_received", where={"channel": "hotline"}) == 1
    anew = await office.take_in(write(tmp_path / "anew.csv", rows[:2]), month)
    assert (anew.accepted, anew.repeated) == (2, 0)
    again_by_hand = await office.give(
        COMMUNITY, "issue", "find", area="root", channel="hotline", ticket="1"
    )
    assert (again_by_hand.replayed, again_by_hand.id) == (True, found.id)
    assert await office.count("issues_received", where={"channel": "hotline"}) == 3
