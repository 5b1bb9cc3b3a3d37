"""问题用语 · Words of an issue: its choices, its field types, what only an import may say."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.clock import Instant
from services.kernel.identity import identifier_text
from services.kernel.words import Choice, Help, Label

LABELS_MAX = 32


class Channel(Choice, zh="渠道"):
    """How it came to be known."""

    IN_PERSON = "in_person", "当面反映"
    HOTLINE = "hotline", "政务热线"
    ONLINE = "online", "网上或应用", "Online or app"
    CARD = "card", "联系卡来电", "Call by contact card"
    TALK_ROOM = "talk_room", "居民说事室"
    PATROL = "patrol", "巡查发现", "Found on patrol"
    VISIT = "visit", "走访发现", "Found on a visit"
    IMPORTED = "imported", "外部数据", "Other system"


class Tier(Choice, zh="分级"):
    """What must be reached, and how soon."""

    GENERAL = "general", "一般（1 小时解决）", "General (solved in 1 hour)"
    MAJOR = "major", "重大（1 天解决）", "Major (solved in 1 day)"
    COMPLEX = "complex", "复杂（1 周形成方案）", "Complex (a plan in 1 week)"


class Resolution(Choice, zh="办理结果"):
    """How it ended. Only the first means solved."""

    SOLVED = "solved", "已解决"
    EXPLAINED = "explained", "已解释说明"
    NOT_IN_SCOPE = "not_in_scope", "不属受理范围"
    NO_POWER = "no_power", "超出权限"
    DUPLICATE = "duplicate", "重复诉求"
    WITHDRAWN = "withdrawn", "诉求人撤回"
    UNREACHABLE = "unreachable", "无法联系诉求人"
    REFUSED_BY_RULE = "refused_by_rule", "依规不予办理"
    REFERRED = "referred", "已转其他渠道", "Referred elsewhere"
    NOT_STATED = "not_stated", "来源未说明", "Not stated by the source"


class Reply(Choice, zh="答复"):
    """What a fact means for the requester who waits for an answer."""

    AWAITED = "awaited", "待答复"
    GIVEN = "given", "本次答复", "Given now"
    EARLIER = "earlier", "此前已答复", "Given earlier"
    NONE = "none", "未答复而结束", "Ended without one"
    UNTOLD = "untold", "来源未记载", "Not told by the source"


class ReturnReason(Choice, zh="退回原因"):
    """Why a unit gives it back."""

    NOT_OURS = "not_ours", "不属本单位职责"
    NOT_ON_LIST = "not_on_list", "不在事项清单"
    NO_POWER = "no_power", "无相应权限"
    UNCLEAR = "unclear", "信息不清"


class SuspendReason(Choice, zh="挂起原因"):
    """Why the clock may stand still."""

    REQUESTER = "requester", "等待诉求人配合", "Waiting for the requester"
    APPROVAL = "approval", "等待审批或经费", "Waiting for approval or funds"
    SEASON = "season", "受季节或工期限制", "Season or works"


class ReopenReason(Choice, zh="重办原因"):
    """Why it is taken up again."""

    NOT_SOLVED = "not_solved", "诉求人反映未解决", "Not solved, says the requester"
    CHECK_FAILED = "check_failed", "核查未通过"
    CAME_BACK = "came_back", "问题再次出现"


class After(Choice, zh="重办前"):
    """Where it stood when it was taken up again: what had been closed counts as open once more."""

    CLOSED = "closed", "已办结", "Closed"
    REPLY = "reply", "已反馈，未办结", "Replied to, not closed"


class EscalateReason(Choice, zh="督办原因"):
    """Why a higher level is told."""

    OVERDUE = "overdue", "逾期未办"
    REPEATED = "repeated", "反复出现"
    SERIOUS = "serious", "影响重大"


class Finding(Choice, zh="核查结论"):
    """What an auditor found."""

    SOLVED = "solved", "确已解决"
    NOT_SOLVED = "not_solved", "未解决"


class ContactMeans(Choice, zh="联系方式"):
    """How the requester was reached."""

    PHONE = "phone", "电话"
    VISIT = "visit", "上门"
    MESSAGE = "message", "消息或书面", "Message or letter"


class Told(Choice, zh="来源所记"):
    """What a source tells beside opening, reply and end."""

    NOTE = "note", "记事"
    MILESTONE = "milestone", "节点"


class Order(Choice, zh="先后"):
    """Whether a note stands after those that happened before it."""

    KEPT = "kept", "先后有序", "In order"
    BROKEN = "broken", "早于前一条", "Earlier than the note before it"


_tag = StringConstraints(min_length=1, max_length=64)
_raw = StringConstraints(max_length=1_000)
Labels = Annotated[
    dict[Annotated[str, _tag], Annotated[str, _raw]],
    Field(max_length=LABELS_MAX, examples=[{"ward": "Ward 14"}]),
    Label("来源标签", "Labels of the source"),
]
RowId = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f]{1,128}$"),
    Field(examples=["101000729509"]),
    Label("来源编号", "Id at the source"),
]
Ticket = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$"),
    Field(examples=["GD20180928-00123"]),
    Label("热线工单号", "Ticket of the hotline"),
]
OpenedAt = Annotated[Instant, Label("提出时间", "Opened at")]
DueAt = Annotated[Instant, Label("应结时间", "Due at")]
CountedFrom = Annotated[
    Instant,
    Label("计时起点", "Counted from"),
    Help(
        "用时自此计算；夏令时切换前后，按来源的墙上时钟，可与提出时间相差一小时",
        "time taken counts from here: the opening, or by the clock on the source's wall",
    ),
]
Day = Annotated[date, Label("来源当地日期", "Local day of the source")]


HOTLINE = "hotline"


def ticket_id(number: str) -> str:
    """The id of the case of a ticket, by its number at the hotline: that of an import as well."""
    return identifier_text(f"{HOTLINE}\n{number}\n1")


class Source(BaseModel):
    """What only an import can say of a request. `replies`: whether the source tells of replies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row_id: RowId
    opened_at: OpenedAt | None = None
    """Where the source tells of something earlier than the opening; else it is `occurred_at`."""
    day: Day | None = None
    due_at: DueAt | None = None
    replies: Annotated[bool, Label("来源记载答复", "The source tells of replies")] = False
    labels: Labels = Field(default_factory=dict)


class SourceNote(BaseModel):
    """A note or a milestone of a source. `note_id` tells it from the others of its issue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note_id: RowId
    what: Told = Told.NOTE
    order: Order = Order.KEPT
    counted_from: CountedFrom | None = None
    due_at: DueAt | None = None
    day: Day | None = None
    labels: Labels = Field(default_factory=dict)
