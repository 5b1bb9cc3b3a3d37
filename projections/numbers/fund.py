"""经费 · Numbers of funds, in fen: a reader divides by a hundred."""

from __future__ import annotations

from projections.making import count, only, ratio, total

# fmt: off

PLANS = count("funds_budgeted", "编列经费", "Funds budgeted", "fund.budgeted", "项")
GIVEN = total("fund_allocated_fen", "拨付经费", "Allocated", ("fund.allocated",), "allocated_fen",
              "分")
CAME = total("fund_received_fen", "到账经费", "Received", ("fund.received",), "received_fen", "分")
PAID = total("fund_paid_fen", "支付经费", "Paid", ("fund.spend_paid",), "paid_fen", "分")
AUDITS = count("funds_audited", "审计账目", "Accounts audited", "fund.account_audited", "项")

NUMBERS = (
    PLANS,
    only(PLANS, "funds_with_floor", "有下限的经费", "Funds with a floor", floor="below"),
    count("fund_floors_met", "达到下限的经费", "Floors met", "fund.allocated", "项",
          floor="reached"),
    ratio("fund_floor_met", "经费保障达标率", "Floors met", "fund_floors_met", "funds_with_floor",
          least=0),
    total("fund_budgeted_fen", "预算经费", "Budgeted", ("fund.budgeted",), "budgeted_fen", "分"),
    GIVEN,
    CAME,
    only(CAME, "collective_income_fen", "社区集体经济收入", "Collective income",
         variant="collective_income"),
    PAID,
    only(PAID, "services_bought_fen", "购买服务支出", "Paid for services", purpose="purchase"),
    only(PAID, "activities_paid_fen", "党群活动支出", "Paid for activities", purpose="activities"),
    count("spends_requested", "申请用款", "Spends requested", "fund.spend_requested", "笔"),
    count("spends_approved", "审批用款", "Spends approved", "fund.spend_approved", "笔"),
    count("spends_rejected", "未批用款", "Spends rejected", "fund.spend_rejected", "笔"),
    count("spends_paid", "支付笔数", "Payments", "fund.spend_paid", "笔"),
    count("accounts_published", "公示账目", "Accounts published", "fund.account_published"),
    AUDITS,
    only(AUDITS, "funds_audited_clean", "审计无保留", "Audited without remarks", finding="clean"),
)

# fmt: on
