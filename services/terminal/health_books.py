"""账簿体检 · What `jishi doctor` looks at on the read side: positions, parked, pages, timers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from events.errors import Broken
from services.terminal.health import Finding, Patient
from services.terminal.words import Both

if TYPE_CHECKING:
    from projections.rebuild import Upkeep
    from projections.versions import Version

LAG_EVENTS_MAX = 10_000
FACTS_SHOWN = 3
UP = Both("用 jishi up 让投影与时限跟上", "let `jishi up` run: it keeps projections and deadlines")


async def books(patient: Patient) -> list[Finding]:
    """Every line about what is derived from the log."""
    if patient.log is None:
        return []
    from projections.database import Database
    from services.books import upkeep_of

    dsn = patient.settings.read_database_url or patient.dsn
    database = await Database.open(dsn)
    try:
        upkeep = upkeep_of(database, patient.log, patient.catalogue)
        standing = await upkeep.standing()
        head = await patient.log.head()
        return [
            _checkpoints(standing, head),
            *[_parked(line) for line in standing if line["parked"]],
            *_stale(standing),
            *[await _pages(upkeep, version) for version in await _ledgers(upkeep)],
            await _deadlines(patient),
        ]
    finally:
        await database.close()


def _checkpoints(standing: list[dict[str, Any]], head: int) -> Finding:
    """None may stand beyond the head of the log: then it was fed by another log."""
    for line in standing:
        name = f"{line['projection']}_v{line['version']}"
        if line["position"] > head:
            return Finding(
                "projections",
                "fail",
                Both(
                    f"{name} 在第 {line['position']} 号，日志只到第 {head} 号",
                    f"{name} stands at {line['position']}, the log ends at {head}",
                ),
                Both(
                    f"数据库被退回过？重建：jishi projection rebuild {line['projection']}",
                    "was the log restored from a backup? rebuild the projection",
                ),
            )
    lags = {line["projection"]: line["lag"] for line in standing if line["state"] == "active"}
    late = {name: lag for name, lag in lags.items() if lag > LAG_EVENTS_MAX}
    if late:
        text = ", ".join(f"{name} {lag}" for name, lag in late.items())
        return Finding("projections", "warn", Both(f"落后：{text}", f"behind: {text}"), UP)
    text = ", ".join(f"{name} {lag}" for name, lag in lags.items()) or "–"
    return Finding("projections", "ok", Both(f"落后事件数：{text}", f"events behind: {text}"))


def _parked(line: dict[str, Any]) -> Finding:
    name, count = f"{line['projection']}_v{line['version']}", line["parked"]
    return Finding(
        "parked",
        "warn",
        Both(f"{name} 搁置 {count} 个案件", f"{name} has parked {count} streams"),
        Both("查看 jishi parked list", "see `jishi parked list`"),
    )


def _stale(standing: list[dict[str, Any]]) -> list[Finding]:
    """Versions extracted by other fields than today's."""
    found = []
    for line in standing:
        if line["state"] != "active" or not line["stale"]:
            continue
        name, facts = line["projection"], ", ".join(line["stale"][:FACTS_SHOWN])
        text = Both(f"{name} 按旧字段提取：{facts}", f"{name} has other fields of: {facts}")
        following = Both(
            f"jishi projection rebuild {name}，再 compare、swap",
            f"jishi projection rebuild {name}, then compare and swap",
        )
        found.append(Finding("fields", "warn", text, following))
    return found


async def _ledgers(upkeep: Upkeep) -> list[Version]:
    return [version for version in await upkeep.versions.all("ledger") if version.state == "active"]


async def _pages(upkeep: Upkeep, version: Version) -> Finding:
    """Every sealed page is what was sealed."""
    count = 0
    try:
        async for _ in upkeep.pages(version).pages():
            count += 1
    except Broken as error:
        return Finding(
            "pages",
            "fail",
            Both(f"第 {count + 1} 页：{error.zh}", f"page {count + 1}: {error.detail}"),
            Both(
                "账页被改过：jishi projection rebuild ledger，再 swap",
                "a page was changed: jishi projection rebuild ledger, then swap",
            ),
            tampered=True,
        )
    return Finding("pages", "ok", Both(f"{count} 页，摘要无误", f"{count} pages, digests right"))


async def _deadlines(patient: Patient) -> Finding:
    from services.commands import Commands
    from services.deadlines import Deadlines
    from services.directory import Directory

    if patient.log is None:
        raise AssertionError("deadlines are read from a log")
    directory = Directory(patient.log, patient.catalogue)
    commands = Commands(patient.log, patient.catalogue, directory)
    deadlines = Deadlines(patient.log, commands)
    await deadlines.catch_up()
    due = deadlines.due(commands.now())
    text = Both(
        f"{len(deadlines)} 个在计时，{due} 个已到点", f"{len(deadlines)} running, {due} due"
    )
    return Finding("deadlines", "warn" if due else "ok", text, UP if due else None)
