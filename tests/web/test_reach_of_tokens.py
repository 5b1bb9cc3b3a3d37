"""What a token must not reach: by way of the registers, of forms, of the browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.access import new_token, token_hash
from tests.web.conftest import Place


def a_grant(**more: Any) -> dict[str, Any]:
    return {
        "person": "evil",
        "roles": ["administrator"],
        "actions": ["*"],
        "secret_hash": token_hash(new_token()),
        **more,
    }


def in_a_month() -> str:
    return (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


async def test_importer_grants_no_tokens(place: Place) -> None:
    await place.town.enrol("importer", "ivo", None, ("importer",), "root")
    asked = await place.ask("POST", "/api/v1/access", "importer", a_grant(area="d1"))
    assert (asked.status, asked.json["code"]) == (403, "not_yours")


@pytest.mark.parametrize("role", ["community", "street", "importer"])
@pytest.mark.parametrize("command", ["correct", "void"])
async def test_who_puts_records_right_does_not_change_tokens(
    place: Place, role: str, command: str
) -> None:
    await place.town.enrol("overseer", "otto", None, (role,), "d1")
    own = place.town.grants["overseer"].token_id
    said = {
        "correct": {"reason": "typing", "changes": {"roles": ["administrator", "system"]}},
        "void": {"reason": "typing"},
    }[command]
    answer = await place.ask("POST", f"/api/v1/access/{own}/{command}", "overseer", said)
    assert answer.status == 403
    assert place.house.directory.grants[own].roles == {role}


async def test_forms_suggest_nothing_outside_the_area(place: Place) -> None:
    page = await place.ask("GET", "/new/order", "east")
    assert b'value="c1"' in page.body
    assert not re.search(rb"\bc3\b", page.body)  # in an id it may stand by chance
    assert "西一社区".encode() not in page.body


async def test_nobody_is_signed_in_from_another_site(place: Place) -> None:
    token = place.town.tokens["east"]
    foreign = await place.ask(
        "POST", "/sign-in", body=f"token={token}".encode(), sec_fetch_site="cross-site"
    )
    assert foreign.status == 403
    assert "set-cookie" not in foreign.headers
    typed = await place.ask("GET", f"/sign-in?token={token}", sec_fetch_site="none")
    assert typed.status == 303


async def test_parties_of_a_dispute_are_people_too(place: Place) -> None:
    path = "/api/v1/counters?counter=disputes_registered&by=sides"
    assert (await place.ask("GET", path, "east")).status == 403


async def test_answer_of_a_case_is_kept_for_one_reader_and_language(place: Place) -> None:
    case_id = await place.town.placed()
    answer = await place.ask("GET", f"/api/v1/order/{case_id}", "dispatcher")
    vary = {name.strip().lower() for name in answer.headers["vary"].split(",")}
    assert vary >= {"accept-language", "authorization", "cookie"}


async def test_tags_weakened_on_the_way_are_understood(place: Place) -> None:
    case_id = await place.town.placed()
    path = f"/api/v1/order/{case_id}"
    tag = (await place.ask("GET", path, "dispatcher")).headers["etag"]
    assert (await place.ask("GET", path, "dispatcher", if_none_match=f"W/{tag}")).status == 304
    assert (
        await place.ask("GET", path, "dispatcher", if_none_match=f'"99", W/{tag}')
    ).status == 304
    moved = await place.ask(
        "POST", f"{path}/dispatch", "dispatcher", {"unit": "u1"}, if_match=f"W/{tag}"
    )
    assert moved.status == 201


async def test_street_does_not_take_back_the_map_of_others(place: Place) -> None:
    """Voiding the whole of what is its own in one revision would take back the rest with it."""
    await place.town.enrol("street", "sam", None, ("street",), "s1")
    own = next(
        event.revision
        for event in await place.house.log.load("area/map")
        if event.content["about"]["area"] == "c1"
    )
    said = {"revision": own, "whole": True, "reason": "not_happened"}
    answer = await place.ask("POST", "/api/v1/area/map/void", "street", said)
    assert answer.status == 403
    assert "c3" in place.house.directory.areas


async def test_token_cannot_be_laid_to_rest_in_another(place: Place) -> None:
    mine, other = (place.town.grants[name].token_id for name in ("resident", "worker"))
    await place.town.enrol("overseer", "otto", None, ("community", "dispatcher"), "d1")
    merged = await place.ask(
        "POST", f"/api/v1/access/{mine}/link_duplicate", "overseer", {"of": f"access/{other}"}
    )
    assert merged.status == 403


async def test_whole_bodies_are_no_breakdown_for_everybody(place: Place) -> None:
    path = "/api/v1/counters?counter=records_corrected&by=taken"
    assert (await place.ask("GET", path, "east")).status == 403


async def test_nobody_takes_over_a_token_by_its_hash(place: Place) -> None:
    """The hash stands in the log; a second grant of it must not stand before the first."""
    await place.town.enrol("keeper", "kai", None, ("administrator",), "s1")
    taken = token_hash(place.town.tokens["worker"])
    await place.ask(
        "POST",
        "/api/v1/access",
        "keeper",
        a_grant(person="w1", area="s1", roles=[], actions=["read"], secret_hash=taken),
    )
    now = place.house.commands.now()
    known = place.house.directory.grant(place.town.tokens["worker"], now)
    assert known == place.town.grants["worker"]


async def test_a_care_label_is_found_by_those_it_is_for_alone(place: Place) -> None:
    """Beyond the area: nobody else finds it by its id, in the list of cases, or by its events."""
    town = place.town
    done = await town.give("resident", "care_label", need="ramp", until_on=in_a_month())
    await town.give("east", "care_label", "note_need", done.id)
    await town.enrol("server", "w5", None, ("worker",), "c1")
    await town.enrol("neighbour", "w6", None, ("worker",), "c1")
    await town.give("east", "care_label", "name_server", done.id, server="w5")
    for who, sees in (("resident", True), ("server", True), ("east", True), ("neighbour", False)):
        listed = await place.ask("GET", "/api/v1/care_label", who)
        assert [item["id"] for item in listed.json["items"]] == ([done.id] if sees else [])
        for path in (f"/api/v1/care_label/{done.id}", f"/api/v1/care_label/{done.id}/events"):
            assert (await place.ask("GET", path, who)).status == (200 if sees else 404)


async def test_the_facts_of_care_labels_are_not_read_off_the_log(place: Place) -> None:
    """The number is everybody's; what it is made of is shown to who keeps it."""
    town = place.town
    done = await town.give("resident", "care_label", need="ramp", until_on=in_a_month())
    await town.give("east", "care_label", "note_need", done.id)
    await town.enrol("neighbour", "w6", None, ("worker",), "c1")
    for who, sees in (("east", True), ("neighbour", False)):
        counted = await place.ask("GET", "/api/v1/counters?counter=care_needs", who)
        assert [cell["value"] for cell in counted.json["cells"]] == [1]
        for path in ("/api/v1/events", "/api/v1/events?kind=care_label", "/api/v1/events?newest=1"):
            read = await place.ask("GET", path, who)
            kinds = {event["stream"].partition("/")[0] for event in read.json["events"]}
            assert ("care_label" in kinds) is sees
            assert read.json["next"] == read.json["head"]
        for path in ("/api/v1/counters/care_needs/events", "/explain/care_needs"):
            assert (await place.ask("GET", path, who)).status == (200 if sees else 403)
