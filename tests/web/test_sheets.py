"""Numbers and facts as CSV: the same as in JSON, and no further than the token sees."""

from __future__ import annotations

import csv
import io

from services.web.sheets import cells_csv
from tests.web.asking import Answer
from tests.web.conftest import Place


def rows(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))


async def test_sheets_hold_what_the_json_holds_for_the_same_token(place: Place) -> None:
    for area in ("c1", "c1", "c3"):
        await place.town.placed(area)
    for who, placed in (("east", "2"), ("west", "1"), ("dispatcher", "3")):
        (cell,) = rows(
            await place.ask("GET", "/api/v1/counters?counter=orders_placed&format=csv", who)
        )
        assert (cell["label"], cell["value"]) == ("下单", placed)
        told = (await place.ask("GET", "/api/v1/events?fact=order.placed", who)).json
        sheet = await place.ask("GET", "/api/v1/events?fact=order.placed&format=csv", who)
        assert [int(row["position"]) for row in rows(sheet)] == [
            event["position"] for event in told["events"]
        ]
        assert {row["area"] for row in rows(sheet)} == {
            event["about"]["area"] for event in told["events"]
        }
        assert sheet.headers["jishi-next"] == str(told["next"])
    refused = await place.ask("GET", "/api/v1/counters?area=s1&format=csv", "west")
    assert refused.status == 404
    assert (await place.ask("GET", "/api/v1/events?actor=%00&format=csv", "west")).status == 422


def test_no_text_is_a_formula_in_a_spreadsheet() -> None:
    cell = dict.fromkeys(("area", "unit", "value", "measure_word", "verified"), None)
    cell |= dict.fromkeys(("counter", "label", "numerator", "denominator"), None)
    body = cells_csv([{**cell, "key": "=1+1", "value": -2}]).body.decode("utf-8-sig")
    assert body.splitlines()[1] == ",,,,'=1+1,-2,,,,"
