"""Templates over HTTP: who may install one, and what everybody may then begin."""

from __future__ import annotations

from tests.web.conftest import Place

TEMPLATE = {
    "kind": "claim",
    "variant": "garden",
    "title": {"zh": "认养绿地", "en": "Garden"},
    "terms": {
        "item_type": "duty",
        "for_resident": False,
        "verified_first": False,
        "places_max": 3,
    },
}


async def test_only_who_may_lay_down_rules_installs_a_template_once(place: Place) -> None:
    for who in ("worker", "east"):
        assert (await place.ask("POST", "/api/v1/templates", who, TEMPLATE)).status == 403
    assert (await place.ask("POST", "/api/v1/garden", "east", {"area": "c1"})).status == 404
    first = await place.ask("POST", "/api/v1/templates", "admin", TEMPLATE)
    again = await place.ask("POST", "/api/v1/templates", "admin", TEMPLATE)
    assert (first.status, again.status) == (201, 200)
    assert first.json == again.json
    items = (await place.ask("GET", "/api/v1/templates", "west")).json["items"]
    assert first.json in items
    for who, area in (("east", "c1"), ("west", "c3")):
        begun = await place.ask("POST", "/api/v1/garden", who, {"area": area})
        assert begun.json["facts"][0]["about"]["variant"] == "garden"
