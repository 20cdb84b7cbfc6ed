"""What the market pays: Adzuna and USAJOBS, our connectors against their stand-ins, over HTTP."""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.access import Access
from connectors.errors import Misconfigured, Unavailable, Unreadable, Unsupported
from connectors.going_rate import FEWEST, MOST_QUESTIONS, cents, is_like
from connectors.health import Check
from connectors.market_pay import VENDORS
from connectors.ports import PaySurvey
from connectors.records import CloseJob, MarketPay, Page, PayQuestion, PayUnit
from deployments.sandbox import adzuna, usajobs
from deployments.sandbox.adzuna import Adzuna
from deployments.sandbox.server import Sandbox
from deployments.sandbox.usajobs import UsaJobs
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
OPTIONS = {"app_id": adzuna.APP_ID, "email": usajobs.EMAIL}
BOTH = ("adzuna", "usajobs")


@pytest.fixture
def vendors() -> dict[str, Any]:
    world = World(seed=7, now=NOW)
    return {"adzuna": Adzuna(world), "usajobs": UsaJobs(world)}


@pytest.fixture
def sandbox(vendors: dict[str, Any]) -> Iterator[Sandbox]:
    running = Sandbox(vendors["adzuna"].world, list(vendors.values()))
    yield running
    running.stop()


@pytest.fixture
def surveys(sandbox: Sandbox) -> dict[str, PaySurvey]:
    url = sandbox.start()
    return {
        name: VENDORS[name].connect(
            Access(f"{url}/{name}", f"sandbox-{name}", options=OPTIONS), sleep=lambda _: None
        )
        for name in BOTH
    }


def a_question(**changed: Any) -> str:
    asked = {"title": "Electrician", "city": "Denver", "region": "CO", "country": "US"}
    return PayQuestion(**{**asked, "remote": False, **changed}).model_dump_json()


def pages(survey: PaySurvey, *questions: str) -> list[Page]:
    return list(survey.changes("market_pay", None, questions))


def answers(survey: PaySurvey, *questions: str) -> list[MarketPay]:
    found = [record for page in pages(survey, *questions) for record in page.records]
    return [record for record in found if isinstance(record, MarketPay)]


def unreadable(survey: PaySurvey) -> str:
    (page,) = pages(survey, a_question())
    return page.unreadable[a_question()]


def in_adzuna(*salaries: float | None, title: str = "Electrician") -> list[Any]:
    return [adzuna.a_posting(str(n), title, salary) for n, salary in enumerate(salaries)]


def in_usajobs(*salaries: float, title: str = "Electrician", rate: str = "PA") -> list[Any]:
    return [usajobs.a_posting(str(n), title, salary, rate) for n, salary in enumerate(salaries)]


ADVERTISED: dict[str, Callable[..., list[Any]]] = {"adzuna": in_adzuna, "usajobs": in_usajobs}


