"""The pages: every number opens to its deeds, every deed to its case; nobody is named."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from services.web.assets import FOLDER, address
from services.web.texts import TEXTS
from tests.web.asking import Answer
from tests.web.conftest import Place


class Links(HTMLParser):
    """The addresses in a page, and whether it holds anything its policy forbids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [value for name in ("href", "src") if (value := values.get(name))]
        if tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)
        self.inline += [name for name in values if name.startswith("on") or name == "style"]


async def page(place: Place, path: str, who: str = "admin", **headers: str) -> tuple[Answer, str]:
    answer = await place.ask("GET", path, who, accept="text/html", **headers)
    return answer, answer.body.decode()


async def served_once(place: Place) -> str:
    case_id = await place.town.dispatched("c1")
    await place.town.give("worker", "order", "accept", case_id)
    await place.town.give(
        "worker", "order", "deliver", case_id, beneficiaries=3, timing="after_hours"
    )
    return case_id


async def test_number_opens_to_deeds_and_deed_to_its_story(place: Place) -> None:
    case_id = await served_once(place)
    board, text = await page(place, "/board/d1")
    assert board.status == 200
    assert '<output data-counter="orders_accepted" data-key="">1</output>' in text
    assert '<output data-counter="orders_accepted" data-key="s1">1</output>' in text
    link = next(one for one in Links(text).found if one.startswith("/explain/orders_accepted"))
    explained, text = await page(place, link)
    assert explained.status == 200
    deed = next(one for one in Links(text).found if one.startswith("/case/"))
    assert deed.startswith(f"/case/order/{case_id}#r")
    story, text = await page(place, deed.partition("#")[0])
    assert story.status == 200
    told = re.findall(r'class="fact">([^<]+)<', text)
    assert [one for one in told if one in ("已下单", "已派单", "已接单", "服务已完成")] == [
        "已下单",
        "已派单",
        "已接单",
        "服务已完成",
    ]
    assert "区水务局" in text
    assert "受益人次 <b>3</b>" in text


async def test_deeds_behind_a_number_name_nobody(place: Place) -> None:
    await served_once(place)
    for path in ("/board/d1", "/explain/services_delivered", "/explain/orders_placed"):
        _, text = await page(place, path)
        assert not re.search(r"\b(w1|p1|dora)\b", text), path


async def test_person_who_only_reads_is_shown_no_people(place: Place) -> None:
    case_id = await served_once(place)
    await place.town.enrol("leader", "lee", None, ("leader",), "d1", actions=("read",))
    for who, named in (("leader", False), ("worker", True)):
        _, text = await page(place, f"/case/order/{case_id}", who)
        sentences = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
        assert bool(re.search(r"\bw1\b", sentences)) == named, who
        assert bool(re.search(r"\bw1\b", text)) == named, who


async def test_every_link_of_every_page_leads_somewhere(place: Place) -> None:
    await served_once(place)
    waiting, seen = ["/"], set[str]()
    while waiting:
        path = waiting.pop().partition("#")[0]
        if path in seen or not path.startswith("/") or path == "/sign-out" or len(seen) > 80:
            continue
        seen.add(path)
        answer, text = await page(place, path)
        assert answer.status == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            links = Links(text)
            assert not links.inline, path
            assert "script-src 'self'" in answer.headers["content-security-policy"]
            waiting += links.found
    assert len(seen) > 20


async def test_numbers_are_read_on_either_map(place: Place) -> None:
    for area in ("c1", "c2"):
        await place.town.placed(area)
    assert "map=then" not in (await page(place, "/board/s1"))[1]
    await place.town.give("admin", "area", "redraw", "map", code="c1", into=[{"code": "c2"}])
    for asked, values in (("", {"c2": 2}), ("&map=then", {"c1": 1, "c2": 1})):
        target = f"/api/v1/counters?counter=orders_placed&area=s1&by=area{asked}"
        cells = (await place.ask("GET", target, "east")).json["cells"]
        assert {cell["key"]: cell["value"] for cell in cells if cell["value"]} == values
        whole = await place.ask("GET", target.replace("&by=area", ""), "east")
        assert [cell["value"] for cell in whole.json["cells"]] == [2], "above, nothing has moved"
    _, today = await page(place, "/board/s1")
    assert {"?map=then", "/board/c2"} <= set(Links(today).found)
    assert "/board/c1" not in Links(today).found
    _, then = await page(place, "/board/s1?map=then&lang=en")
    assert {"/board/c1?map=then", "/explain/orders_placed?area=s1&map=then"} <= set(
        Links(then).found
    )
    assert '<a href="?map=then" aria-current="true">On the map of the time</a>' in then
    assert "map=then" in re.findall(r'data-feed="([^"]+)"', then)[0]
    assert "?lang=zh&amp;map=then" in then
    assert (
        "On the map of the time"
        in (await page(place, "/explain/orders_placed?area=c1&map=then&lang=en"))[1]
    )
    assert (await page(place, "/board/s1?map=once"))[0].status == 422


