"""台账 · `jishi table list|install`, `jishi export table`: entered once, shown in many tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from events.errors import Invalid
from services.terminal.verb import LAID_DOWN, Argument, Option, Verb, area_option, laid_down
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.facts.rule_words import TableRule
    from services.terminal.call import Call

TABLE, FILE = "TABLE", "FILE"
FORMS = ("csv", "xlsx")
FILTERS = ("area", "unit", "from", "to", "as-of")
STATES = {
    "shipped": Both("自带", "shipped"),
    "in_force": Both("已安装", "installed"),
    "later": Both("未到生效日", "not yet"),
}
HEADS = (
    Both("名称", "name"),
    Both("标题", "title"),
    Both("每行", "a row for each"),
    Both("列数", "columns"),
    Both("状态", "state"),
)


async def show(call: Call) -> None:
    """Every table with what its rows are; for one item of a list, those that answer it."""
    item = call.text("item")
    async with call.way() as way:
        found = await way.tables([("item", item)] if item else [])
    call.answer(found, lambda: _show(call, found["items"]))
    if item is not None:
        on, off = "、".join(found["on"]) or "–", "、".join(found["not_on"]) or "–"
        call.say.talk(f"事项清单：在 {on}；不在 {off}", f"lists of matters: on {on}; not on {off}")


async def install(call: Call) -> None:
    """Read a file, have it checked, and lay it down as a rule."""
    given = call.need(FILE)
    table = _read(given)
    if table is None:
        raise Invalid(
            f"{FILE}: there is no file {given}",
            field=FILE,
            value=given,
            zh=f"{FILE}：没有文件 {given}",
        )
    fields = table.model_dump(mode="json", exclude_none=True)
    fields |= laid_down(call)
    async with call.way() as way:
        found = await way.install_table(fields)
    call.answer(found, lambda: _show(call, [found]))
    call.say.hint(
        f"制作：jishi export table {found['name']} -o {found['name']}.xlsx",
        f"make it: jishi export table {found['name']} -o {found['name']}.xlsx",
    )


async def export(call: Call) -> None:
    """Fill one table and write it."""
    given = call.need(TABLE)
    output = call.text("output")
    form = _form(call, output)
    if form == "xlsx" and output is None and sys.stdout.isatty():
        raise Invalid(
            "-o: a workbook is not for a terminal; for example -o services.xlsx",
            field="output",
            zh="-o：工作簿不能显示在终端上，例如 -o services.xlsx",
        )
    pairs = [(name.replace("-", "_"), value) for name in FILTERS if (value := call.text(name))]
    async with call.way() as way:
        body = await way.table(_read(given) or given, form, pairs)
    if output is None:
        call.say.file(body)
        return
    path = _write(output, body)
    call.say.talk(f"已写入 {path}（{len(body)} 字节）", f"wrote {path} ({len(body)} bytes)")


def _write(output: str, body: bytes) -> Path:
    path = Path(output).expanduser()
    path.write_bytes(body)
    return path


def _form(call: Call, output: str | None) -> str:
    """The format asked for: else that of the file's name, else csv."""
    ending = Path(output).suffix.removeprefix(".") if output else ""
    form = call.text("format") or (ending if ending in FORMS else FORMS[0])
    if form not in FORMS:
        raise Invalid(
            f"--format: {form!r} is none of {', '.join(FORMS)}",
            field="format",
            value=form,
            zh=f"--format：“{form}”应为 {'、'.join(FORMS)} 之一",
        )
    return form


def _read(given: str) -> TableRule | None:
    """The table in a file; None where there is no such file."""
    from services.exchange.tabling import read

    path = Path(given).expanduser()
    if not path.is_file():
        return None
    return read(path.name, path.read_text(encoding="utf-8", errors="replace"))


def _show(call: Call, items: list[dict[str, Any]]) -> None:
    language = call.say.language
    call.say.table(
        HEADS,
        [
            (
                one["name"],
                one["title"][language],
                one["rows"] or one["by"],
                str(len(one["columns"])),
                STATES[one["state"]].text(language),
            )
            for one in items
        ],
        right=(3,),
    )


EXPORT = Verb(
    "export table",
    Both("制作一份台账：csv 或 xlsx", "make a table 台账 as csv or xlsx"),
    export,
    (
        "jishi export table services --area c1 --from 2018-03-01 --to 2018-03-31",
        "jishi export table issues -o issues.xlsx",
        "jishi export table ./meals.toml --format csv",
    ),
    arguments=(Argument(TABLE, Both("台账名称，或样式文件", "the name of a table, or its file")),),
    options=(
        area_option(),
        Option("unit", Both("做事的单位", "the unit that acted"), "U"),
        Option("from", Both("发生于此时之后；日期即当日开始", "happened since then"), "T"),
        Option("to", Both("发生于此时之前；日期即当日结束", "happened until then"), "T"),
        Option("as-of", Both("截至此时或此位置的台账", "as it stood then"), "T|P"),
        Option("format", Both("csv（缺省）或 xlsx", "csv (else) or xlsx"), "F"),
        Option(
            "output",
            Both("写到此文件，缺省为标准输出", "to this file; else stdout"),
            "OUT",
            short="o",
        ),
    ),
    answers=False,
    more=Both(
        "每行注明案件与位置，可逐条打开；表中注明日志、截至位置与制表时间，同一位置再制作结果相同。",
        "Each row names its case and position, so that it can be opened; the sheet names log,"
        " position and time. Made again at that position it is the same.",
    ),
)
VERBS = (
    Verb(
        "table list",
        Both("列出自带的与已安装的台账", "the tables that ship, and those installed"),
        show,
        ("jishi table list", "jishi table list --item census --json"),
        options=(
            Option(
                "item",
                Both("可答这一事项的台账，及其在哪些事项清单上", "those that answer this item"),
                "ITEM",
            ),
        ),
    ),
    Verb(
        "table install",
        Both("安装本地自己的台账，无须写代码", "add a table of your own, without code"),
        install,
        ("jishi table install ./meals.toml",),
        arguments=(Argument(FILE, Both("台账样式：名称.toml", "the table: NAME.toml")),),
        options=LAID_DOWN,
        more=Both(
            "样式记为一条规则（table.名称）；同名者取代自带的样式。写错的列会指出最接近的名称。",
            "It is put on record as the rule table.NAME; it takes the place of one that ships"
            " under that name. A column that is not there is refused with the nearest name.",
        ),
    ),
)
