"""充填 · A log of millions within two minutes: whole lives of cases, multiplied by the database.

A life was decided by the real deciders (`bench.lives`). Its bodies become patterns of `format()`,
its columns too; one statement then writes thousands of cases, each with its own area, unit, people,
ids and times. `streams.check` proves on a sample that bodies, hashes and columns fit together.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from bench import lives
from bench.lives import Life, Lived
from bench.stand import LOG_ID, ZONE
from events.clock import day_number, instant_of, micros
from events.envelope import Recorded
from events.fact import Shape, counted
from services.kernel.catalogue import Catalogue, discover
from streams.check import columns_equal_body
from streams.log import PostgresLog
from streams.sqltext import SCANNED_TEXTS

FIRST_DAY = date(2025, 1, 1)
DAYS = 365
RECORDED_FROM = datetime(2025, 1, 1, 16, 0, tzinfo=UTC)
"""The midnight after the first day in China: everything is recorded after it happened."""

BLOCK_CASES = 100
"""Cases of one block: the shares of the lives add up to it."""

UNITS, COMMUNITIES, PEOPLE, HOUSEHOLDS, CATEGORIES = 200, 200, 100_000, 20_000, 12
LATE_SHARE = 6
"""Of a hundred cases, so many were recorded one to three days after the others of their day."""

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
DAY = f"{lives.BEGAN.astimezone(ZoneInfo(ZONE)).date()}"
WORDS = (
    lives.LOG,
    "",
    DAY,
    lives.AREA,
    lives.UNIT,
    lives.CATEGORY,
    lives.WORKER,
    lives.REQUESTER,
    lives.HOUSEHOLD,
    lives.HOME_UNIT,
    lives.HOME_COMMUNITY,
)
"""What the first words of a case stand for; '' is its own id. Ids of commands and times follow."""

COMMANDS_MAX = 8
CHUNK_EVENTS = 50_000
WRITERS = 2
CHECKED_EVENTS = 2_000
DAY_MICROS = 86_400_000_000
MIX = 37
"""No divisor of the cases of a block."""


@dataclass(frozen=True)
class Pattern:
    """One life as patterns: a row for each event, and the times that occur in it."""

    rows: list[tuple[Any, ...]]
    instants: list[int]
    """µs after the beginning, in the order in which they stand behind the other words."""


def pattern_of(lived: Lived, place: int, shapes: dict[str, Shape]) -> Pattern:
    """A life as patterns."""
    first = lived.events[0]
    bodies = [event.body.decode() for event in lived.events]
    found = sorted({text for body in bodies for text in INSTANT.findall(body)})
    words = [first.case[1] if word == "" else word for word in WORDS]
    words += [str(lives.command_id(place, number)) for number in range(COMMANDS_MAX)]
    words += found
    rows = [
        _row(event, ordinal, words, shapes)
        for event, ordinal in zip(lived.events, lived.ordinals, strict=True)
    ]
    began = micros(lives.BEGAN)
    return Pattern(rows, [micros(instant_of(text)) - began for text in found])


def _row(
    event: Recorded, ordinal: int, words: Sequence[str], shapes: dict[str, Shape]
) -> tuple[Any, ...]:
    content = event.content
    shape = shapes[event.fact]
    columns = counted(
        shape, content["about"], content["data"], event.occurred_at, ZoneInfo(ZONE)
    )._asdict()
    began = micros(lives.BEGAN)
    quantities = []
    for number in (1, 2):
        name = (*shape.quantities, "", "")[number - 1]
        is_instant = isinstance(content["data"].get(name), str)
        value = columns[f"quantity_{number}"]
        quantities += [value - began if is_instant else value, is_instant]
    texts = [columns[name] for name in SCANNED_TEXTS]
    return (
        event.revision,
        ordinal,
        event.version,
        columns["occurred_at"] - began,
        *quantities,
        content["actor"],
        words.index(content["actor"]) + 1 if content["actor"] in words else 0,
        words.index(content["command"]) + 1,
        f"{event.case[0]}/",
        texts,
        [words.index(text) + 1 if text in words else 0 for text in texts],
        _said(event.body.decode(), words),
    )


def _said(text: str, words: Sequence[str]) -> str:
    """A text as a pattern of `format()`: `%7$s` where the seventh word stands."""
    text = text.replace("%", "%%")
    # The longest first: the day of the case stands in its instants too.
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, f"%{words.index(word) + 1}$s")
    return text


TABLES = """
CREATE SCHEMA bench;
CREATE TABLE bench.area (number integer PRIMARY KEY, code text NOT NULL);
CREATE TABLE bench.slot (
    slot integer PRIMARY KEY, life integer NOT NULL, events_before integer NOT NULL,
    instants bigint[] NOT NULL
);
CREATE TABLE bench.pattern (
    life integer NOT NULL, place integer NOT NULL,
    revision integer NOT NULL, ordinal integer NOT NULL, version integer NOT NULL,
    after bigint NOT NULL,
    quantity_1 bigint NOT NULL, instant_1 boolean NOT NULL,
    quantity_2 bigint NOT NULL, instant_2 boolean NOT NULL,
    actor text NOT NULL, actor_word integer NOT NULL, command_word integer NOT NULL,
    stream text NOT NULL, texts text[] NOT NULL, words integer[] NOT NULL, body text NOT NULL,
    PRIMARY KEY (life, place)
);
"""

WORDS_OF = f"""
CREATE FUNCTION bench.case_words(
    number bigint, cases bigint, areas integer, instants bigint[],
    OUT began bigint, OUT day integer, OUT words text[]
)
LANGUAGE plpgsql STABLE
AS $function$
DECLARE
    chance bigint := ('x' || substr(md5(number::text), 1, 15))::bit(60)::bigint;
    days_late bigint := CASE
        WHEN chance % 100 < {LATE_SHARE} THEN 1 + chance / 100 % 3 ELSE 0 END;
    worker bigint := chance / 17 % {PEOPLE};
