"""Forms made from the declarations: what is typed is kept, errors stand beside their fields."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from tests.web.asking import Answer
from tests.web.conftest import Place


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found is not None
    return found[1]


async def submit(place: Place, path: str, who: str, **typed: str) -> Answer:
    return await place.ask(
        "POST",
        path,
        who,
        body=urlencode(typed).encode(),
        content_type="application/x-www-form-urlencoded",
    )


async def test_form_of_every_command_that_may_come_next(place: Place) -> None:
    case_id = await place.town.dispatched()
    for who in ("worker", "dispatcher"):
        case = (await place.ask("GET", f"/api/v1/order/{case_id}", who)).json
        assert case["next"]
        for one in case["next"]:
            answer = await place.ask("GET", f"/do/order/{case_id}/{one['command']}", who)
            assert answer.status == 200
            assert one["label"] in answer.body.decode()


async def test_double_submit_lands_once(place: Place) -> None:
    blank = (await place.ask("GET", "/new/order", "dispatcher")).body.decode()
    typed = {
        "command_id": hidden(blank, "command_id"),
        "expect": hidden(blank, "expect"),
        "area": "c1",
        "requester": "p1",
        "channel": "phone",
        "unit": "",
        "occurred_at": "2026-01-05T09:00",
    }
    answers = [await submit(place, "/new/order", "dispatcher", **typed) for _ in range(2)]
    assert {answer.status for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    case_id = answers[0].headers["location"].rpartition("/")[2]
    placed = (await place.house.log.load(f"order/{case_id}"))[0].content
    assert placed["data"]["channel"] == "phone"
    assert placed["occurred_at"] == "2026-01-05T01:00:00.000000Z"


async def test_error_stands_beside_its_field_and_what_was_typed_is_kept(place: Place) -> None:
    case_id = await place.town.placed()
    path = f"/do/order/{case_id}/dispatch"
    blank = (await place.ask("GET", path, "dispatcher")).body.decode()
    typed = {name: hidden(blank, name) for name in ("command_id", "expect")}
    wrong = await submit(place, path, "dispatcher", **typed, unit="u7", team="")
    text = wrong.body.decode()
    assert wrong.status == 422
    assert re.search(r'id="h-unit" class="wrong" role="alert">unit:没有单位', text)
    assert 'value="u7"' in text
    assert hidden(text, "command_id") == typed["command_id"]
    right = await submit(place, path, "dispatcher", **typed, unit="u1", team="")
    assert right.status == 303


async def test_case_that_moved_on_meanwhile_is_not_decided(place: Place) -> None:
    case_id = await place.town.dispatched()
    path = f"/do/order/{case_id}/accept"
    blank = (await place.ask("GET", path, "worker")).body.decode()
    typed = {name: hidden(blank, name) for name in ("command_id", "expect")}
    await place.town.give("worker", "order", "decline", case_id, reason="no_capacity")
    await place.town.give("dispatcher", "order", "dispatch", case_id, unit="u1")
    answer = await submit(place, path, "worker", **typed)
    assert answer.status == 409
    assert "请先查看其间的记录" in answer.body.decode()


async def test_menu_shows_what_one_may_begin(place: Place) -> None:
    menus = {
        who: (await place.ask("GET", "/new", who)).body.decode() for who in ("admin", "resident")
    }
    assert 'href="/new/area"' in menus["admin"]
    assert 'href="/new/area"' not in menus["resident"]
    assert 'href="/new/order"' in menus["resident"]
