"""Random commands for any kind, from their own schemas, by people who may and who may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import combinations, product
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from events.clock import text_of
from services.kernel.case import Case
from services.kernel.catalogue import entry_of, next_commands
from services.kernel.entry import CommandInfo
from services.kernel.pieces import Command, Fact
from services.kernel.testing import MONDAY, Story, story
from services.kernel.words import ROLES, Actor
from services.registers import rule

PEOPLE = ("p1", "p2", "w1", "w2")
UNITS = ("u1", "u2", None)
AREAS = ("c1", "c2")
POOLS = {"p1": PEOPLE, "u1": ("u1", "u2"), "c1": AREAS, "t1": ("t1", "t2"), "h1": ("h1", "h2")}
"""More values than the one example of a field type, so that cases meet the same people again."""

HOURS_MAX = 24 * 20
REVISIONS_MAX = 14

WHO = tuple(product(PEOPLE, UNITS, AREAS))
ROLES_HELD = tuple(
    frozenset(held) for count in (1, 2, 3) for held in combinations(sorted(ROLES), count)
)
actors = st.tuples(st.sampled_from(WHO), st.sampled_from(ROLES_HELD)).map(
    lambda drawn: Actor(drawn[0][0], drawn[0][1], drawn[1], drawn[0][2])
)
"""Two draws for a person: to draw is what a random life costs, not to judge it."""

texts: dict[str, st.SearchStrategy[Any]] = {
    "date-time": st.integers(-HOURS_MAX, HOURS_MAX).map(
        lambda hours: text_of(MONDAY + timedelta(hours=hours))
    ),
    "date": st.integers(-30, 30).map(lambda days: str((MONDAY + timedelta(days=days)).date())),
}


@cache
def points_rule() -> Case:
    """The rule that accounts of points go by: without one, none is opened."""
    kept = Actor("k1", roles=frozenset({"administrator"}))
    numbers = {"points_visit": 5, "points_training": 20, "grade_1_1": 20}
    publish = rule.Publish.model_validate(
        {
            "code": "points.volunteer",
            "area": "c1",
            "effective_on": "2018-01-01",
            "numbers": {"numbers": numbers},
        }
    )
    entry = entry_of(rule.WORKFLOW, is_register=True)
    laid_down = story(entry, stream="rule/points.volunteer").when(kept, publish)
    if laid_down.case is None:
        raise AssertionError(laid_down.error)
    return laid_down.case


@cache
def commands_of(model: type[Command]) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of one command, most of them valid."""
    schema = model.model_json_schema()
    schema["properties"].pop("occurred_at")
    return values(schema, schema.get("$defs", {}))


@cache
def fields_of(model: type[Fact]) -> dict[str, st.SearchStrategy[Any]]:
    """What each field of a fact may say."""
    schema = model.model_json_schema()
    known = schema.get("$defs", {})
    return {
        name: values(one, known) for name, one in schema["properties"].items() if name != "about"
    }


def values(schema: dict[str, Any], known: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit a JSON schema of ours."""
    if "$ref" in schema:
        return values(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return st.one_of([values(option, known) for option in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            low = schema.get("minimum", 0)
            return st.integers(low, min(schema.get("maximum", low + 9), low + REVISIONS_MAX))
        case "array":
            low, high = schema.get("minItems", 0), schema.get("maxItems", 2)
            items = schema.get("items") or {"type": "null"}
            return st.lists(values(items, known), min_size=low, max_size=max(low, min(high, 2)))
        case "object":
            return objects(schema, known)
    return strings(schema)


def strings(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    """Texts of a format, of a pool, like the example, or of a pattern."""
    if schema.get("format") in texts:
        return texts[schema["format"]]
    if examples := schema.get("examples"):
        return st.sampled_from(POOLS.get(examples[0], tuple(examples)))
    return st.from_regex(schema["pattern"], fullmatch=True)


def objects(schema: dict[str, Any], known: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Required fields always, the others now and then; free keys never."""
    fields = {name: values(one, known) for name, one in schema.get("properties", {}).items()}
    needed = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: one for name, one in fields.items() if name in needed},
        optional={name: one for name, one in fields.items() if name not in needed},
    )


@st.composite
def changes_of(draw: st.DrawFn, case: Case) -> dict[str, Any]:
    """A correction of one field of one fact that the case holds, to something of its type."""
    told = draw(st.sampled_from([one for one in case.held if isinstance(one.fact, Fact)]))
    fields = fields_of(told.fact.__class__)
    if not fields:
        return {"revision": told.revision}
    name = draw(st.sampled_from(sorted(fields)))
    return {"revision": told.revision, "changes": {name: draw(fields[name])}}


def acting(draw: st.DrawFn, info: CommandInfo, now: Story) -> Actor:
    """Somebody who may give this command: in one of its roles, or related to the case."""
    roles = [name for name, party in ROLES.items() if party in info.parties]
    if now.case is None or roles:
        actor = draw(actors)
        return replace(actor, roles=actor.roles | frozenset(roles[:1]))
    related = [
        actor
        for person in PEOPLE
        for unit in UNITS
        if info.parties & now.case.parties(actor := Actor(person, unit, frozenset(), "c1"))
    ]
    return draw(st.sampled_from(related) if related else actors)


@st.composite
def attempts(draw: st.DrawFn, now: Story) -> tuple[Actor, Command] | None:
    """Somebody and a command: three times in five one that they may give now. None where the
    fields drawn are refused by their types."""
    commands = list(now.entry.commands.values())
    if now.case is None:
        info = next(info for info in commands if info.starts)
        actor = acting(draw, info, now)
    elif draw(st.integers(0, 4)) < 3:
        allowed = [
            info
            for info in commands
            if now.case.state is not None and type(now.case.state) in info.states
        ]
        own = [info for info in allowed if not info.shared]
        looking_back = [info for info in allowed if info.name in ("correct", "void")]
        choices = (own, own, allowed, looking_back)[draw(st.integers(0, 3))]
        info = draw(st.sampled_from(choices or allowed or commands))
        actor = acting(draw, info, now)
    else:
        info, actor = draw(st.sampled_from(commands)), draw(actors)
    body = draw(commands_of(info.model))
    if info.name == "correct" and now.case is not None and now.case.bodies:
        body |= draw(changes_of(now.case))
    if info.name == "link_duplicate":
        body["of"] = f"{now.entry.kind}/case-2"
    try:
        return actor, info.model.model_validate(body)
    except ValidationError:
        return None


def offered(now: Story, actor: Actor) -> set[str]:
    """The names of what this person may do next."""
    return {info.name for info in next_commands(now.entry, now.case, actor)}
