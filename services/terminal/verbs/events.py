"""事件 · `jishi events tail|show|trace`: what is on record, as it comes, as asked, by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from events.errors import Unknown
from services.terminal import times
from services.terminal.verb import Argument, Option, Verb, area_option
from services.terminal.words import Both

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from zoneinfo import ZoneInfo

    from services.terminal.call import Call
    from services.terminal.direct import Direct
    from services.terminal.remote import Remote
    from services.terminal.words import Language

Envelope = dict[str, Any]
WHAT = "WHAT"
SHOWN = 100
"""Events `show` prints where no number is given."""
SHOWN_MAX = 1_000_000
PAGE_EVENTS = 500
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


def asked(call: Call) -> list[tuple[str, str]]:
    """The filters as pairs, the way they also stand in an address."""
    names = ("area", "unit", "actor", "stream", "from", "to")
    given = [(name, call.text(name)) for name in names]
    kinds = [("kind", kind) for kind in call.many("kind")]
    return kinds + [(name, value) for name, value in given if value is not None]


async def tail(call: Call) -> None:
    """Every event from now on, or behind a position, until it is interrupted."""
    limit = call.whole("limit", least=1, most=SHOWN_MAX)
    after = call.whole("after")
    seen = 0
    async with call.way() as way:
        put = await printer(call, way)
        async for page in way.follow(after, asked(call)):
            for envelope in page["events"]:
                put(envelope)
                seen += 1
                if seen == limit:
                    return


async def show(call: Call) -> None:
    """The events there are, oldest first; without a beginning, the newest ones."""
    limit = call.whole("limit", least=1, most=SHOWN_MAX) or SHOWN
    after = call.whole("after")
    what, shown = call.text(WHAT), 0
    async with call.way() as way:
        put = await printer(call, way)
        if what is not None and what.isdecimal():
            put(await one(way, int(what)))
            return
        pairs = asked(call) + ([("stream", what)] if what is not None else [])
        begun = after is not None or bool({"from", "stream"} & {name for name, _ in pairs})
        events = there(way, after or 0, pairs) if begun else newest(way, pairs, limit)
        async for envelope in events:
            put(envelope)
            shown += 1
            if shown == limit:
                break
    if shown == limit:
        call.say.hint(
            "可能还有更多：加大 --limit，或用 --after", "there may be more: raise --limit"
        )


async def trace(call: Call) -> None:
    """An event or a case, all that led to it, and all that came of it."""
    what = call.need(WHAT)
    async with call.way() as way:
        found = await _consequences(call, way, await _roots(way, what))
        put = await printer(call, way, depths=_depths(found))
        for envelope in _in_order(found):
            put(envelope)
    if len(found) >= TRACED_MAX:
        call.say.talk(f"只列出前 {TRACED_MAX} 条", f"only the first {TRACED_MAX} are shown")


async def there(
    way: Direct | Remote, after: int, pairs: list[tuple[str, str]]
) -> AsyncIterator[Envelope]:
    """The events there are now behind a position, oldest first."""
    head: int | None = None
    while True:
        page = await way.events([*pairs, ("after", str(after)), ("limit", str(PAGE_EVENTS))])
        head = page["head"] if head is None else head
        for envelope in page["events"]:
            yield envelope
        after = page["next"]
        if after >= head:
            return


async def newest(
    way: Direct | Remote, pairs: list[tuple[str, str]], limit: int
) -> AsyncIterator[Envelope]:
    """The newest events, oldest first; no more than fit into one page."""
    count = str(min(limit, PAGE_EVENTS))
    page = await way.events([*pairs, ("newest", "1"), ("limit", count)])
    for envelope in page["events"]:
        yield envelope


async def one(way: Direct | Remote, position: int) -> Envelope:
    """The event at a position. Raises Unknown."""
    if position > 0:
        page = await way.events([("after", str(position - 1)), ("limit", "1")])
        for envelope in page["events"]:
            if envelope["position"] == position:
                found: Envelope = envelope
                return found
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
        found = [event async for event in there(way, 0, [("stream", waiting.pop())])]
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


async def _consequences(call: Call, way: Direct | Remote, roots: list[Envelope]) -> list[Envelope]:
    """The same with all that they caused. A cause stands before its effect, so one pass forward
    finds everything."""
    found = {envelope["position"]: envelope for envelope in roots}
    names = {_name(envelope) for envelope in roots}
    streams = {envelope["stream"] for envelope in roots}
    with call.say.progress("查找后果", "looking for consequences") as bar:
        async for envelope in there(way, min(found), []):
            if len(found) >= TRACED_MAX:
                break
            if envelope.get("cause") in names or envelope["stream"] in streams:
                found[envelope["position"]] = envelope
                names.add(_name(envelope))
                streams.add(envelope["stream"])
            if envelope["position"] % PAGE_EVENTS == 0:
                bar(envelope["position"])
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


async def printer(
    call: Call, way: Direct | Remote, depths: Mapping[int, int] | None = None
) -> Callable[[Envelope], None]:
    """What prints one event: an envelope as JSON, or a line for people."""
    if call.say.json:
        return call.say.value
    zone = await way.zone()
    labels = fact_labels(call.say.language)

    def put(envelope: Envelope) -> None:
        indent = "  " * depths.get(envelope["position"], 0) if depths else ""
        call.say.raw(indent + _line(envelope, zone, labels))

    return put


def fact_labels(language: Language) -> dict[str, str]:
    """The wording of every fact."""
    from services.kernel import catalogue, records  # noqa: F401 (its facts are of every kind)

    found: dict[str, str] = {}
    for name, fact in catalogue.discover().facts.items():
        label = getattr(fact, "label", None)
        found[name] = label.text(language) if label is not None else name
    return found


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
