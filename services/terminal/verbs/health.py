"""运行状况 · `jishi doctor`, `jishi status`: is it well, and how is it running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from events.errors import Invalid
from services.terminal import exits
from services.terminal.verb import Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.terminal.call import Call
    from services.terminal.health import Finding

SIGNS = {"ok": ("✓", "正常", "ok"), "warn": ("!", "注意", "warn"), "fail": ("✗", "有误", "fail")}


async def doctor(call: Call) -> int:
    """Every line with what to do. Fails where a line fails; 3 where stored data was changed."""
    if _asks_server(call):
        from services.terminal.examined import examine_server

        findings = examine_server(call)
    else:
        from services.terminal.examined import examine_database

        findings = await examine_database(call)
    language = call.say.language
    states = [finding.state for finding in findings]
    answer = {
        "state": next((state for state in ("fail", "warn") if state in states), "ok"),
        "checks": [finding.json(language) for finding in findings],
    }
    call.answer(answer, lambda: _show(call, findings))
    if any(finding.tampered for finding in findings):
        return exits.TAMPERED
    return exits.FAILED if "fail" in states else exits.DONE


def _asks_server(call: Call) -> bool:
    """Whether a server is set. Wrong settings are a finding of the database's list."""
    try:
        return call.settings.server is not None
    except Invalid:
        return False


def _show(call: Call, findings: list[Finding]) -> None:
    for finding in findings:
        sign, zh, en = SIGNS[finding.state]
        state = call.say.text(zh, en)
        call.say.raw(f"{sign} {state}  {finding.name:<12} {finding.text.text(call.say.language)}")
        if finding.next is not None:
            call.say.raw(f"       → {finding.next.text(call.say.language)}")


async def status(call: Call) -> int:
    """Where the log stands, how far the projections are, what waits."""
    async with call.way() as way:
        answer = await way.status()
    call.answer(answer, lambda: _show_status(call, answer))
    return exits.NOT_READY if answer["problems"] else exits.DONE


STATUS = {
    "version": Both("版本", "version"),
    "where": Both("所在", "where"),
    "log": Both("日志", "log"),
    "made_as": Both("性质", "made as"),
    "zone": Both("时区", "zone"),
    "head": Both("最新位置", "head"),
    "newest": Both("最新记录", "newest"),
    "deadlines": Both("时限", "deadlines"),
    "projections": Both("投影", "projection"),
    "parked": Both("搁置", "parked"),
    "relays": Both("转发", "relay"),
    "workers": Both("工作进程", "worker"),
    "processes": Both("进程", "process"),
    "problems": Both("问题", "problem"),
}


def _show_status(call: Call, answer: dict[str, Any]) -> None:
    rows = [
        (STATUS[name].text(call.say.language), _shown(item))
        for name, value in answer.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]
    call.say.table((Both("项", "what"), Both("现状", "status")), rows)


def _shown(item: object) -> str:
    if isinstance(item, dict):
        return " ".join(f"{name}={value}" for name, value in item.items())
    return str(item)


VERBS = (
    Verb(
        "doctor",
        Both("逐项体检，每项都说明该怎么办", "a health list: each line says what to do"),
        doctor,
        ("jishi doctor", "jishi doctor --json", "jishi doctor --full"),
        options=(
            Option("full", Both("核对每一条记录，不只抽查", "look at every event, not a sample")),
        ),
        more=Both(
            "有一项“有误”则退出码为 1；记录被改动则为 3。",
            "Exit code 1 where a line fails, 3 where stored data was changed.",
        ),
    ),
    Verb(
        "status",
        Both("日志位置、投影进度、待办时限", "head of the log, lag of projections, what waits"),
        status,
        ("jishi status", "jishi status --json"),
    ),
)
