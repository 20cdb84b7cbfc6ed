"""One company that pays in Gusto's own pages, through an App Integration.

Documents: https://docs.gusto.com/app-integrations/reference, API version 2025-06-15
Auth: as Embedded Payroll's. The company's admin connects our application; the token is good for
this one company and for the scopes in SCOPES.

Quirks
- It has less: no people batches, no jobs, no onboarding, no pay stubs. An employee is created with
  name and e-mail, and invited by Gusto; the admin gives them their job, first day, pay and place.
- So a hire is nobody to us until they have a job, pay and a work address. Then pay and place are
  set to what was signed, if they differ; the first day is on the job, which we may not change.
- No idempotency key, no id of ours, and a search by names alone. A hire is told by e-mail: nobody
  may have it before, so that whoever has it after a lost answer is the one we made. What we watch
  is our name of the application with the employee's uuid, `HARBOR-3.9f2c:d7282d99-…`.
- Gusto's search may be behind its writes; so may its list.
- What was paid is in the payrolls. Of those that end on or after the first day, the employee's own
  gross is taken, and of nobody else anything.
- Without the scope `compensations:read` pay is left out without a word.

Unverified: how far the list is behind; the header `X-Total-Pages` on a payroll.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.errors import Misconfigured, Refused, Unreadable, Unsupported
from connectors.health import Check, tried
from connectors.http import segment
from connectors.payload import Payload, items
from connectors.payroll.gusto.company import PER_PAGE, Gusto, made
from connectors.payroll.gusto.rows import NAME, in_force, listed, read_employee
from connectors.records import CorrectHire, CreateHire, Employee, Observed, Page, Receipt, Request

SCOPES = """companies:read employees:read employees:manage jobs:read compensations:read
    compensations:write payrolls:read""".split()  # noqa: SIM905 - one a line would be long
COMPANY = "Company"
SETTLED = {"processing_statuses": "processed", "payroll_types": "regular,off_cycle"}


class AppIntegration(Gusto):
    """A company's own Gusto, as far as an application may go."""

    search_lag = 5

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield as for Embedded Payroll; `all_employees` lists those who have a job."""
        if resource == "all_employees":
            rows = self._pages(f"{self._company}/employees")
            yield Page(records=tuple(listed(Payload(NAME, r)) for r in rows if _has_primary(r)))
        else:
            yield from super().changes(resource, cursor, watching)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether the employee is there, by e-mail, or has the terms asked for."""
        match request:
            case CreateHire():
                uuid = self._with_email(request.email)
                return _receipt(request, uuid) if uuid else None
            case CorrectHire():
                done = not any(self._repairs(request)) and not self._starts_else(request)
                return Receipt(external_id=request.employee_ref) if done else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Create an employee who is invited; the receipt's id ends with the employee's uuid.

        Raises Refused if somebody has this e-mail address already: a rehire is made in Gusto.
        """
        if uuid := self._with_email(request.email):
            told = f"employee {uuid} has this e-mail address: rehire them in Gusto, or, if it is"
            raise Refused(NAME, f"{told} them, settle it by hand as APPLICATION:{uuid}")
        person = {
            "first_name": request.first_name,
            "last_name": request.last_name,
            "email": request.email,
            "self_onboarding": True,
        }
        path = f"{self._company}/employees"
        employee = self._api.write("POST", path, reading=made, json=person)
        return _receipt(request, employee.external_id)

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Set pay and place to the signed terms; raises Unsupported if the first day differs."""
        receipt = super().correct_hire(request, key)
        if self._starts_else(request):
            raise Unsupported(NAME, f"employee {receipt.external_id}: correct the first day there")
        return receipt

    def check(self) -> Iterator[Check]:
        """Also whether the token is of this company, and allows what we do."""
        yield tried("token", "have the company connect the application anew", self._check_token)
        yield from super().check()

    def _check_token(self) -> None:
        told = Payload(NAME, self._get("/v1/token_info"))
        of, company = told.maybe_inner("resource"), self._options["company"]
        if of is None or (of.whatever("type"), of.whatever("uuid")) != (COMPANY, company):
            raise Misconfigured(NAME, "the access token is not of this company")
        allowed = told.take("scope", str).split()
        if lacking := [scope for scope in SCOPES if scope not in allowed]:
            raise Misconfigured(NAME, f"the access token lacks {', '.join(lacking)}")

    def _with_email(self, email: str) -> str | None:
        """The uuid of whoever has this e-mail address, privately or at work; they may have left."""
        for row in items(NAME, self._pages(f"{self._company}/employees")):
            known = (row.maybe(field, str) or "" for field in ("email", "work_email"))
            if email.casefold() in {one.casefold() for one in known}:
                return row.take("uuid", str)
        return None

    def _repairs(self, request: CorrectHire) -> Iterator[tuple[str, dict[str, str]]]:
        for path, body in super()._repairs(request):
            if not path.startswith("/v1/jobs/"):
                yield path, body

    def _starts_else(self, request: CorrectHire) -> bool:
        return self._employee(request.employee_ref).hired_on != request.start_on

    def _hired(self, ref: str) -> tuple[Observed, ...]:
        """Read a hire once the admin has given them a job, pay and a work address."""
        application_key, _, uuid = ref.rpartition(":")
        if not application_key:
            raise Refused(NAME, f"{ref!r} is no hire of ours: settle it as APPLICATION:EMPLOYEE")
        path = f"/v1/employees/{segment(uuid)}"
        body = self._get(path, {"include": "all_compensations"})
        if not _has_primary(body):
            return ()
        employee = read_employee(body, self._get(f"{path}/work_addresses"))
        if not (employee.pays and employee.addresses):
            return ()
        pay = in_force(employee.pays, employee.hired_on)
        hire = Employee(
            external_id=employee.uuid,
            updated_at=datetime.combine(employee.hired_on, datetime.min.time(), UTC),
            document=employee.document,
            application_key=application_key,
            onboarding=employee.onboarding,
            entity=self._legal_name,
            title=employee.title,
            start_on=employee.hired_on,
            rate_cents=pay.rate_cents,
            unit=pay.our_unit,
            work_place=in_force(employee.addresses, employee.hired_on).place,
            version=pay.version,
        )
        return (hire,)

    def _stubs(self, employee_uuid: str) -> list[dict[str, Any]]:
        """Say what an employee was paid as a pay stub would."""
        first_day = self._employee(employee_uuid).hired_on
        found = []
        for row in items(NAME, self._pages(f"{self._company}/payrolls", SETTLED)):
            uuid, check_date = row.take("payroll_uuid", str), row.take("check_date", str)
            if row.inner("pay_period").day("end_date") < first_day:
                continue
            gross = self._gross(uuid, employee_uuid)
            if gross is not None:
                stub = {"uuid": f"{uuid}:{employee_uuid}", "payroll_uuid": uuid}
                found.append({**stub, "check_date": check_date, "gross_pay": gross})
        return found

    def _gross(self, payroll_uuid: str, employee_uuid: str) -> Any:
        """What one employee was paid in a payroll; None if they were not in it."""
        path, page, last = f"{self._company}/payrolls/{segment(payroll_uuid)}", 0, 1
        while page < last:
            page += 1
            reply = self._api.read("GET", path, params={"page": page, "per": PER_PAGE})
            for row in Payload(NAME, reply.body).items("employee_compensations"):
                if row.take("employee_uuid", str) == employee_uuid:
                    return None if row.maybe("excluded", bool) else row.whatever("gross_pay")
            total = reply.headers.get("X-Total-Pages", "1")
            if not total.isdigit():
                raise Unreadable(NAME, f"GET {path}: not a page of a list")
            last = int(total)
        return None


def _receipt(request: CreateHire, uuid: str) -> Receipt:
    return Receipt(external_id=f"{request.application_key}:{uuid}")


def _has_primary(body: Any) -> bool:
    return any(job.maybe("primary", bool) for job in Payload(NAME, body).items("jobs"))
