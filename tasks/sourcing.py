"""An open requisition is advertised on every board until its openings are filled."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from connectors.ledger import sourcing as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.sourcing import Row
from connectors.records import OpenJob, Place, Posting, PublishPostings
from tasks.clock import after_business_days
from tasks.process import Process
from tasks.requisition import close
from tasks.stage import Stage

STAGE = Stage("sourcing", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Open the job and its postings; close them when every opening is filled.

    Boards are always given the complete list of the client's live postings: a board takes a
    posting that is missing from the list as closed. A requisition that was changed after its
    approval goes back to it, and its postings come down until it is approved again.
    """
    decisions = Decisions()
    live = {p["reference"]: p for row in rows[:1] for p in row.live_postings}  # each has them all
    before = dict(live)
    for row in rows:
        if row.answer("cancel_requisition"):
            close(decisions, row, process, "CANCELLED", "cancelled by the client")
            _take_down(decisions, live, row)
        elif row.openings_filled >= row.headcount:
            close(decisions, row, process, "FILLED", "every opening is filled, paid as signed")
            _take_down(decisions, live, row)
        elif not row.approved:
            decisions.advance(row, to="requisition", reason="changed after its approval")
            _take_down(decisions, live, row)
        else:
            _open(decisions, row, process, as_of)
            for posting in postings(row, process, as_of):
                if posting.reference not in live:
                    live[posting.reference] = posting.model_dump(mode="json")
                    decisions.post(row, posting.reference, live[posting.reference])
    if live != before and rows:
        _publish(decisions, rows[0], process, live, as_of)
    return decisions


def postings(row: Row, process: Process, as_of: datetime) -> list[Posting]:
    """One posting for each place; its reference never changes."""
    fields = row.fields
    return [
        Posting(
            reference=f"{row.key}-{place['code']}",
            requisition=row.key,
            title=fields["title"],
            description_html=_description(fields),
            company=process.brand.display_name,
            place=Place.model_validate(place),
            pay=fields["pay"],
            benefits=fields["benefits"],
            employment_type=fields["employment_type"],
            posted_at=as_of,
            closes_on=date.fromisoformat(fields["closes_on"]) if fields["closes_on"] else None,
            questions=tuple(
                (must["id"], must["question"]) for must in fields["must_haves"] if must["question"]
            ),
        )
        for place in fields["places"]
    ]


def _description(fields: dict[str, Any]) -> str:
    paragraphs = "".join(f"<p>{part}</p>" for part in fields["description"].split("\n\n"))
    needs = "".join(f"<li>{must['text']}</li>" for must in fields["must_haves"])
    vacancy = "<p>This posting is for an existing vacancy.</p>" if fields["vacancy_exists"] else ""
    return f"{paragraphs}<p>You need:</p><ul>{needs}</ul>{vacancy}"


def _open(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    target = Due(after_business_days(as_of, 5, row.jurisdictions), "provider")
    if row.open_applications or row.state == "applicants_in":
        decisions.hold(row, "applicants_in", None)
    else:
        decisions.hold(row, "posted", target)
    if row.state == "entered":
        decisions.change(row, opened_at=as_of)
    if row.job_ref:
        return
    decisions.effect(
        row,
        process.systems.applicant_tracking,
        "tracker.open_job",
        OpenJob(
            requisition=row.key,
            title=row.fields["title"],
            place=Place.model_validate(row.fields["places"][0]),
            headcount=row.headcount,
        ),
    )


def _take_down(decisions: Decisions, live: dict[str, dict[str, Any]], row: Row) -> None:
    """All of a requisition's postings, those in places it no longer names as well."""
    for reference in [r for r, posting in live.items() if posting["requisition"] == row.key]:
        del live[reference]
        decisions.take_down(reference)


def _publish(
    decisions: Decisions,
    row: Row,
    process: Process,
    live: dict[str, dict[str, Any]],
    as_of: datetime,
) -> None:
    complete = tuple(Posting.model_validate(live[reference]) for reference in sorted(live))
    request = PublishPostings(postings=complete, as_of=as_of.astimezone(UTC))
    # Over the instant too: a list that was live before and is again must be sent again.
    digest = hashlib.sha256(request.model_dump_json().encode()).hexdigest()[:16]
    for board in process.systems.job_boards:
        decisions.effect(row, board, "posting.publish", request, about=f"{board}:{digest}")
