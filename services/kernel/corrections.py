"""更正与作废 · Putting right and taking back: the right of whom a record concerns, itself recorded.

Law: the bodies ever put into the books, less those taken back, are what the case holds. So both
facts carry whole bodies, and the books need to know nothing else (`events.envelope.entries`).

A correction changes every fact that copied what was wrong. A void takes back everything its command
recorded. Both are refused where the rest of the history would no longer fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from events.clock import Instant
from events.errors import Broken, Invalid
from events.fact import Coded
from events.fact import Fact as EventFact
from services.kernel.answers import answered
from services.kernel.called_by import check_identity
from services.kernel.case import Case, CaseFact, Told
from services.kernel.clocks import DeadlineEnded, DeadlineFact
from services.kernel.context import Context
from services.kernel.facts import OfRevision, RecordChallenged, RecordUpheld, UpholdReason
from services.kernel.history import (
    amended,
    carriers,
    copies,
    differences,
    mended,
    restated,
    settled,
    with_dimension,
)
from services.kernel.pieces import Fact
from services.kernel.records import AFFECTED, NO_SUCH_RECORD, AboutRecord
from services.kernel.words import (
    AreaCode,
    CategoryCode,
    Choice,
    FactName,
    Label,
    Party,
    Refusal,
    TeamCode,
    UnitCode,
    refuse,
)

OVERSEERS = (Party.STREET, Party.COMMUNITY, Party.ADMINISTRATOR, Party.IMPORTER)
"""Who may put right what others recorded; everybody else only their own."""

RECORDERS = (Party.WORKER, Party.DISPATCHER, Party.MEDIATOR, Party.UNIT_ADMIN, Party.LEADER)
"""Who may have recorded something in a case that is not about them."""

NOT_YOUR_RECORD = Refusal(
    "not_your_record",
    "只能更正或作废自己的记录；他人的记录请提出质疑",
    "only your own records: challenge those of others",
)
NOTHING_CHANGES = Refusal("nothing_changes", "更正后与原记录相同", "the record would be as it was")
REST_BREAKS = Refusal(
    "rest_breaks",
    "其后的记录依赖于它，请先处理后面的记录",
    "later records rest on it: {why}; deal with them first",
)
NOT_CHALLENGED = Refusal(
    "not_challenged",
    "没有待答复的质疑",
    "no challenge waits for an answer",
)
OWN_CHALLENGE = Refusal(
    "own_challenge",
    "自己提出的质疑须由记录方答复；要撤回，请作废该质疑",
    "your own challenge is answered by the other side; to withdraw it, void it",
)
ANSWER_IT = Refusal(
    "answer_it",
    "他人的质疑不能作废，请更正、作废所指记录，或说明维持理由",
    "a challenge of somebody else is not voided but answered: correct, void or uphold the record",
)
OUT_OF_ORDER = Refusal(
    "out_of_order",
    "发生时间须在前后两步之间",
    "it must have happened between the step before it and the step after it",
)


class CorrectionReason(Choice, zh="更正理由", en="Reason"):
    """What was wrong."""

    TYPING = "typing", "录入有误", "Typing mistake"
    WRONG_NUMBER = "wrong_number", "数字不符"
    WRONG_PERSON = "wrong_person", "人员不符"
    WRONG_PLACE = "wrong_place", "地点或单位不符", "Wrong place or unit"
    WRONG_TIME = "wrong_time", "时间不符"
    CHALLENGED = "challenged", "经质疑查实", "A challenge was right"


class VoidReason(Choice, zh="作废理由", en="Reason"):
    """Why it is taken back."""

    NOT_HAPPENED = "not_happened", "没有发生", "It did not happen"
    DOUBLE = "double", "重复录入", "Entered twice"
    TYPING = "typing", "录入有误", "Typing mistake"
    CHALLENGED = "challenged", "经质疑查实", "A challenge was right"
    IMPORT_UNDONE = "import_undone", "导入撤销", "The import was undone"


class BookEntry(BaseModel):
    """One fact as the books had it, or have it now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: int
    fact: str
    version: int
    occurred_at: str
    about: dict[str, Any]
    data: dict[str, Any]


Entries = Annotated[tuple[BookEntry, ...], Label("记录", "Records")]


class Adjustment(CaseFact):
    """What both say: what goes out of the books, and what comes in for it."""

    of_revision: OfRevision
    of_fact: Annotated[FactName, Coded]
    taken: Entries
    put: Entries = ()

    def apply(self, case: Case, told: Told) -> Case:
        """The history with it, folded anew."""
        data = told.stored["data"]
        changed = amended(case, data.get("taken", ()), data.get("put", ()))
        return changed.but(revision=told.revision, corrected=case.corrected | {self.of_revision})


