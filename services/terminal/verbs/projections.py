"""投影 · `jishi projection …`, `jishi parked …`: what is derived from the log, and its versions."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from events.errors import Invalid
from services.terminal.exits import DONE, FAILED
from services.terminal.verb import Argument, Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from projections.rebuild import Upkeep
    from projections.versions import Road
    from services.terminal.call import Call

NAME, STREAM = "NAME", "KIND/ID"
PROJECTION = Argument(NAME, Both("投影：ledger、case、due", "a projection: ledger, case, due"))
STATES = {
    "active": Both("使用中", "active"),
    "building": Both("重建中", "building"),
    "kept": Both("留作回退", "kept"),
}


@contextlib.asynccontextmanager
async def upkeep(call: Call) -> AsyncIterator[Upkeep]:
    """What looks after the projections of the log."""
    async with call.direct() as direct:
        found, _ = await direct.upkeep()
        yield found


async def show(call: Call) -> None:
    """Every version with its state, position, lag and digest."""
    async with upkeep(call) as found:
        lines = await found.standing()
    call.answer({"projections": lines}, lambda: _show(call, lines))


def _show(call: Call, lines: list[dict[str, Any]]) -> None:
    heads = (
        Both("投影", "projection"),
        Both("版本", "version"),
        Both("状态", "state"),
        Both("来路", "road"),
        Both("位置", "position"),
        Both("落后", "lag"),
        Both("页或行", "pages/rows"),
        Both("搁置", "parked"),
        Both("摘要", "digest"),
    )
    rows = [
        (
            line["projection"],
            line["version"],
            STATES[line["state"]].text(call.say.language),
            line["road"],
            line["position"],
            line["lag"],
            line.get("pages", line.get("rows")),
            line["parked"],
            (line.get("digest") or "")[:12],
        )
        for line in lines
    ]
    call.say.table(heads, rows, right=(1, 4, 5, 6, 7))


async def rebuild(call: Call) -> None:
    """Make a new version beside the one that is read."""
    name = call.need(NAME)
    async with upkeep(call) as found:
        if call.flag("again"):
            await found.versions.drop(name)
        with call.say.progress("重建", "rebuilding"):
            version = await found.rebuild(
                name, from_bodies=call.flag("from-bodies"), road=road_asked(call)
            )
    answer = {"projection": name, "version": version.number, "state": version.state}
    answer["road"] = version.road.name
    call.answer(answer, lambda: call.say.raw(version.name))
    call.say.hint(
        f"比较：jishi projection compare {name}", f"next: jishi projection compare {name}"
    )


def road_asked(call: Call) -> Road:
    """By which road the new version gets its facts. Raises Invalid."""
    from projections.versions import BY_LOG, KAFKA, LOG, by_kafka

    road = call.text("road") or LOG
    if road not in (LOG, KAFKA):
        raise Invalid(
            f"--road is {LOG} or {KAFKA}, not {road!r}",
            field="road",
            value=road,
            zh=f"--road 只能是 {LOG} 或 {KAFKA}，而不是“{road}”",
        )
    return BY_LOG if road == LOG else by_kafka(call.settings.kafka.partitions)


async def compare(call: Call) -> int:
    """The new version beside the one that is read. Fails where they differ."""
    name = call.need(NAME)
    async with upkeep(call) as found:
        result = await found.compare(name)
    answer = result.json()
    call.answer(answer, lambda: call.say.lines(list(result.different)))
    zh, en = ("一致", "the same") if result.equal else ("不同", "different")
    call.say.talk(
        f"{result.old} 与 {result.new}：比较 {result.compared} 项，{zh}",
        f"{result.old} and {result.new}: {result.compared} compared, {en}",
    )
    if result.equal:
        call.say.hint(f"切换：jishi projection swap {name}", f"next: jishi projection swap {name}")
    return DONE if result.equal else FAILED


async def swap(call: Call) -> None:
    """Read the new version from now on; the old one is kept."""
    name = call.need(NAME)
    if not call.sure(f"{name}：改用重建的版本？", f"{name}: read the rebuilt version?"):
        return
    async with upkeep(call) as found:
        version = await found.swap(name)
    answer = {"projection": name, "version": version.number, "state": version.state}
    call.answer(answer, lambda: call.say.raw(version.name))
    call.say.hint(
        f"回退：jishi projection rollback {name}", f"back: jishi projection rollback {name}"
    )


async def rollback(call: Call) -> None:
    """Read the kept version again."""
    name = call.need(NAME)
    if not call.sure(f"{name}：退回原来的版本？", f"{name}: go back to the kept version?"):
        return
    async with upkeep(call) as found:
        version = await found.rollback(name)
    answer = {"projection": name, "version": version.number, "state": version.state}
    call.answer(answer, lambda: call.say.raw(version.name))


async def parked(call: Call) -> None:
    """Every stream a projection could not take in, with where and why."""
    async with upkeep(call) as found:
        lines = [
            {
                "projection": one.projection,
                "stream": one.stream,
                "position": one.position,
                "fact": one.fact,
                "reason": one.reason,
            }
            for one in await found.parked()
        ]
    heads = (
        Both("投影", "projection"),
        Both("案件", "stream"),
        Both("位置", "position"),
        Both("事实", "fact"),
        Both("原因", "reason"),
    )
    call.answer(
        {"parked": lines},
        lambda: call.say.table(heads, [list(line.values()) for line in lines], right=(2,)),
    )
    if lines:
        call.say.hint(
            "排除原因后：jishi parked retry NAME KIND/ID",
            "once the cause is gone: jishi parked retry NAME KIND/ID",
        )


async def retry(call: Call) -> int:
    """Take a stream up again. Fails where it still cannot be taken in."""
    name, stream = call.need(NAME), call.need(STREAM)
    async with upkeep(call) as found:
        still = await found.retry(name, stream)
    answer = {
        "projection": name,
        "stream": stream,
        "still": [{"projection": one.projection, "reason": one.reason} for one in still],
    }
    call.answer(
        answer, lambda: call.say.lines([f"{one.projection}\t{one.reason}" for one in still])
    )
    if not still:
        call.say.talk(f"{stream} 已重新纳入", f"{stream} is taken in again")
    return FAILED if still else DONE


VERBS = (
    Verb(
        "projection list",
        Both("各投影的版本、位置、落后与摘要", "versions, positions, lag and digests"),
        show,
        ("jishi projection list", "jishi projection list --json"),
    ),
    Verb(
        "projection rebuild",
        Both("另建一个新版本，不动正在用的", "make a new version beside the one that is read"),
        rebuild,
        (
            "jishi projection rebuild ledger",
            "jishi projection rebuild ledger --from-bodies",
            "jishi projection rebuild ledger --road kafka",
        ),
        arguments=(PROJECTION,),
        options=(
            Option("again", Both("先丢弃重建中的版本", "first throw away the one in the making")),
            Option(
                "from-bodies",
                Both("从正文重读，不用旁边的列", "read the bodies, not the columns beside them"),
            ),
            Option(
                "road",
                Both(
                    "事实经何路到来：log（默认）或 kafka（由工作进程填入）",
                    "by which its facts come: log (default), or kafka (workers fill it)",
                ),
                "ROAD",
            ),
        ),
    ),
    Verb(
        "projection compare",
        Both("比较新旧两个版本", "compare the new version with the one that is read"),
        compare,
        ("jishi projection compare ledger",),
        arguments=(PROJECTION,),
        more=Both("不同则退出码为 1。", "Exit code 1 where they differ."),
    ),
    Verb(
        "projection swap",
        Both("改用新版本，旧的留作回退", "read the new version; the old one is kept"),
        swap,
        ("jishi projection swap ledger",),
        arguments=(PROJECTION,),
        asks=True,
    ),
    Verb(
        "projection rollback",
        Both("退回留存的版本", "go back to the kept version"),
        rollback,
        ("jishi projection rollback ledger",),
        arguments=(PROJECTION,),
        asks=True,
    ),
    Verb(
        "parked list",
        Both("被搁置的事件：哪里、为何", "parked events: where, and why"),
        parked,
        ("jishi parked list", "jishi parked list --json"),
    ),
    Verb(
        "parked retry",
        Both("重新纳入一个被搁置的案件", "take a parked stream up again"),
        retry,
        ("jishi parked retry case order/01920000-0000-7000-8000-000000000000",),
        arguments=(PROJECTION, Argument(STREAM, Both("案件", "the case"))),
    ),
)
