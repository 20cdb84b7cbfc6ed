"""An account at DocuSign's stand-in, its people, and what is asked there."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from connectors.access import Access
from connectors.ports import SignatureProvider
from connectors.records import CancelOffer, SendOffer, Signature
from connectors.signatures import docusign
from deployments.sandbox.docusign import ACCOUNT, INTEGRATION_KEY, USER, DocuSign
from deployments.sandbox.docusign_key import pem
from deployments.sandbox.server import Answer, Request, Sandbox

NOW = datetime(2026, 3, 2, 15, 20, tzinfo=UTC)
A_DAY = timedelta(days=1)
NOBODY = "fa5c8a0b-0f49-4d76-8749-333ad6fcc214"


class Town:
    """Everybody who lives here, by e-mail."""

    def __init__(self, **offers: str) -> None:
        self._offers = offers

    def by_email(self, email: str) -> Any:
        offer = self._offers.get(email.partition("@")[0])
        return offer and SimpleNamespace(behaviour=SimpleNamespace(offer=offer))


def account_at(url: str, **changed: str) -> Access:
    options = {
        "account_id": ACCOUNT,
        "integration_key": INTEGRATION_KEY,
        "user_id": USER,
        "auth_url": f"{url}/docusign/account",
        **changed,
    }
    return Access(f"{url}/docusign", pem(), options=options)


def connected(access: Access, pauses: list[float] | None = None) -> SignatureProvider:
    return docusign.connect(access, sleep=(pauses if pauses is not None else []).append)


def an_offer(name: str = "ada", **changed: Any) -> SendOffer:
    offer = SendOffer(
        application_key=f"HARBOR-3.{name}",
        offer_hash="5d41402a",
        title="Your offer from Harbor Works",
        letter="Dear Zoë,\n\nwe offer you **the role**.\n",
        signer_name="Zoë Müller",
        signer_email=f"{name}@example.test",
        expires_at=NOW + 14 * A_DAY,
    )
    return offer.model_copy(update=changed)


def withdrawal(ref: str) -> CancelOffer:
    return CancelOffer(signature_ref=ref)


def observed(
    signatures: SignatureProvider, *watching: str, resource: str = "signature_requests"
) -> list[Signature]:
    pages = signatures.changes(resource, None, watching)
    records = [record for page in pages for record in page.records]
    return [record for record in records if isinstance(record, Signature)]


def fail(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "docusign", "match": match, "faults": list(faults)})


def answer(vendor: DocuSign, given: Answer, *, method: str = "", path: str = "/restapi") -> None:
    """Let DocuSign answer this and do nothing; its account server works on."""
    handle = vendor.handle

    def answered(request: Request) -> Answer:
        is_meant = request.path.startswith(path) and request.method.startswith(method)
        return given if is_meant else handle(request)

    vendor.handle = answered  # type: ignore[method-assign]
