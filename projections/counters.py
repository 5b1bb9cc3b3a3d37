"""公开指标 · Every public number, one declaration each. A new one is a line here.

Names are what scripts and reports hold on to. The measure word 量词 is what people say after the
number. Rates are always given with numerator and denominator.
"""

from __future__ import annotations

from dataclasses import replace

from projections.declare import Counter, Statistic
from projections.making import DAY, HOUR, count, distinct, net, only, ratio, took, total, within
from projections.numbers import (
    activity,
    agency,
    assessment,
    callout,
    campaign,
    card,
    care_label,
    commitment,
    deliberation,
    fund,
    grade,
    indicator,
    issue_told,
    pact,
    project,
    seat,
    service_post,
    venue,
    visit,
)
from projections.numbers import (
    list as lists,
)

# fmt: off

# ---- services 服务 (点单): order

SERVED = ("order.service_delivered",)
CLAIMED, RELEASED = ("claim.item_claimed",), ("claim.claim_released",)
FULFILLED, DENIED = ("claim.item_fulfilled",), ("claim.fulfilment_denied",)
RATED = ("order.rated",)
CONTENT = ("satisfied", "basically")

SERVICES = count("services_delivered", "服务次数", "Services delivered", SERVED)
HOUSEHOLDS = distinct("households_served", "服务困难群体户数", "Households served", SERVED,
                      "household", "户")
STARTED = count("appointments_due", "到期预约", "Appointments due", "order.service_started",
                appointment=("kept", "missed"))

SERVING = (
    SERVICES,
    only(SERVICES, "services_after_hours", "八小时以外服务次数", "Services after hours",
         timing="after_hours"),
    only(SERVICES, "tailored_services", "差异化个性化服务", "Tailored services", "项",
         care="tailored"),
    total("resident_person_times", "服务居民人次", "Person-times served", SERVED, "beneficiaries",
          "人次"),
    only(HOUSEHOLDS, HOUSEHOLDS.name, HOUSEHOLDS.zh, HOUSEHOLDS.en, care="tailored"),
    total("output_quantity", "产出数量", "Output", SERVED, "output", "件"),
    distinct("members_participating", "参与党员", "Members taking part",
             (*SERVED, *CLAIMED, *FULFILLED), ("worker", "person"), down_on=(*RELEASED, *DENIED)),
    count("orders_placed", "下单", "Orders placed", "order.placed", "单"),
    count("orders_dispatched", "派单", "Orders dispatched", "order.dispatched", "单"),
    count("orders_accepted", "接单", "Orders accepted", "order.accepted", "单"),
    count("orders_declined", "退单", "Orders declined", "order.declined", "单"),
    count("orders_cancelled", "取消订单", "Orders cancelled", "order.cancelled", "单"),
    count("orders_confirmed", "居民确认", "Confirmed by the requester", "order.confirmed", "单"),
    count("orders_reopened", "订单重办", "Orders reopened", "order.reopened", "单"),
    count("orders_closed", "订单办结", "Orders closed", "order.closed", "单"),
    net("orders_open", "未完成订单", "Orders open", ("order.placed", "order.reopened"),
        (*SERVED, "order.cancelled"), "单"),
    count("orders_rated", "评单", "Orders rated", RATED, "单"),
    count("orders_rated_satisfied", "评单满意", "Rated satisfied", RATED, "单",
          satisfaction=CONTENT),
    STARTED,
    only(STARTED, "appointments_kept", "守约", "Appointments kept", appointment="kept"),
    ratio("acceptance_rate", "接单率", "Accepted", "orders_accepted", "orders_dispatched"),
    ratio("decline_rate", "退单率", "Declined", "orders_declined", "orders_dispatched"),
    ratio("match_rate", "供需匹配率", "Needs matched", "orders_accepted", "orders_placed"),
    ratio("order_satisfaction_rate", "评单满意率", "Satisfied with the service",
          "orders_rated_satisfied", "orders_rated"),
    ratio("appointment_kept_rate", "守约率", "Appointments kept", "appointments_kept",
          "appointments_due"),
)

