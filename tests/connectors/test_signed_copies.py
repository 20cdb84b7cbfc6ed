"""A copy of what was signed is kept in the client's vault: whole, under one name, or not at all."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.access import Access
from connectors.documents import VAULTS
from connectors.errors import ConnectorError, Misconfigured, Refused, Unavailable
from connectors.ports import DocumentStore, SignatureProvider
from connectors.records import KeepSigned, SendOffer
from connectors.signatures import VENDORS
from deployments.sandbox.docusign import DocuSign
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.docusign.account import NOW, Town, account_at, an_offer

NAME = "offers/HARBOR-3.ada/5d41402a.pdf"
BEFORE = ("429", "500", "drop_before", "html")
AFTER = ("drop_after", "truncated", "html_after", "empty_after")
both = pytest.mark.parametrize("name", ["docusign", "dropbox_sign"])
Connect = Callable[..., SignatureProvider]


@pytest.fixture
def vendors() -> dict[str, Any]:
    world, town = World(seed=7, now=NOW), Town()
    return {"docusign": DocuSign(world, town), "dropbox_sign": DropboxSign(world, town)}


@pytest.fixture
def sandbox(vendors: dict[str, Any]) -> Iterator[Sandbox]:
    running = Sandbox(vendors["docusign"].world, list(vendors.values()))
    yield running
    running.stop()


@pytest.fixture
def vault(tmp_path: Path) -> DocumentStore:
    store: DocumentStore = VAULTS["folder_vault"].open(Access("", options={"root": str(tmp_path)}))
    return store


@pytest.fixture
def connect(sandbox: Sandbox) -> Connect:
    url = sandbox.start()
    accounts = {
        "docusign": account_at(url),
        "dropbox_sign": Access(f"{url}/dropbox_sign", "sandbox-dropbox_sign"),
    }

    def opened(name: str, vault: DocumentStore | None) -> SignatureProvider:
        port: SignatureProvider = VENDORS[name].connect(accounts[name], vault, sleep=lambda _: None)
        return port

    return opened


def signed(port: SignatureProvider, offer: SendOffer | None = None) -> KeepSigned:
    ref = port.send(offer or an_offer(), "key").external_id
    return KeepSigned(signature_ref=ref, name=NAME)


@both
def test_a_signed_offer_is_kept_under_its_name(
    connect: Connect, vault: DocumentStore, name: str
) -> None:
    port = connect(name, vault)
    asked = signed(port)

    port.keep_signed(asked, "k")
    port.keep_signed(asked, "k")

    assert vault.names("") == [NAME]
    kept = vault.get(NAME)
    assert kept.startswith(b"%PDF-")
    assert b"Your offer from Harbor Works" in kept
    assert port.find(asked, "k") is None  # to be kept again, which changes nothing


@both
@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
def test_half_a_document_is_never_kept(
    connect: Connect, vault: DocumentStore, sandbox: Sandbox, name: str, fault: str
) -> None:
    port = connect(name, vault)
    asked = signed(port)
    match = "GET .*(files|documents)/"
    sandbox.faults.append({"vendor": name, "match": match, "faults": [fault] * 2})

    port.keep_signed(asked, "k")

    assert vault.get(NAME).rstrip().endswith(b"%%EOF")


@both
def test_a_vendor_that_stays_away_leaves_nothing_behind(
    connect: Connect, vault: DocumentStore, sandbox: Sandbox, name: str
) -> None:
    port = connect(name, vault)
    asked = signed(port)
    match = "GET .*(files|documents)/"
    sandbox.faults.append({"vendor": name, "match": match, "faults": ["truncated"] * 9})

    with pytest.raises(Unavailable):
        port.keep_signed(asked, "k")

    assert vault.names("") == []


def test_a_letter_that_is_still_being_prepared_is_asked_for_later(
    connect: Connect, vault: DocumentStore, vendors: dict[str, Any]
) -> None:
    port = connect("dropbox_sign", vault)
    asked = signed(port)
    vendors["dropbox_sign"].in_preparation.add(asked.signature_ref)

    with pytest.raises(Unavailable, match="being prepared"):
        port.keep_signed(asked, "k")

    vendors["dropbox_sign"].in_preparation.clear()
    port.keep_signed(asked, "k")
    assert vault.names("") == [NAME]


@both
def test_what_is_not_there_is_refused(connect: Connect, vault: DocumentStore, name: str) -> None:
    nothing = KeepSigned(signature_ref="0" * 40, name=NAME)

    with pytest.raises(Refused):
        connect(name, vault).keep_signed(nothing, "k")


@both
def test_without_a_vault_nothing_is_read_and_the_remedy_is_named(
    connect: Connect, name: str
) -> None:
    port = connect(name, None)

    with pytest.raises(Misconfigured, match="no vault; name one under systems"):
        port.keep_signed(signed(port), "k")


@both
def test_a_name_cannot_lead_out_of_the_vault(
    connect: Connect, vault: DocumentStore, name: str
) -> None:
    port = connect(name, vault)
    asked = signed(port).model_copy(update={"name": "../offers.pdf"})

    with pytest.raises(ConnectorError, match="relative path"):
        port.keep_signed(asked, "k")
