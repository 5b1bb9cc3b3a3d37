"""Real histories of others, imported whole: every one of their own figures is counted here too."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from services.exchange import profile
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
}


@pytest.fixture
async def office(log: PostgresLog) -> Office:
    return office_on(log)


async def compared(office: Office, folder: Path, name: str) -> Reconciled:
    await office.ledger.catch_up()
    _, expected, rows = SETS[name]
    found = await reconcile(folder / expected, profile.load(name), office.ledger)
    assert found.rows == rows
    return found


async def test_all_three_in_one_log_come_to_their_own_figures(
    office: Office, data_sets: Path
) -> None:
    for name, (file, _, _) in SETS.items():
        summary = await office.take_in(data_sets / file, profile.load(name))
        assert summary.accepted == summary.rows
    for name in SETS:
        found = await compared(office, data_sets, name)
        assert found.different == ()
        assert found.all_equal
    head = await office.log.head()
    for name, (file, _, _) in SETS.items():
        again = await office.take_in(data_sets / file, profile.load(name))
        assert (again.accepted, again.repeated, again.events) == (0, again.rows, 0)
    assert await office.log.head() == head


@pytest.mark.parametrize("name", ["nyc_311", "cn_wenzheng"])
async def test_undone_and_imported_again_it_comes_to_the_same(
    office: Office, data_sets: Path, name: str
) -> None:
    file, source = data_sets / SETS[name][0], profile.load(name)
    first = await office.take_in(file, source)
    await office.undo(first.batch)
    assert await office.count("issues_received") == 0
    assert await office.count("issues_closed") == 0
    assert await office.count("issue_requesters") == 0
    again = await office.take_in(file, source)
    assert again.accepted == first.accepted
    assert (await compared(office, data_sets, name)).all_equal


@pytest.mark.process
async def test_killed_half_way_and_run_again_it_comes_to_the_same(
    office: Office, data_sets: Path, database: str
) -> None:
    file = data_sets / SETS["boston_311"][0]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.exchange.importer",
        database,
        str(file),
        "boston_311",
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if int(line) >= 20_000:
            break
    process.kill()
    assert await process.wait() != 0
    landed = await office.log.head()
    assert landed > 0
    summary = await office.take_in(file, profile.load("boston_311"))
    assert 0 < summary.accepted < summary.rows
    assert summary.accepted + summary.repeated == summary.rows
    assert await office.log.head() == landed + summary.events
    assert (await compared(office, data_sets, "boston_311")).all_equal
