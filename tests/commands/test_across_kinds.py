"""What one kind asks of another, through the log: lists, deliberations, projects; their sums."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from events.clock import text_of
from events.errors import Refused
from projections.counters import COUNTERS
from projections.ledger import Ledger
from projections.query import Query
from services.kernel.catalogue import discover
from tests.town import Town, Watch, memory_town

CATALOGUE = discover()
MEETING = {"due": 30, "present": 25, "in_favour": 20}
STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("consult", MEETING),
    ("send_plan", {"recipients": 30}),
    ("review", MEETING),
    ("vote", MEETING),
    ("publish", {"disclosure": "board"}),
    ("report_execution", {"outcome": "done"}),
    ("publish_result", {"disclosure": "board"}),
)

OF_TOO_FEW = None
"""The value of a rate of fewer than ten."""


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def town(watch: Watch) -> Town:
    town = await memory_town(watch, CATALOGUE)
    await town.enrol("street", "s1p", None, ("street",), "s1")
    await town.enrol("partner", "m1", "u1", ("unit_admin",), "d1")
    return town


async def figures(town: Town, *names: str, **asked: Any) -> list[object]:
    ledger = Ledger(town.log, COUNTERS, CATALOGUE.shapes)
    await ledger.catch_up()
    reading = await ledger.read(Query(names, **asked), now=town.commands.now())
    found = {cell.counter.name: cell.figure.value for cell in reading.cells}
    return [found[name] for name in names]


async def refused(code: str, giving: Awaitable[object]) -> str:
    with pytest.raises(Refused) as no:
        await giving
    assert no.value.fields["refusal"] == code
    return str(no.value.zh)


async def listed(town: Town, code: str, list_kind: str, *items: str) -> None:
    await town.give("street", "list", code=code, area="s1", list_kind=list_kind)
    new = [{"item": item, "category": "relief", "department": "u1"} for item in items]
    await town.give("street", "list", "add", code, items=new)


async def test_what_is_asked_and_stands_on_no_list_is_returned_naming_it(
    town: Town, watch: Watch
) -> None:
    await listed(town, "matters", "matters", "i1", "i2")
    found = await town.give("dispatcher", "issue", area="c1", requester="p1")
    await town.give("dispatcher", "issue", "classify", found.id, tier="general")
    await town.give("dispatcher", "issue", "assign", found.id, unit="u1")
    back: dict[str, Any] = {"reason": "not_on_list", "not_on": "matters"}
    said = await refused(
        "on_the_list", town.give("partner", "issue", "return", found.id, **back, item="i1")
    )
    assert said == "i1 在清单 matters 上，不能以不在清单为由"
    await refused(
        "no_such_list",
        town.give("partner", "issue", "return", found.id, reason="not_on_list", not_on="other"),
    )
    returned = await town.give("partner", "issue", "return", found.id, **back, item="i9")
    data = returned.events[0].content["data"]
    assert (data["not_on"], data["item"]) == ("matters", "i9")
    assert await figures(town, "requests_off_list") == [1]


async def test_lists_add_up_by_item_department_and_class(town: Town, watch: Watch) -> None:
    await listed(town, "matters", "matters", "i1", "i2", "i3")
    more = [{"item": "i4", "category": "culture", "department": "u2"}, {"item": "i5"}]
    await town.give("street", "list", "add", "matters", items=more)
    names = ("community_matters_listed", "matters_list_departments", "list_classes")
    assert await figures(town, *names) == [5, 2, 2]
    gone: dict[str, Any] = {"items": ["i4", "i1"], "reason": "cancelled"}
    await town.give("street", "list", "remove", "matters", **gone)
    assert await figures(town, *names, "community_matters_cancelled") == [3, 1, 1, 2]


async def test_a_pact_takes_from_a_list_what_stands_on_it(town: Town, watch: Watch) -> None:
    await listed(town, "needs", "needs", "n1")
    pact = (await town.give("east", "pact", area="c1", unit="u1")).id
    need: dict[str, Any] = {
        "side": "need",
        "whose": "community",
        "sort": "venue",
        "listed_in": "needs",
    }
    await refused(
        "not_on_the_list", town.give("east", "pact", "list_item", pact, item="n2", **need)
    )
    await town.give("east", "pact", "list_item", pact, item="n1", measure="hour", **need)
    await town.give("partner", "pact", "match", pact, need="n1")
    await town.give("partner", "pact", "sign", pact)
    await town.give("partner", "pact", "deliver", pact, item="n1", amount=8, beneficiaries=40)
    names = ("pact_items_delivered", "pact_person_times", "pact_need_match_rate")
    assert await figures(town, *names) == [1, 40, OF_TOO_FEW]
    for book in ({"home_unit": "u1"}, {"paired_community": "c1"}):
        assert await figures(town, "pact_items_delivered", where=book) == [1]
    assert await figures(town, "pact_items_delivered", area="d1") == [1]


async def test_no_project_without_its_deliberation(town: Town, watch: Watch) -> None:
    raised = await town.give("east", "four_two", area="c1", proposer="branch")
    project: dict[str, Any] = {"area": "c1", "deliberation": raised.stream}
    await refused("not_deliberated", town.give("east", "village_works", area="c1"))
    for command, fields in STEPS:
        said = await refused("steps_missing", town.give("east", "village_works", **project))
        assert said.endswith("结果公开")
        watch.later(days=4)
        await town.give("east", "deliberation", command, raised.id, **fields)
    done = await town.give("east", "village_works", **project)
    assert done.events[0].content["data"]["deliberation"] == raised.stream
    await refused(
        "deliberated_elsewhere", town.give("east", "village_works", **{**project, "area": "c2"})
    )
    names = ("resolutions_passed", "results_published", "meeting_attendance", "projects_proposed")
    assert await figures(town, *names) == [1, 1, 75, 1]


async def test_a_rule_lays_down_how_a_council_decides(town: Town, watch: Watch) -> None:
    council = {
        "kind": "deliberation",
        "variant": "estate_council",
        "title": {"zh": "小区议事会", "en": "Estate council"},
        "terms": {"quorum_parts": 3, "quorum_of": 4, "majority_parts": 2, "majority_of": 3},
    }
    await town.give(
        "admin",
        "rule",
        code="template.deliberation.estate_council",
        area="d1",
        effective_on="2026-03-01",
        template=council,
    )
    raised = await town.give("resident", "estate_council", area="c1", proposer="residents")
    few: dict[str, Any] = {"due": 40, "present": 29, "in_favour": 29}
    said = await refused(
        "not_quorate", town.give("east", "estate_council", "vote", raised.id, **few)
    )
    assert "不足 3/4" in said
    enough: dict[str, Any] = {"due": 40, "present": 30, "in_favour": 20}
    voted = await town.give("east", "estate_council", "vote", raised.id, **enough)
    assert voted.events[0].fact == "deliberation.resolution_rejected"


async def test_a_grand_committee_seats_nine_and_no_tenth(town: Town, watch: Watch) -> None:
    await town.give("street", "street_grand_committee", code="b1", area="s1")
    for number in range(9):
        unit = ("u1", "u2")[number % 2]
        await town.give("street", "seat", "fill", "b1", person=f"h{number}", from_unit=unit)
    no_tenth = town.give("street", "seat", "fill", "b1", person="h9", from_unit="u1")
    assert "最多 9 名" in await refused("full_already", no_tenth)
    names = ("parttime_seats_filled", "parttime_seats_allowed", "units_seated", "seat_holders")
    assert await figures(town, *names) == [9, 9, 2, 9]
    await town.give("street", "seat", "vacate", "b1", person="h0", reason="transferred")
    assert await figures(town, *names) == [8, 9, 2, 8]


async def test_an_issue_open_and_overdue_stays_in_the_denominator(town: Town, watch: Watch) -> None:
    await town.enrol("importer", "i1", None, ("importer",), "d1")
    found = [
        await town.give(
            "importer", "issue", area="c1", source={"row_id": str(row), "due_at": text_of(due)}
        )
        for row, due in enumerate(watch.now() + timedelta(hours=hours) for hours in (1, 1, 9, 9))
    ]
    watch.later(minutes=30)
    for one in (found[0], found[2]):
        await town.give("importer", "issue", "close_imported", one.id, resolution="solved")
    watch.later(hours=1)
    names = ("issues_closed_on_time", "issues_due", "issues_due_closed_on_time")
    # Of those whose time is over one was closed in it; what is due tonight is not asked for yet.
    assert await figures(town, *names, "on_time_close_rate") == [2, 2, 1, OF_TOO_FEW]


async def test_one_deed_stands_in_several_books_and_counts_once_above_them(town: Town) -> None:
    """双报到: the member, the team, the home unit, the co-built and the home community."""
    await town.enrol("member", "m7", None, ("worker",), "d1")
    await town.give("east", "team", code="t1", area="c1", team_kind="arts")
    await town.give(
        "admin", "person", person="m7", area="c2", affiliation="serving_member",
        membership="member", home_unit="u2", home_community="c2", paired_community="c3",
    )  # fmt: skip
    post = await town.give("east", "post", area="c1", places=2)
    await town.give("east", "claim", "publish", post.id)
    taken = await town.give("member", "claim", "take", post.id, team="t1")
    books = {
        "home_unit": "u2", "team": "t1", "home_community": "c2", "paired_community": "c3",
        "person": "m7",
    }  # fmt: skip
    for book, name in books.items():
        assert await figures(town, "places_claimed", where={book: name}) == [1], book
    # Done in c1 alone, however many communities have it in their books.
    for area, times in (("c1", 1), ("c2", 0), ("c3", 0), ("s1", 1), ("s2", 0), ("d1", 1)):
        assert await figures(town, "places_claimed", area=area) == [times], area
    for book in ("home_unit", "team", "home_community", "paired_community"):
        assert await by_key(town, "places_claimed", book) == {books[book]: 1}
    # Voided, it leaves all of them.
    revision = taken.events[0].revision
    await town.give("east", "claim", "void", post.id, revision=revision, reason="not_happened")
    assert await figures(town, "places_claimed", area="d1") == [0]
    assert await figures(town, "places_claimed", where={"home_community": "c2"}) == [0]


async def by_key(town: Town, name: str, dimension: str) -> dict[str, object]:
    ledger = Ledger(town.log, COUNTERS, CATALOGUE.shapes)
    await ledger.catch_up()
    reading = await ledger.read(Query((name,), by=(dimension,)), now=town.commands.now())
    return {cell.key: cell.figure.value for cell in reading.cells}
