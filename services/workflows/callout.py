"""吹哨报到 · Callout: a community calls, departments report, and are evaluated by who called.

One whistle calls one department or several, each with clocks of its own: to sign, to be in touch,
to come. A return (退哨) is limited and adjudicated by somebody else, and its clocks run meanwhile:
pushing a callout around gains nobody time. What a kind of whistle fixes stands in its terms.

Source: seed 003 (“群众需要、社区呼叫、部门报到”); limits as in 南京鼓楼 2023: sign within 1 hour,
be in touch within 24, report within 3 or 5 working days.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from events.clock import Instant
from events.errors import Invalid
from services.facts.callout import (
    Callout,
    CalloutCancelled,
    CalloutEscalated,
    CalloutEvaluated,
    CalloutHandled,
    CalloutRaised,
    CalloutReturned,
    CalloutSigned,
    CalloutTold,
    CalloutToldOver,
    Department,
    DepartmentCalled,
    DepartmentContacted,
    DepartmentReported,
    Done,
    Handled,
    JointActionAgreed,
    Open,
    Raised,
    Ready,
    Reported,
    ReturnRejected,
    ReturnUpheld,
    Told,
    Waiting,
)
from services.facts.callout_said import present, said, signed, told, told_over
from services.facts.callout_words import (
    DEPARTMENTS_MAX,
    CalloutSource,
    CalloutTerms,
    CancelReason,
    EscalateReason,
    Ground,
    IssueStream,
    Resolution,
    ReturnReason,
    check_allowed,
    check_issue,
    due,
    limits_of,
)
from services.facts.issue_words import Day
from services.kernel.words import (
    Help,
    Label,
    Party,
    Refusal,
    Satisfaction,
    TeamCode,
    UnitCode,
    deny,
    refuse,
    working_days,
)
from services.kernel.workflow import Clock, Command, Context, Opening, Workflow

CALLERS = (Party.COMMUNITY, Party.STREET, Party.LEADER, Party.DISPATCHER)
JUDGES = (Party.STREET, Party.LEADER, Party.DISPATCHER)
"""Who decides on a return: never the department's own people."""

CALLED_ALREADY = Refusal(
    "called_already", "{unit} 已被呼叫", "the department {unit} was called already"
)
TOO_MANY_DEPARTMENTS = Refusal(
    "too_many_departments", "一哨最多呼叫 {most} 个部门", "one whistle calls {most} departments"
)
WHICH_DEPARTMENT = Refusal(
    "which_department", "请写明是哪个部门：{units}", "say which department is meant: {units}"
)
NOT_YOUR_DEPARTMENT = Refusal(
    "not_your_department", "只能代表本部门", "only for one's own department"
)
DONE_ALREADY = Refusal("done_already", "{unit} 已办过此步", "{unit} has done this already")
RETURNS_USED_UP = Refusal(
    "returns_used_up",
    "{unit} 已退哨 {returns} 次，不能再退",
    "{unit} has returned it {returns} times: it cannot again",
)
RETURN_PENDING = Refusal(
    "return_pending", "{unit} 的退哨尚待裁定", "the return of {unit} waits for a decision"
)
NO_RETURN = Refusal("no_return", "{unit} 没有待裁定的退哨", "{unit} has not returned it")
OWN_CASE = Refusal("own_case", "不能裁定或评价本部门", "nobody judges their own department")
BEFORE_NOW = Refusal(
    "before_now", "处置截止须晚于 {now}", "it is to be handled after {now}, when it is agreed"
)

IMPORT_ONLY = Refusal("import_only", zh="来源信息仅限导入", en="`source` is for imports only")

DepartmentCode = Annotated[
    UnitCode | None,
    Label("部门", "Department"),
    Help("只有一个部门或代表本部门时可不填", "Not needed for one's own, or the only one"),
]


class Raise(Opening, zh="吹哨", by=CALLERS):
    """Call the department in the lead; others are called with `call`."""

    unit: UnitCode | None = None
    ground: Annotated[Ground | None, Help("导入时不填", "Not known of an import")] = None
    issue: IssueStream | None = None
    source: Annotated[CalloutSource | None, Label("来源（仅限导入）", "Source (imports only)")] = (
        None
    )

    def reads(self, kind: str) -> tuple[str, ...]:
        """The issue it is blown for."""
        return (self.issue,) if self.issue else ()

    def decide(self, nothing: None, context: Context) -> CalloutRaised | CalloutTold:
        """Only by whom, and for what, this kind of whistle is there. An import tells of one."""
        terms = context.terms_of(CalloutTerms)
        if self.unit is None:
            raise Invalid("say which department is called", field="unit", zh="请填写被呼叫的部门")
        importing = Party.IMPORTER in context.actor.parties()
        if self.source is not None:
            if not importing:
                refuse(IMPORT_ONLY)
            return told(self.source, self.about(context), self.issue, context)
        if self.ground is None:
            raise Invalid("say what it is blown for", field="ground", zh="请填写吹哨事由")
        if not importing:
            check_allowed(terms, self.ground, context)
            check_issue(terms, self.issue, context)
        about = self.about(context)
        found = context.cases.get(self.issue) if self.issue else None
        if about.category is None and found is not None:
            about = about.at(category=found.about.category)
        days = working_days(terms.handle_days)
        return CalloutRaised(
            about=about,
            ground=self.ground,
            issue=self.issue,
            handle_by=due("handle", days, context),
            terms=terms,
            **limits_of(terms, context),
        )


