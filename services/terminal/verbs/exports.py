"""导出 · `jishi export cells`: ordinary tables of sums for SQL tools; `export table` beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from events.errors import Invalid
from services.terminal.verb import Option, Verb, area_option
from services.terminal.verbs import tables
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.exchange.cells import Period
    from services.terminal.call import Call

PERIODS = ("day", "month", "year")


async def cells(call: Call) -> None:
    """Replace the table of sums by what is counted now."""
    from services.exchange.cells import export_cells

    period = call.text("by") or PERIODS[0]
    if period not in PERIODS:
        raise Invalid(
            f"--by: {period!r} is none of {', '.join(PERIODS)}",
            field="by",
            value=period,
            zh=f"--by：“{period}”应为 {'、'.join(PERIODS)} 之一",
        )
    async with call.direct() as direct:
        parts = await direct.numbers()
        _, database = await direct.upkeep()
        done = await export_cells(parts.ledger, direct.directory, database, cast("Period", period))
    answer = done.json()
    call.answer(answer, lambda: call.say.raw(f"{answer['table']}\t{answer['rows']}"))
    call.say.talk(
        f"已写 {answer['rows']} 行，截至第 {answer['position']} 号，用时 {answer['seconds']} 秒",
        f"{answer['rows']} rows up to position {answer['position']} in {answer['seconds']} s",
    )
    call.say.hint(
        "SELECT area_name, sum(value) FROM projections.cell WHERE counter = '…' AND level = '…' "
        "GROUP BY 1",
        "SELECT area_name, sum(value) FROM projections.cell WHERE counter = '…' AND level = '…' "
        "GROUP BY 1",
    )


async def tickets(call: Call) -> None:
    """Print the tickets that moved behind a position, as CSV or as one JSON object."""
    given = [("after", call.whole("after")), ("limit", call.whole("limit", least=1, most=500))]
    pairs = [(name, str(value)) for name, value in given if value is not None]
    pairs += [("area", area)] if (area := call.text("area")) else []
    async with call.way() as way:
        found = json.loads(await way.tickets(pairs))
    call.answer(found, lambda: _sheet(call, found["tickets"]))
    following = f"jishi export tickets --after {found['next']}"
    call.say.hint(f"下次：{following}", f"next time: {following}")


def _sheet(call: Call, found: list[dict[str, Any]]) -> None:
    from services.web.hotline import COLUMNS
    from services.web.sheets import sheet_bytes

    call.say.file(sheet_bytes(COLUMNS, ([one[name] for name in COLUMNS] for one in found)))


VERBS = (
    Verb(
        "export cells",
        Both("把各项数字写成普通数据表，供 SQL 与大屏", "write the numbers as an ordinary table"),
        cells,
        ("jishi export cells", "jishi export cells --by month"),
        options=(
            Option("by", Both("时间粒度：day、month、year", "period: day, month, year"), "PERIOD"),
        ),
        more=Both(
            "写入 projections.cell，每次整表替换，并记截至位置。同层级的行可以相加，不同层级不可。",
            "Writes projections.cell, replaced whole each time, with the position it counts up to."
            " Rows of one level add up; never add rows of two levels.",
        ),
    ),
    tables.EXPORT,
    Verb(
        "export tickets",
        Both("热线工单的办理情况，供热线系统取回", "where the hotline's tickets stand"),
        tickets,
        ("jishi export tickets --after 1200", "jishi export tickets --json"),
        options=(
            area_option(),
            Option("after", Both("从此位置之后", "behind this position"), "P"),
            Option("limit", Both("最多看几条事实（≤500）", "how many facts at most (≤ 500)"), "N"),
        ),
        more=Both(
            "列出此位置之后有变化的工单及其现状；下次从答复中的 next 接着取。",
            "The tickets that moved behind a position, as they stand now; go on from `next`.",
        ),
    ),
)
