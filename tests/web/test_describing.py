"""What the interface says of itself, and what it counts."""

from __future__ import annotations

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client.parser import text_string_to_metric_families

from services.web.language import LANGUAGES, chosen
from services.web.openapi import Builder
from tests.web.conftest import FULL, Place


def shape_of(value: object) -> object:
    """A document without its wording: what is valid in one language is valid in the other."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape_of(item) for item in value]
    return type(value)


def test_openapi_is_of_one_shape_in_both_languages() -> None:
    one, other = (shape_of(Builder(FULL, language).document()) for language in LANGUAGES)
    assert one == other


@pytest.mark.timeout(180)
def test_openapi_is_valid_and_whole() -> None:
    document = Builder(FULL, "en").document()
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())
    operations = {
        one["operationId"]
        for item in document["paths"].values()
        for method, one in item.items()
        if method in ("get", "post")
    }
    for entry in FULL.entries.values():
        for info in entry.commands.values():
            begins = info.starts and entry.startable
            if begins or (entry.variant is None and not info.starts):
                assert f"{entry.name}.{info.name}" in operations


def test_openapi_speaks_the_readers_language() -> None:
    said = {
        language: Builder(FULL, language).document()["paths"]["/api/v1/order"]["post"]["summary"]
        for language in LANGUAGES
    }
    assert said == {"zh": "下单", "en": "Place"}


def test_openapi_says_which_command_may_follow() -> None:
    document = Builder(FULL, "en").document()
    accept = document["paths"]["/api/v1/order/{id}/accept"]["post"]
    assert "order.deliver" in accept["responses"]["201"]["links"]
    assert "order.place" not in accept["responses"]["201"]["links"]


async def test_documents_are_served_offline(place: Place) -> None:
    for path in ("/openapi.json", "/asyncapi.json", "/docs?lang=en"):
        answer = await place.ask("GET", path, "worker")
        assert answer.status == 200
        # Nothing is fetched from elsewhere.
        assert not re.search(r'(src|href)="https?:', answer.body.decode())


async def test_type_of_a_problem_leads_to_what_it_means(place: Place) -> None:
    refused = await place.ask("POST", "/api/v1/order", "west", {"area": "c1"})
    meaning = await place.ask("GET", refused.json["type"], "west")
    assert meaning.status == 200
    assert refused.json["title"] in meaning.body.decode()
    assert (await place.ask("GET", "/problems/nothing", "west")).status == 404


async def test_metrics_are_read_by_prometheus(place: Place) -> None:
    await place.town.placed("c1")
    await place.ask("GET", "/api/v1/areas", "worker")
    await place.ask("POST", "/api/v1/order", "west", {"area": "c1"})
    await place.ask("BREW", "/api/v1/areas", "worker")
    text = (await place.ask("GET", "/metrics", "admin")).body.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    public = {
        (sample.labels["counter"], sample.labels["area"]): sample.value
        for sample in families["jishi_counter"].samples
    }
    assert public["orders_placed", "root"] == 1
    answers = {
        (sample.labels["route"], sample.labels["method"], sample.labels["status"]): sample.value
        for sample in families["jishi_http_answers"].samples
        if sample.name.endswith("_total")
    }
    assert answers["/api/v1/areas", "GET", "200"] == 1
    assert answers["/api/v1/areas", "other", "405"] == 1
    assert answers["/api/v1/{kind}", "POST", "403"] == 1
    assert families["jishi_log_head"].samples[0].value == await place.house.log.head()
    assert families["jishi_refusals"].samples[0].value >= 1


async def test_ready_says_what_is_missing(place: Place) -> None:
    answer = await place.ask("GET", "/readyz", "worker")
    assert (answer.status, answer.json) == (200, {"ready": True, "problems": []})


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("fr, de", "zh"),
        ("en", "en"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("zh-TW, en;q=0.9", "zh"),
        ("en;q=0.1, zh;q=0.2", "zh"),
        ("en;q=x", "zh"),
        ("EN-gb", "en"),
    ],
)
def test_language_is_the_one_preferred(header: str, language: str) -> None:
    assert chosen(header) == language
