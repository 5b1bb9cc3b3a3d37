"""Open311 GeoReport v2: services, requests and their status, for tokens of two areas."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from tests.web.asking import Answer
from tests.web.conftest import Place

ROOT = "/open311/v2"
FORM = "application/x-www-form-urlencoded"


async def asked(place: Place, who: str, form: str = "json", **fields: str) -> Answer:
    body = urlencode(fields).encode()
    return await place.ask(
        "POST", f"{ROOT}/requests.{form}", who, body=body, content_type=FORM, accept_language="en"
    )


async def offered(place: Place) -> None:
    """A list of what may be asked as an issue in the east, and a service of the whole district."""
    town = place.town
    await town.enrol("street", "sam", None, ("street",), "d1")
    await town.give("street", "list", code="open311", area="s1", list_kind="duty")
    items = [{"item": "light", "name": "路灯 &", "category": "roads"}]
    await town.give("street", "list", "add", "open311", items=items)
    named: dict[str, Any] = {"name": "理发上门", "service_class": "social", "means": "at_home"}
    await town.give("street", "menu", code="haircut", area="d1", category="care", **named)


async def test_a_request_is_made_and_followed_as_json_and_xml(place: Place) -> None:
    await offered(place)
    services = (await place.ask("GET", f"{ROOT}/services.json", "east")).json
    assert [(one["service_code"], one["metadata"], one["type"]) for one in services] == [
        ("haircut", False, "realtime"),
        ("light", False, "realtime"),
    ]
    made = await asked(
        place,
        "east",
        service_code="light",
        address_id="c1",
        description="It is dark. Call Ms Li, 555 0100",
        first_name="Li",
        phone="555 0100",
    )
    assert made.status == 201, made.body
    (told,) = made.json
    case_id = told["service_request_id"]
    assert "not kept" in told["service_notice"]
    events = await place.house.log.load(f"issue/{case_id}")
    assert all(b"555" not in event.body and b"dark" not in event.body for event in events)
    assert events[0].content["about"]["category"] == "light"
    assert events[0].content["data"]["channel"] == "online"

    town = place.town
    await town.give("east", "issue", "classify", case_id, tier="major")
    await town.give("east", "issue", "assign", case_id, unit="u1")
    path = f"{ROOT}/requests/{case_id}"
    (one,) = (await place.ask("GET", f"{path}.json", "east", accept_language="en")).json
    assert (one["status"], one["status_notes"], one["agency_responsible"]) == (
        "open", "Assigned", "区水务局"
    )  # fmt: skip
    assert (one["address"], one["address_id"], one["description"]) == ("东一社区", "c1", None)
    assert one["requested_datetime"].endswith("+08:00")
    assert one["requested_datetime"] < one["expected_datetime"]
    await town.give("worker", "issue", "handle", case_id, resolution="solved")
    await town.give("worker", "issue", "feed_back", case_id)
    await town.give("east", "issue", "close", case_id, resolution="solved")
    answer = await place.ask("GET", f"{path}.xml", "east", accept_language="en")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.body)
    assert root.tag == "service_requests"
    assert root.findtext("request/status") == "closed"
    assert root.findtext("request/status_notes") == "Closed · Solved"
    assert root.findtext("request/service_name") == "路灯 &"
    assert root.findtext("request/description") == ""
    definition = await place.ask("GET", f"{ROOT}/services/light.xml", "east")
    assert ElementTree.fromstring(definition.body).findtext("service_code") == "light"


async def test_requests_are_found_by_service_status_time_and_id(place: Place) -> None:
    await offered(place)
    order = (await asked(place, "dispatcher", service_code="haircut", address_id="c3")).json
    issue = (await asked(place, "east", service_code="light", address_string="东二社区")).json
    order_id, issue_id = (one[0]["service_request_id"] for one in (order, issue))
    placed = (await place.house.log.load(f"order/{order_id}"))[0].content
    assert (placed["data"]["service"], placed["about"]["category"]) == ("haircut", "care")
    assert (await place.house.log.load(f"issue/{issue_id}"))[0].content["about"]["area"] == "c2"
    await place.town.give("dispatcher", "order", "cancel", order_id, reason="withdrawn")

    async def found(who: str, query: str = "") -> list[str]:
        answer = await place.ask("GET", f"{ROOT}/requests.json{query}", who)
        assert answer.status == 200, answer.body
        return [one["service_request_id"] for one in answer.json]

    assert await found("dispatcher") == [issue_id, order_id]
    assert await found("dispatcher", "?status=closed") == [order_id]
    assert await found("dispatcher", "?service_code=light,other&status=open") == [issue_id]
    assert await found("dispatcher", "?end_date=2001-01-01T00:00:00Z") == []
    both = f"?service_request_id={issue_id},{order_id}"
    assert await found("dispatcher", both) == [issue_id, order_id]
    # Each street sees its own, whatever it asks.
    assert await found("east") == await found("east", both) == [issue_id]
    assert await found("west") == await found("west", both) == [order_id]
    assert (await place.ask("GET", f"{ROOT}/requests/{issue_id}.json", "west")).status == 404


async def test_what_is_wrong_is_a_list_of_code_and_description(place: Place) -> None:
    await offered(place)
    head = await place.house.log.head()
    # The list of the east is not the west's; nor may the west ask for the east.
    for who, fields, status in (
        ("west", {"service_code": "light", "address_id": "c3"}, 404),
        ("west", {"service_code": "haircut", "address_id": "c1"}, 403),
        ("east", {"service_code": "nothing", "address_id": "c1"}, 404),
        ("east", {"service_code": "light", "address_id": "c9"}, 400),
        ("dispatcher", {"service_code": "light", "lat": "1", "long": "2", "colour": "red"}, 400),
        ("dispatcher", {"address_id": "c1"}, 400),
    ):
        for form in ("json", "xml"):
            refused = await asked(place, who, form, **fields)
            assert refused.status == status, (who, fields, refused.body)
            if form == "json":
                (error,) = refused.json
                assert error["code"] == status
                assert set(error) == {"code", "description"}
            else:
                root = ElementTree.fromstring(refused.body)
                assert root.tag == "errors"
                assert root.findtext("error/code") == str(status)
    as_json = await place.ask("POST", f"{ROOT}/requests.json", "east", {"service_code": "light"})
    assert as_json.status == 415
    long = "?start_date=2010-01-01T00:00:00Z&end_date=2010-06-01T00:00:00Z"
    for query in (long, "?status=done", "?start_date=soon"):
        assert (await place.ask("GET", f"{ROOT}/requests.json{query}", "east")).status == 400
    assert (await place.ask("GET", f"{ROOT}/services.csv", "east")).status == 404
    assert await place.house.log.head() == head
