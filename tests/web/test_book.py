"""纪实本: one's own book and that of a member of one's unit; what it adds up to; challenges."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from tests.web.asking import Answer
from tests.web.conftest import Place
from tests.web.test_forms import hidden
from tests.web.test_pages import Links

WAIT_SECONDS = 20


async def book(place: Place, who: str, **asked: str) -> Any:
    answer = await place.ask("GET", f"/api/v1/book?{urlencode(asked)}", who)
    assert answer.status == 200, answer.body
    return answer.json


async def page(place: Place, path: str, who: str, language: str = "zh") -> tuple[Answer, str]:
    answer = await place.ask("GET", path, who, accept="text/html", accept_language=language)
    return answer, answer.body.decode()


async def served(place: Place, beneficiaries: int) -> str:
    """An order that w1 carried out."""
    town = place.town
    case_id = await town.dispatched("c1")
    await town.give("worker", "order", "accept", case_id)
    await town.give(
        "worker",
        "order",
        "deliver",
        case_id,
        beneficiaries=beneficiaries,
        timing="after_hours",
    )
    return case_id


async def with_people(place: Place) -> None:
    """w1 belongs to u2 and works for u1; each unit has an administrator."""
    await place.town.give(
        "admin",
        "person",
        person="w1",
        area="c1",
        home_unit="u2",
        home_community="c2",
        paired_community="c3",
        affiliation="serving_member",
        membership="member",
    )
    for name, unit in (("home", "u2"), ("host", "u1")):
        await place.town.enrol(name, name, unit, ("unit_admin",), "d1")
    await place.town.enrol("auditor", "ada", None, ("auditor",), "d1")


async def test_a_book_is_for_its_person_and_their_unit_and_adds_up(place: Place) -> None:
    await with_people(place)
    confirmed, waiting = await served(place, 3), await served(place, 5)
    await place.town.give("resident", "order", "confirm", confirmed, solved="yes")
    own = await book(place, "worker")
    assert own == {**await book(place, "home", person="w1"), "as_of": own["as_of"], **mine(own)}
    for who in ("host", "auditor", "admin", "dispatcher", "resident"):
        for person in ("w1", "nobody"):
            refused = await place.ask("GET", f"/api/v1/book?person={person}", who)
            assert (refused.status, refused.json["type"]) == (403, "/problems/denied"), who
    assert (own["person"], own["unit"]) == ("w1", {"code": "u2", "name": "区园林局"})
    await place.town.enrol("reader", "w1", "u1", ("worker",), "d1", actions=("read",))
    await place.town.enrol("doer", "w1", "u1", ("worker",), "d1", actions=("order.*",))
    assert (await place.ask("GET", "/api/v1/book", "reader")).json["confirmed"]
    assert (await place.ask("GET", "/api/v1/book", "doer")).status == 403
    (deed,), (open_deed,) = own["confirmed"], own["unconfirmed"]
    assert (deed["stream"], open_deed["stream"]) == (f"order/{confirmed}", f"order/{waiting}")
    assert {one["book"]: one["code"] for one in deed["books"]} == {
        "unit": "u1",
        "area": "c1",
        "home_unit": "u2",
        "home_community": "c2",
        "paired_community": "c3",
    }
    assert {"label": "受益人次", "value": "3"} in deed["details"]
    totals = {one["counter"]: one for one in own["totals"]}
    numbers = {name: (one["value"], one["measure_word"]) for name, one in totals.items()}
    assert numbers["services_delivered"] == (1, "次")
    assert numbers["resident_person_times"] == (3, "人次")
    for who in ("worker", "home"):
        for one in own["totals"]:
            opened = (await place.ask("GET", one["events"], who)).json
            assert sum(line["contribution"] for line in opened["events"]) == one["value"], one
            assert {line["stream"] for line in opened["events"]} == {f"order/{confirmed}"}
    assert (await place.ask("GET", totals["services_delivered"]["events"], "host")).status == 403
    rate = "/api/v1/counters/acceptance_rate/events?of=verified"
    assert (await place.ask("GET", rate, "admin")).status == 422


def mine(own: dict[str, Any]) -> dict[str, Any]:
    """What another reader of the same book does not see: where its person may ask back."""
    return {name: own[name] for name in ("confirmed", "unconfirmed", "to_answer")}


async def test_a_book_is_read_and_printed_in_both_languages(place: Place) -> None:
    await with_people(place)
    confirmed = await served(place, 3)
    await place.town.give("resident", "order", "confirm", confirmed, solved="yes")
    await served(place, 5)
    promised = await place.town.give("worker", "quota", area="c1", due_on="2099-12-31")
    await place.town.give("worker", "commitment", "meet", promised.id)
    await place.town.give("dispatcher", "commitment", "confirm_record", promised.id)
    own = await book(place, "worker")
    assert [one["fact"] for one in own["confirmed"]] == [
        "commitment.met",
        "order.service_delivered",
    ]
    assert {one["said_by"] for one in own["confirmed"]} == {"本人记录"}
    assert {"commitments_met", "services_delivered"} <= {one["counter"] for one in own["totals"]}
    now = place.house.commands.now().astimezone(place.house.log.zone)
    for language, words in (
        ("zh", ("纪实本", "所在单位 区园林局", f"期间 {now.year}", "尚未确认", "请求更正")),
        ("en", ("Record book", "Home unit 区园林局", f"Period {now.year}", "Not confirmed yet")),
    ):
        answer, text = await page(place, f"/book?period={now.year}", "worker", language)
        assert answer.status == 200
        assert [word for word in words if word not in text] == []
        links = Links(text)
        assert not links.inline
        assert f"?lang={'en' if language == 'zh' else 'zh'}&period={now.year}" in links.found
        opened, shown = await page(
            place, next(x for x in links.found if "/explain/" in x), "worker"
        )
        assert opened.status == 200
        assert "其中已核实" in shown
    style = next(one for one in links.found if one.endswith("style.css"))
    sheet = (await place.ask("GET", style, "worker")).body.decode()
    assert "@page { size: A4" in sheet
    assert re.search(
        r"@media print \{.*body > header, .*\.unprinted \{ display: none", sheet, re.DOTALL
    )
    for path, who, said in (
        ("/book?person=w1", "dispatcher", 403),
        ("/book?period=once", "worker", 422),
        ("/book?period=9999", "worker", 422),
        ("/book?period=1999", "worker", 200),
        ("/book", "resident", 200),
    ):
        answer, text = await page(place, path, who)
        assert answer.status == said, path
        assert "w1" not in text or who == "worker"
    assert (await book(place, "worker", period="1999"))["confirmed"] == []
    assert len((await book(place, "worker", period=f"{now:%Y-%m}"))["confirmed"]) == 2
    await place.town.give("dispatcher", "order", "void", confirmed, whole=True, reason="double")
    own = await book(place, "worker")
    assert [(one["label"], one["reason"]) for one in own["voided"]] == [("服务已完成", "重复录入")]
    assert [one["fact"] for one in own["confirmed"]] == ["commitment.met"]
    assert "重复录入" in (await page(place, "/book", "worker"))[1]


async def test_a_challenge_is_asked_from_the_book_and_answered_in_time_or_not(place: Place) -> None:
    await with_people(place)
    first, second = await served(place, 3), await served(place, 5)
    for case_id in (first, second):
        await place.town.give("resident", "order", "confirm", case_id, solved="yes")
    link = (await deed_of(place, first))["challenge_href"]
    assert await asked(place, link, "home", "wrong_number") == 303
    challenged = await deed_of(place, first)
    assert challenged["challenge"]["state"] == "waits"
    assert challenged["challenge_href"] is None
    (question,) = (await book(place, "worker"))["to_answer"]
    assert question["href"] == challenged["href"]
    assert (await book(place, "dispatcher"))["to_answer"] == []
    assert (await book(place, "home"))["to_answer"] == []
    assert "已质疑，待答复" in (await page(place, f"/case/order/{first}", "dispatcher"))[1]
    await place.town.give(
        "worker", "order", "correct", first, changes={"beneficiaries": 2}, reason="challenged",
        revision=challenged["revision"],
    )  # fmt: skip
    corrected = await deed_of(place, first)
    assert (corrected["challenge"]["state"], corrected["corrected"]) == ("corrected", True)
    assert {"label": "受益人次", "value": "2"} in corrected["details"]
    totals = {one["counter"]: one["value"] for one in (await book(place, "worker"))["totals"]}
    assert totals["resident_person_times"] == 7
    assert await ends(place, first) == [True]
    own = {"revision": corrected["revision"], "reason": "wrong_number"}
    await place.town.give("worker", "order", "challenge", first, **own)
    assert (await book(place, "worker"))["to_answer"] == [], "the recorder asks: others answer"
    assert len((await book(place, "dispatcher"))["to_answer"]) == 1
    right = {
        "changes": {"beneficiaries": 1},
        "reason": "challenged",
        "revision": corrected["revision"],
    }
    await place.town.give("dispatcher", "order", "correct", first, **right)
    assert (await book(place, "dispatcher"))["to_answer"] == []
    assert await ends(place, first) == [True, True]

    today = place.house.commands.now().astimezone(place.house.log.zone).date().isoformat()
    await place.town.give(
        "admin", "rule", code="record.challenge", area="root", effective_on=today,
        limit={"seconds": 1},
    )  # fmt: skip
    link = (await deed_of(place, second))["challenge_href"]
    assert await asked(place, link, "home", "wrong_time") == 303
    await place.house.ring.wait(await place.house.log.head(), WAIT_SECONDS)
    assert (await deed_of(place, second))["challenge"]["state"] == "missed"
    for path, who in (("/book", "worker"), ("/book?person=w1", "home")):
        assert "逾期未答复" in (await page(place, path, who))[1]
    revision = (await deed_of(place, second))["revision"]
    await place.town.give(
        "worker", "order", "uphold", second, reason="evidenced", revision=revision
    )
    upheld = (await deed_of(place, second))["challenge"]
    assert (upheld["state"], upheld["answer"]) == ("upheld", "有佐证")
    assert await ends(place, second) == [False]
    assert (await book(place, "worker"))["to_answer"] == []
    numbers = "/api/v1/counters?" + urlencode([("counter", one) for one in ANSWERS])
    cells = (await place.ask("GET", numbers, "admin")).json["cells"]
    assert {cell["counter"]: cell["value"] for cell in cells} == ANSWERS


ANSWERS = {
    "records_challenged": 3,
    "challenges_answered": 3,
    "challenges_answered_on_time": 2,
    "challenges_missed": 1,
    "records_upheld": 1,
    "challenge_answer_rate": None,  # of so few no rate is told
}


async def deed_of(place: Place, case_id: str) -> Any:
    read = await book(place, "home", person="w1")
    deeds = [*read["confirmed"], *read["unconfirmed"]]
    return next(deed for deed in deeds if deed["stream"] == f"order/{case_id}")


async def asked(place: Place, path: str, who: str, reason: str) -> int:
    """Ask for a correction by the form the book links to."""
    blank, text = await page(place, path, who)
    assert blank.status == 200
    revision = path.rpartition("=")[2]
    assert re.search(rf'<input[^>]+value="{revision}"[^>]+name="revision"', text)
    typed = {
        "command_id": hidden(text, "command_id"),
        "expect": hidden(text, "expect"),
        "revision": revision,
        "reason": reason,
    }
    answer = await place.ask(
        "POST",
        path,
        who,
        body=urlencode(typed).encode(),
        content_type="application/x-www-form-urlencoded",
    )
    return answer.status


async def ends(place: Place, case_id: str) -> list[bool]:
    """Whether each answer of a case came in time."""
    answer = await place.ask("GET", f"/api/v1/order/{case_id}/events", "admin")
    return [
        event["data"]["on_time"]
        for event in answer.json["events"]
        if event["fact"] == "deadline.ended" and event["data"]["clock"] == "record.challenge"
    ]
