"""吹哨报到 · Callout, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from events.clock import Instant
from events.errors import Broken
from events.fact import Coded, LocalDay, Quantity
from services.facts.callout_words import (
    Call,
    CalledAt,
    CalloutTerms,
    CancelReason,
    ContactBy,
    EscalateReason,
    Ground,
    HandleBy,
    IssueStream,
    ReportBy,
    Resolution,
    ReturnReason,
    SignBy,
)
from services.facts.issue_words import Day, RowId
from services.kernel.words import (
    Actor,
    Count,
    Label,
    Party,
    Satisfaction,
)
from services.kernel.workflow import About, Fact, Note, State

# ---- states


@dataclass(frozen=True)
class Department:
    """One department that was called: its own limits, and how far it is."""

    unit: str
    called_at: Instant
    sign_by: Instant
    contact_by: Instant
    report_by: Instant
    signed: bool = False
    contacted: bool = False
    reported: bool = False
    evaluated: bool = False
    released: bool = False
    returns: int = 0
    returning: ReturnReason | None = None


@dataclass(frozen=True)
class Whistle:
    """What is true of a callout all its life."""

    terms: CalloutTerms
    issue: str | None
    raised_at: Instant
    departments: tuple[Department, ...]

    @property
    def live(self) -> tuple[Department, ...]:
        """Those still called: a return that was upheld takes one out."""
        return tuple(one for one in self.departments if not one.released)

    def of(self, unit: str | None) -> Department | None:
        """The department of that code, where it is still called."""
        return next((one for one in self.live if one.unit == unit), None)

    def moved(self, unit: str | None, **changes: Any) -> Whistle:
        """The same with one department further on. Raises Broken where it is not called (any
        more): a correction took it away."""
        if self.of(unit) is None:
            raise Broken(f"the department {unit} is not called there")
        found = (replace(one, **changes) if one.unit == unit else one for one in self.departments)
        return replace(self, departments=tuple(found))


class Callout(State):
    """One whistle."""

    whistle: Whistle
    handle_by: Instant

    def parties(self, actor: Actor) -> set[Party]:
        """Every department called is its handler."""
        found = super().parties(actor)
        return found | ({Party.HANDLER} if self.whistle.of(actor.unit) else set())


class Open(Callout):
    """Not handled yet. The clocks of signing, contact and reporting run for each department."""

    @property
    def signing(self) -> Mapping[str, Instant | None]:
        """By when each department has to sign; None where it has."""
        live = self.whistle.live
        return {one.unit: None if one.signed else one.sign_by for one in live}

    @property
    def contacting(self) -> Mapping[str, Instant | None]:
        """By when each has to be in touch; None where it was, or came."""
        live = self.whistle.live
        return {one.unit: None if one.contacted or one.reported else one.contact_by for one in live}

    @property
    def reporting(self) -> Mapping[str, Instant | None]:
        """By when each has to come; None where it has."""
        live = self.whistle.live
        return {one.unit: None if one.reported else one.report_by for one in live}


class Waiting(Open):
    """Somebody has not come yet."""


class Raised(Waiting, zh="待签收"):
    """Somebody has not even signed."""


class Signed(Waiting, zh="待报到"):
    """All have signed."""


class Ready(Open):
    """All have come."""


class Reported(Ready, zh="已报到"):
    """What is to be done?"""


class Agreed(Ready, zh="方案已定", en="Joint action agreed"):
    """Everybody knows their part."""


class Returned(Open, zh="待改派", en="Nobody left"):
    """Every return was upheld: others are called, or it is taken back."""


class Done(Callout):
    """Handled, as is declared."""


class Handled(Done, zh="待评哨"):
    """Some departments are not evaluated yet."""


class Evaluated(Done, zh="已评哨"):
    """All are."""


class Cancelled(Callout, zh="已撤哨"):
    """Taken back."""


class ToldElsewhere(State):
    """It runs in another system."""

    call: Call


class Told(ToldElsewhere, zh="来源办理中", en="Under way elsewhere"):
    """The source tells of no end."""


class ToldOver(ToldElsewhere, zh="来源已了结", en="Over elsewhere"):
    """The source says that it is over; not how."""


def standing(callout: Open, whistle: Whistle) -> tuple[About, Whistle, Instant]:
    """The fields of the state after a change; the first department still called is in the lead."""
    units = [one.unit for one in whistle.live]
    about = callout.about
    if about.unit not in units:
        about = about.at(unit=units[0] if units else None)
    return about, whistle, callout.handle_by


def waiting(callout: Open, whistle: Whistle) -> Raised | Signed:
    """Where departments that have not all come stand together."""
    signed = all(one.signed for one in whistle.live)
    return (Signed if signed else Raised)(*standing(callout, whistle))


def settled(callout: Open, whistle: Whistle) -> Raised | Signed | Reported:
    """... and where they may all have."""
    if all(one.reported for one in whistle.live):
        return Reported(*standing(callout, whistle))
    return waiting(callout, whistle)


# ---- facts


class Calling(Fact):
    """A department (`about.unit`) is called, with limits of its own."""

    called_at: CalledAt
    sign_by: Annotated[SignBy, Quantity]
    contact_by: ContactBy
    report_by: Annotated[ReportBy, Quantity]

    def department(self) -> Department:
        """As it begins."""
        unit = self.about.unit
        if unit is None:
            raise Broken("a department is called by its code")
        return Department(unit, self.called_at, self.sign_by, self.contact_by, self.report_by)


class CalloutRaised(Calling, zh="已吹哨"):
    """Somebody calls the department in the lead."""

    ground: Annotated[Ground, Coded]
    issue: IssueStream | None = None
    handle_by: HandleBy
    terms: Annotated[CalloutTerms, Label("条款", "Terms")]

    def apply(self, nothing: None) -> Raised:
        """The beginning."""
        whistle = Whistle(self.terms, self.issue, self.called_at, (self.department(),))
        return Raised(self.about, whistle, self.handle_by)


class DepartmentCalled(Calling, zh="部门已被呼叫", en="Department called"):
    """A further department is called."""

    def apply(self, callout: Open) -> Raised:
        """It has not signed yet."""
        whistle = callout.whistle
        if any(one.unit == self.about.unit for one in whistle.departments):
            raise Broken(f"the department {self.about.unit} was called already")
        added = replace(whistle, departments=(*whistle.departments, self.department()))
        return Raised(*standing(callout, added))


class CalloutSigned(Fact, zh="已签收"):
    """A department says that it has heard."""

    called_at: Annotated[CalledAt, Quantity]
    sign_by: Annotated[SignBy, Quantity]

    def apply(self, callout: Waiting) -> Raised | Signed:
        """Its first clock ends."""
        return waiting(callout, callout.whistle.moved(self.about.unit, signed=True))


class DepartmentContacted(Fact, zh="部门已联系", en="Department in touch"):
    """It spoke with those who called."""

    called_at: Annotated[CalledAt, Quantity]

    def apply(self, callout: Waiting) -> Raised | Signed:
        """Its second clock ends."""
        return waiting(callout, callout.whistle.moved(self.about.unit, contacted=True))


class DepartmentReported(Fact, zh="部门已报到"):
    """It is there."""

    called_at: Annotated[CalledAt, Quantity]
    report_by: Annotated[ReportBy, Quantity]

    def apply(self, callout: Waiting) -> Raised | Signed | Reported:
        """Its clocks end, and with them what it may have wanted to return."""
        unit = self.about.unit
        return settled(callout, callout.whistle.moved(unit, reported=True, returning=None))


class CalloutReturned(Fact, zh="已退哨"):
    """A department says that it is not the one. Its clocks run on until somebody decides."""

    reason: Annotated[ReturnReason, Coded]

    def apply(self, callout: Waiting) -> Raised | Signed:
        """One return more."""
        unit = self.about.unit
        one = callout.whistle.of(unit)
        returns = one.returns + 1 if one else 0
        moved = callout.whistle.moved(unit, returns=returns, returning=self.reason)
        return waiting(callout, moved)


class ReturnUpheld(Fact, zh="退哨已准"):
    """It is not the one. What it was called for is taken back from its books."""

    reason: Annotated[ReturnReason, Coded]
    sign_by: Annotated[SignBy, Quantity]
    report_by: Annotated[ReportBy, Quantity]

    def apply(self, callout: Waiting) -> Raised | Signed | Reported | Returned:
        """Those left go on without it."""
        moved = callout.whistle.moved(self.about.unit, released=True, returning=None)
        if not moved.live:
            return Returned(*standing(callout, moved))
        return settled(callout, moved)


class ReturnRejected(Fact, zh="退哨未准"):
    """It is the one."""

    reason: Annotated[ReturnReason, Coded]

    def apply(self, callout: Waiting) -> Raised | Signed:
        """Its clocks ran all the time."""
        return waiting(callout, callout.whistle.moved(self.about.unit, returning=None))


class JointActionAgreed(Fact, zh="联动方案已定"):
    """Everybody knows their part, and by when it is to be done."""

    departments: Annotated[Count, Quantity, Label("参与部门数", "Departments")]
    handle_by: HandleBy

    def apply(self, callout: Reported) -> Agreed:
        """The plan's own date holds."""
        return Agreed(callout.about, callout.whistle, self.handle_by)


