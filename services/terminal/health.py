"""体检 · What `jishi doctor` looks at: one finding for each line, with what to do about it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import asyncpg

from events.errors import JishiError, shown
from services.terminal.database import Connection, pending, place
from services.terminal.words import Both
from streams.check import Difference, columns_equal_body

if TYPE_CHECKING:
    from services.kernel.catalogue import Catalogue
    from services.run.settings import Settings
    from streams.log import PostgresLog

State = Literal["ok", "warn", "fail"]
SERVER_MAJOR_MIN = 15
WINDOW, WINDOWS = 100, 20
CLOCK_SECONDS_MAX = 5.0
FREE_BYTES_WARN, FREE_BYTES_FAIL = 2 << 30, 200 << 20
STATEMENT_SECONDS_MAX = 60
DANGEROUS = ("UPDATE", "DELETE", "TRUNCATE")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `next` says what to do where it is not ok; `tampered`: stored data was changed."""

    name: str
    state: State
    text: Both
    next: Both | None = None
    tampered: bool = False

    def json(self, language: Literal["zh", "en"]) -> dict[str, Any]:
        """The line for programs."""
        return {
            "check": self.name,
            "state": self.state,
            "text": self.text.text(language),
            "next": self.next.text(language) if self.next else None,
        }


@dataclass
class Patient:
    """What is examined. `full`: every event is looked at, not only a sample."""

    connection: Connection
    settings: Settings
    dsn: str
    catalogue: Catalogue
    log: PostgresLog | None = None
    full: bool = False


Check = Callable[[Patient], Awaitable[list[Finding]]]


async def examine(patient: Patient, further: Sequence[tuple[str, Check]] = ()) -> list[Finding]:
    """All findings, in their order. A check that cannot be made is a finding itself."""
    await patient.connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS_MAX}s'")
    found: list[Finding] = []
    for name, check in (*CHECKS, *further):
        try:
            found += await check(patient)
        except (asyncpg.PostgresError, JishiError) as error:
            found.append(
                Finding(
                    name,
                    "fail",
                    Both(f"无法检查：{error}", f"could not be looked at: {error}"),
                    Both("先处理上面各项", "see to the lines above first"),
                )
            )
    return found


async def server(patient: Patient) -> list[Finding]:
    """Version, and whether what was answered is on disk."""
    found = patient.connection.get_server_version()
    where = place(patient.dsn) if patient.settings.database_url else str(patient.settings.home)
    if found.major < SERVER_MAJOR_MIN:
        return [
            Finding(
                "database",
                "fail",
                Both(f"Postgres {found.major}（{where}）", f"Postgres {found.major} ({where})"),
                Both("请升级到 15 或更新", "upgrade the server to 15 or newer"),
            )
        ]
    text = f"Postgres {await patient.connection.fetchval('SHOW server_version')}"
    findings = [Finding("database", "ok", Both(f"{text}（{where}）", f"{text} ({where})"))]
    unsafe = []
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        value = await patient.connection.fetchval("SELECT current_setting($1)", setting)
        if value == "off":
            unsafe.append(setting)
    if unsafe:
        names = ", ".join(unsafe)
        findings.append(
            Finding(
                "durability",
                "fail",
                Both(
                    f"{names} 已关闭：断电会丢失已答复的记录", f"{names} off: answers can be lost"
                ),
                Both(f"请打开 {names}", f"switch {names} on"),
            )
        )
    else:
        findings.append(
            Finding("durability", "ok", Both("答复之前已落盘", "on disk before it is answered"))
        )
    return findings


async def schema(patient: Patient) -> list[Finding]:
    """Whether the database has the form this program needs."""
    missing = await pending(patient.connection)
    if not missing:
        return [Finding("schema", "ok", Both("库表与程序一致", "as this program needs it"))]
    return [
        Finding(
            "schema",
            "fail",
            Both(
                f"缺 {len(missing)} 个文件：{missing[0]}", f"{len(missing)} missing: {missing[0]}"
            ),
            Both("运行 jishi migrate", "run `jishi migrate`"),
        )
    ]


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


