"""What the market pays stands beside what is offered, where it is approved; it decides nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connectors.access import Access
from connectors.errors import Unavailable
from connectors.ledger import market as ledger_market
from connectors.ledger import requisition as requisitions
from connectors.ledger import rows, watching
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.market_pay import adzuna
from connectors.records import Pay, Place, SendMessage
from connectors.requisition import Requisition
from deployments.sandbox.adzuna import APP_ID, KEY, Adzuna, a_posting
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tasks import desk, market, requisition
from tasks.desk import Desk
from tasks.observe import read_system
from tasks.process import Process
from tests.tasks.factories import a_requisition, decided, fields, requests, the_move

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MONTH = timedelta(days=31)
DENVER = Place(code="US-CO", city="Denver", region="CO", country="US")
REMOTE = Place(code="US-TX", city="Austin", region="TX", country="US", remote=True)
Open = Callable[..., Requisition]


@pytest.fixture
def vendor() -> Adzuna:
    return Adzuna(World(seed=7, now=NOW))


@pytest.fixture
def sandbox(vendor: Adzuna) -> Iterator[Sandbox]:
    running = Sandbox(vendor.world, [vendor])
    yield running
    running.stop()


@pytest.fixture
def opened(
    ledger: Ledger, process: Process, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """The desk of a client that asks Adzuna."""
    access = Access(f"{sandbox.start()}/adzuna", KEY, options={"app_id": APP_ID})
    survey = adzuna.connect(access, sleep=lambda _: None)
    used = process.systems.model_copy(update={"market_pay": "adzuna"})
    process = process.model_copy(update={"systems": used})
    nothing: Any = None
    links = Links("", "secret")
    its = Desk(process, ledger, links, {"adzuna": survey}, nothing, settling_seconds=0)
    monkeypatch.setitem(desk._open, process.client, its)
    return its


@pytest.fixture
def wanted(ledger: Ledger) -> Open:
    """Enter a requisition, some of whose fields are told."""

    def enter(as_of: datetime = NOW, **told: Any) -> Requisition:
        its = Requisition.model_validate(fields(client=ledger.client, **told))
        with ledger.transaction() as connection:
            requisitions.put(connection, its, as_of)
        return its

    return enter


def questions(ledger: Ledger) -> list[str]:
    with ledger.transaction() as connection:
        return watching.watching(connection, "market_pay")


def row_of(ledger: Ledger, code: str) -> requisitions.Row:
    """The requisition as its stage reads it."""
    with ledger.transaction() as connection:
        connection.execute(
            text("UPDATE requisition SET ready_for = NULL WHERE client = :client"),
            {"client": ledger.client},
        )
        scope = Scope(ledger.client, code)
        (row,) = rows.inside(
            connection, requisitions.Row, requisitions.ROWS, "requisition", scope, NOW
        )
    return row


def test_the_approver_reads_what_the_market_pays_beside_what_is_offered(
    ledger: Ledger, opened: Desk, wanted: Open, vendor: Adzuna
) -> None:
    pay = Pay(min_cents=6_000_050, max_cents=8_000_000)
    code = wanted(places=(DENVER, REMOTE), pay=pay, title="Electrician").code
    salaries = (50_000, 55_000, 60_000, 65_000, 70_000)
    vendor.postings = [a_posting(str(n), "Electrician", paid) for n, paid in enumerate(salaries)]

    assert read_system(opened, "adzuna", NOW).changed == 2

    decisions = decided(requisition.decide, row_of(ledger, code), process=opened.process)
    (message,) = requests(decisions, SendMessage)
    said = (
        "the median of 5 postings is 66,000 USD per year,"
        " half of them 60,500 to 71,500 USD per year (adzuna, 2026-11-23)."
    )
    told = f"Offered: 60,000.50 to 80,000 USD per year. Denver: {said} Remote, US: {said}"
    assert f"\nWhat the market pays. {told}\n" in message.body


def test_without_an_answer_the_approver_is_asked_all_the_same(
    ledger: Ledger, opened: Desk, wanted: Open, sandbox: Sandbox
) -> None:
    code = wanted().code
    sandbox.faults.append({"vendor": "adzuna", "match": "GET", "faults": ["500"] * 9})

    with pytest.raises(Unavailable):
        read_system(opened, "adzuna", NOW)

    (message,) = requests(decided(requisition.decide, row_of(ledger, code)), SendMessage)
    assert message.template == "approve_requisition"
    assert "market" not in message.body


def test_too_few_postings_say_nothing_of_the_market(
    ledger: Ledger, opened: Desk, wanted: Open, vendor: Adzuna
) -> None:
    code = wanted(places=(DENVER,)).code
    vendor.postings = []

    read_system(opened, "adzuna", NOW)

    row = row_of(ledger, code)
    told = market.beside(row.fields, row.market)
    assert told.endswith("Denver: too few postings say what they pay (adzuna, 2026-11-23).")
    assert market.beside({**row.fields, "pay": None}, row.market).startswith("Offered: not said.")


def test_each_title_at_each_place_is_asked_about_once(
    ledger: Ledger, opened: Desk, wanted: Open, vendor: Adzuna
) -> None:
    wanted(code="HARBOR-1", places=(DENVER, REMOTE))
    wanted(code="HARBOR-2", places=(DENVER,))

    read_system(opened, "adzuna", NOW)
    asked = len(vendor.asked)
    read_system(opened, "adzuna", NOW + timedelta(minutes=10))

    assert {each.get("where") for each in vendor.asked} == {"Denver, CO", None}
    assert len(vendor.asked) == asked
    assert questions(ledger) == []


def test_an_answer_of_a_month_ago_is_asked_for_again(
    ledger: Ledger, opened: Desk, wanted: Open, sandbox: Sandbox
) -> None:
    wanted(code="HARBOR-1", places=(DENVER,))
    read_system(opened, "adzuna", NOW)

    wanted(NOW + MONTH, code="HARBOR-2", places=(DENVER,))

    assert len(questions(ledger)) == 1
    sandbox.advance(NOW + MONTH)
    read_system(opened, "adzuna", NOW + MONTH)
    assert questions(ledger) == []


def test_what_is_approved_or_over_is_not_asked_about_and_keeps_its_answers(
    ledger: Ledger, opened: Desk, wanted: Open
) -> None:
    for number, change in enumerate(("stage = 'sourcing'", "disposition = 'CANCELLED'"), 1):
        code = wanted(code=f"HARBOR-{number}", title=f"Role {number}", places=(DENVER,)).code
        if number == 1:
            read_system(opened, "adzuna", NOW)
        with ledger.transaction() as connection:
            connection.execute(
                text(f"UPDATE requisition SET {change} WHERE client = :client AND key = :key"),
                {"client": ledger.client, "key": code},
            )

    assert questions(ledger) == []
    with ledger.transaction() as connection:
        told, answers = ledger_market.known(connection, ledger.client, "HARBOR-1")
        assert "Denver: the median of" in market.beside(told, answers)
        assert market.beside(*ledger_market.known(connection, ledger.client, "HARBOR-9")) == ""


def test_a_client_that_names_no_survey_opens_none(process: Process) -> None:
    assert process.systems.market_pay is None
    assert not {"adzuna", "usajobs"} & set(desk.vendors(process))


def test_what_is_paid_elsewhere_is_no_part_of_what_is_approved() -> None:
    row = a_requisition(requisitions.Row)
    paid: dict[str, Any] = {
        "place": DENVER.model_dump(),
        "system": "adzuna",
        "asked_on": "2026-11-23",
        "postings": 5,
        "low_cents": 1,
        "median_cents": 2,
        "high_cents": 3,
        "currency": "USD",
        "unit": "year",
    }

    alone, beside = (
        the_move(decided(requisition.decide, each)) for each in (row, replace(row, market=[paid]))
    )

    assert (alone.ready_for, alone.reason, alone.due) == (
        beside.ready_for,
        beside.reason,
        beside.due,
    )
