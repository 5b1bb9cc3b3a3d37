"""No hole: every address, kind, command and method, with every credential that is not good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.routing import Route

from events.clock import text_of
from services.web.openapi import Builder
from services.web.reply import Reply
from services.web.routes import only_guarded
from tests.web.conftest import FULL, Place

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
MORE = (
    "/",
    "/docs",
    "/openapi.json",
    "/asyncapi.json",
    "/board/d1",
    "/explain/orders_placed",
    "/tables",
    "/new",
    "/new/order",
    "/sign-out",
    "/static/x/style.css",
    "/api/v1",
    "/nowhere",
    "/healthz/",
    "//healthz",
)


def addresses(order: str) -> list[str]:
    """Every address the interface describes, filled in for one order, and those of the pages."""
    found = [*MORE, f"/case/order/{order}", f"/do/order/{order}/accept"]
    described = list(Builder(FULL, "en").document()["paths"])
    for name, value in (
        ("id", order), ("name", "orders_placed"), ("code", "light"), ("format", "json")
    ):  # fmt: skip
        described = [one.replace(f"{{{name}}}", value) for one in described]
    found += described
    return [path for path in found if path != "/healthz"]


DESCRIBING = ("/docs", "/openapi.json", "/asyncapi.json", "/api/v1/catalogue")
"""What they say holds for everybody, and tells nothing of any case."""


async def bad_tokens(place: Place) -> dict[str, str | None]:
    """Credentials that open nothing at all."""
    now = place.house.commands.now()
    soon = text_of(now + timedelta(seconds=1))
    expired = await place.town.enrol("late", "lou", None, ("dispatcher",), "root", expires_at=soon)
    revoked = await place.town.enrol("gone", "gus", None, ("dispatcher",), "root")
    grant = place.town.grants["gone"]
    await place.town.give("admin", "access", "revoke", grant.token_id, reason="left")
    place.house.commands._now = lambda: now + timedelta(seconds=2)
    return {"none": None, "made up": "jishi_" + "A" * 43, "expired": expired, "revoked": revoked}


async def test_nobody_without_a_good_token_gets_anywhere(place: Place) -> None:
    case_id = await place.town.dispatched()
    tokens = await bad_tokens(place)
    head = await place.house.log.head()
    tried = 0
    for name, token in tokens.items():
        more = {"authorization": f"Bearer {token}"} if token else {}
        # Every address without a token; with one that is no good, every fifth: the same door.
        for path in addresses(case_id)[:: 5 if token else 1]:
            for method in METHODS:
                answer = await place.ask(method, path, body=b"{}", **more)
                assert answer.status == 401, (name, method, path)
                assert case_id not in answer.body.decode()
                tried += 1
    assert tried > 5_000
    assert await place.house.log.head() == head
    assert (await place.ask("GET", "/healthz")).body == b"ok\n"


async def test_token_of_another_street_neither_sees_nor_moves_a_case(place: Place) -> None:
    case_id = await place.town.dispatched("c1")
    await place.town.enrol("west_all", "wei", None, ALL_ROLES, "s2")
    head = await place.house.log.head()
    for path in addresses(case_id):
        if case_id not in path:
            continue
        for method in METHODS:
            answer = await place.ask(method, path, "west_all", body=b"{}")
            allowed = (204,) if method == "OPTIONS" else ()
            assert answer.status in (404, 405, 403, 422, *allowed), (method, path)
            assert "p1" not in answer.body.decode(), (method, path)
    assert await place.house.log.head() == head


async def test_token_without_actions_does_nothing(place: Place) -> None:
    case_id = await place.town.dispatched("c1")
    await place.town.enrol("idle", "ida", "u1", ALL_ROLES, "root", actions=("dispute.agree",))
    head = await place.house.log.head()
    seen: dict[int, int] = {}
    for path in addresses(case_id):
        for method in ("GET", "POST"):
            answer = await place.ask(method, path, "idle", body=b"{}")
            seen[answer.status] = seen.get(answer.status, 0) + 1
            if answer.status < 400 and path not in DESCRIBING:
                assert "order/" not in answer.body.decode(), path
                assert '"cells":[{' not in answer.body.decode(), path
    assert seen[403] > 200
    assert await place.house.log.head() == head


ALL_ROLES = (
    "resident",
    "worker",
    "community",
    "street",
    "dispatcher",
    "mediator",
    "unit_admin",
    "leader",
    "auditor",
    "administrator",
)


def test_route_made_otherwise_is_refused() -> None:
    with pytest.raises(AssertionError, match="/secret"):
        only_guarded([Route("/secret", lambda request: Reply(b""))])


async def test_method_that_is_not_known_here(place: Place) -> None:
    answer = await place.ask("DELETE", "/api/v1/areas", "worker")
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json["type"] == "/problems/method-not-allowed"


async def test_long_token_and_other_schemes_are_not_looked_at(place: Place) -> None:
    for value in ("Bearer " + "x" * 10_000, "Basic YTpi", "Bearer", ""):
        answer = await place.ask("GET", "/api/v1/areas", authorization=value)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