def test_the_middle_of_each_range_counts_and_half_of_them_lie_between_two_amounts(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    vendors["adzuna"].postings = in_adzuna(50_000, 60_000, 70_000, 80_000, 1_000_000)

    (answer,) = answers(surveys["adzuna"], a_question())

    assert answer == MarketPay(
        external_id=a_question(),
        updated_at=NOW,
        postings=5,
        low_cents=6_600_000,
        median_cents=7_700_000,
        high_cents=8_800_000,
        currency="USD",
        unit=PayUnit.YEAR,
        asked_on=date(2026, 3, 2),
    )


def test_federal_pay_is_read_from_strings_in_the_unit_that_most_postings_use(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    by_the_hour = in_usajobs(20, 22, 24, 26, 28, rate="Per Hour")
    vendors["usajobs"].postings = [
        *by_the_hour,
        usajobs.a_posting("y", "Electrician", 90_000),
        usajobs.a_posting("m", "Electrician", 4_000, "PM"),
    ]

    (answer,) = answers(surveys["usajobs"], a_question())

    assert (answer.postings, answer.median_cents, answer.unit) == (5, 2_760, PayUnit.HOUR)


def test_what_adzuna_has_guessed_is_no_pay(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    guessed = [adzuna.a_posting(f"g{n}", "Electrician", 1, predicted=True) for n in range(20)]
    said = in_adzuna(50_000, 50_000, 50_000, 50_000, 50_000, None, 0)
    vendors["adzuna"].postings = [*guessed, *said]

    (answer,) = answers(surveys["adzuna"], a_question())

    assert (answer.postings, answer.median_cents) == (5, 5_500_000)


def test_one_end_of_a_range_is_all_that_some_say(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    rows = in_adzuna(*[60_000.004] * FEWEST)
    for row in rows:
        del row["salary_max"]
    vendors["adzuna"].postings = rows

    (answer,) = answers(surveys["adzuna"], a_question())

    assert answer.low_cents == answer.median_cents == answer.high_cents == 6_000_000


@pytest.mark.parametrize("name", BOTH)
def test_a_search_that_finds_other_jobs_is_not_trusted(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any], name: str
) -> None:
    others = ADVERTISED[name](*[10_000] * 9, title="Plumber")
    mine = ADVERTISED[name](*[60_000] * 5, title="Senior ELECTRICIAN (nights)")
    for n, row in enumerate(mine):
        row["id" if name == "adzuna" else "MatchedObjectId"] = f"mine{n}"
    vendors[name].postings = others + mine

    (answer,) = answers(surveys[name], a_question())

    assert answer.postings == 5
    assert answer.median_cents and answer.median_cents > 6_000_000


@pytest.mark.parametrize("name", BOTH)
def test_of_too_few_postings_only_their_number_is_told(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any], name: str
) -> None:
    vendors[name].postings = ADVERTISED[name](*[60_000] * (FEWEST - 1))

    (answer,) = answers(surveys[name], a_question())

    assert (answer.postings, answer.median_cents, answer.unit) == (4, None, None)


def test_two_pages_of_adzuna_are_read_and_no_more(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    vendors["adzuna"].postings = in_adzuna(*[50_000.0 + n for n in range(130)])

    (answer,) = answers(surveys["adzuna"], a_question())

    assert answer.postings == 100
    assert [(asked["page"], asked["where"]) for asked in vendors["adzuna"].asked] == [
        ("1", "Denver, CO"),
        ("2", "Denver, CO"),
    ]


def test_the_last_page_of_usajobs_ends_the_reading_and_a_posting_shown_twice_counts_once(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    rows = in_usajobs(*[50_000.0 + n for n in range(510)])
    vendors["usajobs"].postings = [*rows, rows[0]]

    (answer,) = answers(surveys["usajobs"], a_question())

    assert answer.postings == 510
    assert [asked["Page"] for asked in vendors["usajobs"].asked] == ["1", "2"]


def test_remote_work_is_looked_for_in_the_whole_country(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    for name in BOTH:
        answers(surveys[name], a_question(remote=True))

    assert "where" not in vendors["adzuna"].asked[0]
    assert vendors["usajobs"].asked[0]["RemoteIndicator"] == "True"
    assert "LocationName" not in vendors["usajobs"].asked[0]


def test_pay_is_in_the_countrys_money_and_a_country_without_postings_is_not_asked_about(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    abroad, nowhere = a_question(country="GB"), a_question(country="JP")

    (british,) = answers(surveys["adzuna"], nowhere, abroad)

    assert (british.external_id, british.currency) == (abroad, "GBP")
    assert answers(surveys["usajobs"], nowhere, abroad) == []
    assert {asked["country"] for asked in vendors["adzuna"].asked} == {"gb"}
    assert vendors["usajobs"].asked == []


@pytest.mark.parametrize("name", BOTH)
def test_only_a_few_questions_are_asked_at_once(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any], name: str
) -> None:
    questions = [a_question(title=f"Electrician {n}") for n in range(MOST_QUESTIONS + 2)]

    found = [answer.external_id for answer in answers(surveys[name], *questions)]

    assert found == questions[:MOST_QUESTIONS]
    assert answers(surveys[name]) == []


def test_adzuna_is_left_alone_when_its_minute_is_full(
    surveys: dict[str, PaySurvey], sandbox: Sandbox
) -> None:
    questions = [a_question(title=f"Electrician {n}") for n in range(MOST_QUESTIONS)]
    answers(surveys["adzuna"], *questions)

    with pytest.raises(Unavailable) as told:
        answers(surveys["adzuna"], *questions)

    assert told.value.retry_after == 60
    sandbox.advance(NOW + timedelta(minutes=1))
    assert len(answers(surveys["adzuna"], *questions)) == MOST_QUESTIONS


@pytest.mark.parametrize("fault", ["429", "500", "drop_before", "html", "truncated", "empty_after"])
@pytest.mark.parametrize("name", BOTH)
def test_an_answer_that_is_lost_or_spoilt_is_asked_for_again(
    surveys: dict[str, PaySurvey], sandbox: Sandbox, name: str, fault: str
) -> None:
    sandbox.faults.append({"vendor": name, "match": "GET", "faults": [fault]})

    assert len(answers(surveys[name], a_question())) == 1


@pytest.mark.parametrize("name", BOTH)
def test_a_key_that_was_replaced_is_a_matter_of_set_up_and_in_no_error(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any], name: str
) -> None:
    vendors[name].expire()

    with pytest.raises(Misconfigured) as told:
        answers(surveys[name], a_question())

    assert f"sandbox-{name}" not in str(told.value)
    wrong = [check for check in surveys[name].check() if check.wrong and check.what == "search"]
    assert len(wrong) == 1


def test_adzuna_refusing_a_key_with_another_status_is_a_matter_of_set_up_too(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = adzuna._refuse(400, "AUTH_FAIL", "Authorisation failed")
    monkeypatch.setattr(vendors["adzuna"], "handle", lambda request: refusal)

    with pytest.raises(Misconfigured, match="app key refused"):
        answers(surveys["adzuna"], a_question())


@pytest.mark.parametrize("name", BOTH)
def test_an_account_that_may_search_has_nothing_wrong_but_the_stand_ins_clock(
    surveys: dict[str, PaySurvey], name: str
) -> None:
    checks = list(surveys[name].check())

    assert Check("search") in checks
    assert {check.what for check in checks if check.wrong} <= {"clock"}


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("salary_min", "a lot", "not an amount"),
        ("salary_min", True, "not an amount"),
        ("salary_max", -1, "not an amount"),
        ("salary_is_predicted", "perhaps", "salary_is_predicted"),
        ("title", None, "title"),
    ],
)
def test_what_adzuna_never_said_before_makes_the_answer_unreadable(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any], field: str, value: Any, why: str
) -> None:
    rows = in_adzuna(*[50_000] * 6)
    rows[0][field] = value
    vendors["adzuna"].postings = rows

    assert why in unreadable(surveys["adzuna"])


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("RateIntervalCode", "PX", "RateIntervalCode"),
        ("MinimumRange", "none", "not an amount"),
        ("MaximumRange", None, "MaximumRange"),
    ],
)
def test_what_usajobs_never_said_before_makes_the_answer_unreadable(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any], field: str, value: Any, why: str
) -> None:
    rows = in_usajobs(*[50_000] * 6)
    rows[0]["MatchedObjectDescriptor"]["PositionRemuneration"][0][field] = value
    vendors["usajobs"].postings = rows

    assert why in unreadable(surveys["usajobs"])


