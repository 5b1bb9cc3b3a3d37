"""项目 · The public numbers of projects."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import DAY, count, net, only, ratio, took, total

# fmt: off

PROPOSED = count("projects_proposed", "项目申报", "Projects proposed", "project.proposed", "个")
APPROVED = count("projects_approved", "项目立项", "Projects approved", "project.approved", "个")
ACCEPTED = count("projects_accepted", "项目验收", "Projects accepted", "project.accepted", "个")
HANDED = count("projects_handed_over", "项目交付", "Projects handed over", "project.handed_over",
               "个")
REVIEWED = count("project_outcomes_reviewed", "成效评价", "Outcomes looked back on",
                 "project.outcome_reviewed")
INSPECTED = count("project_inspections", "居民监督", "Looks at the work", "project.inspected")

NUMBERS: tuple[Counter, ...] = (
    PROPOSED,
    APPROVED,
    only(APPROVED, "service_projects", "党建服务项目", "Service projects",
         variant=("service_purchase", "need_project")),
    count("projects_rejected", "未立项", "Projects rejected", "project.rejected", "个"),
    count("providers_selected", "选定承接方", "Providers selected", "project.provider_selected"),
    count("stages_cleared", "环节通过", "Stages cleared", "project.stage_cleared", "个"),
    count("stages_blocked", "环节受阻", "Stages blocked", "project.stage_blocked"),
    took("stage_days", "环节用时", "Time a stage takes", ("project.stage_cleared",), "entered_at",
         DAY, "天"),
    ACCEPTED,
    count("acceptances_failed", "验收未通过", "Not accepted", "project.acceptance_failed"),
    HANDED,
    only(HANDED, "venues_handed_over", "阵地交付", "Venues handed over", variant="venue_works"),
    total("square_metres_accepted", "验收面积", "Square metres accepted", ("project.accepted",),
          "square_metres", "平方米"),
    net("projects_open", "在建项目", "Projects under way", ("project.approved",),
        ("project.accepted", "project.stopped"), "个"),
    INSPECTED,
    only(INSPECTED, "project_defects_found", "监督发现问题", "Defects found", finding="defect"),
    REVIEWED,
    total("project_participants", "项目参与", "Took part in projects",
          ("project.outcome_reviewed",), "participants", "人次"),
    total("project_jobs", "项目务工", "Given work by projects", ("project.outcome_reviewed",),
          "jobs", "人次"),
    ratio("project_approval_rate", "立项率", "Projects approved", "projects_approved",
          "projects_proposed"),
)
"""All of them."""
