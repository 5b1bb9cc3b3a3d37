"""日志体检 · The log itself: its constants, its positions, its bodies and what stands beside."""

from __future__ import annotations

from collections.abc import Sequence

from events.errors import shown
from services.terminal.database import Connection
from services.terminal.health import Finding, Patient
from services.terminal.words import Both
from streams.check import Difference, columns_equal_body

WINDOW, WINDOWS = 100, 20
"""Of a long log so many windows of so many events are looked at."""


async def log(patient: Patient) -> list[Finding]:
    """The constants of the log, and where it stands."""
    row = await patient.connection.fetchrow(
        "SELECT c.log_id, c.zone, c.made_as FROM streams.log_constant AS c"
    )
    if row is None:
        return [
            Finding(
                "log",
                "fail",
                Both("尚无日志", "there is no log yet"),
                Both("运行 jishi migrate", "run `jishi migrate`"),
            )
        ]
    head = await _head(patient.connection)
    text = f"{row['log_id']} ({row['zone']}, {row['made_as']})"
    return [Finding("log", "ok", Both(f"{text}，共 {head} 条", f"{text}, {head} events"))]


async def positions(patient: Patient) -> list[Finding]:
    """One event at every position from 1, and recording times that never go back."""
    row = await patient.connection.fetchrow(
        "SELECT count(*) AS events, coalesce(max(e.position), 0) AS head,"
        " coalesce(min(e.position), 1) AS first FROM streams.event AS e"
    )
    if row is None:
        raise AssertionError("an aggregate gives one row")
    gaps = row["head"] - row["events"]
    if gaps or row["first"] != 1:
        return [
            Finding(
                "positions",
                "fail",
                Both(f"缺 {gaps} 条：位置不连续", f"{gaps} events are missing: there are gaps"),
                Both(
                    "有人删过记录：保存现场并从备份核对",
                    "somebody removed events: keep all as it is",
                ),
                tampered=True,
            )
        ]
    if not row["head"]:
        return [Finding("positions", "ok", Both("尚无事件", "no events yet"))]
    span = f"1–{row['head']}"
    return [Finding("positions", "ok", Both(f"{span} 连续无缺", f"{span} without a gap"))]


async def bodies(patient: Patient) -> list[Finding]:
    """Events looked at whole: the hash fits the body, the columns beside it say what it says."""
    if patient.log is None:
        return []
    events = unjudged = 0
    head = await _head(patient.connection)
    spans = [(0, head)] if patient.full else spans_of(head)
    for after, upto in spans:
        found = await columns_equal_body(
            patient.log, patient.catalogue.shapes, after=after, upto=upto
        )
        events += found.events
        unjudged += found.unjudged
        if not found.whole:
            return [_tampered(found.differences)]
    findings = [
        Finding(
            "bodies",
            "ok",
            Both(
                f"查看 {events} 条，列、正文、哈希一致",
                f"{events} looked at: columns, body, hash agree",
            ),
        )
    ]
    if unjudged:
        findings.append(
            Finding(
                "facts",
                "warn",
                Both(f"{unjudged} 条事实本程序不认识", f"{unjudged} are of facts not known here"),
                Both(
                    "使用记录它们的版本或更新的版本", "run the version that recorded them, or newer"
                ),
            )
        )
    return findings


async def _head(connection: Connection) -> int:
    return int(
        await connection.fetchval("SELECT coalesce(max(e.position), 0) FROM streams.event AS e")
    )


def spans_of(head: int) -> list[tuple[int, int]]:
    """Spans of positions (after, up to) that stand for a log of this length: all of a short one;
    of a long one windows spread evenly over it, and its newest events."""
    if head <= WINDOW * (WINDOWS + 1):
        return [(0, head)] if head else []
    starts = [(head - WINDOW) * number // WINDOWS for number in range(WINDOWS)]
    return [*((start, start + WINDOW) for start in starts), (head - WINDOW, head)]


def _tampered(differences: Sequence[Difference]) -> Finding:
    first = differences[0]
    where = f"{first.column} = {shown(str(first.stored))}"
    wanted = shown(str(first.should_be))
    return Finding(
        "bodies",
        "fail",
        Both(
            f"第 {first.position} 号事件：{where}，应为 {wanted}",
            f"event {first.position}: {where}, should be {wanted}",
        ),
        Both(
            "记录被改过：保存现场并从备份核对",
            "it was changed: keep all as it is, compare a backup",
        ),
        tampered=True,
    )
