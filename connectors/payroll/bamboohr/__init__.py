"""BambooHR as the system of record for employees (HRIS). It holds pay; it proves no payment.

Documents: https://documentation.bamboohr.com/reference; the client's address is
`https://COMPANY.bamboohr.com`.
Auth: Basic, the API key as user name and any password. The key has the rights of one user: it needs
to see names, e-mail, hire date, job and compensation of everybody, and to write them.
Settings: option `reference_field` is the field, made for us in the account, that holds our name of
the application; `location:<place code>` names a location where city and state do not.
Secret: `webhook` is the webhook's private key, which BambooHR shows once.
Paging: employees by cursor (2500 at most; 400 once its employee is gone), locations by number
from 0.
Limits: not published; over them 429 with `Retry-After` (503 before September 2026).
Errors: 400, 403, 404, 406 (a value), 409 (a rule), 412 (no pay schedule); the reason is in the
header X-BambooHR-Error-Message and may quote the person, so it is not repeated.

Quirks
- No idempotency key, and the list cannot be filtered by e-mail. With a filter, or sorted, the list
  silently leaves out whoever the key may not see in that field. So it is read without either, and
  compared here: a row that hides a name makes "not there" no proof.
- Fields that do not exist, or that the key may not see or write, are left out without a word. So
  `reference_field` is looked up before anything is created, and every write is read back.
- Creating answers 201 with no body; the id ends `Location`. Other writes answer 200, empty.
- Creating an employee and filling the histories of job and pay are three writes. A create goes on
  where an earlier one stopped.
- Job titles and locations are lists of the client's: one that is not in the list is refused here,
  and not added to it.
- What changed is asked since an instant, for all employees at once. The cursor names whom we have
  read before; who is new to us is read in any case.
- A future row of a history is not "current" yet: histories are read as tables, whatever the day.
- We put nobody on a pay schedule: with BambooHR's own payroll that asks for what we never have, the
  social security number and the birth date. A person does it there.
- The public interface has no pay statements: what was paid must come from the payroll that pays.

Unverified: whether `since` includes its instant (a minute is read twice); that `status` is all that
is told of onboarding; the names of compensation's fields (`startDate`, `rate`, `type`, `exempt`,
`paidPer`), which three third parties agree on; the order of body and timestamp in a webhook's
signature, on which third parties agree; whether a repeated e-mail is refused.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from requests.auth import HTTPBasicAuth

from connectors import places, watched, webhook
from connectors.access import Access
from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, segment
from connectors.payload import Payload, items
from connectors.payroll.bamboohr.rows import (
    NAME,
    EmployeeRow,
    agrees,
    compensation,
    in_force,
    listed,
    read_employee,
    read_location,
    restricted,
)
from connectors.ports import Payroll
from connectors.records import (
    CorrectHire,
    CreateHire,
    Employee,
    Observed,
    Page,
    Place,
    Receipt,
    Request,
)
from connectors.vendor import Sender, Setting, Vendor

PAGE_SIZE = 2500
BAD_PAGE = 400
OVERLAP = timedelta(minutes=1)
BEGINNING = "1970-01-01T00:00:00+00:00"
CHANGES = {"Inserted": "there", "Updated": "there", "Deleted": "gone"}
EMAILS = ("homeEmail", "workEmail")

Row = dict[str, Any]


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> Payroll:
    """Open one company."""
    api = Api(NAME, access.base_url, HTTPBasicAuth(access.key, "x"), sleep=sleep)
    return BambooHR(api, access.options["reference_field"], access.options)


def verify_webhook(raw: bytes, headers: Mapping[str, str], private_key: str) -> bool:
    """Tell whether a webhook was signed with the private key."""
    told = {name.lower(): value for name, value in headers.items()}
    at, signature = told.get("x-bamboohr-timestamp", ""), told.get("x-bamboohr-signature", "")
    expected = hmac.new(private_key.encode(), signed(raw, at), hashlib.sha256).hexdigest()
    return bool(private_key and at) and hmac.compare_digest(expected.encode(), signature.encode())


def signed(raw: bytes, at: str) -> bytes:
    """What is signed: the body, then the header with the time."""
    return raw + at.encode()


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which employee an event is about; raises Unreadable.

    An event has a time and no id: it is known by the hash of its body.
    """
    told = webhook.document(NAME, raw)
    return webhook.Event(
        id=hashlib.sha256(raw).hexdigest(),
        kind=webhook.identifier(NAME, told.get("type")),
        refs=webhook.refs(told, [("data", "employeeId")]),
        at=Payload(NAME, told).time("timestamp"),
    )


