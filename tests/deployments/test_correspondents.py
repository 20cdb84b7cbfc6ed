"""People who get mail answer it in their own time, once, and never while history replays."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from connectors.links import Links, Question
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import Behaviour, People, Persona, Referee
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINKS = Links("http://forms.example", "secret")
STAFF = {"Maya@harbor.example": "approver", "rae@provider.example": "recruiter"}
HOUR = timedelta(hours=1)


def an_ada(
    behaviour: Behaviour | None = None,
    referees: tuple[Referee, ...] = (),
    pay_expectation_cents: int | None = None,
) -> Persona:
    return Persona(
        id="P1",
        name="Ada Byron",
        emails=("ada@people.example",),
        phones=(),
        links=(),
        residence="US-NY",
        applications=(),
        resume_text="",
        resume_json=None,
        truth={},
        pay_expectation_cents=pay_expectation_cents,
        behaviour=behaviour or Behaviour(),
        referees=referees,
    )


def a_referee(name: str, answers: str = "prompt") -> Referee:
    return Referee(name, f"{name.lower()}@people.example", "manager", answers)


class Forms:
    """The product's pages: each form with the fields it has, and what was posted when."""

    def __init__(self, world: World, form: str, *fields: str) -> None:
        self.world, self.form, self.fields = world, form, fields
        self.posted: list[tuple[datetime, str, dict[str, str]]] = []
        self.failures: list[Exception | int] = []

    def get(self, url: str) -> str:
        if self.failures and isinstance(self.failures[0], Exception):
            raise self.failures.pop(0)  # type: ignore[misc]
        inputs = "".join(f'<textarea name="{name}"></textarea>' for name in self.fields)
        seal = '<input type="hidden" name="seal" value="s1">'
        return f'<html><form id="{self.form}" method="post">{seal}{inputs}</form></html>'

    def post(self, url: str, fields: Mapping[str, str]) -> int:
        if self.failures:
            return int(self.failures.pop(0))  # type: ignore[arg-type]
        self.posted.append((self.world.now, url, dict(fields)))
        return 200

    @property
    def answers(self) -> list[dict[str, str]]:
        return [{k: v for k, v in fields.items() if k != "seal"} for _, _, fields in self.posted]


class Scene:
    """One form, and the people who may be asked to fill it in."""

    def __init__(self, form: str, *fields: str, ada: Persona | None = None) -> None:
        self.world = World(seed=7, now=NOW)
        self.forms = Forms(self.world, form, *fields)
        self.people = Correspondents(
            self.world, People([ada or an_ada()]), STAFF, self.forms.post, self.forms.get
        )
        self.people.quiet = lambda: False

    def write(self, to: str, about: str = "", line: str = "") -> str:
        link = link_to(self.forms.form, about)
        self.people.receive(to, f"Hello,\n{line}\nplease open {link}.\n")
        return link

    def days(self, days: float) -> None:
        self.world.advance(NOW + timedelta(days=days))


def link_to(form: str, about: str = "") -> str:
    return LINKS.to(Question("harbor", form, "HARBOR-3.9f2c11ab", about, "approver"))


def test_the_approver_approves_within_a_day() -> None:
    scene = Scene("approve_requisition", "decision", "comment")

    link = scene.write("maya@harbor.example")
    scene.days(1)

    [(at, url, fields)] = scene.forms.posted
    assert NOW + 2 * HOUR <= at <= NOW + 20 * HOUR
    assert url == link
    assert fields == {"seal": "s1", "decision": "approve", "comment": "Approved as approver."}


def test_only_what_the_page_asks_for_is_answered() -> None:
    scene = Scene("approve_offer", "decision")

    scene.write("maya@harbor.example")
    scene.days(1)

    assert scene.forms.answers == [{"decision": "approve"}]


def test_somebody_who_is_not_staff_decides_nothing() -> None:
    scene = Scene("approve_offer", "decision")

    scene.write("ada@people.example")
    scene.days(30)

    assert scene.forms.posted == []


def test_a_reminder_with_the_same_link_is_answered_once() -> None:
    scene = Scene("review_duplicate", "decision")

    scene.write("rae@provider.example")
    scene.days(0.5)
    scene.write("rae@provider.example")
    scene.days(30)

    assert scene.forms.answers == [{"decision": "same"}]


def test_two_links_are_two_answers() -> None:
    scene = Scene("review_duplicate", "decision")

    scene.write("rae@provider.example", about="one")
    scene.write("rae@provider.example", about="two")
    scene.days(1)

    assert len(scene.forms.posted) == 2


def test_a_candidate_names_referees() -> None:
    referees = (a_referee("Grace"), a_referee("Alan"))
    names = [f"referee{n}_{what}" for n in (1, 2, 3) for what in ("name", "email", "relation")]
    scene = Scene("referees", "consent", *names, ada=an_ada(referees=referees))

    scene.write("ada@people.example")
    scene.days(2)

    [answer] = scene.forms.answers
    assert answer["consent"] == "yes"
    assert (answer["referee1_name"], answer["referee2_email"]) == ("Grace", "alan@people.example")
    assert answer["referee2_relation"] == "manager"
    assert "referee3_name" not in answer