# ---- posts, wishes, duties 认领: claim

CONFIRMED = ("claim.fulfilment_confirmed",)
HELD = net("places_claimed", "认领", "Places claimed", CLAIMED, RELEASED)

CLAIMING = (
    HELD,
    only(HELD, "posts_claimed", "认领服务岗位", "Posts claimed", variant="post"),
    only(HELD, "duties_claimed", "认领责任", "Duties claimed", "项", variant="duty"),
    only(HELD, "wishes_claimed", "微心愿认领", "Wishes claimed", variant="wish"),
    count("claims_released", "退领", "Claims released", RELEASED),
    count("wishes_published", "微心愿发布", "Wishes published", "claim.item_published", "个",
          variant="wish"),
    net("wishes_fulfilled", "微心愿兑现", "Wishes fulfilled", FULFILLED, DENIED, variant="wish"),
    count("wishes_confirmed", "微心愿确认", "Wishes confirmed", CONFIRMED, "个", variant="wish"),
    ratio("wish_fulfil_rate", "微心愿兑现率", "Wishes fulfilled", "wishes_confirmed",
          "wishes_published"),
    took("wish_days", "微心愿兑现用时", "Days to fulfil a wish", CONFIRMED, "published_at", DAY,
         "天", variant="wish"),
)

# ---- checking in 双报到: check_in

CHECKING_IN = (
    count("check_ins_requested", "报到申请", "Check-ins requested", "check_in.requested", "人次"),
    count("check_ins_confirmed", "报到确认", "Check-ins confirmed", "check_in.confirmed", "人次"),
    distinct("members_checked_in", "在册报到党员", "Members checked in", ("check_in.confirmed",),
             "person", down_on=("check_in.ended",)),
    count("feedback_sent", "反馈所在单位", "Feedback to home units",
          "check_in.feedback_sent_to_home_unit", "份"),
    count("feedback_acknowledged", "单位已阅", "Read by home units",
          "check_in.home_unit_acknowledged", "份"),
    ratio("two_way_feedback_rate", "双向反馈率", "Feedback read", "feedback_acknowledged",
          "feedback_sent"),
)

# ---- disputes 矛盾纠纷: dispute

SETTLED = ("dispute.resolved",)

MEDIATING = (
    count("disputes_registered", "矛盾登记", "Disputes registered", "dispute.registered", "起"),
    net("disputes_resolved", "化解矛盾", "Disputes resolved", SETTLED, ("dispute.relapsed",), "起"),
    count("disputes_referred", "矛盾转介", "Disputes referred", "dispute.referred", "起"),
    count("disputes_failed", "调解未成", "Mediation failed", "dispute.mediation_failed", "起"),
    count("disputes_relapsed", "矛盾反复", "Disputes relapsed", "dispute.relapsed", "起"),
    count("mediations_held", "调解", "Mediations held", "dispute.mediation_held"),
    distinct("mediators_active", "调解员", "Mediators", ("dispute.mediation_held", *SETTLED),
             "mediator"),
    ratio("dispute_resolution_rate", "矛盾化解率", "Disputes resolved", "disputes_resolved",
          "disputes_registered"),
    took("dispute_days", "矛盾化解用时", "Days to resolve a dispute", SETTLED, "registered_at", DAY,
         "天"),
)

# ---- issues 问题闭环: issue. Late is closed after due; hours are exact seconds / 3600

FOUND, REOPENED = ("issue.found",), ("issue.reopened",)
REPLIED, CLOSED = ("issue.fed_back",), ("issue.closed",)

CLOSING = count("issues_closed", "办结", "Issues closed", CLOSED, "件")
REPLYING = count("issues_replied", "已答复", "Issues replied to", REPLIED, "件")
OPEN = replace(net("issues_open", "未办结", "Issues open", (*FOUND, *REOPENED), CLOSED, "件"),
               unless={"after": "reply"})
