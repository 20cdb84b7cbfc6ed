"""Gusto (United States only), as Embedded Payroll or through an App Integration.

Documents: https://docs.gusto.com/embedded-payroll/reference, API version 2025-06-15
Auth: OAuth access token as bearer, good for two hours. With a refresh token (secret `refresh`) and
the application's credentials (option `client_id`, secret `client`) it is renewed when Gusto refuses
it; without, it is used as long as it lasts. "The previous refresh_token will be revoked on the
first usage of the new access_token"
(https://docs.gusto.com/app-integrations/v2024-04-01/reference/refresh-access-token).
Settings: option `product` is `app_integrations` for a company that pays in Gusto's own pages (see
app.py); else it is embedded. Option `company` is the company's uuid; option `location:<place code>`
names the work location of a place where its city and state do not (remote work, two offices in one
city).
Secrets: `webhook` is the verification token of the webhook subscription; `system` is a system
access token, with which that token is confirmed.
Paging: `page` and `per` (100 at most), the number of pages in the header `X-Total-Pages`.
Limits: 200 requests in 60 seconds for one application and user; 429 with `Retry-After`.
Errors: 422 `{errors: [{error_key, category, message, errors}]}`; messages quote what was sent.

Quirks
- A hire is created by a people batch of one. Its idempotency key is derived from ours; a key
  used before answers 409 with the uuid of the batch it made, so a repeated post is harmless.
  The interface cannot look a batch up by its key, so `find` leaves the proof to the next post.
- Batches are processed later and name the employee only when completed: watch the batch.
- Changes need the object's current `version`. A stale one is 409 in the guide and 422 in the
  schema, both with the category `invalid_resource_version`; nothing was changed.
- Amounts are strings in the schema and numbers in its examples.
- A pay stub knows neither rate, start nor place: these are read from the employee at the time the
  stub is first seen. Corrections are made in place, so a stub read again would show the corrected
  rate beside the old gross. The cursor keeps every stub from being read twice, and one that is read
  from the beginning again changes no statement that has landed.
- Employees carry no time of change; `Employee.updated_at` is when the batch was completed.
- The employee gives social security number, date of birth and bank account to Gusto during
  self-onboarding. We never send them, and do not keep those a reading returns.

Unverified: that the old refresh token works until then in API version 2025-06-15, whose reference
says nothing of it; that no `redirect_uri` is needed (the schema does not require one); that a
webhook is signed with the verification token, in hexadecimal; how long an idempotency key is
remembered; whether a batch with `self_onboarding` sends the invitation itself; `X-Total-Pages` on
pay stubs.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from requests.auth import AuthBase

from connectors import oauth, webhook
from connectors.access import Access
from connectors.errors import Misconfigured, Unreadable
from connectors.http import Api, segment
from connectors.oauth import Bearer
from connectors.payload import Payload
from connectors.payroll.gusto.app import AppIntegration
from connectors.payroll.gusto.company import Gusto
from connectors.payroll.gusto.rows import NAME
from connectors.ports import Payroll
from connectors.vendor import Handshake, Sender, Setting, Vendor

HEADERS = {"X-Gusto-API-Version": "2025-06-15"}
EMBEDDED = "embedded"
PRODUCTS: Mapping[str, type[Gusto]] = {EMBEDDED: Gusto, "app_integrations": AppIntegration}


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> Payroll:
    """Open one company at Gusto."""
    api = Api(NAME, access.base_url, _auth(access), headers=HEADERS, sleep=sleep)
    product = access.options.get("product") or EMBEDDED
    if product not in PRODUCTS:
        raise Misconfigured(NAME, f"the option 'product' is one of {', '.join(PRODUCTS)}")
    return PRODUCTS[product](api, access.options)


def _auth(access: Access) -> AuthBase:
    if access.keeper is None or not access.secrets.get("refresh"):
        return Bearer(access.key)
    client_id, secret = access.options.get("client_id"), access.secrets.get("client")
    if not client_id or not secret:
        raise Misconfigured(NAME, "renewing needs the option 'client_id' and the secret 'client'")
    api = Api(NAME, access.base_url, headers=HEADERS)
    exchange = partial(oauth.exchange, api, "/oauth/token", client_id, secret)
    return oauth.Renewing(access.key, access.keeper, exchange)


def verify_webhook(raw: bytes, headers: Mapping[str, str], verification_token: str) -> bool:
    """Tell whether a webhook's raw body was signed with the subscription's verification token."""
    signature = next((v for n, v in headers.items() if n.lower() == "x-gusto-signature"), "")
    expected = hmac.new(verification_token.encode(), raw, hashlib.sha256).hexdigest()
    return bool(verification_token) and hmac.compare_digest(expected.encode(), signature.encode())


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which employee or company an event is about; raises Unreadable."""
    told = webhook.document(NAME, raw)
    return webhook.Event(
        id=webhook.identifier(NAME, told.get("uuid")),
        kind=webhook.identifier(NAME, told.get("event_type")),
        refs=webhook.refs(told, [("entity_uuid",)]),
        at=webhook.unix(NAME, told.get("timestamp")),
    )


