"""节假日 · `jishi calendar list|install`: the days off and weekends worked of each year."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from services.terminal.verb import Argument, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.terminal.call import Call

NOTICE = "NOTICE"
ROOT = "root"


async def show(call: Call) -> None:
    """The years that are shipped, with how many days each names."""
    from services import calendars

    notices = [calendars.shipped(year) for year in calendars.years()]
    found = [
        {"year": one.year, "free": len(one.free), "worked": len(one.worked)} for one in notices
    ]
    heads = (Both("年份", "year"), Both("放假日", "free"), Both("调休上班日", "worked"))
    rows = [tuple(one.values()) for one in found]
    call.answer({"calendars": found}, lambda: call.say.table(heads, rows, right=(0, 1, 2)))


async def install(call: Call) -> None:
    """Lay one year's notice down as a rule: a shipped year, or a file."""
    from services import calendars
    from services.kernel import catalogue

    named = call.need(NOTICE)
    year = int(named) if named.isdecimal() else None
    notice = calendars.shipped(year) if year is not None else calendars.read(Path(named))
    info = catalogue.only("rule").entry("rule").command("publish")
    fields = {"code": notice.rule, "area": ROOT, **notice.fields()}
    async with call.way("rule") as way:
        answer = await way.do("rule", info, None, fields, command_id=uuid4())
    call.answer(
        answer,
        lambda: call.say.talk(
            f"{notice.year} 年节假日安排已载入（规则 {notice.rule}）",
            f"the calendar of {notice.year} is laid down as the rule {notice.rule}",
        ),
    )


VERBS = (
    Verb(
        "calendar list",
        Both("随附的各年节假日安排", "the holiday calendars that are shipped"),
        show,
        ("jishi calendar list",),
    ),
    Verb(
        "calendar install",
        Both("载入一年的节假日与调休", "lay down a year's days off and weekends worked"),
        install,
        ("jishi calendar install 2026", "jishi calendar install 2027.toml"),
        arguments=(
            Argument(NOTICE, Both("年份，或当年通知的文件", "a year, or a file with its notice")),
        ),
    ),
)