WAITING = replace(net("issues_waiting", "待答复", "Issues waiting for a reply",
                      (*FOUND, *REOPENED), (*REPLIED, *CLOSED), "件"),
                  unless={"reply": ("untold", "earlier")})
TO_CLOSE = took("issue_hours_to_close_median", "办结用时中位数", "Median hours to close", CLOSED,
                "counted_from", HOUR, "小时")
TO_REPLY = took("issue_hours_to_reply_median", "答复用时中位数", "Median hours to reply", REPLIED,
                "counted_from", HOUR, "小时")

ISSUES = (
    count("issues_received", "受理", "Issues received", FOUND, "件"),
    replace(count("issues_with_target", "有时限受理", "Received with a target", FOUND, "件"),
            has="due_at"),
    OPEN,
    replace(only(OPEN, "issues_open_with_target", "有时限未办结", "Open with a target"),
            has="due_at"),
    replace(only(OPEN, "issues_open_overdue", "逾期未办结", "Open and overdue"), due="due_at"),
    CLOSING,
    replace(only(CLOSING, "issues_closed_late", "逾期办结", "Closed late"), late="due_at"),
    replace(only(CLOSING, "issues_closed_on_time", "按期办结", "Closed on time"),
            on_time="due_at"),
    replace(only(CLOSING, "issues_closed_with_target", "有时限办结", "Closed with a target"),
            has="due_at"),
    replace(count("issues_due", "应办结", "To be closed by now", (*FOUND, *REOPENED), "件"),
            due="due_at", unless={"after": "reply"}),
    replace(only(CLOSING, "issues_due_closed_on_time", "应办结中按期办结",
                 "Closed on time of those due"), on_time="due_at", due="due_at"),
    within(CLOSING, "1h", "1 小时", "1 hour", HOUR),
    within(CLOSING, "1d", "1 天", "1 day", DAY),
    within(CLOSING, "7d", "7 天", "7 days", 7 * DAY),
    TO_CLOSE,
    only(TO_CLOSE, "resolution_time", "办结用时", "Time to close"),
    replace(only(TO_CLOSE, "issue_hours_to_close_mean", "平均办结用时", "Mean hours to close"),
            statistic=Statistic.MEAN),
    replace(only(TO_CLOSE, "issue_hours_to_close_p90", "九成办结用时",
                 "90th percentile of hours to close"), statistic=Statistic.P90),
    REPLYING,
    within(REPLYING, "1h", "1 小时", "1 hour", HOUR),
    within(REPLYING, "1d", "1 天", "1 day", DAY),
    within(REPLYING, "7d", "7 天", "7 days", 7 * DAY),
    within(REPLYING, "15d", "15 天", "15 days", 15 * DAY),
    within(REPLYING, "30d", "30 天", "30 days", 30 * DAY),
    TO_REPLY,
    replace(only(TO_REPLY, "issue_hours_to_reply_mean", "平均答复用时", "Mean hours to reply"),
            statistic=Statistic.MEAN),
    replace(only(TO_REPLY, "issue_hours_to_reply_p90", "九成答复用时",
                 "90th percentile of hours to reply"), statistic=Statistic.P90),
    WAITING,
    replace(only(WAITING, "issues_waiting_over_7d", "待答复超 7 天", "Waiting over 7 days"),
            older_than=(("opened_at", "counted_from"), 7 * DAY)),
    distinct("issue_requesters", "诉求人", "Requesters", FOUND, "requester"),
    count("anomaly_close_before_open", "办结早于受理", "Closed before opened, says the source",
          "issue.close_refused", "件"),
    only(CLOSING, "problems_solved", "解决问题", "Problems solved", "个", resolution="solved"),
    replace(only(CLOSING, "issues_closed_unsolved", "未解决办结", "Closed, not solved"),
            unless={"resolution": ("solved", "not_stated")}),
    count("issues_confirmed_solved", "诉求人确认解决", "Solved, says the requester",
          "issue.confirmed", "件"),
    replace(count("issues_answered", "诉求人已表态", "The requester answered",
                  ("issue.confirmed", *REOPENED), "件"),
            unless={"reason": ("check_failed", "came_back")}),
    count("issues_checked", "已核查", "Issues checked", "issue.verified", "件"),
    count("issues_verified_solved", "核查确已解决", "Found solved", "issue.verified", "件",
          finding="solved"),
    count("issues_reopened", "重办", "Issues reopened", REOPENED, "件", after="closed"),
    count("issues_assigned", "交办", "Issues assigned", "issue.assigned", "件"),
    count("issues_returned", "退回", "Issues returned", "issue.returned", "件"),
    count("issues_escalated", "督办", "Issues escalated", "issue.escalated", "件"),
    count("issues_contacted", "联系诉求人", "Requesters contacted", "issue.requester_contacted"),
    ratio("on_time_close_rate", "按时办结率", "Closed on time", "issues_due_closed_on_time",
          "issues_due"),
    ratio("resolution_rate", "解决率（承办声明）", "Solved, as declared", "problems_solved",
          "issues_closed"),
    ratio("resolution_rate_confirmed", "解决率（诉求人确认）", "Solved, as confirmed",
          "issues_confirmed_solved", "issues_answered"),
    ratio("resolution_rate_verified", "解决率（核查）", "Solved, as verified",
          "issues_verified_solved", "issues_checked"),
    ratio("closed_unsolved_share", "未解决办结占比", "Closed, not solved",
          "issues_closed_unsolved", "issues_closed"),
    ratio("reopen_rate", "重办率", "Reopened", "issues_reopened", "issues_closed"),
    ratio("return_rate", "退回率", "Returned", "issues_returned", "issues_assigned"),
    ratio("response_rate", "响应率", "Responded to", "issues_contacted", "issues_received"),
    ratio("escalation_rate", "督办率", "Escalated", "issues_escalated", "issues_received"),
)

