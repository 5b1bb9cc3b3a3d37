"""Real histories of others, imported whole: every one of their own figures is counted here too."""

from __future__ import annotations

import asyncio
import csv
import gzip
import sys
from datetime import datetime
from pathlib import Path

import orjson
import pytest
import xlsxwriter

from events.ports import Filter
from projections.counters import ISSUES
from projections.numbers import callout, issue_told
from projections.query import Query
from services.exchange import profile
from services.exchange.profile import Profile
from services.exchange.reconcile import Reconciled, reconcile
from streams.log import PostgresLog
from tests.exchange.office import Office, office_on

pytestmark = [pytest.mark.data, pytest.mark.timeout(600)]

SETS = {
    "boston_311": ("boston_311_2013_2019.csv.gz", "boston_311_2013_2019.expected.csv", 5_659),
    "nyc_311": (
        "nyc_311_sample1000_2010_2019.csv.gz",
        "nyc_311_sample1000_2010_2019.expected.csv",
        2_012,
    ),
    "cn_wenzheng": ("cn_wenzheng_replies.slim.csv.gz", "cn_wenzheng_replies.expected.csv", 1_909),
    "chicago_open311": (
        "chicago_open311_notes50.json.gz",
        "chicago_open311_notes50.expected.csv",
        87,
    ),
    "wabo_receipt": ("wabo_receipt.xes.gz", "wabo_receipt.expected.csv", 540),
}
OF_MINING = {
    ("variants", "all"): 1,
    ("directly_follows", "pair"): 99,
    ("start_activity", "activity"): 1,
    ("end_activity", "activity"): 14,
}
"""Figures about the order of events: a map of a process, which jishi does not draw."""
FIGURES_OF_ISSUES = tuple(
    counter.name for counter in (*ISSUES, *issue_told.NUMBERS, *callout.NUMBERS)
)
CALLED = {"chicago_open311": 52}
"""Departments that were called: cases of their own beside those of the rows."""


@pytest.fixture
async def office(log: PostgresLog) -> Office:
    return office_on(log)


async def compared(office: Office, folder: Path, name: str) -> Reconciled:
    await office.ledger.catch_up()
    _, expected, rows = SETS[name]
    found = await reconcile(folder / expected, profile.load(name), office.ledger)
    assert found.rows == rows
    return found


def all_equal(found: Reconciled, name: str) -> bool:
    """Whether every figure is equal, but for those that nothing here counts."""
    unknown = OF_MINING if name == "wabo_receipt" else {}
    return found.unknown == unknown and found.equal == found.rows - sum(unknown.values())


async def board(office: Office) -> dict[str, object]:
    """Every number about issues and what was called for them."""
    await office.ledger.catch_up()
    reading = await office.ledger.read(Query(counters=FIGURES_OF_ISSUES))
    return {cell.counter.name: cell.figure for cell in reading.cells}


LARGEST = "boston_311"
"""Nine rows of ten are its: that a second import of it too adds nothing is seen in `make soak`."""


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(sorted(SETS.keys() - {LARGEST}), id="four again"),
        pytest.param(sorted(SETS), id="all again", marks=pytest.mark.soak),
    ],
)
async def test_all_five_in_one_log_come_to_their_own_figures(
    office: Office, data_sets: Path, again: list[str]
) -> None:
    for name, (file, _, _) in SETS.items():
        summary = await office.take_in(data_sets / file, profile.load(name))
        assert summary.accepted == summary.rows
    for name in SETS:
        found = await compared(office, data_sets, name)
        assert found.different == ()
        assert all_equal(found, name)
    head = await office.log.head()
    for name in again:
        second = await office.take_in(data_sets / SETS[name][0], profile.load(name))
        assert (second.accepted, second.repeated, second.events) == (0, second.rows, 0)
    assert await office.log.head() == head


@pytest.mark.parametrize(
    "name",
    [
        "nyc_311",
        "chicago_open311",
        # Undone and imported again below, after a death.
        pytest.param("cn_wenzheng", marks=pytest.mark.soak),
        pytest.param("wabo_receipt", marks=pytest.mark.soak),
    ],
)
async def test_undone_and_imported_again_it_comes_to_the_same(
    office: Office, data_sets: Path, name: str
) -> None:
    before = await board(office)
    file, source = data_sets / SETS[name][0], profile.load(name)
    first = await office.take_in(file, source)
    full = await board(office)
    assert full != before
    undone = await office.undo(first.batch)
    cases = first.accepted + CALLED.get(name, 0)
    assert (undone.rows, undone.accepted, undone.refused) == (cases, cases, 0)
    assert await board(office) == before
    again = await office.take_in(file, source)
    assert again.accepted == first.accepted
    assert await board(office) == full
    assert all_equal(await compared(office, data_sets, name), name)


