"""考核评议 · Assessment: a unit or place is reported on, reviewed and graded, is told, may appeal.

A person is assessed only under a published rule, or by their own wish; gets a level and no number,
and stands in no ranking, nor does anybody else. Nobody reviews themselves, an appeal is decided by
somebody other than who concluded, and a result is of use only once the time to appeal is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from services.facts.assessment import (
    AppealDecided,
    Appealed,
    AppealOutcome,
    AppealReason,
    Applied,
    Asked,
    Assessed,
    Assessment,
    AssessmentAgreed,
    AssessmentCancelled,
    AssessmentConcluded,
    AssessmentOpened,
    AssessmentTerms,
    AssessmentWithdrawn,
    Basis,
    CancelReason,
    DutyReportGiven,
    From,
    Item,
    Level,
    Notified,
    Opened,
    Pending,
    Place,
    QuestionAsked,
    ReportForm,
    ResultAppealed,
    ResultApplied,
    ResultNotified,
    ReviewGiven,
    Reviewing,
    Score,
    Scored,
    Side,
    SpotCheckDone,
    Subject,
    To,
    Topic,
    UnderRule,
    Use,
    Verdict,
    Votes,
)
from services.kernel import ruled
from services.kernel.words import Count, Label, Party, Refusal, days, deny, refuse, working_days
from services.kernel.workflow import Clock, Command, Context, Opening, Workflow

ORGANISERS = (Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN, Party.LEADER)
REVIEWERS = (Party.RESIDENT, Party.WORKER, Party.AUDITOR, Party.HOME_UNIT, *ORGANISERS)
SUPERVISORS = (Party.STREET, Party.LEADER, Party.AUDITOR)
ASSESSED = (Party.HOLDER, Party.HANDLER)

WHICH_SUBJECT = Refusal(
    "which_subject",
    "考核{subject}须写明{field}",
    "an assessment of a {subject_en} names it: {field}",
)
NO_RULE = Refusal(
    "no_rule",
    "该考核须依据已公布且有效的规则，未见 {rule}",
    "this needs a published rule that is in force: there is none under {rule}",
)
PERIOD_REVERSED = Refusal(
    "period_reversed", "考核期间的止日早于起日", "the period ends before it begins"
)
REPORT_FIRST = Refusal(
    "report_first", "须先述职再评议", "those assessed report before anybody reviews them"
)
OWN_CASE = Refusal(
    "own_case", "不能考核评议自己或本单位", "nobody reviews or grades themselves or their own unit"
)
REVIEWED_ALREADY = Refusal(
    "reviewed_already", "您已评议过该项", "you have given your view on this already"
)
ONE_VOTE = Refusal(
    "one_vote",
    "每人一票；汇总票数由组织方录入",
    "one vote each: collected votes are entered by an organiser",
)
TOO_FEW_VOTES = Refusal(
    "too_few_votes",
    "评议票数 {votes}，不足 {least} 票，不能评定",
    "{votes} votes are fewer than the {least} that it takes",
)
SCORE_OF_PERSON = Refusal(
    "score_of_person",
    "个人只评等次，不打分、不排名",
    "a person gets a level, no number and no rank",
)
TOO_LATE = Refusal("too_late", "申诉期已于 {until} 届满", "the time to appeal ended at {until}")
APPEALED_ONCE = Refusal(
    "appealed_once", "已申诉一次，裁定为最终结果", "one appeal was decided: that is final"
)
SAME_JUDGE = Refusal(
    "same_judge", "申诉不能由原评定人裁定", "whoever concluded does not decide the appeal"
)
SAME_RESULT = Refusal(
    "same_result", "变更评定须给出不同的结果", "a changed result differs from the one before"
)
APPEAL_OPEN = Refusal(
    "appeal_open",
    "申诉期至 {until}，此前不能运用结果",
    "they may appeal until {until}: the result is not of use before",
)


class Start(Opening, zh="启动考核", by=ORGANISERS):
    """Begin with a unit, a place, or a person who may be assessed."""

    person: Assessed = None
    place: Place = None
    rule: UnderRule = None
    from_on: From
    to_on: To

    def reads(self, kind: str) -> tuple[str, ...]:
        """The rule it goes by."""
        return (ruled.stream(self.rule),) if self.rule else ()

    def decide(self, assessment: None, context: Context) -> AssessmentOpened:
        """Under the rule it needs."""
        terms = context.terms_of(AssessmentTerms)
        self._check(terms, context)
        about = self.about(context)
        if terms.subject is Subject.PERSON and self.person is not None:
            books = context.books_of(self.person, about)
            about = about.at(unit=about.unit or books.home_unit, books=books)
        return AssessmentOpened(
            about=about,
            subject=terms.subject,
            person=self.person if terms.subject is Subject.PERSON else None,
            place=self.place if terms.subject is Subject.PLACE else None,
            rule=self.rule,
            from_on=self.from_on,
            to_on=self.to_on,
            terms=terms,
        )

    def _check(self, terms: AssessmentTerms, context: Context) -> None:
        field = terms.subject.value
        if getattr(self, field) is None:
            label = terms.subject.label
            refuse(WHICH_SUBJECT, subject=label.zh, subject_en=label.en.lower(), field=field)
        if self.to_on < self.from_on:
            refuse(PERIOD_REVERSED)
        if terms.rule_needed and (self.rule is None or ruled.numbers(context, self.rule) is None):
            refuse(NO_RULE, rule=self.rule or "–")


class Agree(Command, zh="同意考核", by=Party.HOLDER):
    """Say that one wants to be assessed."""

    def decide(self, assessment: Asked, context: Context) -> AssessmentAgreed:
        """Only oneself."""
        return AssessmentAgreed(about=context.said(assessment.about, assessment.matter.person))


class Cancel(Command, zh="取消考核", by=[*ORGANISERS, Party.HOLDER]):
    """End it without a result."""

    reason: CancelReason

    def decide(self, assessment: Pending, context: Context) -> AssessmentCancelled:
        """A person may say no to what goes by their wish, until it is concluded."""
        terms = assessment.matter.terms
        only_holder = context.actor.parties().isdisjoint(ORGANISERS)
        if only_holder and not terms.opt_in:
            deny(OWN_CASE)
        return AssessmentCancelled(
            about=context.said(assessment.about), subject=terms.subject, reason=self.reason
        )


class GiveReport(Command, zh="述职", en="Report", by=ASSESSED):
    """Say what was done."""

    form: ReportForm = ReportForm.ON_SITE

    def decide(self, assessment: Opened, context: Context) -> DutyReportGiven:
        """Those assessed themselves."""
        matter = assessment.matter
        return DutyReportGiven(about=context.said(assessment.about, matter.person), form=self.form)


class Ask(Command, zh="提问", by=REVIEWERS):
    """Put on record that something was asked."""

    side: Side
    topic: Topic = None

    def decide(self, assessment: Reviewing, context: Context) -> QuestionAsked:
        """Not by those assessed."""
        check_other(assessment, context)
        about = context.said(assessment.about)
        return QuestionAsked(about=about, side=self.side, topic=self.topic)


class Review(Command, zh="评议", by=REVIEWERS):
    """Give one's view, or enter votes that were collected."""

    side: Side
    verdict: Verdict
    votes: Votes = 1
    item: Item = None

    def decide(self, assessment: Reviewing, context: Context) -> ReviewGiven:
        """One vote each on each item, and none on oneself."""
        check_other(assessment, context)
        matter, caller = assessment.matter, context.actor.person
        if matter.terms.report_first and isinstance(assessment, Opened):
            refuse(REPORT_FIRST)
        collected = self.votes > 1
        if collected and context.actor.parties().isdisjoint({*ORGANISERS, Party.IMPORTER}):
            deny(ONE_VOTE)
        if not collected and (caller, self.item or "") in matter.reviewers:
            refuse(REVIEWED_ALREADY)
        return ReviewGiven(
            about=context.said(assessment.about, None if collected else caller),
            side=self.side,
            verdict=self.verdict,
            votes=self.votes,
            reviewer=None if collected else caller,
            item=self.item,
        )


