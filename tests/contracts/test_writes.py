"""Whatever a vendor says of something it has done: it is looked up, and done once."""

import inspect
from collections.abc import Iterator

import pytest

from connectors import ports
from connectors.errors import Misconfigured, OutcomeUnknown
from connectors.records import CreateHire
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
KINDS = (
    ports.InformedBoard,
    ports.ApplicantTracker,
    ports.BackgroundScreener,
    ports.ReferenceChecker,
    ports.SignatureProvider,
    ports.Payroll,
    ports.Messenger,
)


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
    if port.find(request, KEY) is None:
        getattr(port, write.verb)(request, KEY)

    bench.later(minutes=5)
    assert port.find(request, KEY) is not None or isinstance(request, CreateHire)
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


def test_every_write_of_every_kind_is_lied_about() -> None:
    verbs = {name for kind in KINDS for name, _ in inspect.getmembers(kind, inspect.isfunction)}
    reads = {"changes", "find", "check"}
    letters = {"send", "ask"}  # see tests/connectors/test_letters.py
    lied_about = {write.verb for trial in TRIALS.values() for write in trial.writes} | letters

    # Nothing is changed there: see tests/connectors/test_signed_copies.py and test_kept_resumes.py.
    copied = {"keep_signed", "keep_resume"}
    told = {"tell"}  # nobody says what they were told: see tests/connectors/indeed
    assert {verb for verb in verbs - reads if not verb.startswith("_")} == (
        lied_about | copied | told
    )
