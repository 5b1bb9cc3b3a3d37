"""演示 · `jishi demo`: 荔城's published year, played deed by deed, compared with its figures."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.terminal import exits
from services.terminal.verb import Option, Verb
from services.terminal.verbs.serve import OPTIONS, Ending, listening_for
from services.terminal.words import Both

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Mapping

    from projections.ledger import Ledger
    from services.exchange.demo.count import Comparison
    from services.exchange.demo.plan import Plan
    from services.exchange.demo.play import Player
    from services.terminal.call import Call
    from services.wiring import House

BEFORE_THE_YEAR = timedelta(days=400)
"""The clock of the log stands there until the first deed is played."""


async def demo(call: Call) -> int:
    """Play the year. With `--once` compare and end, else serve, and play the last deeds live."""
    return await (_once(call) if call.flag("once") else _shown(call))


async def _once(call: Call) -> int:
    begun = time.monotonic()
    async with _stage(call) as (house, player):
        chosen = await player.planned()
        if not await player.complete(chosen):
            await _play_past(call, player, chosen)
            await player.live_at_once(chosen)
        player.clock.set(None)
        await house.ledger.catch_up()
        found = await _compare(house.ledger)
        answer = found.json(await house.log.head(), time.monotonic() - begun)
    call.answer(answer, lambda: _show(call, answer))
    call.say.talk(
        f"{answer['of']} 项公布数字，{answer['equal']} 项相等；共 {answer['events']} 条记录，"
        f"用时 {answer['seconds']} 秒",
        f"{answer['equal']} of {answer['of']} published figures are equal; {answer['events']} "
        f"events in {answer['seconds']} s",
    )
    return exits.DONE if found.equal == found.of else exits.FAILED


async def _shown(call: Call) -> int:
    from services.web.server import serve

    listener = listening_for(call)
    ending = Ending()
    try:
        async with _stage(call) as (house, player):
            chosen = await player.planned()
            played = await player.complete(chosen)
            if not played:
                await _play_past(call, player, chosen)
            await house.ledger.catch_up()
            player.clock.set(None)
            stage = asyncio.create_task(_play_on(call, house, player, None if played else chosen))

            def ready() -> None:
                ending.left_to_uvicorn()
                _welcome(call, house, listener)

            try:
                await serve(house.app, house.ring, listener, ready)
            finally:
                stage.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await stage
    except asyncio.CancelledError:
        if not ending.asked:
            raise
        return exits.INTERRUPTED
    finally:
        listener.close()
    call.say.talk("已停止", "stopped")
    return exits.DONE


@contextlib.asynccontextmanager
async def _stage(call: Call) -> AsyncIterator[tuple[House, Player]]:
    """The house on a log made as demo, whose clock can be set."""
    from services.exchange.demo.play import Player, SettableClock
    from services.terminal.logs import to_stderr
    from services.wiring import open_house

    to_stderr(quiet=call.say.quiet)

    clock = SettableClock()
    clock.set(datetime.now(UTC) - BEFORE_THE_YEAR)
    say = call.say
    async with open_house(
        call.settings,
        made_as="demo",
        now=clock.now,
        timers=False,
        talk=lambda text: say.talk(text, text),
    ) as house:
        yield house, Player(house.commands, house.log, clock)


async def _play_past(call: Call, player: Player, chosen: Plan) -> None:
    say = call.say
    say.talk("正在逐条演绎荔城的一年……", "playing 荔城's year, deed by deed …")
    # The plan and its cases live until the end: looking through them for garbage is a waste.
    gc.disable()
    try:
        with say.progress("演绎", "playing") as bar:
            player.progress = bar
            await player.past(chosen)
    finally:
        gc.enable()
        gc.freeze()


async def _play_on(call: Call, house: House, player: Player, chosen: Plan | None) -> None:
    """The last hundred deeds live, if they are still to come; then the gentle stream of the
    made-up district."""
    from services.exchange.demo.showcase import stream

    if chosen is not None:
        async for _ in player.live(chosen):
            pass
    await house.ledger.catch_up()
    found = await _compare(house.ledger)
    call.say.talk(
        f"荔城：{found.of} 项公布数字，{found.equal} 项相等。示范区的记录继续。",
        f"荔城: {found.equal} of {found.of} published figures are equal. 示范区 goes on.",
    )
    await stream(house.commands)


async def _compare(ledger: Ledger) -> Comparison:
    from projections.query import Query
    from services.exchange.demo.count import compare
    from services.exchange.demo.figures import BESIDE, FIGURES

    counts: dict[tuple[str, str], int] = {}
    for one in (*FIGURES, *BESIDE):
        reading = await ledger.read(Query(counters=(one.counter,), area=one.area))
        value = reading.cells[0].figure.value if reading.cells else 0
        counts[one.counter, one.area] = int(value or 0)

    def count(counter: str, area: str, where: Mapping[str, str]) -> int:
        del where
        return counts[counter, area]

    return compare(count)


def _welcome(call: Call, house: House, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    say = call.say
    say.raw(f"http://{host}:{port}")
    if house.first_token is not None:
        say.talk("管理员令牌（仅此一次）：", "the administrator's token (shown only this once):")
        say.once(house.first_token)
    say.talk(
        "荔城的最后一百件正在发生；点开任何一个数字，看它背后的每一条。按 Ctrl-C 停止",
        "荔城's last hundred deeds happen now; click any number for the deeds behind it. "
        "Ctrl-C stops",
    )


def _show(call: Call, answer: dict[str, Any]) -> None:
    heads = (
        Both("区域", "area"),
        Both("指标", "indicator"),
        Both("公布", "published"),
        Both("实计", "counted"),
        Both("量词", "unit"),
        Both("相等", "equal"),
    )
    rows = [
        [
            one["area"],
            one["indicator"],
            one["published"],
            one["counted"],
            one["measure_word"],
            "✓" if one["equal"] else "✗",
        ]
        for one in answer["figures"]
    ]
    rows += [["", one["label"], "", one["counted"], "", ""] for one in answer["beside"]]
    call.say.table(heads, rows, right=(2, 3))


VERBS = (
    Verb(
        "demo",
        Both(
            "演示：逐条演绎荔城的一年，与公布的数字核对",
            "a demonstration: 荔城's year, deed by deed, compared with its published figures",
        ),
        demo,
        ("jishi demo", "jishi demo --once --json", "jishi demo --home ./demo"),
        options=(
            Option("once", Both("演完即核对并结束，不提供网页", "play, compare, end: no page")),
            *OPTIONS,
        ),
        more=Both(
            "只用于自己的目录或空库：库中已有其他记录时拒绝。重复运行只核对，不再记录。",
            "Refuses a database that holds anything else. A second run compares and records "
            "nothing.",
        ),
    ),
)
