"""纪实本 · `jishi book`: what one person did, and what they are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.terminal import times
from services.terminal.verb import Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from services.terminal.call import Call


async def book(call: Call) -> None:
    """The book of whoever acts, or of a member of their unit."""
    names = ("person", "period")
    pairs = [(name, value) for name in names if (value := call.text(name)) is not None]
    async with call.way() as way:
        answer = await way.book(pairs)
        zone = await way.zone()
    call.answer(answer, lambda: _show(call, answer, zone))


def _show(call: Call, answer: dict[str, Any], zone: ZoneInfo) -> None:
    say = call.say
    unit = f" · {answer['unit']['name']}" if answer["unit"] else ""
    period = answer["period"] or say.text("全部", "all")
    say.raw(f"{say.text('纪实本', 'Record book')} · {answer['person']}{unit} · {period}")
    totals = [[one["label"], one["value"], one["measure_word"]] for one in answer["totals"]]
    columns = [Both("已确认", "confirmed"), Both("合计", "in all"), Both("量词", "word")]
    say.table(columns, totals, right=(1,))
    for title, deeds in (
        (Both("已确认", "confirmed"), answer["confirmed"]),
        (Both("尚未确认", "not confirmed yet"), answer["unconfirmed"]),
    ):
        if deeds:
            columns = [Both("发生", "occurred"), title, Both("计入", "counts in")]
            columns += [Both("案件@版次", "case@revision"), Both("质疑", "challenge")]
            say.table(columns, [_row(deed, zone) for deed in deeds])
    for void in answer["voided"]:
        when = times.shown(void["occurred_at"], zone)
        say.raw(f"{say.text('已作废', 'taken back')} {when} {void['label']} · {void['reason']}")
    for asked in answer["to_answer"]:
        place = f"{asked['stream']}@{asked['revision']}"
        words = say.text("待我答复", "waits for my answer")
        say.raw(f"{words} {place} {asked['label']} · {_challenge(asked, zone)}")
    if answer["more"]:
        say.hint(
            "只列最近的部分：加 --period 2026 或 --period 2026-03",
            "only the latest are listed: add --period 2026 or --period 2026-03",
        )


def _row(deed: dict[str, Any], zone: ZoneInfo) -> list[object]:
    books = " ".join(f"{book['label']}:{book['name']}" for book in deed["books"])
    place = f"{deed['stream']}@{deed['revision']}"
    return [
        times.shown(deed["occurred_at"], zone),
        deed["label"],
        books,
        place,
        _challenge(deed, zone),
    ]


def _challenge(one: dict[str, Any], zone: ZoneInfo) -> str:
    challenge = one["challenge"]
    if challenge is None:
        return ""
    due = f" {times.shown(challenge['due_at'], zone)}" if challenge["due_at"] else ""
    answer = f" → {challenge['answer']}" if challenge["answer"] else ""
    return f"{challenge['label']}{due} · {challenge['reason']}{answer}"


VERBS = (
    Verb(
        "book",
        Both("纪实本：一个人做了什么，谁确认的", "the record book of one person"),
        book,
        (
            "jishi book",
            "jishi book --period 2026-03",
            "jishi book --person m1 --json",
        ),
        options=(
            Option(
                "person", Both("谁的（单位管理员可看本单位的人）", "whose (of your unit)"), "ID"
            ),
            Option("period", Both("哪一年或哪一月", "a year or a month"), "T"),
        ),
        more=Both(
            "本人看自己的；单位管理员看本单位成员的；别人都不能看。没有排名，也没有得分。",
            "For the person themselves, and for administrators of their unit; for nobody else."
            " It ranks and scores nobody.",
        ),
    ),
)
