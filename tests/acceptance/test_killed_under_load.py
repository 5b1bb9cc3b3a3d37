"""断电之试 · The whole program, killed again and again while sixteen callers use it: what was
acknowledged is there, once; what was not is there after it is sent again; the numbers are right."""

from __future__ import annotations

import hashlib
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import rfc8785

from projections.counters import COUNTERS
from services.run import owners
from services.run.processes import working_in
from tests.acceptance.loading import Load, Up, settle
from tests.projections.naive import Naive, Question
from tests.town import AREAS

pytestmark = [pytest.mark.process, pytest.mark.slow]

CALLERS = 16
BETWEEN = range(20, 120)
"""How many commands are answered before the next kill, drawn anew each time."""
NOT_HASHED = ("position", "recorded_at", "sha256")


@pytest.fixture
def up(tmp_path: Path, random_seed: int) -> Iterator[Up]:
    """The program on an empty home; whatever a failing test leaves running is ended."""
    made = Up(tmp_path / "home", random.Random(random_seed))
    made.start()
    yield made
    if made.process.poll() is None:
        made.kill()
    for pid in working_in(made.data):
        os.kill(pid, signal.SIGKILL)


def read_all(up: Up, token: str) -> tuple[list[dict[str, Any]], int]:
    """Every envelope of the log, and its head."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        page = up.ask("GET", f"events?after={after}&limit=500", token).json
        found += page["events"]
        after = page["next"]
        if after >= page["head"]:
            return found, page["head"]


def check_numbers(up: Up, token: str, events: list[dict[str, Any]]) -> None:
    """Every public number of every area is what a plain fold of the events gives."""
    naive = Naive(events, COUNTERS, {row[0]: row[3] for row in AREAS}, ZoneInfo("Asia/Shanghai"))
    seen = 0
    for area in (None, *(row[0] for row in AREAS)):
        reading = up.ask("GET", f"counters{'' if area is None else f'?area={area}'}", token).json
        assert reading["as_of"]["position"] == len(events)
        for cell in reading["cells"]:
            counter = naive.counters[cell["counter"]]
            if counter.due or counter.older_than:
                continue
            want = naive.figures(Question(counter.name, area=area)).get("")
            told: Any = cell["value"]
            if counter.numerator is not None:
                told, want = (cell["numerator"], cell["denominator"]), want or (0, 0)
            elif counter.since is not None:
                want = want and want[0]
            else:
                # Not every number is of deeds that somebody else can confirm.
                told, want = (told, cell["verified"] or 0), want or (0, 0)
            assert told == want, (area, counter.name)
            seen += cell["value"] not in (0, None)
    assert seen > len(AREAS)


def check_log(load: Load, events: list[dict[str, Any]]) -> None:
    """Positions without a gap, hashes of what stands there, each command's facts exactly once."""
    assert [event["position"] for event in events] == list(range(1, len(events) + 1))
    by_command: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        body = {name: value for name, value in event.items() if name not in NOT_HASHED}
        assert hashlib.sha256(rfc8785.dumps(body)).hexdigest() == event["sha256"]
        by_command.setdefault(event["command"], []).append(event)
    assert len({sent.key for sent in load.sent}) == len(load.sent)
    for sent in load.sent:
        assert sent.answer.json["facts"] == by_command[str(sent.key)]
    ordered = {event["command"] for event in events if event["stream"].startswith("order/")}
    assert ordered == {str(sent.key) for sent in load.sent}
    for stream in {event["stream"] for event in events}:
        revisions = [event["revision"] for event in events if event["stream"] == stream]
        assert revisions == list(range(1, len(revisions) + 1))


def check_repeats(up: Up, load: Load) -> None:
    """Every key again: the first answer again, and nothing new in the log."""
    for sent in load.sent:
        answer = up.ask("POST", sent.path, load.tokens[sent.who], sent.fields, sent.key)
        assert (answer.status, answer.replayed) == (200, True), answer.body.decode()
        assert answer.body == sent.answer.body


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(2, marks=pytest.mark.timeout(600)),
        pytest.param(20, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)]),
    ],
)
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(
    up: Up, random_seed: int, rounds: int
) -> None:
    chance = random.Random(random_seed)
    tokens = settle(up)
    with Load(up, tokens, random_seed, CALLERS) as load:
        for _ in range(rounds):
            load.more(chance.choice(BETWEEN))
            up.kill()
            up.start()
            load.more(chance.choice(BETWEEN))
            # Nobody but the program itself starts it again.
            up.kill_database()
            load.more(chance.choice(BETWEEN))
        # Both at once, as when the power goes.
        up.kill_database()
        up.kill()
        up.start()
        load.more(CALLERS)
    assert not load.failed, load.failed[0]
    assert load.again > 0

    events, head = read_all(up, tokens["first"])
    assert head == len(events)
    check_log(load, events)
    check_numbers(up, tokens["first"], events)
    check_repeats(up, load)
    assert read_all(up, tokens["first"])[1] == head

    assert up.stop() == 0
    assert list(working_in(up.data)) == []
    assert owners.read(up.home / "postgres" / "owners.json") == owners.Register()


@pytest.mark.timeout(300)
def test_a_database_that_cannot_come_back_ends_the_program_with_its_reason(up: Up) -> None:
    """So that whoever watches over it (systemd, a container) sees it, and starts it again."""
    version = up.data / "PG_VERSION"
    version.write_text("9\n")
    up.kill_database()
    assert up.wait() == 5
    assert "PostgreSQL 9" in up.said.read_text(encoding="utf-8")
    assert list(working_in(up.data)) == []
    version.write_text("18\n")
    up.start()
    assert up.stop() == 0


@pytest.mark.timeout(300)
def test_callers_at_once_on_one_key_and_on_one_case(up: Up) -> None:
    """Over sockets of their own: one is first, and the others are told so."""
    tokens = settle(up)
    key = uuid4()
    wish = {"area": "c1", "requester": "p1"}
    with ThreadPoolExecutor(64) as pool:
        placed = list(
            pool.map(lambda _: up.ask("POST", "order", tokens["dispatcher"], wish, key), range(64))
        )
        assert Counter(answer.status for answer in placed) == {201: 1, 200: 63}
        assert sum(answer.replayed for answer in placed) == 63
        assert len({answer.body for answer in placed}) == 1
        order = f"order/{placed[0].json['id']}"
        given = up.ask("POST", f"{order}/dispatch", tokens["dispatcher"], {"unit": "u1"}, uuid4())
        assert given.status == 201
        taken = list(
            pool.map(
                lambda _: up.ask("POST", f"{order}/accept", tokens["worker"], {}, uuid4()),
                range(20),
            )
        )
    assert Counter(answer.status for answer in taken) == {201: 1, 409: 19}
    facts = up.ask("GET", f"{order}/events", tokens["first"]).json["events"]
    assert Counter(fact["fact"] for fact in facts)["order.accepted"] == 1
    assert up.stop() == 0
