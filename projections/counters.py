"""公开指标 · Every public number, one declaration each. A new one is a line here.

Names are what scripts and reports hold on to. The measure word 量词 is what people say after the
number. Where a number comes from a source, its docstring there says which; rates are always given
with numerator and denominator.
"""

from __future__ import annotations

from dataclasses import replace

from projections.declare import Counter, Measure, Statistic

HOUR, DAY = 3_600, 86_400

SERVED = ("order.service_delivered",)
CLAIMED, RELEASED = ("claim.item_claimed",), ("claim.claim_released",)
FULFILLED, DENIED = ("claim.item_fulfilled",), ("claim.fulfilment_denied",)
CHECKED_IN, CHECKED_OUT = ("check_in.confirmed",), ("check_in.ended",)
RESOLVED = ("dispute.resolved",)
FOUND, REPLIED, CLOSED = ("issue.found",), ("issue.fed_back",), ("issue.closed",)
REOPENED = ("issue.reopened",)
LISTED = ("person.registered", "person.affiliation_transferred")
UNLISTED = ("person.left", "person.affiliation_released")
ENDED = ("deadline.ended",)


def ratio(name: str, zh: str, en: str, numerator: str, denominator: str) -> Counter:
    """A rate: two counters, shown together."""
    return Counter(
        name,
        zh,
        en,
        measure=Measure.RATIO,
        numerator=numerator,
        denominator=denominator,
        word="%",
    )


def state(name: str, zh: str, en: str, *facts: tuple[str, ...], word: str = "个") -> Counter:
    """How many there are now: those that came, less those that went."""
    came, went = facts
    return Counter(name, zh, en, on=came, down_on=went, measure=Measure.CURRENT, word=word)


def times(name: str, zh: str, en: str, fact: str, word: str = "次") -> Counter:
    """How often one fact was recorded."""
    return Counter(name, zh, en, on=(fact,), word=word)


# ---- services 服务 (order 点单)

SERVICES = Counter("services_delivered", "服务次数", "Services delivered", on=SERVED)

SERVING = (
    SERVICES,
    replace(
        SERVICES,
        name="services_after_hours",
        zh="八小时以外服务次数",
        en="Services after hours",
        where={"timing": "after_hours"},
    ),
    replace(
        SERVICES,
        name="tailored_services",
        zh="差异化个性化服务",
        en="Tailored services",
        where={"care": "tailored"},
        word="项",
    ),
    replace(
        SERVICES,
        name="resident_person_times",
        zh="服务居民人次",
        en="Person-times served",
        measure=Measure.SUM,
        of="beneficiaries",
        word="人次",
    ),
    replace(
        SERVICES,
        name="households_served",
        zh="服务困难群体户数",
        en="Households served",
        measure=Measure.DISTINCT,
        of="household",
        where={"care": "tailored"},
        word="户",
    ),
    replace(
        SERVICES,
        name="output_quantity",
        zh="产出数量",
        en="Output",
        measure=Measure.SUM,
        of="output",
        word="件",
    ),
    Counter(
        "members_participating",
        "参与党员",
        "Members taking part",
        on=(*SERVED, *CLAIMED, *FULFILLED),
        down_on=(*RELEASED, *DENIED),
        measure=Measure.DISTINCT,
        of=("worker", "person"),
        word="名",
    ),
    times("orders_placed", "下单", "Orders placed", "order.placed", "单"),
    times("orders_dispatched", "派单", "Orders dispatched", "order.dispatched", "单"),
    times("orders_accepted", "接单", "Orders accepted", "order.accepted", "单"),
    times("orders_declined", "退单", "Orders declined", "order.declined", "单"),
    times("orders_cancelled", "取消", "Orders cancelled", "order.cancelled", "单"),
    times("orders_confirmed", "居民确认", "Confirmed by the requester", "order.confirmed", "单"),
    times("orders_reopened", "重办", "Orders reopened", "order.reopened", "单"),
    times("orders_closed", "办结", "Orders closed", "order.closed", "单"),
    times("orders_rated", "评单", "Orders rated", "order.rated", "单"),
    state(
        "orders_open",
        "未完成订单",
        "Orders open",
        ("order.placed", "order.reopened"),
        (*SERVED, "order.cancelled"),
        word="单",
    ),
    Counter(
        "orders_rated_satisfied",
        "评价满意",
        "Rated satisfied",
        on=("order.rated",),
        where={"satisfaction": ("satisfied", "basically")},
        word="单",
    ),
    Counter(
        "appointments_due", "到期预约", "Appointments due", on=("order.service_started",),
        where={"appointment": ("kept", "missed")},
    ),
    Counter(
        "appointments_kept", "守约", "Appointments kept", on=("order.service_started",),
        where={"appointment": "kept"},
    ),
    ratio("acceptance_rate", "接单率", "Accepted", "orders_accepted", "orders_dispatched"),
    ratio("decline_rate", "退单率", "Declined", "orders_declined", "orders_dispatched"),
    ratio("match_rate", "供需匹配率", "Needs matched", "orders_accepted", "orders_placed"),
    ratio(
        "order_satisfaction_rate",
        "评单满意率",
        "Satisfied with the service",
        "orders_rated_satisfied",
        "orders_rated",
    ),
    ratio(
        "appointment_kept_rate", "守约率", "Appointments kept", "appointments_kept",
        "appointments_due",
    ),
)  # fmt: skip

