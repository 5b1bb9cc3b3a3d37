"""The laws that every kind keeps, under random commands: kinds added later are covered unnamed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events.envelope import entries
from events.errors import JishiError, Refused
from events.fact import counted
from services.kernel.catalogue import discover
from services.kernel.entry import Entry
from services.kernel.facts import Confirmation
from services.kernel.pieces import Command, Fact
from services.kernel.testing import Story, story
from services.kernel.words import Actor
from tests.workflows.trials import attempts, offered, points_rule

pytestmark = pytest.mark.slow

CATALOGUE = discover()
STEPS_MAX = 14
LIVES_SHORT = 40
STARTABLE = sorted(name for name, entry in CATALOGUE.entries.items() if entry.startable)
VARIANTS = Counter(CATALOGUE.entry(name).kind for name in STARTABLE)


@pytest.mark.parametrize("name", STARTABLE)
def test_every_kind_keeps_the_laws(name: str) -> None:
    """Twelve lives for a kind, one more for each variant: a variant is its kind on other terms. A
    kind that begins in a variant only lives its twelve there."""
    entry = CATALOGUE.entry(name)
    if entry.variant is None:
        lives(entry, 12)
    else:
        lives(entry, 1 if entry.kind in STARTABLE else 12 // VARIANTS[entry.kind] + 1)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", STARTABLE)
def test_every_kind_keeps_the_laws_for_long(name: str) -> None:
    lives(CATALOGUE.entry(name), 200)


def lives(entry: Entry, count: int) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        phases=phases_for(count),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.data())
    def one_life(data: st.DataObject) -> None:
        now = begun(data, entry)
        for _ in range(data.draw(st.integers(1, STEPS_MAX))):
            attempt = data.draw(attempts(now))
            if attempt is not None:
                now = step(now, *attempt)
            now = now.later(minutes=data.draw(st.sampled_from([0, 20, 600, 9000])))

    one_life()


def phases_for(count: int) -> tuple[Phase, ...]:
    """In a short run a life that breaks a law is shown as it was found, at once: to make it smaller
    takes minutes, and is for the long run."""
    found = (Phase.explicit, Phase.reuse, Phase.generate)
    return (*found, Phase.shrink) if count > LIVES_SHORT else found


def begun(data: st.DataObject, entry: Entry) -> Story:
    """A story that knows a rule, and another case of its kind where one could be started."""
    cases = {points_rule().stream: points_rule()}
    other = story(entry, stream=f"{entry.kind}/case-2", cases=cases)
    attempt = data.draw(attempts(other))
    if attempt is not None and (case := other.when(*attempt).case) is not None:
        cases |= {case.stream: case}
    return story(entry, cases=cases)


def step(now: Story, actor: Actor, command: Command) -> Story:
    may = offered(now, actor)
    after = now.when(actor, command)
    if after.error is not None:
        refusal_leaves_nothing(now, after, command, may)
        return now
    moves_as_declared(now, after, command)
    clocks_run_where_declared(after)
    books_hold_what_the_case_holds(after)
    deeds_count_once_as_verified(after)
    return after


def refusal_leaves_nothing(now: Story, after: Story, command: Command, may: set[str]) -> None:
    assert after.events == now.events
    assert after.case == now.case
    error = after.error
    assert isinstance(error, JishiError)
    assert error.zh
    if isinstance(error, Refused) and command.word in may:
        assert error.refusal != "not_now"
    assert not (error.fields.get("refusal") == "not_yours" and command.word in may)


def moves_as_declared(now: Story, after: Story, command: Command) -> None:
    diagram = now.entry.workflow.diagram
    own = tuple(type(fact) for fact in after.facts if isinstance(fact, Fact))
    way = diagram.ways.get(command.word)
    if way is None:
        assert own == ()
        return
    ways = {outcome for outcome in way.outcomes if not way.repeats & set(outcome)}
    assert own in ways or set(own) <= way.repeats
    here = {type(now.state) if now.state is not None else None}
    for fact in own:
        led = [diagram.moves[fact.fact].lead(state) for state in here]
        assert all(led)
        here = set[Any]().union(*led)
    assert type(after.state) in here


def clocks_run_where_declared(now: Story) -> None:
    case = now.case
    assert case is not None
    own_clocks = {name: one for name, one in case.clocks.items() if one.of_revision is None}
    assert case.in_question <= case.challenged
    if case.imported:
        assert not own_clocks
        return
    workflow, here = now.entry.workflow, type(case.state)
    done = case.state is None or case.duplicate_of is not None
    assert {clock.declared for clock in own_clocks.values()} <= set(workflow.clocks)
    for name, declared in workflow.clocks.items():
        clock = case.clocks.get(name)
        runs = not done and here in workflow.running[name]
        if declared.each is not None:
            ends = declared.ends(case.state) if runs and case.state is not None else {}
            own = [one for one in case.clocks.values() if one.declared == name]
            asked = {unit: due for unit, due in ends.items() if due is not None}
            assert {one.of_unit: one.due_at for one in own} == asked
            continue
        rests = not done and here in workflow.resting[name]
        assert (clock is not None and clock.due_at is not None) == runs, f"{name}: {clock}"
        assert clock is None or clock.due_at is not None or rests, f"{name}: {clock}"


def books_hold_what_the_case_holds(now: Story) -> None:
    case, zone = now.case, now.calendar.zone
    assert case is not None
    books: Counter[Any] = Counter()
    for event in now.events:
        for sign, columns in entries(event, CATALOGUE.shapes, zone):
            books[columns] += sign
    held: Counter[Any] = Counter()
    adjusting = [e for e in now.events if e.fact in ("record.corrected", "record.voided")]
    for content, at in [
        *((told.stored, told.occurred_at) for told in case.held),
        *((event.content, event.occurred_at) for event in adjusting),
    ]:
        shape = CATALOGUE.shapes[content["fact"]]
        held[counted(shape, content["about"], content["data"], at, zone)] += 1
    assert {key: n for key, n in books.items() if n} == dict(held)


def deeds_count_once_as_verified(now: Story) -> None:
    case = now.case
    assert case is not None
    words = [told.fact for told in case.held if isinstance(told.fact, Confirmation)]
    counting = Counter(fact.of_revision for fact in words if fact.of_fact is not None)
    assert counting == Counter({fact.of_revision for fact in words})


def test_a_life_reaches_its_end_under_the_laws() -> None:
    """The laws are not kept by refusing everything: random lives do get somewhere."""
    entry = CATALOGUE.entry("order")
    seen: set[str] = set()

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.data())
    def lives_on(data: st.DataObject) -> None:
        now = story(entry)
        for _ in range(STEPS_MAX):
            attempt = data.draw(attempts(now))
            if attempt is not None:
                now = step(now, *attempt)
                seen.update(event.fact for event in now.events)
            now = now.knowing(now=now.now + timedelta(hours=data.draw(st.integers(0, 30))))

    lives_on()
    needed = {"order.placed", "order.dispatched", "order.accepted", "order.service_delivered"}
    assert needed | {"record.corrected", "record.voided"} <= seen
