"""吹哨报到 · The numbers of callouts. Each department's part counts under that department."""

from __future__ import annotations

from dataclasses import replace

from projections.declare import Counter
from projections.making import HOUR, count, net, only, ratio, took

# fmt: off

CALLED = ("callout.raised", "callout.department_called")
UPHELD = ("callout.return_upheld",)
SIGNED = count("callouts_signed", "部门签收", "Signed", "callout.signed")
REPORTED = count("departments_reported", "部门报到", "Departments reported",
                 "callout.department_reported")
HANDLED = count("callouts_handled", "处置哨", "Callouts handled", "callout.handled", "件")
EVALUATED = count("callouts_evaluated", "评哨", "Departments evaluated", "callout.evaluated")
WAITED_FOR = net("departments_called", "被呼叫部门", "Departments called", CALLED, UPHELD, "次")

NUMBERS: tuple[Counter, ...] = (
    count("callouts_raised", "吹哨", "Callouts raised", "callout.raised", "件"),
    WAITED_FOR,
    replace(only(WAITED_FOR, "callout_signs_due", "应签收", "To be signed by now"),
            due="sign_by"),
    replace(only(WAITED_FOR, "callout_reports_due", "应报到", "To have reported by now"),
            due="report_by"),
    SIGNED,
    replace(only(SIGNED, "callouts_signed_on_time", "按时签收", "Signed on time"),
            on_time="sign_by", due="sign_by"),
    REPORTED,
    replace(only(REPORTED, "departments_reported_on_time", "按时报到", "Reported on time"),
            on_time="report_by", due="report_by"),
    count("callouts_returned", "退哨", "Callouts returned", "callout.returned"),
    count("returns_upheld", "准予退哨", "Returns upheld", UPHELD),
    count("joint_actions_agreed", "联动方案", "Joint actions agreed",
          "callout.joint_action_agreed", "件"),
    HANDLED,
    only(HANDLED, "callouts_solved", "哨声解决", "Callouts solved", resolution="solved"),
    replace(only(HANDLED, "callouts_handled_on_time", "按时处置", "Handled on time"),
            on_time="handle_by"),
    EVALUATED,
    only(EVALUATED, "callouts_evaluated_content", "评哨满意", "Evaluated as satisfied",
         satisfaction=("satisfied", "basically")),
    count("callouts_escalated", "哨声督办", "Callouts escalated", "callout.escalated"),
    count("callouts_told", "来源记载吹哨", "Callouts told by other systems", "callout.told", "件"),
    count("callouts_told_over", "来源记载了结", "Callouts told to be over", "callout.told_over",
          "件"),
    count("callouts_cancelled", "撤哨", "Callouts taken back", "callout.cancelled", "件"),
    ratio("callout_rate", "吹哨率", "Callouts per issue", "callouts_raised", "issues_received"),
    ratio("timely_sign_rate", "及时签收率", "Signed on time", "callouts_signed_on_time",
          "callout_signs_due"),
    ratio("callout_report_rate", "按时报到率", "Reported on time",
          "departments_reported_on_time", "callout_reports_due"),
    ratio("callout_return_rate", "退哨率", "Returned", "callouts_returned", "departments_called"),
    ratio("callout_satisfaction_rate", "评哨满意率", "Satisfied with the departments",
          "callouts_evaluated_content", "callouts_evaluated"),
    took("callout_sign_hours", "签收用时", "Hours to sign", ("callout.signed",), "called_at", HOUR,
         "小时"),
    took("callout_report_hours", "报到用时", "Hours to report", ("callout.department_reported",),
         "called_at", HOUR, "小时"),
)
"""All public numbers of callouts."""
