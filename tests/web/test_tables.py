"""Tables 台账: the same facts in rows, no further than the token sees, made again the same."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from events.errors import Invalid
from projections.counters import COUNTERS
from services.exchange.tabling import planned, shipped
from services.facts.rule_words import TableRule
from services.parsing import parse
from tests.web.asking import Answer
from tests.web.conftest import FULL, Place
from tests.web.test_reach_of_tokens import in_a_month

BY_NAME = {counter.name: counter for counter in COUNTERS}
COUNTS: dict[str, Any] = {
    "name": "by_place",
    "title": {"zh": "各社区", "en": "By community"},
    "by": "area",
    "sort": ["-orders_placed"],
    "answers": ["census"],
    "columns": [{"title": {"zh": "下单", "en": "Orders"}, "counter": "orders_placed"}],
}


def rows(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))


def cells(answer: Answer) -> list[list[Any]]:
    assert answer.status == 200, answer.body
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.body))
    return book.get_sheet_by_index(0).to_python()


async def served(place: Place, area: str, people: int) -> str:
    case_id = await place.town.dispatched(area)
    town = place.town
    await town.give("worker", "order", "accept", case_id)
    await town.give(
        "worker", "order", "deliver", case_id, timing="after_hours", beneficiaries=people
    )
    return case_id


async def test_a_table_has_a_row_for_each_fact_the_token_sees(place: Place) -> None:
    east = await served(place, "c1", 3)
    await served(place, "c3", 5)
    await place.town.placed("c1")
    path = "/api/v1/tables/services.csv"
    (row,) = rows(await place.ask("GET", path, "east"))
    assert (row["社区"], row["服务单位"], row["受益人次"]) == ("东一社区", "区水务局", "3")
    assert (row["下单渠道"], row["服务时段"], row["对方已确认"]) == ("窗口", "八小时以外", "否")
    assert (row["案件"], row["查看"]) == (f"order/{east}", f"/case/order/{east}")
    (event,) = (await place.ask("GET", "/api/v1/events?fact=order.service_delivered", "east")).json[
        "events"
    ]
    assert row["位置"] == str(event["position"])
    assert len(rows(await place.ask("GET", path, "dispatcher"))) == 2
    assert (await place.ask("GET", f"{path}?area=c1", "west")).status == 404
    listed = (await place.ask("GET", "/tables?lang=en", "west")).body.decode()
    assert 'formaction="/api/v1/tables/services.xlsx"' in listed
    assert 'value="c3"' in listed
    assert 'value="c1"' not in listed
    english = rows(await place.ask("GET", f"{path}?lang=en&from=&area=s2", "west"))
    assert [one["Person-times"] for one in english] == ["5"]
    assert english[0]["Timing"] == "After hours"
    answer = await place.ask("GET", "/api/v1/tables/services.xlsx?area=c1", "east")
    head, line = cells(answer)
    assert head[:2] == ["完成时间", "社区"]
    cell = dict(zip(head, line, strict=True))
    assert (cell["受益人次"], cell["社区"]) == (3, "东一社区")
    about = CalamineWorkbook.from_filelike(io.BytesIO(answer.body)).get_sheet_by_index(1)
    said = {str(line[0]): line[1] for line in about.to_python()}
    assert said["日志"] == place.house.log.log_id
    assert said["截至位置"] == answer.headers["jishi-position"]
    assert said["区域"] == "东一社区 c1"


async def test_a_table_of_care_labels_is_for_those_who_keep_them(place: Place) -> None:
    town = place.town
    done = await town.give("resident", "care_label", need="ramp", until_on=in_a_month())
    await town.give("east", "care_label", "note_need", done.id)
    await town.enrol("neighbour", "w6", None, ("worker",), "c1")
    table = {
        "name": "needs",
        "title": {"zh": "需要", "en": "Needs"},
        "rows": "care_label.care_need_noted",
        "columns": [{"title": {"zh": "时间", "en": "At"}, "of": "occurred_at"}],
    }
    assert (await place.ask("POST", "/api/v1/tables", "admin", table)).status == 201
    for who, status in (("east", 200), ("neighbour", 403), ("west", 200)):
        answer = await place.ask("GET", "/api/v1/tables/needs.csv", who)
        assert answer.status == status
        assert (done.id in answer.body.decode()) is (who == "east")


async def test_a_table_made_again_at_its_position_is_the_same(place: Place) -> None:
    await served(place, "c1", 3)
    case_id = await served(place, "c2", 4)
    first = await place.ask("GET", "/api/v1/tables/services.csv", "east")
    position = first.headers["jishi-position"]
    revision = next(
        event.revision
        for event in await place.house.log.load(f"order/{case_id}")
        if event.fact == "order.service_delivered"
    )
    await place.town.give(
        "east", "order", "correct", case_id,
        revision=revision, reason="typing", changes={"beneficiaries": 7},
    )  # fmt: skip
    await served(place, "c1", 1)
    told = {
        name: [row["受益人次"] for row in rows(answer)]
        for name, answer in (
            ("now", await place.ask("GET", "/api/v1/tables/services.csv", "east")),
            (
                "then",
                await place.ask("GET", f"/api/v1/tables/services.csv?as_of={position}", "east"),
            ),
        )
    }
    assert told == {"now": ["3", "7", "1"], "then": ["3", "4"]}
    before = await place.ask("GET", "/api/v1/tables/services.csv?to=2001-01-01", "east")
    assert rows(before) == []
    assert before.headers["jishi-log"] == place.house.log.log_id


async def test_a_district_installs_a_table_of_numbers(place: Place) -> None:
    for area in ("c1", "c2", "c2"):
        await place.town.placed(area)
    assert (await place.ask("POST", "/api/v1/tables", "east", COUNTS)).status == 403
    first = await place.ask("POST", "/api/v1/tables", "admin", COUNTS)
    again = await place.ask("POST", "/api/v1/tables", "admin", COUNTS)
    assert (first.status, again.status) == (201, 200)
    assert first.json == again.json
    assert first.json["rule"] == "table.by_place"
    items = (await place.ask("GET", "/api/v1/tables", "west")).json["items"]
    assert {"by_place", "services", "issues", "wishes"} <= {item["name"] for item in items}
    found = rows(await place.ask("GET", "/api/v1/tables/by_place.csv?area=s1", "east"))
    assert [(row["代码"], row["名称"], row["下单"]) for row in found] == [
        ("c2", "东二社区", "2"),
        ("c1", "东一社区", "1"),
    ]
    opened = await place.ask("GET", found[0]["查看"], "east")
    assert opened.status == 200
    alone = {**COUNTS, "name": "of_one", "columns": [
        {**COUNTS["columns"][0], "where": {"requester": "p1"}}
    ]}  # fmt: skip
    assert (await place.ask("POST", "/api/v1/tables", "admin", alone)).status == 201
    assert (await place.ask("GET", "/api/v1/tables/of_one.csv", "east")).status == 403
    today = f"{place.house.commands.now().astimezone(place.house.log.zone):%Y-%m-%d}"
    for day, counted in ((today, ["2", "1"]), ("2001-01-01", ["0", "0"])):
        path = f"/api/v1/tables/by_place.csv?area=s1&from={day}&to={day}"
        assert [row["下单"] for row in rows(await place.ask("GET", path, "east"))] == counted


async def test_what_is_asked_for_is_answered_by_a_table_or_stands_on_no_list(
    place: Place,
) -> None:
    town = place.town
    await town.enrol("street", "sam", None, ("street",), "s1")
    await town.give("street", "list", code="matters", area="s1", list_kind="matters")
    await town.give("street", "list", "add", "matters", items=[{"item": "census"}])
    await place.ask("POST", "/api/v1/tables", "admin", COUNTS)
    asked = (await place.ask("GET", "/api/v1/tables?item=census", "east")).json
    assert [item["name"] for item in asked["items"]] == ["by_place"]
    assert (asked["on"], asked["not_on"]) == (["matters"], [])
    assert (await place.ask("GET", asked["items"][0]["csv"], "east")).status == 200
    other = (await place.ask("GET", "/api/v1/tables?item=survey", "east")).json
    assert other == {"items": [], "on": [], "not_on": ["matters"]}
    assert (await place.ask("GET", "/api/v1/tables?item=survey", "west")).json["not_on"] == []
    missing = await place.ask("GET", "/api/v1/tables/service.csv", "east")
    assert (missing.status, missing.json["nearest"]) == (404, "services")


@pytest.mark.parametrize(
    ("change", "field", "nearest"),
    [
        ({"by": "aera"}, "by", "area"),
        ({"columns": [{**COUNTS["columns"][0], "counter": "order_placed"}]},
         "columns.0.counter", "orders_placed"),
        ({"rows": "order.place", "by": None}, "rows", "order.placed"),
        ({"rows": "order.placed", "by": None, "sort": [],
          "columns": [{"title": COUNTS["title"], "of": "chanel"}]}, "columns.0.of", "channel"),
        ({"rows": "order.placed", "by": None, "sort": [],
          "columns": [{"title": COUNTS["title"], "of": "case.stat"}]}, "columns.0.of",
         "case.state"),
        ({"rows": "order.placed", "by": None, "sort": ["channel"],
          "columns": [{"title": COUNTS["title"], "of": "order.acepted.worker"}]},
         "columns.0.of", "order.accepted.worker"),
        ({"sort": ["orders"]}, "sort", "orders_placed"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_is_refused_with_the_nearest(
    change: dict[str, Any], field: str, nearest: str
) -> None:
    with pytest.raises(Invalid) as refused:
        planned(parse(TableRule, {**COUNTS, **change}), FULL, BY_NAME)
    assert (refused.value.field, refused.value.fields["nearest"]) == (field, nearest)


def test_tables_that_ship_have_the_columns_they_name() -> None:
    for name, table in shipped().items():
        plan = planned(table, FULL, BY_NAME)
        assert len(plan.columns) == len(table.columns), name
