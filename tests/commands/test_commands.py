from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from events.clock import text_of
from events.errors import (
    Conflict,
    Denied,
    Invalid,
    KeyReused,
    Malformed,
    Refused,
    Unknown,
)
from services.commands import Request
from services.kernel.catalogue import discover
from tests.town import FOUNDER, Town, Watch, memory_town


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def town(watch: Watch) -> Town:
    return await memory_town(watch)


async def test_answer_holds_the_envelopes_of_what_was_recorded(town: Town) -> None:
    done = await town.give("dispatcher", "order", area="c1", requester="p1")
    answer = orjson.loads(done.json())
    assert set(answer) == {"id", "revision", "position", "facts"}
    assert answer["facts"] == [event.envelope() for event in await town.log.load(done.stream)]
    assert answer["facts"][-1]["position"] == answer["position"] == await town.log.head()
    assert answer["revision"] == 1
    assert answer["facts"][0]["actor"] == "dora"


async def test_repeat_gets_the_first_answer(town: Town) -> None:
    case_id, key = await town.dispatched(), uuid4()
    first = await town.give("worker", "order", "accept", case_id, key=key)
    again = await town.give("worker", "order", "accept", case_id, key=key)
    assert (first.replayed, again.replayed) == (False, True)
    assert first.json() == again.json()


async def test_repeated_start_lands_on_the_same_case(town: Town) -> None:
    key = uuid4()
    first = await town.give("dispatcher", "order", area="c1", requester="p1", key=key)
    again = await town.give("dispatcher", "order", area="c1", requester="p1", key=key)
    assert again.replayed
    assert again.stream == first.stream


async def test_repeat_is_answered_though_the_token_no_longer_reaches(town: Town) -> None:
    case_id, key = await town.dispatched(), uuid4()
    first = await town.give("worker", "order", "accept", case_id, key=key)
    await town.enrol("idle", "w1", "u1", ("worker",), "d1", actions=("read",))
    again = await town.give("idle", "order", "accept", case_id, key=key)
    assert again.json() == first.json()
    with pytest.raises(Denied):
        await town.give("idle", "order", "accept", case_id, key=uuid4())


async def test_another_request_with_the_same_key_is_refused(town: Town) -> None:
    key = uuid4()
    await town.give("dispatcher", "order", area="c1", requester="p1", key=key)
    with pytest.raises(KeyReused):
        await town.give("dispatcher", "order", area="c2", requester="p1", key=key)
    with pytest.raises(KeyReused):
        await town.give("east", "order", area="c1", requester="p1", key=key)


async def test_spelling_of_the_fields_does_not_make_another_request(town: Town) -> None:
    key, grant = uuid4(), town.grants["dispatcher"]
    ways = (
        b'{"area": "c1", "requester": "p1"}',
        b'{"requester":"p1","area":"c1","unit":null}',
    )
    for fields in ways:
        done = await town.commands.do(Request(grant, "order", "place", None, fields, key))
    assert done.replayed


async def test_expected_revision_is_a_condition(town: Town) -> None:
    case_id = await town.dispatched()
    with pytest.raises(Conflict) as conflict:
        await town.give("worker", "order", "accept", case_id, expect=1)
    current = conflict.value.current
    done = await town.give("worker", "order", "accept", case_id, expect=current)
    assert done.revision > current


async def test_outdated_cache_neither_decides_nor_refuses(town: Town, watch: Watch) -> None:
    """Another process works on the same log: what this one remembers of the case is old."""
    from services.commands import Commands
    from services.directory import Directory

    other = Commands(
        town.log,
        town.commands.catalogue,
        Directory(town.log, town.commands.catalogue),
        now=watch.now,
    )
    await other.directory.catch_up()
    case_id = await town.placed()
    dispatch = Request(town.grants["dispatcher"], "order", "dispatch", case_id, {"unit": "u1"})
    await other.do(dispatch)
    accepted = await town.give("worker", "order", "accept", case_id)
    assert accepted.events[0].fact == "order.accepted"
    with pytest.raises(Refused, match="not possible now"):
        await other.do(Request(town.grants["worker"], "order", "accept", case_id))


