"""Whatever a vendor says of something it has done: it is looked up, and done once."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from connectors import ports
from connectors.errors import Misconfigured, OutcomeUnknown
from connectors.job_boards import feeds
from connectors.records import CreateHire
from connectors.registry import OURS, VENDORS
from tasks.account import account_type
from tests.contracts import trial as trials
from tests.contracts.asked import KEY
from tests.contracts.trial import Bench, Trial, Write
from tests.contracts.trials import TRIALS

LIES = (
    "drop_after",
    "truncated",
    "html_after",
    "empty_after",
    "error_in_200",
    "reshaped",
    "redirect_after",
)
BLANK = ("empty_after", "truncated")  # no lies about an answer that may be blank
PORTS: Mapping[str, type] = {
    "job_boards": ports.JobBoard,
    "applicant_tracking": ports.ApplicantTracker,
    "background_checks": ports.BackgroundScreener,
    "references": ports.ReferenceChecker,
    "signatures": ports.SignatureProvider,
    "payroll": ports.Payroll,
    "messaging": ports.Messenger,
    "texting": ports.Messenger,
    "market_pay": ports.PaySurvey,
}
READS = {"changes", "find", "check"}
# They change nothing at the vendor: tests/connectors/test_signed_copies.py, test_kept_resumes.py.
COPIES = {"keep_signed", "keep_resume"}
# They speak no HTTP of a vendor's; in which file of tests/connectors they are tried instead.
NO_TRIAL = {
    "built_in": "test_built_in",  # our own ledger
    **dict.fromkeys(("filesystem", "folder_vault"), "test_filesystem"),
    **dict.fromkeys(("s3", "s3_vault"), "test_s3"),  # boto3 speaks to it
    **dict.fromkeys((board.name for board in feeds.VENDORS), "test_feeds"),
    "google_for_jobs": "test_google_for_jobs",
    **dict.fromkeys(("manual_screening", "questionnaire", "smtp"), "test_letters"),
}


def verbs(port: type) -> set[str]:
    """What a port writes."""
    each = inspect.getmembers(port, inspect.isfunction)
    return {name for name, _ in each if not name.startswith("_")} - READS


EVERY_VERB = set().union(verbs(ports.InformedBoard), *(verbs(port) for port in PORTS.values()))


@pytest.fixture
def bench(trial: Trial) -> Iterator[Bench]:
    with trials.bench(trial) as opened:
        yield opened


@pytest.mark.parametrize(
    ("trial", "write", "lie"),
    [
        pytest.param(trial, write, lie, id=f"{name} {write.verb} {write.call} {lie}")
        for name, trial in TRIALS.items()
        for write in trial.writes
        for lie in LIES
        if not (write.may_be_blank and lie in BLANK)
    ],
)
def test_a_lie_about_a_write_is_looked_up_and_it_is_done_once(
    bench: Bench, write: Write, lie: str
) -> None:
    request, port = write.request(bench), bench.port
    bench.lie(write.call, lie)

    with pytest.raises(OutcomeUnknown) as told:
        getattr(port, write.verb)(request, KEY)
    if write.by_hand:
        with pytest.raises(OutcomeUnknown):
            port.find(request, KEY)
    elif port.find(request, KEY) is None:
        getattr(port, write.verb)(request, KEY)

    bench.later(minutes=5)
    if not (write.by_hand or isinstance(request, CreateHire)):
        assert port.find(request, KEY) is not None
    assert bench.done(write.shows) == write.times
    assert "Ada" not in str(told.value)
    assert "ada@" not in str(told.value)


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_a_wrong_key_is_a_matter_of_set_up(bench: Bench) -> None:
    watching = bench.trial.filled(bench)
    port = bench.opened(**bench.trial.wrong)

    with pytest.raises(Misconfigured):
        list(bench.pages(port, watching))
        for write in bench.trial.writes:  # of one that is never read
            getattr(port, write.verb)(write.request(bench), KEY)


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_a_check_of_an_account_that_is_set_up_finds_nothing_wrong(bench: Bench) -> None:
    bench.trial.filled(bench)

    assert [check for check in bench.port.check() if check.wrong and check.what != "clock"] == []


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_an_account_is_what_the_form_of_the_vendor_asks_for(bench: Bench) -> None:
    account, form = bench.account, account_type(bench.trial.vendor)

    filled = form.filled(account.options, account.secrets, base_url=bench.url, key=account.key)

    assert (filled.access().options, filled.access().secrets) == (account.options, account.secrets)


@pytest.mark.parametrize("vendor", sorted({trial.vendor for trial in TRIALS.values()}))
def test_every_write_of_a_vendor_is_lied_about_or_it_is_said_why_not(vendor: str) -> None:
    its = [trial for trial in TRIALS.values() if trial.vendor == vendor]
    lied_about = {write.verb for trial in its for write in trial.writes}
    untried = {verb for trial in its for verb in trial.untried}
    with trials.bench(its[0]) as opened:
        can = {verb for verb in EVERY_VERB if hasattr(opened.port, verb)}

    assert verbs(PORTS[VENDORS[vendor].kind]) <= can
    assert can - COPIES == lied_about | untried
    assert not lied_about & untried


def test_every_vendor_of_ours_has_a_trial_or_speaks_no_http_of_a_vendors() -> None:
    tried = {trial.vendor for trial in TRIALS.values()} & OURS.keys()

    assert tried | NO_TRIAL.keys() == OURS.keys()
    assert not tried & NO_TRIAL.keys()
    folder = Path(__file__).parents[1] / "connectors"
    assert all((folder / f"{name}.py").exists() for name in NO_TRIAL.values())