class CalloutHandled(Fact, zh="已处置"):
    """How it ended, as those who came declare."""

    resolution: Annotated[Resolution, Coded]
    raised_at: Annotated[CalledAt, Quantity]
    handle_by: Annotated[HandleBy, Quantity]

    def apply(self, callout: Ready) -> Handled:
        """Waits for the word of those who called."""
        return Handled(callout.about, callout.whistle, callout.handle_by)


class CalloutEvaluated(Fact, zh="已评哨"):
    """How those who called found this department."""

    satisfaction: Annotated[Satisfaction, Coded]

    def apply(self, callout: Handled) -> Handled | Evaluated:
        """One word for each department."""
        whistle = callout.whistle.moved(self.about.unit, evaluated=True)
        over = all(one.evaluated for one in whistle.live)
        return (Evaluated if over else Handled)(callout.about, whistle, callout.handle_by)


class CalloutEscalated(Note, zh="已上报督办"):
    """A higher level was told."""

    reason: Annotated[EscalateReason, Coded]


class CalloutCancelled(Fact, zh="已撤哨"):
    """Taken back, with the reason why."""

    reason: Annotated[CancelReason, Coded]

    def apply(self, callout: Open) -> Cancelled:
        """The end; its clocks end uncounted."""
        return Cancelled(callout.about, callout.whistle, callout.handle_by)


class CalloutTold(Fact, zh="来源记载吹哨", en="Callout told by a source"):
    """A department was called, as a source tells."""

    issue: IssueStream | None = None
    source_id: RowId
    called_at: Annotated[CalledAt, Quantity]
    day: Annotated[Day | None, LocalDay] = None

    def apply(self, nothing: None) -> Told:
        """The beginning."""
        return Told(self.about, Call(self.issue, self.source_id, self.called_at))


class CalloutToldOver(Fact, zh="来源记载了结", en="Callout told to be over"):
    """Its end, as the source tells."""

    source_id: RowId
    called_at: Annotated[CalledAt, Quantity]
    day: Annotated[Day | None, LocalDay] = None

    def apply(self, callout: Told) -> ToldOver:
        """The end."""
        return ToldOver(callout.about, callout.call)