class Call(Command, zh="增呼部门", en="Call further departments", by=CALLERS):
    """Call others beside; each gets clocks of its own."""

    departments: Annotated[
        tuple[UnitCode, ...],
        Field(min_length=1, max_length=DEPARTMENTS_MAX, examples=[["u2"]]),
        Label("部门", "Departments"),
    ]

    def decide(self, callout: Open, context: Context) -> tuple[DepartmentCalled, ...]:
        """Nobody twice, nor who was let off."""
        whistle = callout.whistle
        wanted = tuple(dict.fromkeys(self.departments))
        for one in whistle.departments:
            if one.unit in wanted:
                refuse(CALLED_ALREADY, unit=one.unit)
        if len(whistle.departments) + len(wanted) > DEPARTMENTS_MAX:
            refuse(TOO_MANY_DEPARTMENTS, most=DEPARTMENTS_MAX)
        limits = limits_of(whistle.terms, context)
        return tuple(
            DepartmentCalled(about=context.said(callout.about, unit=unit), **limits)
            for unit in wanted
        )


class OfDepartment(Command):
    """A step of one department."""

    department: DepartmentCode = None

    def own(self, callout: Callout, context: Context) -> Department:
        """The caller's own department."""
        unit = context.actor.unit
        if self.department not in (None, unit):
            deny(NOT_YOUR_DEPARTMENT)
        found = callout.whistle.of(unit)
        return present(found, unit, context)

    def meant(self, callout: Callout, context: Context) -> Department:
        """The one named, the caller's own, or the only one."""
        live = callout.whistle.live
        mine = callout.whistle.of(context.actor.unit)
        if self.department is None and mine is None and len(live) != 1:
            refuse(WHICH_DEPARTMENT, units=", ".join(one.unit for one in live))
        unit = self.department or (mine or live[0]).unit
        found = present(callout.whistle.of(unit), unit, context)
        if found is not mine and context.actor.parties().isdisjoint(CALLERS):
            deny(NOT_YOUR_DEPARTMENT)
        return found


class Sign(OfDepartment, zh="签收", by=Party.HANDLER):
    """Say that it was heard."""

    def decide(self, callout: Raised, context: Context) -> CalloutSigned:
        """Nobody signs for another department."""
        one = self.own(callout, context)
        if one.signed:
            refuse(DONE_ALREADY, unit=one.unit)
        return signed(said(callout, context, one), one)


class Contact(OfDepartment, zh="联系", by=[Party.HANDLER, *CALLERS]):
    """Say that the department is in touch."""

    def decide(
        self, callout: Waiting, context: Context
    ) -> DepartmentContacted | tuple[CalloutSigned, DepartmentContacted]:
        """Before it comes. Who is in touch has heard."""
        one = self.meant(callout, context)
        if one.contacted or one.reported:
            refuse(DONE_ALREADY, unit=one.unit)
        about = said(callout, context, one)
        contacted = DepartmentContacted(about=about, called_at=one.called_at)
        return contacted if one.signed else (signed(about, one), contacted)


class Report(OfDepartment, zh="部门报到", by=[Party.HANDLER, *CALLERS]):
    """Say that the department is there: its own word, or that of those who called."""

    team: Annotated[TeamCode | None, Help("派驻队伍到场时填写", "Where its team came")] = None

    def decide(
        self, callout: Waiting, context: Context
    ) -> DepartmentReported | tuple[CalloutSigned, DepartmentReported]:
        """Once each. Who comes has heard."""
        one = self.meant(callout, context)
        if one.reported:
            refuse(DONE_ALREADY, unit=one.unit)
        about = said(callout, context, one)
        if self.team is not None:
            about = about.at(books={"team": self.team})
        came = DepartmentReported(about=about, called_at=one.called_at, report_by=one.report_by)
        return came if one.signed else (signed(about, one), came)