class BambooHR:
    """One company's employees at BambooHR."""

    resources: tuple[str, ...] = ("employees",)  # `all_employees` when asked for

    def __init__(self, api: Api, field: str, options: Mapping[str, str]) -> None:
        self._api, self._field, self._options = api, field, options

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the watched employees that have changed, or were never read before.

        `all_employees` lists everybody the key may see, whoever entered them.
        """
        if resource == "employees":
            yield from self._changed(cursor, watching)
        elif resource == "all_employees":
            yield from self._everybody()
        else:
            raise Unsupported(NAME, f"has no {resource}")

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether the employee is there with the terms asked for.

        Raises OutcomeUnknown where the key may not see everybody's name: then nobody can say.
        """
        match request:
            case CreateHire():
                employee = self._ours(request)
                done = employee is not None and not any(self._repairs(employee, request))
                return Receipt(external_id=employee.id) if employee and done else None
            case CorrectHire():
                employee = self._employee(request.employee_ref)
                done = not any(self._repairs(employee, request))
                return Receipt(external_id=employee.id) if done else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Create the employee, their job and their pay; what is there already is left alone.

        Raises Refused if somebody with this e-mail address is there who is not ours, or if title or
        place are in no list; Misconfigured if the key may not do or see all of it.
        """
        self._check_title(request.title)
        self._location(request.work_place)
        try:
            employee = self._ours(request)
        except OutcomeUnknown as blind:
            raise Misconfigured(NAME, blind.what) from None
        if employee is None:
            employee = self._employee(self._create(request))
        return self._bring(employee, request)

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Change what differs from the signed terms, whatever day it is in force from."""
        return self._bring(self._employee(request.employee_ref), request)

    def check(self) -> Iterator[Check]:
        """Whether the field for our key is there, and the company has locations; our quota."""
        remedy = "add a text field for new hires' keys, and name it in 'reference_field'"
        yield tried("reference field", remedy, self._check_field)
        wrong = "" if self._locations else "the company has no location"
        yield Check("locations", wrong, "add the places where people work, in BambooHR")
        yield from self._api.health()

    def subscribed(self) -> list[str]:
        """The addresses of the webhooks that the key's user has made."""
        body = Payload(NAME, self._api.read("GET", "/api/v1/webhooks").body)
        return [row.take("url", str) for row in body.items("webhooks")]

    def _create(self, request: CreateHire) -> str:
        body = {
            "firstName": request.first_name,
            "lastName": request.last_name,
            "homeEmail": request.email,
            "hireDate": request.start_on.isoformat(),
            self._field: request.application_key,
        }
        return self._api.write(
            "POST", "/api/v1/employees", reading=_created, json=body, located=True
        )

    def _bring(self, employee: EmployeeRow, request: CreateHire | CorrectHire) -> Receipt:
        """Write what differs, and read back that it was taken: what may not be is skipped."""
        repairs = list(self._repairs(employee, request))
        for path, body in repairs:
            self._api.write("POST", path, reading=_silent, json=body)
        if repairs and any(self._repairs(self._employee(employee.id), request)):
            raise Misconfigured(
                NAME,
                f"employee {employee.id}: not everything was taken: "
                "let the key's user write hire date, job and compensation",
            )
        return Receipt(external_id=employee.id)

    def _repairs(
        self, employee: EmployeeRow, request: CreateHire | CorrectHire
    ) -> Iterator[tuple[str, Row]]:
        """Yield the path and body of each write that is still needed."""
        path = f"/api/v1/employees/{segment(employee.id)}"
        tables = f"/api/v1_1/employees/{segment(employee.id)}/tables"
        start = request.start_on
        if employee.hired_on != start:
            yield path, {"hireDate": start.isoformat()}
        place = {"location": self._location(request.work_place)}
        if not employee.jobs:
            title = {"jobTitle": request.title} if isinstance(request, CreateHire) else {}
            yield f"{tables}/jobInfo", {"date": start.isoformat(), **title, **place}
        for job in employee.jobs:
            late = job == min(employee.jobs, key=_since) and job.since > start
            if late or job.location != place["location"]:
                since = start if late else job.since
                yield f"{tables}/jobInfo/{segment(job.id)}", {"date": since.isoformat(), **place}
        terms = compensation(request)
        if not employee.pays:
            yield f"{tables}/compensation", {"startDate": start.isoformat(), **terms}
        for pay in employee.pays:
            late = pay == min(employee.pays, key=_since) and pay.since > start
            if late or not agrees(pay, request):
                since = start if late else pay.since
                body = {"startDate": since.isoformat(), **terms}
                yield f"{tables}/compensation/{segment(pay.id)}", body

    def _ours(self, request: CreateHire) -> EmployeeRow | None:
        """Find the employee who carries our reference, among those who may be this person."""
        self._check_field()
        hidden = 0
        for row in self._listed():
            hidden += restricted(row, "lastName", *EMAILS)
            if not _may_be(row, request):
                continue
            id = Payload(NAME, row).take("employeeId", str)
            if self._reference(id) == request.application_key:
                return self._employee(id)
            if _has_email(row, request):
                raise Refused(
                    NAME,
                    f"employee {id} has this e-mail address and is not of this hire: "
                    f"write {request.application_key} into {self._field} if it is",
                )
        if hidden:
            raise OutcomeUnknown(
                NAME, f"the key may not see names and e-mail of {hidden} employees: let it"
            )
        return None

    def _reference(self, id: str) -> str | None:
        """Read whose hire an employee is; of a namesake nothing else need make sense to us."""
        body = self._get(f"/api/v1/employees/{segment(id)}", {"fields": self._field})
        row = Payload(NAME, body)
        if self._field not in body:
            raise OutcomeUnknown(NAME, f"the key may not see {self._field!r} of employee {id}")
        return row.maybe(self._field, str)

    def _changed(self, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        if not watching:
            return
        state: Row = json.loads(cursor or "{}")
        known, since = set(state.get("read", [])), state.get("since", BEGINNING)
        told = Payload(NAME, self._get("/api/v1/employees/changed", {"since": since}))
        changed = _by_id(told)
        latest = told.time("latest") if changed else datetime.fromisoformat(since)
        due = [ref for ref in watching if ref not in known or ref in changed]
        for ref in due:
            if ref in changed and _is_gone(changed[ref]):
                yield Page(refused={ref: f"{NAME}: employee {ref} was deleted there"})
            else:
                yield from watched.each([ref], self._hired)
        since = max((latest - OVERLAP).astimezone(UTC).isoformat(), since)
        yield Page(cursor=json.dumps({"since": since, "read": sorted(watching)}))

    def _hired(self, ref: str) -> tuple[Observed, ...]:
        employee = self._employee(ref)
        if not employee.reference:
            raise Refused(NAME, f"employee {ref} carries no reference in {self._field!r}")
        if employee.onboarding is None or employee.hired_on is None:
            raise Refused(NAME, f"employee {ref} is inactive or has no hire date")
        pay = in_force(employee.pays, employee.hired_on)
        job = in_force(employee.jobs, employee.hired_on)
        hire = Employee(
            external_id=employee.id,
            updated_at=employee.changed_at,
            document=employee.document,
            application_key=employee.reference,
            onboarding=employee.onboarding,
            entity=self._legal_name,
            title=job.title,
            start_on=employee.hired_on,
            rate_cents=pay.rate_cents,
            unit=pay.our_unit,
            work_place=self._place_named(job.location),
        )
        return (hire,)

    def _everybody(self) -> Iterator[Page]:
        """List no more of anybody than who and since when."""
        rows = [Payload(NAME, row) for row in self._listed()]
        yield Page(records=tuple(listed(row) for row in rows))

    def _employee(self, id: str) -> EmployeeRow:
        path = f"/api/v1/employees/{segment(id)}"
        fields = ",".join(("status", "hireDate", "lastChanged", self._field))
        body = self._get(path, {"fields": fields, "onlyCurrent": "false"})
        tables = [self._get(f"{path}/tables/{table}") for table in ("jobInfo", "compensation")]
        return read_employee(body, self._field, *tables)

    def _listed(self) -> Iterator[Row]:
        """Read all employees. Neither filter nor order: either hides people without a word.

        Raises Unavailable if the cursor's employee is no longer on the list.
        """
        params = {"fields": ",".join((*EMAILS, "hireDate")), "page[limit]": str(PAGE_SIZE)}
        while True:
            try:
                body = Payload(NAME, self._get("/api/v1/employees", params))
            except RefusedReply as refusal:
                if refusal.status == BAD_PAGE and "page[after]" in params:
                    raise Unavailable(NAME, "the list has changed while it was read") from None
                raise
            yield from body.take("data", list)
            after = body.inner("meta").inner("page").maybe("nextCursor", str)
            if not after:
                return
            params["page[after]"] = after

    def _check_field(self) -> None:
        """Raise Misconfigured if the field for our reference does not exist."""
        if self._field not in self._fields:
            raise Misconfigured(
                NAME,
                f"there is no field {self._field!r}: make it, a text, and let the key write it",
            )

    def _check_title(self, title: str) -> None:
        if title not in self._titles:
            raise Refused(NAME, f"{title!r} is no job title in BambooHR: add it to the list there")

    @cached_property
    def _fields(self) -> set[str]:
        rows = items(NAME, self._get("/api/v1/meta/fields"))
        return {row.maybe("alias", str) or "" for row in rows}

    @cached_property
    def _titles(self) -> set[str]:
        for row in items(NAME, self._get("/api/v1/meta/lists")):
            if row.maybe("alias", str) == "jobTitle":
                options = row.items("options")
                return {o.take("name", str) for o in options if o.take("archived", str) == "no"}
        raise Misconfigured(NAME, "the key may not see the list of job titles")

    @cached_property
    def _legal_name(self) -> str:
        return Payload(NAME, self._get("/api/v1/company_information")).take("legalName", str)

    @cached_property
    def _locations(self) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        page, more = 0, True
        while more:
            asked = {"page": page, "expand": "state"}
            body = Payload(NAME, self._get("/api/v1/hris/org/locations", asked))
            found += [read_location(row) for row in body.items("data")]
            links = body.maybe("_links", dict) or {}
            page, more = page + 1, "next" in links
        return found

    def _location(self, place: Place) -> str:
        return places.only_one(
            NAME, place, lambda: self._locations, self._options, "locations", "BambooHR"
        )

    def _place_named(self, label: str) -> str:
        """Say where a location is, as in "Denver, CO"; a remote one by its own name."""
        for its_label, city, state in self._locations:
            if its_label == label and city:
                return f"{city}, {state}"
        return label

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._api.read("GET", path, params=params).body


def _created(location: Any) -> str:
    """Read the new employee's id, the end of an address."""
    address = location if isinstance(location, str) else ""
    found = re.search(r"/(?:employee\.php\?id=)?(\d+)/?$", address, re.ASCII)
    if not found:
        raise Unreadable(NAME, "no address of the employee that was made")
    return found[1]


def _silent(body: Any) -> None:
    """Accept only the empty answer that BambooHR gives when it has written."""
    if body is not None:
        raise Unreadable(NAME, "an answer where there is none")


def _since(row: Any) -> Any:
    return row.since


def _by_id(told: Payload) -> Row:
    """Take the changes by employee id; PHP writes a map that is empty as a list."""
    changed = told.take("employees", object)
    if changed == []:
        return {}
    return Payload(NAME, {"employees": changed}).take("employees", dict)


def _is_gone(change: Any) -> bool:
    return Payload(NAME, change).choice("action", CHANGES) == "gone"


def _has_email(row: Row, request: CreateHire) -> bool:
    return request.email.casefold() in {str(row.get(name) or "").casefold() for name in EMAILS}


def _may_be(row: Row, request: CreateHire) -> bool:
    named = str(row.get("lastName") or "").casefold() == request.last_name.casefold()
    return named or _has_email(row, request)


VENDOR = Vendor(
    kind="payroll",
    name=NAME,
    title="BambooHR",
    documents="https://documentation.bamboohr.com/reference",
    reads=(
        "the hires that changed, with hire date, job and pay; everybody's ids for the"
        " reconciliation"
    ),
    writes=(
        "an employee, one row of job information, one of compensation; whatever of them"
        " differs from the signed offer"
    ),
    connect=connect,
    domain="bamboohr.com",
    address="the client's own, `https://COMPANY.bamboohr.com`",
    key="an API key; it has the rights of the user who made it",
    settings=(
        Setting(
            "reference_field",
            "the alias of a text field, made for us, that holds our name of the application",
            required=True,
        ),
        Setting("location:", "the location of a place code, where its city does not tell it"),
        Setting("webhook", "the webhook's private key, which is shown once", secret=True),
    ),
    scopes=("names, e-mail, hire date, job and compensation of everybody: read, write",),
    webhooks=Sender(verify_webhook, read_webhook),
)
