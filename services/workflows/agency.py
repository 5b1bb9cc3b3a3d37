"""代办 · Agency: a resident asks once, an agent runs the whole errand, the answer is brought back.

Who asks is told in one go what is missing, and comes once at most if it goes well. What an office
decides stands here as an outcome only. A matter on no list is declined naming the list.
"""

from __future__ import annotations

from services.facts import list as lists
from services.facts.agency import (
    Accepted,
    AgencyAccepted,
    AgencyAnswered,
    AgencyCompleted,
    AgencyDeclined,
    AgencyRequested,
    AgencySubmitted,
    AgencyTerms,
    AgencyWithdrawn,
    Agent,
    Answered,
    Channel,
    Declined,
    DeclineReason,
    Delivered,
    Delivery,
    ForWhom,
    ListCode,
    Materials,
    MaterialsRequested,
    MaterialsSupplied,
    Matter,
    Office,
    Open,
    Outcome,
    Requested,
    Run,
    Submitted,
    Supplementing,
    Visits,
    WithdrawReason,
)
from services.kernel.words import Label, Party, Refusal, refuse, working_days
from services.kernel.workflow import About, Clock, Command, Context, Opening, Workflow

DESK = (Party.COMMUNITY, Party.STREET, Party.DISPATCHER)
"""Who takes errands in for others."""
RUNNERS = (Party.HOLDER, *DESK)

NAME_THE_LIST = Refusal(
    "name_the_list",
    "须写明是哪份清单",
    "say which list it is on, or not on",
)
OFF_LIST = Refusal(
    "off_list",
    "事项 {matter} 不在清单 {list_code} 上，不予办理",
    "the matter {matter} is not on the list {list_code}: decline it",
)
TOLD_ONCE = Refusal(
    "told_once",
    "已告知补正 {times} 次，不能再要材料：须一次告知",
    "materials were asked for {times} times: all of them are named in one go",
)
NOT_SUBMITTED = Refusal(
    "not_submitted",
    "该事项须先报送部门，由部门答复",
    "an office decides this: submit it first",
)
DECIDED_HERE = Refusal(
    "decided_here",
    "该事项就地办理，无需报送部门",
    "this is done at the desk: there is no office to submit it to",
)


class Request(Opening, zh="申请代办", by=[Party.RESIDENT, Party.WORKER, *DESK]):
    """Ask that a matter be done for oneself, or take it in for somebody."""

    requester: ForWhom = None
    matter: Matter
    channel: Channel = Channel.DESK

    def decide(self, agency: None, context: Context) -> AgencyRequested:
        """Residents ask for themselves."""
        taken_in = not context.actor.parties().isdisjoint({*DESK, Party.IMPORTER})
        asks = self.requester if taken_in else context.person_meant(self.requester, DESK)
        return AgencyRequested(
            about=self.about(context, asks),
            requester=asks,
            matter=self.matter,
            channel=self.channel,
            requested_at=context.occurred_at,
            terms=context.terms_of(AgencyTerms),
        )


class Accept(Command, zh="受理", by=[Party.WORKER, Party.HANDLER, *DESK]):
    """Take it on as the agent, or give it to one."""

    agent: Agent | None = None
    list_code: ListCode = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """The list it stands on, where one is named."""
        return (lists.stream(self.list_code),) if self.list_code else ()

    def decide(self, agency: Requested, context: Context) -> AgencyAccepted:
        """Counts in the agent's books from here on. What a list allows is checked against it."""
        self._check_list(agency, context)
        agent = context.person_meant(self.agent, DESK)
        books = context.books_of(agent, agency.about)
        own_unit = context.actor.unit if agent == context.actor.person else None
        unit = agency.about.unit or own_unit or books.home_unit
        about = context.said(agency.about, agent, agency.errand.requester, unit=unit, books=books)
        return AgencyAccepted(
            about=about, agent=agent, matter=agency.errand.matter, list_code=self.list_code
        )

    def _check_list(self, agency: Requested, context: Context) -> None:
        code, matter = self.list_code, agency.errand.matter
        if code is None and agency.errand.terms.listed_only:
            refuse(NAME_THE_LIST)
        if code is not None and not lists.on_list(context, code, matter):
            refuse(OFF_LIST, matter=matter, list_code=code)