# ---- posts, wishes, duties 认领 (claim)

CLAIMING = (
    Counter(
        "posts_claimed", "认领服务岗位", "Posts claimed",
        on=CLAIMED, down_on=RELEASED, where={"variant": "post"}, word="个",
    ),
    Counter(
        "duties_claimed", "认领责任", "Duties claimed",
        on=CLAIMED, down_on=RELEASED, where={"variant": "duty"}, word="项",
    ),
    Counter(
        "wishes_published", "微心愿发布", "Wishes published",
        on=("claim.item_published",), where={"variant": "wish"}, word="个",
    ),
    Counter(
        "wishes_claimed", "微心愿认领", "Wishes claimed",
        on=CLAIMED, down_on=RELEASED, where={"variant": "wish"}, word="个",
    ),
    Counter(
        "wishes_fulfilled", "微心愿兑现", "Wishes fulfilled",
        on=FULFILLED, down_on=DENIED, where={"variant": "wish"}, word="个",
    ),
    Counter(
        "wishes_confirmed", "微心愿确认", "Wishes confirmed",
        on=("claim.fulfilment_confirmed",), where={"variant": "wish"}, word="个",
    ),
    ratio(
        "wish_fulfil_rate", "微心愿兑现率", "Wishes fulfilled", "wishes_confirmed",
        "wishes_published",
    ),
    Counter(
        "wish_days", "微心愿兑现用时", "Days to fulfil a wish",
        on=("claim.fulfilment_confirmed",), where={"variant": "wish"}, measure=Measure.DURATION,
        since="published_at", per=DAY, word="天",
    ),
    times("items_claimed", "认领", "Items claimed", "claim.item_claimed"),
    times("claims_released", "退领", "Claims released", "claim.claim_released"),
)  # fmt: skip

# ---- checking in 双报到

CHECKING_IN = (
    times("check_ins_requested", "报到申请", "Check-ins requested", "check_in.requested", "人次"),
    times("check_ins_confirmed", "报到确认", "Check-ins confirmed", "check_in.confirmed", "人次"),
    Counter(
        "members_checked_in", "在册报到党员", "Members checked in",
        on=CHECKED_IN, down_on=CHECKED_OUT, measure=Measure.DISTINCT, of="person", word="名",
    ),
    times(
        "feedback_sent", "反馈所在单位", "Feedback to home units",
        "check_in.feedback_sent_to_home_unit", "份",
    ),
    times(
        "feedback_acknowledged", "单位已阅", "Read by home units",
        "check_in.home_unit_acknowledged", "份",
    ),
    ratio(
        "two_way_feedback_rate", "双向反馈率", "Feedback read", "feedback_acknowledged",
        "feedback_sent",
    ),
)  # fmt: skip

# ---- disputes 矛盾纠纷