def read_handshake(raw: bytes) -> tuple[str, str]:
    """Read the post that opens a subscription: its uuid, and the token that will sign its events.

    Nothing signs it: believe the token only when `confirm_subscription` has. Raises Unreadable.
    """
    told = webhook.document(NAME, raw)
    subscription = webhook.identifier(NAME, told.get("webhook_subscription_uuid"))
    return subscription, Payload(NAME, told).take("verification_token", str)


def confirm_subscription(access: Access, subscription: str, token: str) -> None:
    """Tell Gusto the token it has just posted to us; done twice it changes nothing.

    Gusto accepts only its own token for our own subscription. Raises Refused if it is another's,
    Misconfigured without the secret `system`, Unavailable or OutcomeUnknown.
    """
    if not access.secrets.get("system"):
        raise Misconfigured(NAME, "set the secret 'system' to a system access token")
    api = Api(NAME, access.base_url, Bearer(access.secrets["system"]), headers=HEADERS)
    path = f"/v1/webhook_subscriptions/{segment(subscription)}/verify"
    api.write("PUT", path, reading=_verified, json={"verification_token": token})


def _verified(body: Any) -> None:
    if Payload(NAME, body).take("status", str) != "verified":
        raise Unreadable(NAME, "the subscription is not verified")


VENDOR = Vendor(
    kind="payroll",
    name=NAME,
    title="Gusto",
    documents="https://docs.gusto.com/embedded-payroll/reference",
    reads=(
        "hires, by their people batch or as employees; employees' terms; pay stubs, or what was"
        " paid in payrolls"
    ),
    writes=(
        "people batches of one, or employees; job, compensation and work address when they differ"
        " from the signed offer, as far as the product allows"
    ),
    connect=connect,
    addresses={"production": "https://api.gusto.com", "sandbox": "https://api.gusto-demo.com"},
    domain="gusto.com",
    key="an OAuth access token, good for two hours",
    settings=(
        Setting("company", "the company's uuid", required=True),
        Setting("product", "app_integrations, if the company pays in Gusto's own pages"),
        Setting("client_id", "the application's id, with which the key is renewed"),
        Setting("location:", "the work location of a place code, where its city does not tell it"),
        Setting("client", "the application's secret", secret=True),
        Setting("refresh", "the refresh token; without it the key is not renewed", secret=True),
        Setting("system", "a system access token, while webhooks are set up", secret=True),
        Setting("webhook", "the verification token; the receiver fills it in", secret=True),
    ),
    webhooks=Sender(
        verify_webhook, read_webhook, handshake=Handshake(read_handshake, confirm_subscription)
    ),
    reports_new_hires=True,
)
