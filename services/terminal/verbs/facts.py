"""事实 · `jishi facts list|freeze`: every kind of fact, and its frozen schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.terminal.exits import FAILED
from services.terminal.verb import Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.terminal.call import Call
    from services.terminal.frozen import Frozen

STATES = {
    "frozen": Both("已固化", "frozen"),
    "new": Both("未固化", "not frozen"),
    "changed": Both("有改动", "changed"),
}


def _all() -> list[Frozen]:
    from services.kernel import catalogue
    from services.terminal import frozen

    return frozen.standing(catalogue.discover().facts)


async def show(call: Call) -> None:
    """Every fact with its version, wordings and counted fields."""
    from services.kernel import catalogue

    found = catalogue.discover()
    state = {one.fact: one.state for one in _all()}
    rows: list[dict[str, Any]] = []
    for name in sorted(found.facts):
        fact, shape = found.facts[name], found.shapes[name]
        label = getattr(fact, "label", None)
        rows.append(
            {
                "fact": name,
                "version": fact.version,
                "zh": getattr(label, "zh", ""),
                "en": getattr(label, "en", ""),
                "quantities": list(shape.quantities),
                "members": list(shape.members),
                "codes": list(shape.codes),
                "fields": list(shape.fields),
                "state": state[name],
            }
        )
    language = call.say.language
    heads = (
        Both("事实", "fact"),
        Both("版本", "version"),
        Both("名称", "wording"),
        Both("字段", "fields"),
        Both("状态", "state"),
    )
    call.answer(
        {"facts": rows},
        lambda: call.say.table(
            heads,
            [
                (
                    row["fact"],
                    row["version"],
                    row[language],
                    " ".join(row["fields"]),
                    STATES[row["state"]].text(language),
                )
                for row in rows
            ],
            right=(1,),
        ),
    )


async def freeze(call: Call) -> int:
    """Write the schemas of new facts. Fails where a frozen one has changed."""
    from services.kernel import catalogue
    from services.terminal import frozen

    facts = catalogue.discover().facts
    standing, gone = frozen.standing(facts), frozen.orphans(facts)
    only_look = call.flag("dry-run")
    changed = [one.fact for one in standing if one.state == "changed"]
    if only_look:
        written = [one for one in standing if one.state != "frozen"]
    else:
        written = frozen.freeze(standing)
        if frozen.young():
            # Nobody relies yet on what was only tried.
            for path in gone:
                path.unlink()
            gone = []
    locked = [fact for fact in changed if only_look or fact not in {w.fact for w in written}]
    answer = {
        "facts": len(standing),
        "written": [] if only_look else [one.path.name for one in written],
        "missing": [one.fact for one in standing if one.state == "new"] if only_look else [],
        "changed": locked,
        "gone": [path.name for path in gone],
    }
    call.answer(answer, lambda: _show(call, answer))
    wrong = bool(locked or gone or answer["missing"])
    if locked or gone:
        call.say.hint(
            "已发布的事实不能改：请提高其 version 并写升级步骤（upcasts）",
            "a released fact is never changed: raise its version and write the step (upcasts)",
        )
    return FAILED if wrong else 0


def _show(call: Call, answer: dict[str, object]) -> None:
    for key in ("written", "missing", "changed", "gone"):
        names = answer[key]
        if isinstance(names, list):
            for name in names:
                call.say.raw(f"{key}\t{name}")
    call.say.talk(f"共 {answer['facts']} 种事实", f"{answer['facts']} facts in all")


VERBS = (
    Verb(
        "facts list",
        Both("列出所有事实、版本与字段", "every fact with its version and fields"),
        show,
        ("jishi facts list", "jishi facts list --json"),
    ),
    Verb(
        "facts freeze",
        Both("把新事实的结构写入 events/schemas/", "write the schemas of new facts"),
        freeze,
        ("jishi facts freeze", "jishi facts freeze --dry-run"),
        options=(
            Option(
                "dry-run",
                Both("只检查，不写；有缺或有改动则失败", "only look; fails on new or changed ones"),
            ),
        ),
        more=Both(
            "0.1.0 起，已写出的文件不再改动：字段要变，须提高该事实的 version。",
            "From 0.1.0 on a written file is never changed: other fields need another version.",
        ),
    ),
)