async def test_case_outside_the_area_is_not_there(town: Town) -> None:
    case_id = await town.placed("c1")
    for read in (
        town.give("west", "order", "dispatch", case_id, unit="u1"),
        town.commands.case(town.grants["west"], "order", case_id),
    ):
        with pytest.raises(Unknown, match="no case"):
            await read
    assert (await town.commands.case(town.grants["east"], "order", case_id)).about.area == "c1"


async def test_fact_outside_the_area_is_denied(town: Town) -> None:
    with pytest.raises(Denied):
        await town.give("west", "order", area="c1", requester="p1")
    await town.give("west", "order", area="c3", requester="p1")


async def test_new_area_lies_where_its_parent_does(town: Town) -> None:
    await town.enrol("street", "stella", None, ("street",), "s1")
    await town.give("street", "area", code="g1", name="一网格", level="grid", parent="c1")
    for parent in ("c3", None):
        where: dict[str, Any] = {"parent": parent} if parent else {}
        with pytest.raises(Denied):
            await town.give("street", "area", code="g2", name="二网格", level="grid", **where)
    assert "g1" in town.directory.under("s1")


async def test_actions_of_a_token_bound_it(town: Town) -> None:
    await town.enrol("placer", "pia", None, ("dispatcher",), "d1", actions=("order.place",))
    case_id = (await town.give("placer", "order", area="c1", requester="p1")).id
    with pytest.raises(Denied, match=r"order\.dispatch"):
        await town.give("placer", "order", "dispatch", case_id, unit="u1")
    with pytest.raises(Denied):
        await town.commands.case(town.grants["placer"], "rule", case_id)


async def test_wrong_party_is_denied_with_its_code(town: Town) -> None:
    case_id = await town.dispatched()
    with pytest.raises(Denied) as denial:
        await town.give("dispatcher", "order", "accept", case_id)
    assert denial.value.fields["refusal"] == "not_yours"


async def test_unknown_codes_name_the_field_and_the_nearest(town: Town) -> None:
    with pytest.raises(Invalid) as wrong:
        await town.give("dispatcher", "order", area="d11", requester="p1")
    assert wrong.value.field == "area"
    assert wrong.value.fields["nearest"] == "d1"
    case_id = await town.placed()
    with pytest.raises(Invalid) as wrong:
        await town.give("dispatcher", "order", "dispatch", case_id, unit="u9")
    assert wrong.value.field == "unit"