MEDIATING = (
    times("disputes_registered", "矛盾登记", "Disputes registered", "dispute.registered", "起"),
    Counter(
        "disputes_resolved", "化解矛盾", "Disputes resolved",
        on=RESOLVED, down_on=("dispute.relapsed",), word="起",
    ),
    times("disputes_referred", "矛盾转介", "Disputes referred", "dispute.referred", "起"),
    times("disputes_failed", "调解未成", "Mediation failed", "dispute.mediation_failed", "起"),
    times("disputes_relapsed", "矛盾反复", "Disputes relapsed", "dispute.relapsed", "起"),
    times("mediations_held", "调解", "Mediations held", "dispute.mediation_held"),
    Counter(
        "mediators_active", "调解员", "Mediators",
        on=("dispute.mediation_held", *RESOLVED), measure=Measure.DISTINCT, of="mediator",
        word="名",
    ),
    ratio(
        "dispute_resolution_rate", "矛盾化解率", "Disputes resolved", "disputes_resolved",
        "disputes_registered",
    ),
    Counter(
        "dispute_days", "矛盾化解用时", "Days to resolve a dispute",
        on=RESOLVED, measure=Measure.DURATION, since="registered_at", per=DAY, word="天",
    ),
)  # fmt: skip

# ---- issues 问题闭环

OPEN = Counter(
    "issues_open",
    "未办结",
    "Issues open",
    on=(*FOUND, *REOPENED),
    down_on=CLOSED,
    measure=Measure.CURRENT,
    unless={"after": "reply"},
    word="件",
)
WAITING = Counter(
    "issues_waiting",
    "待答复",
    "Issues waiting for a reply",
    on=(*FOUND, *REOPENED),
    down_on=(*REPLIED, *CLOSED),
    measure=Measure.CURRENT,
    unless={"reply": ("untold", "earlier")},
    word="件",
)
CLOSING = Counter("issues_closed", "办结", "Issues closed", on=CLOSED, word="件")
REPLYING = Counter("issues_replied", "已答复", "Issues replied to", on=REPLIED, word="件")
HOURS_TO_CLOSE = Counter(
    "issue_hours_to_close_median",
    "办结用时中位数",
    "Median hours to close",
    on=CLOSED,
    measure=Measure.DURATION,
    since="counted_from",
    per=HOUR,
    word="小时",
)
HOURS_TO_REPLY = replace(
    HOURS_TO_CLOSE,
    name="issue_hours_to_reply_median",
    zh="答复用时中位数",
    en="Median hours to reply",
    on=REPLIED,
)


def within(base: Counter, label: str, zh: str, en: str, seconds: int) -> Counter:
    """Those that took at most so long."""
    return replace(
        base,
        name=f"{base.name}_within_{label}",
        zh=f"{zh}内{base.zh}",
        en=f"{base.en} within {en}",
        within=("counted_from", seconds),
    )


