"""机制与情景 · `jishi mechanisms`, `jishi scenario run`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from events.errors import Invalid
from services.terminal.exits import DONE, FAILED
from services.terminal.verb import Argument, Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.exchange.scenarios.rows import Shown
    from services.terminal.call import Call

ID, FILE = "ID", "FILE"
MARKS = {True: "✓", False: "✗", None: ""}


async def mechanisms(call: Call) -> int:
    """List the mechanisms, or play the scenarios that show them."""
    from services.exchange.scenarios.rows import row, shown

    found = shown()
    wanted = [row(name).id for name in call.many(ID)] or list(found)
    chosen = [found[name] for name in dict.fromkeys(wanted)]
    if call.flag("run"):
        chosen = await _play(call, chosen)
    return _answer(call, chosen)


async def run(call: Call) -> int:
    """Play the scenarios of any files."""
    from services.exchange.scenarios.reading import read
    from services.exchange.scenarios.rows import of_file

    chosen: list[Shown] = []
    for name in call.many(FILE):
        chosen += of_file(read(_file(name))).values()
    return _answer(call, await _play(call, chosen))


def _file(name: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise Invalid(
            f"there is no file {path}", field=FILE, value=str(path), zh=f"没有文件 {path}"
        )
    return path


async def _play(call: Call, chosen: Iterable[Shown]) -> list[Shown]:
    """Those that have a scenario, one after the other; what went wrong is said at once."""
    from services.exchange.scenarios.play import play
    from services.staging import rehearsal, stages
    from services.terminal.logs import to_stderr

    to_stderr(quiet=True)
    say, listed = call.say, list(chosen)
    played: list[Shown] = []
    with (
        rehearsal(lambda text: say.talk(text, text)) as server,
        say.progress("演练", "playing") as bar,
    ):
        async with stages(server, hasty=True) as made:
            for number, one in enumerate(listed, 1):
                if one.scenario is not None and one.scenario.state == "works":
                    async with made.stage() as stage:
                        one = replace(one, outcome=await play(one.scenario, stage, say.language))
                    _tell(call, one)
                played.append(one)
                bar(number, len(listed))
    return played


def _tell(call: Call, one: Shown) -> None:
    for failure in one.outcome.failures if one.outcome is not None else ():
        call.say.talk(
            f"{one.file} {one.row.id}，{failure.text('zh')}",
            f"{one.file} {one.row.id}, {failure.text('en')}",
        )


def _answer(call: Call, chosen: list[Shown]) -> int:
    from services.exchange.scenarios.rows import report

    answer = report(chosen, call.say.language)
    call.answer(answer, lambda: _show(call, answer))
    missing = sum(one.scenario is None for one in chosen)
    call.say.talk(
        f"共 {answer['of']} 项：有情景 {answer['works']}，不做 {answer['out']}，"
        f"尚无情景 {missing}，演练通过 {answer['passed']}",
        f"{answer['of']} rows: {answer['works']} with a scenario, {answer['out']} out, "
        f"{missing} without one yet, {answer['passed']} played and passed",
    )
    failed = any(one.outcome is not None and not one.outcome.passed for one in chosen)
    return FAILED if failed else DONE


def _show(call: Call, answer: dict[str, Any]) -> None:
    heads = (
        Both("编号", "id"),
        Both("机制", "mechanism"),
        Both("类型", "kind"),
        Both("状态", "state"),
        Both("通过", "passed"),
        Both("秒", "seconds"),
        Both("不含", "left out"),
    )
    none = call.say.text("尚无情景", "no scenario yet")
    words = {
        "works": call.say.text("可用", "works"),
        "out": call.say.text("不做", "out"),
        None: none,
    }
    rows = [
        [
            one["id"],
            one["name"],
            one["kind"],
            words[one["state"]],
            MARKS[one["passed"]],
            one["seconds"],
            one["left_out"],
        ]
        for one in answer["rows"]
    ]
    call.say.table(heads, rows, right=(5,))


VERBS = (
    Verb(
        "mechanisms",
        Both(
            "五篇文章所述的 176 项机制：由什么流程承担，有无情景，演练是否通过",
            "the 176 mechanisms of five districts: what carries each, and whether it works",
        ),
        mechanisms,
        (
            "jishi mechanisms",
            "jishi mechanisms S0-26 S3-12 --run",
            "jishi mechanisms --run --json",
        ),
        arguments=(Argument(ID, Both("只看这些机制", "only these"), required=False, many=True),),
        options=(Option("run", Both("逐项演练并核对", "play the scenario of each, and compare")),),
        more=Both(
            "演练在临时数据库上进行，不触碰您的数据；有一项不通过则退出码为 1。",
            "They are played on throwaway databases, never on yours. Exit code 1 where one fails.",
        ),
    ),
    Verb(
        "scenario run",
        Both("演练任一情景文件", "play the scenarios of any file"),
        run,
        ("jishi scenario run mine.toml", "jishi scenario run tests/scenarios/S0.toml --json"),
        arguments=(Argument(FILE, Both("情景文件（TOML）", "scenario files (TOML)"), many=True),),
        more=Both(
            "写法见 docs/howto/write-a-scenario.md。",
            "How to write one: docs/howto/write-a-scenario.md.",
        ),
    ),
)
