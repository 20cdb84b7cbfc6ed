"""A stand-in for a company's own Gusto, as an App Integration sees it.

Written from https://docs.gusto.com/app-integrations/reference, API version 2025-06-15. It has no
people batches, no jobs that can be written, no pay stubs; what was paid is in the payrolls.

Actors: the new employee, as at Embedded Payroll; the company's admin, who gives somebody their job
when a test says so.

Record: as at Embedded Payroll; the external id of an employee is their own uuid.
"""

from typing import Any

from deployments.sandbox.gusto import COMPANY, Gusto
from deployments.sandbox.server import Answer, Request, Route
from deployments.sandbox.world import World

SCOPES = """companies:read employees:read employees:manage jobs:read compensations:read
    compensations:write payrolls:read"""
HIDDEN = ("people_batches", "pay_stubs", "/v1/jobs/")
PER_PAGE = 3

Json = dict[str, Any]


class GustoApp(Gusto):
    """Gusto with one company in it that has connected our application."""

    def __init__(self, world: World, people: Any) -> None:
        super().__init__(world, people)
        self.scopes, self.company = SCOPES.split(), COMPANY

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """What an application may do."""
        company = rf"/v1/companies/{COMPANY}"
        allowed = {
            (method, path): route
            for (method, path), route in super().routes.items()
            if not any(name in path for name in HIDDEN)
        }
        return allowed | {
            ("GET", "/v1/token_info"): self._token_info,
            ("GET", rf"{company}/payrolls"): self._list_payrolls,
        }

    def admin_gives_job(self, email: str, hire_date: str, rate: str, place: int = 4) -> None:
        """Let the admin give somebody a job, its pay and a work address (by default in Denver)."""
        (employee,) = [e for e in self.employees.values() if e["email"] == email]
        pay = {"rate": rate, "payment_unit": "Hour", "flsa_status": "Nonexempt"}
        job = {"title": "Electrician", "hire_date": hire_date}
        address = {"location_uuid": self.locations[place]["uuid"]}
        self._set_up(employee, {"job": job, "compensation": pay, "work_address": address})
        self._tell("employee.updated", employee["uuid"])

    def _token_info(self, _: Request) -> Answer:
        resource = {"type": "Company", "uuid": self.company}
        return Answer(body={"scope": " ".join(self.scopes), "resource": resource})

    def _list_payrolls(self, request: Request) -> Answer:
        assert request.query["processing_statuses"] == "processed"
        rows = list(self.payrolls.values())
        page = int(request.query.get("page", "1"))
        return _paged(rows, page, rows[(page - 1) * PER_PAGE : page * PER_PAGE])

    def _get_payroll(self, request: Request, uuid: str) -> Answer:
        if uuid not in self.payrolls:
            return Answer(404)
        paid = [
            {"employee_uuid": employee, "gross_pay": float(stub["gross_pay"]), "excluded": False}
            for employee, stubs in self.pay_stubs.items()
            for stub in stubs
            if stub["payroll_uuid"] == uuid
        ]
        page = int(request.query.get("page", "1"))
        shown = paid[(page - 1) * PER_PAGE : page * PER_PAGE]
        return _paged(paid, page, {**self.payrolls[uuid], "employee_compensations": shown})


def _paged(rows: list[Json], page: int, body: Any) -> Answer:
    total = max(1, -(-len(rows) // PER_PAGE))
    return Answer(body=body, headers={"X-Page": str(page), "X-Total-Pages": str(total)})
