"""Tickets of the hotline: one number is one case, and its status is told since a position."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.web.conftest import Place

TICKETS = "/api/v1/hotline/tickets"
NEW: dict[str, Any] = {"area": "c1", "channel": "hotline", "ticket": "GD-7", "category": "noise"}


async def test_a_number_that_came_before_finds_its_case_and_adds_nothing(place: Place) -> None:
    first = await place.ask("POST", "/api/v1/issue", "east", NEW)
    assert first.status == 201
    head = await place.house.log.head()
    for who, said in (("east", NEW), ("dispatcher", {**NEW, "category": "rats", "area": "c2"})):
        again = await place.ask("POST", "/api/v1/issue", who, said)
        assert (again.status, again.headers["idempotency-replayed"]) == (200, "true")
        assert again.json == first.json
    # The other street neither reads nor doubles it, whatever it says.
    elsewhere = await place.ask("POST", "/api/v1/issue", "west", {**NEW, "area": "c3"})
    assert elsewhere.status == 403
    assert "noise" not in elsewhere.body.decode()
    worker = await place.ask("POST", "/api/v1/issue", "worker", {**NEW, "ticket": "GD-8"})
    assert (worker.status, worker.json["code"]) == (403, "ticket_by_intake")
    assert await place.house.log.head() == head


async def test_the_hotline_fetches_where_its_tickets_stand_since_a_position(place: Place) -> None:
    town = place.town
    await town.give("east", "issue", area="c1", category="noise")
    case_id = (await place.ask("POST", "/api/v1/issue", "east", NEW)).json["id"]
    await town.give("west", "issue", **{**NEW, "area": "c3", "ticket": "GD-8"})
    await town.give("east", "issue", "classify", case_id, tier="major")
    await town.give("east", "issue", "assign", case_id, unit="u1")
    told = (await place.ask("GET", TICKETS, "dispatcher", accept_language="en")).json
    assert [(one["number"], one["status"]) for one in told["tickets"]] == [
        ("GD-8", "found"),
        ("GD-7", "assigned"),
    ]
    ticket = told["tickets"][1]
    assert (ticket["unit"], ticket["unit_name"]) == ("u1", "区水务局")
    assert (ticket["label"], ticket["handled_at"], ticket["overdue"]) == ("Assigned", None, False)
    assert told["next"] == told["head"] == await place.house.log.head()

    await town.give("worker", "issue", "handle", case_id, resolution="solved")
    await town.give("worker", "issue", "feed_back", case_id)
    since = f"{TICKETS}?after={told['next']}"
    (moved,) = (await place.ask("GET", since, "east")).json["tickets"]
    assert (moved["status"], moved["declared"], moved["resolution"]) == ("fed_back", "solved", None)
    assert moved["assigned_at"] <= moved["handled_at"] <= moved["fed_back_at"]
    sheet = await place.ask("GET", f"{since}&format=csv", "east")
    (row,) = csv.DictReader(io.StringIO(sheet.body.decode("utf-8-sig")))
    assert (row["number"], row["label"], row["position"]) == (
        "GD-7", "待核查", str(moved["position"])
    )  # fmt: skip
    assert sheet.headers["jishi-next"] == str(await place.house.log.head())
    assert (await place.ask("GET", since, "west")).json["tickets"] == []
    assert (await place.ask("GET", f"{TICKETS}?area=c1", "west")).status == 404
    assert (await place.ask("GET", f"{TICKETS}?limit=0", "east")).status == 422
