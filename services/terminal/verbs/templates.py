"""模板 · `jishi template list|install`: a district's own mechanisms, without code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from events.errors import Invalid
from services.terminal.verb import LAID_DOWN, Argument, Verb, laid_down
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.terminal.call import Call

FILE = "FILE"
HEADS = (
    Both("变体", "variant"),
    Both("类型", "kind"),
    Both("标题", "title"),
    Both("状态", "state"),
    Both("条款", "terms"),
)


async def show(call: Call) -> None:
    """Every template with its kind, title and terms."""
    async with call.way() as way:
        found = await way.templates()
    call.answer(found, lambda: _table(call, found["items"]))


async def install(call: Call) -> None:
    """Read a file, have it checked, and lay it down as a rule."""
    given = call.need(FILE)
    fields = _fields(call, given)
    async with call.way() as way:
        if fields is None:
            items = (await way.templates())["items"]
            found = next((one for one in items if one["variant"] == given.replace("-", "_")), None)
            if found is None:
                raise Invalid(
                    f"{FILE}: there is no file {given}, and no template of that name",
                    field=FILE,
                    value=given,
                    zh=f"{FILE}：没有文件 {given}，也没有这一名称的模板",
                )
        else:
            found = await way.install(fields)
    call.answer(found, lambda: _table(call, [found]))
    call.say.hint(
        f"新建一件：jishi {found['kind']} … --variant {found['variant']}；"
        f"计数：jishi counters --where variant={found['variant']}",
        f"start a case: jishi {found['kind']} … --variant {found['variant']}; "
        f"count: jishi counters --where variant={found['variant']}",
    )


def _fields(call: Call, given: str) -> dict[str, Any] | None:
    """What stands in the file, with what was typed beside it; None where there is no such file."""
    from services.installing import read_toml

    path = Path(given).expanduser()
    if not path.is_file():
        return None
    fields = read_toml(path.name, path.read_text(encoding="utf-8", errors="replace"))
    fields |= laid_down(call)
    return fields


def _table(call: Call, items: list[dict[str, Any]]) -> None:
    from services.installing import STATES

    language = call.say.language
    call.say.table(
        HEADS,
        [
            (
                one["variant"],
                one["kind"],
                one["title"][language],
                STATES[one["state"]].text(language),
                " ".join(f"{name}={value}" for name, value in one["terms"].items()),
            )
            for one in items
        ],
    )


VERBS = (
    Verb(
        "template list",
        Both("列出自带的与已安装的模板", "the templates that ship, and those installed"),
        show,
        ("jishi template list", "jishi template list --json"),
    ),
    Verb(
        "template install",
        Both("安装本地自己的机制，无须写代码", "add a mechanism of your own, without code"),
        install,
        ("jishi template install ./claim.garden.toml",),
        arguments=(
            Argument(
                FILE,
                Both("类型.变体.toml，或已有模板的名称", "KIND.VARIANT.toml, or a known name"),
            ),
        ),
        options=LAID_DOWN,
        more=Both(
            "模板记为一条规则：各进程与重放所见一致。再装一次同一文件不会重复；条款改了即为新的一版。",
            "It is put on record as a rule, so every process and replay agrees. The same file again"
            " changes nothing; other terms are a further version of it.",
        ),
    ),
)
