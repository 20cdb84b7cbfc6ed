"""Rows: the facts that gates and stages judge by, and the law of the places on the day."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import create_engine, text

from connectors.ledger import (
    arrivals,
    background,
    client,
    cursors,
    effects,
    gates,
    intake,
    landing,
    payroll,
    rows,
    screening,
    sourcing,
    watching,
)
from connectors.ledger import requisition as requisitions
from connectors.ledger.decisions import Decisions, Link, Subject
from connectors.ledger.gates import Verdict
from connectors.ledger.rows import Known
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import (
    AddApplication,
    Application,
    BackgroundReport,
    FormAnswer,
    OpenJob,
    OrderBackgroundCheck,
    Place,
    Receipt,
    ReportStatus,
    ScheduleInterview,
    TrackerStage,
)
from connectors.requisition import Requisition
from tasks.process import Payroll, Process

Facts = TypeVar("Facts", bound=Known)
Reread = Callable[[str], Subject]
SOURCING = (sourcing.Row, sourcing.ROWS, "sourcing")
CARDS = ("ashby", "scorecards")
BACKGROUND = (background.Row, background.ROWS, "background")


def enter(ledger: Ledger, subject: Subject, stage: str, sql: str, as_of: datetime) -> None:
    """Bring a subject into a stage, whatever its gate would say."""
    decisions = Decisions()
    decisions.advance(subject, to=stage)
    ledger.apply(decisions, as_of)
    with ledger.transaction() as connection:
        door = rows.at_the_door(connection, sql, stage, Scope(ledger.client), as_of)
        gates.admit(connection, ledger.client, stage, door, Verdict(), as_of)


def read(ledger: Ledger, row: type[Facts], sql: str, stage: str, as_of: datetime) -> Facts:
    """The one row inside a stage, as it is seen at an instant."""
    with ledger.transaction() as connection:
        (found,) = rows.inside(connection, row, sql, stage, Scope(ledger.client), as_of)
    return found


@pytest.fixture
def advertised(
    ledger: Ledger, requisition: Requisition, subject: Reread, as_of: datetime
) -> Callable[[str], None]:
    """A requisition in sourcing whose place of work is this one."""

    def at(place: str) -> None:
        where = Place(code=place, city="Somewhere", country=place[:2])
        moved = requisition.model_copy(update={"places": (where,)})
        with ledger.transaction() as connection:
            requisitions.put(connection, moved, as_of)
        enter(ledger, subject(moved.code), "sourcing", sourcing.ROWS, as_of)

    return at


@pytest.fixture
def checked(
    ledger: Ledger,
    advertised: Callable[[str], None],
    arrival: Callable[..., Application],
    subject: Reread,
    as_of: datetime,
) -> Callable[..., None]:
    """An applicant in the background check, for work in this place."""

    def at(place: str, residence: str = "") -> None:
        advertised(place)
        posting = Decisions()
        posting.post(subject("HARBOR-1"), "HARBOR-1-X", {})
        ledger.apply(posting, as_of)
        with ledger.transaction() as connection:
            told = [arrival("ann", job_ref="HARBOR-1-X", residence=residence)]
            landing.land(connection, ledger.client, "indeed", told, as_of)
            arrivals.open_applications(connection, ledger.client, "us", as_of)
            key = connection.execute(text("SELECT key FROM application")).scalar_one()
        enter(ledger, subject(key), "background", background.ROWS, as_of)

    return at


def employ(ledger: Ledger, process: Process, employees: int) -> None:
    """Make the client an employer of this size."""
    sized = process.model_copy(update={"employees": employees})
    with ledger.transaction() as connection:
        client.put(connection, ledger.client, sized.model_dump(mode="json"), 2)


@pytest.mark.parametrize(
    ("place", "required"), [("US-CA", True), ("US-TX", False), ("US-NY-NYC", True), ("US", False)]
)
def test_pay_is_demanded_in_the_posting_where_the_law_demands_it(
    ledger: Ledger, advertised: Callable[[str], None], as_of: datetime, place: str, required: bool
) -> None:
    advertised(place)
    assert read(ledger, *SOURCING, as_of).pay_required is required


@pytest.mark.parametrize(
    ("day", "required"),
    [(datetime(2025, 12, 31, 23, tzinfo=UTC), False), (datetime(2026, 1, 1, tzinfo=UTC), True)],
)
def test_ontario_demands_a_word_on_the_vacancy_since_2026(
    ledger: Ledger, advertised: Callable[[str], None], day: datetime, required: bool
) -> None:
    advertised("CA-ON")
    assert read(ledger, *SOURCING, day).vacancy_required is required


@pytest.mark.parametrize(("employees", "required"), [(24, False), (25, True)])
def test_a_law_for_larger_employers_does_not_bind_smaller_ones(
    ledger: Ledger,
    process: Process,
    advertised: Callable[[str], None],
    as_of: datetime,
    employees: int,
    required: bool,
) -> None:
    advertised("CA-ON")
    employ(ledger, process, employees)
    assert read(ledger, *SOURCING, as_of).vacancy_required is required


@pytest.mark.parametrize(
    ("employees", "day", "offer_first"),
    [
        (14, datetime(2026, 12, 31, tzinfo=UTC), False),
        (15, datetime(2026, 12, 31, tzinfo=UTC), True),
        (14, datetime(2027, 1, 2, tzinfo=UTC), True),
        (15, datetime(2026, 6, 30, tzinfo=UTC), False),
        (15, datetime(2026, 7, 1, tzinfo=UTC), True),
    ],
)
def test_washington_wants_the_offer_first_of_small_employers_from_2027(
    ledger: Ledger,
    process: Process,
    checked: Callable[..., None],
    employees: int,
    day: datetime,
    offer_first: bool,
) -> None:
    checked("US-WA")
    employ(ledger, process, employees)

    row = read(ledger, *BACKGROUND, day)

    assert row.offer_first is offer_first
    assert (["offer", "background"] in row.order_rules) is offer_first


@pytest.mark.parametrize(
    ("place", "residence", "days"),
    [
        ("US-TX", "", 5),  # the federal floor
        ("US-CA", "", 5),
        ("US-CA-LACOUNTY", "", 15),
        ("US-TX", "US-CA-LACOUNTY", 15),  # where the person lives counts as well
        ("US-PA-PHL", "", 10),
        ("US-WA", "", 5),  # the state's two days do not shorten the five
        ("CA-ON", "", 5),  # no rule at all: the cautious default
    ],
)
def test_an_adverse_decision_waits_the_longest_of_what_any_place_demands(
    ledger: Ledger,
    checked: Callable[..., None],
    as_of: datetime,
    place: str,
    residence: str,
    days: int,
) -> None:
    checked(place, residence)

    row = read(ledger, *BACKGROUND, as_of)

    assert (row.adverse_business_days, row.adverse_calendar_days) == (days, 0)


def test_of_several_orders_of_a_check_the_newest_counts_and_is_watched(
    ledger: Ledger, checked: Callable[..., None], as_of: datetime
) -> None:
    checked("US-CA")
    ann = read(ledger, *BACKGROUND, as_of)

    def order(ref: str) -> None:
        place = Place(code="US-CA", city="San Francisco", country="US")
        request = OrderBackgroundCheck(
            application_key=ann.key, package="pro", name="Ann", email="ann@x.test", work_place=place
        )
        decisions = Decisions()
        decisions.effect(ann, "checkr", "background.order", request, about=ref)
        ledger.apply(decisions, as_of)

    def confirm(ref: str, status: ReportStatus) -> None:
        told = BackgroundReport(
            external_id=ref, updated_at=as_of, application_key=ann.key, status=status
        )
        with ledger.transaction() as connection:
            for effect in effects.claim(connection, Scope(ledger.client), as_of, 10, False):
                effects.done(connection, [effects.Done(effect, Receipt(external_id=ref), as_of)])
            landing.land(connection, ledger.client, "checkr", [told], as_of)

    def seen() -> tuple[str | None, str | None, list[str]]:
        row = read(ledger, *BACKGROUND, as_of)
        with ledger.transaction() as connection:
            return row.order_ref, row.report_status, watching.watching(connection, "reports")

    order("first")
    confirm("first", ReportStatus.EXPIRED)
    before = seen()
    order("second")
    between = seen()
    confirm("second", ReportStatus.INVITED)

    assert before == ("first", "expired", ["first"])
    assert between == (None, None, ["first"])
    assert seen() == ("second", "invited", ["second"])


def test_an_interview_that_was_scheduled_is_watched(
    ledger: Ledger, checked: Callable[..., None], as_of: datetime
) -> None:
    checked("US-CA")
    request = ScheduleInterview(
        application_ref="a", round="panel", starts_at=as_of, ends_at=as_of, interviewers=()
    )
    decisions = Decisions()
    ann = read(ledger, *BACKGROUND, as_of)
    decisions.effect(ann, "smartrecruiters", "tracker.interview", request, about="panel")
    ledger.apply(decisions, as_of)

    def watched() -> list[str]:
        with ledger.transaction() as connection:
            return watching.watching(connection, "interviews")

    before = watched()
    with ledger.transaction() as connection:
        for effect in effects.claim(connection, Scope(ledger.client), as_of, 10, False):
            made = Receipt(external_id="interview-1")
            effects.done(connection, [effects.Done(effect, made, as_of)])

    assert (before, watched()) == ([], ["interview-1"])


def test_the_background_check_remembers_when_it_was_reopened_for_the_last_time(
    ledger: Ledger, checked: Callable[..., None], as_of: datetime
) -> None:
    checked("US-CA")
    times = [as_of + timedelta(days=day) for day in range(4)]
    first = read(ledger, *BACKGROUND, as_of)
    for state, at in zip(
        ("pre_adverse", "reassess", "pre_adverse", "reassess"), times, strict=True
    ):
        decisions = Decisions()
        decisions.hold(read(ledger, *BACKGROUND, at), state, None)
        ledger.apply(decisions, at)

    assert first.reopened_at is None
    assert read(ledger, *BACKGROUND, times[-1]).reopened_at == times[-1]


def test_the_law_of_what_lies_around_a_residence_counts_too(
    ledger: Ledger, checked: Callable[..., None], as_of: datetime
) -> None:
    checked("CA-ON", residence="US-CA-LACOUNTY")

    row = read(ledger, *BACKGROUND, as_of)

    assert row.jurisdictions == ["CA", "CA-ON", "US", "US-CA", "US-CA-LACOUNTY"]


def test_in_new_york_city_references_come_before_the_offer(
    ledger: Ledger, checked: Callable[..., None], process: Process, as_of: datetime
) -> None:
    checked("US-NY-NYC")

    order = process.order(read(ledger, *BACKGROUND, as_of).order_rules)

    assert order.index("references") < order.index("offer") < order.index("background")
    assert process.stages.index("offer") < process.stages.index("references")


def test_a_row_remembers_what_was_asked_about_it_and_what_was_answered(
    ledger: Ledger, opened: Subject, as_of: datetime
) -> None:
    later = as_of + timedelta(hours=1)
    place = Place(code="US-CA", city="San Francisco", country="US")
    answer = {"form": "approve_requisition", "subject": opened.key, "about": "h", "by": "approver"}
    decisions = Decisions()
    request = OpenJob(requisition=opened.key, title="Clerk", place=place, headcount=1)
    decisions.effect(opened, "ashby", "tracker.open_job", request)
    ledger.apply(decisions, as_of)
    enter(ledger, opened, "sourcing", sourcing.ROWS, as_of)
    with ledger.transaction() as connection:
        told = [
            FormAnswer.model_validate(
                answer | {"external_id": said, "updated_at": at, "fields": {"decision": said}}
            )
            for said, at in (("reject", later), ("approve", as_of))
        ]
        landing.land(connection, ledger.client, "form", told, as_of)

    row = read(ledger, *SOURCING, as_of)

    assert row.asked("tracker.open_job") is not None
    assert (row.done_at("tracker.open_job"), row.asked("tracker.close_job")) == (None, None)
    assert row.answer("approve_requisition", "h") == {"decision": "reject"}  # said last
    assert row.answered_at("approve_requisition", "h") == later
    assert row.answer("approve_requisition", "another version") is None


def test_the_gates_engine_is_given_the_same_rows_that_wait_at_the_door(
    ledger: Ledger, applicants: Sequence[Subject], opened: Subject, as_of: datetime
) -> None:
    query = rows.gate_query(intake.ROWS, "intake", Scope(ledger.client, opened.key), as_of)

    engine = create_engine(ledger.gate_url)
    with engine.connect() as connection:
        judged = connection.exec_driver_sql(query).mappings().all()
    engine.dispose()
    assert [row["id"] for row in judged] == [applicant.id for applicant in applicants]
    assert {row["has_email"] for row in judged} == {True}


def test_a_requisition_that_was_changed_is_open_and_awaits_approval(
    ledger: Ledger,
    requisition: Requisition,
    applicants: Sequence[Subject],
    subject: Reread,
    as_of: datetime,
) -> None:
    approval = Decisions()
    approval.change(subject("HARBOR-1"), approved_hash=requisitions.approval_hash(requisition))
    ledger.apply(approval, as_of)
    enter(ledger, applicants[0], "intake", intake.ROWS, as_of)
    stand = []

    def look() -> None:
        with ledger.transaction() as connection:
            scope = Scope(ledger.client)
            for row in rows.inside(connection, intake.Row, intake.ROWS, "intake", scope, as_of)[:1]:
                stand.append((row.open, row.approved))

    look()
    with ledger.transaction() as connection:
        requisitions.put(connection, requisition.model_copy(update={"headcount": 5}), as_of)
    look()
    over = Decisions()
    over.end(subject("HARBOR-1"), "CANCELLED", "cancelled by the client")
    ledger.apply(over, as_of)
    look()

    assert stand == [(True, True), (True, False), (False, False)]


def test_only_an_open_application_makes_the_next_one_its_double(
    ledger: Ledger, applicants: Sequence[Subject], subject: Reread, as_of: datetime
) -> None:
    first, second, _ = applicants
    met = Decisions(links=[Link(first, None, "Ann", (("email", "ann@mail.example"),))])
    ledger.apply(met, as_of)
    enter(ledger, second, "intake", intake.ROWS, as_of)

    def double() -> bool:
        with ledger.transaction() as connection:
            scope = Scope(ledger.client)
            inside = rows.inside(connection, intake.Row, intake.ROWS, "intake", scope, as_of)
            found = intake.with_acquaintances(
                connection, inside, lambda row: (("email", "ann@mail.example"),)
            )
        (known,) = next(row for row in found if row.key == second.key).known
        return known.same_requisition

    while_open = double()
    over = Decisions()
    over.end(subject(first.key), "WITHDRAWN", "no response to the screen")
    ledger.apply(over, as_of)

    assert (while_open, double()) == (True, False)


def test_the_trackers_older_application_is_out_of_the_way_once_both_say_so(
    ledger: Ledger,
    applicants: Sequence[Subject],
    arrival: Callable[..., Application],
    subject: Reread,
    as_of: datetime,
) -> None:
    first, second, _ = applicants
    add = AddApplication(
        application_key="-",
        job_ref="job-1",
        name="Ann",
        email=None,
        phone=None,
        source="",
        applied_at=as_of,
    )
    for applicant in (first, second):  # the tracker answers both with the same application
        asked = Decisions()
        asked.effect(applicant, "ashby", "tracker.add", add)
        ledger.apply(asked, as_of)
        with ledger.transaction() as connection:
            (sent,) = effects.claim(connection, Scope(ledger.client), as_of, 9, False)
            effects.done(connection, [effects.Done(sent, Receipt(external_id="t-1"), as_of)])
    enter(ledger, second, "intake", intake.ROWS, as_of)

    def shown(stage: TrackerStage) -> tuple[str | None, bool]:
        told = arrival("t-1", job_ref="job-1", stage=stage)
        with ledger.transaction() as connection:
            landing.land(connection, ledger.client, "ashby", [told], as_of)
            scope = Scope(ledger.client)
            found = rows.inside(connection, intake.Row, intake.ROWS, "intake", scope, as_of)
        (row,) = (row for row in found if row.key == second.key)
        return row.tracker_ref, row.conflict_over

    while_open = shown(TrackerStage.NEW)
    over = Decisions()
    over.end(subject(first.key), "WITHDRAWN", "no response to the screen")
    ledger.apply(over, as_of)

    assert while_open == (None, False)
    assert shown(TrackerStage.NEW) == (None, False)
    assert shown(TrackerStage.ARCHIVED) == (None, True)


def test_a_row_knows_when_the_clients_own_tracker_was_last_read_to_its_end(
    ledger: Ledger, applicants: Sequence[Subject], as_of: datetime
) -> None:
    enter(ledger, applicants[0], "screening", screening.ROWS, as_of)
    seen = []
    for system, resource in (("other", "scorecards"), ("ashby", "applications"), CARDS):
        with ledger.transaction() as connection:
            cursors.mark_read(connection, ledger.client, system, resource, as_of)
        seen.append(read(ledger, screening.Row, screening.ROWS, "screening", as_of).screens_read_at)

    with ledger.transaction() as connection:  # a page is not the end
        cursors.write(connection, ledger.client, *CARDS, "page 2")
    row = read(ledger, screening.Row, screening.ROWS, "screening", as_of + timedelta(days=1))

    assert seen == [None, None, as_of]
    assert row.screens_read_at == as_of


@pytest.mark.parametrize(
    ("about", "silent"),
    [("", False), ("me", False), ("HARBOR-1.somebody", True)],
)
def test_a_system_that_nobody_could_read_about_somebody_is_not_silent_about_them(
    ledger: Ledger, applicants: Sequence[Subject], as_of: datetime, about: str, silent: bool
) -> None:
    enter(ledger, applicants[0], "screening", screening.ROWS, as_of)
    about = applicants[0].key if about == "me" else about
    with ledger.transaction() as connection:
        cursors.mark_read(connection, ledger.client, *CARDS, as_of)
        connection.execute(
            text(
                "INSERT INTO finding (client, kind, system, external_id, subject, owner, reason,"
                " action, opened_at) VALUES (:client, 'record.unreadable', 'ashby', 'card-1',"
                " :about, 'provider', 'no status', 'mend it', :as_of)"
            ),
            {"client": ledger.client, "about": about, "as_of": as_of},
        )

    row = read(ledger, screening.Row, screening.ROWS, "screening", as_of)

    assert (row.screens_read_at is not None) == silent


def test_a_scope_of_another_requisition_sees_nobody(
    ledger: Ledger, applicants: Sequence[Subject], as_of: datetime
) -> None:
    with ledger.transaction() as connection:
        scope = Scope(ledger.client, "HARBOR-2")
        assert rows.at_the_door(connection, intake.ROWS, "intake", scope, as_of) == []


@pytest.mark.parametrize(
    ("place", "days"), [("US-CA", 20), ("US-AL", 7), ("US-NY-NYC", 20), ("CA-ON", None)]
)
def test_a_new_hire_is_reported_within_the_days_of_the_place(
    ledger: Ledger,
    checked: Callable[..., None],
    subject: Reread,
    as_of: datetime,
    place: str,
    days: int | None,
) -> None:
    checked(place)
    key = read(ledger, *BACKGROUND, as_of).key
    enter(ledger, subject(key), "payroll", payroll.ROWS, as_of + timedelta(days=1))

    row = read(ledger, payroll.Row, payroll.ROWS, "payroll", as_of + timedelta(days=1))

    assert row.report_days == days


@pytest.mark.parametrize(
    ("by", "place", "told", "reported"),
    [
        ("payroll", "US-CA", "", True),
        ("hr", "US-CA", "", False),
        ("hr", "US-CA", "no", False),
        ("hr", "US-CA", "yes", True),
        ("hr", "CA-ON", "", True),
    ],
)
def test_the_state_counts_as_told_when_hr_says_so_or_payroll_tells_it(
    ledger: Ledger,
    process: Process,
    checked: Callable[..., None],
    subject: Reread,
    as_of: datetime,
    by: str,
    place: str,
    told: str,
    reported: bool,
) -> None:
    ours = process.model_copy(update={"payroll": Payroll.model_validate({"new_hire_report": by})})
    with ledger.transaction() as connection:
        client.put(connection, ledger.client, ours.model_dump(mode="json"), 2)
    checked(place)
    key = read(ledger, *BACKGROUND, as_of).key
    enter(ledger, subject(key), "payroll", payroll.ROWS, as_of + timedelta(days=1))
    if told:
        answer = FormAnswer(
            external_id="answer-1",
            updated_at=as_of,
            form="new_hire_report",
            subject=key,
            by="hr",
            fields={"reported": told},
        )
        with ledger.transaction() as connection:
            landing.land(connection, ledger.client, "forms", [answer], as_of)

    row = read(ledger, payroll.Row, payroll.ROWS, "payroll", as_of + timedelta(days=1))

    assert row.reported is reported
