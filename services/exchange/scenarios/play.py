"""演练 · Plays one scenario through the public API, and says what was not as it was told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from events.errors import Unknown
from services.exchange.scenarios.asking import Answer, ask
from services.exchange.scenarios.cast import Cast, NotMade
from services.exchange.scenarios.checking import Failure, Play, Saved, check
from services.exchange.scenarios.form import REFERENCE, Scenario, Step, later, who_of
from services.exchange.scenarios.stage import Stage
from services.kernel.pieces import Opening
from services.parsing import nearest

BEFORE = timedelta(hours=1)
"""How long before the first step everything is there."""
AUDITOR = "auditor:onlooker"
"""Who looks at the end: whoever may ask for numbers by person."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one scenario. It passed where nothing failed."""

    scenario: Scenario
    seconds: float
    failures: tuple[Failure, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all was as it was told."""
        return not self.failures


class _Stopped(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.en)
        self.failure = failure


async def play(scenario: Scenario, stage: Stage, language: str = "zh") -> Outcome:
    """Play it. Whatever goes wrong in the story itself is told in the outcome, not raised; what the
    API says of it is told in that language."""
    began = time.perf_counter()
    failures: list[Failure] = []
    try:
        failures = await _Player(scenario, stage, language).all()
    except _Stopped as stopped:
        failures = [stopped.failure]
    return Outcome(scenario, time.perf_counter() - began, tuple(failures))


@dataclass(slots=True)
class _Player:
    scenario: Scenario
    stage: Stage
    language: str
    saved: dict[str, Saved] = field(default_factory=dict)
    now: datetime | None = None

    async def all(self) -> list[Failure]:
        """Make what is absent, then step by step, then look."""
        scenario, cast = self.scenario, Cast(self.stage, self.language)
        if not scenario.steps:
            return []
        first = self._time(scenario.steps[0].at)
        await self.stage.move_to(first - BEFORE)
        try:
            await cast.make(scenario)
            onlooker = await cast.token(AUDITOR)
            for number, step in enumerate(scenario.steps, 1):
                await self._step(f"step {number}", step, cast)
            if scenario.until is not None:
                await self._move(scenario.until)
        except NotMade as absent:
            raise _Stopped(_problem("cast", absent.what, absent.problem)) from absent
        end = Play(self.stage, onlooker, self.saved, self.language)
        failures: list[Failure] = []
        for number, one in enumerate(scenario.then, 1):
            failures += await check(f"then {number}", one, end)
        return failures

    async def _step(self, place: str, step: Step, cast: Cast) -> None:
        await self._move(step.at)
        if step.do is None or step.who is None:
            return
        token = await cast.token(step.who)
        target = self._target(place, step)
        headers = self._cause(step)
        before = await self._head() if step.refused is not None else None
        answer = await ask(
            self.stage.app, "POST", target, token, self._fields(step), headers, self.language
        )
        if step.refused is not None:
            if before is None:
                raise AssertionError("the head of the log was not asked for")
            self._refused(place, step, answer, before, await self._head())
        else:
            self._landed(place, step, answer)

    def _fields(self, step: Step) -> dict[str, Any]:
        """What is sent: cases begin in the scenario's own area where nothing else is said."""
        fields: dict[str, Any] = self._filled(step.fields)
        entry = self.stage.catalogue.entry(step.kind)
        opens = step.on is None and issubclass(entry.command(step.command).model, Opening)
        if opens and "area" not in fields and step.who is not None and not who_of(step.who).area:
            return {"area": self.scenario.home, **fields}
        return fields

    def _target(self, place: str, step: Step) -> str:
        try:
            entry = self.stage.catalogue.entry(step.kind)
            info = entry.command(step.command)
        except Unknown as unknown:
            raise _Stopped(Failure(f"{place}, do", unknown.zh, unknown.detail)) from unknown
        if step.on is None:
            if not info.starts:
                why = f"{step.do} goes on with a case: say which (`on`)"
                raise _Stopped(Failure(place, f"{step.do} 须指明案件（on）", why))
            return f"/api/v1/{entry.name}"
        case = self.saved.get(step.on)
        if case is not None:
            return f"/api/v1/{entry.name}/{case.id}/{info.name}"
        if not entry.is_register:
            near = nearest(step.on, self.saved)
            hint = f": did you mean {near}?" if near else f"; saved are {', '.join(self.saved)}"
            why = f'no case was saved as "{step.on}"{hint}'
            raise _Stopped(Failure(f"{place}, on", f"没有存为“{step.on}”的案件", why))
        return f"/api/v1/{entry.name}/{step.on}/{info.name}"

    def _landed(self, place: str, step: Step, answer: Answer) -> None:
        if not answer.good:
            raise _Stopped(_problem(place, f"{step.do} as {step.who}", answer.json))
        found = answer.json
        facts = [one["fact"] for one in found["facts"]]
        if missing := [name for name in step.expected if name not in facts]:
            raise _Stopped(_differs(f"{place}, expect", missing, facts))
        stream = str(found["facts"][-1]["stream"])
        if step.save is not None:
            self.saved[step.save] = Saved(step.save, step.kind, found["id"], stream)
        for case in self.saved.values():
            if case.stream == stream:
                case.revision = found["revision"]

    def _refused(self, place: str, step: Step, answer: Answer, before: int, after: int) -> None:
        wanted, where = str(step.refused), f"{place}, refused"
        if answer.good:
            facts = [one["fact"] for one in answer.json["facts"]]
            raise _Stopped(_differs(where, wanted, facts))
        said = answer.json
        codes = [said[name] for name in ("code",) if name in said]
        codes.append(str(said["type"]).rpartition("/")[2])
        if wanted not in codes:
            raise _Stopped(_problem(where, f"not {wanted} but {' '.join(codes)}", said))
        if after != before:
            raise _Stopped(_differs(where, f"head {before}", f"head {after}"))

    async def _head(self) -> int:
        answer = await ask(self.stage.app, "GET", "/api/v1/events?limit=1", self._any_token())
        return int(answer.json["head"])

    def _any_token(self) -> str:
        return self.stage.administrator

    def _cause(self, step: Step) -> Mapping[str, str]:
        if step.cause is None:
            return {}
        case = self.saved[step.cause]
        return {"jishi-cause": f"{case.stream}@{case.revision}"}

    def _filled(self, value: Any) -> Any:
        """The value with what it says of saved cases filled in; `$$` stands for one `$`."""
        match value:
            case str():
                found = REFERENCE.match(value)
                if found is not None:
                    return getattr(self.saved[found[1]], found[2] or "id")
                return value[1:] if value.startswith("$$") else value
            case Mapping():
                return {name: self._filled(item) for name, item in value.items()}
            case list():
                return [self._filled(item) for item in value]
            case datetime():
                return self._time(value).isoformat()
        return value

    def _time(self, at: str | datetime | None) -> datetime:
        if isinstance(at, str):
            after = later(at)
            if after is not None:
                if self.now is None:
                    raise AssertionError("the first step has a time of its own")
                return self.now + after
            at = datetime.fromisoformat(at)
        if at is None:
            raise AssertionError("this step has no time of its own")
        return at if at.tzinfo is not None else at.replace(tzinfo=self.stage.zone)

    async def _move(self, at: str | datetime | None) -> None:
        if at is not None:
            self.now = self._time(at)
            await self.stage.move_to(self.now)


def _problem(place: str, what: str, said: Mapping[str, Any]) -> Failure:
    detail = " ".join(
        str(said[name]) for name in ("code", "detail", "field", "nearest") if said.get(name)
    )
    return Failure(place, f"{what}：{detail}", f"{what}: {detail}")


def _differs(place: str, wanted: object, found: object) -> Failure:
    return Failure(place, f"应为 {wanted}，实为 {found}", f"expected {wanted}, found {found}")
