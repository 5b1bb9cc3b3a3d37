"""新人之试 · The newcomer's test of the house: one workflow file and one line for a number give
routes, a verb, an entry of the catalogue, and a number that moves. Nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("events", "streams", "projections", "services", "tests")
SECONDS_MAX = 240

WORKFLOW = '''\
"""失物 · Lost item: somebody finds a thing, and it goes back to its owner."""

from __future__ import annotations

from typing import Annotated

from events.fact import Coded
from services.kernel.words import Choice, Party
from services.kernel.workflow import Command, Context, Fact, Opening, State, Workflow


class Sort(Choice, zh="类别", en="Sort"):
    """What it is."""

    KEYS = "keys", "钥匙"
    CARD = "card", "证件"


class Kept(State, zh="待领"):
    """Waiting for its owner."""

    sort: Sort


class Returned(State, zh="已领"):
    """Back where it belongs."""


class LostItemFound(Fact, zh="已拾获"):
    """Somebody handed it in."""

    sort: Annotated[Sort, Coded]

    def apply(self, item: None) -> Kept:
        """The beginning."""
        return Kept(self.about, self.sort)


class LostItemReturned(Fact, zh="已归还"):
    """Its owner has it."""

    sort: Annotated[Sort, Coded]

    def apply(self, item: Kept) -> Returned:
        """The end."""
        return Returned(item.about)


class Find(Opening, zh="拾获", by=[Party.RESIDENT, Party.COMMUNITY]):
    """Hand it in."""

    sort: Sort

    def decide(self, item: None, context: Context) -> LostItemFound:
        """Anybody may."""
        return LostItemFound(about=self.about(context), sort=self.sort)


class GiveBack(Command, zh="归还", by=Party.COMMUNITY):
    """Give it to its owner."""

    def decide(self, item: Kept, context: Context) -> LostItemReturned:
        """Once."""
        return LostItemReturned(about=context.said(item.about), sort=item.sort)


WORKFLOW = Workflow(__name__, zh="失物")
'''
PLACE = "SERVING = (\n"
LINE = '    count("items_returned", "失物归还", "Items returned", "lost_item.returned", "件"),\n'

PROGRAM = """\
import asyncio, json, sys
from pathlib import Path
from uuid import uuid4
from services.run.settings import Settings
from services.wiring import open_house
from tests.web.asking import ask

async def tried():
    async with open_house(Settings(home=Path(sys.argv[2]), database_url=sys.argv[1])) as house:
        async def said(method, target, **fields):
            body = fields if method == "POST" else None
            key = {"idempotency_key": str(uuid4())} if body is not None else {}
            answer = await ask(house.app, method, target, house.first_token, body, **key)
            return {"status": answer.status, "json": answer.json}

        async def counted(part=""):
            await house.ledger.catch_up()
            whole = f"counters{part}" if part else "counters?counter=items_returned&by=sort"
            return (await said("GET", f"/api/v1/{whole}"))["json"]

        openapi = (await said("GET", "/openapi.json"))["json"]
        before = await counted()
        town = {"code": "d1", "name": "Town", "level": "district"}
        assert (await said("POST", "/api/v1/area", **town))["status"] == 201
        found = await said("POST", "/api/v1/lost_item", area="d1", sort="keys")
        waiting = await counted()
        assert found["status"] == 201, found
        item = found["json"]["id"]
        returned = await said("POST", f"/api/v1/lost_item/{item}/give_back")
        again = await said("POST", f"/api/v1/lost_item/{item}/give_back")
        return {
            "paths": list(openapi["paths"]),
            "catalogue": (await said("GET", "/api/v1/catalogue"))["json"],
            "case": (await said("GET", f"/api/v1/lost_item/{item}"))["json"],
            "statuses": [found["status"], returned["status"], again["status"]],
            "before": before, "waiting": waiting, "after": await counted(),
            "behind": await counted("/items_returned/events"),
            "item": item,
        }

print(json.dumps(asyncio.run(tried())))
"""


@dataclass(frozen=True)
class Copy:
    """A copy of the tree, and a way to run Python in it."""

    root: Path

    def run(self, *words: str) -> str:
        """What it printed; a failure shows what it said."""
        env = {**os.environ, "PYTHONPATH": str(self.root), "JISHI_LANG": "en"}
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env=env,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def jishi(self, *words: str) -> str:
        return self.run("-m", "services.cli", *words)


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The tree with one file more, and one line more."""
    root = tmp_path_factory.mktemp("newcomer")
    for room in COPIED:
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "services" / "workflows" / "lost_item.py").write_text(WORKFLOW, encoding="utf-8")
    counters = root / "projections" / "counters.py"
    text = counters.read_text(encoding="utf-8")
    assert text.count(PLACE) == 1
    counters.write_text(text.replace(PLACE, PLACE + LINE), encoding="utf-8")
    return Copy(root)


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(SECONDS_MAX + 30)
def test_one_file_is_a_verb_with_its_commands_and_fields(newcomer: Copy) -> None:
    assert "lost-item" in newcomer.jishi("--help")
    kind = newcomer.jishi("lost-item", "--help")
    # What every kind can do was not written in the file either.
    assert all(word in kind for word in ("find", "give-back", "correct", "attach-evidence"))
    assert "--sort" in newcomer.jishi("lost-item", "find", "--help")
    assert "ID" in newcomer.jishi("lost-item", "give-back", "--help")


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(SECONDS_MAX + 30)
def test_one_file_and_one_line_are_routes_a_catalogue_page_and_a_number(
    newcomer: Copy, database: str, tmp_path: Path
) -> None:
    program = tmp_path / "tried.py"
    program.write_text(PROGRAM, encoding="utf-8")
    told = json.loads(newcomer.run(str(program), database, str(tmp_path)).splitlines()[-1])

    routes = {"/api/v1/lost_item", "/api/v1/lost_item/{id}", "/api/v1/lost_item/{id}/give_back"}
    assert routes <= set(told["paths"])
    assert "lost_item" in {kind["name"] for kind in told["catalogue"]["kinds"]}
    assert told["case"]["state"] == "returned"
    assert told["statuses"] == [201, 201, 409]
    assert (values(told["before"]), values(told["waiting"])) == ({}, {})
    assert values(told["after"]) == {"keys": 1}
    assert told["behind"]["value"] == 1
    (event,) = told["behind"]["events"]
    assert event["stream"] == f"lost_item/{told['item']}"
    assert event["fact"] == "lost_item.returned"


def values(reading: dict[str, Any]) -> dict[str, int]:
    """What a reading says, by key, the zeros left out."""
    return {cell["key"]: cell["value"] for cell in reading["cells"] if cell["value"]}
