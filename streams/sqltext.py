"""语句 · The statements of the log, and how rows and drafts are laid out for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_type_hints

from events.envelope import Recorded
from events.fact import Counted
from events.ports import Append, Filter

CHANNEL = "jishi_log"
"""Notified with the newest position at every append."""

APPEND = (
    "SELECT a.first_position, a.recorded_micros, a.outcomes FROM streams.append_v1("
    "$1::streams.event_in[], $2::streams.condition_in[], $3::bigint) AS a"
)
HEAD = "SELECT e.position FROM streams.event AS e ORDER BY e.position DESC LIMIT 1"
RELAYED = "SELECT r.reached FROM streams.relay AS r WHERE r.topics = $1"
POSITION_AT = "SELECT streams.position_at_v1($1::bigint)"

EVENT_COLUMNS = (
    "e.position, e.stream, e.revision, e.fact, e.version, e.recorded_at, e.body, e.sha256"
)
"""In the order of the fields of `events.envelope.Recorded`."""

LOAD = (
    f"SELECT w.place, {EVENT_COLUMNS}"  # noqa: S608 (a constant)
    " FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS w(stream, after_revision, place)"
    " CROSS JOIN LATERAL ("
    " SELECT f.position, f.stream, f.revision, f.fact, f.version, f.recorded_at, f.body, f.sha256"
    " FROM streams.event AS f WHERE f.stream = w.stream AND f.revision > w.after_revision"
    " ORDER BY f.revision"
    " ) AS e"
)
AT = (
    f"SELECT {EVENT_COLUMNS} FROM streams.event AS e"  # noqa: S608 (a constant)
    " WHERE e.position = ANY($1::bigint[]) ORDER BY e.position"
)
COMMAND_FIRST = (
    "SELECT e.position, e.request_hash FROM streams.event AS e"
    " WHERE e.command_id = $1::uuid AND e.ordinal = 0"
)
COMMAND_EVENTS = (
    f"SELECT {EVENT_COLUMNS} FROM streams.event AS e"  # noqa: S608 (a constant)
    " WHERE e.position >= $1::bigint"
    " AND e.position < coalesce((SELECT n.position FROM streams.event AS n"
    " WHERE n.position > $1::bigint AND n.ordinal = 0 ORDER BY n.position LIMIT 1),"
    " 9223372036854775807) ORDER BY e.position"
)
"""The events of one command follow each other: they end where the next command begins."""

ROWS = (
    f"SELECT {EVENT_COLUMNS}, e.actor, e.cause, e.command_id, e.ordinal, "  # noqa: S608 (a constant)
    + ", ".join(f"e.{name}" for name in Counted._fields)
    + " FROM streams.event AS e WHERE e.position > $1::bigint ORDER BY e.position LIMIT $2::bigint"
)

SCANNED = ("position", *Counted._fields)
"""Plain columns of the log, named as in `events.ports.EntryColumns` (which has a sign too)."""

SCANNED_TEXTS = tuple(name for name, kind in get_type_hints(Counted).items() if kind is str)

_FACT_AND_VERSION = (
    "CASE WHEN e.version = 1 THEN e.fact ELSE e.fact || '@' || e.version END AS fact"
)
SCAN = (
    "SELECT "  # noqa: S608 (a constant)
    + ", ".join(_FACT_AND_VERSION if name == "fact" else f"e.{name}" for name in SCANNED)
    + " FROM streams.event AS e WHERE e.position > %d AND e.position <= %d ORDER BY e.position"
)
"""For COPY, which takes no arguments. Reading neither body nor anything behind the plain columns
keeps it at twice the speed."""

Row = tuple[Any, ...]


def recorded(row: Iterable[Any]) -> Recorded:
    """An event from a row of EVENT_COLUMNS."""
    return Recorded(*row)


def rows_of(item: Append) -> list[Row]:
    """The drafts of one item as values of `streams.event_in`."""
    rows: list[Row] = []
    for ordinal, draft in enumerate(item.drafts):
        if draft.revision != item.expected + 1 + ordinal:
            raise AssertionError(
                f"draft {ordinal} for {item.stream} has revision {draft.revision},"
                f" and was decided on revision {item.expected}"
            )
        rows.append(
            (
                item.stream,
                draft.revision,
                ordinal,
                draft.fact,
                draft.version,
                draft.actor,
                item.command_id,
                None if ordinal else item.request_hash,
                draft.cause,
                *draft.counted[1:],
                draft.body,
            )
        )
    return rows


def read_statement(
    *, after: int, upto: int | None, limit: int, backward: bool, only: Filter
) -> tuple[str, list[Any]]:
    """The statement and its arguments for one read. Only filters that are set stand in it, so that
    each form has its own plan. One stream is read by its revisions: their order is that of the
    positions, and the planner cannot choose to walk the whole log for them."""
    arguments: list[Any] = [after]
    where = ["e.position > $1::bigint"]

    def given(condition: str, value: Any) -> None:
        arguments.append(value)
        where.append(condition.replace("$", f"${len(arguments)}"))

    if upto is not None:
        given("e.position <= $::bigint", upto)
    if only.stream is not None:
        given("e.stream = $::text", only.stream)
    if only.kinds:
        # As ranges of the streams' index, so that the few events of a register are found without
        # walking the log; `0` follows `/`.
        bounds = [bound for kind in only.kinds for bound in (f"{kind}/", f"{kind}0")]
        first = len(arguments) + 1
        arguments.extend(bounds)
        ranges = (
            f"e.stream >= ${number}::text AND e.stream < ${number + 1}::text"
            for number in range(first, first + len(bounds), 2)
        )
        where.append(f"({' OR '.join(ranges)})")
    if only.facts:
        given("e.fact = ANY($::text[])", list(only.facts))
    if only.areas:
        given("e.area = ANY($::text[])", list(only.areas))
    if only.units:
        given("e.unit = ANY($::text[])", list(only.units))
    if only.actor is not None:
        given("e.actor = $::text", only.actor)
    if only.occurred_from is not None:
        given("e.occurred_at >= $::bigint", only.occurred_from)
    if only.occurred_to is not None:
        given("e.occurred_at <= $::bigint", only.occurred_to)
    arguments.append(limit)
    key = "position" if only.stream is None else "revision"
    statement = (
        f"SELECT {EVENT_COLUMNS} FROM streams.event AS e WHERE {' AND '.join(where)}"  # noqa: S608
        f" ORDER BY e.{key}{' DESC' if backward else ''} LIMIT ${len(arguments)}::bigint"
    )
    return statement, arguments