class RecordCorrected(Adjustment, zh="记录已更正", kind="record.corrected"):
    """A record was put right, with all that copied it."""

    reason: Annotated[CorrectionReason, Coded]


class RecordVoided(Adjustment, zh="已作废", kind="record.voided"):
    """A record was taken back, with all that its command recorded."""

    reason: Annotated[VoidReason, Coded]


class Dimensions(BaseModel):
    """The dimensions to put right. One that is not named stays; `null` empties it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: AreaCode | None = None
    unit: UnitCode | None = None
    category: CategoryCode | None = None
    team: TeamCode | None = None
    home_unit: Annotated[UnitCode | None, Label("所在单位", "Home unit")] = None
    home_community: Annotated[AreaCode | None, Label("居住地社区", "Home community")] = None
    paired_community: Annotated[AreaCode | None, Label("共建社区", "Paired community")] = None

    def named(self) -> dict[str, str | None]:
        """Those that were named."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Adjusting(AboutRecord):
    """What correct and void share: whose record it may be."""

    def meant(self, case: Case, context: Context) -> Told:
        """The record meant: by revision anything but a clock's fact; else the newest own one."""
        if self.revision is None:
            told = self.record(case)
        else:
            found = [told for told in case.held if told.revision == self.revision]
            if not found or isinstance(found[0].fact, DeadlineFact):
                refuse(NO_SUCH_RECORD, revision=self.revision)
            told = found[0]
        check_own([told], case, context)
        return told


class Correct(Adjusting, zh="更正", by=(*AFFECTED, *OVERSEERS, *RECORDERS)):
    """Put a record right: its fields, its dimensions, when it happened."""

    changes: Annotated[
        dict[str, Any],
        Field(max_length=32, examples=[{}]),
        Label("更正内容", "Fields"),
    ] = Field(default_factory=dict)
    dimensions: Annotated[Dimensions, Label("更正维度", "Dimensions")] = Dimensions()
    happened_at: Annotated[Instant | None, Label("更正发生时间", "Happened at")] = None
    reason: CorrectionReason

    def decide(
        self, case: Case, context: Context
    ) -> tuple[RecordCorrected, *tuple[DeadlineFact, ...]]:
        """One fact that takes back and puts, and what the clocks still need."""
        told = self.meant(case, context)
        if not isinstance(told.fact, Fact):
            refuse(NO_SUCH_RECORD, revision=told.revision)
        wanted: dict[int, Told] = {}
        self._change_fields(case, told, wanted)
        self._change_dimensions(case, told, wanted, context)
        self._change_time(case, told, wanted, context)
        return _adjusted(RecordCorrected, case, told, wanted, context, reason=self.reason)

    def _change_fields(self, case: Case, told: Told, wanted: dict[int, Told]) -> None:
        if not self.changes:
            return
        check_identity(case, told, self.changes)
        wanted[told.revision] = restated(told, _rebuilt(told, self.changes))
        for field, value in self.changes.items():
            for copy in copies(case, told, field):
                before = wanted.get(copy.revision, copy)
                wanted[copy.revision] = restated(before, _rebuilt(before, {field: value}))

    def _change_dimensions(
        self, case: Case, told: Told, wanted: dict[int, Told], context: Context
    ) -> None:
        history = {one.revision: one for one in case.held}
        for name, value in self.dimensions.named().items():
            _check_code(name, value, case, context)
            for revision in carriers(case, told.revision, name):
                before = wanted.get(revision, history[revision])
                about = with_dimension(before.fact.about, name, value)
                fact = before.fact.model_copy(update={"about": about})
                wanted[revision] = restated(before, fact)

    def _change_time(
        self, case: Case, told: Told, wanted: dict[int, Told], context: Context
    ) -> None:
        if self.happened_at is None:
            return
        if self.happened_at > context.now:
            raise Invalid(
                "it cannot have happened in the future",
                field="happened_at",
                value=self.happened_at.isoformat(),
                zh="发生时间不能在将来",
            )
        for one in case.held:
            if one.command == told.command:
                before = wanted.get(one.revision, one)
                wanted[one.revision] = restated(before, before.fact, self.happened_at)


class Void(Adjusting, zh="作废", by=(*AFFECTED, *OVERSEERS, *RECORDERS)):
    """Take back a record with all that its command recorded, or the whole case."""

    whole: Annotated[bool, Label("整案作废", "The whole case")] = False
    reason: VoidReason

    def decide(
        self, case: Case, context: Context
    ) -> tuple[RecordVoided, *tuple[DeadlineFact, ...]]:
        """One fact that takes back, and what the clocks still need."""
        told = self.meant(case, context)
        gone = [one for one in case.held if self.whole or one.command == told.command]
        check_own(gone, case, context)
        if not self.whole and any(
            isinstance(one.fact, RecordChallenged) and one.actor != context.actor.person
            for one in gone
        ):
            refuse(ANSWER_IT)
        wanted: dict[int, None] = {one.revision: None for one in gone}
        return _adjusted(RecordVoided, case, told, wanted, context, reason=self.reason)


