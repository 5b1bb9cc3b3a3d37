"""What is said of the events fits the events: AsyncAPI, and the JSON Schema of every fact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from events.fact import Fact
from services.web import schemas
from services.web.asyncapi import asyncapi
from services.web.language import LANGUAGES, Language
from services.web.openapi_shapes import SHAPES
from streams.limits import KafkaLimits
from streams.wire import headers_of, key_of
from tests.web.conftest import FULL, Place

ROAD = KafkaLimits(prefix="town.", partitions=4, replication=3)
DOCUMENT = asyncapi(FULL, "log-1", "en", ROAD)
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def found(reference: str) -> Any:
    value: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        value = value[part]
    return value


def as_schema(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the document as a schema of its own."""
    return {"$schema": schemas.DIALECT, "components": DOCUMENT["components"], **part}


# --- AsyncAPI -------------------------------------------------------------------------------------


def test_every_fact_is_a_message_of_the_topic() -> None:
    assert MESSAGES.keys() == FULL.facts.keys()
    assert DOCUMENT["channels"]["events"]["messages"].keys() == FULL.facts.keys()
    assert DOCUMENT["asyncapi"] == "3.0.0"


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        assert found(reference)


def test_no_class_of_the_program_is_named() -> None:
    text = json.dumps(DOCUMENT)
    for name, fact in FULL.facts.items():
        assert f'"{fact.__name__}"' not in text, name


def test_the_topic_is_the_one_that_is_written() -> None:
    channel = DOCUMENT["channels"]["events"]
    kafka = channel["bindings"]["kafka"]
    assert channel["address"] == kafka["topic"] == "town.events" == ROAD.events_topic
    assert (kafka["partitions"], kafka["replicas"]) == (4, 3)
    assert kafka["topicConfiguration"]["retention.ms"] == ROAD.retention_ms


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_told_in_both_languages(language: Language) -> None:
    document = asyncapi(FULL, "log-1", language, ROAD)
    title = document["components"]["messages"]["order.placed"]["title"]
    assert title == {"zh": "已下单", "en": "Order placed"}[language]


async def test_what_travels_is_as_the_document_says(place: Place) -> None:
    await place.town.placed("c1")
    events = await place.house.log.read(limit=500)
    assert {"order.placed", "area.defined", "access.granted"} <= {one.fact for one in events}
    for event in events:
        message = MESSAGES[event.fact]
        headers = {name: value.decode() for name, value in headers_of(event, "log-1", 0)}
        jsonschema_rs.validate(as_schema(message["headers"]), headers)
        assert headers.keys() == message["headers"]["properties"].keys()
        jsonschema_rs.validate(as_schema(message["payload"]), event.envelope())
        jsonschema_rs.validate(message["bindings"]["kafka"]["key"], key_of(event).decode())


async def test_what_does_not_travel_so_is_told_apart(place: Place) -> None:
    await place.town.placed("c1")
    event = (await place.house.log.read(limit=500))[-1]
    payload = jsonschema_rs.validator_for(as_schema(MESSAGES[event.fact]["payload"]))
    whole = event.envelope()
    assert payload.is_valid(whole)
    assert not payload.is_valid({**whole, "fact": "order.cancelled"})
    assert not payload.is_valid({**whole, "data": {**whole["data"], "more": 1}})
    assert not payload.is_valid({name: value for name, value in whole.items() if name != "sha256"})


# --- JSON Schemas ---------------------------------------------------------------------------------


def test_every_fact_has_a_schema_that_is_one() -> None:
    for name in FULL.facts:
        schema = schemas.schema_of(FULL.facts, name, "en")
        jsonschema_rs.meta.validate(schema)
        assert schema["$id"] == MESSAGES[name]["x-schema"]
        assert set(schema["required"]) == set(SHAPES["Envelope"]["required"])


async def test_the_schema_of_a_fact_is_served_and_fits_its_events(place: Place) -> None:
    await place.town.placed("c1")
    for event in await place.house.log.read(limit=500):
        answer = await place.ask("GET", f"/schemas/{event.fact}.v{event.version}", "worker")
        assert answer.headers["content-type"] == "application/schema+json"
        validator = jsonschema_rs.validator_for(answer.json)
        envelope = event.envelope()
        assert validator.is_valid(envelope), event.fact
        assert not validator.is_valid({**envelope, "about": {}})


async def test_the_newest_version_is_meant_where_none_is_named(place: Place) -> None:
    newest = await place.ask("GET", "/schemas/order.placed", "worker")
    number = FULL.facts["order.placed"].version
    named = await place.ask("GET", f"/schemas/order.placed.v{number}", "worker")
    assert newest.json == named.json


@pytest.mark.parametrize("name", ["order.plaecd", "order.placed.v99", "order.placed.v0", "order."])
async def test_a_fact_that_is_not_there_is_answered_with_the_nearest(
    place: Place, name: str
) -> None:
    answer = await place.ask("GET", f"/schemas/{name}", "worker")
    assert answer.status == 404
    if name != "order.":
        assert answer.json["nearest"] == "order.placed"


def test_an_older_version_is_described_as_it_was_frozen(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Placed(Fact):
        version = 2

    Placed.fact = "thing.placed"
    about = {"$ref": "#/$defs/About"}
    old = {"properties": {"about": about, "size": {"type": "integer"}}, "required": ["about"]}
    (tmp_path / "thing.placed.v1.json").write_text(
        json.dumps({**old, "$defs": {"About": {"type": "object"}}})
    )
    monkeypatch.setattr(schemas, "FROZEN", tmp_path)
    schema = schemas.schema_of({"thing.placed": Placed}, "thing.placed.v1", "en")
    assert schema["properties"]["version"] == {"const": 1}
    assert schema["properties"]["data"]["properties"] == {"size": {"type": "integer"}}
    newest = schemas.schema_of({"thing.placed": Placed}, "thing.placed", "en")
    assert newest["properties"]["data"]["properties"] == {}
