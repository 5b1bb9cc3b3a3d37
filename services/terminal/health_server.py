"""数据库体检 · The server, its schema, its guards, its clock and its disk."""

from __future__ import annotations

import shutil
import time

from services.terminal.database import pending, place
from services.terminal.health import Finding, Patient, State
from services.terminal.words import Both

SERVER_MAJOR_MIN = 15
CLOCK_SECONDS_MAX = 5.0
FREE_BYTES_WARN, FREE_BYTES_FAIL = 2 << 30, 200 << 20
DANGEROUS = ("UPDATE", "DELETE", "TRUNCATE")


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
