"""固化 · The JSON Schemas of all facts as files: what was once recorded stays readable.

One file for each fact and version in `events/schemas/`. From 0.1.0 on a file is never changed: a
fact whose fields change gets the next version and a step that brings old ones up to it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from events.fact import Fact

SCHEMAS = Path(events.__file__ or "").parent / "schemas"
FIRST_RELEASE = (0, 1, 0)
States = dict[str, str]


@dataclass(frozen=True, slots=True)
class Frozen:
    """One fact, its file, and how the two stand: frozen | new | changed."""

    fact: str
    version: int
    state: str
    path: Path
    text: str


def standing(facts: Mapping[str, type[Fact]], folder: Path = SCHEMAS) -> list[Frozen]:
    """Every fact beside its file, by name."""
    return [_standing(facts[name], folder) for name in sorted(facts)]


def orphans(facts: Mapping[str, type[Fact]], folder: Path = SCHEMAS) -> list[Path]:
    """Files of facts that no class describes any more, older versions of known facts apart."""
    known = {name: fact.version for name, fact in facts.items()}
    found = []
    for path in sorted(folder.glob("*.json")):
        name, _, number = path.stem.rpartition(".v")
        if not number.isdigit() or int(number) > known.get(name, 0):
            found.append(path)
    return found


def freeze(frozen: list[Frozen]) -> list[Frozen]:
    """Write what is new; before the first release also what has changed. Returns what was written.

    Effects: files under `events/schemas/`. What may not be changed any more is left alone.
    """
    written = [one for one in frozen if one.state == "new" or (one.state == "changed" and young())]
    for one in written:
        one.path.parent.mkdir(exist_ok=True)
        one.path.write_text(one.text, encoding="utf-8")
    return written


def young() -> bool:
    """Whether nothing has been released yet that others rely on."""
    parts = version("jishi").split(".")[:3]
    return tuple(int(part) for part in parts if part.isdigit()) < FIRST_RELEASE


def schema_of(fact: type[Fact]) -> dict[str, Any]:
    """What the body of such a fact holds in `about` and `data`."""
    whole = fact.model_json_schema(mode="serialization")
    label = getattr(fact, "label", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "fact": fact.fact,
        "version": fact.version,
        "zh": getattr(label, "zh", ""),
        "en": getattr(label, "en", ""),
        **whole,
    }


def _standing(fact: type[Fact], folder: Path) -> Frozen:
    path = folder / f"{fact.fact}.v{fact.version}.json"
    text = json.dumps(schema_of(fact), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    if not path.exists():
        return Frozen(fact.fact, fact.version, "new", path, text)
    state = "frozen" if _fields(path.read_text(encoding="utf-8")) == _fields(text) else "changed"
    return Frozen(fact.fact, fact.version, state, path, text)


def _fields(text: str) -> Any:
    """What counts for old facts: fields and their types, not the wordings beside them."""
    return _bare(json.loads(text))


WORDINGS = frozenset({"zh", "en", "title", "description", "examples"})


def _bare(value: Any, names: bool = False) -> Any:
    """A schema without its wordings. In `properties` and `$defs` the keys are names, not words."""
    if isinstance(value, dict):
        return {
            key: _bare(item, names=key in ("properties", "$defs"))
            for key, item in value.items()
            if names or key not in WORDINGS
        }
    return [_bare(item) for item in value] if isinstance(value, list) else value
