"""Tokens are renewed once for all, kept before they are used, and no request is lost over it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.access import Access
from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.oauth import Tokens
from connectors.payroll import gusto
from connectors.ports import Payroll
from connectors.records import CreateHire, PayUnit, Place
from deployments.sandbox.gusto import COMPANY, Gusto
from deployments.sandbox.gusto_tokens import CLIENT_ID, CLIENT_SECRET, GRANT
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Town:
    """Everybody is paid as agreed."""

    def by_email(self, email: str) -> Any:
        return SimpleNamespace(behaviour=SimpleNamespace(pay_error=False))


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Safe:
    """What all processes share: the tokens as they are kept, and who may change them."""

    tokens: Tokens = field(default_factory=lambda: Tokens("ended", GRANT))
    lock: Any = field(default_factory=Lock)
    saved: list[Tokens] = field(default_factory=list)
    on_save: Callable[[], None] = lambda: None

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self.lock:
            yield

    def read(self) -> Tokens:
        return self.tokens

    def save(self, tokens: Tokens) -> None:
        self.on_save()
        self.tokens = tokens
        self.saved.append(tokens)


class Office:
    """The vendor, and processes of ours that share one safe."""

    def __init__(self, journal: Path | None = None) -> None:
        world = World(seed=7, now=NOW)
        self.vendor = Gusto(world, Town())
        self.sandbox = Sandbox(world, [self.vendor], journal)
        self.url, self.safe = f"{self.sandbox.start()}/gusto", Safe()

    def process(self, **changed: str) -> Payroll:
        """A process that begins with what is kept now."""
        kept = self.safe.tokens
        options = {"company": COMPANY, "client_id": CLIENT_ID}
        secrets = {"refresh": kept.refresh, "client": CLIENT_SECRET, **changed}
        access = Access(self.url, kept.access, options=options, secrets=secrets, keeper=self.safe)
        return gusto.connect(access, sleep=lambda _: None)

    def fail(self, match: str, *faults: str) -> None:
        self.sandbox.faults.append({"vendor": "gusto", "match": match, "faults": list(faults)})

    def later(self, **delta: float) -> None:
        self.sandbox.advance(self.vendor.world.now + timedelta(**delta))

    @property
    def hires(self) -> list[str]:
        return self.vendor.received.get("people_batches", [])


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.sandbox.stop()


def a_hire(name: str = "ada") -> CreateHire:
    return CreateHire(
        application_key=f"HARBOR-3.{name}",
        first_name=name.title(),
        last_name="Byron",
        email=f"{name}@example.test",
        title="Electrician",
        start_on=date(2026, 3, 16),
        rate_cents=3850,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=Place(code="US-CO", city="Denver", country="US"),
        entity="Harbor Works Inc.",
    )


def everybody(payroll: Payroll) -> int:
    return sum(len(page.records) for page in payroll.changes("all_employees", None, ()))


def test_a_token_that_ended_is_renewed_and_what_was_asked_is_done_once(office: Office) -> None:
    payroll = office.process()

    payroll.create_hire(a_hire(), "k1")

    assert office.hires == ["HARBOR-3.ada"]
    assert len(office.safe.saved) == 1


@pytest.mark.parametrize("match", ["POST .*people_batches", "GET .*locations"])
def test_a_token_may_end_at_any_call(office: Office, match: str) -> None:
    payroll = office.process()
    everybody(payroll)
    office.fail(match, "expire")

    payroll.create_hire(a_hire(), "k1")

    assert office.hires == ["HARBOR-3.ada"]
    assert len(office.safe.saved) == 2


def test_a_list_goes_on_from_the_page_at_which_the_token_ended(office: Office) -> None:
    payroll = office.process()
    for n in range(7):
        payroll.create_hire(a_hire(f"p{n}"), f"k{n}")
    office.later(minutes=5)
    asked: list[str] = []
    handle = office.vendor.handle
    office.vendor.handle = lambda request: (  # type: ignore[method-assign]
        asked.append(request.query.get("page", "")) or handle(request)  # type: ignore[func-returns-value]
    )
    office.fail("GET .*employees", "slow_after", "expire")

    assert everybody(payroll) == 7
    assert asked[0] == "1"
    assert {"2", "3"} < set(asked)
    assert (asked.count("1"), asked.count("")) == (1, 1)  # read on, with one new token


def test_an_hour_later_nothing_is_renewed_and_two_hours_later_it_is(office: Office) -> None:
    payroll = office.process()
    for hours, renewed in ((0, 1), (1, 1), (2, 2), (9, 3)):
        office.later(hours=hours)
        everybody(payroll)
        assert len(office.safe.saved) == renewed


def test_many_threads_and_processes_renew_once(office: Office) -> None:
    processes = [office.process() for _ in range(2)]

    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(processes[n % 2].create_hire, a_hire(f"p{n}"), f"k{n}") for n in range(16)
        ]
        assert len({job.result().external_id for job in jobs}) == 16

    assert len(office.hires) == 16
    assert len(office.safe.saved) == 1
    assert sum(office.vendor.tokens.exchanged.values()) == 1


def test_a_process_that_slept_while_others_renewed_twice_goes_on(office: Office) -> None:
    sleeper, other = office.process(), office.process()
    for _ in range(2):
        everybody(other)
        office.later(hours=3)

    everybody(sleeper)

    assert len(office.safe.saved) == 3


@pytest.mark.parametrize(
    "fault",
    ["drop_before", "drop_after", "truncated", "html_after", "empty_after", "error_in_200", "500"],
)
def test_an_answer_with_tokens_that_is_lost_loses_nothing(office: Office, fault: str) -> None:
    payroll = office.process()
    payroll.create_hire(a_hire("bob"), "k0")
    office.later(hours=3)
    office.fail("POST /oauth/token", fault)

    with pytest.raises(Unavailable):
        payroll.create_hire(a_hire(), "k1")
    assert office.hires == ["HARBOR-3.bob"]

    payroll.create_hire(a_hire(), "k1")
    assert office.hires == ["HARBOR-3.bob", "HARBOR-3.ada"]


@pytest.mark.parametrize("end", [Crash, Unavailable("gusto", "Prefect is away")])
def test_a_crash_before_new_tokens_are_kept_loses_nothing(
    office: Office, end: type[Crash] | ConnectorError
) -> None:
    everybody(office.process())
    office.later(hours=3)

    def crash() -> None:
        raise end

    office.safe.on_save = crash
    with pytest.raises((Crash, Unavailable)):
        office.process().create_hire(a_hire(), "k1")
    assert office.hires == []

    office.safe.on_save = lambda: None
    office.process().create_hire(a_hire(), "k1")
    assert office.hires == ["HARBOR-3.ada"]


def test_a_refresh_token_works_once_and_then_a_person_connects_again(office: Office) -> None:
    office.safe.tokens = Tokens("ended", GRANT)
    everybody(office.process())
    office.safe.tokens = Tokens("ended", GRANT)
    payroll = office.process()

    with pytest.raises(Misconfigured, match="connect it again") as failure:
        payroll.create_hire(a_hire(), "k1")

    assert GRANT not in str(failure.value)
    assert office.hires == []

    office.safe.tokens = office.safe.saved[0]  # the person has connected it
    payroll.create_hire(a_hire(), "k1")
    assert office.hires == ["HARBOR-3.ada"]


def test_wrong_credentials_of_the_application_are_named(office: Office) -> None:
    with pytest.raises(Misconfigured, match="client_id"):
        everybody(office.process(client="another"))
    with pytest.raises(Misconfigured, match="client_id"):
        office.process(client="")


def test_without_a_refresh_token_the_key_is_used_as_long_as_it_lasts(office: Office) -> None:
    office.safe.tokens = Tokens("sandbox-gusto", "")
    office.process().create_hire(a_hire(), "k1")
    assert office.hires == ["HARBOR-3.ada"]

    office.safe.tokens = Tokens("another", "")
    with pytest.raises(Misconfigured, match="credentials refused"):
        everybody(office.process())


def test_gusto_remembers_its_tokens_after_a_restart(tmp_path: Path) -> None:
    office = Office(tmp_path / "journal")
    everybody(office.process())
    office.later(hours=3)
    everybody(office.process())
    office.fail("GET", "expire")
    everybody(office.process())
    before = office.vendor.tokens
    office.sandbox.stop()

    again = Office(tmp_path / "journal")
    after = again.vendor.tokens

    assert (after.pairs, after.good, after.exchanged) == (
        before.pairs,
        before.good,
        before.exchanged,
    )
    again.sandbox.stop()
