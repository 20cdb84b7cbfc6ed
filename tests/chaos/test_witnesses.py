"""Each witness is heard: what a vendor's record shows otherwise than the ledger says is found."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from connectors.access import Access
from connectors.background_checks import checkr
from connectors.ledger import intake
from connectors.ledger.decisions import Decisions
from connectors.ledger.rows import at_the_door
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import OrderBackgroundCheck, Place, SendMessage, StartAdverseAction
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.chaos import vendors
from tests.chaos.invariants import LAWFUL, NOBODY_LOST, ONCE, Record, compare, first_apart
from tests.chaos.vendors import Letter, Vendors
from tests.chaos.ways.applicants import AS_OF, ask
from tests.chaos.witnesses import (
    Checked,
    Claims,
    Ended,
    WaitRule,
    claims,
    earliest,
    lost,
    misposted,
    shortened,
    untold,
)

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)  # a Monday without a holiday for weeks
FIVE_DAYS = WaitRule("US", None, date(1997, 9, 30), None, 5, "business")
NOBODY = Vendors({}, Counter(), Counter(), {}, [])
NOTHING = Claims([], [], [], {}, {})


class Adverse:
    """Whoever is checked, something is found."""

    def by_email(self, email: str) -> Any:
        return SimpleNamespace(behaviour=SimpleNamespace(report="consider_adverse"))


class Town:
    """A sandbox with Checkr and a mail server, and one person whose report is adverse."""

    def __init__(self) -> None:
        world, nobody = World(seed=7, now=NOW), People(())
        self.checkr = Checkr(world, Adverse())
        self.sandbox = Sandbox(world, [self.checkr, Mail(world, Correspondents(world, nobody, {}))])
        self.url = self.sandbox.start()

    @property
    def now(self) -> datetime:
        return self.sandbox.world.now

    def says(self) -> Vendors:
        return vendors.read(self.url)

    def takes_adverse_action(self, final_after: timedelta) -> datetime:
        """Send a notice whose final one follows after a while, let both happen; when the first."""
        screener = checkr.connect(Access(f"{self.url}/checkr", "sandbox-checkr"))
        place = Place(code="US-CA", city="Oakland", country="US")
        order = OrderBackgroundCheck(
            application_key="HARBOR-1.bob",
            package="pro",
            name="Bob",
            email="bob@mail.example",
            work_place=place,
        )
        screener.order(order, "bob")
        self.sandbox.advance(NOW + timedelta(days=7))
        (ref,) = self.checkr._rows["report"]
        notice = StartAdverseAction(
            report_ref=ref, final_not_before=self.now + final_after, decided_by="Grace"
        )
        screener.start_adverse_action(notice, "adverse")
        began = self.now
        self.sandbox.advance(self.now + timedelta(days=30))
        return began

    def takes_mail(self, to: str, id: str, template: str) -> None:
        headers = {"message-id": id, "x-template": template}
        self.sandbox.input("mail", {"to": to, "headers": headers, "body": ""})


@pytest.fixture
def town() -> Iterator[Town]:
    found = Town()
    yield found
    found.sandbox.stop()


def bob(town: Town | None = None, **changed: Any) -> Checked:
    ref = next(iter(town.checkr._rows["report"]), "") if town else "report"
    places = ["US", "US-CA"]
    return replace(
        Checked("HARBOR-1.bob", "bob@mail.example", "RESCINDED", ref, places, 120), **changed
    )


def checked(*people: Checked) -> Claims:
    return replace(NOTHING, rules=[FIVE_DAYS], checked=list(people))


@pytest.mark.parametrize(
    ("wait", "what"),
    [
        (timedelta(days=7), []),
        (timedelta(days=7, seconds=-1), ["2026-03-16"]),
        (timedelta(seconds=1), ["2026-03-16"]),
    ],
)
def test_checkrs_final_notice_is_held_against_its_first(
    town: Town, wait: timedelta, what: list[str]
) -> None:
    began = town.takes_adverse_action(wait)

    found = list(shortened(checked(bob(town)), town.says()))

    assert began.date() == date(2026, 3, 9)
    assert [line.partition(" before ")[2] for line in found] == what


def test_a_message_of_ours_that_came_before_the_wait_was_over_is_found(town: Town) -> None:
    town.sandbox.advance(NOW)
    town.takes_mail("Bob@mail.example", "<early>", "rescinded")
    town.takes_adverse_action(timedelta(days=7))
    town.takes_mail("Bob@mail.example", "<late>", "rescinded")

    (found,) = shortened(checked(bob(town)), town.says())

    assert found == "HARBOR-1.bob: final notice of 2026-03-02 15:00 without one before it"


def test_nobody_is_rescinded_of_whom_checkr_knows_nothing() -> None:
    (found,) = shortened(checked(bob()), NOBODY)

    assert found == "HARBOR-1.bob: ended as RESCINDED, and Checkr has sent no final notice"
    assert not list(shortened(checked(bob(disposition="HIRED_PAID")), NOBODY))


def test_an_adverse_action_about_nobody_we_know_is_found(town: Town) -> None:
    town.takes_adverse_action(timedelta(days=7))

    (found,) = shortened(checked(), town.says())

    assert "about nobody we know" in found


@pytest.mark.parametrize(
    ("rule", "lawful"),
    [
        (FIVE_DAYS, datetime(2026, 3, 9, 15, tzinfo=UTC)),
        (replace(FIVE_DAYS, place="US-NY"), NOW),
        (replace(FIVE_DAYS, min_employees=121), NOW),
        (replace(FIVE_DAYS, effective_from=date(2026, 3, 3)), NOW),
        (replace(FIVE_DAYS, effective_to=date(2026, 3, 2)), NOW),
        (replace(FIVE_DAYS, wait_days=14, wait_unit="calendar"), NOW + timedelta(days=14)),
    ],
)
def test_the_wait_is_that_of_the_place_the_day_and_the_employers_size(
    rule: WaitRule, lawful: datetime
) -> None:
    assert earliest([rule], bob(), NOW) == lawful


def test_the_longest_of_all_waits_counts() -> None:
    longer = replace(FIVE_DAYS, place="US-CA", wait_days=10)

    assert earliest([longer, FIVE_DAYS], bob(), NOW) == datetime(2026, 3, 16, 15, tzinfo=UTC)


@pytest.fixture
def ended(ledger: Ledger) -> Ended:
    """Somebody who was turned down, and was sent a message; as the ledger has them."""
    ask(ledger, 1)
    decisions = Decisions()
    with ledger.transaction() as connection:
        (row,) = at_the_door(connection, intake.ROWS, "intake", Scope(ledger.client), AS_OF)
        decisions.end(row, "REJECTED", "over")
        message = SendMessage(
            to_name="Ann", to_email="0@mail.example", subject="-", body="-", template="closed"
        )
        decisions.effect(row, "smtp", "message.send", message, about="closed")
        ledger.write(connection, decisions, AS_OF)
        connection.execute(
            text("UPDATE effect SET external_id = '<sent>' WHERE kind = 'message.send'")
        )
        (found,) = claims(connection).ended
    return found


def test_an_ending_is_told_only_if_the_mail_server_took_a_message_to_that_person(
    ended: Ended,
) -> None:
    said = replace(NOTHING, ended=[ended])
    taken = Letter(ended.email, "<sent>", "closed", AS_OF)

    def silent(*letters: Letter) -> list[str]:
        return list(untold(said, replace(NOBODY, letters=list(letters))))

    assert silent(taken) == []
    for other in (
        replace(taken, to="else@mail.example"),
        replace(taken, id="<another>"),
        replace(taken, at=AS_OF - timedelta(seconds=1)),
    ):
        assert silent(other) == [f"{ended.key}: ended as REJECTED, and no mail of it was taken"]
    assert silent()


def test_the_mail_servers_own_word_is_read(town: Town) -> None:
    town.takes_mail("Ann@Mail.example", "<sent>", "closed")

    assert town.says().letters == [Letter("ann@mail.example", "<sent>", "closed", NOW)]
    assert town.says().done["mail messages"] == {"<sent>": [NOW]}


def test_whoever_a_source_has_seen_to_our_door_has_an_application(ledger: Ledger) -> None:
    ask(ledger, 2)
    with ledger.transaction() as connection:
        said = claims(connection)
        connection.execute(text("UPDATE arrival SET application_id = NULL WHERE external_id = '1'"))
        forgotten = claims(connection)
    came = replace(
        NOBODY, done={"indeed delivered": {"0": [NOW]}, "indeed duplicates": {"1": [NOW]}}
    )

    assert list(lost(said, came)) == []
    assert list(lost(forgotten, came)) == ["indeed 1: arrived, and is no application"]
    assert list(lost(said, replace(NOBODY, done={"ashby applied": {"7": [NOW]}}))) == [
        "ashby 7: arrived, and is no application"
    ]


def test_a_posting_is_shown_as_long_as_it_is_live_and_no_longer() -> None:
    once = {"HARBOR-1-US-CA": [NOW]}
    live = replace(NOTHING, postings={"HARBOR-1-US-CA": True})
    over = replace(NOTHING, postings={"HARBOR-1-US-CA": False})
    shown = replace(NOBODY, done={"indeed jobs": once})
    closed = replace(NOBODY, done={"indeed jobs": once, "indeed closed_jobs": once})
    page = set(once)

    assert list(misposted(live, shown, page)) == list(misposted(over, closed, set())) == []
    for said, vendor, pages, what in (
        (over, shown, set[str](), "indeed: HARBOR-1-US-CA was opened 1 and closed 0 times"),
        (over, closed, page, "google_for_jobs: HARBOR-1-US-CA is live there"),
        (live, closed, page, "indeed: HARBOR-1-US-CA was opened 1 and closed 1 times"),
        (live, shown, set[str](), "google_for_jobs: HARBOR-1-US-CA is not live there"),
        (NOTHING, shown, set[str](), "indeed: HARBOR-1-US-CA was opened 1 and closed 0 times"),
    ):
        assert list(misposted(said, vendor, pages)) == [what]
    assert list(misposted(over, NOBODY, set())) == ["indeed: HARBOR-1-US-CA was never opened"]


def test_what_a_witness_says_breaks_its_invariant() -> None:
    said = Claims(
        [FIVE_DAYS],
        [bob()],
        [Ended("HARBOR-1.ann", "REJECTED", "ann@mail.example", NOW, ["<sent>"])],
        {},
        {"HARBOR-1-US-CA": False},
    )
    seen = replace(NOBODY, done={"indeed jobs": {"HARBOR-1-US-CA": [NOW, NOW]}})
    came = {"ashby applied": {"7": [NOW]}, "ashby closed_jobs": {"HARBOR-1": [NOW, NOW]}}
    wild = Record(
        replace(seen, done={**seen.done, **came}),
        {name: Counter(asked=1, done=1) for name in ("indeed jobs", "ashby closed_jobs")},
        set(),
        set(),
        {},
        said,
        set(),
        [],
        0,
    )
    calm = replace(wild, vendors=NOBODY)

    broken = compare(wild, calm).broken

    assert [len(broken[invariant]) for invariant in (LAWFUL, NOBODY_LOST)] == [1, 2]
    assert broken[ONCE] == [
        "ashby closed_jobs: 1 twice, 0 missing",
        "indeed jobs: 1 twice, 0 missing",
        "indeed: HARBOR-1-US-CA was opened 2 and closed 0 times",
    ]
    assert compare(calm, calm).effects["ashby closed_jobs"].missing == 1


def test_the_first_day_that_differs_is_told() -> None:
    first, second = NOW.date(), NOW.date() + timedelta(days=1)
    both = {(first, "HARBOR-1.ann SOURCED active"), (second, "HARBOR-1.ann SCREENING active")}
    here = both | {(second, "HARBOR-1.bob SOURCED active")}
    there = both | {(first, "HARBOR-1.bob SOURCED active")}

    assert first_apart(both, both) == []
    assert first_apart(here, there) == [f"- {first}: HARBOR-1.bob SOURCED active"]
