"""People enter through the client's own job board, or through Harvest; none is lost, none twice."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.access import Access
from connectors.applicant_tracking.greenhouse.board import Form
from connectors.applicant_tracking.greenhouse.shapes import made
from connectors.errors import Misconfigured, OutcomeUnknown, Unavailable, Unreadable
from connectors.ports import ApplicantTracker
from connectors.records import Candidate, RejectApplication, TrackerStage
from deployments.sandbox.ashby_records import STAGE
from deployments.sandbox.greenhouse import Greenhouse
from deployments.sandbox.greenhouse_board import FORM, KEY, LINKS, TOKEN, asks
from deployments.sandbox.server import UNLISTED_SECONDS, Sandbox
from tests.connectors.greenhouse.account import OPEN, applications, connected, fault, read
from tests.connectors.tracking import DAY, NOW, applying

APPLY = "POST /boards-api/"
RESUME = asks("Resume/CV", "resume", "resume_text")
PLACE = [asks(label, label.lower()) for label in ("Location", "Latitude", "Longitude")]
GDPR = {
    "type": "gdpr",
    "requires_consent": False,
    "requires_processing_consent": True,
    "requires_retention_consent": True,
    "retention_period": 365,
}
ASKS_TOO_MUCH: dict[str, dict[str, Any]] = {
    "a résumé": {"questions": [*FORM, RESUME]},
    "a question": {"questions": [*FORM, asks("Forklift licence?", "question_77")]},
    "a telephone number": {"questions": [asks("Phone", "phone")]},
    "where they live": {"location_questions": PLACE},
    "what the law asks": {"compliance": [{"type": "eeoc", "questions": [asks("Race", "race")]}]},
    "who they are": {
        "demographic_questions": {
            "questions": [{"id": 1, "label": "Pronouns", "required": True, "answer_options": []}]
        }
    },
    "consent": {"data_compliance": [GDPR]},
}


@pytest.fixture
def account(access: Access) -> Access:
    """An account whose people enter through the job board."""
    board = access.base_url.replace("/v3", "/boards-api/v1")
    link = next(iter(LINKS))
    options = {**access.options, "board": TOKEN, "board_url": board, "source:Indeed": link}
    return replace(access, options=options, secrets={"board_key": KEY})


@pytest.fixture
def tracker(account: Access) -> ApplicantTracker:
    return connected(account)


@pytest.fixture
def job(tracker: ApplicantTracker) -> str:
    return tracker.open_job(OPEN, "k").external_id


def told(account: Access, **options: str) -> ApplicantTracker:
    """The tracker of the same account with other settings."""
    return connected(replace(account, options={**account.options, **options}))


def asked(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request from now on."""
    seen: list[str] = []
    answer = sandbox.answer

    def noting(request: Any) -> Any:
        seen.append(f"{request.method} {request.path.removeprefix('/greenhouse')}")
        return answer(request)

    monkeypatch.setattr(sandbox, "answer", noting)
    return seen


def through_harvest(tracker: ApplicantTracker) -> bool:
    """Whether the one application has been entered by Harvest, which keeps when they applied."""
    [application] = applications(tracker)
    return application.applied_at == NOW - DAY