class Decline(Command, zh="不予受理", by=[Party.HANDLER, *DESK]):
    """Say at once that nobody will run it, and why."""

    reason: DeclineReason
    list_code: ListCode = None

    def decide(self, agency: Requested, context: Context) -> AgencyDeclined:
        """What is on no list names the list."""
        if self.reason is DeclineReason.NOT_ON_LIST and self.list_code is None:
            refuse(NAME_THE_LIST)
        return AgencyDeclined(
            about=context.said(agency.about),
            matter=agency.errand.matter,
            reason=self.reason,
            list_code=self.list_code,
        )


class RequestMaterials(Command, zh="告知补正", by=[Party.HANDLER, *RUNNERS]):
    """Name everything that is missing."""

    materials: Materials

    def decide(self, agency: Accepted | Submitted, context: Context) -> MaterialsRequested:
        """In one go."""
        errand = agency.errand
        if errand.supplements >= errand.terms.supplements_max:
            refuse(TOLD_ONCE, times=errand.supplements)
        materials = tuple(dict.fromkeys(self.materials))
        return MaterialsRequested(
            about=said(agency, context), agent=agency.agent, materials=materials
        )


class Supply(Command, zh="补正", by=[Party.REQUESTER, *RUNNERS]):
    """Say that nothing is missing any more."""

    def decide(self, agency: Supplementing, context: Context) -> MaterialsSupplied:
        """From here on it is the agent's again."""
        return MaterialsSupplied(about=said(agency, context))


class Submit(Command, zh="代报", by=RUNNERS):
    """Hand it in at the office."""

    office: Office

    def decide(self, agency: Accepted, context: Context) -> AgencySubmitted:
        """Where an office decides."""
        if not agency.errand.terms.submitted_first:
            refuse(DECIDED_HERE)
        context.directory.unit(self.office)
        return AgencySubmitted(
            about=said(agency, context),
            agent=agency.agent,
            matter=agency.errand.matter,
            office=self.office,
        )


class Answer(Command, zh="答复", by=[Party.HANDLER, *RUNNERS]):
    """Put the office's answer on record, or that of the desk itself."""

    outcome: Outcome

    def decide(self, agency: Accepted | Submitted, context: Context) -> AgencyAnswered:
        """An office answers what was submitted to it."""
        if isinstance(agency, Accepted) and agency.errand.terms.submitted_first:
            refuse(NOT_SUBMITTED)
        return AgencyAnswered(
            about=said(agency, context), matter=agency.errand.matter, outcome=self.outcome
        )


class Deliver(Command, zh="送达", by=RUNNERS):
    """Bring the answer to whoever asked."""

    visits: Visits
    delivery: Delivery = Delivery.DESK

    def decide(self, agency: Answered, context: Context) -> AgencyCompleted:
        """Whoever asked may confirm it."""
        errand = agency.errand
        return AgencyCompleted(
            about=said(agency, context),
            agent=agency.agent,
            requester=errand.requester,
            outcome=agency.outcome,
            visits=self.visits,
            delivery=self.delivery,
            requested_at=errand.requested_at,
        )


class Withdraw(Command, zh="撤回申请", by=[Party.REQUESTER, *DESK]):
    """Take it back before there is an answer."""

    reason: WithdrawReason

    def decide(self, agency: Open, context: Context) -> AgencyWithdrawn:
        """Any time until then."""
        return AgencyWithdrawn(
            about=context.said(agency.about), matter=agency.errand.matter, reason=self.reason
        )


def said(agency: Run, context: Context) -> About:
    """The dimensions it has, said by whoever acts now of the agent's deed."""
    return context.said(agency.about, agency.agent, agency.errand.requester)


# Source of the limits: 行政许可法 art. 32 (five days), 42 (twenty), 44 (ten), counted in working
# days (art. 82). A district lays down its own as rules `agency.accept`, `agency.submit`, …
WORKFLOW = Workflow(
    __name__,
    zh="代办",
    terms=AgencyTerms,
    feedback=Delivered,
    deeds=[AgencyCompleted],
    clocks=[
        Clock(
            "accept",
            Label("受理时限", "Accept"),
            runs=(Requested,),
            met=(Accepted, Declined),
            limit=working_days(5),
        ),
        Clock(
            "submit",
            Label("代报时限", "Submit"),
            runs=(Accepted,),
            rests=(Supplementing,),
            met=(Submitted, Answered),
            limit=working_days(2),
        ),
        Clock(
            "answer",
            Label("答复时限", "Answer"),
            runs=(Submitted,),
            met=(Answered,),
            limit=working_days(20),
        ),
        Clock(
            "deliver",
            Label("送达时限", "Deliver"),
            runs=(Answered,),
            met=(Delivered,),
            limit=working_days(10),
        ),
    ],
)
