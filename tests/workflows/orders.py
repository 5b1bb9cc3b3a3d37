"""People and orders that several tests begin from."""

from __future__ import annotations

from events.fact import About, Books
from services.facts.order import Solved, Timing
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, story
from services.kernel.words import Actor
from services.workflows.order import WORKFLOW, Accept, Confirm, Deliver, Dispatch, Place


def person(name: str, *roles: str, unit: str | None = None, area: str = "c1") -> Actor:
    return Actor(name, unit, frozenset(roles), area)


RESIDENT = person("p1", "resident")
NEIGHBOUR = person("p2", "resident")
COMMUNITY = person("k1", "community")
DISPATCHER = person("d1", "dispatcher")
WORKER = person("w1", "worker", unit="u1")
COLLEAGUE = person("w2", "worker", unit="u1")
STRANGER = person("w9", "worker", unit="u2")
AUDITOR = person("a1", "auditor")
LEADER = person("l1", "leader")
STREET = person("s1", "street")
SYSTEM = person("timer", "system")
IMPORTER = person("import", "importer")

HOME = Books(home_unit="u7", home_community="c9", paired_community="c1")
TOWN = Registers(
    areas=frozenset({"c1", "c2", "c9"}),
    units=frozenset({"u1", "u2", "u7"}),
    teams=frozenset({"t1"}),
    people={"w1": HOME},
)

NEW = story(entry_of(WORKFLOW), registers=TOWN)
PLACED = NEW.when(RESIDENT, Place(category="repair"))
DISPATCHED = PLACED.when(DISPATCHER, Dispatch(unit="u1"))
ACCEPTED = DISPATCHED.when(WORKER, Accept())
SERVED = ACCEPTED.later(days=1).when(WORKER, Deliver(timing=Timing.AFTER_HOURS, beneficiaries=3))
YES = SERVED.later(hours=1).when(RESIDENT, Confirm(solved=Solved.YES))

AT_C1 = About(area="c1", category="repair")
AT_U1 = AT_C1.at(unit="u1")
AT_WORK = AT_U1.at(books=HOME)
