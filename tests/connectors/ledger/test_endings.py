"""Endings: an archive in the tracker ends an application, but cuts no sequence of the law short."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connectors.ledger import endings, landing
from connectors.ledger.decisions import Decisions, Move, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import (
    Application,
    ArchiveKind,
    BackgroundReport,
    Observed,
    ReportResult,
    ReportStatus,
    TrackerStage,
)

DAY = timedelta(days=1)
EMPLOYER, CANDIDATE = ArchiveKind.BY_EMPLOYER, ArchiveKind.BY_CANDIDATE


class Checked:
    """Ann in her background check; each thing that happens does so a day after the last."""

    def __init__(self, ledger: Ledger, ann: Subject, reread: Callable[[str], Subject]) -> None:
        self.ledger, self.key, self.reread = ledger, ann.key, reread
        self.now = ann.since
        with ledger.transaction() as connection:
            connection.execute(
                text(
                    "INSERT INTO external_id SELECT client, 'ashby', 'application', 'ann in ashby',"
                    " 'application', id FROM application WHERE key = :key"
                ),
                {"key": ann.key},
            )

    def becomes(self, *states: str, ready_for: str | None = None) -> None:
        for state in states:
            self.now += DAY
            move = Move(self.reread(self.key), "background", state, "for this test", ready_for)
            self.ledger.apply(Decisions(moves=[move]), self.now)

    def is_archived(self, kind: ArchiveKind) -> None:
        self._land(
            "ashby",
            Application(
                external_id="ann in ashby",
                updated_at=self.now,
                job_ref="job",
                name="Ann",
                source="Indeed",
                applied_at=self.now,
                stage=TrackerStage.ARCHIVED,
                archive_kind=kind,
                archive_reason="Other",
            ),
        )

    def is_reported(self, result: ReportResult) -> None:
        self._land(
            "checkr",
            BackgroundReport(
                external_id="invitation",
                updated_at=self.now,
                application_key=self.key,
                report_ref="report",
                status=ReportStatus.COMPLETE,
                result=result,
            ),
        )

    def endings(self) -> list[str | None]:
        """Who ends the application in the tracker, if it is over."""
        with self.ledger.transaction() as connection:
            over = endings.ended(connection, Scope(self.ledger.client), self.now)
        return [row.archive_kind for row in over]

    def _land(self, system: str, record: Observed) -> None:
        self.now += DAY
        with self.ledger.transaction() as connection:
            landing.land(connection, self.ledger.client, system, [record], self.now)


@pytest.fixture
def ann(ledger: Ledger, applicants: list[Subject], subject: Callable[[str], Subject]) -> Checked:
    return Checked(ledger, applicants[0], subject)


SEQUENCES: list[Any] = [
    ["consider"],
    ["consider", "pre_adverse"],
    ["consider", "pre_adverse", "disputed"],
    ["consider", "pre_adverse", "disputed", "reassess"],
    ["consider", "cleared"],
]


@pytest.mark.parametrize("states", SEQUENCES)
def test_the_employer_ends_nobody_while_a_report_is_decided_on(
    ann: Checked, states: list[str]
) -> None:
    ann.becomes("in_progress", *states)
    ann.is_archived(EMPLOYER)

    assert ann.endings() == []


@pytest.mark.parametrize("states", SEQUENCES)
def test_the_candidate_may_leave_at_any_time(ann: Checked, states: list[str]) -> None:
    ann.becomes("in_progress", *states)
    ann.is_archived(CANDIDATE)

    assert ann.endings() == [CANDIDATE]


@pytest.mark.parametrize(
    ("result", "ended"), [(ReportResult.CONSIDER, []), (ReportResult.CLEAR, [EMPLOYER])]
)
def test_a_report_that_is_not_clear_counts_before_anybody_has_taken_it_up(
    ann: Checked, result: ReportResult, ended: list[str]
) -> None:
    ann.becomes("in_progress")
    ann.is_reported(result)
    ann.is_archived(EMPLOYER)

    assert ann.endings() == ended


def test_before_there_is_a_report_the_employer_may_decide_as_anywhere(ann: Checked) -> None:
    ann.becomes("ordered", "in_progress")
    ann.is_archived(EMPLOYER)

    assert ann.endings() == [EMPLOYER]


def test_an_archive_from_then_does_not_count_when_somebody_is_cleared_a_later_one_does(
    ann: Checked,
) -> None:
    ann.becomes("in_progress", "consider")
    ann.is_archived(EMPLOYER)
    ann.becomes("complete", ready_for="preboarding")
    assert ann.endings() == []

    ann.is_archived(CANDIDATE)
    ann.is_archived(EMPLOYER)

    assert ann.endings() == [EMPLOYER]


def test_who_has_signed_no_offer_ends_with_the_requisition_also_then(
    ann: Checked, ledger: Ledger, opened: Subject, subject: Callable[[str], Subject]
) -> None:
    ann.becomes("in_progress", "consider", "pre_adverse")
    ann.is_archived(EMPLOYER)
    closed = Decisions()
    closed.end(subject(opened.key), "CANCELLED", "cancelled")
    ledger.apply(closed, ann.now)

    assert None in ann.endings()  # for the requisition, not for the archive