BEGIN
    day := {day_number(FIRST_DAY)} + number * {DAYS} / cases - days_late;
    began := day * 86400000000 + (chance / 1000 % 400) * 60000000;
    words := ARRAY[
        '{LOG_ID}',
        (lpad(to_hex(1735660800000 + number), 12, '0') || '70008'
            || substr(md5('case' || number), 1, 15))::uuid::text,
        (DATE '1970-01-01' + day)::text,
        (SELECT a.code FROM bench.area AS a WHERE a.number = chance / 7 % areas),
        'unit-' || chance / 11 % {UNITS},
        'category-' || chance / 13 % {CATEGORIES},
        'm' || worker,
        'r' || chance / 19 % {PEOPLE},
        'h' || chance / 23 % {HOUSEHOLDS},
        'unit-' || worker % {UNITS},
        'community-' || worker / {UNITS} % {COMMUNITIES}
    ] || ARRAY(
        SELECT (lpad(to_hex(number), 16, '0') || lpad(to_hex(k), 16, '0'))::uuid::text
        FROM generate_series(1, {COMMANDS_MAX}) AS k
    ) || ARRAY(
        SELECT to_char(
            timestamp '1970-01-01' + (began + i.after) * interval '1 microsecond',
            'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
        )
        FROM unnest(instants) WITH ORDINALITY AS i (after, place) ORDER BY i.place
    );
END
$function$
"""


TEXTS = ", ".join(
    f"coalesce(c.words[p.words[{number}]], p.texts[{number}]) AS {name}"
    for number, name in enumerate(SCANNED_TEXTS, 1)
)
NAMES = ", ".join(SCANNED_TEXTS)
FILL = f"""
INSERT INTO streams.event (
    position, recorded_at, revision, ordinal, version, occurred_at, day, quantity_1, quantity_2,
    actor, command_id, stream, cause, request_hash, sha256, body, {NAMES}
)
SELECT w.position, $4 + w.position * $5, w.revision, w.ordinal, w.version, w.occurred_at, w.day,
       w.quantity_1, w.quantity_2, w.actor, w.command_id, w.stream, NULL,
       CASE WHEN w.ordinal = 0 THEN '\\x{"00" * 32}'::bytea END, sha256(w.body), w.body,
       {", ".join(f"w.{name}" for name in SCANNED_TEXTS)}