async def guards(patient: Patient) -> list[Finding]:
    """Triggers against changes, roles without dangerous rights."""
    enabled = await patient.connection.fetch(
        "SELECT c.relname FROM pg_catalog.pg_trigger AS t"
        " JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'streams' AND t.tgname = 'append_only' AND t.tgenabled = 'A'"
    )
    missing = {"event", "log_constant"} - {row["relname"] for row in enabled}
    findings = [
        Finding("guards", "ok", Both("记录只增不改", "what is recorded can only be added to"))
        if not missing
        else Finding(
            "guards",
            "fail",
            Both(f"{'、'.join(missing)} 的防改触发器已停用", f"no guard on {', '.join(missing)}"),
            Both(
                "查明是谁停用，再运行 jishi migrate", "find out who switched it off, then migrate"
            ),
        )
    ]
    granted = await patient.connection.fetch(
        "SELECT DISTINCT g.grantee FROM information_schema.role_table_grants AS g"
        " WHERE g.table_schema = 'streams' AND g.table_name = 'event'"
        " AND g.privilege_type = ANY($1::text[]) AND g.grantee <> g.grantor",
        list(DANGEROUS),
    )
    roles = await patient.connection.fetchval(
        "SELECT count(*) FROM pg_catalog.pg_roles AS r"
        " WHERE r.rolname IN ('jishi_reader', 'jishi_writer')"
    )
    if granted:
        names = ", ".join(row["grantee"] for row in granted)
        findings.append(
            Finding(
                "roles",
                "fail",
                Both(f"{names} 有权改写记录", f"{names} may change what is recorded"),
                Both("收回 UPDATE、DELETE、TRUNCATE", "revoke UPDATE, DELETE, TRUNCATE"),
            )
        )
    elif roles < 2:
        findings.append(
            Finding(
                "roles",
                "warn",
                Both("未能建立 jishi_reader、jishi_writer", "the two roles could not be made"),
                Both(
                    "由数据库管理员建立后再 migrate",
                    "let an administrator make them, migrate again",
                ),
            )
        )
    else:
        findings.append(Finding("roles", "ok", Both("读写角色分开", "readers and writers apart")))
    return findings


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


async def clocks(patient: Patient) -> list[Finding]:
    """This machine's clock beside the database's, and both beside the newest event."""
    before = time.time()
    there = await patient.connection.fetchval(
        "SELECT extract(epoch FROM clock_timestamp())::float8"
    )
    apart = abs(there - (before + time.time()) / 2)
    newest = await patient.connection.fetchval(
        "SELECT e.recorded_at FROM streams.event AS e ORDER BY e.position DESC LIMIT 1"
    )
    made_as = await patient.connection.fetchval("SELECT c.made_as FROM streams.log_constant AS c")
    if made_as == "live" and newest is not None and newest / 1e6 > there + CLOCK_SECONDS_MAX:
        ahead = newest / 1e6 - there
        return [
            Finding(
                "clock",
                "fail",
                Both(
                    f"最新事件的记录时间比现在晚 {ahead:.0f} 秒",
                    f"newest event {ahead:.0f} s ahead",
                ),
                Both("校准数据库服务器的时钟", "set the clock of the database server right"),
            )
        ]
    if apart > CLOCK_SECONDS_MAX:
        return [
            Finding(
                "clock",
                "warn",
                Both(
                    f"与数据库时钟相差 {apart:.1f} 秒", f"{apart:.1f} s apart from the database's"
                ),
                Both("用 NTP 校时", "set both clocks by NTP"),
            )
        ]
    return [Finding("clock", "ok", Both(f"相差 {apart:.1f} 秒", f"{apart:.1f} s apart"))]


async def disk(patient: Patient) -> list[Finding]:
    """Room for what is still to be recorded; only where the database is on this machine."""
    if patient.settings.database_url is not None:
        return [
            Finding(
                "disk",
                "ok",
                Both("数据库在别处，请在那里查看", "the database is elsewhere: look there"),
            )
        ]
    free = shutil.disk_usage(patient.settings.home).free
    text = f"{free / (1 << 30):.1f} GB"
    state: State = "fail" if free < FREE_BYTES_FAIL else "warn" if free < FREE_BYTES_WARN else "ok"
    words = Both(f"剩余 {text}", f"{text} free")
    return [
        Finding(
            "disk",
            state,
            words,
            None
            if state == "ok"
            else Both("腾出空间，或迁移 JISHI_HOME", "make room or move JISHI_HOME"),
        )
    ]


CHECKS: tuple[tuple[str, Check], ...] = (
    ("database", server),
    ("schema", schema),
    ("log", log),
    ("guards", guards),
    ("positions", positions),
    ("bodies", bodies),
    ("clock", clocks),
    ("disk", disk),
)


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
