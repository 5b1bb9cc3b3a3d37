"""读情景 · Reads a scenario file. What is wrong with one is told with file, scenario, step and the
nearest name.

Nothing is played here.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from events.errors import Invalid, Malformed
from services.exchange.scenarios.form import (
    CHECKS,
    FactsCheck,
    Part,
    Scenario,
    Step,
    Wording,
    Wrong,
    later,
    references,
)
from services.kernel.words import Label
from services.parsing import nearest


class ScenarioFile(NamedTuple):
    """A file that was read and found sound."""

    path: Path
    scenarios: tuple[Scenario, ...]


class _Read(Part):
    scenario: tuple[Scenario, ...] = Field(min_length=1)


def read(path: Path) -> ScenarioFile:
    """Read a file. Raises Malformed where it is no TOML, Invalid where it says something that makes
    no sense: file, scenario, step, what is wrong, the nearest name."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as cause:
        raise Malformed(
            f"{path}: {cause}", field=path.name, zh=f"{path} 无法读取：{cause}"
        ) from cause
    try:
        found = _Read.model_validate(said)
    except ValidationError as failure:
        first = failure.errors(include_url=False)[0]
        raise wrong(path.name, *_place(said, first), _why(first)) from failure
    seen: set[str] = set()
    for one in found.scenario:
        if one.id in seen:
            why = Label(f"{one.id} 重复", f"{one.id} stands here twice")
            raise wrong(path.name, one.id, "id", why)
        seen.add(one.id)
        _check(path.name, one)
    return ScenarioFile(path, found.scenario)


def wrong(file: str, scenario: str, place: str, why: Label) -> Invalid:
    """What is wrong with a file, and where."""
    where = ", ".join(part for part in (file, scenario, place) if part)
    return Invalid(f"{where}: {why.en}", field=place or scenario, zh=f"{where}：{why.zh}")


NOTHING_PLAYED = Label(
    "情景须有 steps，并写明 then", "a scenario has `steps`, and says what is so `then`"
)
NO_REASON = Label("不做的须写原因（left_out）", "what is out says why (`left_out`)")
NO_BEGINNING = Label("第一步须写时间（at）", "the first step says when it is (`at`)")


def _check(file: str, scenario: Scenario) -> None:
    if scenario.state == "works" and not (scenario.steps and scenario.then):
        raise wrong(file, scenario.id, "", NOTHING_PLAYED)
    if scenario.state == "out" and scenario.left_out is None:
        raise wrong(file, scenario.id, "", NO_REASON)
    saved: list[str] = []
    for number, step in enumerate(scenario.steps, 1):
        place = f"step {number}"
        if number == 1 and (step.at is None or _relative(step.at)):
            raise wrong(file, scenario.id, place, NO_BEGINNING)
        _check_time(file, scenario.id, place, step.at)
        for name in (*references(step.fields), *([step.cause] if step.cause else ())):
            _check_saved(file, scenario.id, place, name, saved)
        if step.save is not None:
            saved.append(step.save)
    _check_time(file, scenario.id, "until", scenario.until)
    for number, check in enumerate(scenario.then, 1):
        case = check.case
        if case is not None and "/" not in case:
            _check_saved(file, scenario.id, f"then {number}", case, saved)


def _check_saved(file: str, scenario: str, place: str, name: str, saved: list[str]) -> None:
    if name in saved:
        return
    near = nearest(name, saved)
    known = ", ".join(saved) or "none"
    why = Label(
        f"没有存为“{name}”的案件" + (f"，是否指 {near}？" if near else f"；此前存有：{known}"),
        f'no case was saved as "{name}"'
        + (f": did you mean {near}?" if near else f"; saved before it: {known}"),
    )
    raise wrong(file, scenario, place, why)


def _relative(at: str | datetime) -> bool:
    return isinstance(at, str) and at.startswith("+")


def _check_time(file: str, scenario: str, place: str, at: str | datetime | None) -> None:
    if not isinstance(at, str) or later(at) is not None:
        return
    try:
        datetime.fromisoformat(at)
    except ValueError:
        forms = "2018-03-01T09:00, +10m, +2h, +3d, +1w"
        why = Label(f"“{at}”不是时间，应如 {forms}", f'"{at}" is no time: write as in {forms}')
        raise wrong(file, scenario, place, why) from None


def _place(said: Any, error: ErrorDetails) -> tuple[str, str]:
    """The id of the scenario, and where in it."""
    loc = error["loc"]
    if len(loc) < 2 or loc[0] != "scenario" or not isinstance(loc[1], int):
        return "", ".".join(str(part) for part in loc)
    one = said["scenario"][loc[1]]
    name = str(one.get("id", f"scenario {loc[1] + 1}")) if isinstance(one, dict) else ""
    rest = [part for part in loc[2:] if part not in CHECKS]
    if len(rest) > 1 and rest[0] in ("steps", "then") and isinstance(rest[1], int):
        word = "step" if rest[0] == "steps" else "then"
        rest = [f"{word} {rest[1] + 1}", *rest[2:]]
    return name, ", ".join(str(part) for part in rest)


def _why(error: ErrorDetails) -> Label:
    cause = (error.get("ctx") or {}).get("error")
    if isinstance(cause, Wrong):
        return cause.wording
    if error["type"] == "extra_forbidden":
        name, known = str(error["loc"][-1]), _keys(error["loc"])
        near, names = nearest(name, known), ", ".join(known)
        return Label(
            "没有这一键" + (f"，是否指 {near}？" if near else f"；可用：{names}"),
            "there is no such key"
            + (f": did you mean {near}?" if near else f"; known are {names}"),
        )
    if error["type"] == "union_tag_not_found":
        names = ", ".join(CHECKS)
        return Label(f"核对须以 {names} 之一开始", f"a check begins with one of {names}")
    if error["type"] == "missing":
        return Label("必填", "is missing")
    return Label(f"不正确（{error['msg']}）", error["msg"])


def _keys(loc: tuple[int | str, ...]) -> list[str]:
    model: type[Part] = Scenario if len(loc) > 2 else _Read
    if "steps" in loc:
        model = Step
    if "then" in loc:
        model = next((CHECKS[part] for part in loc if part in CHECKS), FactsCheck)
    if "left_out" in loc:
        model = Wording
    return [field.alias or name for name, field in model.model_fields.items()]
