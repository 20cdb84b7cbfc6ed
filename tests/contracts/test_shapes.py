"""Every shape that a vendor's document gives an answer is read, but for what is named here.

A field may be missing or null if the document does not require it, may have each value the document
lists, and any other field it describes may be there as well.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from connectors.errors import ConnectorError
from tests.contracts import documents
from tests.contracts import trial as trials
from tests.contracts.described import ANSWERING, as_described, document
from tests.contracts.documents import Json
from tests.contracts.test_answers import GONE, Change, Path
from tests.contracts.trial import Bench, Trial, line_of, records

# What we use of each object: without it that object is unreadable, or none of ours.
NEEDED = {
    "ashby": "interviewEvents submittedAt",  # a form without it has not been handed in
    "bamboohr": """customHiringReference data date hireDate id label lastChanged legalName paidPer
        rate startDate status""",
    "docusign": """customFields envelopeId envelopes name resultSetSize status
        statusChangedDateTime textCustomFields totalSetSize value""",
    "dropbox_sign": """created_at has_error is_complete is_declined metadata num_pages num_results
        signature_request_id status_code""",
    "finch": "amount currency employment_status income start_date unit",
    "greenhouse": "ends_at is_template starts_at submitted_at",
    "gusto": """check_date city compensations completed_at effective_date employee_compensations
        employee_uuid end_date
        external_id flsa_status gross_pay hire_date jobs location_uuid name onboarding_status
        pay_period payment_unit payroll_uuid primary processed processed_date rate results
        start_date state version""",
}
# What the document lists, and our records have no word for, or which says that there is nothing.
UNMAPPED = {
    "ashby": {
        *(f"status: {of_job}" for of_job in ("Archived", "Closed", "Draft")),
        *(f"status: {not_yet}" for not_yet in ("NeedsScheduling", "OnHold", "Unknown")),
        "status: CandidateAvailabilitySubmitted",
        "status: WaitingOnCandidateAvailability",
        "status: WaitingOnCandidateBooking",
    },
    "bamboohr": {"status: Inactive"},
    "finch": {
        *(f"employment_status: {over}" for over in ("deceased", "retired", "terminated")),
        *(f"unit: {unit}" for unit in ("bi_weekly", "fixed", "monthly")),
        *(f"unit: {unit}" for unit in ("quarterly", "semi_monthly", "weekly")),
    },
    "greenhouse": {
        "status: in_process",  # of one that has no stage
        *(f"status: {of_a_test}" for of_a_test in ("received", "sent", "to_be_sent")),
        *(f"status: {not_yet}" for not_yet in ("draft", "to_be_scheduled")),
    },
    "gusto": {
        *(f"payment_unit: {unit}" for unit in ("Week", "Month", "Paycheck")),
        *(f"status: {of_batch}" for of_batch in ("pending", "processing")),
        *(f"status: {of_batch}" for of_batch in ("failed", "partial_success")),
    },
}


def shapes(
    document: Json, schemas: Sequence[Json], value: Any, path: Path = ()
) -> Iterator[tuple[Path, Any]]:
    """What may be otherwise in a value, as the document has it; of a list, in its first one."""
    parts = documents.parts(document, schemas)
    if isinstance(value, list):
        inside = [part["items"] for part in parts if "items" in part]
        for inner in value[:1]:
            yield from shapes(document, inside, inner, (*path, 0))
    if not isinstance(value, dict):
        return
    required = {name for part in parts for name in part.get("required", ())}
    for name, kinds in documents.fields(parts).items():
        at = (*path, name)
        if name not in value:
            yield at, documents.sample(document, kinds)
            continue
        if name not in required:
            yield at, GONE
        allowed = documents.values(documents.parts(document, kinds))
        yield from ((at, each) for each in allowed if each != value[name])
        yield from shapes(document, kinds, value[name], at)


def other_shapes(bench: Bench, watching: Sequence[str]) -> list[Change]:
    """Each other shape of the answers to one reading of everything; one of each question."""
    bench.sandbox.asked.clear()
    heard(bench, watching)
    told, trial = document(bench.trial), bench.trial
    found: dict[str, Change] = {}
    for asked, answer in bench.sandbox.asked:
        if trial.is_described(asked.path) and answer.status < 300:
            request = as_described(trial, asked)
            operation = documents.operation(told, request.method, request.path)
            schema = documents.answered(told, operation, answer.status)
            question = f"{id(operation)} {sorted(asked.query)} {sorted(asked.json)}"
            for path, value in shapes(told, [schema], answer.body):
                known_by = f"{question} {path} {value!r}"
                found.setdefault(known_by, Change(line_of(asked), path, value))
    # Models do not say what may be missing.
    return [each for each in found.values() if not trial.answers or each.value is not GONE]


def heard(bench: Bench, watching: Sequence[str]) -> tuple[Counter[str], set[str]]:
    """How many records of each kind are read, and why others are not."""
    port, found, lost = bench.opened(), Counter[str](), set[str]()
    for resource in (*port.resources, *bench.trial.lists):
        try:
            for page in port.changes(resource, None, watching):
                lost |= set(page.unreadable.values()) | set(page.refused.values())
                found.update(f"{resource} {type(each).__name__}" for each in records([page]))
        except ConnectorError as failure:
            lost.add(str(failure))
    return found, lost


def is_named(trial: Trial, change: Change) -> bool:
    """Whether we are known not to read this."""
    name = str(change.path[-1])
    if change.value is GONE or change.value is None:
        return name in NEEDED.get(trial.vendor, "").split()
    return f"{name}: {change.value}" in UNMAPPED.get(trial.vendor, ())


@pytest.mark.skipif(not documents.FOLDER, reason="FULLCYCLE_VENDOR_SPECS is not set")
@pytest.mark.parametrize("trial", ANSWERING.values(), ids=ANSWERING)
def test_every_shape_that_the_document_gives_an_answer_is_read(trial: Trial) -> None:
    with trials.bench(trial) as bench:
        watching = trial.filled(bench)
        found, lost = heard(bench, watching)
        unread = set()
        for change in other_shapes(bench, watching):
            bench.later(minutes=1)  # for the quota
            bench.sandbox.change = change.made
            now_found, now_lost = heard(bench, watching)
            if (now_found != found or now_lost - lost) and not is_named(trial, change):
                unread.add(f"{change} {now_lost - lost} {found - now_found}")
    assert not unread
