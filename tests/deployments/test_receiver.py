"""Deliveries and answers are verified over their raw bytes, stored before they are answered."""

import base64
import hashlib
import hmac
import json
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from starlette.routing import Route
from starlette.testclient import TestClient

from connectors.access import Access
from connectors.errors import Refused
from connectors.ledger import alarms, inbox, landing
from connectors.ledger.store import Ledger
from connectors.links import Links, Question
from connectors.records import FormAnswer
from deployments import applications, limits, receiver
from deployments.postgres import Urls
from tasks import enter, texting
from tests.tasks.test_reconcile import BEGUN, Books, books

assert books  # a fixture

SECRET = "a secret of Indeed's and ours"
OURS = "a secret of our own"
PUBLIC = "http://127.0.0.1:8700"
DELIVERY = {
    "id": "indeed-1",
    "appliedOnMillis": 1_788_872_400_000,
    "job": {"jobId": "HARBOR-1-US-CA-SF", "jobTitle": "Accounting Clerk"},
    "applicant": {"fullName": "Zoë Marchetti", "email": "zoe@people.example"},
}
REFEREES = {
    "consent": "yes",
    "referee1_name": "Ada Winter",
    "referee1_email": "ada@people.example",
    "referee1_relation": "manager",
    "referee2_name": "Ben Frost",
    "referee2_email": "ben@people.example",
    "referee2_relation": "colleague",
}


@pytest.fixture
def web(
    database: Urls, client_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    monkeypatch.setenv("FULLCYCLE_HOME", str(tmp_path))
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", database.app_url)
    monkeypatch.setenv("FULLCYCLE_ADMIN_DATABASE_URL", database.admin_url)
    monkeypatch.setenv("FULLCYCLE_PREFECT_DATABASE_URL", database.prefect_url)
    monkeypatch.setenv("FULLCYCLE_SECRET", OURS)
    monkeypatch.setenv("FULLCYCLE_PUBLIC_URL", PUBLIC)

    async def load(client: str, vendor: str) -> Access | None:
        key = {client_name: SECRET, "careless": ""}.get(client)
        return None if key is None or vendor not in ("indeed", "acme") else Access("", key=key)

    with TestClient(receiver.app(load)) as client:
        yield client


def deliver(web: TestClient, client: str, body: bytes, signed: bytes | None = None) -> int:
    signature = hmac.digest(SECRET.encode(), body if signed is None else signed, "sha1")
    headers = {"X-Indeed-Signature": base64.b64encode(signature).decode()}
    status: int = web.post(f"/indeed/{client}/apply", content=body, headers=headers).status_code
    return status


def delivery(**more: Any) -> bytes:
    return json.dumps(DELIVERY | more).encode()


def link(
    client: str,
    form: str = "withdraw",
    by: str = "candidate",
    subject: str = "HARBOR-1.9f2c11ab03",
    about: str = "",
) -> str:
    question = Question(client, form, subject, about, by)
    return Links(PUBLIC, OURS).to(question).removeprefix(PUBLIC)


def stored(database: Urls, client: str) -> list[inbox.Delivery]:
    with Ledger(database.app_url, client).transaction() as connection:
        return list(inbox.unread(connection, client))


def test_a_signed_delivery_is_stored_as_it_came(
    web: TestClient, database: Urls, client_name: str
) -> None:
    assert deliver(web, client_name, delivery()) == 202

    [kept] = stored(database, client_name)
    assert (kept.source, kept.event_id) == ("indeed", "indeed-1")
    assert json.loads(kept.body) == DELIVERY


def test_any_vendor_may_bring_applications_if_it_says_how(
    web: TestClient, database: Urls, client_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    indeed = applications.DELIVERERS["indeed"]
    acme = replace(indeed, verify=lambda raw, headers, key: headers["acme"] == key)
    monkeypatch.setitem(applications.DELIVERERS, "acme", acme)
    taken = {
        (vendor, signed): web.post(
            f"/{vendor}/{client_name}/apply", content=delivery(), headers={"Acme": signed}
        ).status_code
        for vendor in ("acme", "checkr", "nobody")
        for signed in (SECRET, "another")
    }

    assert taken.pop(("acme", SECRET)) == 202
    assert taken.pop(("acme", "another")) == 401
    assert set(taken.values()) == {404}
    assert [kept.source for kept in stored(database, client_name)] == ["acme"]


def test_a_delivery_that_comes_again_is_known_and_stored_once(
    web: TestClient, database: Urls, client_name: str
) -> None:
    assert [deliver(web, client_name, delivery()) for _ in range(3)] == [202, 409, 409]
    assert len(stored(database, client_name)) == 1


def test_what_indeed_has_not_signed_byte_for_byte_is_not_taken(
    web: TestClient, database: Urls, client_name: str
) -> None:
    same_meaning = delivery().replace(b'": ', b'":')

    assert web.post(f"/indeed/{client_name}/apply", content=delivery()).status_code == 401
    assert deliver(web, client_name, delivery(), signed=b"something else") == 401
    assert deliver(web, client_name, delivery(id="tampered"), signed=delivery()) == 401
    assert deliver(web, client_name, same_meaning, signed=delivery()) == 401
    assert stored(database, client_name) == []


def test_an_account_without_a_secret_takes_nothing(web: TestClient) -> None:
    unsigned = base64.b64encode(hmac.digest(b"", delivery(), "sha1")).decode()
    headers = {"X-Indeed-Signature": unsigned}

    for client in ("careless", "unknown"):
        answer = web.post(f"/indeed/{client}/apply", content=delivery(), headers=headers)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"[]", b'"text"', b"{}", delivery(applicant=None), delivery(id=7)],
)
def test_a_signed_delivery_that_is_no_application_is_unusable_and_that_it_came_is_kept(
    web: TestClient, database: Urls, client_name: str, body: bytes
) -> None:
    assert [deliver(web, client_name, body) for _ in range(2)] == [400, 400]

    assert stored(database, client_name) == []
    with Ledger(database.app_url, client_name).transaction() as connection:
        (came,) = inbox.arrived(connection, client_name, ["unreadable"])
        assert (came.source, came.error) == ("indeed", "not kept: Unreadable")
        assert came.event_id == f"sha256:{hashlib.sha256(body).hexdigest()}"
        assert inbox.replay(connection, client_name, came.id) is None
        (alarm,) = alarms.untold(connection, client_name, came.received_at)
    assert (alarm.kind, alarm.about) == ("delivery.unreadable", "indeed")


