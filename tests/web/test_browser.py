"""The board in a real browser: alive without a reload, honest when the line is cut."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import FOR_TESTS
from tests.web import browser
from tests.web.browser import Page
from tests.web.conftest import Place
from tests.web.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PLACED = "document.querySelector('[data-counter=orders_placed][data-key=\"\"]').textContent"


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Page]:
    program = browser.executable(FOR_TESTS.get("JISHI_BROWSER"))
    async with browser.opened(program, tmp_path / "browser") as page:
        yield page


def link(place: Place, port: int, who: str, to: str) -> str:
    return f"http://127.0.0.1:{port}/sign-in?token={place.town.tokens[who]}&to={to}"


async def test_board_lives_without_a_reload(place: Place, tab: Page) -> None:
    async with served(place.house) as port:
        await tab.go(link(place, port, "dispatcher", "/board/d1"))
        await tab.script("window.untouched = true")
        assert await tab.script(PLACED) == "0"
        await tab.until("document.querySelector('[data-feed]')")
        await place.town.placed("c1")
        await tab.until(f"{PLACED} === '1'")
        await place.town.dispatched("c3")
        await tab.until(f"{PLACED} === '2'")
        assert await tab.script("window.untouched") is True
        assert await tab.script("document.documentElement.lang") == "zh-CN"


async def test_board_says_so_when_the_line_is_cut_and_recovers(place: Place, tab: Page) -> None:
    async with served(place.house) as port:
        await tab.go(link(place, port, "dispatcher", "/board/d1"))
        await place.town.placed("c1")
        await tab.until(f"{PLACED} === '1'")
        await tab.script("document.querySelector('[data-feed]').dataset.stale = '500'")
    await tab.until("document.body.classList.contains('stale')")
    await place.town.placed("c1")
    place.house.ring.closed = False
    async with served(place.house, port):
        await tab.until(f"{PLACED} === '2' && !document.body.classList.contains('stale')")


async def test_number_leads_to_the_deed_and_its_story(place: Place, tab: Page) -> None:
    await place.town.dispatched("c1")
    async with served(place.house) as port:
        await tab.go(link(place, port, "dispatcher", "/board/d1"))
        await tab.script("document.querySelector('a[href^=\"/explain/orders_placed\"]').click()")
        await tab.until("location.pathname.startsWith('/explain/orders_placed')")
        await tab.until("document.querySelector('a[href^=\"/case/order/\"]')")
        await tab.script("document.querySelector('a[href^=\"/case/order/\"]').click()")
        await tab.until("document.querySelectorAll('ol.story > li').length === 4")


async def test_order_is_accepted_by_hand(place: Place, tab: Page) -> None:
    case_id = await place.town.dispatched("c1")
    async with served(place.house) as port:
        await tab.go(link(place, port, "worker", f"/do/order/{case_id}/accept"))
        await tab.script("document.querySelector('form.sheet button').click()")
        await tab.until(f"location.pathname === '/case/order/{case_id}'")
        await tab.until("document.querySelector('.badge').textContent === '待服务'")


async def test_pages_hold_nothing_their_policy_forbids(place: Place, tab: Page) -> None:
    case_id = await place.town.dispatched("c1")
    async with served(place.house) as port:
        await tab.go(link(place, port, "dispatcher", "/board/d1"))
        for path in ("/board/d1", "/explain/orders_placed", f"/case/order/{case_id}", "/new/order"):
            await tab.call("Log.enable")
            await tab.go(f"http://127.0.0.1:{port}{path}")
            assert await tab.script("document.styleSheets.length") == 1, path
            assert await tab.script("getComputedStyle(document.body).margin") == "0px", path
            # Nothing sticks out of a telephone's screen.
            await tab.call(
                "Emulation.setDeviceMetricsOverride",
                width=390,
                height=844,
                deviceScaleFactor=1,
                mobile=True,
            )
            assert await tab.script("document.documentElement.scrollWidth") <= 390, path
