"""Everything the tests share: one Postgres for the run, a fresh copied database for each test."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest

# Settings of the person who runs the tests must not reach the code under test. The few that are
# meant for the tests themselves are kept here.
FOR_TESTS = {name: os.environ.pop(name) for name in sorted(os.environ) if name.startswith("JISHI_")}

GIVEN = "JISHI_TEST_DATABASE_URL"
"""Names a server to run the tests on, in place of one of our own."""

from services.cli import SELDOM  # noqa: E402
from services.kernel.catalogue import discover  # noqa: E402
from services.run import broker, postgres  # noqa: E402
from services.run.migrate import migrate  # noqa: E402
from services.staging import make_hasty  # noqa: E402
from streams.log import PostgresLog  # noqa: E402
from streams.schema import establish  # noqa: E402

gc.set_threshold(*SELDOM)  # as in every process of the program

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without jobs that puts a run in the background has it ignore Ctrl-C, and with it
    # whatever it starts: the program is tested as somebody starts it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
LEFT_OUT = pytest.StashKey[dict[str, list[str]]]()

NEEDS = {
    "data": "the data sets of others beside this checkout (../shared/data)",
    "kafka": "a Kafka broker (left out with --kafka=no)",
    "browser": "a browser (left out with --browser=no)",
    "namespaces": "user namespaces (`unshare -U` is not allowed here)",
    "docker": "`docker compose`",
}


# `make fast` asks for this one: a first answer in seconds.
hypothesis.settings.register_profile("fast", max_examples=10)


def pytest_addoption(parser: pytest.Parser) -> None:
    for name in ("kafka", "browser"):
        parser.addoption(f"--{name}", choices=("yes", "no"), default="yes", help=NEEDS[name])


def pytest_configure(config: pytest.Config) -> None:
    for name, what in NEEDS.items():
        config.addinivalue_line("markers", f"{name}: needs {what}")
    config.stash[LEFT_OUT] = {}
    config.pluginmanager.register(Order())
    if config.getoption("hypothesis_seed") is None:
        # Always a seed that is printed, so that what one run found another can repeat.
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(2**32))


def pytest_report_header(config: pytest.Config) -> str:
    seed = config.getoption("hypothesis_seed")
    return f"hypothesis seed: {seed} (to repeat: --hypothesis-seed={seed})"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what cannot run here, and remember it: the closing lines name every such test."""
    missing = {name for name in ("kafka", "browser") if config.getoption(name) == "no"}
    if not SHARED_DATA.is_dir():
        missing.add("data")
    if not namespaces_allowed():
        missing.add("namespaces")
    if not composing():
        missing.add("docker")
    kept: list[pytest.Item] = []
    for item in items:
        if _uses_postgres(item):
            item.add_marker("postgres")
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker("kafka")
        reasons = sorted(missing.intersection(mark.name for mark in item.iter_markers()))
        for reason in reasons:
            config.stash[LEFT_OUT].setdefault(reason, []).append(item.nodeid)
        if not reasons:
            kept.append(item)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