def test_what_is_too_large_is_refused_whether_or_not_it_says_its_length(
    web: TestClient, client_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LARGEST_BODY", 1000)

    def huge() -> Iterator[bytes]:
        for _ in range(4):
            yield b"x" * 400

    answer = web.post(f"/indeed/{client_name}/apply", content=huge())
    assert answer.status_code == 413
    assert deliver(web, client_name, delivery(coverletter="y" * 1000)) == 413
    assert web.post(link(client_name), data={"confirm": "y" * 1000}).status_code == 413


def test_self_identification_is_kept_where_no_decision_can_read_it(
    web: TestClient, database: Urls, client_name: str
) -> None:
    eeo = {"gender": "prefer not to say"}

    assert deliver(web, client_name, delivery(eeo=eeo)) == 202

    [kept] = stored(database, client_name)
    assert "eeo" not in json.loads(kept.body)
    with psycopg.connect(database.admin_url.replace("+psycopg", "")) as owner:
        told = owner.execute(
            "SELECT question, answer FROM self_id.answer WHERE client = %s", [client_name]
        ).fetchall()
        assert told == [("eeo", json.dumps(eeo))]
    with (
        pytest.raises(Exception, match="permission denied"),
        Ledger(database.app_url, client_name).transaction() as connection,
    ):
        connection.execute(text("SELECT * FROM self_id.answer"))


def test_a_link_shows_its_form(web: TestClient, client_name: str) -> None:
    page = web.get(link(client_name))

    assert page.status_code == 200
    assert '<form id="withdraw" method="post">' in page.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_not_ours_is_not_valid(
    web: TestClient, client_name: str, method: str
) -> None:
    foreign = Links(PUBLIC, "another secret").to(Question(client_name, "withdraw", "X", "", "x"))
    altered = link(client_name).replace("/forms/", "/forms/x")
    no_such_form = link(client_name, form="fortune")

    for address in (foreign.removeprefix(PUBLIC), altered, no_such_form, "/forms/nonsense"):
        assert web.request(method, address).status_code == 404


def test_an_answer_with_gaps_comes_back_with_its_problems_and_what_was_written(
    web: TestClient, database: Urls, client_name: str
) -> None:
    given = REFEREES | {"referee2_name": "", "consent": "perhaps"}

    page = web.post(link(client_name, "referees"), data=given)

    assert page.status_code == 422
    assert "Referee 2: name: please answer" in page.text
    assert "yes or no" in page.text
    assert 'value="ada@people.example"' in page.text
    assert stored(database, client_name) == []


APPROVAL = {"form": "approve_offer", "by": "approver"}


@pytest.fixture
def texted(books: Books) -> str:
    """The key of an application with a telephone number."""
    key = books.applies("ann")
    with books.ledger.transaction() as connection:
        connection.execute(text("UPDATE application SET phone = '(415) 555-0123'"))
    return key


def of_number(client: str, key: str, number: str) -> str:
    return link(client, "texting", subject=key, about=texting.about(key, number))


def test_who_is_asked_to_be_texted_reads_by_whom_and_at_which_number(
    web: TestClient, client_name: str, texted: str
) -> None:
    address = of_number(client_name, texted, "+14155550123")

    page = web.get(address)
    gap = web.post(address, data={"agreed": "yes"})

    assert (page.status_code, gap.status_code) == (200, 422)
    for shown in (page.text, gap.text):
        assert "Harbor Works Inc. may send text messages (SMS)" in shown
        assert "ends in 0123," in shown
        assert "555" not in shown
    assert "The state you live in: please answer" in gap.text


def test_nobody_is_asked_about_a_number_that_the_application_has_not(
    web: TestClient, client_name: str, texted: str
) -> None:
    for key in (texted, "HARBOR-1.9f2c11ab03"):
        assert web.get(of_number(client_name, key, "+14155550199")).status_code == 404


def test_who_has_agreed_to_be_texted_can_take_it_back(
    web: TestClient, database: Urls, client_name: str, texted: str
) -> None:
    address = of_number(client_name, texted, "+14155550123")

    pages = [web.post(address, data={"agreed": say, "state": "CA"}) for say in ("yes", "no")]

    assert [page.status_code for page in pages] == [200, 200]
    assert all("again by the same link" in page.text for page in pages)
    kept = [FormAnswer.model_validate_json(each.body) for each in stored(database, client_name)]
    assert [answer.fields["agreed"] for answer in kept if answer.form == "texting"] == ["yes", "no"]


def test_the_first_decision_by_a_link_stands_and_who_comes_later_is_told_so(
    web: TestClient, database: Urls, client_name: str
) -> None:
    pages = [
        web.post(link(client_name, **APPROVAL), data={"decision": word})
        for word in ("approve", "approve", "reject")
    ]

    assert [page.status_code for page in pages] == [200, 200, 409]
    assert "Your answer has been kept." in pages[1].text
    assert "Your answer was not taken" in pages[2].text
    [kept] = stored(database, client_name)
    answer = FormAnswer.model_validate_json(kept.body)
    assert (answer.form, answer.subject, answer.fields) == (
        "approve_offer",
        "HARBOR-1.9f2c11ab03",
        {"decision": "approve"},
    )
    assert f"on {answer.updated_at:%Y-%m-%d at %H:%M} UTC" in pages[2].text


def test_what_was_not_yet_so_is_answered_again_by_the_same_link(
    web: TestClient, database: Urls, client_name: str
) -> None:
    pages = [web.post(link(client_name), data={"confirm": word}) for word in ("no", "yes", "no")]

    assert [page.status_code for page in pages] == [200, 200, 409]
    assert ["again by the same link" in page.text for page in pages] == [True, False, False]
    answers = [FormAnswer.model_validate_json(kept.body) for kept in stored(database, client_name)]
    assert [answer.fields["confirm"] for answer in answers] == ["no", "yes"]


def test_a_colleague_who_decides_elsewhere_answers_the_same_question(
    web: TestClient, database: Urls, client_name: str, books: Books
) -> None:
    web.post(
        link(client_name, **APPROVAL, about="v1", subject="HARBOR-1"), data={"decision": "approve"}
    )

    with pytest.raises(Refused, match="already answered on"):
        enter.answer(
            client_name, "approve_offer", "HARBOR-1", "v1", "ops", {"decision": "reject"}, BEGUN
        )

    [kept] = stored(database, client_name)
    assert json.loads(kept.body)["fields"] == {"decision": "approve"}


def test_another_spelling_of_a_link_is_no_link(web: TestClient, client_name: str) -> None:
    address = link(client_name)
    spellings = [address[:-1] + last for last in string.ascii_letters + string.digits + "-_"]

    valid = [spelled for spelled in spellings if web.get(spelled).status_code == 200]

    assert valid == [address]
    assert web.get(address + "=").status_code == 404


def test_what_nobody_asked_is_not_kept(web: TestClient, database: Urls, client_name: str) -> None:
    web.post(link(client_name), data={"confirm": "yes", "by": "the approver", "extra": "1"})

    [kept] = stored(database, client_name)
    answer = FormAnswer.model_validate_json(kept.body)
    assert (answer.by, answer.fields) == ("candidate", {"confirm": "yes"})


def test_nothing_is_acknowledged_that_could_not_be_stored(
    web: TestClient, client_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")

    assert deliver(web, client_name, delivery()) == 503
    answer = web.post(link(client_name), data={"confirm": "yes"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_character_that_postgresql_cannot_store_blocks_nobody(
    web: TestClient, database: Urls, client_name: str
) -> None:
    web.post(link(client_name, "interest"), data={"interested": "yes", "pay_expectation": "9\0"})

    [kept] = stored(database, client_name)
    answer = FormAnswer.model_validate_json(kept.body)
    with Ledger(database.app_url, client_name).transaction() as connection:
        assert landing.land(connection, client_name, "forms", [answer], answer.updated_at)
        landed = connection.execute(text("SELECT fields FROM form_answer")).scalar_one()
    assert landed == {"interested": "yes", "pay_expectation": "9"}


def test_a_visitor_cannot_leave_the_public_folder(web: TestClient, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not yours")
    (tmp_path / "documents" / "job.html").write_text("open to all")

    assert web.get("/public/job.html").text == "open to all"
    assert web.get("/public/..%2fsecret").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        delivery(applicant={"fullName": "\ud800", "email": "zoe@people.example"}),
        delivery(id="i-1\0"),
        b"[" * 100_000,
        b'{"id":' * 50_000,
    ],
)
def test_a_signed_delivery_that_no_database_could_keep_is_unusable(
    web: TestClient, client_name: str, body: bytes
) -> None:
    assert deliver(web, client_name, body) == 400


def test_the_document_names_every_operation_there_is(web: TestClient) -> None:
    documented = {
        (method.upper(), path)
        for path, item in web.get("/openapi.json").json()["paths"].items()
        for method in item
        if method != "parameters"
    }
    served = {
        (method, route.path)
        for route in receiver.app().routes
        if isinstance(route, Route) and route.methods
        for method in route.methods - {"HEAD"}
    }

    assert documented == served | {("GET", "/public/{path}")}


def test_a_visitor_is_never_sent_elsewhere(web: TestClient, client_name: str) -> None:
    address = link(client_name) + "/"

    assert web.get(address, headers={"Host": "evil.example"}).status_code == 404
