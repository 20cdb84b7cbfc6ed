"""A webhook is believed by its signature, kept as a hint before it is answered, and kept once."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from connectors.access import Access
from connectors.ledger import store
from connectors.ledger.store import Ledger
from deployments import limits, receiver, webhooks
from deployments.postgres import Urls
from tests.deployments.senders import (
    SECRET,
    TWILIO_CALLS,
    VENDORS,
    Delivery,
    body,
    event,
    hexdigest,
    sent,
    tampered,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
THANKS = "Hello API Event Received"
TELL_THE_TIME = [each for each in VENDORS if each not in ("ashby", "greenhouse", "twilio")]
SIGNED_BY_DROPBOX = ("event_time", "event_type", "event_hash")


@pytest.fixture
def accounts() -> dict[str, Access]:
    """The client's accounts by vendor; a test may change them."""
    signed = Access("https://vendor.example", secrets={"webhook": SECRET})
    keyed = Access("https://vendor.example", key=SECRET)
    return {
        **dict.fromkeys(VENDORS, signed),
        "dropbox_sign": keyed,
        "twilio": replace(keyed, options={"webhook_url": TWILIO_CALLS}),
        "workable": keyed,
    }


@pytest.fixture
def noticed() -> list[str]:
    """The clients for whom somebody was told to look."""
    return []


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the clock."""
    clock = tmp_path / "clock"
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(clock))

    def set_to(moment: datetime) -> None:
        clock.write_text(moment.isoformat())

    set_to(NOW)
    return set_to


@pytest.fixture
def web(
    database: Urls,
    client_name: str,
    accounts: dict[str, Access],
    noticed: list[str],
    at: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[TestClient]:
    monkeypatch.setenv("FULLCYCLE_HOME", str(tmp_path))
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", database.app_url)
    monkeypatch.setenv("FULLCYCLE_ADMIN_DATABASE_URL", database.admin_url)
    monkeypatch.setenv("FULLCYCLE_PREFECT_DATABASE_URL", database.prefect_url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "a secret of our own")
    monkeypatch.setattr("deployments.accounts.FRESH_SECONDS", 0.0)

    async def load(client: str, vendor: str) -> Access | None:
        return accounts.get(vendor) if client == client_name else None

    with TestClient(receiver.app(load, noticed.append)) as client:
        yield client


@pytest.fixture
def deliver(web: TestClient, client_name: str) -> Callable[..., Any]:
    def post(vendor: str, delivery: Delivery, client: str = client_name) -> Any:
        address = f"/webhooks/{client}/{vendor}"
        return web.post(address, content=delivery.content, headers=delivery.headers)

    return post


@pytest.fixture
def stored(database: Urls, client_name: str) -> Callable[[], Sequence[Any]]:
    def rows() -> Sequence[Any]:
        with Ledger(database.app_url, client_name).transaction() as connection:
            return connection.execute(
                text("SELECT source, event_id, occurred_at, body FROM inbox ORDER BY id")
            ).all()

    return rows


Deliver = Callable[..., Any]
Stored = Callable[[], Sequence[Any]]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_signed_event_is_kept_and_somebody_is_told_to_look(
    vendor: str, deliver: Deliver, stored: Stored, noticed: list[str], client_name: str
) -> None:
    answer = deliver(vendor, event(vendor, 1, NOW))

    assert answer.status_code == 200
    [row] = stored()
    assert (row.source, row.occurred_at) == (f"webhook:{vendor}", NOW)
    assert noticed == [client_name]


@pytest.mark.parametrize("vendor", VENDORS)
def test_nothing_is_kept_but_ids_and_the_kind_of_event(
    vendor: str, deliver: Deliver, stored: Stored
) -> None:
    deliver(vendor, event(vendor, 1, NOW))

    assert (
        json.loads(stored()[0].body)
        == {
            "ashby": {"kind": "candidateStageChange", "refs": ["application-1"]},
            "certn": {
                "kind": "CASE_STATUS_CHANGED",
                "refs": ["22222222-2222-4222-8222-222222222222"],
            },
            "bamboohr": {"kind": "employee.updated", "refs": ["1"]},
            "checkr": {"kind": "report.completed", "refs": ["4722c07dd9a10c3985ae432a"]},
            "deel": {"kind": "contract.status.updated", "refs": ["m1", "person-1"]},
            "docusign": {"kind": "envelope-completed", "refs": ["envelope-1"]},
            "dropbox_sign": {"kind": "signed", "refs": []},
            "greenhouse": {"kind": "candidate_stage_change", "refs": ["1", "7"]},
            "gusto": {"kind": "employee.onboarded", "refs": ["employee-1"]},
            "smartrecruiters": {
                "kind": "application.created",
                "refs": ["candidate-1:job-1", "job-1"],
            },
            "lever": {"kind": "candidateStageChange", "refs": ["opportunity-1"]},
            "twilio": {"kind": "stop", "refs": [f"SM{1:032x}"]},
            "workable": {"kind": "candidate_moved", "refs": ["candidate-1", "6F0D21A9B3"]},
        }[vendor]
    )


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_event_that_comes_again_is_acknowledged_and_changes_nothing(
    vendor: str, deliver: Deliver, stored: Stored, noticed: list[str]
) -> None:
    answers = [deliver(vendor, event(vendor, 1, NOW)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert (len(stored()), len(noticed)) == (1, 1)


@pytest.mark.parametrize("vendor", VENDORS)
def test_two_events_are_two(vendor: str, deliver: Deliver, stored: Stored) -> None:
    for number in (1, 2):
        assert deliver(vendor, event(vendor, number, NOW)).status_code == 200

    assert len(stored()) == 2


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_was_not_signed_byte_for_byte_with_our_secret_is_refused(
    vendor: str, deliver: Deliver, stored: Stored, noticed: list[str]
) -> None:
    content = json.dumps(body(vendor, 1, NOW)).encode()
    forged = [sent(vendor, content, signed=b"other"), sent(vendor, content + b" ", signed=content)]
    forged.append(Delivery(content, {"Content-Type": "application/json"}))
    if vendor == "dropbox_sign":  # its hash covers the time and the type alone
        forged = [tampered(vendor, 1, NOW, partial(spoil, key)) for key in SIGNED_BY_DROPBOX]
    if vendor == "lever":  # its signature covers the token and the time alone
        signed = {"token": "another", "triggeredAt": 1, "signature": "0"}
        changes = [{key: value} for key, value in signed.items()]
        forged = [tampered(vendor, 1, NOW, partial(dict.update, **each)) for each in changes]

    assert {deliver(vendor, delivery).status_code for delivery in forged} == {401}
    assert (stored(), noticed) == ([], [])


def spoil(key: str, told: dict[str, Any]) -> None:
    told["event"][key] = "1"


def test_a_hash_dropbox_sign_has_used_opens_nothing_for_another_request(
    deliver: Deliver, stored: Stored, noticed: list[str]
) -> None:
    other = tampered("dropbox_sign", 1, NOW, lambda told: told.pop("signature_request"))
    deliver("dropbox_sign", event("dropbox_sign", 1, NOW))

    deliver("dropbox_sign", other)

    assert (len(stored()), len(noticed)) == (1, 1)


def test_a_new_address_echoes_what_it_is_asked_to(web: TestClient, client_name: str) -> None:
    address = f"/webhooks/{client_name}/certn"

    answer = web.get(address, params={"challenge": "c7f0-a<b>"})

    assert (answer.status_code, answer.text) == (200, "c7f0-a<b>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("vendor", "asked"),
    [
        ("certn", {}),
        ("certn", {"challenge": "two\nlines"}),
        ("certn", {"challenge": "x" * 513}),
        ("checkr", {"challenge": "c7f0"}),
        ("nobody", {"challenge": "c7f0"}),
    ],
)
def test_nothing_else_is_echoed(
    web: TestClient, client_name: str, vendor: str, asked: dict[str, str]
) -> None:
    assert web.get(f"/webhooks/{client_name}/{vendor}", params=asked).status_code == 404
    assert web.get("/webhooks/nobody/certn", params={"challenge": "x"}).status_code == 404


def test_dropbox_sign_is_thanked_in_its_own_words_however_often_it_comes(deliver: Deliver) -> None:
    for _ in range(2):
        assert deliver("dropbox_sign", event("dropbox_sign", 1, NOW)).text == THANKS


def test_twilio_is_thanked_with_nothing_it_could_text_to_the_person(deliver: Deliver) -> None:
    answer = deliver("twilio", event("twilio", 1, NOW))

    assert (answer.text, answer.headers["Content-Type"]) == (
        "<Response/>",
        "text/xml; charset=utf-8",
    )


@pytest.mark.parametrize("vendor", TELL_THE_TIME)
@pytest.mark.parametrize("away", [-timedelta(days=4, seconds=1), timedelta(minutes=6)])
def test_an_event_whose_signed_time_is_too_far_away_is_refused(
    vendor: str, away: timedelta, deliver: Deliver, stored: Stored, noticed: list[str]
) -> None:
    assert deliver(vendor, event(vendor, 0, NOW + away)).status_code == 403
    assert (stored(), noticed) == ([], [])


@pytest.mark.parametrize("vendor", TELL_THE_TIME)
def test_an_event_that_was_retried_for_three_days_is_taken(
    vendor: str, deliver: Deliver, at: Callable[[datetime], None]
) -> None:
    at(NOW + timedelta(days=3))

    assert deliver(vendor, event(vendor, 1, NOW)).status_code == 200


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[]", b'"text"', b"{}", b"[" * 50_000, b'{"id": "Z. Marchetti <z@x.y>"}'],
)
def test_a_signed_body_that_is_no_event_is_refused_and_not_kept(
    vendor: str, content: bytes, deliver: Deliver, stored: Stored
) -> None:
    assert deliver(vendor, sent(vendor, content)).status_code in (400, 401)
    assert stored() == []


def test_who_or_what_is_not_known_is_not_taken(
    deliver: Deliver, accounts: dict[str, Access], client_name: str
) -> None:
    accounts["checkr"] = Access("https://vendor.example")
    unsigned = Delivery(b"{}", {"X-Checkr-Signature": hexdigest(b"{}", "")})

    assert deliver("ashby", event("ashby", 1, NOW), "nobody").status_code == 404
    assert deliver("ashby", event("ashby", 1, NOW), "No Body").status_code == 404
    assert deliver("indeed", event("ashby", 1, NOW)).status_code == 404
    assert deliver("checkr", unsigned).status_code == 401


def test_one_vendors_secret_opens_no_other_vendors_door(
    deliver: Deliver, accounts: dict[str, Access], stored: Stored
) -> None:
    accounts["gusto"] = Access("https://vendor.example", secrets={"webhook": "another"})

    assert deliver("gusto", event("gusto", 1, NOW)).status_code == 401
    assert stored() == []


def test_a_changed_secret_counts_without_a_restart(
    deliver: Deliver, accounts: dict[str, Access]
) -> None:
    changed = accounts["ashby"]
    accounts["ashby"] = Access("https://vendor.example", secrets={"webhook": "the old one"})
    assert deliver("ashby", event("ashby", 1, NOW)).status_code == 401

    accounts["ashby"] = changed

    assert deliver("ashby", event("ashby", 1, NOW)).status_code == 200


def test_who_sends_more_than_we_take_is_told_when_to_come_back(
    deliver: Deliver, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits.Rates, "wait", lambda self, name: 1.2 if "ashby" in name else 0.0)

    refused = deliver("ashby", event("ashby", 1, NOW))

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert deliver("gusto", event("gusto", 1, NOW)).status_code == 200
    assert [row.source for row in stored()] == ["webhook:gusto"]


def test_what_could_not_be_stored_is_not_acknowledged(
    deliver: Deliver,
    noticed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")

    answer = deliver("gusto", event("gusto", 1, NOW))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert noticed == []
    assert "employee-1" not in caplog.text


def test_the_first_post_of_a_subscription_gets_its_header_back_and_nothing_is_kept(
    deliver: Deliver, stored: Stored, noticed: list[str]
) -> None:
    first = Delivery(b"", {"X-Hook-Secret": "f5c2-0b"})

    answer = deliver("smartrecruiters", first)

    assert (answer.status_code, answer.headers["X-Hook-Secret"]) == (200, "f5c2-0b")
    assert deliver("smartrecruiters", first, "nobody").status_code == 404
    assert deliver("gusto", first).status_code == 401
    assert (stored(), noticed) == ([], [])


@pytest.mark.parametrize("told", ["", "x" * 513, "two words"])
def test_what_is_no_secret_is_not_given_back(told: str, deliver: Deliver) -> None:
    answer = deliver("smartrecruiters", Delivery(b"", {"X-Hook-Secret": told}))

    assert answer.status_code == 401
    assert "X-Hook-Secret" not in answer.headers


class TestGustosHandshake:
    """The token that signs arrives unsigned: only Gusto can say whether it is Gusto's."""

    HANDSHAKE = Delivery(
        json.dumps({"verification_token": SECRET, "webhook_subscription_uuid": "s-1"}).encode(),
        {"Content-Type": "application/json"},
    )

    @pytest.fixture
    def gusto(self) -> Iterator[Any]:
        """Gusto's verification endpoint, which knows the token of its one subscription."""
        asked: list[tuple[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked.append((self.path, self.headers["Authorization"]))
                good = self.path.endswith("/s-1/verify") and told["verification_token"] == SECRET
                answer = b'{"uuid": "s-1", "status": "verified"}' if good else b'{"errors": []}'
                self.send_response(200 if good else 422)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        server.server_close()

    @pytest.fixture
    def remembered(
        self, accounts: dict[str, Access], gusto: Any, monkeypatch: pytest.MonkeyPatch
    ) -> list[tuple[str, ...]]:
        """What is put into the account's block, which is one in memory here."""
        url, _ = gusto
        accounts["gusto"] = Access(url, secrets={"system": "ours"})
        kept: list[tuple[str, ...]] = []

        def remember(client: str, vendor: str, name: str, value: str) -> None:
            kept.append((vendor, name, value))
            accounts[vendor] = Access(url, secrets={"system": "ours", name: value})

        monkeypatch.setattr(webhooks, "remember_secret", remember)
        return kept

    def test_a_token_that_gusto_confirms_signs_from_then_on(
        self, deliver: Deliver, gusto: Any, remembered: list[tuple[str, ...]]
    ) -> None:
        assert deliver("gusto", event("gusto", 1, NOW)).status_code == 401

        assert deliver("gusto", self.HANDSHAKE).status_code == 200

        assert gusto[1] == [("/v1/webhook_subscriptions/s-1/verify", "Bearer ours")]
        assert remembered == [("gusto", "webhook", SECRET)]
        assert deliver("gusto", event("gusto", 1, NOW)).status_code == 200

    def test_while_another_process_changes_the_account_gusto_is_asked_to_come_again(
        self,
        deliver: Deliver,
        gusto: Any,
        accounts: dict[str, Access],
        database: Urls,
        client_name: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        accounts["gusto"] = Access(gusto[0], secrets={"system": "ours"})
        monkeypatch.setattr(store, "PATIENCE_SECONDS", 0.1)

        with Ledger(database.app_url, client_name).alone("account gusto"):
            answer = deliver("gusto", self.HANDSHAKE)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")

    def test_a_strangers_token_is_refused_by_gusto_and_so_by_us(
        self, deliver: Deliver, remembered: list[tuple[str, ...]]
    ) -> None:
        planted = Delivery(self.HANDSHAKE.content.replace(SECRET.encode(), b"mine"), {})

        assert deliver("gusto", planted).status_code == 401
        assert remembered == []

    def test_once_there_is_a_token_nobody_can_plant_another(
        self, deliver: Deliver, gusto: Any, remembered: list[tuple[str, ...]]
    ) -> None:
        deliver("gusto", self.HANDSHAKE)

        assert deliver("gusto", self.HANDSHAKE).status_code == 401
        assert len(gusto[1]) == len(remembered) == 1

    def test_without_a_system_token_gusto_is_not_asked(
        self, deliver: Deliver, gusto: Any, accounts: dict[str, Access], remembered: object
    ) -> None:
        accounts["gusto"] = Access(gusto[0])

        assert deliver("gusto", self.HANDSHAKE).status_code == 401
        assert gusto[1] == []

    def test_who_tries_many_tokens_does_not_reach_gusto_with_all_of_them(
        self, deliver: Deliver, gusto: Any, remembered: object
    ) -> None:
        for number in range(8):
            guess = self.HANDSHAKE.content.replace(SECRET.encode(), f"guess {number}".encode())
            assert deliver("gusto", Delivery(guess, {})).status_code == 401

        assert len(gusto[1]) == 5
