"""格式 · The JSON Schema of every fact as it travels: an envelope, its `about` and its `data`.

What is frozen under `events/schemas/` describes a fact as the program holds it; here it is laid out
as others receive it, and older versions stay there for as long as their events do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import events
from events.errors import Unknown
from events.fact import Fact
from services.kernel.words import Label
from services.parsing import nearest
from services.web.language import Language
from services.web.openapi_shapes import SHAPES, Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FROZEN = Path(str(events.__file__)).parent / "schemas"
NAMED = re.compile(r"(?P<fact>.+?)(?:\.v(?P<version>\d{1,4}))?")


def address_of(fact: str, version: int) -> str:
    """Where the schema of a fact is served."""
    return f"/schemas/{fact}.v{version}"


def label_of(fact: type[Fact]) -> Label:
    """What people call it."""
    return getattr(fact, "label", Label(fact.fact, fact.fact))


def data_schema(flat: Mapping[str, Any]) -> Json:
    """Of the fields of a fact as the program holds it, those that travel as `data`."""
    fields = {name: field for name, field in flat["properties"].items() if name != "about"}
    needed = [name for name in flat.get("required", ()) if name != "about"]
    return {
        "type": "object",
        "description": flat.get("description", ""),
        "properties": fields,
        "required": needed,
        "additionalProperties": False,
    }


def narrowed(fact: str, version: int, about: Json, data: Json) -> Json:
    """What an envelope of one fact says beyond what every envelope does."""
    return {
        "type": "object",
        "properties": {
            "fact": {"const": fact},
            "version": {"const": version},
            "about": about,
            "data": data,
        },
    }


def schema_of(facts: Mapping[str, type[Fact]], name: str, language: Language) -> Json:
    """The schema of `order.placed`, or of one version of it, `order.placed.v1`: one document that
    needs no other. Raises Unknown with the nearest."""
    named = NAMED.fullmatch(name)
    fact = facts.get(named["fact"]) if named is not None else None
    if named is None or fact is None:
        raise _unknown(name, facts)
    number = int(named["version"] or fact.version)
    flat = _flat(fact, number)
    if flat is None:
        raise _unknown(name, facts)
    envelope = SHAPES["Envelope"]
    own = narrowed(fact.fact, number, flat["properties"]["about"], data_schema(flat))
    return {
        "$schema": DIALECT,
        "$id": address_of(fact.fact, number),
        "title": label_of(fact).text(language),
        "type": "object",
        "required": envelope["required"],
        "properties": {**envelope["properties"], **own["properties"]},
        "$defs": flat.get("$defs", {}),
    }


def _flat(fact: type[Fact], version: int) -> Mapping[str, Any] | None:
    """A fact as the program holds it: as it is now, or as an older version was frozen."""
    if version == fact.version:
        return fact.model_json_schema(mode="serialization")
    path = FROZEN / f"{fact.fact}.v{version}.json"
    if version > fact.version or not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _unknown(name: str, facts: Mapping[str, type[Fact]]) -> Unknown:
    near = nearest(name, facts)
    return Unknown(
        f"there is no fact {name!r}" + (f": did you mean {near}?" if near else ""),
        what="fact",
        name=name,
        zh=f"没有名为 {name} 的事实" + (f"，是否指 {near}?" if near else ""),
        nearest=near,
    )
