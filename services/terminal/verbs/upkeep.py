"""建库 · `jishi migrate`: bring the database to the form this program needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.terminal.verb import Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.terminal.call import Call


async def migrate(call: Call) -> None:
    """Apply what is missing; make the log where there is none yet."""
    from uuid_utils.compat import uuid7

    from services.run.migrate import migrate as apply
    from services.terminal.database import ROOMS, connected, database, pending
    from streams.schema import establish

    settings = call.settings

    with database(settings, call.say) as dsn:
        async with connected(dsn) as connection:
            if call.flag("dry-run"):
                names = await pending(connection)
                call.answer({"pending": names}, lambda: call.say.lines(names))
                call.say.talk(f"待应用 {len(names)} 个文件", f"{len(names)} files to apply")
                return
            applied = await apply(connection, ROOMS, only_pre=call.flag("only-pre"))
            constant = await establish(connection, log_id=str(uuid7()), zone=settings.zone.key)
    answer = {"applied": applied, "log": constant.log_id, "zone": constant.zone.key}
    call.answer(answer, lambda: call.say.lines(applied))
    call.say.talk(
        f"已应用 {len(applied)} 个文件；日志 {constant.log_id}，时区 {constant.zone.key}",
        f"{len(applied)} files applied; log {constant.log_id}, zone {constant.zone.key}",
    )
    call.say.hint("接下来：jishi up", "next: jishi up")


VERBS = (
    Verb(
        "migrate",
        Both("建立或升级数据库（可重复运行）", "make or upgrade the database (safe to repeat)"),
        migrate,
        (
            "jishi migrate",
            "jishi migrate --dry-run",
            "jishi migrate --database postgresql://jishi@db.example/jishi",
        ),
        options=(
            Option("dry-run", Both("只列出待应用的文件", "only list what would be applied")),
            Option(
                "only-pre",
                Both("旧程序仍在运行时：只做不影响它的部分", "while an old program still runs"),
            ),
        ),
    ),
)
