"""机制 · The 176 mechanisms as rows: which of them a scenario shows, and what came of it.

The rows stand in `mechanisms.toml` beside this file. Their scenarios stand in `tests/scenarios`; a
wheel has them in `articles` beside this file (`pyproject.toml` puts them there).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from events.errors import Unknown
from services.exchange.scenarios.form import Scenario, Wording
from services.exchange.scenarios.play import Outcome
from services.exchange.scenarios.reading import ScenarioFile, read
from services.kernel.words import Label
from services.parsing import nearest

HERE = Path(__file__).parent
SHIPPED = HERE / "articles"
SCENARIOS = SHIPPED if SHIPPED.is_dir() else HERE.parents[2] / "tests" / "scenarios"


@dataclass(frozen=True, slots=True)
class Row:
    """One mechanism: its name, and the kinds that carry it, the main one first."""

    id: str
    label: Label
    kinds: tuple[str, ...]

    @property
    def article(self) -> str:
        """The article it is from: `S0` …"""
        return self.id.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with the scenario that shows it, where there is one, and what came of it, where it was
    played."""

    row: Row
    file: str | None = None
    scenario: Scenario | None = None
    outcome: Outcome | None = None

    @property
    def state(self) -> str | None:
        """`works` or `out`; None where nothing shows it yet."""
        return self.scenario.state if self.scenario is not None else None

    def json(self, language: str) -> dict[str, Any]:
        """The row as the contract has it."""
        left_out = self.scenario.left_out if self.scenario is not None else None
        outcome = self.outcome
        return {
            "id": self.row.id,
            "name": self.row.label.text(language),
            "kind": ", ".join(self.row.kinds),
            "state": self.state,
            "left_out": _text(left_out, language),
            "scenario": self.file,
            "passed": outcome.passed if outcome is not None and self.state == "works" else None,
            "seconds": round(outcome.seconds, 3) if outcome is not None else None,
        }


@cache
def rows() -> dict[str, Row]:
    """Every mechanism by id, in the order of the articles."""
    return {
        name: Row(name, Label(one["zh"], one["en"]), tuple(one["kinds"]))
        for name, one in _list()["rows"].items()
    }


def articles() -> dict[str, Label]:
    """The five districts, by the article they are told of in."""
    return {name: Label(one["zh"], one["en"]) for name, one in _list()["articles"].items()}


def row(name: str) -> Row:
    """The row of that id, in any case of letters. Raises Unknown with the nearest."""
    found = rows().get(name.upper())
    if found is None:
        near = nearest(name.upper(), rows())
        raise Unknown(
            f"there is no mechanism {name}" + (f": did you mean {near}?" if near else ""),
            what="mechanism",
            name=name,
            nearest=near,
            zh=f"没有机制 {name}" + (f"，是否指 {near}？" if near else ""),
        )
    return found


def files() -> list[Path]:
    """The files with the scenarios of the rows."""
    return sorted(SCENARIOS.glob("S[0-9]*.toml"))


def shown(paths: Iterable[Path] | None = None) -> dict[str, Shown]:
    """Every mechanism by id, with its scenario where there is one. Raises Invalid where a file is
    wrong, or two scenarios stand for one row."""
    found = {name: Shown(one) for name, one in rows().items()}
    for path in files() if paths is None else paths:
        for name, one in of_file(read(path)).items():
            row(name)
            found[name] = one
    return found


def of_file(file: ScenarioFile) -> dict[str, Shown]:
    """The scenarios of any file as rows: one that is none of the mechanisms speaks for itself."""
    return {
        one.id: Shown(rows().get(one.id) or _own(one), file.path.name, one)
        for one in file.scenarios
    }


def report(found: Iterable[Shown], language: str) -> dict[str, Any]:
    """The rows and how many of them work, are out, and passed."""
    listed = [one.json(language) for one in found]
    return {
        "rows": listed,
        "works": sum(one["state"] == "works" for one in listed),
        "out": sum(one["state"] == "out" for one in listed),
        "passed": sum(one["passed"] is True for one in listed),
        "of": len(listed),
    }


def _own(scenario: Scenario) -> Row:
    title = scenario.title or scenario.id
    label = Label(title, title) if isinstance(title, str) else Label(title.zh, title.en)
    kinds = dict.fromkeys(step.kind for step in scenario.steps if step.do is not None)
    return Row(scenario.id, label, tuple(kinds))


def _text(wording: Wording | None, language: str) -> str | None:
    if wording is None:
        return None
    return wording.zh if language == "zh" else wording.en


@cache
def _list() -> Mapping[str, Any]:
    return tomllib.loads((HERE / "mechanisms.toml").read_text(encoding="utf-8"))