class Uphold(AboutRecord, zh="维持记录", by=(*AFFECTED, *OVERSEERS, *RECORDERS)):
    """Answer a challenge: the record stays as it is."""

    reason: UpholdReason

    def decide(
        self, case: Case, context: Context
    ) -> tuple[RecordUpheld, *tuple[DeadlineEnded, ...]]:
        """By who recorded it or watches over the records of others; never by who challenged."""
        waiting = case.in_question if self.revision is None else {self.revision}
        found = [told for told in case.held if told.revision in waiting & case.in_question]
        if not found:
            refuse(NOT_CHALLENGED)
        told = found[-1]
        check_own([told], case, context)
        challenge = next(
            one
            for one in case.told(RecordChallenged.fact)
            if one.stored["data"]["of_revision"] == told.revision
        )
        if challenge.actor == context.actor.person:
            refuse(OWN_CHALLENGE)
        upheld = RecordUpheld(
            about=context.said(told.fact.about),
            of_revision=told.revision,
            of_fact=told.fact.fact,
            reason=self.reason,
        )
        return (upheld, *answered(case, {told.revision}, context))

    @classmethod
    def open_to(cls, case: Case) -> bool:
        """Where somebody waits for an answer."""
        return bool(case.in_question)


def check_own(records: Iterable[Told], case: Case, context: Context) -> None:
    """Refuse where a record is another's, unless the actor watches over the records of others."""
    others = any(told.actor != context.actor.person for told in records)
    if others and case.parties(context.actor).isdisjoint(OVERSEERS):
        refuse(NOT_YOUR_RECORD)


def _adjusted(
    kind: type[Any],
    case: Case,
    told: Told,
    wanted: Mapping[int, Told | None],
    context: Context,
    **fields: Any,
) -> tuple[Any, ...]:
    history = case.held
    try:
        after = settled(case, wanted, context)
        taken, put = differences(history, after)
        if not taken:
            refuse(NOTHING_CHANGES)
        changed = amended(case, taken, put)
    except Broken as error:
        refuse(REST_BREAKS, why=error.detail)
    _check_order(case, after)
    about = next((one.fact.about for one in after if one.revision == told.revision), None)
    fact = kind(
        about=context.said(about or told.fact.about),
        of_revision=told.revision,
        of_fact=told.fact.fact,
        taken=tuple(BookEntry.model_validate(item) for item in taken),
        put=tuple(BookEntry.model_validate(item) for item in put),
        **fields,
    )
    done = {told.revision}
    if fact.reason.value == CorrectionReason.CHALLENGED.value:
        done |= {item["revision"] for item in taken}
    ends = answered(changed, done, context) if changed.state is not None else ()
    return (fact, *ends, *mended(changed, context))


def _check_order(case: Case, history: list[Told]) -> None:
    """Steps stay in the order of their revisions, where the workflow asks for order."""
    last: datetime | None = None
    for told in history:
        move = case.workflow.diagram.moves.get(told.fact.fact)
        if move is None or not move.targets or not case.workflow.in_order:
            continue
        if last is not None and told.occurred_at < last:
            refuse(OUT_OF_ORDER)
        last = told.occurred_at


def _check_code(name: str, value: str | None, case: Case, context: Context) -> None:
    directory = context.directory
    if name == "area" and value is None:
        raise Invalid("an area is always there", field="dimensions.area", zh="区域不能为空")
    if value is None or name == case.workflow.defines:
        return
    if name in ("area", "home_community", "paired_community"):
        directory.area(value)
    elif name in ("unit", "home_unit"):
        directory.unit(value)
    elif name == "team":
        directory.team(value)


def _rebuilt(told: Told, changes: Mapping[str, Any]) -> EventFact:
    """The fact with these fields; `null` leaves one out. Raises Invalid naming the field."""
    data = {**told.fact.data(), **changes}
    data = {name: value for name, value in data.items() if value is not None}
    data["about"] = told.fact.about.model_dump(mode="json")
    try:
        raw = orjson.dumps(data)
        return type(told.fact).model_validate_json(raw, strict=True)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise Invalid(
            f"{wrong['msg']} (a field of {told.fact.fact})",
            field=".".join(["changes", *map(str, wrong["loc"])]),
            value=wrong["input"],
        ) from error
    except TypeError as error:
        raise Invalid("this cannot be written down", field="changes") from error