async def test_language_is_asked_for_and_kept(place: Place) -> None:
    answer, text = await page(place, "/?lang=en")
    assert "As of" in text
    cookie = answer.headers["set-cookie"].partition(";")[0]
    _, text = await page(place, "/", cookie=cookie)
    assert "As of" in text
    _, text = await page(place, "/")
    assert "数据截至" in text


async def test_page_of_another_street_is_not_there(place: Place) -> None:
    case_id = await served_once(place)
    for path in (f"/case/order/{case_id}", "/board/s1", "/board/nowhere", "/explain/nothing"):
        answer, text = await page(place, path, "west")
        assert answer.status == 404, path
        assert answer.headers["content-type"].startswith("text/html")
        assert "没有这一项" in text


async def test_without_a_token_the_page_asks_for_one(place: Place) -> None:
    answer = await place.ask("GET", "/board/d1", accept="text/html")
    assert answer.status == 401
    assert '<form method="post" action="/sign-in">' in answer.body.decode()
    assert "d1" not in answer.body.decode()


async def test_browser_signs_in_reads_and_signs_out(place: Place) -> None:
    token = place.town.tokens["worker"]
    form = {"content_type": "application/x-www-form-urlencoded"}
    wrong = await place.ask("POST", "/sign-in", body=b"token=jishi_wrong", **form)
    assert wrong.status == 401
    answer = await place.ask(
        "POST", "/sign-in", body=f"token={token}&to=/board/d1".encode(), **form
    )
    assert (answer.status, answer.headers["location"]) == (303, "/board/d1")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    kept = cookie.partition(";")[0]
    assert (await place.ask("GET", "/board/d1", cookie=kept)).status == 200
    out = await place.ask("GET", "/sign-out", cookie=kept)
    assert "Max-Age=0" in out.headers["set-cookie"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"origin": "http://evil.example", "host": "127.0.0.1:8311"}, 403),
        ({"origin": "http://127.0.0.1:8311", "host": "127.0.0.1:8311"}, 201),
        ({"sec_fetch_site": "same-origin"}, 201),
    ],
)
async def test_cookie_writes_only_from_own_pages(
    place: Place, headers: dict[str, str], status: int
) -> None:
    cookie = f"jishi_token={place.town.tokens['dispatcher']}"
    answer = await place.ask("POST", "/api/v1/order", json={"area": "c1"}, cookie=cookie, **headers)
    assert answer.status == status


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_sign_in_leads_nowhere_else(place: Place, target: str) -> None:
    answer = await place.ask("GET", f"/sign-in?token={place.town.tokens['worker']}&to={target}")
    assert answer.headers["location"] == "/"


def test_texts_are_there_in_both_languages() -> None:
    for key, (zh, en) in TEXTS.items():
        assert zh, key
        assert en, key
        assert set(re.findall(r"\{(\w+)\}", zh)) == set(re.findall(r"\{(\w+)\}", en)), key


def test_templates_use_only_known_texts() -> None:
    used: set[str] = set()
    for template in (FOLDER.parent / "templates").glob("*.html"):
        used |= set(re.findall(r"say\([\"'](\w+)[\"']", template.read_text()))
    assert used <= TEXTS.keys()


@pytest.mark.parametrize("name", ["../app.py", "nothing.css", "style.py"])
async def test_only_the_pages_own_files_are_served(place: Place, name: str) -> None:
    assert (await place.ask("GET", f"/static/x/{name}", "worker")).status == 404
    assert (await place.ask("GET", address("style.css"), "worker")).status == 200
    assert (await place.ask("GET", address("style.css"))).status == 401
