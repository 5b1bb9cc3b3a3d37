"""The same numbers by brute force: a fold over envelopes in plain Python, sharing no code with the
ledger but the declarations of counters. It reads fields by name, and finds what a second word
confirms by looking the deed up in its stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from projections.declare import Counter, Measure, Statistic

DIMENSIONS = ("area", "unit", "category", "variant", "provenance")
BOOKS = ("home_unit", "team", "home_community", "paired_community")
CONFIRMATIONS = ("record.counterparty_confirmed", "record.verified")


@dataclass
class Item:
    """One line in the books: a deed put or taken back, or a second word for one."""

    position: int
    sign: int
    fact: str
    about: Mapping[str, Any]
    data: Mapping[str, Any]
    occurred_at: datetime
    deed_at: datetime
    second_word: bool = False


@dataclass
class Question:
    counter: str
    area: str | None = None
    by: tuple[str, ...] = ()
    where: dict[str, Any] = field(default_factory=dict)
    position: int | None = None
    occurred: datetime | None = None
    moment: datetime | None = None


class Naive:
    """Every number from the envelopes, one question at a time."""

    def __init__(
        self,
        envelopes: Sequence[Mapping[str, Any]],
        counters: Iterable[Counter],
        parents: Mapping[str, str | None],
        zone: ZoneInfo,
    ) -> None:
        self.counters = {counter.name: counter for counter in counters}
        self.parents = parents
        self.zone = zone
        self.items = list(self._items(envelopes))

    def _items(self, envelopes: Sequence[Mapping[str, Any]]) -> Iterator[Item]:
        held: dict[tuple[str, int], Mapping[str, Any]] = {}
        for envelope in envelopes:
            position, stream = envelope["position"], envelope["stream"]
            occurred = datetime.fromisoformat(envelope["occurred_at"])
            held[stream, envelope["revision"]] = envelope
            data = envelope["data"]
            yield Item(position, 1, envelope["fact"], envelope["about"], data, occurred, occurred)
            if envelope["fact"] in CONFIRMATIONS and data.get("of_fact"):
                deed = held[stream, data["of_revision"]]
                at = datetime.fromisoformat(deed["occurred_at"])
                yield Item(
                    position, 1, deed["fact"], deed["about"], deed["data"], occurred, at, True
                )
            for name, sign in (("taken", -1), ("put", 1)):
                for part in data.get(name, ()):
                    at = datetime.fromisoformat(part["occurred_at"])
                    yield Item(position, sign, part["fact"], part["about"], part["data"], at, at)
                    if sign > 0:
                        held[stream, part["revision"]] = part

    # --- one line, one dimension

    def text(self, item: Item, name: str) -> str:
        if name == "fact":
            return item.fact
        if name in DIMENSIONS:
            return str(item.about.get(name) or "")
        if name in BOOKS:
            return str((item.about.get("books") or {}).get(name) or "")
        if name in ("day", "month", "year"):
            own = item.data.get("closed_on")
            day = own or item.deed_at.astimezone(self.zone).date().isoformat()
            return str(day[: {"day": 10, "month": 7, "year": 4}[name]])
        value = item.data.get(name)
        if value is None:
            value = (item.data.get("labels") or {}).get(name)
        return "" if value is None else str(value)

    def path(self, area: str) -> list[str]:
        """From the area up to the root. What is not on the map is directly below the root."""
        path = [area]
        while path[-1] != "root":
            path.append(self.parents.get(path[-1]) or "root")
        return path

    def key(self, item: Item, question: Question) -> str:
        keys = []
        for name in question.by:
            if name == "area":
                path = self.path(item.about["area"])
                place = path.index(question.area or "root")
                keys.append(path[max(place - 1, 0)])
            else:
                keys.append(self.text(item, name))
        return "|".join(keys)

    def instant(self, item: Item, names: str | tuple[str, ...]) -> datetime | None:
        every = (names,) if isinstance(names, str) else names
        text = next((item.data[name] for name in every if item.data.get(name)), None)
        return None if text is None else datetime.fromisoformat(text)

    # --- which lines a question is about

    def weight(self, counter: Counter, item: Item, question: Question) -> int:
        down = item.fact in counter.down_on
        if item.fact not in counter.on and not down:
            return 0
        if question.position is not None and item.position > question.position:
            return 0
        if question.occurred is not None and item.occurred_at > question.occurred:
            return 0
        if question.area and question.area not in self.path(item.about["area"]):
            return 0
        if not self.fits(counter, item, question) or not self.in_time(counter, item, question):
            return 0
        return -item.sign if down else item.sign

    def fits(self, counter: Counter, item: Item, question: Question) -> bool:
        def alternatives(values: Any) -> tuple[str, ...]:
            return values if isinstance(values, tuple) else (str(values),)

        wanted = {**counter.where, **question.where}
        return all(
            self.text(item, name) in alternatives(values) for name, values in wanted.items()
        ) and not any(
            self.text(item, name) in alternatives(values) for name, values in counter.unless.items()
        )

    def in_time(self, counter: Counter, item: Item, question: Question) -> bool:
        checks = []
        moment = question.moment
        if counter.on_time:
            at = self.instant(item, counter.on_time)
            checks.append(at is not None and item.occurred_at <= at)
        if counter.late:
            at = self.instant(item, counter.late)
            checks.append(at is not None and item.occurred_at > at)
        if counter.due:
            at = self.instant(item, counter.due)
            checks.append(at is not None and moment is not None and at < moment)
        if counter.within:
            at = self.instant(item, counter.within[0])
            limit = timedelta(seconds=counter.within[1])
            checks.append(at is not None and item.occurred_at - at <= limit)
        if counter.older_than:
            at = self.instant(item, counter.older_than[0])
            limit = timedelta(seconds=counter.older_than[1])
            checks.append(at is not None and moment is not None and at < moment - limit)
        if counter.has:
            checks.append(item.data.get(str(counter.has)) is not None)
        return all(checks)

    # --- the numbers

    def lines(self, question: Question) -> dict[str, list[tuple[int, Item]]]:
        """Matching lines with their weights, by key."""
        counter = self.counters[question.counter]
        found: dict[str, list[tuple[int, Item]]] = {}
        for item in self.items:
            weight = self.weight(counter, item, question)
            if weight:
                found.setdefault(self.key(item, question), []).append((weight, item))
        return found

    def figures(self, question: Question) -> dict[str, Any]:
        """Value by key. Keys with nothing counted are left out."""
        counter = self.counters[question.counter]
        if counter.measure is Measure.RATIO:
            return self.ratios(counter, question)
        values = {}
        for key, lines in self.lines(question).items():
            own = [(weight, item) for weight, item in lines if not item.second_word]
            words = [(weight, item) for weight, item in lines if item.second_word]
            values[key] = (self.measure(counter, own), self.measure(counter, words))
        return values

    def ratios(self, counter: Counter, question: Question) -> dict[str, Any]:
        parts = []
        for name in (counter.numerator, counter.denominator):
            question.counter = str(name)
            parts.append({key: pair[0] for key, pair in self.figures(question).items()})
        question.counter = counter.name
        above, below = parts
        return {
            key: (above.get(key, 0), below.get(key, 0))
            for key in above.keys() | below.keys()
            if above.get(key, 0) or below.get(key, 0)
        }

    def measure(self, counter: Counter, lines: list[tuple[int, Item]]) -> Any:
        if counter.measure is Measure.DURATION:
            return self.duration(counter, lines)
        if counter.measure is Measure.SUM:
            return sum(weight * int(item.data.get(str(counter.of), 0)) for weight, item in lines)
        if counter.measure is Measure.DISTINCT:
            return len(self.members(counter, lines))
        return sum(weight for weight, _ in lines)

    def members(self, counter: Counter, lines: list[tuple[int, Item]]) -> set[str]:
        names = (counter.of,) if isinstance(counter.of, str) else counter.of
        net: dict[str, int] = {}
        for weight, item in lines:
            member = next((text for name in names if (text := self.text(item, name))), None)
            if member is not None:
                net[member] = net.get(member, 0) + weight
        return {member for member, count in net.items() if count > 0}

    def duration(self, counter: Counter, lines: list[tuple[int, Item]]) -> Any:
        taken: list[int] = []
        for weight, item in lines:
            since = self.instant(item, counter.since or ())
            if since is None:
                continue
            elapsed = (item.occurred_at - since) // timedelta(microseconds=1)
            if weight > 0:
                taken.append(elapsed)
            else:
                taken.remove(elapsed)
        if not taken:
            return None
        taken.sort()
        scale = 1_000_000 * counter.per
        if counter.statistic is Statistic.MEAN:
            return float(Fraction(sum(taken), len(taken)) / scale)
        share = Fraction(1, 2) if counter.statistic is Statistic.MEDIAN else Fraction(9, 10)
        rank = share * (len(taken) - 1)
        low = taken[int(rank)]
        high = taken[min(int(rank) + 1, len(taken) - 1)]
        return float((low + (high - low) * (rank - int(rank))) / scale)
