"""Every tracker lists the jobs that are open in it, by the ids that their applications name."""

from contextlib import suppress
from typing import Any

import pytest

from connectors.errors import Unsupported
from connectors.records import Application, CloseJob, Job
from connectors.registry import VENDORS
from tests.contracts import trial as trials
from tests.contracts.asked import adding, opening
from tests.contracts.trial import Bench, Trial, records
from tests.contracts.trials import TRIALS

TRACKERS = {
    name: trial
    for name, trial in TRIALS.items()
    if VENDORS[trial.vendor].kind == "applicant_tracking"
}
PAGE, MANY = 2, 7
SAYS_IF_OPEN = {"status", "state", "no_of_recruitment"}
each_tracker = pytest.mark.parametrize("trial", TRACKERS.values(), ids=TRACKERS)


def listed(bench: Bench) -> dict[str, Job]:
    """The open jobs by their ids."""
    pages = list(bench.opened().changes("open_jobs", None, ()))
    assert not any(page.unreadable or page.refused for page in pages)
    jobs = [job for job in records(pages) if isinstance(job, Job)]
    assert not any(job.document for job in jobs)
    return {job.external_id: job for job in jobs}


def close(bench: Bench, job: str) -> None:
    """Close a job; where that cannot be asked for, as whoever does it there."""
    with suppress(Unsupported):
        bench.port.close_job(CloseJob(job_ref=job), "c")
        return
    person: Any = bench.stand_in
    person.close(job)


def spoilt(body: Any) -> Any:
    """The same answer, but whether the first job of its list is open, nobody knows."""
    if isinstance(body, dict):
        return {name: spoilt(value) for name, value in body.items()}
    if isinstance(body, list) and body and isinstance(body[0], dict):
        first, *rest = body
        return [{**first, **dict.fromkeys(first.keys() & SAYS_IF_OPEN, "¿unknown?")}, *rest]
    return body


@each_tracker
def test_a_job_is_listed_while_it_is_open(trial: Trial) -> None:
    with trials.bench(trial) as bench:
        job = bench.port.open_job(opening(bench), "k").external_id
        before = listed(bench)

        close(bench, job)

        assert before[job].title
        assert before[job].headcount in (None, opening(bench).headcount)
        assert listed(bench).keys() == before.keys() - {job}


@each_tracker
def test_a_job_is_listed_by_what_its_applications_name(trial: Trial) -> None:
    with trials.bench(trial) as bench:
        asked = adding(bench)
        bench.port.add_application(asked, "a")

        found = records(bench.port.changes("applications", None, ()))

        named = {each.job_ref for each in found if isinstance(each, Application)}
        assert named == {asked.job_ref}
        assert asked.job_ref in listed(bench)


@each_tracker
def test_jobs_are_listed_to_the_last_page(trial: Trial) -> None:
    with trials.bench(trial) as bench:
        there: Any = bench.stand_in
        there.page = PAGE
        asked = [
            opening(bench).model_copy(update={"requisition": f"HARBOR-{n + 1}"})
            for n in range(MANY)
        ]
        jobs = {bench.port.open_job(each, each.requisition).external_id for each in asked}

        assert len(jobs) == MANY
        assert jobs <= listed(bench).keys()


@each_tracker
def test_a_job_that_makes_no_sense_is_named_and_hides_no_other(trial: Trial) -> None:
    with trials.bench(trial) as bench:
        bench.port.open_job(opening(bench), "k")
        bench.port.open_job(opening(bench).model_copy(update={"requisition": "HARBOR-4"}), "l")
        before = listed(bench)
        bench.sandbox.change = lambda _, body: spoilt(body)

        pages = list(bench.opened().changes("open_jobs", None, ()))

        [ref] = [ref for page in pages for ref in page.unreadable]
        assert {job.external_id for job in records(pages)} == before.keys() - {ref}
