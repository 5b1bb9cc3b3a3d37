"""经费 · Fund: what is planned for a year, allocated and received; requests approved, paid, shown.

One case is one fund of one community (or unit) for one year. Never is more spent than was
allocated, nor paid than has come. Whoever asks does not approve, whoever approves does not pay,
and what was paid is published at least once a quarter, and audited when no request is open.
"""

from __future__ import annotations

from typing import Annotated

from services.facts.fund import (
    SPENDS_MAX,
    Account,
    AccountAudited,
    AccountPublished,
    Allocated,
    Approved,
    Budgeted,
    BudgetRaised,
    Finding,
    Floor,
    FundAllocated,
    FundBudgeted,
    FundReceived,
    FundTerms,
    Giver,
    Number,
    Paid,
    Payee,
    Planned,
    Published,
    Purpose,
    Raised,
    Received,
    RejectReason,
    Requested,
    Running,
    Spend,
    SpendApproved,
    SpendPaid,
    SpendRejected,
    SpendRequested,
    Spent,
    Year,
)
from services.kernel.words import Count, Label, Party, Refusal, days, deny, refuse
from services.kernel.workflow import Clock, Command, Context, Opening, Workflow

GIVERS = (Party.STREET, Party.LEADER, Party.UNIT_ADMIN)
"""Who plans and allocates."""
APPROVERS = (Party.STREET, Party.LEADER)
USERS = (Party.COMMUNITY, Party.HANDLER)
"""Whose fund it is."""

BELOW_FLOOR = Refusal(
    "below_floor",
    "预算 {planned} 分，低于每年不少于 {floor} 分的规定",
    "{planned} fen are planned: the floor is {floor} fen in a year",
)
OVER_BUDGET = Refusal(
    "over_budget",
    "最多还可拨付 {left} 分，请先追加预算",
    "{left} fen of the budget are left to allocate: raise the budget first",
)
OWN_INCOME = Refusal(
    "own_income",
    "自有收入无需拨付，到账即可使用",
    "own income is not allocated: it is there when it has come",
)
NOT_ALLOCATED = Refusal(
    "not_allocated",
    "已拨付未到账的只有 {left} 分",
    "{left} fen were allocated and have not come yet: not more",
)
WRONG_PURPOSE = Refusal(
    "wrong_purpose", "本项经费只能用于：{allowed}", "this fund is for: {allowed_en}"
)
MORE_THAN_LEFT = Refusal(
    "more_than_left",
    "可用余额只有 {left} 分，支出不能超过拨付",
    "{left} fen are left: no more is spent than was allocated",
)
TOO_MANY = Refusal("too_many", "申请已达 {most} 笔", "there are {most} requests already")
NO_SUCH_REQUEST = Refusal(
    "no_such_request", "没有待办的第 {number} 笔申请", "request {number} is not there, or is done"
)
OWN_REQUEST = Refusal(
    "own_request", "申请人不能审批自己的用款", "nobody approves what they asked for themselves"
)
ABOVE_REQUEST = Refusal(
    "above_request", "批准金额不能高于申请的 {asked} 分", "{asked} fen were asked for: not more"
)
NOT_APPROVED = Refusal(
    "not_approved", "第 {number} 笔尚未审批", "request {number} is not approved yet"
)
OWN_APPROVAL = Refusal(
    "own_approval", "审批人不能同时支付", "whoever approved does not pay as well"
)
ABOVE_APPROVAL = Refusal(
    "above_approval",
    "支付金额不能高于批准的 {approved} 分",
    "{approved} fen were approved: not more",
)
NOT_COME = Refusal(
    "not_come", "账上只有 {left} 分，不能支付", "{left} fen have come and are left: not more"
)
OPEN_REQUESTS = Refusal(
    "open_requests",
    "还有 {open} 笔申请未了结，不能审计结账",
    "{open} requests are open: they are paid or turned down first",
)


class Budget(Opening, zh="编制预算", by=GIVERS):
    """Plan so much for a year."""

    fund_year: Year
    budgeted_fen: Planned

    def decide(self, fund: None, context: Context) -> FundBudgeted:
        """No less than the floor."""
        terms = context.terms_of(FundTerms)
        if self.budgeted_fen < terms.floor_fen:
            refuse(BELOW_FLOOR, planned=self.budgeted_fen, floor=terms.floor_fen)
        return FundBudgeted(
            about=self.about(context),
            fund_year=self.fund_year,
            floor=Floor.BELOW if terms.floor_fen else Floor.NONE,
            budgeted_fen=self.budgeted_fen,
            terms=terms,
        )


class RaiseBudget(Command, zh="追加预算", by=GIVERS):
    """Plan more."""

    raised_fen: Raised

    def decide(self, fund: Budgeted | Running, context: Context) -> BudgetRaised:
        """Any time before it is audited."""
        return BudgetRaised(
            about=context.said(fund.about),
            fund_year=fund.account.year,
            raised_fen=self.raised_fen,
        )


class Allocate(Command, zh="拨付", by=GIVERS):
    """Send money, all at once or by and by."""

    allocated_fen: Allocated
    giver: Giver = None

    def decide(self, fund: Budgeted | Running, context: Context) -> FundAllocated:
        """Within the budget."""
        account = fund.account
        if account.terms.own_income:
            refuse(OWN_INCOME)
        left = account.budgeted - account.allocated
        if self.allocated_fen > left:
            refuse(OVER_BUDGET, left=left)
        if self.giver is not None:
            context.directory.unit(self.giver)
        return FundAllocated(
            about=context.said(fund.about),
            fund_year=account.year,
            floor=account.floor(self.allocated_fen),
            allocated_fen=self.allocated_fen,
            giver=self.giver,
        )


