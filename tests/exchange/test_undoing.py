"""An import taken back: the counters lose what it had given them, and nothing is deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from events.errors import Denied, Refused, Unknown
from projections.counters import ISSUES
from projections.query import Query
from services.exchange import importing, undoing
from services.kernel.case import fold
from tests.exchange.office import COMMUNITY, IMPORTER, ROWS, Office, memory_office, write

ISSUE_COUNTERS = tuple(counter.name for counter in ISSUES)


@pytest.fixture
def office() -> Office:
    return memory_office()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "small.csv")


async def board(office: Office) -> dict[str, object]:
    """Every number about issues."""
    await office.ledger.catch_up()
    reading = await office.ledger.read(Query(counters=ISSUE_COUNTERS))
    return {cell.counter.name: cell.figure for cell in reading.cells}


async def test_undoing_brings_every_counter_back(office: Office, file: Path) -> None:
    before = await board(office)
    summary = await office.take_in(file)
    assert await board(office) != before
    head = await office.log.head()
    undone = await office.undo(summary.batch)
    assert (undone.rows, undone.accepted, undone.repeated, undone.refused) == (5, 5, 0, 0)
    assert undone.events == await office.log.head() - head == 5 + 2
    assert await board(office) == before
    assert len(await office.facts("issue.found")) == 5


async def test_what_was_undone_can_be_imported_again(office: Office, file: Path) -> None:
    first = await office.take_in(file)
    full = await board(office)
    for _ in range(3):
        await office.undo(first.batch)
        again = await office.take_in(file)
        assert again.batch != first.batch
        assert again.accepted == 5
        assert await board(office) == full
        assert (await office.take_in(file)).events == 0
        first = again


async def test_undoing_twice_changes_nothing(office: Office, file: Path) -> None:
    summary = await office.take_in(file)
    await office.undo(summary.batch)
    head = await office.log.head()
    again = await office.undo(summary.batch)
    assert await office.log.head() == head
    assert (again.rows, again.accepted, again.repeated, again.events) == (5, 0, 5, 0)


async def test_a_batch_that_is_not_there_cannot_be_undone(office: Office) -> None:
    with pytest.raises(Unknown, match="no import batch"):
        await office.undo("00000000-0000-5000-8000-000000000000")


async def test_who_may_not_import_may_not_undo(office: Office, file: Path) -> None:
    summary = await office.take_in(file)
    head = await office.log.head()
    with pytest.raises(Denied):
        await undoing.undo(summary.batch, office.desk(COMMUNITY))
    assert await office.log.head() == head


def stop(so_far: object) -> None:
    """A person who has seen enough."""
    raise KeyboardInterrupt


async def test_an_import_that_was_cut_short_can_be_undone(
    office: Office, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await board(office)
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 2)
    with pytest.raises(KeyboardInterrupt):
        await office.take_in(file, progress=stop)
    (started,) = await office.facts("import_batch.started")
    await office.undo(started.stream.partition("/")[2])
    assert await board(office) == before
    assert (await office.take_in(file)).accepted == 5


async def test_an_undoing_cut_short_goes_on_and_nothing_is_imported_meanwhile(
    office: Office, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await board(office)
    summary = await office.take_in(file)
    monkeypatch.setattr(undoing, "CASES_AT_ONCE", 2)

    with pytest.raises(KeyboardInterrupt):
        await undoing.undo(summary.batch, office.desk(), progress=stop)
    with pytest.raises(Refused, match="being undone"):
        await office.take_in(file)
    rest = await office.undo(summary.batch)
    assert (rest.rows, rest.accepted, rest.repeated) == (5, 3, 2)
    assert await board(office) == before
    assert (await office.take_in(file)).accepted == 5


async def test_what_somebody_has_worked_on_since_is_kept(office: Office, file: Path) -> None:
    summary = await office.take_in(file)
    third = (await office.facts("issue.found"))[2]
    case_id = third.stream.partition("/")[2]
    await office.give(COMMUNITY, "issue", "classify", case_id, tier="major")
    undone = await office.undo(summary.batch)
    assert (undone.accepted, undone.refused) == (4, 1)
    assert await office.count("issues_received") == 1
    again = await office.take_in(file)
    assert (again.accepted, again.repeated) == (4, 1)
    assert await office.count("issues_received") == 5


async def test_undoing_a_newer_file_leaves_the_older_one(office: Office, tmp_path: Path) -> None:
    await office.take_in(write(tmp_path / "old.csv", (ROWS[2],)))
    closed = "3,2013-04-01 00:00,2013-04-02 00:00,,2013-04-02 01:00,,Parks,Noise,fixed,u2, "
    newer = write(tmp_path / "new.csv", (closed, ROWS[0]))
    for _ in range(2):
        batch = await office.take_in(newer)
        assert (batch.accepted, batch.repeated) == (1, 1)
        assert await office.count("issues_closed") == 2
        undone = await office.undo(batch.batch)
        assert (undone.rows, undone.accepted) == (2, 2)
        assert await office.count("issues_received") == 1
        assert await office.count("issues_open") == 1


async def test_undoing_the_older_file_takes_what_was_added_to_it(
    office: Office, tmp_path: Path
) -> None:
    older = await office.take_in(write(tmp_path / "old.csv", (ROWS[2],)))
    closed = "3,2013-04-01 00:00,2013-04-02 00:00,,2013-04-02 01:00,,Parks,Noise,fixed,u2, "
    newer = await office.take_in(write(tmp_path / "new.csv", (closed, ROWS[0])))
    await office.undo(older.batch)
    assert await office.count("issues_received") == 1
    undone = await office.undo(newer.batch)
    assert (undone.accepted, undone.repeated) == (1, 1)
    assert await office.count("issues_received") == 0


async def test_a_voided_case_still_folds_and_says_so(office: Office, file: Path) -> None:
    summary = await office.take_in(file)
    await office.undo(summary.batch)
    entry = office.commands.catalogue.entry("issue")
    for found in await office.facts("issue.found"):
        case = fold(entry, await office.log.load(found.stream))
        assert case is not None
        assert case.state is None
    voids = await office.facts("record.voided")
    started = (await office.facts("import_batch.undo_started"))[0]
    assert {v.content["cause"] for v in voids} == {f"{started.stream}@{started.revision}"}
    assert {v.content["data"]["reason"] for v in voids} == {"import_undone"}


async def test_an_importer_of_one_district_undoes_their_own(office: Office, file: Path) -> None:
    founder = replace(IMPORTER, roles=frozenset({"administrator"}))
    await office.give(founder, "area", "define", code="east", name="East", level="district")
    summary = await office.take_in(file)
    with pytest.raises(Unknown):
        await undoing.undo(summary.batch, office.desk(replace(IMPORTER, area="east")))
