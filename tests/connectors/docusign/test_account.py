"""Tokens are worth an hour, quotas are kept, and every failure has its name."""

import dataclasses
from typing import Any

import pytest

from connectors.access import Access
from connectors.errors import ConnectorError, Misconfigured, Refused, Unavailable
from connectors.ports import SignatureProvider
from connectors.signatures import docusign
from deployments.sandbox.docusign import DocuSign
from deployments.sandbox.server import Answer, Request, Sandbox
from tests.connectors.docusign.account import (
    A_DAY,
    NOBODY,
    NOW,
    account_at,
    an_offer,
    answer,
    connected,
    fail,
    observed,
)

HOURLY = "HOURLY_APIINVOCATION_LIMIT_EXCEEDED"
A_PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
bm90IGEga2V5
-----END PUBLIC KEY-----
"""


def tokens(asked: list[Request]) -> int:
    return sum(request.path.endswith("/oauth/token") for request in asked)


def test_one_token_serves_many_requests(
    signatures: SignatureProvider, asked: list[Request]
) -> None:
    for n in range(3):
        signatures.send(an_offer("mum"), f"k{n}")

    assert tokens(asked) == 1


def test_a_token_that_has_ended_is_replaced_and_what_was_asked_is_asked_again(
    signatures: SignatureProvider, vendor: DocuSign, sandbox: Sandbox, asked: list[Request]
) -> None:
    ref = signatures.send(an_offer("mum"), "key").external_id

    fail(sandbox, "POST .*/envelopes$", "expire")
    signatures.send(an_offer("bob"), "other")
    sandbox.advance(NOW + A_DAY)

    assert observed(signatures, ref)
    assert tokens(asked) == 3
    assert len(vendor.received["offers"]) == 2


@pytest.mark.parametrize("option", ["integration_key", "user_id"])
def test_whoever_docusign_does_not_know_gets_no_token(access: Access, option: str) -> None:
    wrong = dataclasses.replace(access, options={**access.options, option: NOBODY})

    with pytest.raises(Misconfigured, match=option):
        connected(wrong).send(an_offer(), "key")


def test_a_user_who_has_not_consented_is_to_do_so(
    signatures: SignatureProvider, vendor: DocuSign
) -> None:
    vendor.has_consent = False

    with pytest.raises(Misconfigured, match="consent"):
        signatures.send(an_offer(), "key")
    assert "offers" not in vendor.received


@pytest.mark.parametrize("key", ["", "sandbox-docusign", A_PUBLIC_KEY])
def test_a_key_that_is_none_is_our_own_mistake(access: Access, key: str) -> None:
    with pytest.raises(Misconfigured, match="PEM") as told:
        connected(dataclasses.replace(access, key=key)).send(an_offer(), "key")

    assert key not in str(told.value) or not key


@pytest.mark.parametrize("fault", ["500", "html", "drop_after", "error_in_200", "empty_after"])
def test_a_token_whose_answer_is_lost_is_asked_for_again_and_nothing_was_done(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign, fault: str
) -> None:
    fail(sandbox, "oauth/token", fault)

    signatures.send(an_offer(), "key")

    assert len(vendor.received["offers"]) == 1


def test_an_account_server_that_stays_away_is_unavailable(
    signatures: SignatureProvider, sandbox: Sandbox
) -> None:
    fail(sandbox, "oauth/token", *["500"] * 9)

    with pytest.raises(Unavailable, match="no token"):
        signatures.send(an_offer(), "key")


def test_another_account_is_not_ours(access: Access) -> None:
    other = dataclasses.replace(access, options={**access.options, "account_id": NOBODY})

    with pytest.raises(Misconfigured, match="account_id"):
        connected(other).send(an_offer(), "key")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "USER_AUTHENTICATION_FAILED", Misconfigured),
        (400, "ENVELOPE_DOES_NOT_EXIST", Refused),
        (400, "Hourly_Envelope_Polling_Limit_Exceeded", Unavailable),
        (429, HOURLY, Unavailable),
        (503, "UNSPECIFIED_ERROR", Unavailable),
        (200, "UNSPECIFIED_ERROR", Unavailable),
    ],
)
def test_failed_reads_have_names(
    signatures: SignatureProvider,
    vendor: DocuSign,
    status: int,
    code: str,
    error: type[ConnectorError],
) -> None:
    answer(vendor, Answer(status, {"errorCode": code, "message": "Zoë Müller"}))

    with pytest.raises(error) as told:
        observed(signatures, resource="all_signature_requests")
    assert "Zoë" not in str(told.value)


@pytest.mark.parametrize("body", [None, b"<html>", ["a list"], {"errorCode": 7}, {}])
def test_a_refusal_without_a_code_is_a_refusal(
    signatures: SignatureProvider, vendor: DocuSign, body: object
) -> None:
    answer(vendor, Answer(400, body))

    with pytest.raises(Refused):
        observed(signatures, resource="all_signature_requests")


def test_a_busy_vendor_is_asked_again_and_then_answers(
    signatures: SignatureProvider, sandbox: Sandbox, pauses: list[float]
) -> None:
    receipt = signatures.send(an_offer(), "key")
    fail(sandbox, "GET", "429", "500", "truncated", "html")

    assert observed(signatures, receipt.external_id)
    assert 1.0 in pauses


def test_over_the_hours_quota_which_is_a_400_docusign_is_left_alone_until_the_next_hour(
    access: Access, sandbox: Sandbox, vendor: DocuSign
) -> None:
    vendor.calls_per_hour = 2
    signatures = connected(access)
    signatures.send(an_offer(), "one")

    with pytest.raises(Unavailable) as told:
        signatures.send(an_offer("bob"), "two")
    sandbox.advance(NOW.replace(hour=16, minute=0))
    signatures.send(an_offer("bob"), "two")

    assert (told.value.status, told.value.retry_after) == (400, 40 * 60)
    assert len(vendor.received["offers"]) == 2


@pytest.mark.parametrize("told", [True, False], ids=["told what is left", "told nothing"])
def test_over_the_quota_of_a_burst_half_a_minute_is_enough(
    access: Access, vendor: DocuSign, told: bool
) -> None:
    clock = [0.0]
    pauses: list[int] = []
    refusals: list[Answer] = []
    vendor.clock, vendor.calls_per_burst = (lambda: clock[0]), 2
    handle = vendor.handle

    def count(request: Request) -> Answer:
        given = handle(request)
        refusals.extend([given] * (given.status == 400))
        return given if told else dataclasses.replace(given, headers={})

    def sleep(seconds: float) -> None:
        pauses.append(round(seconds))
        clock[0] += round(seconds)

    vendor.handle = count  # type: ignore[method-assign]
    signatures = docusign.connect(access, sleep=sleep)
    signatures.send(an_offer(), "one")
    signatures.send(an_offer("bob"), "two")

    assert pauses == [30]
    assert len(refusals) == (0 if told else 1)  # it need not be refused to know
    assert len(vendor.received["offers"]) == 2


def test_what_is_sent_over_a_quota_has_not_been_sent(
    signatures: SignatureProvider, sandbox: Sandbox, vendor: DocuSign
) -> None:
    fail(sandbox, "POST .*/envelopes$", "429")

    with pytest.raises(Unavailable):
        signatures.send(an_offer(), "key")
    assert "offers" not in vendor.received


@pytest.mark.parametrize(
    ("mode", "options", "server"),
    [
        ("production", {}, "https://account.docusign.com"),
        ("sandbox", {}, "https://account-d.docusign.com"),
        ("production", {"auth_url": "https://gateway.example"}, "https://gateway.example"),
    ],
)
def test_each_mode_has_its_account_server(mode: str, options: dict[str, str], server: str) -> None:
    access = Access("https://na3.docusign.net", mode=mode, options=options)

    assert docusign.account_server(access) == server


def test_every_setting_is_described() -> None:
    described = {setting.name for setting in docusign.VENDOR.settings if not setting.secret}

    assert described == set(account_at("").options)


def test_a_healthy_account_is_at_its_address_and_can_be_read(
    signatures: SignatureProvider,
) -> None:
    found = {check.what: check.wrong for check in signatures.check() if check.what != "clock"}

    assert found == {"account": "", "envelopes": "", "quota": ""}


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"options": {"account_id": NOBODY}}, "no such account"),
        ({"base_url": "localhost"}, "the account is at http://127.0.0.1"),
    ],
)
def test_an_account_that_is_elsewhere_is_told_before_anything_is_sent(
    access: Access, changed: dict[str, Any], wrong: str
) -> None:
    options = {**access.options, **changed.get("options", {})}
    base_url = access.base_url.replace("127.0.0.1", changed.get("base_url", "127.0.0.1"))

    first, *_ = connected(Access(base_url, access.key, options=options)).check()

    assert (first.what, wrong in first.wrong) == ("account", True)
    assert "account_id" in first.remedy
