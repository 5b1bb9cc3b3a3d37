"""数字 · `jishi counters`, `jishi explain`: the numbers, and the events behind each of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from services.terminal import times
from services.terminal.verb import Argument, Option, Verb, area_option
from services.terminal.words import Both

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from zoneinfo import ZoneInfo

    from services.terminal.call import Call
    from services.terminal.city import CityWay
    from services.terminal.direct import Direct
    from services.terminal.remote import Remote
    from services.terminal.say import Say

EXPLAINED_MAX = 500
SHA_SHOWN = 12
FILTERS = (
    area_option(),
    Option("unit", Both("做事的单位", "the unit that acted"), "U"),
    Option(
        "where",
        Both("条件，可重复，如 category=repair、home_unit=u1", "a condition; may be repeated"),
        "K=V",
        many=True,
    ),
    Option(
        "as-of",
        Both("截至何时，或哪个位置；日期即当日结束", "as of a time (a day: its end) or a position"),
        "T",
    ),
    Option(
        "axis",
        Both("按记录时间还是发生时间：recorded|occurred", "by which time: recorded|occurred"),
        "AXIS",
    ),
    Option("map", Both("按当时还是今日的区划：then|today", "on which map: then|today"), "MAP"),
    Option("city", Both("全市：连同其他各区的日志", "over the logs of all districts")),
    Option("log", Both("只看其中一个日志", "of one of these logs alone"), "LOG"),
)
NAME = "NAME"
CITY = Both(
    "全市：JISHI_DATABASE_URL 与 JISHI_DISTRICT_DATABASE_URLS 的各个日志；`--by log` 分日志。",
    "The city's numbers are read from the logs of JISHI_DATABASE_URL and"
    " JISHI_DISTRICT_DATABASE_URLS; --by log tells them apart.",
)


def asked(call: Call) -> list[tuple[str, str]]:
    """The filters as pairs, the way they also stand in an address."""
    pairs = [("by", name) for name in call.many("by")]
    pairs += [("where", item) for item in call.many("where") if call.pairs("where")]
    for name in ("area", "unit", "as-of", "axis", "map", "of", "log", "limit", "after"):
        if (value := call.text(name)) is not None:
            pairs.append((name.replace("-", "_"), value))
    return pairs


@asynccontextmanager
async def numbers(call: Call) -> AsyncIterator[Direct | Remote | CityWay]:
    """The way to the numbers: of one log, or of several where the city or a log is named."""
    if call.flag("city") or call.text("log") is not None:
        from services.terminal.city import opened

        async with opened(call) as city:
            yield city
        return
    async with call.way() as way:
        yield way


async def counters(call: Call) -> None:
    """Every number asked for."""
    pairs = [("counter", name) for name in call.many(NAME)] + asked(call)
    async with numbers(call) as way:
        answer = await way.counters(pairs)
        zone = await way.zone()
    call.answer(answer, lambda: _show_cells(call, answer, zone))


async def explain(call: Call) -> None:
    """The events behind one number."""
    call.whole("limit", least=1, most=EXPLAINED_MAX)
    name = call.need(NAME)
    async with numbers(call) as way:
        answer = await way.explain(name, asked(call))
        zone = await way.zone()
    call.answer(answer, lambda: _show_events(call, answer, zone))


def _show_cells(call: Call, answer: dict[str, Any], zone: ZoneInfo) -> None:
    say, cells = call.say, answer["cells"]
    keyed = any(cell["key"] for cell in cells)
    columns = [Both("指标", "counter"), Both("名称", "name")]
    if keyed:
        columns.append(Both("分项", "key"))
    columns += [Both("数值", "value"), Both("量词", "word"), Both("其中已核验", "verified")]
    columns += [Both("分子", "numerator"), Both("分母", "denominator")]
    rows = []
    for cell in cells:
        row: list[object] = [cell["counter"], cell["label"]]
        if keyed:
            row.append(cell["key"])
        row += [shown(cell), cell["measure_word"], cell["verified"]]
        row += [cell["numerator"], cell["denominator"]]
        rows.append(row)
    first = 3 if keyed else 2
    say.table(columns, rows, right=(first, first + 2, first + 3, first + 4))
    _say_moment(say, answer["as_of"], zone)


def shown(cell: dict[str, Any]) -> str:
    """A value for people: a rate as a percentage, seconds and hours with two decimals at most."""
    value = cell["value"]
    if value is None:
        return "–"
    if cell["measure"] == "ratio":
        return f"{value * 100:.2f}%"
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _say_moment(say: Say, moment: dict[str, Any], zone: ZoneInfo) -> None:
    axes = {
        "recorded": Both("记录时间", "recorded"),
        "occurred": Both("发生时间", "occurred"),
        "both": Both("两个时间", "both"),
    }
    axis = axes.get(moment["axis"], Both(moment["axis"], moment["axis"]))
    when = times.shown(moment["time"], zone)
    if moment["position"] is None:
        logs = len(moment["positions"])
        say.talk(
            f"数据截至 {when}（按{axis.zh}，{logs} 个日志）",
            f"as of {when} ({axis.en} axis, {logs} logs)",
        )
        return
    say.talk(
        f"数据截至 {when}（按{axis.zh}，第 {moment['position']} 号事件）",
        f"as of {when} ({axis.en} axis, position {moment['position']})",
    )


def _show_events(call: Call, answer: dict[str, Any], zone: ZoneInfo) -> None:
    say, events = call.say, answer["events"]
    rated = any("numerator" in event for event in events)
    columns = [Both("位置", "position"), Both("案件@版次", "case@revision"), Both("事实", "fact")]
    if several := any("log" in event for event in events):
        columns.append(Both("日志", "log"))
    columns += (
        [Both("分子", "numerator"), Both("分母", "denominator")]
        if rated
        else [Both("贡献", "contribution")]
    )
    columns += [Both("发生", "occurred"), Both("记录", "recorded"), Both("SHA-256", "SHA-256")]
    rows = []
    for event in events:
        row: list[object] = [event["position"], f"{event['stream']}@{event['revision']}"]
        row += [event["fact"], event["log"]] if several else [event["fact"]]
        row += [event["numerator"], event["denominator"]] if rated else [event["contribution"]]
        row += [times.shown(event["occurred_at"], zone), times.shown(event["recorded_at"], zone)]
        rows.append([*row, event["sha256"][:SHA_SHOWN]])
    first = 4 if several else 3
    say.table(columns, rows, right=(0, first, first + 1) if rated else (0, first))
    say.talk(f"{answer['counter']} = {answer['value']}", f"{answer['counter']} = {answer['value']}")
    if answer["more"]:
        last = f"{events[-1]['log']}:" if several else ""
        last += str(events[-1]["position"])
        say.hint(f"还有更多：加 --after {last}", f"there are more: add --after {last}")


VERBS = (
    Verb(
        "counters",
        Both(
            "各项数字：按区域、单位与任何维度，可看任何时刻", "the numbers, for any area and time"
        ),
        counters,
        (
            "jishi counters",
            "jishi counters services_delivered --area c1 --by month",
            "jishi counters --as-of 2018-09-28 --axis occurred --json",
            "jishi counters services_delivered --city --by log",
        ),
        arguments=(
            Argument(
                NAME, Both("指标名，可多个；不写即全部", "names; none = all"), False, many=True
            ),
        ),
        options=(
            Option(
                "by",
                Both("分项，可重复：area、unit、month…", "break down by; may be repeated"),
                "DIM",
                many=True,
            ),
            *FILTERS,
        ),
        more=CITY,
    ),
    Verb(
        "explain",
        Both("一个数字由哪些事件得来，各贡献多少", "the events behind a number, with their shares"),
        explain,
        (
            "jishi explain services_delivered",
            "jishi explain services_delivered --area c1 --as-of 2018-09-28 --limit 20",
            "jishi explain services_delivered --city",
        ),
        more=CITY,
        arguments=(Argument(NAME, Both("指标名", "the counter")),),
        options=(
            *FILTERS,
            Option(
                "of",
                Both("打开数值，还是其中已核验的：value|verified", "which part: value|verified"),
                "PART",
            ),
            Option("limit", Both("最多列出几条（1–500）", "how many at most (1–500)"), "N"),
            Option("after", Both("从此位置之后续列", "go on behind this position"), "P"),
        ),
    ),
)