def test_who_applies_enters_through_the_board_and_is_found_in_harvest(
    tracker: ApplicantTracker, sandbox: Sandbox, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = asked(sandbox, monkeypatch)

    receipt = tracker.add_application(applying(job, phone="555 0100"), "a")

    [ada] = applications(tracker)
    [person] = read(tracker, "candidates")[0]
    assert isinstance(person, Candidate)
    assert receipt.external_id == ada.external_id
    assert receipt.others == {"candidate": person.external_id}
    assert (person.name, person.emails, person.phones) == (
        "Ada Byron",
        ("ada@x.test",),
        ("555 0100",),
    )
    assert (ada.job_ref, ada.stage, ada.applied_at) == (job, TrackerStage.NEW, NOW)
    assert not [each for each in seen if re.match("POST /v3/", each)]


def test_a_source_is_told_by_its_tracking_link(tracker: ApplicantTracker, job: str) -> None:
    unknown = applying(job, "Bo Lee", "bo@x.test").model_copy(update={"source": "Adzuna"})

    tracker.add_application(applying(job), "a")
    tracker.add_application(unknown, "b")

    assert {each.source for each in applications(tracker)} == {"Indeed", "Company careers page"}


def test_without_a_board_nobody_asks_for_one(
    access: Access, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = connected(access)
    job = tracker.open_job(OPEN, "k").external_id
    seen = asked(sandbox, monkeypatch)

    tracker.add_application(applying(job), "a")

    assert through_harvest(tracker)
    assert not [each for each in seen if "boards-api" in each]


@pytest.mark.parametrize("form", ASKS_TOO_MUCH.values(), ids=ASKS_TOO_MUCH)
def test_where_a_post_requires_what_we_do_not_have_they_enter_through_harvest(
    tracker: ApplicantTracker, vendor: Greenhouse, job: str, form: dict[str, Any]
) -> None:
    vendor.board.posts[job] = [form]

    receipt = tracker.add_application(applying(job), "a")

    assert through_harvest(tracker)
    assert tracker.find(applying(job), "a") == receipt
    assert "incomplete" not in vendor.received


def test_what_may_stay_unanswered_keeps_nobody_out(
    tracker: ApplicantTracker, vendor: Greenhouse, job: str
) -> None:
    optional = {**asks("Race", "race"), "required": None}
    vendor.board.posts[job] = [{"compliance": [{"type": "eeoc", "questions": [optional]}]}]

    tracker.add_application(applying(job), "a")

    assert not through_harvest(tracker)


def test_of_several_posts_the_one_is_taken_that_we_can_fill_in(
    tracker: ApplicantTracker, vendor: Greenhouse, job: str
) -> None:
    too_much = {"questions": [*FORM, RESUME]}
    vendor.board.posts[job] = [too_much, {}, too_much]

    tracker.add_application(applying(job), "a")

    assert not through_harvest(tracker)
    assert "incomplete" not in vendor.received


def test_a_job_without_a_live_post_takes_people_through_harvest(
    tracker: ApplicantTracker, vendor: Greenhouse, job: str
) -> None:
    vendor.board.posts[job] = []

    tracker.add_application(applying(job), "a")

    assert through_harvest(tracker)


@pytest.mark.parametrize("call", ["GET", "POST"])
def test_a_post_that_is_taken_down_meanwhile_loses_nobody(
    tracker: ApplicantTracker,
    sandbox: Sandbox,
    vendor: Greenhouse,
    job: str,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    answer = sandbox.answer

    def meanwhile(request: Any) -> Any:
        if request.method == call and re.search(r"/boards-api/.*/jobs/\d+$", request.path):
            vendor.board.posts[job] = []
        return answer(request)

    monkeypatch.setattr(sandbox, "answer", meanwhile)

    tracker.add_application(applying(job), "a")

    assert through_harvest(tracker)


@pytest.mark.parametrize(
    ("name", "email", "phone"),
    [
        ("Ada Byron", None, None),
        ("Ada Byron", "ada at home", None),
        ("Ada Byron", "ada@x.test", "https://x.test/call-me"),
        (f"Ada {'B' * 256}", "ada@x.test", None),
    ],
)
def test_whom_the_board_does_not_take_enters_through_harvest(
    tracker: ApplicantTracker, job: str, name: str, email: str | None, phone: str | None
) -> None:
    request = applying(job, name, email, phone)

    receipt = tracker.add_application(request, "a")

    assert through_harvest(tracker)
    assert tracker.find(request, "a") == receipt


def test_consent_is_told_only_where_the_client_says_that_it_is_given(
    account: Access, vendor: Greenhouse, job: str
) -> None:
    vendor.board.posts[job] = [{"data_compliance": [GDPR]}]

    told(account, board_consent="given").add_application(applying(job), "a")

    assert vendor.received["consents"] == [
        "ada@x.test gdpr_processing_consent_given True",
        "ada@x.test gdpr_retention_consent_given True",
    ]


LOST = ("drop_after", "truncated", "html_after", "empty_after", "error_in_200", "reshaped")


@pytest.mark.parametrize("lost", [*LOST, "redirect_after", "drop_before", "500", "html"])
def test_a_lost_answer_of_the_board_is_found_in_harvest_or_it_is_sent_once(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Greenhouse, job: str, lost: str
) -> None:
    request = applying(job)
    fault(sandbox, APPLY, lost)

    with pytest.raises(OutcomeUnknown) as failure:
        tracker.add_application(request, "a")
    found = tracker.find(request, "a")

    assert bool(found) == (lost not in ("drop_before", "500", "html"))
    assert (found or tracker.add_application(request, "a")) == tracker.find(request, "a")
    assert len(vendor.received["applications"]) == 1
    assert "ada" not in str(failure.value).lower()


def test_what_harvest_does_not_show_yet_may_still_be_there(
    tracker: ApplicantTracker, vendor: Greenhouse, job: str
) -> None:
    seconds = [0.0]
    vendor.clock = lambda: seconds[0]
    vendor.fall_behind()

    with pytest.raises(OutcomeUnknown, match="does not show yet"):
        tracker.add_application(applying(job), "a")
    assert tracker.find(applying(job), "a") is None

    seconds[0] += UNLISTED_SECONDS
    assert tracker.find(applying(job), "a") == tracker.add_application(applying(job), "a")
    assert len(vendor.received["applications"]) == 1


def test_that_harvest_is_behind_is_waited_for(
    account: Access, vendor: Greenhouse, job: str
) -> None:
    seconds = [0.0]
    vendor.clock = lambda: seconds[0]
    vendor.fall_behind()

    def sleep(told: float) -> None:
        seconds[0] += UNLISTED_SECONDS if told > 1 else 0

    receipt = connected(account, sleep).add_application(applying(job), "a")

    assert receipt == connected(account).find(applying(job), "a")


def test_not_found_counts_later_where_there_is_a_board(access: Access, account: Access) -> None:
    lags: list[Any] = [connected(each) for each in (access, account)]

    assert [each.search_lag for each in lags] == [1, 5]


def test_harvest_that_fails_after_the_board_has_taken_them_leaves_the_outcome_unknown(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Greenhouse, job: str
) -> None:
    answer = sandbox.answer
    taken: list[Any] = []

    def failing(request: Any) -> Any:
        if taken and request.path.startswith("/greenhouse/v3/"):
            fault(sandbox, "GET /v3/", "500")
        if request.method == "POST" and "boards-api" in request.path:
            taken.append(request)
        return answer(request)

    sandbox.answer = failing  # type: ignore[method-assign]

    with pytest.raises(OutcomeUnknown, match="does not show yet"):
        tracker.add_application(applying(job), "a")


def test_a_board_that_is_away_is_tried_again_and_nothing_was_done(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Greenhouse, job: str
) -> None:
    fault(sandbox, "GET /boards-api/", *["500"] * 10)

    with pytest.raises(Unavailable):
        tracker.add_application(applying(job), "a")

    assert "applications" not in vendor.received


def test_whom_the_clients_rules_reject_at_once_does_not_apply_again(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Greenhouse, job: str
) -> None:
    fault(sandbox, APPLY, "drop_after")
    with pytest.raises(OutcomeUnknown):
        tracker.add_application(applying(job), "a")
    [application] = vendor.records.tables["application"].values()
    vendor.records.enter(application, STAGE["Archived"], vendor.reasons[0])

    assert tracker.find(applying(job), "a")
    assert tracker.add_application(applying(job), "a").external_id == application["id"]
    assert len(vendor.received["applications"]) == 1


def test_who_applies_again_after_being_rejected_gets_another_application(
    tracker: ApplicantTracker, sandbox: Sandbox, job: str
) -> None:
    first = tracker.add_application(applying(job), "a").external_id
    tracker.reject(RejectApplication(application_ref=first, reason="not_qualified"), "r")
    sandbox.advance(NOW + 2 * DAY)
    again = applying(job).model_copy(update={"applied_at": NOW + DAY})
    assert tracker.find(again, "b") is None

    second = tracker.add_application(again, "b").external_id

    assert second != first
    found = [tracker.find(request, "a") for request in (applying(job), again)]
    assert [each and each.external_id for each in found] == [first, second]


def test_who_has_an_open_application_under_another_record_is_not_added_again(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Greenhouse, job: str
) -> None:
    vendor.records.add_candidate("Ada Byron", "ada@x.test", None, {})
    sandbox.advance(NOW + 2 * DAY)
    there = tracker.add_application(applying(job), "a")
    sandbox.advance(NOW + 4 * DAY)

    later = applying(job).model_copy(update={"applied_at": NOW + 3 * DAY})

    assert tracker.add_application(later, "b") == there


@pytest.mark.parametrize(
    ("options", "secrets", "named"),
    [
        ({"board": "nobodys"}, {"board_key": KEY}, "'board'"),
        ({}, {"board_key": "wrong"}, "'board_key'"),
        ({}, {}, "'board_key'"),
    ],
)
def test_a_wrong_token_or_key_is_a_matter_of_set_up(
    account: Access,
    vendor: Greenhouse,
    job: str,
    options: Mapping[str, str],
    secrets: Mapping[str, str],
    named: str,
) -> None:
    wrong = connected(replace(account, options={**account.options, **options}, secrets=secrets))

    with pytest.raises(Misconfigured, match=named):
        wrong.add_application(applying(job), "a")

    assert "applications" not in vendor.received
    checks = {check.what: check.wrong for check in wrong.check() if "board" in check.what}
    assert [what for what, told in checks.items() if named in told]


@pytest.mark.parametrize(
    "form",
    [
        {"questions": None},
        {"questions": [{"label": "Email", "fields": []}]},
        {"compliance": [{"type": "new"}]},
        {"data_compliance": [{"type": "another", "asks": True}]},
    ],
)
def test_a_form_that_makes_no_sense_is_not_taken_to_require_nothing(
    tracker: ApplicantTracker, vendor: Greenhouse, job: str, form: dict[str, Any]
) -> None:
    vendor.board.posts[job] = [form]

    with pytest.raises(Unreadable):
        tracker.add_application(applying(job), "a")

    assert "applications" not in vendor.received


def test_a_check_names_the_jobs_whose_people_cannot_enter_through_the_board(
    tracker: ApplicantTracker, vendor: Greenhouse, job: str
) -> None:
    def wrong() -> dict[str, str]:
        return {check.what: check.wrong for check in tracker.check() if check.wrong}

    more = {"requisition": "HARBOR-4", "title": "Day nurse"}
    another = tracker.open_job(OPEN.model_copy(update=more), "l").external_id
    vendor.board.posts[job] = [{"questions": [asks("Phone", "phone")]}]
    before = wrong()

    vendor.board.posts[job] = []
    vendor.board.posts[another] = [{"questions": [*FORM, RESUME]}]

    assert {what: said for what, said in wrong().items() if what not in before} == {
        "posts of open jobs": "none is live: Night nurse",
        "forms of posts": "require what we do not have: Day nurse (Resume/CV)",
    }
    assert "applications" not in vendor.received


questions = st.lists(
    st.builds(
        lambda label, required, name: {**asks(label, name), "required": required},
        st.text(min_size=1, max_size=9),
        st.sampled_from([True, False, None]),
        st.sampled_from(["email", "resume", "question_1[]"]),
    ),
    max_size=4,
)


@given(questions, questions, questions, st.none() | questions)
def test_wherever_it_stands_what_is_required_is_seen(
    usual: list[Any], place: list[Any], law: list[Any], people: list[Any] | None
) -> None:
    form = {
        "id": 1,
        "questions": usual,
        "location_questions": place,
        "compliance": [{"type": "eeoc", "questions": law}],
        "demographic_questions": people if people is None else {"questions": people},
    }

    seen = [question.label for question in made(Form, form).required]

    every = [*usual, *place, *law, *(people or [])]
    assert seen == [each["label"] for each in every if each["required"]]
