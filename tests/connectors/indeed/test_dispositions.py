"""What becomes of applications, told back to Indeed."""

import pytest

from connectors.errors import Misconfigured, OutcomeUnknown, Refused
from connectors.job_boards.indeed import dispositions
from connectors.ports import InformedBoard
from connectors.records import ApplicantStatus, TellBoard
from deployments.sandbox import indeed_api
from deployments.sandbox.indeed import Indeed
from deployments.sandbox.server import Sandbox
from tests.connectors.indeed.account import NOW, Opened

ID = "5156eb63c9a0a8ac"


def news(status: ApplicantStatus = ApplicantStatus.INTERVIEWING, ref: str = ID) -> TellBoard:
    return TellBoard(application_ref=ref, status=status, since=NOW)


@pytest.fixture(autouse=True)
def applied(vendor: Indeed) -> None:
    vendor.note("applications", ID)


@pytest.mark.parametrize("status", ApplicantStatus)
def test_each_state_is_told_in_indeeds_words(
    sync: InformedBoard, vendor: Indeed, status: ApplicantStatus
) -> None:
    sync.tell(news(status), "k")

    assert vendor.received["dispositions"] == [f"{ID} {dispositions.STATUSES[status]}"]


def test_every_word_is_one_that_indeed_knows() -> None:
    assert set(dispositions.STATUSES.values()) <= indeed_api.DISPOSITIONS


@pytest.mark.parametrize("channel", ["feed", "job_sync"])
def test_it_is_told_whichever_way_postings_go(opened: Opened, vendor: Indeed, channel: str) -> None:
    receipt = opened(channel=channel).tell(news(), "k")

    assert receipt.external_id == f"{ID} interviewing"
    assert vendor.received["dispositions"] == [f"{ID} INTERVIEW"]


@pytest.mark.parametrize("fault", ["drop_after", "empty_after", "reshaped", "error_in_200"])
def test_what_may_have_been_lost_is_told_again_and_counts_once(
    opened: Opened, vendor: Indeed, sandbox: Sandbox, fault: str
) -> None:
    sandbox.faults.append({"vendor": "indeed", "match": "/graphql", "faults": [fault]})

    with pytest.raises(OutcomeUnknown) as failure:
        opened().tell(news(), "k")
    assert opened().find(news(), "k") is None
    opened().tell(news(), "k")

    assert ID not in str(failure.value)
    assert vendor.received["dispositions"] == [f"{ID} INTERVIEW"]


def test_a_state_that_indeed_does_not_take_is_refused_though_it_is_no_error(
    sync: InformedBoard, vendor: Indeed
) -> None:
    with pytest.raises(Refused, match="whether it knows the application") as failure:
        sync.tell(news(ref="nobody"), "k")

    assert "nobody" not in str(failure.value)
    assert "dispositions" not in vendor.received


def test_without_credentials_nothing_is_told(opened: Opened) -> None:
    with pytest.raises(Misconfigured, match="no API credentials"):
        opened(channel="feed", client_id="").tell(news(), "k")