class Order:
    """Where processes share the files, the long ones begin: none waits for another at the end."""

    @staticmethod
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        long = {
            item.path
            for item in items
            for mark in item.iter_markers()
            if mark.name in ("kafka", "process", "slow", "browser", "data")
        }
        items.sort(key=lambda item: item.path not in long)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What a process that shares the work left out, it tells the one that closes the run."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["left_out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """All of them looked through the same tests: what one says, all say."""
    node.config.stash[LEFT_OUT] |= getattr(node, "workeroutput", {}).get("left_out", {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    if exitstatus:
        terminalreporter.line(pytest_report_header(config))
    for reason, nodes in sorted(config.stash[LEFT_OUT].items()):
        terminalreporter.section(f"{len(nodes)} tests left out: no {NEEDS[reason]}", yellow=True)
        for node in nodes:
            terminalreporter.line(f"  {node}")


def _uses_postgres(item: pytest.Item) -> bool:
    """Whether it asks for the server, or is the form of a test that runs on `postgres` too."""
    forms = getattr(item, "callspec", None)
    chosen = forms.params.values() if forms is not None else ()
    return "server" in getattr(item, "fixturenames", ()) or "postgres" in chosen


def namespaces_allowed() -> bool:
    unshare = shutil.which("unshare")
    words = [unshare or "", "--user", "--map-root-user", "--mount", "true"]
    return bool(unshare) and subprocess.run(words, capture_output=True, check=False).returncode == 0


def composing() -> bool:
    words = ["docker", "compose", "version"]
    found = shutil.which(words[0])
    return bool(found) and subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def random_seed(pytestconfig: pytest.Config) -> int:
    """The printed seed, for tests that draw chances themselves."""
    return int(pytestconfig.getoption("hypothesis_seed"))


@pytest.fixture(scope="session")
def data_sets() -> Path:
    """The folder with the data sets of others. A test that asks for it is marked `data`."""
    return SHARED_DATA


@contextlib.contextmanager
def served_from(home: Path) -> Iterator[str]:
    """URL of a Postgres in this folder, or of the one that was given."""
    given = FOR_TESTS.get(GIVEN)
    if given is not None:
        yield given
        return
    with postgres.start(home, talk=print) as running:
        yield running.dsn


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Postgres of our own for this run, or of the one JISHI_TEST_DATABASE_URL names."""
    with served_from(tmp_path_factory.mktemp("home")) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Kafka of our own for this run, or of the one JISHI_KAFKA_BOOTSTRAP names. It is
    shared: a test takes topics with a prefix of its own. Who asks for it is marked `kafka`."""
    given = FOR_TESTS.get("JISHI_KAFKA_BOOTSTRAP")
    if given is not None:
        yield given
        return
    with broker.start(tmp_path_factory.mktemp("kafka"), talk=print) as running:
        yield running.bootstrap


@pytest.fixture(scope="session")
async def administrator(server: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that makes and drops the tests' databases. A server of our own need not keep
    them: tests that prove what is kept start servers themselves."""
    connection = await asyncpg.connect(server)
    if GIVEN not in FOR_TESTS:
        await make_hasty(connection)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def template(
    server: str, administrator: asyncpg.Connection[asyncpg.Record]
) -> AsyncIterator[str]:
    """Name of a database with the whole schema and nothing in it."""
    name = f"jishi_template_{os.getpid()}"
    await administrator.execute(f'CREATE DATABASE "{name}"')
    try:
        connection = await asyncpg.connect(at(server, name))
        try:
            await migrate(connection, [ROOT / "streams" / "sql", ROOT / "projections" / "sql"])
        finally:
            await connection.close()
        yield name
    finally:
        await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


_numbers = itertools.count(1)


@pytest.fixture
async def empty_database(
    server: str, administrator: asyncpg.Connection[asyncpg.Record]
) -> AsyncIterator[str]:
    """URL of a database without anything in it."""
    async for dsn in _made(server, administrator, "template1"):
        yield dsn


@pytest.fixture
async def database(
    server: str, administrator: asyncpg.Connection[asyncpg.Record], template: str
) -> AsyncIterator[str]:
    """URL of a database of this test's own, with the whole schema."""
    async for dsn in _made(server, administrator, template):
        yield dsn


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresLog]:
    """A log of this test's own, made as a scenario, that knows the facts of every kind."""
    connection = await asyncpg.connect(database)
    try:
        await establish(connection, log_id="test", made_as="scenario")
    finally:
        await connection.close()
    opened = await PostgresLog.open(database, discover().shapes)
    yield opened
    await opened.close()


async def _made(
    server: str, administrator: asyncpg.Connection[asyncpg.Record], template: str
) -> AsyncIterator[str]:
    name = f"jishi_test_{os.getpid()}_{next(_numbers)}"
    await administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield at(server, name)
    finally:
        await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def at(server: str, name: str) -> str:
    """The URL of another database of the same server."""
    return re.sub(r"^(\w+://[^/?]*)(/[^?]*)?", rf"\g<1>/{name}", server)
