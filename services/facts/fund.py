"""经费 · Fund, its words, states and facts; what may be done is in the workflow file.

Amounts are whole fen. What was allocated, received, approved and paid never contradict each other:
a fact that would make them is refused, and so is a correction or void that would.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field

from events.errors import Broken
from events.fact import Coded, Member, Quantity
from services.kernel.words import (
    Amount,
    Choice,
    Count,
    Help,
    Label,
    Person,
    Terms,
    UnitCode,
)
from services.kernel.workflow import Fact, State

# ---- limits, choices, fields

SPENDS_MAX = 500


class Purpose(Choice, zh="用途", en="Purpose"):
    """What it is spent on."""

    ACTIVITIES = "activities", "党群活动", "Activities"
    SERVICE = "service", "服务群众", "Service to residents"
    VENUE = "venue", "阵地建设", "Venues"
    PURCHASE = "purchase", "购买服务", "Services bought"
    ALLOWANCE = "allowance", "人员补贴", "Allowances"
    WORKS = "works", "工程项目", "Works"
    OFFICE = "office", "日常办公", "Office"


class RejectReason(Choice, zh="未批原因", en="Reason"):
    """Why a request ends unpaid."""

    NOT_A_PURPOSE = "not_a_purpose", "不符合使用范围", "Not what the fund is for"
    NO_PAPERS = "no_papers", "手续不全"
    TOO_MUCH = "too_much", "金额过高"
    NOT_NEEDED = "not_needed", "已不需要", "No longer needed"


class Finding(Choice, zh="审计意见", en="Finding"):
    """What the auditor says."""

    CLEAN = "clean", "无保留"
    REMARKS = "remarks", "有建议"
    IRREGULAR = "irregular", "有违规"


class Floor(Choice, zh="经费下限", en="Floor"):
    """How what was allocated stands to the floor, where there is one."""

    NONE = "none", "无下限", "There is none"
    BELOW = "below", "未达下限", "Below it"
    REACHED = "reached", "刚达下限", "Reached with this"
    PASSED = "passed", "已达下限", "Reached before"


Year = Annotated[int, Field(ge=1949, le=2200, examples=[2018]), Label("年度", "Year")]
Fen = Annotated[Amount, Field(ge=1)]
Planned = Annotated[Fen, Label("预算金额（分）", "Budgeted (fen)")]
Raised = Annotated[Fen, Label("追加预算（分）", "Added to the budget (fen)")]
Allocated = Annotated[Fen, Label("拨付金额（分）", "Allocated (fen)")]
Received = Annotated[Fen, Label("到账金额（分）", "Received (fen)")]
Requested = Annotated[Fen, Label("申请金额（分）", "Requested (fen)")]
Approved = Annotated[Fen, Label("批准金额（分）", "Approved (fen)")]
Paid = Annotated[Fen, Label("支付金额（分）", "Paid (fen)")]
Number = Annotated[Count, Field(ge=1, le=SPENDS_MAX), Label("申请序号", "Number of the request")]
Giver = Annotated[UnitCode | None, Label("拨款单位", "Given by"), Help("可不填", "If known")]
Payee = Annotated[UnitCode | None, Label("收款单位", "Paid to"), Help("可不填", "If known")]
Asker = Annotated[Person, Label("申请人", "Requested by")]
Approver = Annotated[Person, Label("审批人", "Approved by")]


class FundTerms(Terms):
    """What a variant fixes. The floor is per community and year. Source: 每个社区每年不少于10万元
    (seed 000); 工作经费不少于6万元、服务群众专项经费不少于20万元 (seed 003)."""

    floor_fen: Annotated[Amount, Label("每年下限（分）", "Floor in a year (fen)")] = 0
    own_income: Annotated[bool, Label("自有收入", "Own income")] = False
    purposes: Annotated[
        tuple[Purpose, ...],
        Field(max_length=len(Purpose), examples=[["activities"]]),
        Label("使用范围", "What it may be spent on"),
        Help("不填即不限", "None named: anything"),
    ] = ()


# ---- states


@dataclass(frozen=True)
class Spend:
    """One request: what for, by whom, how much was asked for, approved and paid."""

    purpose: Purpose
    person: str
    requested: int
    approved: int = 0
    approver: str | None = None
    paid: int = 0
    rejected: bool = False

    @property
    def is_open(self) -> bool:
        """Neither paid nor turned down."""
        return not self.paid and not self.rejected

    @property
    def bound(self) -> int:
        """What it takes from the fund: what was paid, else what was approved."""
        return 0 if self.rejected else self.paid or self.approved


@dataclass(frozen=True)
class Account:
    """The account of one fund for one year, in fen."""

    terms: FundTerms
    year: int
    budgeted: int
    allocated: int = 0
    received: int = 0
    spends: tuple[Spend, ...] = ()

    @property
    def usable(self) -> int:
        """What may be approved: what was allocated, or came in as own income."""
        return self.received if self.terms.own_income else self.allocated

    @property
    def paid(self) -> int:
        """What was paid."""
        return sum(spend.paid for spend in self.spends)

    @property
    def unbound(self) -> int:
        """What may still be approved."""
        return self.usable - sum(spend.bound for spend in self.spends)

    @property
    def open_requests(self) -> int:
        """Requests neither paid nor turned down."""
        return sum(spend.is_open for spend in self.spends)

    def spend(self, number: int) -> Spend | None:
        """The request of that number; None where there is none."""
        return self.spends[number - 1] if number <= len(self.spends) else None

    def floor(self, added: int) -> Floor:
        """How a further allocation stands to the floor."""
        floor = self.terms.floor_fen
        if not floor:
            return Floor.NONE
        if self.allocated >= floor:
            return Floor.PASSED
        return Floor.REACHED if self.allocated + added >= floor else Floor.BELOW

    def but(self, **changes: Any) -> Account:
        """The same with some figures changed. Raises Broken where they contradict each other: then
        a correction or void that would make them so is refused."""
        after = replace(self, **changes)
        own = after.terms.own_income
        if after.allocated > after.budgeted:
            raise Broken("more would be allocated than was budgeted")
        if after.received > after.allocated and not own:
            raise Broken("more would have come than was allocated")
        if after.unbound < 0:
            raise Broken("more would be spent than was allocated")
        if after.paid > after.received:
            raise Broken("more would be paid than has come")
        return after

    def with_spend(self, number: int, **changes: Any) -> Account:
        """The same with one request changed. Raises Broken likewise."""
        spend = self.spend(number)
        if spend is None:
            raise Broken(f"there is no request {number}")
        after = replace(spend, **changes)
        if after.approved > after.requested or after.paid > after.approved:
            raise Broken(f"request {number}: more than was asked for, or approved")
        spends = (*self.spends[: number - 1], after, *self.spends[number:])
        return self.but(spends=spends)


class Fund(State):
    """One fund of one community (or unit) for one year."""

    account: Account


class Budgeted(Fund, zh="待拨付", en="Budgeted"):
    """Planned; nothing has been allocated."""


class Running(Fund):
    """There is money to spend."""


class Available(Running, zh="可使用"):
    """Nothing was paid since it was last published."""


class Spent(Running, zh="待公示", en="To be published"):
    """Something was."""


class Published(Running, zh="已公示"):
    """Everybody can see what was paid."""


class Audited(Fund, zh="已审计"):
    """Closed."""


def running(fund: Running, account: Account) -> Available | Spent | Published:
    """The same state with another account."""
    if isinstance(fund, Spent):
        return Spent(fund.about, account)
    return (Published if isinstance(fund, Published) else Available)(fund.about, account)


# ---- facts


class FundBudgeted(Fact, zh="经费已预算"):
    """So much is planned for a year, no less than the floor."""

    fund_year: Annotated[Year, Coded]
    floor: Annotated[Floor, Coded]
    budgeted_fen: Annotated[Planned, Quantity]
    terms: Annotated[FundTerms, Label("条款", "Terms")]

    def apply(self, fund: None) -> Budgeted:
        """The beginning."""
        return Budgeted(self.about, Account(self.terms, self.fund_year, self.budgeted_fen))


class BudgetRaised(Fact, zh="预算已追加"):
    """More is planned."""

    fund_year: Annotated[Year, Coded]
    raised_fen: Annotated[Raised, Quantity]

    def apply(self, fund: Budgeted | Running) -> Budgeted | Available | Spent | Published:
        """Nothing else changes."""
        account = fund.account.but(budgeted=fund.account.budgeted + self.raised_fen)
        if isinstance(fund, Running):
            return running(fund, account)
        return Budgeted(fund.about, account)


class FundAllocated(Fact, zh="经费已拨付"):
    """Money is on its way."""

    fund_year: Annotated[Year, Coded]
    floor: Annotated[Floor, Coded]
    allocated_fen: Annotated[Allocated, Quantity]
    giver: Giver = None

    def apply(self, fund: Budgeted | Running) -> Available | Spent | Published:
        """It may be spent."""
        account = fund.account.but(allocated=fund.account.allocated + self.allocated_fen)
        if isinstance(fund, Running):
            return running(fund, account)
        return Available(fund.about, account)


class FundReceived(Fact, zh="经费已到账"):
    """Money has come; for own income, that is all there is to it."""

    fund_year: Annotated[Year, Coded]
    received_fen: Annotated[Received, Quantity]

    def apply(self, fund: Budgeted | Running) -> Available | Spent | Published:
        """It may be paid out."""
        account = fund.account.but(received=fund.account.received + self.received_fen)
        if isinstance(fund, Running):
            return running(fund, account)
        return Available(fund.about, account)


class SpendRequested(Fact, zh="用款已申请"):
    """Somebody asks to spend so much on something."""

    number: Number
    purpose: Annotated[Purpose, Coded]
    requested_fen: Annotated[Requested, Quantity]
    person: Annotated[Asker, Member]

    def apply(self, fund: Running) -> Available | Spent | Published:
        """Waiting for a yes."""
        spend = Spend(self.purpose, self.person, self.requested_fen)
        return running(fund, fund.account.but(spends=(*fund.account.spends, spend)))


class SpendApproved(Fact, zh="用款已审批"):
    """Somebody else says yes, perhaps to less."""

    number: Number
    purpose: Annotated[Purpose, Coded]
    approved_fen: Annotated[Approved, Quantity]
    approver: Annotated[Approver, Member]

    def apply(self, fund: Running) -> Available | Spent | Published:
        """Bound from here on."""
        account = fund.account.with_spend(
            self.number, approved=self.approved_fen, approver=self.approver
        )
        return running(fund, account)


class SpendRejected(Fact, zh="用款未批", en="Spend rejected"):
    """Not to be paid, with the reason why."""

    number: Number
    purpose: Annotated[Purpose, Coded]
    reason: Annotated[RejectReason, Coded]

    def apply(self, fund: Running) -> Available | Spent | Published:
        """What was bound for it is free."""
        return running(fund, fund.account.with_spend(self.number, rejected=True))


class SpendPaid(Fact, zh="用款已支付"):
    """Money has gone out."""

    number: Number
    purpose: Annotated[Purpose, Coded]
    payee: Annotated[Payee, Coded] = None
    paid_fen: Annotated[Paid, Quantity]

    def apply(self, fund: Running) -> Spent:
        """To be published."""
        return Spent(fund.about, fund.account.with_spend(self.number, paid=self.paid_fen))


class AccountPublished(Fact, zh="账目已公示"):
    """What was paid so far, and what is left, for everybody to see."""

    fund_year: Annotated[Year, Coded]
    spent_fen: Annotated[Amount, Label("累计支付（分）", "Paid so far (fen)")]
    left_fen: Annotated[Amount, Label("结余（分）", "Left (fen)")]

    def apply(self, fund: Running) -> Published:
        """Until more is paid."""
        return Published(fund.about, fund.account)


class AccountAudited(Fact, zh="账目已审计"):
    """An auditor has looked at it."""

    fund_year: Annotated[Year, Coded]
    finding: Annotated[Finding, Coded]
    remarks: Annotated[Count, Quantity, Label("问题数", "Remarks")] = 0

    def apply(self, fund: Published) -> Audited:
        """Closed."""
        return Audited(fund.about, fund.account)