class SpotCheck(Command, zh="抽查", by=SUPERVISORS):
    """Look at it, unannounced."""

    basis: Basis
    gaps: Annotated[Count, Label("发现问题数", "Gaps found")] = 0

    def decide(self, assessment: Reviewing, context: Context) -> SpotCheckDone:
        """By somebody else."""
        check_other(assessment, context)
        return SpotCheckDone(about=context.said(assessment.about), basis=self.basis, gaps=self.gaps)


class Conclude(Command, zh="评定", by=ORGANISERS):
    """Say what it comes to."""

    level: Level
    score: Score | None = None

    def decide(self, assessment: Reviewing, context: Context) -> AssessmentConcluded:
        """After enough have spoken; a person gets no number."""
        check_other(assessment, context)
        terms = assessment.matter.terms
        if terms.report_first and isinstance(assessment, Opened):
            refuse(REPORT_FIRST)
        if assessment.matter.votes < terms.reviews_min:
            refuse(TOO_FEW_VOTES, votes=assessment.matter.votes, least=terms.reviews_min)
        check_score(terms, self.score)
        return concluded(assessment, self.level, self.score, context)


class Notify(Command, zh="反馈结果", by=ORGANISERS):
    """Tell those assessed, and nobody else."""

    def decide(self, assessment: Scored, context: Context) -> ResultNotified:
        """From here on they may appeal."""
        return notified(assessment, assessment.result.level, context)


