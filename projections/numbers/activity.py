"""活动 · The numbers of activities, and of what is due in every period."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import count, distinct, only, ratio, total

# fmt: off

HELD = ("activity.held",)
SEEN = ("activity.attendance_recorded",)
KEPT = ("on_time", "late")

SESSIONS = count("activities_held", "活动", "Activities held", HELD, "场次")
PERSON_TIMES = total("attendance", "参加人次", "Attendance", SEEN, "number", "人次")
DUTY = count("duties_held", "定期活动已开展", "Periodic sessions held", HELD, "次", duty=KEPT)

NUMBERS: tuple[Counter, ...] = (
    count("activities_planned", "策划活动", "Activities planned", "activity.planned", "个"),
    count("activities_announced", "公示活动", "Activities announced", "activity.announced"),
    count("activities_announced_in_time", "提前公示", "Announced in time", "activity.announced",
          notice="in_time"),
    count("activities_cancelled", "取消活动", "Activities cancelled", "activity.cancelled", "个"),
    SESSIONS,
    only(SESSIONS, "meetings_held", "会议", "Meetings held", "次", form="meeting"),
    only(SESSIONS, "study_sessions", "学习活动", "Study sessions", "次", form="study"),
    only(SESSIONS, "theme_days_held", "主题党日", "Theme days held", "次", form="theme_day"),
    only(SESSIONS, "volunteering_sessions", "志愿服务活动", "Volunteering sessions", "个",
         form="volunteering"),
    only(SESSIONS, "culture_events", "文体活动", "Cultural events", form="culture"),
    only(SESSIONS, "trainings_held", "培训", "Trainings held", "次", form="training"),
    only(SESSIONS, "help_activities", "帮扶活动", "Helping activities", "次", form="help"),
    PERSON_TIMES,
    only(PERSON_TIMES, "resident_participants", "群众参与", "Residents taking part",
         role="resident"),
    only(PERSON_TIMES, "member_attendance", "党员参加", "Members taking part", role="member"),
    only(PERSON_TIMES, "volunteer_attendance", "志愿者参加", "Volunteers taking part",
         role="volunteer"),
    only(PERSON_TIMES, "person_times_mobilised", "动员人次", "Person-times mobilised",
         role="worker"),
    distinct("people_attending", "参加人数", "People taking part", SEEN, "person", "人"),
    total("activity_output", "活动产出", "Output of activities", HELD, "output", "件"),
    count("minutes_published", "公布纪要", "Minutes published", "activity.minutes_published", "份"),
    total("matters_discussed", "议题", "Matters discussed", ("activity.minutes_published",),
          "matters", "项"),
    count("results_linked", "成果衔接", "Results followed by a case", "activity.result_linked",
          "项"),
    DUTY,
    only(DUTY, "duties_held_on_time", "按期开展", "Held on time", duty="on_time"),
    total("duties_missed", "未开展期次", "Periods missed", ("activity.periods_missed",), "periods",
          "次"),
    total("duties_due", "应开展期次", "Periods due", (*HELD, "activity.periods_missed"), "periods",
          "次"),
    ratio("due_meetings_held", "应开展已开展", "Held of due", "duties_held", "duties_due",
          least=0),
    ratio("duties_on_time_rate", "按期开展率", "Held on time", "duties_held_on_time",
          "duties_due", least=0),
    ratio("announced_in_time_rate", "提前公示率", "Announced in time",
          "activities_announced_in_time", "activities_announced"),
    ratio("minutes_rate", "纪要公布率", "Minutes published", "minutes_published",
          "meetings_held"),
)
"""All public numbers of activities."""
