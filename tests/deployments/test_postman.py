"""The stand-ins' webhooks against the real receiver: whatever the post does to them, no harm."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import uvicorn
from sqlalchemy import text

from connectors.access import Access
from connectors.ledger.store import Ledger
from deployments import receiver
from deployments.postgres import Urls
from deployments.sandbox.__main__ import write_clock
from deployments.sandbox.ashby import Ashby
from deployments.sandbox.ashby_records import LOCATION, STAGE, TEAM
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.gusto import COMPANY, Gusto
from deployments.sandbox.people import DATA, People
from deployments.sandbox.postman import MANNERS, PATIENCE, WELL, Postman
from deployments.sandbox.server import Request, Sandbox
from deployments.sandbox.world import World

BEGUN = datetime(2026, 9, 8, 13, tzinfo=UTC)
DAY = timedelta(days=1)
SETTLED_SECONDS = 30
CLIENTS = ("well", "ill")
SECRETS = {"ashby": "sandbox-ashby-webhook", "gusto": "sandbox-gusto-webhook"}
KINDS = {
    "ashby": {"applicationSubmit", "candidateStageChange", "applicationUpdate", "jobUpdate"},
    "checkr": {"invitation.created", "invitation.completed", "report.completed"},
    "dropbox_sign": {"signature_request_sent", "signature_request_all_signed"},
    "gusto": {"employee.created", "employee.onboarded"},
}


@dataclass
class Town:
    """A sandbox of four vendors, its postman, and what the vendors are asked."""

    sandbox: Sandbox
    postman: Postman
    url: str

    def ask(self, vendor: str, path: str, **body: Any) -> Any:
        """One call to a vendor, as the account's owner."""
        key = f"sandbox-{vendor}"
        bearer = {"Authorization": f"Bearer {key}"} if vendor == "gusto" else {}
        sent = body if "files" in body else {"json": body}
        answer = requests.post(
            f"{self.url}/{vendor}{path}",
            auth=None if bearer else (key, ""),
            headers=bearer,
            timeout=10,
            **sent,
        )
        answer.raise_for_status()
        return answer.json()

    def live(self, days: int) -> None:
        """Let the world go on day by day, and everything be posted on its day."""
        for _ in range(days):
            self.sandbox.advance(self.sandbox.world.now + DAY)
            assert self.postman.settle(SETTLED_SECONDS)

    def a_fortnight(self) -> None:
        """A job is opened and applied for; somebody is checked, signs an offer, and is hired."""
        job = self.ask(
            "ashby", "/job.create", title="Clerk HARBOR-1", teamId=TEAM, locationId=LOCATION
        )
        self.ask("ashby", "/job.setStatus", jobId=job["results"]["id"], status="Open")
        someone = self.ask("checkr", "/v1/candidates", email="ann@people.example")
        self.ask("checkr", "/v1/invitations", candidate_id=someone["id"], package="pro")
        letter = {
            "test_mode": "1",
            "signers[0][name]": "Ann",
            "signers[0][email_address]": "ann@people.example",
        }
        files = {"files[0]": ("offer.txt", b"We offer")}
        self.ask("dropbox_sign", "/v3/signature_request/send", files=files, data=letter)
        person = {"first_name": "Ann", "last_name": "Byron", "email": "ann@people.example"}
        employees = f"/v1/companies/{COMPANY}/employees"
        self.ask("gusto", employees, **person, self_onboarding=True)
        self.live(days=4)
        applied = self.ask("ashby", "/application.list")["results"]
        for stage in ("Hiring Manager Review", "Hired"):
            for application in applied[:5]:
                self.ask(
                    "ashby",
                    "/application.changeStage",
                    applicationId=application["id"],
                    interviewStageId=STAGE[stage]["id"],
                )
        self.live(days=10)

    @property
    def record(self) -> Any:
        answer = requests.get(f"{self.url}/__sandbox/record", timeout=10)
        return answer.json()["webhooks"]

    def manners(self) -> set[str]:
        return {manner for found in self.record["answers"].values() for manner in found}


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which all processes of a simulation find the time."""
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(tmp_path / "clock"))
    return tmp_path / "clock"


@pytest.fixture
def receiver_url(
    database: Urls,
    client_name: str,
    clock: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The receiver, served; it knows two clients whose names begin with the test's."""
    monkeypatch.setenv("FULLCYCLE_HOME", str(tmp_path))
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", database.app_url)
    monkeypatch.setenv("FULLCYCLE_ADMIN_DATABASE_URL", database.admin_url)
    monkeypatch.setenv("FULLCYCLE_PREFECT_DATABASE_URL", database.prefect_url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "a secret of our own")

    async def load(client: str, vendor: str) -> Access | None:
        if not client.startswith(client_name):
            return None
        signing = {"webhook": SECRETS[vendor]} if vendor in SECRETS else {}
        return Access("", f"sandbox-{vendor}", secrets=signing)

    application = receiver.app(load, lambda client: None)
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up = time.monotonic() + SETTLED_SECONDS
    while not server.started:
        assert time.monotonic() < give_up
        threading.Event().wait(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(SETTLED_SECONDS)


Opened = Callable[..., Town]


@pytest.fixture
def town(receiver_url: str, client_name: str, clock: Path) -> Iterator[Opened]:
    """Open a sandbox whose vendors write to one of the two clients in these manners."""
    opened: list[Sandbox] = []

    def open_town(client: str, *manners: str, journal: Path | None = None) -> Town:
        world, people = World(7, BEGUN), People.load()
        world.on_tick = lambda now: write_clock(clock, now)
        write_clock(clock, BEGUN)
        address = f"{receiver_url}/webhooks/{client_name}_{client}"
        postman = Postman(world, address, share=float(bool(manners)), manners=manners)
        vendors = [
            Ashby(world, people, DATA / "requisitions"),
            Checkr(world, people),
            DropboxSign(world, people),
            Gusto(world, people),
        ]
        sandbox = Sandbox(world, vendors, journal, postman=postman)
        opened.append(sandbox)
        return Town(sandbox, postman, sandbox.start())

    yield open_town
    for sandbox in opened:
        sandbox.stop()


@pytest.fixture
def stored(database: Urls, client_name: str) -> Callable[[str], dict[str, list[tuple[str, str]]]]:
    """What the inbox holds for one of the clients: kind and event id, by vendor."""

    def rows(client: str) -> dict[str, list[tuple[str, str]]]:
        with Ledger(database.app_url, f"{client_name}_{client}").transaction() as connection:
            found = connection.execute(
                text("SELECT source, event_id, body FROM inbox ORDER BY source, event_id")
            )
            kept: dict[str, list[tuple[str, str]]] = {}
            for row in found:
                told = (json.loads(row.body)["kind"], row.event_id)
                kept.setdefault(row.source.removeprefix("webhook:"), []).append(told)
        return kept

    return rows


Stored = Callable[[str], dict[str, list[tuple[str, str]]]]


def test_every_vendor_tells_what_happened_and_is_believed(town: Opened, stored: Stored) -> None:
    well = town("well")

    well.a_fortnight()

    assert well.record["unexpected"] == {}
    assert well.manners() == {WELL}
    assert {status for found in well.record["answers"].values() for status in found[WELL]} == {
        "200"
    }
    for vendor, kinds in KINDS.items():
        assert kinds <= {kind for kind, _ in stored("well")[vendor]}, vendor


def test_whatever_the_post_does_the_same_events_are_kept_once_each(
    town: Opened, stored: Stored, caplog: pytest.LogCaptureFixture
) -> None:
    manners = [manner for manner in MANNERS if manner != "never"]
    town("well").a_fortnight()
    ill = town("ill", *manners)

    ill.a_fortnight()

    assert ill.record["unexpected"] == {}
    assert ill.manners() == {*manners, WELL}
    assert stored("ill") == stored("well")
    assert not [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


@pytest.mark.parametrize("manner", ["forged", "replayed"])
def test_what_a_stranger_posts_is_refused_or_known(
    manner: str, town: Opened, stored: Stored
) -> None:
    town("well").a_fortnight()
    ill = town("ill", manner)

    ill.a_fortnight()

    for vendor, found in ill.record["answers"].items():
        allowed = {"401"} if manner == "forged" else {"200", "403"}
        assert set(found[manner]) <= allowed, vendor
        if manner == "replayed":  # Ashby signs no time
            assert ("403" in found[manner]) == (vendor != "ashby")
    assert stored("ill") == stored("well")


def test_what_is_never_sent_never_comes(town: Opened, stored: Stored) -> None:
    silent = town("ill", "never")

    silent.a_fortnight()

    assert silent.manners() == {"never"}
    assert stored("ill") == {}


def test_a_replayed_journal_posts_nothing_again(town: Opened, tmp_path: Path) -> None:
    before = town("well", journal=tmp_path / "journal")
    before.a_fortnight()
    before.sandbox.stop()

    after = town("well", journal=tmp_path / "journal")

    assert after.sandbox.world.now == before.sandbox.world.now
    assert after.record == {"answers": {}, "unexpected": {}, "waiting": 0}


@pytest.mark.parametrize("vendor", sorted(KINDS))
def test_a_post_that_breaks_off_leaves_nothing_and_is_no_fault_of_ours(
    vendor: str,
    receiver_url: str,
    client_name: str,
    stored: Stored,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kind = "multipart/form-data; boundary=cut" if vendor == "dropbox_sign" else "application/json"
    address = urlsplit(receiver_url)
    head = f"POST /webhooks/{client_name}_ill/{vendor} HTTP/1.1\r\nHost: here\r\n"
    head += f"Content-Type: {kind}\r\nContent-Length: 1000\r\n\r\n--cut"

    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode())
    requests.get(f"{receiver_url}/openapi.json", timeout=10)

    assert stored("ill") == {}
    assert not [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


class Away:
    """A receiver as the vendors see it: it gives these answers, then takes everything."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.taken = list(answers), list[bytes]()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.taken.append(body)
        return self.answers.pop(0) if self.answers else 200


def told(postman: Postman, times: int) -> None:
    for number in range(times):
        postman.tell("checkr", "secret", "report.completed", {"id": f"report-{number}"})


def test_a_receiver_that_was_away_gets_the_same_event_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deployments.sandbox.postman.PAUSE_SECONDS", 0.0)
    away = Away(0, 503, 429)
    postman = Postman(World(7, BEGUN), "http://receiver", post=away.post)
    told(postman, 1)

    postman.start()

    assert postman.settle(SETTLED_SECONDS)
    assert len(away.taken) == 4
    assert len(set(away.taken)) == 1
    record = postman.record()
    assert record["answers"] == {"checkr": {WELL: {"200": 1, "429": 1, "503": 1, "no answer": 1}}}
    assert record["unexpected"] == {"checkr well 429": 1, "checkr well 503": 1}
    postman.stop()


def test_a_vendor_gives_up_after_days_and_goes_on_with_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deployments.sandbox.postman.PAUSE_SECONDS", 0.0)
    world, away = World(7, BEGUN), Away(0)
    postman = Postman(world, "http://receiver", post=away.post)
    told(postman, 1)
    world.advance(BEGUN + PATIENCE + DAY)
    told(postman, 1)

    postman.start()

    assert postman.settle(SETTLED_SECONDS)
    answers = postman.record()["answers"]["checkr"][WELL]
    assert answers == {"no answer": 1, "given up": 1, "200": 1}
    postman.stop()


def test_a_queue_that_is_full_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.sandbox.postman.MOST", 3)
    postman = Postman(World(7, BEGUN), "http://receiver")

    told(postman, 5)

    assert postman.record()["waiting"] == 3
    assert postman.record()["answers"] == {"checkr": {WELL: {"dropped": 2}}}


def test_a_forged_event_that_is_taken_shows() -> None:
    credulous = Away()
    postman = Postman(World(7, BEGUN), "http://receiver", 1.0, ["forged"], credulous.post)
    told(postman, 1)

    postman.start()

    assert postman.settle(SETTLED_SECONDS)
    assert postman.record()["unexpected"] == {"checkr forged 200": 1}
    postman.stop()


def test_what_becomes_of_an_event_is_in_the_seed() -> None:
    def posted() -> list[bytes]:
        taken = Away()
        postman = Postman(World(7, BEGUN), "http://receiver", 1.0, post=taken.post)
        told(postman, 60)
        postman.start()
        assert postman.settle(SETTLED_SECONDS)
        postman.stop()
        return taken.taken

    assert posted() == posted()


def test_a_vendor_answers_while_its_post_is_stuck() -> None:
    stuck, world = threading.Event(), World(7, BEGUN)

    def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        stuck.wait(SETTLED_SECONDS)
        return 200

    postman = Postman(world, "http://receiver", post=post)
    vendor = Checkr(world, People(()))
    sandbox = Sandbox(world, [vendor], postman=postman)
    sandbox.start()
    body = json.dumps({"email": "ann@people.example"}).encode()
    request = Request("POST", "/checkr/v1/candidates", {}, {"authorization": BASIC}, body)

    answer, _ = sandbox.answer(request)

    assert (answer.status, postman.record()["waiting"]) == (201, 1)
    stuck.set()
    sandbox.stop()


BASIC = "Basic c2FuZGJveC1jaGVja3I6"  # sandbox-checkr, without a password
