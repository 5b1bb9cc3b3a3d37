"""服务队 · Team: service teams, who is in them, and when they were formed and disbanded.

Stream `team/<code>`; the code is the book `team` of every deed of its members. A team counts in the
community (or street) it was formed for, and under the unit that formed it.
"""

from __future__ import annotations

from typing import Annotated

from events.fact import Books, Coded, Member
from services.kernel.words import (
    Actor,
    AreaCode,
    Choice,
    Help,
    Label,
    Name,
    Party,
    Person,
    Refusal,
    TeamCode,
    UnitCode,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

MEMBERS_MAX = 500

KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.UNIT_ADMIN)

IN_IT_ALREADY = Refusal("in_it_already", "{person} 已在该队", "{person} is in the team already")
NOT_IN_IT = Refusal("not_in_it", "{person} 不在该队", "{person} is not in the team")
TEAM_FULL = Refusal(
    "team_full",
    "该队已有 {members} 人，达到上限，请另组一队",
    "the team has {members} people, as many as it may have: form another",
)


class TeamKind(Choice, zh="队伍类别", en="Kind of team"):
    """What it is good at."""

    EDUCATION_MEDICAL = "education_medical", "教育医疗", "Education and health"
    POVERTY_RELIEF = "poverty_relief", "扶贫帮困", "Help for the needy"
    SECURITY = "security", "治安维稳", "Public safety"
    ENVIRONMENT = "environment", "环境保护"
    LEGAL = "legal", "法律咨询", "Legal advice"
    ARTS = "arts", "文艺"
    GRID_GROUP = "grid_group", "网格党员活动小组", "Grid activity group"
    MICRO = "micro", "微团队", "Micro-team"
    DEPARTMENT = "department", "部门常驻队伍", "Resident team of a department"
    EMERGENCY = "emergency", "应急"
    GENERAL = "general", "综合志愿服务", "General volunteering"


class DisbandReason(Choice, zh="解散原因", en="Reason"):
    """Why a team is no more."""

    DONE = "done", "任务完成", "Its work is done"
    MERGED = "merged", "并入他队", "Merged into another"
    INACTIVE = "inactive", "长期不活动"


FormedBy = Annotated[UnitCode | None, Label("组建单位", "Formed by")]
TeamName = Annotated[Name | None, Label("队名", "Name"), Help("可不填", "May be left out")]


class Team(State):
    """One team."""

    team_kind: TeamKind
    members: frozenset[str]

    def parties(self, actor: Actor) -> set[Party]:
        """Its members, and the unit that formed it."""
        found = {Party.HOLDER} if actor.person in self.members else set()
        return found | super().parties(actor)


class Active(Team, zh="在册"):
    """It serves."""


class Disbanded(Team, zh="已解散"):
    """It does not any more; its deeds stay in the books."""


class TeamFormed(Fact, zh="队伍已组建"):
    """There is such a team from now on."""

    code: TeamCode
    team_kind: Annotated[TeamKind, Coded]
    name: TeamName = None

    def apply(self, nothing: None) -> Active:
        """Nobody is in it yet."""
        return Active(self.about, self.team_kind, frozenset())


class MemberJoined(Fact, zh="队员已加入"):
    """Somebody is in it from now on."""

    person: Annotated[Person, Member]
    team_kind: Annotated[TeamKind, Coded]

    def apply(self, team: Active) -> Active:
        """One more."""
        return Active(team.about, team.team_kind, team.members | {self.person})


class MemberLeft(Fact, zh="队员已退出"):
    """Somebody is not in it any more."""

    person: Annotated[Person, Member]
    team_kind: Annotated[TeamKind, Coded]

    def apply(self, team: Active) -> Active:
        """One fewer."""
        return Active(team.about, team.team_kind, team.members - {self.person})


class TeamDisbanded(Fact, zh="队伍已解散"):
    """The team is no more."""

    team_kind: Annotated[TeamKind, Coded]
    reason: DisbandReason

    def apply(self, team: Active) -> Disbanded:
        """Its people stay on record, for what they did together."""
        return Disbanded(team.about, team.team_kind, team.members)


class Form(Command, zh="组建队伍", by=KEEPERS):
    """Found a team under a code of its own."""

    code: TeamCode
    area: AreaCode
    unit: FormedBy = None
    team_kind: TeamKind
    name: TeamName = None

    def decide(self, nothing: None, context: Context) -> TeamFormed:
        """Its own deeds count in its own book."""
        return TeamFormed(
            about=About(
                area=self.area,
                unit=self.unit,
                provenance=context.said_by(None),
                books=Books(team=self.code),
            ),
            code=self.code,
            team_kind=self.team_kind,
            name=self.name,
        )


class Join(Command, zh="加入", by=(*KEEPERS, Party.WORKER, Party.RESIDENT)):
    """Enter somebody as one of the team; by default the caller."""

    person: Person | None = None

    def decide(self, team: Active, context: Context) -> MemberJoined:
        """Once at a time."""
        person = context.person_meant(self.person, KEEPERS)
        if person in team.members:
            refuse(IN_IT_ALREADY, person=person)
        if len(team.members) >= MEMBERS_MAX:
            refuse(TEAM_FULL, members=len(team.members))
        return MemberJoined(
            about=context.said(team.about, person),
            person=person,
            team_kind=team.team_kind,
        )


class Leave(Command, zh="退出", by=(*KEEPERS, Party.HOLDER)):
    """Take somebody off the team; by default the caller."""

    person: Person | None = None

    def decide(self, team: Active, context: Context) -> MemberLeft:
        """Only who is in it."""
        person = context.person_meant(self.person, KEEPERS)
        if person not in team.members:
            refuse(NOT_IN_IT, person=person)
        return MemberLeft(
            about=context.said(team.about, person),
            person=person,
            team_kind=team.team_kind,
        )


class Disband(Command, zh="解散队伍", by=KEEPERS):
    """Say that the team is no more."""

    reason: DisbandReason

    def decide(self, team: Active, context: Context) -> TeamDisbanded:
        """Taken back where it counted."""
        return TeamDisbanded(
            about=context.said(team.about),
            team_kind=team.team_kind,
            reason=self.reason,
        )


WORKFLOW = Workflow(__name__, zh="服务队", key="code", defines="team", in_order=False)
