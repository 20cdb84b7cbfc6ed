"""In flight: take over what is under way in the client's tracker, and say what is missing in it.

Nobody is moved back by it: who was with the hiring manager, in interviews or chosen stays there.
The gates that lie behind them are judged all the same, and what they do not meet is a gap: listed
with its remedy, and holding nobody. From there on every gate counts as for everybody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.errors import Refused
from connectors.ledger import answers, arrivals
from connectors.ledger import in_flight as ledger
from connectors.ledger.audit import Act, keep
from connectors.ledger.in_flight import Gap
from connectors.ledger.requisition import approval_hash
from connectors.links import Question
from connectors.records import Job, TrackerStage
from connectors.requisition import InFlight
from tasks.desk import Desk, desk_of
from tasks.forms import FORMS
from tasks.progress import MOST_ROWS

COMMAND = "import"
UNDER_WAY = (
    TrackerStage.NEW,
    TrackerStage.SCREEN,
    TrackerStage.SUBMITTED,
    TrackerStage.INTERVIEW,
    TrackerStage.OFFER,
)


@dataclass(frozen=True, slots=True)
class Open:
    """A job that is under way in the tracker. `title` is empty if the tracker has closed it.

    `unreadable`: why what the tracker says of it makes no sense to us.
    """

    ref: str
    title: str
    place: str
    headcount: int | None
    requisition: str | None
    stages: dict[str, int]
    oldest_at: datetime | None
    changed_at: datetime | None
    unreadable: str = ""

    @property
    def under_way(self) -> int:
        """How many of its applications have not ended, and are not hired yet."""
        return sum(self.stages.get(stage, 0) for stage in UNDER_WAY)


def take_over(
    desk: Desk, wanted: Sequence[InFlight], by: str, why: str, as_of: datetime
) -> dict[str, str]:
    """Enter each requisition and everybody who is under way in its job; returns why others are not.

    The tracker has just been read to its end, and the client's lock is held. One that is refused,
    by its code, keeps no other from being taken over; taken over again, nothing changes.
    """
    tracker, refused = desk.process.systems.applicant_tracking, {}
    there, _ = open_jobs(desk)
    for each in wanted:
        code = each.requisition.code
        try:
            if each.requisition.client != desk.client:
                raise Refused(
                    "import", f"{code} is {each.requisition.client}'s, not {desk.client}'s"
                )
            if each.job not in there:
                raise Refused("import", f"{code}: {tracker} has no open job {each.job}; correct it")
            _enter(desk, tracker, each, by, why, as_of)
        except Refused as failure:
            refused[code] = failure.what
    return refused


def _enter(desk: Desk, tracker: str, wanted: InFlight, by: str, why: str, as_of: datetime) -> None:
    code = wanted.requisition.code
    with desk.ledger.transaction() as connection:
        outcome = ledger.take_over(connection, desk.client, tracker, wanted, as_of)
        if wanted.approved_by:
            version = approval_hash(wanted.requisition)
            asked = Question(desk.client, "approve_requisition", code, version, wanted.approved_by)
            final = FORMS["approve_requisition"].final
            taken = answers.take(connection, asked, {"decision": "approve"}, final, as_of)
            if taken.how == "answered":
                told = f"the approver answered on {taken.at:%Y-%m-%d}, and not with yes"
                raise Refused("import", f"{code}: {told}; leave approved_by empty")
        if outcome != "unchanged":
            about = f"{outcome}, job {wanted.job}"
            act = Act(at=as_of, by=by, command=COMMAND, subject=code, about=about, why=why)
            keep(connection, desk.client, act)
        owner = desk.process.brand.display_name
        arrivals.open_applications(connection, desk.client, owner, as_of)


def open_jobs(desk: Desk) -> tuple[dict[str, Job], dict[str, str]]:
    """The jobs that are open in the tracker now, by id; beside them why others make no sense."""
    tracker = desk.systems[desk.process.systems.applicant_tracking]
    jobs, unreadable = dict[str, Job](), dict[str, str]()
    for page in tracker.changes("open_jobs", None, ()):
        jobs |= {each.external_id: each for each in page.records if isinstance(each, Job)}
        unreadable |= page.unreadable
    return jobs, unreadable


def look(desk: Desk) -> list[Open]:
    """The jobs that are under way, those in which nothing has happened for longest first."""
    tracker = desk.process.systems.applicant_tracking
    listed, unreadable = open_jobs(desk)
    with desk.ledger.transaction() as connection:
        known = {job.ref: job for job in ledger.jobs(connection, desk.client, tracker)}
    found = []
    for ref in {*listed, *unreadable, *known}:
        there = listed.get(ref)
        job = known.get(ref, ledger.Job(ref, None))
        each = Open(
            ref=ref,
            title=there.title if there else "",
            place=there.place if there else "",
            headcount=there.headcount if there else None,
            requisition=job.requisition,
            stages=job.stages,
            oldest_at=job.oldest_at,
            changed_at=job.changed_at,
            unreadable=unreadable.get(ref, ""),
        )
        if there or each.unreadable or each.under_way:
            found.append(each)
    return sorted(found, key=lambda job: (str(job.changed_at or ""), job.ref))


def gaps(desk: Desk) -> list[Gap]:
    """What is missing in what was taken over, those first whom it holds."""
    with desk.ledger.transaction() as connection:
        found = ledger.gaps(connection, desk.client)
    return sorted(found, key=lambda gap: not gap.holds)


@task(task_run_name="in flight · publish", cache_policy=NO_CACHE, persist_result=False)
def publish(client: str, as_of: datetime) -> State[str]:
    """Leave two tables: the jobs under way in the tracker, and the gaps; ids and counts alone."""
    desk = desk_of(client)
    jobs, missing = look(desk), gaps(desk)
    name, when = client.lower().replace("_", "-"), f"as of {as_of:%Y-%m-%d %H:%M} UTC"
    create_table_artifact(
        key=f"in-flight-{name}",
        table=[job_row(job, as_of) for job in jobs[:MOST_ROWS]] or [{"": "nothing"}],
        description=f"Under way in the tracker of **{client}**, longest untouched first, {when}",
    )
    create_table_artifact(
        key=f"gaps-{name}",
        table=[gap_row(gap) for gap in missing[:MOST_ROWS]] or [{"": "nothing"}],
        description=f"What is missing in what **{client}** had under way, {when}",
    )
    ours = [job for job in jobs if job.requisition]
    carried = sum(job.under_way for job in ours)
    others = sum(job.under_way for job in jobs) - carried
    sentence = (
        f"{client}: {len(ours)} of {len(jobs)} jobs are carried, with {carried} applications under"
        f" way; {others} are in jobs that are not; {len(missing)} gaps"
    )
    return Completed(message=sentence, data=sentence)


def job_row(job: Open, as_of: datetime) -> dict[str, str]:
    """A job as a row of a table."""
    days = f"{(as_of - job.changed_at).days}" if job.changed_at else ""
    return {
        "job": job.ref,
        "title": job.title or job.unreadable or "closed in the tracker",
        "requisition": job.requisition or "not carried",
        "under way": ", ".join(
            f"{job.stages[stage]} {stage}" for stage in UNDER_WAY if stage in job.stages
        ),
        "oldest": f"{job.oldest_at:%Y-%m-%d}" if job.oldest_at else "",
        "days untouched": days,
    }


def gap_row(gap: Gap) -> dict[str, str]:
    """A gap as a row of a table."""
    return {
        "subject": gap.subject,
        "gate": gap.gate,
        "rule": gap.rule,
        "holds": "yes" if gap.holds else "no",
        "whose turn": gap.owner,
        "missing": gap.reason,
        "remedy": gap.remedy,
    }