class Return(OfDepartment, zh="退哨", by=Party.HANDLER):
    """Say that the department is not the one, with the reason."""

    reason: ReturnReason

    def decide(self, callout: Waiting, context: Context) -> CalloutReturned:
        """As often as the terms allow, and only before it comes."""
        one = self.own(callout, context)
        if one.reported:
            refuse(DONE_ALREADY, unit=one.unit)
        if one.returning is not None:
            refuse(RETURN_PENDING, unit=one.unit)
        if one.returns >= callout.whistle.terms.returns_max:
            refuse(RETURNS_USED_UP, unit=one.unit, returns=one.returns)
        return CalloutReturned(about=said(callout, context, one), reason=self.reason)


class Adjudicate(OfDepartment, zh="裁定退哨", en="Decide on a return", by=JUDGES):
    """Say whether a department is let off."""

    upheld: Annotated[bool, Label("准予退哨", "Let off")]

    def decide(self, callout: Waiting, context: Context) -> ReturnUpheld | ReturnRejected:
        """Never its own people."""
        one = self.meant(callout, context)
        if one.unit == context.actor.unit:
            deny(OWN_CASE)
        if one.returning is None:
            refuse(NO_RETURN, unit=one.unit)
        about = said(callout, context, one)
        if not self.upheld:
            return ReturnRejected(about=about, reason=one.returning)
        return ReturnUpheld(
            about=about, reason=one.returning, sign_by=one.sign_by, report_by=one.report_by
        )


class Agree(Command, zh="定联动方案", en="Agree on joint action", by=CALLERS):
    """Say that everybody knows their part."""

    handle_by: Annotated[Instant | None, Label("处置截止", "To be handled by")] = None

    def decide(self, callout: Reported, context: Context) -> JointActionAgreed:
        """When all have come; the date is the terms', or the one agreed."""
        if self.handle_by is not None and self.handle_by <= context.occurred_at:
            refuse(BEFORE_NOW, now=context.occurred_at.isoformat())
        return JointActionAgreed(
            about=context.said(callout.about),
            departments=len(callout.whistle.live),
            handle_by=self.handle_by or callout.handle_by,
        )


class Handle(Command, zh="处置", by=[Party.HANDLER, *CALLERS]):
    """Declare how it ended."""

    resolution: Resolution

    def decide(self, callout: Ready, context: Context) -> CalloutHandled:
        """A plain matter needs no plan before."""
        return CalloutHandled(
            about=context.said(callout.about),
            resolution=self.resolution,
            raised_at=callout.whistle.raised_at,
            handle_by=callout.handle_by,
        )


class Evaluate(OfDepartment, zh="评哨", by=CALLERS):
    """Say how a department served those who called it."""

    satisfaction: Satisfaction

    def decide(self, callout: Handled, context: Context) -> CalloutEvaluated:
        """Once each, never its own people."""
        one = self.meant(callout, context)
        if one.unit == context.actor.unit:
            deny(OWN_CASE)
        if one.evaluated:
            refuse(DONE_ALREADY, unit=one.unit)
        return CalloutEvaluated(about=said(callout, context, one), satisfaction=self.satisfaction)


class Escalate(Command, zh="上报督办", by=[Party.SYSTEM, Party.AUDITOR, *CALLERS]):
    """Tell a higher level."""

    reason: EscalateReason

    def decide(self, callout: Open | Handled, context: Context) -> CalloutEscalated:
        """Nothing moves but attention."""
        return CalloutEscalated(about=context.said(callout.about), reason=self.reason)


class TellOver(Command, zh="导入了结", en="Tell that it is over", by=Party.IMPORTER):
    """Put on record when a call-out of another system was over."""

    day: Day | None = None

    def decide(self, callout: Told, context: Context) -> CalloutToldOver:
        """As the source tells, nothing more."""
        return told_over(callout, self.day, context)


class Cancel(Command, zh="撤哨", by=CALLERS):
    """Take it back."""

    reason: CancelReason

    def decide(self, callout: Open, context: Context) -> CalloutCancelled:
        """Always with the reason."""
        return CalloutCancelled(about=context.said(callout.about), reason=self.reason)


def each(name: str, asks: str, label: Label) -> Clock:
    """A clock of which every department has its own."""
    return Clock(name, label, runs=(Open,), met=(Done,), each=asks, extensions=0)


WORKFLOW = Workflow(
    __name__,
    zh="吹哨报到",
    terms=CalloutTerms,
    feedback=Done,
    in_order=False,
    clocks=[
        each("sign", "signing", Label("签收时限", "Sign")),
        each("contact", "contacting", Label("联系时限", "Be in touch")),
        each("report", "reporting", Label("报到时限", "Report")),
        Clock(
            "handle",
            Label("处置时限", "Handle"),
            runs=(Open,),
            met=(Done,),
            until="handle_by",
            extensions=0,
        ),
    ],
)
