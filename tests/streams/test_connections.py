"""What connections tell each other, and what they do not."""

from __future__ import annotations

from typing import Any
from unittest import mock

import asyncpg

from streams.connections import pool_of

NUMBERS = "SELECT sum(n)::bigint FROM unnest($1::bigint[]) AS n"


async def asked_by_a_new_connection(dsn: str, statement: str, argument: Any) -> tuple[Any, int]:
    """What a statement answers on a pool of its own, and how often the catalogue was asked."""
    asked: list[object] = []
    own = getattr(asyncpg.Connection, "_introspect_types")  # noqa: B009 (no stub names it)

    async def counting(*arguments: Any) -> Any:
        asked.append(arguments)
        return await own(*arguments)

    pool = await pool_of(dsn, connections=1, answer_seconds=10)
    try:
        with mock.patch.object(asyncpg.Connection, "_introspect_types", counting):
            return await pool.fetchval(statement, argument), len(asked)
    finally:
        await pool.close()


async def test_what_arrays_of_numbers_are_is_asked_once(database: str) -> None:
    with mock.patch("streams.connections._built_in", {}):
        assert await asked_by_a_new_connection(database, NUMBERS, [1, 2]) == (3, 1)
        assert await asked_by_a_new_connection(database, NUMBERS, [3, 4]) == (7, 0)


async def test_types_of_a_database_are_asked_anew(database: str) -> None:
    """The number of such a type is another one in another database."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("CREATE TYPE pair AS (one bigint, two bigint)")
    finally:
        await connection.close()
    both = "SELECT ($1::pair).two"
    for value in (2, 5):
        assert await asked_by_a_new_connection(database, both, (1, value)) == (value, 1)
