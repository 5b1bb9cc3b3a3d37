"""议事 · The public numbers of deliberations."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import DAY, count, net, only, ratio, took, total

# fmt: off

PASSED, REJECTED = ("deliberation.resolution_passed",), ("deliberation.resolution_rejected",)
MET = ("deliberation.committees_consulted", "deliberation.members_reviewed", *PASSED, *REJECTED)
DISCLOSED = ("deliberation.result_published",)
EXECUTED = count("resolutions_executed", "决议实施", "Decisions carried out",
                 "deliberation.execution_reported", "件")

NUMBERS: tuple[Counter, ...] = (
    count("proposals_raised", "议事提议", "Proposals raised", "deliberation.proposal_raised", "件"),
    count("resolutions_passed", "议事通过", "Proposals passed", PASSED, "件"),
    count("resolutions_rejected", "议事未通过", "Proposals rejected", REJECTED, "件"),
    count("resolutions_judged", "议事有结论", "Proposals passed or rejected",
          (*PASSED, *REJECTED), "件"),
    count("resolutions_published", "决议公开", "Decisions published",
          "deliberation.resolution_published", "件"),
    EXECUTED,
    only(EXECUTED, "resolutions_done", "决议落实", "Decisions done", outcome="done"),
    count("results_published", "结果公开", "Results published", DISCLOSED, "件"),
    net("deliberations_open", "在议事项", "Deliberations under way",
        ("deliberation.proposal_raised",),
        (*DISCLOSED, *REJECTED, "deliberation.proposal_withdrawn"), "件"),
    total("meeting_attendance_due", "议事应到", "Entitled to attend", MET, "due", "人次"),
    total("meeting_attendance", "议事实到", "Attended", MET, "present", "人次"),
    ratio("deliberation_pass_rate", "议事通过率", "Proposals passed", "resolutions_passed",
          "resolutions_judged"),
    ratio("meeting_attendance_rate", "议事到会率", "Attendance", "meeting_attendance",
          "meeting_attendance_due"),
    ratio("result_disclosure_rate", "结果公开率", "Results published", "results_published",
          "resolutions_passed"),
    took("decision_publish_days", "决议公开用时", "Time to publish a decision",
         ("deliberation.resolution_published",), "decided_at", DAY, "天"),
)
"""All of them."""