class Receive(Command, zh="到账", by=[*USERS, Party.STREET]):
    """Say that money has come."""

    received_fen: Received

    def decide(self, fund: Budgeted | Running, context: Context) -> FundReceived:
        """What was allocated, or own income."""
        account = fund.account
        left = account.allocated - account.received
        if not account.terms.own_income and self.received_fen > left:
            refuse(NOT_ALLOCATED, left=left)
        return FundReceived(
            about=context.said(fund.about),
            fund_year=account.year,
            received_fen=self.received_fen,
        )


class Request(Command, zh="申请用款", by=[*USERS, Party.WORKER]):
    """Ask to spend so much on something."""

    purpose: Purpose
    requested_fen: Requested

    def decide(self, fund: Running, context: Context) -> SpendRequested:
        """On what the fund is for, and no more than is left."""
        account, allowed = fund.account, fund.account.terms.purposes
        if allowed and self.purpose not in allowed:
            labels = [purpose.label for purpose in allowed]
            refuse(
                WRONG_PURPOSE,
                allowed="、".join(label.zh for label in labels),
                allowed_en=", ".join(label.en.lower() for label in labels),
            )
        if len(account.spends) >= SPENDS_MAX:
            refuse(TOO_MANY, most=SPENDS_MAX)
        if self.requested_fen > account.unbound:
            refuse(MORE_THAN_LEFT, left=account.unbound)
        person = context.actor.person
        return SpendRequested(
            about=context.said(fund.about, person),
            number=len(account.spends) + 1,
            purpose=self.purpose,
            requested_fen=self.requested_fen,
            person=person,
        )


class OfRequest(Command):
    """A command about one of the requests."""

    number: Number

    def spend(self, account: Account) -> Spend:
        """The request meant, neither paid nor turned down."""
        found = account.spend(self.number)
        if found is None or not found.is_open:
            refuse(NO_SUCH_REQUEST, number=self.number)
        return found


class Approve(OfRequest, zh="审批", by=APPROVERS):
    """Say yes, perhaps to less."""

    approved_fen: Approved | None = None

    def decide(self, fund: Running, context: Context) -> SpendApproved:
        """By somebody else, and no more than is left."""
        account, spend = fund.account, self.spend(fund.account)
        amount = self.approved_fen or spend.requested
        if spend.approved:
            refuse(NO_SUCH_REQUEST, number=self.number)
        if context.actor.person == spend.person:
            deny(OWN_REQUEST)
        if amount > spend.requested:
            refuse(ABOVE_REQUEST, asked=spend.requested)
        if amount > account.unbound:
            refuse(MORE_THAN_LEFT, left=account.unbound)
        return SpendApproved(
            about=context.said(fund.about, context.actor.person),
            number=self.number,
            purpose=spend.purpose,
            approved_fen=amount,
            approver=context.actor.person,
        )


class Reject(OfRequest, zh="不批", by=[*APPROVERS, *USERS]):
    """Say no, or take a request back."""

    reason: RejectReason

    def decide(self, fund: Running, context: Context) -> SpendRejected:
        """Until it is paid."""
        return SpendRejected(
            about=context.said(fund.about),
            number=self.number,
            purpose=self.spend(fund.account).purpose,
            reason=self.reason,
        )


class Pay(OfRequest, zh="支付", by=[*USERS, Party.STREET]):
    """Say that it was paid."""

    paid_fen: Paid | None = None
    payee: Payee = None

    def decide(self, fund: Running, context: Context) -> SpendPaid:
        """What was approved at most, from what has come, and by somebody else."""
        account, spend = fund.account, self.spend(fund.account)
        amount = self.paid_fen or spend.approved
        if not spend.approved:
            refuse(NOT_APPROVED, number=self.number)
        if context.actor.person == spend.approver:
            deny(OWN_APPROVAL)
        if amount > spend.approved:
            refuse(ABOVE_APPROVAL, approved=spend.approved)
        if amount > (left := account.received - account.paid):
            refuse(NOT_COME, left=left)
        if self.payee is not None:
            context.directory.unit(self.payee)
        return SpendPaid(
            about=context.said(fund.about),
            number=self.number,
            purpose=spend.purpose,
            payee=self.payee,
            paid_fen=amount,
        )


class Publish(Command, zh="公示账目", by=[*USERS, Party.STREET]):
    """Show what was paid so far, and what is left."""

    def decide(self, fund: Running, context: Context) -> AccountPublished:
        """As often as one likes."""
        account = fund.account
        return AccountPublished(
            about=context.said(fund.about),
            fund_year=account.year,
            spent_fen=account.paid,
            left_fen=account.usable - account.paid,
        )


class Audit(Command, zh="审计", by=Party.AUDITOR):
    """Look at it, and close it."""

    finding: Finding
    remarks: Annotated[Count, Label("问题数", "Remarks")] = 0

    def decide(self, fund: Published, context: Context) -> AccountAudited:
        """Once it is published and no request is open."""
        if fund.account.open_requests:
            refuse(OPEN_REQUESTS, open=fund.account.open_requests)
        return AccountAudited(
            about=context.said(fund.about),
            fund_year=fund.account.year,
            finding=self.finding,
            remarks=self.remarks,
        )


WORKFLOW = Workflow(
    __name__,
    zh="经费",
    terms=FundTerms,
    in_order=False,
    clocks=[
        # 村民委员会组织法 art. 30: accounts are shown at least once a quarter.
        Clock(
            "publish",
            Label("账目公示时限", "Publish the account"),
            runs=(Spent,),
            met=(Published,),
            limit=days(90),
        )
    ],
)
