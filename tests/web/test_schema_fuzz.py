"""Requests made up from the interface's own description, by two tenants, against a real server.

Whatever is sent, the answer is one that the description names, and never an internal error.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.web.openapi import Builder
from tests.web.conftest import FULL, Place
from tests.web.serving import served

OFTEN = (
    "order.place",
    "order.accept",
    "order.case",
    "order.cases",
    "order.history",
    "check_in.request",
    "wish.propose",
    "org.register",
    "access.grant",
    "counters",
    "explain",
    "events",
    "areas",
    "catalogue",
)
EXAMPLES = 12
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


def fuzz(
    port: int, tokens: dict[str, str], names: tuple[str, ...] | None
) -> dict[str, Counter[int]]:
    """Every operation of these names, as every tenant; gives the statuses answered by each."""
    document = Builder(FULL, "en").document()
    document["paths"].pop("/api/v1/feed")
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=f"http://127.0.0.1:{port}")
    answered: dict[str, Counter[int]] = {}
    for result in schema.get_all_operations():
        if isinstance(result, Err):
            raise result.err()
        operation = result.ok()
        label = operation.definition.raw["operationId"]
        if names is None or label in names:
            answered[label] = fuzz_one(operation, tokens)
    return answered


def fuzz_one(operation: Any, tokens: dict[str, str]) -> Counter[int]:
    """One operation: the statuses it answered."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def requests(case: Any) -> None:
        if isinstance(case.query, dict):
            case.query.pop("wait", None)
        if case.headers is not None:
            # A made-up cause is never there: it would turn nearly everything away.
            case.headers.pop("Jishi-Cause", None)
        for token in tokens.values():
            response = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=30)
            case.validate_response(response, checks=list(CHECKS))
            statuses[response.status_code] += 1

    requests()
    return statuses


async def fuzzed(place: Place, names: tuple[str, ...] | None) -> dict[str, Counter[int]]:
    """Fuzz a house in which something has happened."""
    await place.town.dispatched("c1")
    tokens = {who: place.town.tokens[who] for who in ("dispatcher", "west")}
    async with served(place.house) as port:
        return await asyncio.to_thread(fuzz, port, tokens, names)


@pytest.mark.timeout(300)
async def test_answers_are_as_described(place: Place) -> None:
    answered = await fuzzed(place, OFTEN)
    assert answered.keys() == set(OFTEN)
    # The requests are not all turned away at the door: both sides of the rules were tried.
    assert answered["order.place"][201] > 0
    assert answered["order.place"][422] + answered["order.place"][403] > 0
    assert answered["counters"][200] > 0


@pytest.mark.soak
@pytest.mark.timeout(3_600)
async def test_every_answer_is_as_described(place: Place) -> None:
    answered = await fuzzed(place, None)
    assert len(answered) > 200
