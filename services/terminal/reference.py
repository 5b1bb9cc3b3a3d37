"""参考页 · `python -m services.terminal.reference` prints docs/reference/cli.md."""

from __future__ import annotations

import sys

from services.terminal import index
from services.terminal.verb import COMMON, Option, Verb

OPENING = """\
# 命令行 · Command line

数据写到标准输出，说明、提示与进度条写到标准错误；`--json` 时标准输出上只有一个 JSON 对象
（`events` 为每行一个事件）。没有终端时从不询问。
Data on stdout; talk, hints and progress bars on stderr. With `--json` stdout holds one JSON object
and nothing else (`events`: one envelope a line). Nothing is ever asked where there is no terminal.

| 退出码 · exit code | |
|---|---|
| 0 | 完成 · done |
| 1 | 失败或被拒绝 · failed or refused |
| 2 | 用法或字段不对 · usage, or an invalid field |
| 3 | 发现篡改 · tampering found |
| 4 | 冲突：案件已有更新 · conflict: the case has moved on |
| 5 | 未就绪、滞后，或没有服务 · not ready, lagging, or no server |
| 130 | 被中断 · interrupted |

时间按 RFC 3339；不带时区即部署时区，只写日期即当日结束（`--from` 则为当日开始）。
Times are RFC 3339; without a zone they are the deployment's; a bare day means its end (as `--from`,
its beginning).

出错时说明写在标准错误上；`--json` 时是与 HTTP 相同的问题文档，占一行。
An error is worded on stderr; with `--json` it is the same problem document as over HTTP, in a line.

两条路 · two ways: 设了 `JISHI_SERVER` 就经由服务，否则直接用数据库。操作者由 `JISHI_TOKEN` 指明；
直接读数据库不需要令牌。With `JISHI_SERVER` the program talks to that server, else to the database
itself. `JISHI_TOKEN` says who is acting; reading directly from the database needs none.

没有终端的表格以制表符分列，从不截断。In a pipe tables are parted by tabs and never cut.

补全 · completion: `jishi --install-completion`.

## 事项与登记簿 · Cases and registers

    jishi <kind> <command> [ID] --field value… [--at T] [--expect N] [--command-id UUID] [--cause C]

每一种事项、变体和登记簿都是一个动词，其命令、字段、必填项与谁可以做都见
`jishi <kind> --help`、`jishi <kind> <command> --help`。嵌套的字段写 JSON，清单可用逗号分开。
Each kind, variant and register is a verb; its commands, fields, and who may give them are in
`--help`. Nested fields take JSON, plain lists may be parted by commas.

`--json`: `{"id","revision","position","facts":[envelope…]}`.

"""
SHAPES = {
    "counters": '`{"as_of":{"position","time","axis"},"cells":[{"counter","label","measure",'
    '"measure_word","area","unit","key","value","verified","numerator","denominator"}]}`',
    "explain": '`{"counter","value","events":[{"position","stream","revision","fact",'
    '"contribution","occurred_at","recorded_at","sha256"}],"more"}`',
    "events tail": "one envelope a line",
    "events show": "one envelope a line",
    "events trace": "one envelope a line, each case whole, below what caused it",
    "import file": '`{"batch","rows","accepted","repeated","refused","events","seconds"}`',
    "import undo": "the same",
    "reconcile": '`{"rows","equal","different":[{"metric","dim","key","expected","counted"}],'
    '"unknown":[…]}`',
    "export cells": '`{"table","rows","position","seconds"}`',
    "demo": '`{"figures":[{"seed","area","indicator","measure_word","published","exact","how",'
    '"counted","equal"}],"events","equal","of","seconds"}`',
    "mechanisms": '`{"rows":[{"id","name","kind","state":"works"\\|"out","left_out","scenario",'
    '"passed","seconds"}],"works","out","passed","of"}`; a row without a scenario has `state` null',
    "scenario run": "the same, for the rows of the file",
    "status": '`{"version","where","log","made_as","zone","head","newest","deadlines",'
    '"projections","parked","relays","workers","processes","problems"}`; what a server does not'
    " tell is null",
    "projection list": '`{"projections":[{"projection","version","state","road","stale",'
    '"position","lag","pages"\\|"rows","digest","parked"}]}`',
    "projection rebuild": '`{"projection","version","state","road"}`',
    "projection compare": '`{"projection","old","new","compared","equal","different":[…]}`',
    "projection swap": '`{"projection","version","state"}`',
    "projection rollback": '`{"projection","version","state"}`',
    "parked list": '`{"parked":[{"projection","stream","position","fact","reason"}]}`',
    "parked retry": '`{"projection","stream","still":[{"projection","reason"}]}`',
    "template list": '`{"items":[{"variant","kind","title":{"zh","en"},"terms","state":"shipped"'
    '\\|"in_force"\\|"later"\\|"ended"\\|"unusable","rule","area","effective_on"}]}`',
    "template install": "the template as it stands then",
    "token revoke": "the command's answer",
    "token grant": '`{"id","token","person","unit","roles","area","actions","expires_at"}`',
    "token list": '`{"tokens":[{"id","person","unit","roles","area","actions","expires_at"}]}`',
    "doctor": '`{"state","checks":[{"check","state":"ok"\\|"warn"\\|"fail","text","next"}]}`',
    "migrate": '`{"applied":[…],"log","zone"}`; with `--dry-run` `{"pending":[…]}`',
    "facts list": '`{"facts":[{"fact","version","zh","en","quantities","members","codes",'
    '"fields","state"}]}`',
    "facts freeze": '`{"facts","written","missing","changed","gone"}`',
}


def page() -> str:
    """The whole page."""
    parts = [OPENING]
    for section in index.SECTIONS:
        parts.append(f"## {section.text.zh} · {section.text.en}\n\n")
        for entry in section.entries:
            verbs = [entry.load(verb) for verb in entry.verbs] or [entry.load()]
            parts += [_verb(verb) for verb in verbs]
    parts.append("## 通用选项 · Common options\n\n" + _options(COMMON))
    return "".join(parts).rstrip("\n") + "\n"


def _verb(verb: Verb) -> str:
    words = ["jishi", *verb.words.split()]
    words += [
        f"{argument.name}{'…' if argument.many else ''}"
        if argument.required
        else f"[{argument.name}{'…' if argument.many else ''}]"
        for argument in verb.arguments
    ]
    lines = [f"### `{' '.join(words)}`", "", f"{verb.text.zh} · {verb.text.en}", ""]
    if verb.more is not None:
        lines += [verb.more.zh, verb.more.en, ""]
    lines += [*(f"    {example}" for example in verb.examples), ""]
    if verb.options or verb.asks:
        own = tuple(option for option in verb.all_options() if option not in COMMON)
        lines.append(_options(own))
    if verb.name in SHAPES:
        lines += [f"`--json`: {SHAPES[verb.name]}", ""]
    return "\n".join(lines) + "\n"


def _options(options: tuple[Option, ...]) -> str:
    rows = ["| | |", "|---|---|"]
    for option in options:
        left = f"{option.typed} {option.metavar}".strip().replace("|", "\\|")
        text = f"{option.text.zh} · {option.text.en}".replace("|", "\\|")
        if option.required:
            text += " **必填 · required**"
        rows.append(f"| `{left}` | {text} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
