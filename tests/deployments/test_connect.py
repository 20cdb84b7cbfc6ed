"""Whoever connects a client is asked for each field of an account, and no secret is shown."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate
from rich.console import Console

from connectors.access import Access
from connectors.errors import Misconfigured
from connectors.ledger.store import Ledger
from connectors.registry import THEIRS, VENDORS
from connectors.vendor import Vendor
from deployments import connect, setup
from deployments.errors import DeploymentError
from deployments.settings import Settings
from tasks import account, desk
from tasks.process import Process

pytestmark = pytest.mark.usefixtures("prefect")

OWN = "https://api.checkr.com"
KEY, SIGNING = "checkr-key-of-the-client", "signs-what-checkr-sends"
Walk = Callable[..., str]


@pytest.fixture
def walk(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """Walk through a form with these answers, one a line; returns what is shown."""
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "a secret of our own")
    monkeypatch.setenv("FULLCYCLE_PUBLIC_URL", "https://hiring.example")

    def walk(vendor: str, *answers: str) -> str:
        shown = io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{each}\n" for each in answers)))
        connect.walk(Console(file=shown, width=200), ledger.client, vendor)
        return shown.getvalue()

    return walk


def kept(ledger: Ledger, vendor: str = "checkr") -> Access:
    found = asyncio.run(account.read(ledger.client, vendor))
    assert found
    return found


def test_every_vendors_form_is_shown_by_prefect() -> None:
    async def shown() -> dict[str, Any]:
        await account.register()
        await account.register()  # as with every `up`
        async with get_client() as prefect:
            kinds = {
                name: account.account_type(name)
                for name, vendor in VENDORS.items()
                if vendor.has_account
            }
            types = {
                name: await prefect.read_block_type_by_slug(kind.get_block_type_slug())
                for name, kind in kinds.items()
            }
            return {
                name: await prefect.get_most_recent_block_schema_for_block_type(each.id)
                for name, each in types.items()
            }

    for name, schema in asyncio.run(shown()).items():
        fields = schema.fields["properties"]
        assert len(fields) == 3 + len(VENDORS[name].settings)
        assert all(field["title"] and field["description"] for field in fields.values())


def test_a_form_that_a_package_describes_wrongly_keeps_no_other_from_being_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: Any = ("a name alone",)
    acme = replace(VENDORS["checkr"], name="acme", settings=wrong)
    for table in (THEIRS, VENDORS):
        monkeypatch.setitem(cast("dict[str, Vendor]", table), "acme", acme)

    asyncio.run(account.register())

    assert [told for told in caplog.messages if "no form for acme" in told]
    with pytest.raises(AttributeError):  # of ours it would be our mistake
        monkeypatch.delitem(cast("dict[str, Vendor]", THEIRS), "acme")
        asyncio.run(account.register())


def test_an_account_that_was_walked_through_is_opened_by_the_desk(
    walk: Walk, ledger: Ledger, process: Process, installation: Settings
) -> None:
    served = installation.model_copy(update={"sandbox_port": 1, "smtp_port": 2, "imap_port": 3})
    asyncio.run(setup.connect_sandbox(served, ledger.client))

    shown = walk("checkr", "production", "", KEY, "node-7", SIGNING)

    assert "https://hiring.example/webhooks/" in shown
    opened = asyncio.run(desk.open_desk(process.client))
    desk.close(process.client)
    assert "checkr" in opened.systems
    assert kept(ledger) == Access(OWN, KEY, "production", {"node": "node-7"}, {"webhook": SIGNING})


def test_each_field_is_explained_and_no_secret_is_shown(walk: Walk) -> None:
    shown = walk("checkr", "production", "", KEY, "", SIGNING)
    again = walk("checkr", "", "", "", "", "")

    for field in account.account_type("checkr").model_fields.values():
        assert f"{field.title}: {field.description}" in shown.replace(" (needed)", "")
    assert "[as it is]" in again
    assert KEY not in shown + again
    assert SIGNING not in shown + again


def test_where_enter_is_pressed_the_account_keeps_what_it_has(walk: Walk, ledger: Ledger) -> None:
    walk("checkr", "production", "", KEY, "node-7", SIGNING)
    before = kept(ledger)

    walk("checkr", "", "", "", "", "")
    assert kept(ledger) == before

    walk("checkr", "", "", "another", "-", "")
    assert kept(ledger) == Access(OWN, "another", "production", {}, {"webhook": SIGNING})


def test_what_cannot_be_right_is_asked_again(walk: Walk, ledger: Ledger, tmp_path: Path) -> None:
    nowhere = f"@{tmp_path / 'nowhere'}"

    shown = walk("checkr", "live", "sandbox", OWN, "http://127.0.0.1:1", nowhere, KEY, "", "")

    assert "it is sandbox or production" in shown
    assert "not for sandbox: change one of them" in shown
    assert "cannot be read: No such file" in shown
    assert kept(ledger) == Access("http://127.0.0.1:1", KEY)


def test_what_is_needed_is_asked_again_and_names_are_given_one_by_one(
    walk: Walk, ledger: Ledger
) -> None:
    ids = ("team-1", "location-1", "", "plan-1")
    shown = walk("ashby", "production", "", KEY, *ids, "not_qualified", "a=b", "c=d", "", "")
    assert "it is needed" in shown
    assert "it is NAME=VALUE" in shown
    assert kept(ledger, "ashby").options == {
        "team_id": "team-1",
        "location_id": "location-1",
        "interview_plan_id": "plan-1",
        "reason:a": "b",
        "reason:c": "d",
    }

    walk("ashby", "", "", "", "", "", "", "a=", "e=f", "", "")
    reasons = {k: v for k, v in kept(ledger, "ashby").options.items() if k.startswith("reason:")}
    assert reasons == {"reason:c": "d", "reason:e": "f"}


def test_a_key_of_many_lines_is_taken_from_its_file(
    walk: Walk, ledger: Ledger, tmp_path: Path
) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
    (tmp_path / "key.pem").write_text(f"{pem}\n")

    walk("docusign", "", "", f"@{tmp_path / 'key.pem'}", "account", "app", "user", "", "")

    assert kept(ledger, "docusign").key == pem
    assert kept(ledger, "docusign").base_url == "https://demo.docusign.net"


def test_of_an_account_of_another_mode_nothing_is_kept(walk: Walk, ledger: Ledger) -> None:
    walk("checkr", "production", "", KEY, "node-7", SIGNING)

    shown = walk("checkr", "sandbox", "", "", "its own key", "", "")

    assert "it is needed" in shown
    assert kept(ledger) == Access("https://api.checkr-staging.com", "its own key", "sandbox")


def test_a_block_that_says_no_mode_is_a_sandboxs_and_keeps_what_it_has(
    walk: Walk, ledger: Ledger
) -> None:
    """Prefect's interface leaves out what nobody has changed."""

    async def save() -> None:
        made = account.account_type("checkr").filled(key=KEY, secrets={"webhook": SIGNING})
        await made.asave(account.account_name(ledger.client, "checkr"))
        async with get_client() as prefect:
            slug, name = made.get_block_type_slug(), made._block_document_name or ""
            block = await prefect.read_block_document_by_name(name, slug)
            told = {name: block.data[name] for name in ("key", "webhook")}
            changed = BlockDocumentUpdate(
                block_schema_id=block.block_schema_id, data=told, merge_existing_data=False
            )
            await prefect.update_block_document(block.id, changed)

    asyncio.run(save())

    walk("checkr", "", "", "", "", "")

    own = "https://api.checkr-staging.com"
    assert kept(ledger) == Access(own, KEY, "sandbox", {}, {"webhook": SIGNING})


def test_a_form_that_is_not_filled_to_its_end_changes_nothing(walk: Walk, ledger: Ledger) -> None:
    with pytest.raises(DeploymentError, match="is not saved"):
        walk("checkr", "production", "", KEY)

    assert asyncio.run(account.read(ledger.client, "checkr")) is None


def test_a_vendor_that_is_none_is_named_beside_those_there_are(walk: Walk) -> None:
    with pytest.raises(Misconfigured, match=r"there are: .*checkr"):
        walk("cheker")
