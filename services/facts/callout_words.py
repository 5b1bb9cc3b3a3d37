"""吹哨用语 · Words of a callout: its choices, its field types, what a whistle fixes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.clock import Instant
from services.facts import issue
from services.facts.issue_words import Day, RowId
from services.kernel.words import (
    Choice,
    Help,
    Label,
    Limit,
    Refusal,
    Terms,
    deny,
    hours,
    refuse,
    working_days,
)
from services.kernel.workflow import Context

DEPARTMENTS_MAX = 20
DAYS_MAX = 365


class Ground(Choice, zh="吹哨事由", en="Ground"):
    """What a whistle may be blown for, and nothing else."""

    BEYOND_POWERS = "beyond_powers", "本级无权解决", "Beyond one's own powers"
    JOINT_ENFORCEMENT = "joint_enforcement", "需联合执法", "Joint enforcement"
    EMERGENCY = "emergency", "应急处置"
    RESIDENTS_NEED = "residents_need", "群众需要", "Residents need it"


class Raiser(Choice, zh="吹哨主体", en="Who may raise it"):
    """Roles a whistle may be given to."""

    COMMUNITY = "community", "社区"
    STREET = "street", "街道"
    LEADER = "leader", "领导"
    DISPATCHER = "dispatcher", "派单员"


class ReturnReason(Choice, zh="退哨原因", en="Reason"):
    """Why a department says that it is not the one."""

    NOT_OURS = "not_ours", "不属本部门职责", "Not this department's"
    NO_POWER = "no_power", "无相应权限"
    NOT_A_GROUND = "not_a_ground", "不符合吹哨条件", "Nothing to be called out for"
    STREET_CAN = "street_can", "街道可自行解决", "The street can do it"


class Resolution(Choice, zh="处置结果", en="Resolution"):
    """How it ended. Only the first means solved."""

    SOLVED = "solved", "已解决"
    PARTLY = "partly", "部分解决"
    PLANNED = "planned", "已列计划", "A plan stands"
    NOT_POSSIBLE = "not_possible", "无法解决并已说明", "Not possible, explained"


class EscalateReason(Choice, zh="督办原因", en="Reason"):
    """Why a higher level hears of it."""

    NOT_SIGNED = "not_signed", "未按时签收", "Not signed in time"
    NOT_REPORTED = "not_reported", "未按时报到", "Nobody came in time"
    DISAGREEMENT = "disagreement", "部门意见不一", "The departments disagree"
    OVERDUE = "overdue", "处置超期"
    DISSATISFIED = "dissatisfied", "评哨不满意"


class CancelReason(Choice, zh="撤哨原因", en="Reason"):
    """Why a whistle is taken back."""

    SOLVED_OTHERWISE = "solved_otherwise", "已另行解决"
    MISTAKE = "mistake", "误吹", "By mistake"
    NOBODY_LEFT = "nobody_left", "无部门可派", "No department is left"


Hours = Annotated[int, Field(ge=1, le=720)]
Days = Annotated[int, Field(ge=1, le=DAYS_MAX)]
CalledAt = Annotated[Instant, Label("吹哨时间", "Called at")]
SignBy = Annotated[Instant, Label("签收截止", "To be signed by")]
ContactBy = Annotated[Instant, Label("联系截止", "To be in touch by")]
ReportBy = Annotated[Instant, Label("报到截止", "To report by")]
HandleBy = Annotated[Instant, Label("处置截止", "To be handled by")]
IssueStream = Annotated[
    str,
    StringConstraints(pattern=r"^issue/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"),
    Field(examples=["issue/01920000-0000-7000-8000-000000000000"]),
    Label("源自问题", "From issue"),
    Help("哨声所由的问题", "The issue it is blown for"),
]


class CalloutTerms(Terms):
    """What a whistle fixes: who may blow it, for what, and by when departments answer."""

    raisers: Annotated[tuple[Raiser, ...], Label("吹哨主体", "Raised by")] = tuple(Raiser)
    grounds: Annotated[tuple[Ground, ...], Label("吹哨事由", "Grounds")] = tuple(Ground)
    from_issue: Annotated[bool, Label("须由问题而起", "Only from an issue")] = False
    sign_hours: Annotated[Hours, Label("签收小时", "Hours to sign")] = 1
    contact_hours: Annotated[Hours, Label("联系小时", "Hours to be in touch")] = 24
    report_days: Annotated[Days, Label("报到工作日", "Working days to report")] = 3
    handle_days: Annotated[Days, Label("处置工作日", "Working days to handle it")] = 15
    returns_max: Annotated[int, Field(ge=0, le=5), Label("退哨次数上限", "Most returns")] = 1


class CalloutSource(BaseModel):
    """What only an import can say of a call-out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_id: RowId
    day: Day | None = None


@dataclass(frozen=True)
class Call:
    """What a source told of a call: for which issue, under which id, when."""

    issue: str | None
    source_id: str
    called_at: datetime


NOT_YOUR_WHISTLE = Refusal(
    "not_your_whistle", "此哨由{raisers}吹", "this whistle is for {raisers_en} to blow"
)
NOT_A_GROUND = Refusal(
    "not_a_ground",
    "“{ground}”不是此哨的事由，可为：{grounds}",
    "{ground_en} is no ground for this whistle; it is for: {grounds_en}",
)


NO_ISSUE = Refusal(
    "no_issue", "此哨须由一件问题而起，请写明", "this whistle is blown for an issue: name it"
)
ISSUE_NOT_OPEN = Refusal(
    "issue_not_open",
    "{issue} 不在办理中，不能为它吹哨",
    "{issue} is not open (or not here): nothing to call out for",
)


def check_allowed(terms: CalloutTerms, ground: Ground, context: Context) -> None:
    """Only by whom, and for what, this kind of whistle is there."""
    if context.actor.roles.isdisjoint(raiser.value for raiser in terms.raisers):
        deny(
            NOT_YOUR_WHISTLE,
            raisers="、".join(one.label.zh for one in terms.raisers),
            raisers_en=", ".join(one.label.en.lower() for one in terms.raisers),
        )
    if ground not in terms.grounds:
        refuse(
            NOT_A_GROUND,
            ground=ground.label.zh,
            ground_en=ground.label.en.lower(),
            grounds="、".join(one.label.zh for one in terms.grounds),
            grounds_en=", ".join(one.label.en.lower() for one in terms.grounds),
        )


def check_issue(terms: CalloutTerms, stream: str | None, context: Context) -> None:
    """The issue it is blown for is open; some whistles are for nothing else."""
    if stream is None:
        if terms.from_issue:
            refuse(NO_ISSUE)
        return
    found = context.cases.get(stream)
    if found is None or not isinstance(found.state, issue.Open):
        refuse(ISSUE_NOT_OPEN, issue=stream)


def due(clock: str, limit: Limit, context: Context) -> datetime:
    """When a limit has run out: that of a rule where there is one, else the terms'."""
    limit = context.limits.get(f"callout.{clock}") or limit
    return context.calendar.due(context.occurred_at, limit)


def limits_of(terms: CalloutTerms, context: Context) -> dict[str, datetime]:
    """The dates of a department that is called now."""
    return {
        "called_at": context.occurred_at,
        "sign_by": due("sign", hours(terms.sign_hours), context),
        "contact_by": due("contact", hours(terms.contact_hours), context),
        "report_by": due("report", working_days(terms.report_days), context),
    }