@pytest.mark.parametrize(
    ("residence", "state"),
    [("US-NY-NYC", "NY"), ("US-CA", "CA"), ("CA-ON", "elsewhere"), ("", "elsewhere")],
)
def test_some_let_themselves_be_texted_and_say_where_they_live(residence: str, state: str) -> None:
    emails = [f"ada{n}@people.example" for n in range(20)]
    ada = replace(an_ada(), emails=tuple(emails), residence=residence)
    scene = Scene("texting", "agreed", "state", ada=ada)

    for n, email in enumerate(emails):
        scene.write(email, about=f"{n}")
    scene.days(1)

    assert {answer["agreed"] for answer in scene.forms.answers} == {"yes", "no"}
    assert {answer["state"] for answer in scene.forms.answers} == {state}


@pytest.mark.parametrize("form", ["referees", "interest", "texting"])
def test_a_silent_candidate_stays_silent(form: str) -> None:
    scene = Scene(form, "consent", "interested", ada=an_ada(Behaviour(screen="silent")))

    scene.write("ada@people.example")
    scene.days(30)

    assert scene.forms.posted == []


def test_interest_comes_with_a_pay_expectation() -> None:
    fields = ("interested", "pay_expectation")
    scene = Scene("interest", *fields, ada=an_ada(pay_expectation_cents=95_000_00))

    scene.write("ada@people.example")
    scene.days(2)

    assert scene.forms.answers == [{"interested": "yes", "pay_expectation": "95000.00"}]


@pytest.mark.parametrize(
    ("answers", "earliest", "latest"), [("prompt", 3, 30), ("late", 80, 80), ("silent", 0, -1)]
)
def test_referees_answer_in_their_own_time(answers: str, earliest: int, latest: int) -> None:
    grace = a_referee("Grace", answers)
    scene = Scene("reference", "worked_together", "relation", ada=an_ada(referees=(grace,)))

    scene.write("grace@people.example", about="referee-1")
    scene.days(30)

    assert [
        NOW + earliest * HOUR <= at <= NOW + latest * HOUR for at, *_ in scene.forms.posted
    ] == [True] * (answers != "silent")


@pytest.mark.parametrize(
    ("report", "decision"),
    [("consider_adverse", "adverse"), ("consider_cleared", "clear"), ("clear", "clear")],
)
def test_the_reviewer_judges_the_candidate_named_in_the_mail(report: str, decision: str) -> None:
    ada = an_ada(Behaviour(report=report))
    scene = Scene("review_report", "decision", "nature_and_gravity", ada=ada)

    scene.write("rae@provider.example", line="Candidate: Ada Byron")
    scene.days(2)

    [answer] = scene.forms.answers
    assert answer["decision"] == decision
    assert answer["nature_and_gravity"]


def test_who_sends_notices_says_so_and_comes_back_when_their_time_is_over() -> None:
    scene = Scene("adverse_notices", "status")

    scene.write("screening@harbor.example", line="If that is today, this is 2026-03-12.")
    scene.days(2)
    first = scene.forms.answers
    scene.days(30)

    assert first == [{"status": "notice_sent"}]
    (_, _, _), (at, _, last) = scene.forms.posted
    assert at.date().isoformat() == "2026-03-15"
    assert last["status"] == "final_sent"


@pytest.mark.parametrize(("day_one", "arrived"), [("arrives", "yes"), ("no_show", "no")])
def test_the_manager_says_on_the_same_day_who_came(day_one: str, arrived: str) -> None:
    scene = Scene("day_one", "arrived", "comment", ada=an_ada(Behaviour(day_one=day_one)))

    scene.write("maya@harbor.example", line="Candidate: Ada Byron")
    scene.days(1)

    [(at, _, fields)] = scene.forms.posted
    assert (at.date(), at.hour) == (NOW.date(), 11)
    assert fields["arrived"] == arrived


def test_documents_are_examined_the_next_day() -> None:
    scene = Scene("i9_section_2", "documents_examined", "signed_on")

    scene.write("maya@harbor.example")
    scene.days(3)

    assert scene.forms.answers == [{"documents_examined": "yes", "signed_on": "2026-03-03"}]


def test_the_state_is_told_within_days() -> None:
    scene = Scene("new_hire_report", "reported", "reported_on")

    scene.write("maya@harbor.example")
    scene.days(3)

    assert [answer["reported"] for answer in scene.forms.answers] == ["yes"]


def test_a_new_hire_does_the_paperwork() -> None:
    scene = Scene("preboarding", "policies", "equipment", "i9_section_1")

    scene.write("ada@people.example")
    scene.days(3)

    assert scene.forms.answers == [{"policies": "yes", "equipment": "yes", "i9_section_1": "yes"}]


@pytest.mark.parametrize(("days", "expected"), [(5, [NOW + timedelta(days=5)]), (None, [])])
def test_a_candidate_withdraws_once_after_the_first_acknowledgement(
    days: int | None, expected: list[datetime]
) -> None:
    scene = Scene("withdraw", "confirm", ada=an_ada(Behaviour(withdraws_after_days=days)))

    scene.write("ada@people.example")
    scene.days(1)
    scene.write("ada@people.example")
    scene.days(60)

    assert [at for at, *_ in scene.forms.posted] == expected


