"""核对 · What must be so when a scenario has been played, asked over the public API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from services.exchange.scenarios.asking import Answer, ask
from services.exchange.scenarios.form import (
    Check,
    CounterCheck,
    FactCheck,
    FactsCheck,
    NowhereCheck,
    StateCheck,
)
from services.exchange.scenarios.stage import Stage

BESIDE = ("deadline.", "record.")
"""Facts that stand beside the story: each sort is left out unless a list names one of it."""
CLOSE = 1e-9
HISTORY = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was not as it was told: where in the scenario, and what."""

    place: str
    zh: str
    en: str

    def text(self, language: str) -> str:
        """One line of it."""
        return f"{self.place}: {self.zh if language == 'zh' else self.en}"


@dataclass(slots=True)
class Saved:
    """A case that a step began, under the name the scenario gave it."""

    name: str
    kind: str
    id: str
    stream: str
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Play:
    """A play that is over: where to ask, as whom, and which cases there are."""

    stage: Stage
    token: str
    saved: Mapping[str, Saved]
    language: str

    async def get(self, target: str) -> Answer:
        """One question."""
        path = f"/api/v1/{target}"
        return await ask(self.stage.app, "GET", path, self.token, language=self.language)

    def stream(self, name: str) -> str:
        """The stream of a saved case, or one that is named in full."""
        return name if "/" in name else self.saved[name].stream

    async def history(self, name: str) -> list[Mapping[str, Any]]:
        """Everything on record of a case."""
        answer = await self.get(f"{self.stream(name)}/events?limit={HISTORY}")
        return answer.json["events"] if answer.good else []


async def check(place: str, one: Check, play: Play) -> list[Failure]:
    """What is not as this check says; nothing where all is well."""
    match one:
        case FactsCheck():
            return list(_facts(place, one, await play.history(one.facts)))
        case FactCheck():
            return list(_fact(place, one, await play.history(one.of)))
        case CounterCheck():
            return await _counter(place, one, play)
        case StateCheck():
            return await _state(place, one, play)
        case NowhereCheck():
            found = (await play.get(f"events?limit=1&{urlencode({'fact': one.nowhere})}")).json
            if found.get("events"):
                return [_failed(place, f"no {one.nowhere}", found["events"][0]["stream"])]
            return []


def _facts(place: str, one: FactsCheck, events: list[Mapping[str, Any]]) -> Iterator[Failure]:
    found = [str(event["fact"]) for event in events]
    if one.are is not None:
        unnamed = tuple(sort for sort in BESIDE if not _some(one.are, sort))
        told = [name for name in found if not name.startswith(unnamed)]
        if told != list(one.are):
            yield _failed(f"{place}, facts of {one.facts}", list(one.are), told)
    if missing := [name for name in one.include if name not in found]:
        yield _failed(f"{place}, facts of {one.facts}", missing, found)
    if superfluous := [name for name in one.without if name in found]:
        yield _failed(f"{place}, facts of {one.facts}", f"none of {superfluous}", found)


def _some(names: tuple[str, ...], sort: str) -> bool:
    return any(name.startswith(sort) for name in names)


def _fact(place: str, one: FactCheck, events: list[Mapping[str, Any]]) -> Iterator[Failure]:
    said = [event for event in events if event["fact"] == one.fact]
    if not said:
        yield _failed(place, f"{one.fact} in {one.of}", [event["fact"] for event in events])
        return
    yield from _has(f"{place}, {one.fact}", one.has, {**said[-1], **said[-1]["data"]})


async def _state(place: str, one: StateCheck, play: Play) -> list[Failure]:
    answer = await play.get(play.stream(one.state))
    if not answer.good:
        return [_failed(place, f"a case {one.state}", answer.json.get("detail"))]
    case = answer.json
    failures = list(_has(f"{place}, {one.state}", one.has, {**case, **case["data"]}))
    if case["state"] != one.exactly:
        failures.append(_failed(f"{place}, state of {one.state}", one.exactly, case["state"]))
    return failures


async def _counter(place: str, one: CounterCheck, play: Play) -> list[Failure]:
    where = f"{place}, {one.counter}"
    answer = await play.get(f"counters?{urlencode(list(_asked(one, play)))}")
    if not answer.good:
        said = answer.json
        nearest = f" (nearest: {said['nearest']})" if said.get("nearest") else ""
        return [_failed(where, "a number", f"{said.get('detail')}{nearest}")]
    cells = [cell for cell in answer.json["cells"] if one.key in (None, cell["key"])]
    cell = cells[0] if cells else {"value": None, "verified": None}
    value, verified = cell["value"], cell.get("verified")
    failures = []
    if one.none and value is not None:
        failures.append(_failed(where, "no number", value))
    if one.exactly is not None and not _same(value or 0, one.exactly):
        failures.append(_failed(where, one.exactly, value))
    if one.at_least is not None and float(value or 0) < one.at_least:
        failures.append(_failed(where, f"at least {one.at_least}", value))
    if one.verified is not None and not _same(verified or 0, one.verified):
        failures.append(_failed(f"{where}, verified", one.verified, verified))
    return failures


def _asked(one: CounterCheck, play: Play) -> Iterator[tuple[str, str]]:
    yield "counter", one.counter
    for name in ("area", "unit", "map"):
        if (value := getattr(one, name)) is not None:
            yield name, value
    if one.as_of is not None:
        as_of = one.as_of
        if isinstance(as_of, datetime):
            as_of = (as_of if as_of.tzinfo else as_of.replace(tzinfo=play.stage.zone)).isoformat()
        yield "as_of", as_of
    for name in one.by:
        yield "by", name
    for name, value in one.where.items():
        for text in (value,) if isinstance(value, str) else value:
            yield "where", f"{name}={text}"


def _has(place: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Failure]:
    """Whether everything wanted stands in what was found, tables by what they name alone."""
    for name, value in wanted.items():
        there = _at(found, name)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            yield from _has(f"{place}, {name}", value, there)
        elif not _same(there, value):
            yield _failed(f"{place}, {name}", value, there)


def _at(found: Any, path: str) -> Any:
    """What stands at `about.unit`."""
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _same(found: object, wanted: object) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return abs(found - wanted) < CLOSE
    if isinstance(wanted, datetime):
        return str(found) == wanted.isoformat()
    return found == wanted


def _failed(place: str, wanted: object, found: object) -> Failure:
    return Failure(place, f"应为 {wanted}，实为 {found}", f"expected {wanted}, found {found}")
