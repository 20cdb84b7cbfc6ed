"""Everyone who arrives becomes one person, enters the tracker, and is answered at once."""

from collections.abc import Sequence
from datetime import datetime

from connectors.ledger import intake as ledger
from connectors.ledger.decisions import Decisions, Due, Link
from connectors.ledger.intake import Row
from connectors.records import AddApplication, KeepResume
from tasks.clock import after_business_days
from tasks.identity import LIKELY, SURE, Match, contacts, matches
from tasks.messages import tell_candidate, tell_colleague, to_be_told
from tasks.process import Process
from tasks.rejection import reject
from tasks.stage import Stage

STAGE = Stage("intake", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Resolve the person, acknowledge, register in the tracker, pass on.

    A sure match links; a likely one waits for a person's word; nothing an applicant sends
    overwrites a person. While the requisition's present version awaits approval, nobody is passed
    on to be judged by it. Somebody who applied twice for one requisition keeps the first
    application; somebody whose first one has ended is taken in again. Two newcomers who share a
    contact point are resolved one after the other, in two sweeps; the one the tracker knows already
    comes first, so that it is not entered there again.
    """
    decisions = Decisions()
    met = set[tuple[str, str]]()
    for row in sorted(rows, key=lambda row: row.tracker_ref is None):
        if met & set(row.points):
            continue
        met |= set(row.points)
        if not row.open:
            _too_late(decisions, row, process)
        elif row.person_id is None:
            _resolve(decisions, row, process, as_of)
        else:
            _take_in(decisions, row, process)
    return decisions


def _too_late(decisions: Decisions, row: Row, process: Process) -> None:
    late = "closed before the application arrived"
    reject(decisions, row, process, "position_closed", late, template="closed")


def points_of(row: Row) -> tuple[tuple[str, str], ...]:
    """The applicant's normalised contact points."""
    return contacts(row.email, row.phone, row.jurisdictions[0].split("-")[0])


def _resolve(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    found = matches(row.name, row.points, row.known)
    best = found[0] if found else None
    if best is None or best.score < LIKELY:
        _meet(decisions, row, process, None)
    elif best.score >= SURE and "e-mail" in best.evidence:
        _same_person(decisions, row, process, best)
    elif (answer := row.answer("review_duplicate", best.person_key)) is None:
        _ask(decisions, row, process, as_of, best)
    elif answer["decision"] == "same":
        _same_person(decisions, row, process, best)
    else:
        _meet(decisions, row, process, None)


def _same_person(decisions: Decisions, row: Row, process: Process, match: Match) -> None:
    _propose(decisions, row, match, "linked")
    if not match.same_requisition:
        _meet(decisions, row, process, match.person_id)
    else:
        _link(decisions, row, match.person_id)
        reject(
            decisions,
            row,
            process,
            "duplicate",
            "the same person has applied for this requisition before",
            disposition="DUPLICATE",
            template="joined",
        )


def _ask(decisions: Decisions, row: Row, process: Process, as_of: datetime, match: Match) -> None:
    decisions.hold(
        row, "dedupe_review", Due(after_business_days(as_of, 2, row.jurisdictions), "provider")
    )
    _propose(decisions, row, match, "proposed")
    tell_colleague(
        decisions,
        row,
        process,
        "review_duplicate",
        process.person("recruiter"),
        "recruiter",
        about=match.person_key,
        person=match.person_key,
        score=match.score,
        evidence=match.evidence,
    )


def _propose(decisions: Decisions, row: Row, match: Match, state: str) -> None:
    decisions.fact(
        "match_proposal",
        application_id=row.id,
        person_id=match.person_id,
        score=match.score,
        evidence=match.evidence,
        state=state,
    )


def _meet(decisions: Decisions, row: Row, process: Process, person_id: int | None) -> None:
    """Take the person in at once: a day's delay is a day in which they apply again elsewhere."""
    _link(decisions, row, person_id)
    _take_in(decisions, row, process)


def _link(decisions: Decisions, row: Row, person_id: int | None) -> None:
    decisions.links.append(Link(row, person_id, row.name, row.points))


def _take_in(decisions: Decisions, row: Row, process: Process) -> None:
    # Who was under way when we took over was answered long ago; candidate care finds who was not.
    if row.taken_over_in in {None, "new"} and not to_be_told(row, "acknowledgement"):
        tell_candidate(decisions, row, process, "acknowledgement")
    if row.tracker_ref:
        _keep_resume(decisions, row, process, row.tracker_ref)
        if row.approved:
            decisions.advance(row, to=process.next_stage("intake", row.order_rules))
        else:
            wait = Due(after_business_days(row.since, 2, row.jurisdictions), "client")
            decisions.hold(row, "awaiting_approval", wait)
        return
    if row.done_at("tracker.add") and not row.conflict_over:
        # What it answered with is another application of ours.
        wait = Due(after_business_days(row.since, 1, row.jurisdictions), "provider")
        decisions.hold(row, "tracker_conflict", wait)
        return
    decisions.hold(row, "linked", None)
    if row.job_ref:
        decisions.effect(
            row,
            process.systems.applicant_tracking,
            "tracker.add",
            AddApplication(
                application_key=row.key,
                job_ref=row.job_ref,
                name=row.name,
                email=row.email,
                phone=row.phone,
                source=row.source,
                applied_at=row.applied_at,
            ),
            about="again" if row.conflict_over else "",
        )


def _keep_resume(decisions: Decisions, row: Row, process: Process, tracker_ref: str) -> None:
    """Have the résumé copied of who came into the tracker by another way than ours."""
    if process.systems.vault and not row.every("tracker.add"):
        copy = KeepResume(application_ref=tracker_ref, name=f"resumes/{row.key}")
        decisions.effect(row, process.systems.applicant_tracking, "resume.keep", copy)