FROM (
    SELECT $3::bigint + b.block * $6::bigint + s.events_before + p.place AS position,
           p.revision, p.ordinal, p.version, c.began + p.after AS occurred_at, c.day,
           p.quantity_1 + CASE WHEN p.instant_1 THEN c.began ELSE 0 END AS quantity_1,
           p.quantity_2 + CASE WHEN p.instant_2 THEN c.began ELSE 0 END AS quantity_2,
           coalesce(c.words[p.actor_word], p.actor) AS actor,
           c.words[p.command_word]::uuid AS command_id, p.stream || c.words[2] AS stream,
           convert_to(format(p.body, VARIADIC c.words), 'UTF8') AS body,
           {TEXTS}
    FROM generate_series($1::bigint, $2::bigint - 1) AS b (block)
    CROSS JOIN bench.slot AS s
    CROSS JOIN LATERAL bench.case_words(
        b.block * {BLOCK_CASES} + s.slot, $7::bigint, $8::integer, s.instants
    ) AS c
    JOIN bench.pattern AS p ON p.life = s.life
) AS w
ORDER BY w.position
"""
"""$1 first block, $2 block after the last, $3 position before the first block, $4 recording time of
position 0, $5 µs between two recordings, $6 events of a block, $7 cases, $8 areas."""


async def fill(
    dsn: str, events: int, *, of: tuple[Life, ...] = lives.LIVES, areas: Sequence[str]
) -> int:
    """Write about so many events behind what the log holds already; returns its head then.

    The indexes are made anew afterwards, and nothing of it is in the write-ahead log: the table of
    this database does not outlive a crash of its server, nor has it to.
    """
    catalogue = discover()
    shapes = dict(catalogue.shapes)
    patterns = [
        pattern_of(one, place, shapes) for place, one in enumerate(await lives.lived(catalogue, of))
    ]
    connection = await asyncpg.connect(dsn)
    try:
        head = await connection.fetchval("SELECT coalesce(max(position), 0) FROM streams.event")
        block_events = await _lay_out(connection, patterns, _slots(of), areas)
        blocks = max(1, events // block_events)
        restore = await _bare(connection)
        step = DAYS * DAY_MICROS // (blocks * block_events)
        recorded_from = micros(RECORDED_FROM) - head * step
        shared = (head, recorded_from, step, block_events, blocks * BLOCK_CASES, len(areas))
        await _write(dsn, blocks, max(1, CHUNK_EVENTS // block_events), shared)
        for text in restore:
            await connection.execute(text)
        await connection.execute("VACUUM (ANALYZE) streams.event")
    finally:
        await connection.close()
    last = int(head + blocks * block_events)
    await _check(dsn, (head, head + last // 2, last - CHECKED_EVENTS), last, catalogue)
    return last


def _slots(of: tuple[Life, ...]) -> list[int]:
    """The lives of one block by number, well mixed."""
    whole = sum(life.share for life in of)
    slots = [
        number for number, life in enumerate(of) for _ in range(life.share * BLOCK_CASES // whole)
    ]
    return [slots[place * MIX % len(slots)] for place in range(len(slots))]


async def _lay_out(
    connection: Any, patterns: Sequence[Pattern], slots: Sequence[int], areas: Sequence[str]
) -> int:
    """Put the patterns where the statement finds them; the events of one block."""
    await connection.execute(TABLES)
    await connection.execute(WORDS_OF)
    await connection.copy_records_to_table(
        "area", schema_name="bench", records=list(enumerate(areas))
    )
    before = 0
    rows = []
    for slot, life in enumerate(slots):
        rows.append((slot, life, before, patterns[life].instants))
        before += len(patterns[life].rows)
    await connection.copy_records_to_table("slot", schema_name="bench", records=rows)
    await connection.copy_records_to_table(
        "pattern",
        schema_name="bench",
        records=[
            (life, place, *row)
            for life, pattern in enumerate(patterns)
            for place, row in enumerate(pattern.rows, 1)
        ],
    )
    await connection.execute("ANALYZE")
    return before


async def _bare(connection: Any) -> list[str]:
    """Take the indexes off, and the table out of the write-ahead log; what puts them back."""
    await connection.execute("SET maintenance_work_mem = '512MB'")
    constraints = await connection.fetch(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'streams.event'::regclass AND contype IN ('p', 'u')"
    )
    for name, _ in constraints:
        await connection.execute(f"ALTER TABLE streams.event DROP CONSTRAINT {name}")
    indexes = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = 'streams' AND tablename = 'event'"
    )
    for name, _ in indexes:
        await connection.execute(f"DROP INDEX streams.{name}")
    await connection.execute("ALTER TABLE streams.event SET UNLOGGED")
    return [
        *(f"ALTER TABLE streams.event ADD CONSTRAINT {name} {text}" for name, text in constraints),
        *(text for _, text in indexes),
    ]


async def _write(dsn: str, blocks: int, at_once: int, shared: tuple[int, ...]) -> None:
    """All blocks, some at once, by as many writers as there are cores."""
    head, recorded_from, step, block_events, cases, areas = shared
    waiting = iter(range(0, blocks, at_once))

    async def writer() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("SET work_mem = '256MB'")
            for first in waiting:
                end = min(first + at_once, blocks)
                await connection.execute(
                    FILL, first, end, head, recorded_from, step, block_events, cases, areas
                )
        finally:
            await connection.close()

    await asyncio.gather(*[writer() for _ in range(WRITERS)])


async def _check(dsn: str, samples: Iterable[int], last: int, catalogue: Catalogue) -> None:
    """Columns, bodies and hashes of some stretches fit together, and every fact is known."""
    log = await PostgresLog.open(dsn, catalogue.shapes)
    try:
        for after in samples:
            upto = min(after + CHECKED_EVENTS, last)
            found = await columns_equal_body(log, catalogue.shapes, after=after, upto=upto)
            if not found.whole or found.unjudged:
                raise AssertionError(f"the filled log is not whole: {found.differences[:3]}")
    finally:
        await log.close()
