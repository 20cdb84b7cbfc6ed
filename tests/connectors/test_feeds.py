"""ZipRecruiter, LinkedIn, Talent.com, Jooble and Adzuna: one posting in each board's elements."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.access import Access
from connectors.documents import filesystem
from connectors.errors import Refused, Unsupported
from connectors.job_boards import VENDORS, feeds
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    CloseJob,
    EmploymentType,
    Pay,
    PayUnit,
    Place,
    Posting,
    PublishPostings,
)

SITE = "https://careers.example.test/jobs/harbor"
AUSTIN = Place(code="US-TX", city="Austin", region="TX", country="US", postal_code="78701")
NAMES = [board.name for board in feeds.BOARDS]


def a_posting(reference: str = "HARBOR-3.US-TX", **changed: Any) -> Posting:
    told: dict[str, Any] = {
        "reference": reference,
        "requisition": "HARBOR-3",
        "title": "Café & Test Engineer ]]>",
        "description_html": "<h1>No</h1><script>no()</script><p>Tests pumps.</p>",
        "company": "Harbor & Sons",
        "place": AUSTIN,
        "pay": Pay(min_cents=2_500, max_cents=3_050, unit=PayUnit.HOUR),
        "benefits": "Health <full>",
        "employment_type": EmploymentType.FULL_TIME,
        "posted_at": datetime(2026, 8, 31, 9, tzinfo=UTC),
        "closes_on": date(2026, 10, 31),
    }
    return Posting(**{**told, **changed})


def these(*postings: Posting) -> PublishPostings:
    return PublishPostings(postings=postings, as_of=datetime(2026, 9, 1, 9, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return filesystem.connect(Access("https://x.test", options={"root": str(tmp_path)}))


def opened(name: str, store: DocumentStore, **options: str) -> JobBoard:
    board: JobBoard = VENDORS[name].open(Access(SITE, options=options), documents=store)
    return board


def jobs(store: DocumentStore, name: str) -> list[etree._Element]:
    return etree.fromstring(store.get(f"{name}/feed.xml")).findall("job")


@pytest.mark.parametrize("name", NAMES)
def test_each_posting_is_a_job_of_the_feed_with_its_page_and_its_words(
    store: DocumentStore, name: str
) -> None:
    opened(name, store).publish(these(a_posting(), a_posting("HARBOR-4.US-TX")), "k")

    first, _ = jobs(store, name)
    told = {element.tag: element.text for element in first.iter()}
    assert "Café & Test Engineer ]] >" in told.values()
    assert f"{SITE}/HARBOR-3.US-TX.html" in told.values()
    assert "<p>Tests pumps.</p><p>Benefits: Health &lt;full&gt;</p>" in str(told["description"])
    assert "no()" not in str(told["description"])
    assert "FULL_TIME" in str(told.get("jobtype", told.get("contract_time"))).upper()


def test_pay_stands_where_a_board_has_room_for_it(store: DocumentStore) -> None:
    for name in NAMES:
        opened(name, store).publish(these(a_posting()), "k")

    zip_recruiter, linkedin, talent, jooble, adzuna = (jobs(store, name)[0] for name in NAMES)
    assert zip_recruiter.findtext("compensation_min") == "25.00"
    assert zip_recruiter.findtext("compensation_interval") == "hour"
    assert [each.text for each in talent.findall("salary/*")] == ["25.00", "30.50", "USD", "hour"]
    assert jooble.findtext("salary") == "25.00 - 30.50 USD per hour"
    salaries = {each.tag: [end.text for end in each] for each in linkedin.iterfind(".//salary/*")}
    assert (salaries["lowEnd"], salaries["highEnd"]) == (["25.00", "USD"], ["30.50", "USD"])
    assert linkedin.findtext("salaries/salary/period") == "HOURLY"
    assert linkedin.findtext("salaries/salary/type") == "BASE_SALARY"
    parts = ("salary_min", "salary_max", "salary_frequency", "salary_currency")
    assert [adzuna.findtext(part) for part in parts] == ["25.00", "30.50", "hour", "USD"]


def test_work_from_home_is_said_in_an_element_or_for_want_of_one_in_the_description(
    store: DocumentStore,
) -> None:
    home = AUSTIN.model_copy(update={"remote": True})
    for name in NAMES:
        opened(name, store).publish(these(a_posting(), a_posting("Z.US-TX", place=home)), "k")

    told = {name: jobs(store, name) for name in NAMES}
    assert [job.findtext("workplaceTypes") for job in told["linkedin"]] == ["On-site", "Remote"]
    assert [job.findtext("isremote") for job in told["talent"]] == ["no", "yes"]
    for name in ("ziprecruiter", "jooble", "adzuna_feed"):
        office, remote = (str(job.findtext("description")) for job in told[name])
        assert ("from home" in office, "from home" in remote) == (False, True)


def test_jooble_is_told_days_as_it_writes_them(store: DocumentStore) -> None:
    opened("jooble", store).publish(these(a_posting()), "k")

    (job,) = jobs(store, "jooble")
    days = [job.findtext(name) for name in ("pubdate", "updated", "expire")]
    assert days == ["31.08.2026", "31.08.2026", "31.10.2026"]


@pytest.mark.parametrize(
    ("employment", "told"),
    [
        (EmploymentType.FULL_TIME, [None, "full_time"]),
        (EmploymentType.PART_TIME, [None, "part_time"]),
        (EmploymentType.TEMPORARY, ["contract", None]),
        (EmploymentType.INTERN, [None, None]),
    ],
)
def test_adzuna_is_told_no_more_of_a_contract_than_is_known(
    store: DocumentStore, employment: EmploymentType, told: list[str | None]
) -> None:
    opened("adzuna_feed", store).publish(these(a_posting(employment_type=employment)), "k")

    (job,) = jobs(store, "adzuna_feed")
    assert [job.findtext(name) for name in ("contract_type", "contract_time")] == told
    assert [job.findtext(name) for name in ("location", "country")] == ["Austin, TX, US", "US"]


def test_what_is_not_known_is_left_out(store: DocumentStore) -> None:
    opened("talent", store).publish(these(a_posting(pay=None, closes_on=None)), "k")

    (job,) = jobs(store, "talent")
    assert job.find("salary") is None
    assert job.find("expirationdate") is None


@pytest.mark.parametrize("name", NAMES)
def test_what_is_published_is_listed_by_reference_and_found(
    store: DocumentStore, name: str
) -> None:
    board, request = opened(name, store), these(a_posting("B.US-TX"), a_posting("A.US-TX"))

    assert board.find(request, "k") is None
    receipt = board.publish(request, "k")

    assert board.find(request, "another") == receipt
    assert board.find(these(a_posting()), "k") is None
    (page,) = board.changes("all_postings", None, ())
    assert [record.external_id for record in page.records] == ["A.US-TX", "B.US-TX"]
    assert list(board.changes("applications", None, ())) == []
    with pytest.raises(Unsupported):
        board.find(CloseJob(job_ref="x"), "k")


@pytest.mark.parametrize("name", NAMES)
def test_a_posting_that_lacks_what_a_board_demands_is_named_and_the_others_are_published(
    store: DocumentStore, name: str
) -> None:
    board = opened(name, store)
    request = these(a_posting(), a_posting("HARBOR-9.US-TX", requisition="HARBOR-9", company=" "))

    with pytest.raises(
        Refused, match=r"HARBOR-9\.US-TX of requisition HARBOR-9 lacks company\. Put it right"
    ):
        board.publish(request, "k2")

    (page,) = board.changes("all_postings", None, ())
    assert [record.external_id for record in page.records] == ["HARBOR-3.US-TX"]
    assert board.find(request, "k2") is None  # one is not there, and so the whole is not


@pytest.mark.parametrize("name", NAMES)
def test_two_postings_of_one_reference_are_refused_and_the_old_feed_stays(
    store: DocumentStore, name: str
) -> None:
    board = opened(name, store)
    board.publish(these(a_posting()), "k")

    with pytest.raises(Refused, match="same reference"):
        board.publish(these(a_posting("B"), a_posting("B")), "k3")
    assert len(jobs(store, name)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_most_of_many_are_not_taken_down_at_once(store: DocumentStore, name: str) -> None:
    board = opened(name, store)
    board.publish(these(*(a_posting(f"HARBOR-{n}.US-TX") for n in range(24))), "k")

    with pytest.raises(Refused, match="24 of 24"):
        board.publish(these(a_posting("HARBOR-99.US-TX")), "k2")

    assert len(jobs(store, name)) == 24
