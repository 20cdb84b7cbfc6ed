"""Gusto Embedded Payroll (United States only).

Documents: https://docs.gusto.com/embedded-payroll/reference, API version 2025-06-15
Auth: OAuth access token as bearer, good for two hours. With a refresh token (secret `refresh`) and
the application's credentials (option `client_id`, secret `client`) it is renewed when Gusto refuses
it; without, it is used as long as it lasts. "The previous refresh_token will be revoked on the
first usage of the new access_token"
(https://docs.gusto.com/app-integrations/v2024-04-01/reference/refresh-access-token).
Settings: option `company` is the company's uuid; option `location:<place code>` names the work
location of a place where its city and state do not (remote work, two offices in one city).
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
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from requests.auth import AuthBase

from connectors import numbered, oauth, places, watched, webhook
from connectors.access import Access
from connectors.errors import Misconfigured, Refused, Unavailable, Unreadable, Unsupported
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, segment
from connectors.oauth import Bearer
from connectors.payload import Payload, items
from connectors.payroll.gusto.rows import (
    BATCHES,
    NAME,
    UNUSED,
    EmployeeRow,
    compensation,
    existing_batch,
    faults,
    in_force,
    listed,
    read_employee,
)
from connectors.ports import Payroll
from connectors.records import (
    CorrectHire,
    CreateHire,
    Employee,
    Observed,
    Page,
    PayStatement,
    Place,
    Receipt,
    Request,
)
from connectors.vendor import Handshake, Sender, Setting, Vendor

HEADERS = {"X-Gusto-API-Version": "2025-06-15"}
PER_PAGE = 100
KEYS = uuid5(NAMESPACE_URL, "https://docs.gusto.com/embedded-payroll/people_batches")


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> Payroll:
    """Open one company at Gusto."""
    api = Api(NAME, access.base_url, _auth(access), headers=HEADERS, sleep=sleep)
    return Gusto(api, access.options)


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


class Gusto:
    """One company's payroll at Gusto."""

    resources: tuple[str, ...] = ("employees", "pay_statements")  # `all_employees` when asked for

    def __init__(self, api: Api, options: Mapping[str, str]) -> None:
        self._api, self._options = api, options
        self._company = f"/v1/companies/{segment(options['company'])}"
        self._processed: dict[str, Any] = {}

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what became of the watched: batches for employees, employees for pay statements.

        `all_employees` lists everybody the company has, whoever entered them; their time is the
        start of their job.
        """
        if resource == "employees":
            yield from watched.each(watching, self._hired)
        elif resource == "pay_statements":
            yield from self._paid(cursor, watching)
        elif resource == "all_employees":
            rows = items(NAME, self._pages(f"{self._company}/employees"))
            yield Page(records=tuple(listed(row) for row in rows))
        else:
            raise Unsupported(NAME, f"has no {resource}")

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether the employee's terms are those asked for.

        For a hire the answer is always None, "post again": the key makes that safe and Gusto then
        names the batch that exists. Nothing is asked of the vendor.
        """
        match request:
            case CreateHire():
                return None
            case CorrectHire():
                done = not any(self._repairs(request))
                return Receipt(external_id=request.employee_ref) if done else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Create the employee by a people batch; the receipt's id is the batch's.

        Raises Refused if Gusto has no work location in the place, Unsupported for pay by the day.
        """
        batch = {
            "idempotency_key": str(uuid5(KEYS, key)),
            "batch_action": "create",
            "batch": [self._entity(request)],
        }
        path = f"{self._company}/people_batches"
        try:
            return self._api.write("POST", path, reading=_receipt, json=batch)
        except RefusedReply as refusal:
            if refusal.status != 409:
                raise
            return Receipt(external_id=existing_batch(refusal.body))

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Change what differs from the signed terms, whatever day it is in force from.

        Raises Unavailable if somebody changed the same thing meanwhile: read again next time.
        """
        for path, body in list(self._repairs(request)):
            try:
                self._api.write("PUT", path, reading=_receipt, json=body)
            except RefusedReply as refusal:
                if "invalid_resource_version" not in json.dumps(refusal.body):
                    raise
                raise Unavailable(NAME, f"PUT {path}: changed meanwhile") from None
        return Receipt(external_id=request.employee_ref)

    def _entity(self, request: CreateHire) -> dict[str, Any]:
        return {
            "entity_type": "employee",
            "person": {
                "external_id": request.application_key,
                "first_name": request.first_name,
                "last_name": request.last_name,
                "email": request.email,
                "self_onboarding": True,
            },
            "work_address": {"location_uuid": self._location(request.work_place)},
            "job": {"title": request.title, "hire_date": request.start_on.isoformat()},
            "compensation": compensation(request),
        }

    def _repairs(self, request: CorrectHire) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the path and body of each change that is still needed."""
        employee = self._employee(request.employee_ref)
        if employee.hired_on != request.start_on:
            body = {"version": employee.job_version, "hire_date": request.start_on.isoformat()}
            yield f"/v1/jobs/{segment(employee.job_uuid)}", body
        wanted = compensation(request)
        for pay in employee.pays:
            if pay.terms != wanted:
                yield f"/v1/compensations/{segment(pay.uuid)}", {"version": pay.version, **wanted}
        location = self._location(request.work_place)
        for address in employee.addresses:
            if address.location_uuid != location:
                body = {"version": address.version, "location_uuid": location}
                yield f"/v1/work_addresses/{segment(address.uuid)}", body

    def _hired(self, batch_uuid: str) -> tuple[Observed, ...]:
        batch = Payload(NAME, self._get(f"/v1/people_batches/{segment(batch_uuid)}"))
        state = batch.choice("status", BATCHES)
        if state == "open":
            return ()
        if state == "faulty":
            raise Refused(NAME, f"people batch {batch_uuid}: {faults(batch)}")
        completed_at = batch.time("completed_at")
        results = batch.items("results")
        return tuple(self._hire(result, completed_at) for result in results)

    def _hire(self, result: Payload, completed_at: datetime) -> Employee:
        employee = self._employee(result.take("employee_uuid", str))
        pay = in_force(employee.pays, employee.hired_on)
        return Employee(
            external_id=employee.uuid,
            updated_at=completed_at,
            document=employee.document,
            application_key=result.take("external_id", str),
            onboarding=employee.onboarding,
            entity=self._legal_name,
            title=employee.title,
            start_on=employee.hired_on,
            rate_cents=pay.rate_cents,
            unit=pay.our_unit,
            work_place=in_force(employee.addresses, employee.hired_on).place,
            version=pay.version,
        )

    def check(self) -> Iterator[Check]:
        """Whether the company can be read and has places to work at; clock and quota."""
        yield tried("company", "check the setting 'company' and the key", lambda: self._legal_name)
        wrong = "" if self._locations else "the company has no active work location"
        yield Check("work locations", wrong, "add the places where people work, in Gusto")
        yield from self._api.health()

    def _paid(self, cursor: str | None, employees: Sequence[str]) -> Iterator[Page]:
        """Read each pay stub once. The cursor maps each watched employee to the stubs read."""
        before: dict[str, list[str]] = json.loads(cursor or "{}")
        read = {uuid: before.get(uuid, []) for uuid in employees}
        for page in watched.each(employees, lambda uuid: self._statements(uuid, read[uuid])):
            yield page.model_copy(update={"cursor": json.dumps(read)})

    def _statements(self, employee_uuid: str, read: list[str]) -> Sequence[PayStatement]:
        """Read an employee's new pay stubs, and note in `read` which they are.

        One of an unprocessed payroll proves nothing yet.
        """
        stubs = self._pages(f"/v1/employees/{segment(employee_uuid)}/pay_stubs")
        new = [stub for stub in stubs if stub.get("uuid") not in read]
        if not new:
            return ()
        employee = self._employee(employee_uuid)
        found = [self._statement(employee, stub) for stub in new]
        statements = [statement for statement in found if statement]
        read += [statement.external_id for statement in statements]
        return statements

    def _statement(self, employee: EmployeeRow, document: dict[str, Any]) -> PayStatement | None:
        stub = Payload(NAME, document)
        payroll = self._payroll(stub.take("payroll_uuid", str))
        if not payroll.take("processed", bool):
            return None
        period = payroll.inner("pay_period")
        end_on = period.day("end_date")
        pay = in_force(employee.pays, end_on)
        statement = PayStatement(
            external_id=stub.take("uuid", str),
            updated_at=datetime.combine(payroll.day("processed_date"), datetime.min.time(), UTC),
            document=json.dumps(document).encode(),
            employee_ref=employee.uuid,
            check_on=stub.day("check_date"),
            period_start_on=period.day("start_date"),
            period_end_on=end_on,
            gross_cents=stub.cents("gross_pay"),
            rate_cents=pay.rate_cents,
            unit=pay.our_unit,
            start_on=employee.hired_on,
            work_place=in_force(employee.addresses, end_on).place,
            entity=self._legal_name,
        )
        stub.close(ignoring=UNUSED)
        return statement

    def _payroll(self, uuid: str) -> Payload:
        """Read a payroll once it is processed (it never changes again) from memory.

        Only one employee's row is asked for: it carries everybody's pay.
        """
        if uuid not in self._processed:
            path = f"{self._company}/payrolls/{segment(uuid)}"
            body = self._get(path, {"page": 1, "per": 1})
            if not Payload(NAME, body).take("processed", bool):
                return Payload(NAME, body)
            self._processed[uuid] = body
        return Payload(NAME, self._processed[uuid])

    def _employee(self, uuid: str) -> EmployeeRow:
        path = f"/v1/employees/{segment(uuid)}"
        body = self._get(path, {"include": "all_compensations"})
        return read_employee(body, self._get(f"{path}/work_addresses"))

    @cached_property
    def _legal_name(self) -> str:
        return Payload(NAME, self._get(self._company)).take("name", str)

    @cached_property
    def _locations(self) -> list[tuple[str, str, str]]:
        rows = items(NAME, self._pages(f"{self._company}/locations"))
        return [
            (row.take("uuid", str), row.take("city", str).casefold(), row.take("state", str))
            for row in rows
            if row.maybe("active", bool) is not False
        ]

    def _location(self, place: Place) -> str:
        return places.only_one(
            NAME, place, lambda: self._locations, self._options, "work locations", "Gusto"
        )

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._api.read("GET", path, params=params).body

    def _pages(self, path: str) -> list[dict[str, Any]]:
        def read(page: int) -> tuple[list[dict[str, Any]], int]:
            reply = self._api.read("GET", path, params={"page": page, "per": PER_PAGE})
            total = reply.headers.get("X-Total-Pages", "")
            if not isinstance(reply.body, list) or not total.isdigit():
                raise Unreadable(NAME, f"GET {path}: not a page of a list")
            return reply.body, int(total)

        found = numbered.pages(read, lambda _, page: page[1])
        return [row for rows, _ in found for row in rows]


def _receipt(body: Any) -> Receipt:
    return Receipt(external_id=Payload(NAME, body).take("uuid", str))


def _verified(body: Any) -> None:
    if Payload(NAME, body).take("status", str) != "verified":
        raise Unreadable(NAME, "the subscription is not verified")


VENDOR = Vendor(
    kind="payroll",
    name=NAME,
    title="Gusto",
    documents="https://docs.gusto.com/embedded-payroll/reference",
    reads="hires by their people batch, employees' terms, pay statements",
    writes=(
        "people batches of one; job, compensation and work address when they differ from the"
        " signed offer"
    ),
    connect=connect,
    addresses={"production": "https://api.gusto.com", "sandbox": "https://api.gusto-demo.com"},
    key="an OAuth access token, good for two hours",
    settings=(
        Setting("company", "the company's uuid", required=True),
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
