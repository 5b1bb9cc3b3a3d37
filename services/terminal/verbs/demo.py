"""演示 · `jishi demo`: five districts' published figures, played deed by deed and compared."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from services.terminal import exits
from services.terminal.verb import Option, Verb
from services.terminal.verbs.serve import OPTIONS, Ending, listening_for
from services.terminal.words import Both

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Iterator

    from services.exchange.demo.count import Comparison
    from services.exchange.demo.plan import Plan
    from services.exchange.demo.play import Player
    from services.terminal.call import Call
    from services.wiring import House

BESIDE_A_PAGE = 60
"""So many facts of the other districts are decided before the page has its turn."""

CLASSES = {
    "events": Both("由事件实计", "counted from events"),
    "state": Both("登记簿现状", "the state of registers"),
    "rule": Both("规则条款", "laid down as rules"),
    "quoted": Both("仅转述", "only quoted"),
}

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
            with _playing(call, player):
                await player.past(chosen)
                await player.live_at_once(chosen)
                player.clock.set(None)
                await player.others(chosen)
        player.clock.set(None)
        await house.ledger.catch_up()
        found = await _compare(house, chosen)
        answer = found.json(await house.log.head(), time.monotonic() - begun)
    call.answer(answer, lambda: _show(call, answer))
    _tell_classes(call, answer)
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
                with _playing(call, player):
                    await player.past(chosen)
            await house.ledger.catch_up()
            player.clock.set(None)
            stage = asyncio.create_task(_play_on(call, house, player, chosen, played))

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


@contextlib.contextmanager
def _playing(call: Call, player: Player) -> Iterator[None]:
    say = call.say
    say.talk("正在逐条演绎荔城的一年……", "playing 荔城's year, deed by deed …")
    # The plan and its cases live until the end: looking through them for garbage is a waste.
    gc.disable()
    try:
        with say.progress("演绎", "playing") as bar:
            player.progress = bar
            yield
    finally:
        player.progress = lambda done, of: None
        gc.enable()
        gc.freeze()


async def _play_on(call: Call, house: House, player: Player, chosen: Plan, played: bool) -> None:
    """The last hundred deeds live and the other districts beside them, if they are still to come;
    then the gentle stream of the made-up district."""
    from services.exchange.demo.showcase import stream

    if not played:
        await asyncio.gather(_live(player, chosen), _play_others(call, player, chosen))
    await house.ledger.catch_up()
    found = await _compare(house, chosen)
    call.say.talk(
        f"五个区县：{found.of} 项公布数字，{found.equal} 项相符。示范区的记录继续。",
        f"five districts: {found.equal} of {found.of} published figures are met. 示范区 goes on.",
    )
    await stream(house.commands)


async def _live(player: Player, chosen: Plan) -> None:
    async for _ in player.live(chosen):
        pass


async def _play_others(call: Call, player: Player, chosen: Plan) -> None:
    """Beside a page that is served: a few facts at a time, so that it answers in between."""
    tenths = 0

    def progress(done: int, of: int) -> None:
        nonlocal tenths
        begun = of - len(chosen.others)
        now = (done - begun) * 10 // max(1, len(chosen.others))
        if now > tenths:
            tenths = now
            call.say.talk(
                f"其余数字与其他四个区县 {now}0%", f"the rest, and four districts: {now}0%"
            )

    player.progress = progress
    await player.others(chosen, at_once=BESIDE_A_PAGE)


async def _compare(house: House, chosen: Plan) -> Comparison:
    from services.exchange.demo.count import compare
    from services.exchange.demo.districts import ALL
    from services.exchange.demo.figures import BESIDE

    return await compare(house, ALL, BESIDE, chosen.year.eve)


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
    from services.exchange.demo.districts import NAMES

    heads = (
        Both("区域", "area"),
        Both("指标", "indicator"),
        Both("公布", "published"),
        Both("实计", "counted"),
        Both("量词", "unit"),
        Both("来自", "how"),
        Both("相符", "met"),
    )
    for seed, name in NAMES.items():
        of_district = [one for one in answer["figures"] if one["seed"] == seed]
        call.say.raw(f"\n{name}")
        rows = [
            [
                one["area"],
                one["indicator"],
                one["published"] if one["exact"] else f"≥ {one['published']}",
                one["counted"],
                one["measure_word"],
                one["how"],
                "✓" if one["equal"] else "✗",
            ]
            for one in of_district
        ]
        if seed == "S0":
            rows += [["", one["label"], "", one["counted"], "", "", ""] for one in answer["beside"]]
        call.say.table(heads, rows, right=(2, 3))


def _tell_classes(call: Call, answer: dict[str, Any]) -> None:
    """How many of the figures are counted, stand in registers or rules, or are only quoted."""
    figures = answer["figures"]
    for exact, heading in (
        (True, Both("精确数字", "exact figures")),
        (False, Both("“多”“余”数字（不少于）", "figures of “more than”")),
    ):
        found = Counter(one["how"] for one in figures if one["exact"] is exact)
        parts = [(found[how], label) for how, label in CLASSES.items() if found[how]]
        call.say.talk(
            f"{heading.zh} {found.total()} 项："
            + "，".join(f"{label.zh} {number}" for number, label in parts),
            f"{found.total()} {heading.en}: "
            + ", ".join(f"{number} {label.en}" for number, label in parts),
        )


VERBS = (
    Verb(
        "demo",
        Both(
            "演示：逐条演绎五个区县公布的数字，并与之核对",
            "a demonstration: five districts' published figures, deed by deed, and compared",
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
