"""What every number keeps, under random lives of every kind and random corrections of them.

The ledger reads a log in memory that holds a life with all its corrections and voids. Beside it a
second one reads what the case holds at last, as if nothing had ever been put right: each must show
the same. A correction followed by its inverse leaves every number as it was.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import codec
from events.clock import instant_of, micros, text_of
from events.envelope import Draft
from events.fact import counted
from events.ports import Append, Appended
from projections.counters import COUNTERS
from projections.declare import Counter, Measure
from projections.ledger import Ledger
from projections.query import Figure, Query
from services.kernel.case import Told
from services.kernel.catalogue import discover
from services.kernel.corrections import Correct, Void
from services.kernel.entry import Entry
from services.kernel.history import dimension
from services.kernel.pieces import SHARED_FACTS, Fact
from services.kernel.records import Verify
from services.kernel.testing import LOG, Story
from services.kernel.words import Actor
from streams.memory import MemoryLog
from tests.workflows.test_laws import begun, phases_for, step
from tests.workflows.trials import attempts, fields_of

pytestmark = pytest.mark.slow

CATALOGUE = discover()
STARTABLE: dict[str, list[Entry]] = {}
for _entry in CATALOGUE.entries.values():
    if _entry.startable:
        STARTABLE.setdefault(_entry.kind, []).append(_entry)
KINDS = sorted(STARTABLE)
OVERSEER = Actor("o1", roles=frozenset({"street", "administrator"}), area="c1")
AUDITOR = Actor("x1", roles=frozenset({"auditor"}), area="c1")
STEPS_MAX = 10
TRIES = 4
OF_THE_ADJUSTING = {"records_corrected", "records_voided"}
"""What counts corrections counts them whatever they do."""
Numbers = Mapping[tuple[str, str], Figure]


@pytest.mark.parametrize("name", KINDS)
def test_numbers_are_of_what_is_held(name: str) -> None:
    lives(name, 3)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", KINDS)
def test_numbers_are_of_what_is_held_for_long(name: str) -> None:
    lives(name, 100)


def test_lives_are_put_right_and_taken_back() -> None:
    """The law is not kept by refusing every correction."""
    accepted = lives("order", 10, derandomize=True)
    assert min(accepted.count("correct"), accepted.count("void")) >= 2


def lives(kind: str, count: int, **how: Any) -> list[str]:
    """So many lives of a kind in its variants; which adjustments of them were accepted."""
    accepted: list[str] = []
    counters = told_by(STARTABLE[kind][0])

    @settings(
        max_examples=count,
        deadline=None,
        phases=phases_for(count),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        **how,
    )
    @given(st.data())
    def one_life(data: st.DataObject) -> None:
        now = begun(data, data.draw(st.sampled_from(STARTABLE[kind])))
        for _ in range(data.draw(st.integers(2, STEPS_MAX))):
            if (attempt := data.draw(attempts(now))) is not None:
                now = step(now, *attempt)
            now = now.later(minutes=data.draw(st.sampled_from([0, 20, 600])))
        if now.case is None:
            return
        now = checked(data, now)
        now = there_and_back(data, now, counters, accepted)
        taken_back(data, now, counters, accepted)

    one_life()
    return accepted


def checked(data: st.DataObject, now: Story) -> Story:
    """Somebody from outside verifies a record: its copy must go where the record goes."""
    assert now.case is not None
    held = [told.revision for told in now.case.held if isinstance(told.fact, Fact)]
    if not held:
        return now
    of = data.draw(st.sampled_from(held))
    verify = Verify.model_validate({"revision": of, "method": "on_site"})
    after = now.when(AUDITOR, verify)
    return now if after.error is not None else after


def there_and_back(
    data: st.DataObject, now: Story, counters: Iterable[Counter], accepted: list[str]
) -> Story:
    """Correct something, then the correction: nothing has changed. Of what was challenged the
    correction is the answer, and counts as one."""
    assert now.case is not None
    if now.case.in_question:
        return now
    for _ in range(TRIES):
        if (change := data.draw(changes(now))) is None:
            return now
        there, inverse = change
        away = now.when(OVERSEER, there)
        if away.error is not None:
            continue
        back = away.when(OVERSEER, inverse)
        assert back.error is None, f"{there} was accepted, {inverse} was not: {back.error}"
        assert shown(back, counters) == shown(now, counters), f"{there}, then {inverse}"
        assert shown(away, counters) == shown_of_held(away, counters), there
        accepted.append("correct")
        return back
    return now


def taken_back(
    data: st.DataObject, now: Story, counters: Iterable[Counter], accepted: list[str]
) -> None:
    """Void something: what is shown is what the rest adds up to."""
    assert now.case is not None
    for _ in range(TRIES):
        held = [told for told in now.case.held if isinstance(told.fact, Fact)]
        if not held:
            return
        void = Void.model_validate(
            {"revision": data.draw(st.sampled_from(held)).revision, "reason": "typing"}
        )
        gone = now.when(OVERSEER, void)
        if gone.error is None:
            assert shown(gone, counters) == shown_of_held(gone, counters), void
            accepted.append("void")
            return


@st.composite
def changes(draw: st.DrawFn, now: Story) -> tuple[Correct, Correct] | None:
    """A correction of one field, one dimension or the time of a record, and its inverse. The value
    is one that nothing else says: else who takes it back means the others that say it too."""
    assert now.case is not None
    held = [told for told in now.case.held if isinstance(told.fact, Fact)]
    if not held:
        return None
    checked_ones = [told for told in held if told.revision in now.case.verified]
    told = draw(st.sampled_from(checked_ones * len(held) + held))
    change = draw(st.sampled_from([one_field, one_dimension, another_time]))(draw, told, held)
    if change is None:
        return None
    common = {"revision": told.revision, "reason": "typing"}
    there, back = change
    return Correct.model_validate(common | there), Correct.model_validate(common | back)


Change = tuple[dict[str, Any], dict[str, Any]] | None


def one_field(draw: st.DrawFn, told: Told, held: list[Told]) -> Change:
    fields = fields_of(type(told.fact))
    if not fields:
        return None
    name = draw(st.sampled_from(sorted(fields)))
    old, new = told.stored["data"].get(name), draw(fields[name])
    if any(one.stored["data"].get(name) == new for one in held if one is not told):
        return None
    return {"changes": {name: new}}, {"changes": {name: old}}


def one_dimension(draw: st.DrawFn, told: Told, held: list[Told]) -> Change:
    name = draw(st.sampled_from(["area", "unit", "team", "home_unit"]))
    new = draw(st.sampled_from(["n1", "n2"]))
    old = dimension(told.fact.about, name)
    if any(dimension(one.fact.about, name) == new for one in held):
        return None
    return {"dimensions": {name: new}}, {"dimensions": {name: old}}


def another_time(draw: st.DrawFn, told: Told, held: list[Told]) -> Change:
    other = told.occurred_at.replace(minute=draw(st.integers(0, 59)))
    return {"happened_at": text_of(other)}, {"happened_at": text_of(told.occurred_at)}


# --- what the ledger shows -----------------------------------------------------------------------


def told_by(entry: Entry) -> list[Counter]:
    """The counters that a case of this kind can move, with the rates made of them."""
    facts = {*entry.workflow.diagram.moves, *SHARED_FACTS}
    own = {one.name: one for one in COUNTERS if facts & {*one.on, *one.down_on}}
    for name in OF_THE_ADJUSTING:
        del own[name]
    rates = [one for one in COUNTERS if one.numerator in own and one.denominator in own]
    return [*own.values(), *rates]


def shown(now: Story, counters: Iterable[Counter]) -> Numbers:
    """What the board shows of this story, by area and unit. Nowhere is more verified than done."""
    bodies = [(event.body, event.content) for event in now.events]
    found = asyncio.run(numbers(bodies, now, counters))
    plain = {one.name for one in counters if one.measure is Measure.OCCURRENCES}
    for (name, key), figure in found.items():
        if name in plain:
            assert (figure.verified or 0) <= (figure.value or 0), (name, key, figure)
    return found


def shown_of_held(now: Story, counters: Iterable[Counter]) -> Numbers:
    """What it would show if the case had come to what it holds without any detour."""
    assert now.case is not None
    bodies = []
    for revision, body in enumerate(now.case.bodies, 1):
        stored = {**codec.parse(body), "revision": revision}
        bodies.append((codec.canonical(stored), stored))
    return asyncio.run(numbers(bodies, now, counters))


async def numbers(
    bodies: Iterable[tuple[bytes, Mapping[str, Any]]], now: Story, counters: Iterable[Counter]
) -> Numbers:
    log = MemoryLog(LOG, now.calendar.zone, CATALOGUE.shapes, lambda: micros(now.now))
    drafts = tuple(drafted(body, said, now) for body, said in bodies)
    if drafts:
        digest = hashlib.sha256(b"").digest()
        (done,) = await log.append([Append(now.stream, 0, drafts, UUID(int=1), digest)])
        assert isinstance(done, Appended)
    ledger = Ledger(log, counters, CATALOGUE.shapes)
    await ledger.catch_up()
    reading = await ledger.read(Query(by=("area", "unit")), now=now.now)
    return {
        (cell.counter.name, cell.key): cell.figure
        for cell in reading.cells
        if not cell.figure.empty
    }


def drafted(body: bytes, said: Mapping[str, Any], now: Story) -> Draft:
    at: datetime = instant_of(said["occurred_at"])
    shape = CATALOGUE.shapes[said["fact"]]
    columns = counted(shape, said["about"], said["data"], at, now.calendar.zone)
    return Draft(said["fact"], said["version"], said["revision"], said["actor"], body, columns)