class Appeal(Command, zh="申诉", by=ASSESSED):
    """Ask that somebody else look again."""

    reason: AppealReason

    def decide(self, assessment: Notified, context: Context) -> ResultAppealed:
        """Once, and within the time for it."""
        if assessment.matter.appealed:
            refuse(APPEALED_ONCE)
        if context.occurred_at >= (until := appeal_ends(assessment)):
            refuse(TOO_LATE, until=until.isoformat())
        return ResultAppealed(
            about=context.said(assessment.about, assessment.matter.person),
            subject=assessment.matter.terms.subject,
            reason=self.reason,
        )


class DecideAppeal(Command, zh="裁定申诉", by=[*SUPERVISORS, Party.COMMUNITY]):
    """Say what becomes of the appeal: without a level, the result stands."""

    level: Level | None = None
    score: Score | None = None

    def decide(
        self, assessment: Appealed, context: Context
    ) -> (
        tuple[AppealDecided, ResultNotified]
        | tuple[AppealDecided, AssessmentWithdrawn, AssessmentConcluded, ResultNotified]
    ):
        """By somebody other than who concluded."""
        check_other(assessment, context)
        if context.actor.person == assessment.result.assessor:
            deny(SAME_JUDGE)
        terms, about = assessment.matter.terms, context.said(assessment.about)
        if self.level is None:
            stands = AppealDecided(about=about, subject=terms.subject, outcome=AppealOutcome.UPHELD)
            return stands, notified(assessment, assessment.result.level, context)
        check_score(terms, self.score)
        if (self.level, self.score) == (assessment.result.level, assessment.result.score):
            refuse(SAME_RESULT)
        changed = AppealDecided(about=about, subject=terms.subject, outcome=AppealOutcome.CHANGED)
        back = AssessmentWithdrawn(
            about=about,
            subject=terms.subject,
            level=assessment.result.level,
            score=assessment.result.score,
        )
        result = concluded(assessment, self.level, self.score, context)
        return changed, back, result, notified(assessment, self.level, context)


class Apply(Command, zh="运用结果", by=[Party.STREET, Party.LEADER, Party.COMMUNITY]):
    """Say what the result is used for."""

    use: Use

    def decide(self, assessment: Notified | Applied, context: Context) -> ResultApplied:
        """Once nobody can appeal any more."""
        check_other(assessment, context)
        if isinstance(assessment, Notified) and not assessment.matter.appealed:
            until = appeal_ends(assessment)
            if context.occurred_at < until:
                refuse(APPEAL_OPEN, until=until.isoformat())
        return ResultApplied(
            about=context.said(assessment.about), use=self.use, level=assessment.result.level
        )


def check_other(assessment: Assessment, context: Context) -> None:
    """Raises Denied for those assessed."""
    if assessment.parties(context.actor) & {*ASSESSED}:
        deny(OWN_CASE)


def check_score(terms: AssessmentTerms, score: int | None) -> None:
    """A person gets no number."""
    if terms.subject is Subject.PERSON and score is not None:
        refuse(SCORE_OF_PERSON)


def appeal_ends(assessment: Notified) -> datetime:
    """When the time to appeal is over."""
    return assessment.notified_at + timedelta(days=assessment.matter.terms.appeal_days)


def concluded(
    assessment: Assessment, level: Level, score: int | None, context: Context
) -> AssessmentConcluded:
    """The result, in the name of whoever acts."""
    return AssessmentConcluded(
        about=context.said(assessment.about, context.actor.person),
        subject=assessment.matter.terms.subject,
        level=level,
        score=score,
        assessor=context.actor.person,
    )


def notified(assessment: Assessment, level: Level, context: Context) -> ResultNotified:
    """Those assessed know it from here on."""
    return ResultNotified(
        about=context.said(assessment.about),
        subject=assessment.matter.terms.subject,
        level=level,
        notified_at=context.occurred_at,
    )


WORKFLOW = Workflow(
    __name__,
    zh="考核评议",
    terms=AssessmentTerms,
    clocks=[  # a district lays down its own limits as rules `assessment.notify` and `….appeal`
        Clock("notify", Label("反馈时限", "Notify"), runs=(Scored,), limit=days(15)),
        Clock("appeal", Label("申诉裁定时限", "Appeal"), runs=(Appealed,), limit=working_days(15)),
    ],
)