# ---- deadlines, feedback, honesty 时限、评价、核验

OPINIONS = ("record.feedback_given", *RATED)

CHALLENGE = "record.challenge"
ANSWERED = count("challenges_answered", "质疑已答复", "Challenges answered", "deadline.ended",
                 clock=CHALLENGE)

HONESTY = (
    count("deadlines_ended", "时限已结", "Deadlines ended", "deadline.ended", "个"),
    total("deadlines_met", "时限内完成", "Deadlines met", ("deadline.ended",), "on_time", "个"),
    count("deadlines_missed", "逾期提醒", "Deadlines missed, as known then", "deadline.missed"),
    count("deadlines_extended", "延期", "Deadlines extended", "deadline.extended"),
    total("deadlines_due", "应结时限", "Deadlines that had to be kept by now",
          ("deadline.ended", "deadline.missed"), "due", "个"),
    ratio("on_time_rate", "按时率", "On time", "deadlines_met", "deadlines_due"),
    count("feedback_received", "评价", "Feedback received", OPINIONS),
    count("feedback_satisfied", "满意评价", "Satisfied", OPINIONS, satisfaction=CONTENT),
    ratio("satisfaction_rate", "满意率", "Satisfied", "feedback_satisfied", "feedback_received"),
    count("records_confirmed", "对方确认", "Confirmed by the other side",
          "record.counterparty_confirmed"),
    count("records_verified", "核验", "Verified by an auditor", "record.verified"),
    count("records_corrected", "更正", "Corrected", "record.corrected"),
    count("records_voided", "作废", "Voided", "record.voided"),
    count("records_challenged", "质疑", "Challenged", "record.challenged"),
    ANSWERED,
    replace(total("challenges_due", "应答复质疑", "Challenges to be answered by now",
                  ("deadline.ended", "deadline.missed"), "due", "次"), where={"clock": CHALLENGE}),
    replace(total("challenges_answered_on_time", "质疑按时答复", "Challenges answered in time",
                  ("deadline.ended",), "on_time", "次"), where={"clock": CHALLENGE}),
    count("challenges_missed", "质疑逾期未答复", "Challenges not answered in time",
          "deadline.missed", clock=CHALLENGE),
    count("records_upheld", "质疑未采纳", "Upheld when challenged", "record.upheld"),
    ratio("challenge_answer_rate", "质疑按时答复率", "Challenges answered on time",
          "challenges_answered_on_time", "challenges_due"),
    count("late_entries", "补录", "Entered late", "record.entered_late"),
    count("evidence_attached", "佐证", "Evidence attached", "record.evidence_attached", "份"),
    count("duplicates_linked", "并案", "Duplicates linked", "record.duplicate_linked", "件"),
    ratio("duplicate_share", "重复诉求占比", "Duplicates", "duplicates_linked", "issues_received"),
)

