"""A source's own figures beside ours: row by row, at the decimals of the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.errors import Invalid, Unknown
from services.exchange import profile, reconcile
from services.exchange.profile import Profile
from services.exchange.reconcile import Reconciled, is_equal
from tests.exchange.office import SMALL, Office, memory_office, write

METRICS = """
[metrics]
received = { counter = "issues_received" }
closed = { counter = "issues_closed" }
open_overdue = { counter = "issues_open_overdue" }
mean_hours = { counter = "issue_hours_to_close_mean" }
people = { counter = "issue_requesters" }
flag = { counter = "issues_received", by = ["ward"] }
in_ward_1 = { counter = "issues_received", where = { ward = "W 1" } }
at_works = { counter = "issues_received", where = { office = "Works" } }
"received/person" = { counter = "issues_received", by = ["requester"] }
"""
SOURCE: Profile = profile.parse(SMALL + METRICS, name="small")

FIGURES = """metric,dim,key,value
received,all,,5
received,all,,5.0
received,place,Old Town,2
received,place,,1
received,place,Nowhere,0
received,office,Works,3
received,what,Noise,3
received,ward, ,1
received,ward,,1
received,result,fixed,2
received,place|ward,Old Town|W 1,1
received,day,2013-04-01,2
received,month,2013-03,2
received,year,2013,5
received,person,u1,2
closed,what,Rat,1
closed,what,Quiet,0
closed,asof,2013-03-10 12:00:00,1
closed,asof,2013-03-10 11:59:59,0
open_overdue,asof,2013-04-02 00:00:00,0
open_overdue,asof,2013-04-02 00:00:01,1
mean_hours,all,,24.0
mean_hours,what,Noise,24
mean_hours,what,Quiet,
people,all,,3
flag,ward,W 2,2
in_ward_1,all,,1
in_ward_1,what,Noise,1
at_works,all,,3
"""


@pytest.fixture
async def office(tmp_path: Path) -> Office:
    office = memory_office()
    await office.take_in(write(tmp_path / "small.csv"), SOURCE)
    await office.ledger.catch_up()
    return office


async def compare(
    office: Office, folder: Path, figures: str, source: Profile = SOURCE
) -> Reconciled:
    path = folder / "expected.csv"
    path.write_text(figures, encoding="utf-8")
    return await reconcile.reconcile(path, source, office.ledger)


async def test_every_way_of_asking_is_answered(office: Office, tmp_path: Path) -> None:
    found = await compare(office, tmp_path, FIGURES)
    assert found.json() == {"rows": 29, "equal": 29, "different": [], "unknown": []}
    assert found.all_equal


async def test_what_differs_is_shown_with_both_figures(office: Office, tmp_path: Path) -> None:
    figures = "metric,dim,key,value\nreceived,all,,6\nreceived,what,Noise,3\nmean_hours,what,Rat,\n"
    found = await compare(office, tmp_path, figures)
    assert found.json()["different"] == [
        {"metric": "received", "dim": "all", "key": "", "expected": "6", "counted": 5},
        {"metric": "mean_hours", "dim": "what", "key": "Rat", "expected": "", "counted": 24.0},
    ]
    assert (found.rows, found.equal, found.all_equal) == (3, 1, False)


async def test_what_no_counter_answers_is_listed(office: Office, tmp_path: Path) -> None:
    figures = "metric,dim,key,value\nmood,all,,1\nreceived,shoe,43,1\nreceived,shoe,44,1\n"
    found = await compare(office, tmp_path, figures)
    assert found.json() == {
        "rows": 3,
        "equal": 0,
        "different": [],
        "unknown": [
            {"metric": "mood", "dim": "all", "rows": 1},
            {"metric": "received", "dim": "shoe", "rows": 2},
        ],
    }


async def test_another_source_in_the_same_log_does_not_count(
    office: Office, tmp_path: Path
) -> None:
    other = profile.parse(SMALL + METRICS, name="other")
    await office.take_in(write(tmp_path / "other.csv"), other)
    await office.ledger.catch_up()
    assert (await compare(office, tmp_path, FIGURES)).all_equal
    assert (await compare(office, tmp_path, FIGURES, other)).all_equal


async def test_a_counter_that_does_not_exist_is_named(office: Office, tmp_path: Path) -> None:
    source = profile.parse(SMALL + '[metrics]\nx = { counter = "issues_recieved" }', name="small")
    with pytest.raises(Unknown, match="issues_received"):
        await compare(office, tmp_path, "metric,dim,key,value\nx,all,,1\n", source)


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        ("metric,dim,value\nreceived,all,1\n", "key"),
        ("metric,dim,key,value\nreceived,all,,many\n", "value"),
        ("metric,dim,key,value\nreceived,all\n", "value"),
        ("metric,dim,key,value\nreceived,asof,yesterday,1\n", "key"),
    ],
)
async def test_what_cannot_be_read_is_named(
    office: Office, tmp_path: Path, figures: str, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await compare(office, tmp_path, figures)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("expected", "counted", "equal"),
    [
        ("2816.0", 2816, True),
        ("2816", 2816.4, True),
        ("2816", 2816.6, False),
        ("473.0909", 473.09092, True),
        ("473.0909", 473.09101, False),
        ("0.5", 0.45, True),
        ("", None, True),
        ("", 0, False),
        ("0", None, False),
        ("-1.50", -1.5, True),
        ("1e3", 1000, True),
    ],
)
def test_figures_agree_at_the_decimals_that_are_given(
    expected: str, counted: float | None, equal: bool
) -> None:
    assert is_equal(expected, counted) is equal
