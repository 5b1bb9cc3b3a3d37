"""The laws of the HTTP interface, on a real Postgres."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

import pytest

from tests.web.conftest import Place, Settled


async def test_first_administrator_gets_a_token_once(place: Place, settled: Settled) -> None:
    assert settled.first_token is not None
    assert place.house.first_token is None
    me = place.house.directory.grant(settled.first_token, place.house.commands.now())
    assert me is not None
    assert "administrator" in me.roles
    assert "system" not in me.roles
    assert me.area is None


async def test_command_is_answered_with_its_facts(place: Place) -> None:
    placed = await place.ask("POST", "/api/v1/order", "dispatcher", {"area": "c1"})
    assert placed.status == 201
    body = placed.json
    assert placed.headers["location"] == f"/api/v1/order/{body['id']}"
    assert placed.headers["etag"] == f'"{body["revision"]}"'
    assert [fact["fact"] for fact in body["facts"]] == ["order.placed"]
    assert body["facts"][0]["recorded_at"].endswith("Z")
    read = await place.ask("GET", f"/api/v1/order/{body['id']}/events", "dispatcher")
    assert read.json["events"] == body["facts"]


async def test_one_key_sixty_four_times(place: Place) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(
        *(
            place.ask("POST", "/api/v1/order", "dispatcher", {"area": "c1"}, idempotency_key=key)
            for _ in range(64)
        )
    )
    assert Counter(answer.status for answer in answers) == {201: 1, 200: 63}
    assert len({answer.body for answer in answers}) == 1
    replayed = [answer for answer in answers if answer.status == 200]
    assert all(answer.headers["idempotency-replayed"] == "true" for answer in replayed)


async def test_twenty_rivals_on_one_case(place: Place) -> None:
    case_id = await place.town.dispatched()
    path = f"/api/v1/order/{case_id}/accept"
    answers = await asyncio.gather(
        *(place.ask("POST", path, "worker", {}, idempotency_key=str(uuid4())) for _ in range(20))
    )
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 19}
    problem = next(answer for answer in answers if answer.status == 409)
    assert problem.headers["content-type"].startswith("application/problem+json")
    assert problem.json["type"] == "/problems/refused"
    assert problem.json["code"] == "not_now"


async def test_rivals_who_expect_a_revision_get_a_conflict(place: Place) -> None:
    case_id = await place.town.dispatched()
    seen = await place.ask("GET", f"/api/v1/order/{case_id}", "worker")
    path = f"/api/v1/order/{case_id}/accept"
    answers = await asyncio.gather(
        *(place.ask("POST", path, "worker", {}, if_match=seen.headers["etag"]) for _ in range(20))
    )
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 19}
    problem = next(answer.json for answer in answers if answer.status == 409)
    assert problem["type"] == "/problems/revision-conflict"
    assert problem["current"] > seen.json["revision"]
    between = await place.ask("GET", problem["between"], "worker")
    assert between.json["events"][0]["revision"] == seen.json["revision"] + 1


async def test_same_key_with_another_body(place: Place) -> None:
    key = str(uuid4())
    await place.ask("POST", "/api/v1/order", "dispatcher", {"area": "c1"}, idempotency_key=key)
    other = await place.ask(
        "POST", "/api/v1/order", "dispatcher", {"area": "c2"}, idempotency_key=key
    )
    assert other.status == 422
    assert other.json["type"] == "/problems/key-reused"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"area":"c1","colour":"red"}', {}, 422),
        (b'{"area":"nowhere"}', {}, 422),
        (b'{"area":"c1","occurred_at":"2999-01-01T00:00:00Z"}', {}, 422),
        (b'{"area":"c1","occurred_at":"2018-02-30T00:00:00Z"}', {}, 422),
        (b'{"area":"c1","occurred_at":"yesterday"}', {}, 422),
        (b"{", {}, 400),
        (b"[1]", {}, 400),
        (b'{"area":"c1"}', {"idempotency_key": "seven"}, 400),
        (b'{"area":"c1"}', {"if_match": "latest"}, 400),
        (b'{"area":"c1"}', {"content_type": "text/plain"}, 415),
        (b'{"area":"c1","requester":"' + b"p" * 70_000 + b'"}', {}, 413),
        (b'{"area":"c1","service":' + b"9" * 400 + b"}", {}, 422),
    ],
)
async def test_what_is_wrong_is_said(
    place: Place, body: bytes, headers: dict[str, str], status: int
) -> None:
    head = await place.house.log.head()
    answer = await place.ask("POST", "/api/v1/order", "dispatcher", body=body, **headers)
    assert answer.status == status
    assert answer.json["status"] == status
    assert answer.json["title"]
    assert await place.house.log.head() == head


async def test_problem_speaks_the_callers_language(place: Place) -> None:
    answers = {
        language: await place.ask(
            "POST", "/api/v1/order", "dispatcher", {"area": "c9"}, accept_language=language
        )
        for language in ("zh-CN", "en-GB, zh;q=0.5")
    }
    assert answers["zh-CN"].json["title"] == "字段不正确"
    assert answers["en-GB, zh;q=0.5"].json["title"] == "A field is not right"
    assert {answer.json["field"] for answer in answers.values()} == {"area"}


async def test_case_shows_state_clocks_and_what_may_come_next(place: Place) -> None:
    case_id = await place.town.dispatched()
    for who, expected in (("worker", {"accept", "decline"}), ("resident", set())):
        answer = await place.ask("GET", f"/api/v1/order/{case_id}", who)
        assert answer.status == 200
        assert answer.json["state"] == "dispatched"
        assert answer.json["label"] == "待接单"
        assert {clock["clock"] for clock in answer.json["clocks"]} == {"accept", "deliver"}
        assert expected <= {one["command"] for one in answer.json["next"]}
        assert ("accept" in {one["command"] for one in answer.json["next"]}) == (who == "worker")
    unchanged = await place.ask(
        "GET", f"/api/v1/order/{case_id}", "worker", if_none_match=answer.headers["etag"]
    )
    assert (unchanged.status, unchanged.body) == (304, b"")


async def test_other_streets_see_nothing(place: Place) -> None:
    case_id = await place.town.placed("c1")
    for method, path, json in (
        ("GET", f"/api/v1/order/{case_id}", None),
        ("GET", f"/api/v1/order/{case_id}/events", None),
        ("POST", f"/api/v1/order/{case_id}/dispatch", {"unit": "u1"}),
        ("GET", "/api/v1/counters?area=s1", None),
        ("GET", "/api/v1/order?area=c1", None),
    ):
        answer = await place.ask(method, path, "west", json)
        assert answer.status == 404, path
    assert (await place.ask("POST", "/api/v1/order", "west", {"area": "c1"})).status == 403
    assert (await place.ask("GET", "/api/v1/order", "west")).json["items"] == []
    events = (await place.ask("GET", "/api/v1/events?limit=500", "west")).json
    assert {event["about"]["area"] for event in events["events"]} <= {"s2", "c3"}
    assert events["next"] == events["head"]
    assert (await place.ask("GET", "/api/v1/areas", "west")).json["items"] == [
        {"code": "s2", "name": "西街道", "level": "street", "parent": "d1"},
        {"code": "c3", "name": "西一社区", "level": "community", "parent": "s2"},
    ]


async def test_pages_of_cases_neither_miss_nor_double(place: Place) -> None:
    made = [await place.town.placed(area) for area in ("c1", "c2", "c3", "c1", "c2", "c1", "c3")]
    seen: list[str] = []
    target = "/api/v1/order?limit=2"
    while True:
        page = (await place.ask("GET", target, "dispatcher")).json
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        target = f"/api/v1/order?limit=2&cursor={page['next']}"
        await place.town.placed("c1")
    assert seen == made[::-1]
    east = (await place.ask("GET", "/api/v1/order?area=s1&state=placed", "dispatcher")).json
    assert {item["about"]["area"] for item in east["items"]} == {"c1", "c2"}


async def test_counters_and_the_events_behind_them(place: Place) -> None:
    for area in ("c1", "c1", "c3"):
        await place.town.placed(area)
    answer = await place.ask("GET", "/api/v1/counters?counter=orders_placed&by=area", "dispatcher")
    cells = {cell["key"]: cell["value"] for cell in answer.json["cells"]}
    assert cells == {"s1": 2, "s2": 1}
    west = await place.ask("GET", "/api/v1/counters?counter=orders_placed", "west")
    assert [cell["value"] for cell in west.json["cells"]] == [1]
    behind = await place.ask("GET", "/api/v1/counters/orders_placed/events?area=s1", "dispatcher")
    assert behind.json["value"] == 2
    assert [line["contribution"] for line in behind.json["events"]] == [1, 1]
    for wrong, status in (
        ("/api/v1/counters?counter=order_placed", 404),
        ("/api/v1/counters?colour=red", 422),
        ("/api/v1/counters?where=c1", 422),
        ("/api/v1/counters?as_of=then", 422),
        ("/api/v1/counters?axis=sideways", 422),
        ("/api/v1/counters/orders_placed/events?limit=501", 422),
    ):
        assert (await place.ask("GET", wrong, "dispatcher")).status == status, wrong


async def test_numbers_of_single_people_are_not_for_everybody(place: Place) -> None:
    case_id = await place.town.dispatched()
    await place.town.give("worker", "order", "accept", case_id)
    await place.town.give(
        "worker", "order", "deliver", case_id, beneficiaries=3, timing="after_hours"
    )
    await place.town.enrol("auditor", "ada", None, ("auditor",), "d1")
    by_worker = "/api/v1/counters?counter=services_delivered&by=worker"
    assert (await place.ask("GET", by_worker, "dispatcher")).status == 403
    assert (await place.ask("GET", by_worker, "auditor")).json["cells"][0]["key"] == "w1"
    own = "/api/v1/counters?counter=services_delivered&where=worker=w1"
    assert (await place.ask("GET", own, "dispatcher")).status == 403
    assert (await place.ask("GET", own, "worker")).json["cells"][0]["value"] == 1


async def test_long_poll_wakes_and_passes_what_is_hidden(place: Place) -> None:
    head = (await place.ask("GET", "/api/v1/events?after=0&limit=1", "west")).json["head"]
    waiting = asyncio.create_task(place.ask("GET", f"/api/v1/events?after={head}&wait=20", "west"))
    await asyncio.sleep(0)
    await place.town.placed("c1")
    await place.town.placed("c3")
    answer = (await waiting).json
    assert [event["about"]["area"] for event in answer["events"]] == ["c3"]
    assert answer["next"] == answer["head"] == head + 2


async def test_long_poll_never_misses_nor_doubles(place: Place) -> None:
    start = await place.house.log.head()
    seen: list[int] = []

    async def poll() -> None:
        after = start
        while len(seen) < 60:
            path = f"/api/v1/events?after={after}&limit=7&wait=20"
            answer = (await place.ask("GET", path, "dispatcher")).json
            seen.extend(event["position"] for event in answer["events"])
            after = answer["next"]

    polling = asyncio.create_task(poll())
    for _ in range(10):
        await asyncio.gather(*(place.town.placed() for _ in range(6)))
    await polling
    assert seen == list(range(start + 1, start + 61))


async def test_catalogue_names_kinds_fields_and_zone(place: Place) -> None:
    answer = (await place.ask("GET", "/api/v1/catalogue", "worker", accept_language="en")).json
    assert answer["zone"] == "Asia/Shanghai"
    order = next(kind for kind in answer["kinds"] if kind["name"] == "order")
    place_order = next(one for one in order["commands"] if one["command"] == "place")
    assert place_order["starts"]
    channel = next(one for one in place_order["fields"] if one["name"] == "channel")
    assert {"value": "phone", "label": "Phone"} in channel["choices"]


async def test_cause_stands_in_the_facts(place: Place) -> None:
    first = await place.town.placed()
    caused = await place.ask(
        "POST", "/api/v1/order", "dispatcher", {"area": "c1"}, jishi_cause=f"order/{first}@1"
    )
    assert caused.json["facts"][0]["cause"] == f"order/{first}@1"
    for wrong in (f"order/{first}@2", f"order/{uuid4()}@1"):
        answer = await place.ask(
            "POST", "/api/v1/order", "dispatcher", {"area": "c1"}, jishi_cause=wrong
        )
        assert answer.status == 404


async def test_refused_attempts_are_kept_without_payload(place: Place) -> None:
    case_id = await place.town.placed("c1")
    await place.ask("POST", f"/api/v1/order/{case_id}/dispatch", "west", {"unit": "u1"})
    await place.ask("POST", "/api/v1/order", "west", {"area": "c1", "requester": "secret-person"})
    await place.ask("GET", "/api/v1/order")
    await place.house.attempts.flush()
    kept = [attempt for _, attempt in await place.house.log.access_log.read()]
    grant = place.town.grants["west"]
    assert [attempt[1:] for attempt in kept] == [
        ("wido", grant.token_id, "POST", f"/api/v1/order/{case_id}/dispatch", "unknown"),
        ("wido", grant.token_id, "POST", "/api/v1/order", "denied"),
        ("", "", "GET", "/api/v1/order", "unauthenticated"),
    ]
    assert "secret-person" not in str(kept)


async def test_revoked_and_expired_tokens_open_nothing(place: Place) -> None:
    grant = place.town.grants["east"]
    assert (await place.ask("GET", "/api/v1/areas", "east")).status == 200
    await place.town.give("admin", "access", "revoke", grant.token_id, reason="left")
    assert (await place.ask("GET", "/api/v1/areas", "east")).status == 401
