"""The whole program in processes that may be killed, and callers that put load on it over HTTP."""

from __future__ import annotations

import http.client
import json
import random
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from services.access import new_token, token_hash
from services.run import postmaster
from services.run.processes import started
from services.web.server import listening
from tests.cli.running import PROGRAM, Program
from tests.town import AREAS, PEOPLE, UNITS

SECONDS_MAX = 180.0
"""How long anything may take that goes by itself, on a machine with much else to do."""
ANSWER_SECONDS_MAX = 60.0
PORTS = range(12_000, 30_000)
"""Below those that systems lend to callers: while the program is away nobody else gets its port."""
LOOK_SECONDS = 0.02
TOKEN = re.compile(r"^jishi_[\w-]{40,}$", re.MULTILINE)
COMMUNITIES = ("c1", "c2", "c3")


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, and fail where it does not come true."""
    end = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(LOOK_SECONDS)


@dataclass(frozen=True)
class Answer:
    """One answer over HTTP."""

    status: int
    replayed: bool
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Door:
    """The API at a port of this machine."""

    port: int

    def ask(
        self, method: str, path: str, token: str, fields: Any = None, key: UUID | None = None
    ) -> Answer:
        """One request on a connection of its own. Raises OSError or HTTPException."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = str(key)
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS_MAX)
        try:
            body = None if fields is None else json.dumps(fields)
            line.request(method, f"/api/v1/{path}", body, headers)
            answer = line.getresponse()
            replayed = answer.headers.get("Idempotency-Replayed") == "true"
            return Answer(answer.status, replayed, answer.read())
        finally:
            line.close()


def free_port(chance: random.Random) -> int:
    """A port that stays free for a program of ours while it is away."""
    with listening("127.0.0.1", chance.choice(PORTS)) as free:
        return int(free.getsockname()[1])


class Up(Door):
    """`jishi up` on a home of its own, always at the same port."""

    def __init__(self, home: Path, chance: random.Random) -> None:
        self.home = home
        self.port = free_port(chance)
        self.said = home.with_name("said")
        self._process: subprocess.Popen[str] | None = None

    @property
    def data(self) -> Path:
        return self.home.resolve() / "postgres" / "data"

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Start it and wait until it serves. What it says is kept in a file: a pipe that nobody
        empties would stop it in the end."""
        with self.said.open("a", encoding="utf-8") as err:
            self._process = subprocess.Popen(
                [str(PROGRAM), "up", "--home", str(self.home), "--port", str(self.port)],
                env=Program().environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        assert url == f"http://127.0.0.1:{self.port}", self.said.read_text(encoding="utf-8")

    def kill(self) -> None:
        """End the program as a power cut would."""
        self.process.kill()
        self.wait()

    def kill_database(self) -> None:
        """The same for the database it runs."""
        found = postmaster.find(self.data)
        assert found is not None
        self._signal(found.pid)

    def stop(self) -> int:
        """End it as a person would; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        with self.process:
            return self.process.wait(timeout=SECONDS_MAX)

    @staticmethod
    def _signal(pid: int) -> None:
        mark = started(pid)
        subprocess.run(["kill", "-KILL", str(pid)], check=True)
        until(lambda: started(pid) != mark, f"process {pid} ends")


def settle(up: Up) -> dict[str, str]:
    """Lay the town out over HTTP; the tokens of its people, and that of the first administrator."""
    # The address is said before the token.
    until(lambda: TOKEN.search(up.said.read_text(encoding="utf-8")) is not None, "the token")
    first = TOKEN.findall(up.said.read_text(encoding="utf-8"))[0]

    def post(path: str, **fields: Any) -> None:
        answer = up.ask("POST", path, first, fields)
        assert answer.status == 201, answer.body.decode()

    for code, name, level, parent in AREAS:
        post("area", code=code, name=name, level=level, **({"parent": parent} if parent else {}))
    for code, name, area in UNITS:
        post("org", code=code, name=name, area=area, org_kind="department")
    tokens = {"first": first}
    for who, (person, unit, roles, area) in PEOPLE.items():
        tokens[who] = new_token()
        post(
            "access",
            person=person,
            roles=list(roles),
            area=area,
            actions=["*"],
            secret_hash=token_hash(tokens[who]),
            **({"unit": unit} if unit else {}),
        )
    return tokens


@dataclass(frozen=True)
class Sent:
    """One command as it was sent, with the first whole answer to it."""

    key: UUID
    path: str
    who: str
    fields: dict[str, Any]
    answer: Answer


@dataclass
class Load:
    """Callers that carry orders from beginning to end, one after the other, until they are told
    to stop. What does not get through is sent again under its key, for as long as it takes."""

    up: Door
    tokens: dict[str, str]
    seed: int
    callers: int
    rest: float = 0.0
    """Seconds that each of them rests after an answer, where nobody waits for more."""
    sent: list[Sent] = field(default_factory=list)
    again: int = 0
    """How often something had to be sent again."""
    failed: list[BaseException] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)
    _hurried: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._pool = ThreadPoolExecutor(self.callers)
        for number in range(self.callers):
            self._pool.submit(self._call, random.Random(f"{self.seed}/{number}"))
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self._hurried.set()
        self._pool.shutdown()

    def more(self, count: int) -> None:
        """Until so many more commands were answered."""
        goal = len(self.sent) + count
        self._hurried.set()
        until(lambda: bool(self.failed) or len(self.sent) >= goal, f"{count} more answers")
        if not self._ending.is_set():
            self._hurried.clear()
        assert not self.failed, self.failed[0]

    def _call(self, chance: random.Random) -> None:
        try:
            while not self._ending.is_set():
                self._carry_on(chance)
        except BaseException as error:
            self.failed.append(error)
            raise

    def _carry_on(self, chance: random.Random) -> None:
        def give(who: str, path: str, **fields: Any) -> Any:
            return self._send(UUID(int=chance.getrandbits(128), version=4), path, who, fields)

        area = chance.choice(COMMUNITIES)
        order = f"order/{give('dispatcher', 'order', area=area, requester='p1')['id']}"
        give("dispatcher", f"{order}/dispatch", unit="u1")
        if chance.random() < 0.2:
            give("worker", f"{order}/decline", reason="conflict")
            return
        give("worker", f"{order}/accept")
        timing = chance.choice(("working_hours", "after_hours"))
        served = {"beneficiaries": chance.randrange(1, 9), "timing": timing}
        give("worker", f"{order}/deliver", **served)
        if area == "c1":
            give("resident", f"{order}/confirm", solved="yes")

    def _send(self, key: UUID, path: str, who: str, fields: dict[str, Any]) -> Any:
        end = time.monotonic() + SECONDS_MAX
        while True:
            try:
                answer = self.up.ask("POST", path, self.tokens[who], fields, key)
            except (OSError, http.client.HTTPException):
                answer = None
            if answer is not None and answer.status != 503:
                break
            assert time.monotonic() < end, f"{path} never got through"
            self.again += 1
            time.sleep(LOOK_SECONDS)
        assert answer.status in (200, 201), (path, answer.status, answer.body.decode())
        self.sent.append(Sent(key, path, who, fields, answer))
        self._hurried.wait(self.rest)
        return answer.json
