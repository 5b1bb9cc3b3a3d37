"""Workflow files written by a test: a good one, and the same with a mistake in it."""

from __future__ import annotations

import itertools
import sys
import types

GOOD = '''
"""门 · Door: opened and shut."""
from __future__ import annotations
from typing import Annotated
from pydantic import Field
from events.fact import Coded, Member, Quantity
from services.kernel.words import *
from services.kernel.workflow import *

class Door(State):
    """Every door."""
class Shut(Door, zh="关"):
    """Shut."""
class Wide(Door, zh="开"):
    """Open."""

class DoorHung(Fact, zh="已装"):
    """Hung."""
    def apply(self, door: None) -> Shut:
        return Shut(self.about)
class DoorOpened(Fact, zh="已开"):
    """Opened."""
    who: Annotated[Person, Member]
    def apply(self, door: Shut) -> Wide:
        return Wide(door.about)
class DoorShut(Fact, zh="已关"):
    """Shut again."""
    def apply(self, door: Wide) -> Shut:
        return Shut(door.about)

class Hang(Opening, zh="安装", by=Party.COMMUNITY):
    """Hang it."""
    def decide(self, door: None, context: Context) -> DoorHung:
        return DoorHung(about=self.about(context))
class Open(Command, zh="开门", by=[Party.WORKER, Party.HANDLER]):
    """Open it."""
    who: Person
    def decide(self, door: Shut, context: Context) -> DoorOpened:
        return DoorOpened(about=door.about, who=self.who)
class Close(Command, zh="关门", by=Party.WORKER):
    """Shut it."""
    def decide(self, door: Wide, context: Context) -> DoorShut:
        return DoorShut(about=door.about)

WORKFLOW = Workflow(__name__, zh="门", clocks=[
    Clock("shut", Label("关门时限", "Shut"), runs=(Wide,), limit=hours(1))])
'''

_numbers = itertools.count()


def made(source: str, name: str = "door") -> types.ModuleType:
    """The module this source makes, as if it were a file called `name`."""
    full = f"made_{next(_numbers)}.{name}"
    module = types.ModuleType(full)
    sys.modules[full] = module
    try:
        exec(compile(source.lstrip(), full, "exec"), module.__dict__)
    finally:
        del sys.modules[full]
    return module