def test_a_posting_without_pay_or_with_more_fields_is_nothing_new(
    surveys: dict[str, PaySurvey], vendors: dict[str, Any]
) -> None:
    federal = in_usajobs(*[50_000] * 7)
    federal[0]["MatchedObjectDescriptor"]["PositionRemuneration"] = []
    federal[1]["MatchedObjectDescriptor"]["a_field_of_next_year"] = 1
    others = in_adzuna(*[50_000] * 7)
    del others[0]["salary_is_predicted"]
    others[1]["a_field_of_next_year"] = {}
    vendors["usajobs"].postings, vendors["adzuna"].postings = federal, others

    assert [answers(surveys[name], a_question())[0].postings for name in BOTH] == [6, 6]


@pytest.mark.parametrize("name", BOTH)
def test_nothing_else_can_be_read_there_and_nothing_written(
    surveys: dict[str, PaySurvey], name: str
) -> None:
    with pytest.raises(Unsupported):
        list(surveys[name].changes("applications", None, ()))
    with pytest.raises(Unsupported):
        surveys[name].find(CloseJob(job_ref="x"), "k")


@given(st.floats(allow_nan=True, allow_infinity=True) | st.text() | st.none() | st.booleans())
def test_an_amount_is_read_or_refused(told: object) -> None:
    try:
        found = cents("x", "salary", told)
    except Unreadable:
        return
    assert found >= 0
    assert math.isclose(found, float(told) * 100, rel_tol=1e-9, abs_tol=0.5)  # type: ignore[arg-type]


@given(st.text(), st.text())
def test_every_word_of_the_title_asked_for_is_in_one_that_is_like_it(title: str, more: str) -> None:
    asked = PayQuestion(title=title, city="", region="", country="US", remote=False)

    assert is_like(asked, f"{more} {title.upper()}") or not title.isascii()