ISSUES = (
    times("issues_received", "受理", "Issues received", "issue.found", "件"),
    CLOSING,
    OPEN,
    replace(
        OPEN, name="issues_open_with_target", zh="有时限未办结", en="Open with a target",
        has="due_at",
    ),
    replace(
        OPEN, name="issues_open_overdue", zh="逾期未办结", en="Open and overdue", due="due_at"
    ),
    Counter(
        "issues_with_target", "有时限受理", "Received with a target",
        on=FOUND, has="due_at", word="件",
    ),
    replace(CLOSING, name="issues_closed_late", zh="逾期办结", en="Closed late", late="due_at"),
    replace(
        CLOSING, name="issues_closed_on_time", zh="按期办结", en="Closed on time",
        on_time="due_at",
    ),
    replace(
        CLOSING, name="issues_closed_with_target", zh="有时限办结", en="Closed with a target",
        has="due_at",
    ),
    within(CLOSING, "1h", "1 小时", "1 hour", HOUR),
    within(CLOSING, "1d", "1 天", "1 day", DAY),
    within(CLOSING, "7d", "7 天", "7 days", 7 * DAY),
    HOURS_TO_CLOSE,
    replace(
        HOURS_TO_CLOSE, name="issue_hours_to_close_mean", zh="平均办结用时",
        en="Mean hours to close", statistic=Statistic.MEAN,
    ),
    replace(
        HOURS_TO_CLOSE, name="issue_hours_to_close_p90", zh="九成办结用时",
        en="90th percentile of hours to close", statistic=Statistic.P90,
    ),
    replace(HOURS_TO_CLOSE, name="resolution_time", zh="办结用时", en="Time to close"),
    REPLYING,
    within(REPLYING, "1h", "1 小时", "1 hour", HOUR),
    within(REPLYING, "1d", "1 天", "1 day", DAY),
    within(REPLYING, "7d", "7 天", "7 days", 7 * DAY),
    within(REPLYING, "15d", "15 天", "15 days", 15 * DAY),
    within(REPLYING, "30d", "30 天", "30 days", 30 * DAY),
    HOURS_TO_REPLY,
    replace(
        HOURS_TO_REPLY, name="issue_hours_to_reply_mean", zh="平均答复用时",
        en="Mean hours to reply", statistic=Statistic.MEAN,
    ),
    replace(
        HOURS_TO_REPLY, name="issue_hours_to_reply_p90", zh="九成答复用时",
        en="90th percentile of hours to reply", statistic=Statistic.P90,
    ),
    WAITING,
    replace(
        WAITING, name="issues_waiting_over_7d", zh="待答复超 7 天", en="Waiting over 7 days",
        older_than=(("opened_at", "counted_from"), 7 * DAY),
    ),
    Counter(
        "issue_requesters", "诉求人", "Requesters",
        on=FOUND, measure=Measure.DISTINCT, of="requester", word="名",
    ),
    times(
        "anomaly_close_before_open", "办结早于受理", "Closed before opened, says the source",
        "issue.close_refused", "件",
    ),
    Counter(
        "problems_solved", "解决问题", "Problems solved",
        on=CLOSED, where={"resolution": "solved"}, word="个",
    ),
    Counter(
        "issues_closed_unsolved", "未解决办结", "Closed, not solved",
        on=CLOSED, unless={"resolution": ("solved", "not_stated")}, word="件",
    ),
    times(
        "issues_confirmed_solved", "诉求人确认解决", "Solved, says the requester",
        "issue.confirmed", "件",
    ),
    Counter(
        "issues_denied_solved", "诉求人反映未解决", "Not solved, says the requester",
        on=REOPENED, where={"reason": "not_solved"}, word="件",
    ),
    Counter(
        "issues_answered", "诉求人已表态", "The requester answered",
        on=("issue.confirmed", *REOPENED), unless={"reason": ("check_failed", "came_back")},
        word="件",
    ),
    times("issues_checked", "已核查", "Issues checked", "issue.verified", "件"),
    Counter(
        "issues_verified_solved", "核查确已解决", "Found solved",
        on=("issue.verified",), where={"finding": "solved"}, word="件",
    ),
    Counter(
        "issues_reopened", "重办", "Issues reopened",
        on=REOPENED, where={"after": "closed"}, word="件",
    ),
    times("issues_assigned", "交办", "Issues assigned", "issue.assigned", "件"),
    times("issues_returned", "退回", "Issues returned", "issue.returned", "件"),
    times("issues_escalated", "督办", "Issues escalated", "issue.escalated", "件"),
    times("issues_contacted", "联系诉求人", "Requesters contacted", "issue.requester_contacted"),
    ratio("on_time_close_rate", "按时办结率", "Closed on time", "issues_closed_on_time",
          "issues_closed_with_target"),
    ratio("resolution_rate", "解决率(承办声明)", "Solved, as declared", "problems_solved",
          "issues_closed"),
    ratio("resolution_rate_confirmed", "解决率(诉求人确认)", "Solved, as confirmed",
          "issues_confirmed_solved", "issues_answered"),
    ratio("resolution_rate_verified", "解决率(核查)", "Solved, as verified",
          "issues_verified_solved", "issues_checked"),
    ratio("closed_unsolved_share", "未解决办结占比", "Closed, not solved",
          "issues_closed_unsolved", "issues_closed"),
    ratio("reopen_rate", "重办率", "Reopened", "issues_reopened", "issues_closed"),
    ratio("return_rate", "退回率", "Returned", "issues_returned", "issues_assigned"),
    ratio("response_rate", "响应率", "Responded to", "issues_contacted", "issues_received"),
    ratio("escalation_rate", "督办率", "Escalated", "issues_escalated", "issues_received"),
)  # fmt: skip

# ---- deadlines, feedback, honesty 时限、评价、核验

