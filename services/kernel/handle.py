"""裁决 · One command on one case: the facts it comes to, or a refusal. Pure.

Beside what the command itself decides, the kernel adds what no workflow should have to remember:
the facts of the clocks, a confirmation where a fact is one, and a mark on what was entered late.
"""

from __future__ import annotations

from dataclasses import replace

from events.errors import Invalid
from events.fact import About, Provenance
from events.fact import Fact as EventFact
from services.kernel.case import Case, CaseCommand
from services.kernel.clocks import clock_facts
from services.kernel.context import Context
from services.kernel.entry import CommandInfo, Entry
from services.kernel.facts import LATE_AFTER, RecordEnteredLate, confirmations
from services.kernel.pieces import Command, Fact, State
from services.kernel.words import Refusal, deny, refuse

NOT_NOW = Refusal(
    "not_now",
    "{what}现在不能办理：{kind}处于“{state}”，可办：{allowed}",
    "{command} is not possible now: the {kind_en} is {state_en}; possible: {allowed_en}",
)
NOT_YOURS = Refusal("not_yours", "{what}须由{parties}办理", "{command} is for {parties_en}")
VOIDED = Refusal(
    "voided", "该{kind}已作废，不能再办理", "this {kind_en} was voided: nothing follows"
)
THERE_ALREADY = Refusal(
    "there_already",
    "{case} 已在，处于“{state}”，无需再办",
    "{case} is there already ({state_en}): once is enough",
)
DUPLICATE = Refusal(
    "duplicate",
    "该{kind}已并入 {of}，请在彼处办理",
    "this {kind_en} was merged into {of}: act there",
)
BEFORE_LAST = Refusal(
    "before_last",
    "发生时间早于上一步（{last}）",
    "it cannot have happened before the step before it ({last})",
)


def handle(entry: Entry, case: Case | None, command: Command, context: Context) -> list[EventFact]:
    """Decide one command. `case` is None for a start command, else the case as it stands.

    Raises Refused (a rule), Denied (the wrong person), Invalid (a field), Unknown (a code that no
    register has). The facts are in the order in which they are to be recorded.
    """
    info = entry.by_model.get(type(command))
    if info is None:
        raise AssertionError(f"{type(command).__name__} is not a command of {entry.name}")
    if command.occurred_at is not None and command.occurred_at is not context.happened_at:
        context = replace(context, happened_at=command.occurred_at)
    _check_case(entry, case, info)
    _check_party(entry, case, info, context)
    _check_time(entry, case, info, context)
    begins = case is None or case.state is None
    if begins and (context.variant != entry.variant or context.terms is not entry.terms):
        context = replace(context, variant=entry.variant, terms=entry.terms)
    subject = case if isinstance(command, CaseCommand) else case.state if case else None
    outcome = command.decide(subject, context)
    decided = list(outcome) if isinstance(outcome, (tuple, list)) else [outcome]
    if not decided:
        raise AssertionError(f"{type(command).__name__} came to nothing: refuse, or record a fact")
    _check_codes(entry, case, decided, context)
    return decided + _added(entry, case, decided, context)


def _added(
    entry: Entry, case: Case | None, decided: list[EventFact], context: Context
) -> list[EventFact]:
    workflow = entry.workflow
    before = case.state if case else None
    added: list[EventFact] = []
    by_import = decided[0].about.provenance is Provenance.IMPORT
    imported = case.imported if case is not None and before is not None else by_import
    if workflow.clocks and not imported:
        state = before
        for fact in decided:
            if isinstance(fact, Fact):
                state = fact.apply(state)
        if state is not None and state is not before:
            added += clock_facts(workflow, before, state, case.clocks if case else {}, context)
    if workflow.confirms and case is not None:
        added += confirmations(case, decided, context)
    if not by_import and context.now - context.occurred_at > LATE_AFTER:
        added.append(RecordEnteredLate.of(decided[0], context))
    return added


def _check_case(entry: Entry, case: Case | None, info: CommandInfo) -> None:
    if case is None:
        if not info.starts:
            raise AssertionError(f"{info.name} needs a case")
        if not entry.startable:
            raise AssertionError(f"{entry.name} can only be started through one of its variants")
        return
    if case.state is None and info.starts:
        return  # a code that was registered by mistake can be used after all
    if case.state is None:
        refuse(VOIDED, **_words(entry))
    if case.duplicate_of is not None and not info.shared:
        refuse(DUPLICATE, **_words(entry), of=case.duplicate_of)
    if info.starts and type(case.state) not in info.states:
        state = entry.state_label(case.state)
        refuse(THERE_ALREADY, case=case.stream, state=state.zh, state_en=state.en.lower())
    if type(case.state) not in info.states:
        _refuse_now(entry, case.state, info)


def _words(entry: Entry) -> dict[str, str]:
    return {"kind": entry.label.zh, "kind_en": entry.label.en.lower()}


def _refuse_now(entry: Entry, state: State, info: CommandInfo) -> None:
    commands = entry.commands.values()
    allowed = [other for other in commands if not other.shared and type(state) in other.states]
    label = entry.state_label(state)
    refuse(
        NOT_NOW,
        command=info.name,
        what=info.label.zh,
        kind=entry.label.zh,
        kind_en=entry.label.en.lower(),
        state=label.zh,
        state_en=label.en.lower(),
        allowed="、".join(other.label.zh for other in allowed) or "无",
        allowed_en=", ".join(other.name for other in allowed) or "nothing",
    )


def _check_party(entry: Entry, case: Case | None, info: CommandInfo, context: Context) -> None:
    actor = context.actor
    here = case.parties(actor) if case else actor.parties()
    if here.isdisjoint(info.parties):
        parties = sorted(info.parties, key=lambda party: party.value)
        deny(
            NOT_YOURS,
            command=info.name,
            what=info.label.zh,
            parties="、".join(party.label.zh for party in parties),
            parties_en=", ".join(party.label.en.lower() for party in parties),
        )


def _check_time(entry: Entry, case: Case | None, info: CommandInfo, context: Context) -> None:
    happened = context.occurred_at
    if happened > context.now:
        raise Invalid(
            "it cannot have happened in the future",
            field="occurred_at",
            value=happened.isoformat(),
            zh="发生时间不能在将来",
        )
    if case is None or case.state is None:
        return
    anytime = info.shared or not entry.workflow.in_order
    earliest = case.opened_at if anytime else case.moved_at
    if happened < earliest:
        refuse(BEFORE_LAST, last=earliest.isoformat())


def _check_codes(entry: Entry, case: Case | None, facts: list[EventFact], context: Context) -> None:
    """Areas, units and teams must be registered; those the case already has were checked then."""
    known = case.about if case else None
    for fact in facts:
        if fact.about is not known and fact.about != known:
            _check_about(fact.about, known, entry.workflow.defines, context)
            known = fact.about


def _check_about(about: About, known: About | None, defined: str | None, context: Context) -> None:
    directory = context.directory
    if defined != "area" and (known is None or about.area != known.area):
        directory.area(about.area)
    if defined != "unit" and about.unit is not None and (known is None or about.unit != known.unit):
        directory.unit(about.unit)
    books = about.books
    if known is not None and books == known.books:
        return
    if books.home_unit is not None:
        directory.unit(books.home_unit)
    if books.team is not None and defined != "team":
        directory.team(books.team)
    for area in (books.home_community, books.paired_community):
        if area is not None:
            directory.area(area)