@pytest.mark.parametrize("form", ["survey", "../etc"])
def test_a_form_nobody_knows_is_ignored(form: str) -> None:
    scene = Scene(form, "anything")

    scene.write("ada@people.example")

    assert scene.world.next_event_at() is None


def test_a_link_that_is_not_ours_is_ignored() -> None:
    scene = Scene("interest")

    scene.people.receive("ada@people.example", "http://forms.example/forms/garbage.token")

    assert scene.world.next_event_at() is None


@pytest.mark.parametrize("failure", [ConnectionRefusedError(), 503])
def test_a_page_that_does_not_work_is_tried_again_an_hour_later(failure: Exception | int) -> None:
    scene = Scene("approve_offer", "decision")
    scene.write("maya@harbor.example")
    first = scene.world.next_event_at()

    scene.forms.failures = [failure, failure]
    scene.days(2)

    assert first
    assert [at for at, *_ in scene.forms.posted] == [first + 2 * HOUR]


@pytest.mark.parametrize(
    "failure", [410, HTTPError("http://forms.example", 410, "Gone", Message(), None)]
)
def test_a_page_that_says_no_is_not_tried_again(failure: Exception | int) -> None:
    scene = Scene("approve_offer", "decision")
    scene.write("maya@harbor.example")

    scene.forms.failures = [failure]
    scene.days(30)

    assert scene.forms.posted == []
    assert scene.world.next_event_at() is None


def test_a_page_that_never_works_is_given_up() -> None:
    scene = Scene("approve_offer", "decision")
    scene.write("maya@harbor.example")

    scene.forms.failures = [ConnectionRefusedError()] * 1000
    scene.days(30)

    assert scene.world.next_event_at() is None


def test_nobody_answers_while_quiet() -> None:
    scene = Scene("approve_offer", "decision")
    scene.people.quiet = lambda: True

    scene.write("maya@harbor.example")
    scene.days(30)

    assert scene.forms.posted == []


def test_people_answer_alike_in_every_run_of_one_seed() -> None:
    scenes = [Scene("approve_requisition", "decision") for _ in range(2)]
    for scene in scenes:
        scene.write("maya@harbor.example")
        scene.days(2)

    assert scenes[0].forms.posted == scenes[1].forms.posted


class Restarted:
    """A sandbox with mail that is started twice over one journal."""

    def __init__(self, journal: Path) -> None:
        self.world = World(seed=7, now=NOW)
        self.forms = Forms(self.world, "approve_offer", "decision")
        people = Correspondents(
            self.world, People([an_ada()]), STAFF, self.forms.post, self.forms.get
        )
        self.mail = Mail(self.world, people)
        self.sandbox = Sandbox(self.world, [self.mail], journal)
        self.mail.start(self.sandbox)

    def receive(self, body: str) -> None:
        headers = {"message-id": "<1@harbor.example>"}
        self.sandbox.input("mail", {"to": "maya@harbor.example", "headers": headers, "body": body})

    def stop(self) -> None:
        self.mail.stop()
        self.sandbox.stop()


def test_a_restart_repeats_no_answer(tmp_path: Path) -> None:
    before = Restarted(tmp_path / "journal")
    before.receive(link_to("approve_offer"))
    before.sandbox.advance(NOW + 24 * HOUR)
    before.stop()

    after = Restarted(tmp_path / "journal")
    after.sandbox.advance(NOW + 48 * HOUR)
    after.stop()

    assert len(before.forms.posted) == 1
    assert after.forms.posted == []


def test_a_restart_forgets_no_page_that_was_to_be_tried_again(tmp_path: Path) -> None:
    before = Restarted(tmp_path / "journal")
    before.receive(link_to("approve_offer"))
    before.forms.failures = [503]
    first = before.world.next_event_at()
    assert first
    before.sandbox.advance(first)
    before.stop()

    after = Restarted(tmp_path / "journal")
    after.sandbox.advance(NOW + 48 * HOUR)
    after.stop()

    assert [at for at, *_ in after.forms.posted] == [first + HOUR]


class Pages(BaseHTTPRequestHandler):
    """A real page, and the last thing posted to it."""

    posted: bytes = b""

    def do_GET(self) -> None:
        self._say(200, b'<form id="approve_offer" method="post"><input name="decision"></form>')

    def do_POST(self) -> None:
        Pages.posted = self.rfile.read(int(self.headers["content-length"]))
        self._say(200, b"Thank you")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_people_use_a_real_browser(site: str) -> None:
    world = World(seed=7, now=NOW)
    people = Correspondents(world, People([an_ada()]), STAFF)
    people.quiet = lambda: False
    question = Question("harbor", "approve_offer", "HARBOR-3.9f2c11ab", "", "approver")

    people.receive("maya@harbor.example", Links(site, "secret").to(question))
    world.advance(NOW + 24 * HOUR)

    assert Pages.posted == b"decision=approve"