async def test_a_call_to_another_department_is_a_case_for_its_issue(
    office: Office, data_sets: Path
) -> None:
    """52 were called, 48 of them are over; three ends are told of calls that nobody tells of."""
    name = "chicago_open311"
    trial = await office.take_in(data_sets / SETS[name][0], profile.load(name), dry_run=True)
    first = await office.take_in(data_sets / SETS[name][0], profile.load(name))
    registered = len(await office.log.read(only=Filter(kinds=("area", "org"))))
    assert trial.events == first.events - registered - len(("started", "finished"))
    events = await office.log.read(limit=500, only=Filter(kinds=("callout",)))
    told = [event for event in events if event.fact == "callout.told"]
    assert len(told) == len({event.stream for event in events}) == CALLED[name]
    assert len(events) - len(told) == 48
    for event in told:
        issue = event.content["data"]["issue"]
        (found, *_) = await office.log.load(issue)
        assert found.fact == "issue.found"
        assert found.content["about"]["area"] == event.content["about"]["area"]
        assert found.content["cause"] == event.content["cause"]
        assert event.content["about"]["provenance"] == "import"


@pytest.mark.parametrize("format", ["xlsx", "ndjson"])
async def test_the_same_table_in_another_format_comes_to_the_same(
    office: Office, data_sets: Path, tmp_path: Path, format: str
) -> None:
    """Numbers and times stand in the workbook as such, not as text."""
    source = profile.load("nyc_311")
    with gzip.open(data_sets / SETS["nyc_311"][0], "rt", encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    path = tmp_path / f"nyc.{format}"
    if format == "xlsx":
        as_workbook(path, table, source)
    else:
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in table))
    other = source.model_copy(update={"format": format})
    summary = await office.take_in(path, other)
    assert (summary.rows, summary.accepted) == (len(table), len(table))
    assert (await compared(office, data_sets, "nyc_311")).all_equal
    repeated = await office.take_in(data_sets / SETS["nyc_311"][0], source)
    assert repeated.repeated == len(table)


def as_workbook(path: Path, table: list[dict[str, str]], source: Profile) -> None:
    columns = source.columns
    times = {name for name in (columns.opened, columns.due, columns.closed) if name is not None}
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        sheet = book.add_worksheet()
        for place, name in enumerate(table[0]):
            sheet.write_string(0, place, name)
            for line, row in enumerate(table, 1):
                text = row[name]
                if name in times and text and line % 2:
                    reading = datetime.strptime(text, source.times[0])  # noqa: DTZ007 - a cell
                    sheet.write_datetime(line, place, reading)
                elif name == source.id:
                    sheet.write_number(line, place, int(text))
                else:
                    sheet.write_string(line, place, text)


@pytest.mark.process
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("name", "rows"),
    [("cn_wenzheng", 1_000), pytest.param("boston_311", 20_000, marks=pytest.mark.soak)],
)
async def test_killed_half_way_run_again_undone_and_imported_again(
    office: Office, data_sets: Path, database: str, name: str, rows: int
) -> None:
    before = await board(office)
    file = data_sets / SETS[name][0]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.exchange.importer",
        database,
        str(file),
        name,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if int(line) >= rows:
            break
    process.kill()
    assert await process.wait() != 0
    landed = await office.log.head()
    assert landed > 0
    summary = await office.take_in(file, profile.load(name))
    assert 0 < summary.accepted < summary.rows
    assert summary.accepted + summary.repeated == summary.rows
    assert await office.log.head() == landed + summary.events
    assert (await compared(office, data_sets, name)).all_equal
    undone = await office.undo(summary.batch)
    assert (undone.accepted, undone.refused) == (summary.rows, 0)
    assert await board(office) == before
    again = await office.take_in(file, profile.load(name))
    assert again.accepted == summary.rows
    assert (await compared(office, data_sets, name)).all_equal
