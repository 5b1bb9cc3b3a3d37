"""The real program on a real database, shared by the tests of this folder."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from tests.cli.running import SECONDS_MAX, STARTED, Program
from tests.conftest import at, served_from


@pytest.fixture(scope="session", autouse=True)
def nothing_left() -> Iterator[None]:
    """A test that fails half way leaves no process behind."""
    yield
    for process in STARTED:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=SECONDS_MAX)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program with no settings but a home that is not there yet."""
    return Program({"JISHI_HOME": str(tmp_path_factory.mktemp("nobody") / "home")})


@pytest.fixture(scope="session")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server as people have it, which waits for the disk: `doctor` looks at that."""
    with served_from(tmp_path_factory.mktemp("durable")) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def cli_database(durable: str) -> AsyncIterator[str]:
    """URL of an empty database for the program."""
    name = f"jishi_cli_{os.getpid()}"
    connection = await asyncpg.connect(durable)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        yield at(durable, name)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def owner(cli_database: str) -> Program:
    """The program on a database it has just made; nobody is named who acts."""
    found = Program({"JISHI_DATABASE_URL": cli_database})
    made = found.apart("migrate", "--json")
    assert made.code == 0, made.err
    assert made.json["applied"][0].startswith("streams/0001")
    return found


@pytest.fixture(scope="session")
def admin(owner: Program) -> Program:
    """The same as an administrator, with a small map: district d1 over
    communities c1, c2 and c3, where nothing ever happens."""
    roles = ("administrator", "community", "dispatcher", "worker")
    flags = [word for role in roles for word in ("--role", role)]
    granted = owner("token", "grant", "--person", "a1", *flags, "--json")
    assert granted.code == 0, granted.err
    found = owner.with_settings(JISHI_TOKEN=granted.json["token"])
    for words in (
        ("--code", "d1", "--level", "district"),
        ("--code", "c1", "--level", "community", "--parent", "d1"),
        ("--code", "c2", "--level", "community", "--parent", "d1"),
        ("--code", "c3", "--level", "community", "--parent", "d1"),
    ):
        made = found("area", "define", "--name", "某地", *words)
        assert made.code == 0, made.err
    return found


@pytest.fixture(scope="session")
def served(admin: Program) -> Iterator[Program]:
    """The same over HTTP, from a server of its own."""
    process = admin.start("api", "--port", "0")
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.stderr and process.stderr.read()
        yield admin.with_settings(JISHI_DATABASE_URL=None, JISHI_SERVER=url)
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == 0, err


@pytest.fixture(params=["direct", "served"])
def either(request: pytest.FixtureRequest) -> Program:
    """Both ways, one after the other: what holds for one holds for the other."""
    found: Program = request.getfixturevalue("admin" if request.param == "direct" else "served")
    return found