HONESTY = (
    Counter("deadlines_ended", "时限已结", "Deadlines ended", on=ENDED, word="个"),
    Counter(
        "deadlines_met", "时限内完成", "Deadlines met",
        on=ENDED, measure=Measure.SUM, of="on_time", word="个",
    ),
    times("deadlines_missed", "逾期提醒", "Deadlines missed, as known then", "deadline.missed"),
    times("deadlines_extended", "延期", "Deadlines extended", "deadline.extended"),
    ratio("on_time_rate", "按时率", "On time", "deadlines_met", "deadlines_ended"),
    times("feedback_given", "评价", "Feedback given", "record.feedback_given"),
    Counter(
        "feedback_satisfied", "满意评价", "Satisfied",
        on=("record.feedback_given", "order.rated"),
        where={"satisfaction": ("satisfied", "basically")},
    ),
    Counter(
        "feedback_received", "全部评价", "All feedback",
        on=("record.feedback_given", "order.rated"),
    ),
    ratio("satisfaction_rate", "满意率", "Satisfied", "feedback_satisfied", "feedback_received"),
    times("records_confirmed", "对方确认", "Confirmed by the other side",
          "record.counterparty_confirmed"),
    times("records_verified", "核验", "Verified by an auditor", "record.verified"),
    times("records_corrected", "更正", "Corrected", "record.corrected"),
    times("records_voided", "作废", "Voided", "record.voided"),
    times("records_challenged", "质疑", "Challenged", "record.challenged"),
    times("late_entries", "补录", "Entered late", "record.entered_late"),
    times("duplicates_linked", "并案", "Duplicates linked", "record.duplicate_linked", "件"),
    times("evidence_attached", "佐证", "Evidence attached", "record.evidence_attached", "份"),
    ratio("duplicate_share", "重复诉求占比", "Duplicates", "duplicates_linked", "issues_received"),
)  # fmt: skip

# ---- what there is: areas, organisations, people, teams 区域、组织、人员、队伍

AREAS = Counter("areas", "区域", "Areas", on=("area.defined",), measure=Measure.CURRENT, word="个")
ORGS = state("orgs", "组织", "Organisations", ("org.registered",), ("org.closed",))
PEOPLE = Counter(
    "people_listed",
    "在册人员",
    "People listed",
    on=LISTED,
    down_on=UNLISTED,
    measure=Measure.DISTINCT,
    of="person",
    word="名",
)
TEAMS = state("teams_active", "服务队", "Teams", ("team.formed",), ("team.disbanded",), word="支")

STANDING = (
    AREAS,
    replace(AREAS, name="streets", zh="街道", en="Streets", where={"level": "street"}),
    replace(AREAS, name="communities", zh="社区", en="Communities", where={"level": "community"}),
    replace(AREAS, name="grids", zh="网格", en="Grids", where={"level": "grid"}),
    ORGS,
    replace(
        ORGS, name="resident_units", zh="驻区单位", en="Resident units",
        where={"org_kind": "resident_unit"},
    ),
    replace(
        ORGS, name="new_orgs", zh="“两新”组织", en="New organisations",
        where={"org_kind": "new_org"},
    ),
    replace(
        ORGS, name="social_orgs", zh="社会组织", en="Social organisations",
        where={"org_kind": "social_org"},
    ),
    replace(
        ORGS, name="party_orgs", zh="基层党组织", en="Party organisations",
        where={"org_kind": "party_org"},
    ),
    PEOPLE,
    replace(
        PEOPLE, name="party_members", zh="党员", en="Party members",
        where={"membership": "member"},
    ),
    replace(
        PEOPLE, name="serving_members", zh="在职党员", en="Serving members",
        where={"affiliation": "serving_member"},
    ),
    replace(
        PEOPLE, name="volunteers", zh="志愿者", en="Volunteers",
        where={"affiliation": "volunteer"},
    ),
    replace(
        PEOPLE, name="community_workers", zh="专职社区工作者", en="Community workers",
        where={"affiliation": "community_worker"},
    ),
    TEAMS,
    replace(
        TEAMS, name="arts_teams", zh="文艺队伍", en="Arts teams", where={"team_kind": "arts"}
    ),
    replace(
        TEAMS, name="professional_teams", zh="专业型党员服务队", en="Professional teams",
        where={
            "team_kind": (
                "education_medical", "poverty_relief", "security", "environment", "legal",
            )
        },
    ),
    Counter(
        "team_members", "服务队队员", "Team members",
        on=("team.member_joined",), down_on=("team.member_left",), measure=Measure.DISTINCT,
        of="person", word="名",
    ),
)  # fmt: skip

COUNTERS: tuple[Counter, ...] = (
    *SERVING,
    *CLAIMING,
    *CHECKING_IN,
    *MEDIATING,
    *ISSUES,
    *HONESTY,
    *STANDING,
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