# ---- what there is 现状: areas, organisations, people, teams

AREAS = replace(
    net("areas", "区域", "Areas", ("area.defined",), ("area.redrawn",)), unless={"level": ""}
)
ORGS = net("orgs", "组织", "Organisations", ("org.registered",), ("org.closed",))
PEOPLE = distinct("people_listed", "在册人员", "People listed",
                  ("person.registered", "person.affiliation_transferred"), "person",
                  down_on=("person.left", "person.affiliation_released"))
TEAMS = net("teams_active", "服务队", "Teams", ("team.formed",), ("team.disbanded",), "支")
PROFESSIONAL = ("education_medical", "poverty_relief", "security", "environment", "legal")

STANDING = (
    AREAS,
    only(AREAS, "streets", "街道", "Streets", level="street"),
    only(AREAS, "communities", "社区", "Communities", level="community"),
    only(AREAS, "grids", "网格", "Grids", level="grid"),
    ORGS,
    only(ORGS, "resident_units", "驻区单位", "Resident units", org_kind="resident_unit"),
    only(ORGS, "new_orgs", "“两新”组织", "New organisations", org_kind="new_org"),
    only(ORGS, "social_orgs", "社会组织", "Social organisations", org_kind="social_org"),
    only(ORGS, "party_orgs", "基层党组织", "Party organisations", org_kind="party_org"),
    PEOPLE,
    only(PEOPLE, "party_members", "党员", "Party members", membership="member"),
    only(PEOPLE, "serving_members", "在职党员", "Serving members", affiliation="serving_member"),
    only(PEOPLE, "volunteers", "志愿者", "Volunteers", affiliation="volunteer"),
    only(PEOPLE, "community_workers", "专职社区工作者", "Community workers",
         affiliation="community_worker"),
    TEAMS,
    only(TEAMS, "arts_teams", "文艺队伍", "Arts teams", team_kind="arts"),
    only(TEAMS, "professional_teams", "专业型党员服务队", "Professional teams",
         team_kind=PROFESSIONAL),
    distinct("team_members", "服务队队员", "Team members", ("team.member_joined",), "person",
             down_on=("team.member_left",)),
)

# fmt: on

COUNTERS: tuple[Counter, ...] = (
    *SERVING,
    *CLAIMING,
    *CHECKING_IN,
    *MEDIATING,
    *ISSUES,
    *issue_told.NUMBERS,
    *deliberation.NUMBERS,
    *lists.NUMBERS,
    *pact.NUMBERS,
    *project.NUMBERS,
    *card.NUMBERS,
    *seat.NUMBERS,
    *service_post.NUMBERS,
    *HONESTY,
    *STANDING,
    *agency.NUMBERS,
    *commitment.NUMBERS,
    *assessment.NUMBERS,
    *fund.NUMBERS,
    *campaign.NUMBERS,
    *indicator.NUMBERS,
    *callout.NUMBERS,
    *visit.NUMBERS,
    *activity.NUMBERS,
    *venue.NUMBERS,
    *grade.NUMBERS,
    *care_label.NUMBERS,
)
"""All public numbers."""

HEADLINES = (
    "services_after_hours",
    "members_participating",
    "posts_claimed",
    "resident_person_times",
    "disputes_resolved",
    "problems_solved",
    "households_served",
    "tailored_services",
    "wishes_fulfilled",
    "on_time_rate",
    "satisfaction_rate",
)
"""What a board shows first."""
