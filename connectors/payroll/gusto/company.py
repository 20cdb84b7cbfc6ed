"""One company at Gusto Embedded Payroll: what the port asks, in Gusto's calls."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from connectors import numbered, places, watched
from connectors.errors import Refused, Unavailable, Unreadable, Unsupported
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, segment
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

PER_PAGE = 100
KEYS = uuid5(NAMESPACE_URL, "https://docs.gusto.com/embedded-payroll/people_batches")


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
            yield from watched.once(watching, cursor, self._statements)
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
            return self._api.write("POST", path, reading=made, json=batch)
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
                self._api.write("PUT", path, reading=made, json=body)
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

    def _statements(self, employee_uuid: str, read: list[str]) -> Sequence[PayStatement]:
        """Read an employee's new pay stubs, and note in `read` which they are.

        One of an unprocessed payroll proves nothing yet.
        """
        new = [stub for stub in self._stubs(employee_uuid) if stub.get("uuid") not in read]
        if not new:
            return ()
        employee = self._employee(employee_uuid)
        found = [self._statement(employee, stub) for stub in new]
        statements = [statement for statement in found if statement]
        read += [statement.external_id for statement in statements]
        return statements

    def _stubs(self, employee_uuid: str) -> list[dict[str, Any]]:
        return self._pages(f"/v1/employees/{segment(employee_uuid)}/pay_stubs")

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

    def _pages(self, path: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        def read(page: int) -> tuple[list[dict[str, Any]], int]:
            asked = {"page": page, "per": PER_PAGE, **(params or {})}
            reply = self._api.read("GET", path, params=asked)
            total = reply.headers.get("X-Total-Pages", "")
            if not isinstance(reply.body, list) or not total.isdigit():
                raise Unreadable(NAME, f"GET {path}: not a page of a list")
            return reply.body, int(total)

        found = numbered.pages(read, lambda _, page: page[1])
        return [row for rows, _ in found for row in rows]


def made(body: Any) -> Receipt:
    """Read the uuid of what was made or changed."""
    return Receipt(external_id=Payload(NAME, body).take("uuid", str))
