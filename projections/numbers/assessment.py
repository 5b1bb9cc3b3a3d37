"""考核评议 · Numbers of assessments. By level and area; a person's result is in no breakdown."""

from __future__ import annotations

from projections.making import count, net, only, ratio, total

# fmt: off

CONCLUDED = net("assessments_concluded", "考核评定", "Assessments concluded",
                ("assessment.concluded",), ("assessment.withdrawn",), "项")
OF_UNITS = only(CONCLUDED, "unit_assessments", "单位考核评定", "Units assessed", "个",
                subject="unit")
VOTES = total("review_votes", "评议票数", "Votes in reviews", ("assessment.review_given",), "votes",
              "票")
CHECKS = count("spot_checks_done", "抽查", "Spot checks", "assessment.spot_check_done")
APPEALS = count("assessment_appeals", "考核申诉", "Appeals", "assessment.result_appealed", "件")

NUMBERS = (
    count("assessments_opened", "启动考核", "Assessments opened", "assessment.opened", "项"),
    count("duty_reports_given", "述职", "Duty reports", "assessment.duty_report_given"),
    count("questions_asked", "提问", "Questions asked", "assessment.question_asked"),
    VOTES,
    only(VOTES, "review_votes_satisfied", "满意达标票数", "Votes that are satisfied",
         verdict=("meets", "partly")),
    only(VOTES, "compliance_votes", "达标票数", "Votes that it complies", verdict="meets"),
    ratio("review_satisfaction_rate", "评议满意率", "Satisfied in reviews",
          "review_votes_satisfied", "review_votes"),
    ratio("compliance_rate", "达标率", "It complies", "compliance_votes", "review_votes"),
    CHECKS,
    only(CHECKS, "book_checks", "查两册", "Checks of the two books", basis="books"),
    total("gaps_found", "抽查发现问题", "Gaps found", ("assessment.spot_check_done",), "gaps",
          "个"),
    CONCLUDED,
    OF_UNITS,
    only(OF_UNITS, "unit_assessments_good", "单位考核评定为好", "Units assessed as good",
         level="good"),
    count("results_notified", "反馈考核结果", "Results told", "assessment.result_notified"),
    APPEALS,
    count("appeals_changed", "申诉后变更", "Changed on appeal", "assessment.appeal_decided", "件",
          outcome="changed"),
    ratio("appeal_change_rate", "申诉变更率", "Changed on appeal", "appeals_changed",
          "assessment_appeals"),
    count("results_applied", "运用考核结果", "Results of use", "assessment.result_applied"),
)

# fmt: on
