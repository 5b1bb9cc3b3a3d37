"""承诺 · Numbers of promises kept and not kept: commitment."""

from __future__ import annotations

from dataclasses import replace

from projections.making import count, net, only, ratio, total

# fmt: off

DECLARED, MET, MISSED = ("commitment.declared",), ("commitment.met",), ("commitment.missed",)
DENIED, ENDS = ("commitment.denied",), ("commitment.met", "commitment.missed")
REPORTED = ("commitment.progress_reported",)
KEPT = net("commitments_met", "承诺兑现", "Promises kept", MET, DENIED, "项")
MAKING = count("commitments_declared", "承诺", "Promises made", DECLARED, "项")

NUMBERS = (
    MAKING,
    count("commitments_published", "承诺公开", "Promises published", "commitment.published", "项"),
    KEPT,
    replace(count("commitments_met_on_time", "按期兑现", "Kept on time", MET, "项"),
            on_time="due_at"),
    count("commitments_missed", "到期未兑现", "Not kept by its date", MISSED, "项"),
    count("commitments_moved", "调整期限", "Dates moved", "commitment.moved"),
    ratio("commitment_kept_rate", "承诺兑现率", "Promises kept", "commitments_met",
          "commitments_declared"),
    only(MAKING, "pledges_declared", "承诺单", "Pledges", "份", variant="pledge"),
    only(KEPT, "pledges_kept", "承诺单兑现", "Pledges kept", "份", variant="pledge"),
    only(MAKING, "duty_items", "责任清单事项", "Items of duty lists", variant="duty_item"),
    only(KEPT, "duty_items_met", "责任清单落实", "Items of duty lists done", variant="duty_item"),
    only(MAKING, "meeting_items", "会议议定事项", "Agreed on at meetings", variant="meeting_item"),
    only(KEPT, "meeting_items_met", "议定事项办成", "Done as agreed", variant="meeting_item"),
    only(KEPT, "quotas_met", "量化承诺完成", "Quotas met", variant="quota"),
    total("progress_reports_due", "应报进展", "Reports due", (*REPORTED, *ENDS), "reports_due",
          "次"),
    total("progress_reports_made", "已报进展", "Reports made", REPORTED, "reports_made", "次"),
    ratio("progress_report_rate", "进展报告率", "Reports made", "progress_reports_made",
          "progress_reports_due", least=0),
    count("progress_reported", "报告进展", "Progress reported", REPORTED),
)

# fmt: on