async def test_area_registered_elsewhere_is_found_in_the_log(town: Town, watch: Watch) -> None:
    from services.commands import Commands
    from services.directory import Directory

    late = Commands(
        town.log,
        town.commands.catalogue,
        Directory(town.log, town.commands.catalogue),
        now=watch.now,
    )
    done = await late.do(
        Request(town.grants["dispatcher"], "order", "", None, {"area": "c1", "requester": "p1"})
    )
    assert done.revision == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (b'{"area":"c1","requester":"p1","colour":"red"}', "colour"),
        (b'{"area":"c1","requster":"p1"}', "requster"),
        (b'{"area":5}', "area"),
        (b'{"area":"C1"}', "area"),
        (b'{"area":"c1","channel":"smoke"}', "channel"),
        (b'{"area":"c1","occurred_at":"2018-01-01T00:00:00"}', "occurred_at"),
        (b'{"area":"c1","occurred_at":1514764800}', "occurred_at"),
    ],
)
async def test_wrong_field_is_named(town: Town, fields: bytes, field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        await town.commands.do(Request(town.grants["dispatcher"], "order", "", None, fields))
    assert wrong.value.field == field
    assert field in wrong.value.zh


@pytest.mark.parametrize("fields", [b"[]", b"{", b'"x"', b"\xff", b"null"])
async def test_what_is_no_object_is_malformed(town: Town, fields: bytes) -> None:
    with pytest.raises(Malformed):
        await town.commands.do(Request(town.grants["dispatcher"], "order", "", None, fields))


async def test_missing_field_is_named(town: Town) -> None:
    with pytest.raises(Invalid) as wrong:
        await town.give("admin", "org", code="u7", area="d1", org_kind="department")
    assert wrong.value.field == "name"
    assert "必填" in wrong.value.zh


async def test_future_is_refused(town: Town, watch: Watch) -> None:
    soon = text_of(watch.now() + timedelta(seconds=1))
    with pytest.raises(Invalid) as wrong:
        await town.give("dispatcher", "order", area="c1", requester="p1", occurred_at=soon)
    assert wrong.value.field == "occurred_at"
    await town.give(
        "dispatcher", "order", area="c1", requester="p1", occurred_at=text_of(watch.now())
    )


async def test_unknown_kind_and_command_name_the_nearest(town: Town) -> None:
    with pytest.raises(Unknown) as unknown:
        await town.give("dispatcher", "oder", area="c1")
    assert unknown.value.nearest == "order"
    with pytest.raises(Unknown) as unknown:
        await town.give("dispatcher", "order", "acept", "x")
    assert unknown.value.nearest == "accept"


async def test_refused_command_leaves_nothing(town: Town) -> None:
    case_id = await town.placed()
    head = await town.log.head()
    with pytest.raises(Refused):
        await town.give("dispatcher", "order", "close", case_id)
    assert await town.log.head() == head


async def test_cases_read_for_a_decision_are_conditions(town: Town) -> None:
    first, second = await town.placed(), await town.placed()
    linked = await town.give("dispatcher", "order", "link_duplicate", second, of=f"order/{first}")
    assert linked.events[0].fact == "record.duplicate_linked"
    hidden = await town.placed("c3")
    with pytest.raises(Refused):
        await town.give("east", "order", "link_duplicate", first, of=f"order/{hidden}")


async def test_register_may_be_started_again_where_its_signature_says_so(town: Town) -> None:
    assert (await town.commands.case(town.grants["admin"], "area", "map")).revision == 6
    with pytest.raises(Refused):
        await town.give("admin", "org", code="u1", name="又一个", area="d1", org_kind="department")


async def test_rules_bind_from_their_day_and_in_their_area(town: Town, watch: Watch) -> None:
    await town.give(
        "admin",
        "rule",
        code="order.accept",
        area="s1",
        effective_on="2026-03-02",
        limit={"seconds": 600},
    )
    seconds = {}
    for area in ("c1", "c3"):
        case_id = await town.dispatched(area)
        case = await town.commands.case(town.grants["dispatcher"], "order", case_id)
        seconds[area] = case.clocks["accept"].limit_seconds
    assert seconds == {"c1": 600, "c3": 3_600}
    await town.give(
        "admin",
        "rule",
        "revise",
        "order.accept",
        effective_on="2026-03-03",
        limit={"seconds": 300},
    )
    for span, expected in ((0, 600), (24, 300)):
        watch.later(hours=span)
        case_id = await town.dispatched("c1")
        case = await town.commands.case(town.grants["dispatcher"], "order", case_id)
        assert case.clocks["accept"].limit_seconds == expected


async def test_correction_of_a_register_is_what_the_directory_knows(town: Town) -> None:
    assert town.directory.unit("u2").name == "区园林局"
    corrected = await town.give(
        FOUNDER, "org", "correct", "u2", revision=1, changes={"name": "区绿化局"}, reason="typing"
    )
    assert corrected.events[0].fact == "record.corrected"
    assert town.directory.unit("u2").name == "区绿化局"
    await town.give(FOUNDER, "org", "void", "u2", whole=True, reason="not_happened")
    with pytest.raises(Unknown):
        town.directory.unit("u2")


async def test_variant_laid_down_by_a_rule_is_a_kind_of_its_own() -> None:
    town = await memory_town(Watch(), discover())
    rule: dict[str, Any] = {
        "code": "template.claim.garden",
        "area": "root",
        "effective_on": "2026-03-01",
        "template": {
            "kind": "claim",
            "variant": "garden",
            "title": {"zh": "认养绿地", "en": "Garden"},
            "terms": {
                "item_type": "duty",
                "for_resident": False,
                "verified_first": False,
                "places_max": 3,
            },
        },
    }
    with pytest.raises(Unknown):
        town.commands.catalogue.entry("garden")
    await town.give("admin", "rule", **rule)
    entry = town.commands.catalogue.entry("garden")
    assert (entry.kind, entry.label.zh) == ("claim", "认养绿地")
