"""来源记录 · The numbers of what other systems tell of an issue: notes, and milestones."""

from __future__ import annotations

from dataclasses import replace

from projections.declare import Counter, Statistic
from projections.making import HOUR, count, only, took

# fmt: off

TOLD = "issue.told"

NOTES = count("issue_notes", "来源记事", "Notes of the source", TOLD, "条", what="note")
MILESTONES = count("issue_milestones", "来源节点", "Milestones of the source", TOLD, "个",
                   what="milestone")
TAKEN = took("issue_milestone_hours_median", "至节点用时中位数", "Median hours to a milestone",
             (TOLD,), "counted_from", HOUR, "小时", what="milestone")

NUMBERS: tuple[Counter, ...] = (
    NOTES,
    only(NOTES, "anomaly_notes_out_of_order", "记事先后颠倒",
         "Notes earlier than the one before", order="broken"),
    MILESTONES,
    replace(only(MILESTONES, "issue_milestones_late", "逾期节点", "Milestones late"),
            late="due_at"),
    replace(only(MILESTONES, "issue_milestones_on_time", "按期节点", "Milestones on time"),
            on_time="due_at"),
    TAKEN,
    replace(only(TAKEN, "issue_milestone_hours_mean", "至节点平均用时",
                 "Mean hours to a milestone"), statistic=Statistic.MEAN),
)
"""All public numbers of what a source tells."""
