"""导入与核对 · `jishi import`, `jishi import undo`, `jishi reconcile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from events.errors import Denied, Invalid
from services.terminal.exits import DONE, FAILED
from services.terminal.verb import Argument, Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.exchange.desk import Desk
    from services.terminal.call import Call
    from services.terminal.direct import Direct

FILE, BATCH, EXPECTED = "FILE", "BATCH", "EXPECTED.csv"
DIFFERENCES_SHOWN = 50
IMPORTER = "importer"
PROFILE = Option(
    "profile", Both("导入配置：内置名或 TOML 文件", "profile: a built-in name or a file"), "P", True
)


async def take_in(call: Call) -> int:
    """Read a file by its profile, decide every row, record what is new."""
    from services.exchange.importing import import_file
    from services.exchange.profile import load

    path, profile = _file(call, FILE), load(call.need("profile"))
    refused = call.text("refused")
    dry_run = call.flag("dry-run")
    async with call.direct() as direct:
        if not dry_run:
            _check_importer(direct)
        with call.say.progress("导入", "importing") as bar:
            summary = await import_file(
                path,
                profile,
                _desk(direct, acting=not dry_run),
                dry_run=dry_run,
                refused=Path(refused) if refused else None,
                progress=lambda so_far: bar(so_far.rows),
            )
    answer = summary.json()
    call.answer(answer, lambda: _show(call, answer))
    if dry_run:
        call.say.talk("仅试算，未写入", "a rehearsal: nothing was recorded")
    elif summary.refused and refused:
        call.say.hint(f"未收的行见 {refused}", f"the refused rows are in {refused}")
    elif summary.refused:
        call.say.hint(
            "加 --refused OUT.csv 可取回未收的行与原因",
            "add --refused OUT.csv to get the refused rows with reasons",
        )
    else:
        call.say.hint(
            f"核对：jishi reconcile EXPECTED.csv --profile {call.need('profile')}；"
            f"撤销：jishi import undo {summary.batch}",
            f"compare: jishi reconcile EXPECTED.csv --profile {call.need('profile')}; "
            f"undo: jishi import undo {summary.batch}",
        )
    return DONE


async def undo(call: Call) -> int:
    """Take back a whole batch by corrections; nothing is deleted."""
    from services.exchange.undoing import undo as take_back

    batch = call.need(BATCH)
    async with call.direct() as direct:
        with call.say.progress("撤销", "taking back") as bar:
            summary = await take_back(
                batch, _desk(direct), progress=lambda so_far: bar(so_far.rows)
            )
    answer = summary.json()
    call.answer(answer, lambda: _show(call, answer))
    call.say.talk(
        "已用更正撤回，记录仍在；该文件可以重新导入",
        "taken back with corrections, the records stay; the file can be imported again",
    )
    return DONE


async def reconcile(call: Call) -> int:
    """Compare every row of a file of figures with what is counted."""
    from services.exchange.profile import load
    from services.exchange.reconcile import reconcile as compare

    path, profile = _file(call, EXPECTED), load(call.need("profile"))
    async with call.direct() as direct:
        parts = await direct.numbers()
        found = await compare(path, profile, parts.ledger)
    answer = found.json()
    call.answer(answer, lambda: _show_differences(call, answer))
    call.say.talk(
        f"共 {answer['rows']} 行，{answer['equal']} 行相等",
        f"{answer['rows']} rows, {answer['equal']} equal",
    )
    return DONE if found.all_equal else FAILED


def _desk(direct: Direct, *, acting: bool = True) -> Desk:
    from services.exchange.desk import Desk

    grant = direct.actor() if acting else direct.reader()
    return Desk(direct.commands, direct.log, grant)


def _check_importer(direct: Direct) -> None:
    """Raises Denied where the caller is no importer: every single row would be refused."""
    if IMPORTER not in direct.actor().roles:
        raise Denied(
            "your token is not one for imports: `jishi token grant --person WHO --role importer` "
            "makes one, and JISHI_TOKEN names it",
            zh="您的令牌不能用于导入：请用 jishi token grant --person WHO --role importer "
            "另授一个，并设为 JISHI_TOKEN",
            role=IMPORTER,
        )


def _file(call: Call, name: str) -> Path:
    """A file to be read. Raises Invalid where there is none."""
    path = Path(call.need(name)).expanduser()
    if not path.is_file():
        raise Invalid(
            f"{name}: there is no file {path}",
            field=name,
            value=str(path),
            zh=f"{name}：没有文件 {path}",
        )
    return path


def _show(call: Call, answer: dict[str, Any]) -> None:
    heads = (
        Both("批次", "batch"),
        Both("行", "rows"),
        Both("新收", "accepted"),
        Both("重复", "repeated"),
        Both("未收", "refused"),
        Both("事件", "events"),
        Both("秒", "seconds"),
    )
    call.say.table(heads, [list(answer.values())], right=(1, 2, 3, 4, 5, 6))


def _show_differences(call: Call, answer: dict[str, Any]) -> None:
    heads = (
        Both("指标", "metric"),
        Both("维度", "dim"),
        Both("分项", "key"),
        Both("应为", "expected"),
        Both("实计", "counted"),
    )
    rows: list[list[object]] = [list(row.values()) for row in answer["different"]]
    none = call.say.text("无此指标", "no counter")
    rows += [[row["metric"], row["dim"], "", "", none] for row in answer["unknown"]]
    if rows:
        call.say.table(heads, rows[:DIFFERENCES_SHOWN], right=(3, 4))
    if len(rows) > DIFFERENCES_SHOWN:
        more = len(rows) - DIFFERENCES_SHOWN
        call.say.talk(f"另有 {more} 行（--json 列出全部）", f"{more} more (--json lists them all)")


VERBS = (
    Verb(
        "import file",
        Both(
            "导入别的系统的文件：csv、xlsx、json、ndjson、xes",
            "import a file of another system: csv, xlsx, json, ndjson, xes",
        ),
        take_in,
        (
            "jishi import boston.csv.gz --profile boston_311 --dry-run",
            "jishi import boston.csv.gz --profile boston_311 --refused refused.csv",
            "jishi import hotline.xlsx --profile ./mytown.toml",
            "jishi import permits.xes.gz --profile wabo_receipt",
        ),
        arguments=(Argument(FILE, Both("要导入的文件，可为 .gz", "the file, also as .gz")),),
        options=(
            PROFILE,
            Option("dry-run", Both("只试算，不写入", "rehearse: record nothing")),
            Option(
                "refused", Both("把未收的行写到此文件", "write the refused rows there"), "OUT.csv"
            ),
        ),
        more=Both(
            "重复的行只计一次；中断后重跑会接着做。",
            "A repeated row is counted once; a run cut short goes on where it stopped.",
        ),
        typed="import",
    ),
    Verb(
        "import undo",
        Both("撤销一个批次：用更正撤回，不删除", "take a batch back with corrections"),
        undo,
        ("jishi import undo 9c0f2b7e-1111-5222-8333-444455556666",),
        arguments=(Argument(BATCH, Both("批次编号", "the batch")),),
    ),
    Verb(
        "reconcile",
        Both("与来源自己公布的数字逐行核对", "compare with the source's own figures, row by row"),
        reconcile,
        ("jishi reconcile boston.expected.csv --profile boston_311",),
        arguments=(
            Argument(
                EXPECTED,
                Both("来源的数字：metric、dim、key、value", "figures: metric, dim, key, value"),
            ),
        ),
        options=(PROFILE,),
        more=Both(
            "全部相等则退出码为 0，否则为 1。", "Exit code 0 only if every row is equal, else 1."
        ),
    ),
)
