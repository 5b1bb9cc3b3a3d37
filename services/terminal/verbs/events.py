"""事件 · `jishi events tail|show|trace`: what is on record, as it comes, as asked, by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from events.errors import Unknown
from services.terminal import times
from services.terminal.verb import Argument, Option, Verb, area_option
from services.terminal.words import Both

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from services.terminal.call import Call
    from services.terminal.direct import Direct
    from services.terminal.remote import Remote

Envelope = dict[str, Any]
WHAT = "WHAT"
SHOWN = 100
"""Events `show` prints where no number is given."""
SHOWN_MAX = 1_000_000
TRACED_MAX = 10_000

FILTERS = (
    Option("kind", Both("事项种类，可重复", "kind of case; may be repeated"), "KIND", many=True),
    area_option(),
    Option("unit", Both("做事的单位", "the unit that acted"), "U"),
    Option("actor", Both("操作者", "who acted"), "PERSON"),
    Option("stream", Both("某一案件，如 order/0192…", "one case, as order/0192…"), "KIND/ID"),
    Option("from", Both("发生于此时之后；日期即当日开始", "happened since then"), "T"),
    Option("to", Both("发生于此时之前；日期即当日结束", "happened until then"), "T"),
    Option("after", Both("从此位置之后", "behind this position"), "P"),
)
LIMIT = Option("limit", Both("最多几条", "how many at most"), "N")


async def only(call: Call, way: Direct | Remote) -> dict[str, Any]:
    """The filters as values: the fields of `events.ports.Filter`, the area as its code."""
    found: dict[str, Any] = {"kinds": call.many("kind")}
    found |= {name: call.text(name) for name in ("area", "unit", "actor", "stream")}
    for name in ("from", "to"):
        text = call.text(name)
        found[name] = text and times.sent(text, await way.zone(), field=name, begins=name == "from")
    return {name: value for name, value in found.items() if value}


async def tail(call: Call) -> None:
    """Every event from now on, or behind a position, until it is interrupted."""
    limit = call.whole("limit", least=1, most=SHOWN_MAX)
    after = call.whole("after")
    async with call.way() as way:
        show = await printer(call, way)
        chosen = await only(call, way)
        seen = 0
        async for envelope in way.follow(after, chosen):
            show(envelope)
            seen += 1
            if seen == limit:
                return


async def show(call: Call) -> None:
    """The events there are, oldest first; without a beginning, the newest ones."""
    limit = call.whole("limit", least=1, most=SHOWN_MAX) or SHOWN
    after = call.whole("after")
    what = call.text(WHAT)
    async with call.way() as way:
        put = await printer(call, way)
        if what is not None and what.isdecimal():
            put(await one(way, int(what)))
            return
        chosen = await only(call, way)
        if what is not None:
            chosen["stream"] = what
        newest = after is None and "from" not in chosen and "stream" not in chosen
        shown = 0
        async for envelope in way.events(after or 0, chosen, limit=limit, newest=newest):
            put(envelope)
            shown += 1
    if shown == limit:
        call.say.hint(
            "可能还有更多：加大 --limit，或用 --after", "there may be more: raise --limit"
        )


async def trace(call: Call) -> None:
    """An event or a case, all that led to it, and all that came of it."""
    what = call.need(WHAT)
    async with call.way() as way:
        roots = await _roots(way, what)
        found = await _consequences(way, roots)
        put = await printer(call, way, depths=_depths(found))
        for envelope in _in_order(found):
            put(envelope)
    if len(found) == TRACED_MAX:
        call.say.talk(f"只列出前 {TRACED_MAX} 条", f"only the first {TRACED_MAX} are shown")


async def one(way: Direct | Remote, position: int) -> Envelope:
    """The event at a position. Raises Unknown."""
    async for envelope in way.events(position - 1, {}, limit=1, newest=False):
        if envelope["position"] == position:
            return envelope
    raise Unknown(
        f"there is no event {position} that you may see",
        what="event",
        name=str(position),
        zh=f"没有您可查看的第 {position} 号事件",
    )


async def _roots(way: Direct | Remote, what: str) -> list[Envelope]:
    """The events of the case (or of the one event's case), and of those that led to it."""
    stream = (await one(way, int(what)))["stream"] if what.isdecimal() else what
    events: list[Envelope] = []
    waiting, known = [stream], {stream}
    while waiting and len(events) < TRACED_MAX:
        asked = waiting.pop()
        found = [e async for e in way.events(0, {"stream": asked}, limit=TRACED_MAX, newest=False)]
        events += found
        for cause in (envelope.get("cause") for envelope in found):
            origin = cause.rpartition("@")[0] if cause else None
            if origin and origin not in known:
                known.add(origin)
                waiting.append(origin)
    if not events:
        raise Unknown(
            f"there is no case {what} that you may see: write it like order/0192…, or a position",
            what="stream",
            name=what,
            zh=f"没有您可查看的案件 {what}：请写作 order/0192…，或写事件位置",
        )
    return events


async def _consequences(way: Direct | Remote, roots: list[Envelope]) -> list[Envelope]:
    """The same with all that they caused. A cause stands before its effect, so one pass forward
    finds everything."""
    found = {envelope["position"]: envelope for envelope in roots}
    names = {_name(envelope) for envelope in roots}
    streams = {envelope["stream"] for envelope in roots}
    first = min(found)
    async for envelope in way.caused(first):
        if len(found) >= TRACED_MAX:
            break
        if envelope.get("cause") in names or envelope["stream"] in streams:
            found[envelope["position"]] = envelope
            names.add(_name(envelope))
            streams.add(envelope["stream"])
    return sorted(found.values(), key=lambda envelope: int(envelope["position"]))


def _name(envelope: Envelope) -> str:
    return f"{envelope['stream']}@{envelope['revision']}"


def _depths(found: list[Envelope]) -> dict[int, int]:
    """How far below the first event each stands: one step for each cause."""
    depth_of: dict[str, int] = {}
    depths: dict[int, int] = {}
    stream_depth: dict[str, int] = {}
    for envelope in found:
        above = depth_of.get(envelope.get("cause") or "")
        standing = stream_depth.get(envelope["stream"])
        depth = standing if standing is not None else 0 if above is None else above + 1
        stream_depth.setdefault(envelope["stream"], depth)
        depth_of[_name(envelope)] = depth
        depths[envelope["position"]] = depth
    return depths


def _in_order(found: list[Envelope]) -> list[Envelope]:
    """Each case whole, the cases it caused behind the event that caused them."""
    by_stream: dict[str, list[Envelope]] = {}
    for envelope in found:
        by_stream.setdefault(envelope["stream"], []).append(envelope)
    names = {_name(envelope) for envelope in found}
    below: dict[str, list[str]] = {}
    tops: list[str] = []
    for stream, events in by_stream.items():
        cause = events[0].get("cause")
        if cause in names and cause.rpartition("@")[0] != stream:
            below.setdefault(cause, []).append(stream)
        else:
            tops.append(stream)
    ordered: list[Envelope] = []
    waiting = list(reversed(tops))
    while waiting:
        stream = waiting.pop()
        ordered += by_stream[stream]
        caused = [name for event in by_stream[stream] for name in below.get(_name(event), ())]
        waiting += reversed(caused)
    return ordered


async def printer(call: Call, way: Direct | Remote, depths: Mapping[int, int] | None = None) -> Any:
    """What prints one event: an envelope as JSON, or a line for people."""
    if call.say.json:
        return call.say.value
    zone = await way.zone()
    labels = await way.fact_labels(call.say.language)

    def put(envelope: Envelope) -> None:
        indent = "  " * depths.get(envelope["position"], 0) if depths else ""
        call.say.raw(indent + _line(envelope, zone, labels))

    return put


def _line(envelope: Envelope, zone: ZoneInfo, labels: Mapping[str, str]) -> str:
    about = envelope["about"]
    parts = [
        f"{envelope['position']:>8}",
        times.shown(envelope["occurred_at"], zone),
        labels.get(envelope["fact"], envelope["fact"]),
        _name(envelope),
        *(str(about[name]) for name in ("area", "unit", "category") if about.get(name)),
        envelope["actor"],
    ]
    return "  ".join(parts)


VERBS = (
    Verb(
        "events tail",
        Both("跟随新事件，直到 Ctrl-C", "follow new events until Ctrl-C"),
        tail,
        ("jishi events tail", "jishi events tail --kind order --after 0 --json"),
        options=(*FILTERS, LIMIT),
    ),
    Verb(
        "events show",
        Both("列出已有事件，或某一事件", "list events that are there, or one of them"),
        show,
        (
            "jishi events show --kind order --area c1 --from 2018-03-01 --to 2018-03-31",
            "jishi events show 42 --json",
        ),
        arguments=(Argument(WHAT, Both("位置或案件", "a position or a case"), required=False),),
        options=(*FILTERS, LIMIT),
    ),
    Verb(
        "events trace",
        Both("溯源：一件事的前因后果", "what led to an event, and what came of it"),
        trace,
        ("jishi events trace order/01920000-0000-7000-8000-000000000000", "jishi events trace 42"),
        arguments=(Argument(WHAT, Both("位置或案件", "a position or a case")),),
    ),
)
