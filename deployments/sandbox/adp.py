"""A stand-in for ADP Workforce Now.

Written from https://developers.adp.com/articles/api and the published sample payloads. One company,
"HRB"; pay every other Friday, a week after the period's end.

Actors: somebody who was there before, and the client's admin, who completes a hire three days after
it was begun (the new hire has entered what is theirs by then), and mistypes the rate of whoever's
`pay_error` is set.

Odd rule: notifications come one at a time, the oldest again and again until it is deleted.

Record: `hires` (e-mail: one person begun twice is there twice), `workers` (e-mail), `corrections`
(e-mail), `deleted` (message id), `pay_statements` (e-mail and check date).
"""

import base64
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Protocol

from deployments.sandbox import adp_certificate
from deployments.sandbox.served import Place, Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

CLIENT_ID, SECRET = "sandbox-client", "sandbox-adp"
TEMPLATE, COMPANY_CODE, REASON = "169748461979_1115", "HRB", "CORR"
LEGAL_NAME = "Harbor Works Inc."
MOST_ON_A_PAGE = 3  # ADP: 100
DENVER = ("Denver", "CO")
RATES = ("hourlyRateAmount", "dailyRateAmount", "payPeriodRateAmount")
UNITS_A_PERIOD = {"hourlyRateAmount": 80, "dailyRateAmount": 10, "payPeriodRateAmount": 1}
COMPLETED_AFTER = timedelta(days=3)
FIRST_PERIOD_END = date(2026, 1, 2)
PERIOD, PAY_DELAY, PAY_HOUR = timedelta(days=14), timedelta(days=7), time(9)
PROFILE = "/applicantOnboarding/applicant"

Json = dict[str, Any]


class People(Protocol):
    """The simulated people."""

    def by_email(self, email: str) -> Any:
        """The persona with an e-mail address, or None."""


class Adp(StandIn):
    """ADP with one client's company in it."""

    prefix = "/adp"

    def __init__(self, world: World, people: People) -> None:
        super().__init__(world)
        self.people = people
        self.secret = SECRET
        self.tokens: list[str] = []
        self.in_progress: dict[str, Json] = {}
        self.workers: dict[str, Json] = {}
        self.statements: dict[str, list[Json]] = {}
        self.messages: dict[str, Json] = {}
        self.demands: list[str] = []  # what else the client's template wants
        self.curt = False  # answers a hire with no more than "success"
        self._worker("grace@harbor.example", "Grace", "Hopper", date(2020, 3, 2), 5200, DENVER)

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The operations we stand in for."""
        onboard, messages = "/hcm/v2/applicant.onboard", "/core/v1/event-notification-messages"
        stubs = r"/payroll/v1/workers/(?P<aoid>[^/]+)/organizational-pay-statements"
        change = "/events/hr/v1/worker.work-assignment.base-remuneration.change"
        return {
            ("POST", "/auth/oauth/v2/token"): self._token,
            ("GET", f"{onboard}/meta"): self._meta,
            ("POST", onboard): self._onboard,
            ("GET", "/hr/v2/workers"): self._list,
            ("GET", r"/hr/v2/workers/(?P<aoid>[^/]+)"): self._get,
            ("POST", change): self._change_pay,
            ("GET", stubs): self._list_statements,
            ("GET", rf"{stubs}/(?P<id>[^/]+)"): self._get_statement,
            ("GET", messages): self._next_message,
            ("DELETE", rf"{messages}/(?P<id>[^/]+)"): self._delete_message,
        }

    def lie(self) -> Any:
        """An error of ADP's own, with its usual good word."""
        return {**_objection("errors.internal", "Try later."), "status": "success"}

    def handle(self, request: Request) -> Answer:
        """Check the token, then answer."""
        if request.path != "/auth/oauth/v2/token":
            shown = request.headers.get("authorization", "").removeprefix("Bearer ")
            if shown not in self.tokens:
                return _refusal(401, "invalid_token", "The token is not valid.")
        return super().handle(request)

    def expire(self) -> None:
        """Let every token that was given end."""
        self.tokens.clear()

    def clerk_sets(self, aoid: str, cents: int) -> None:
        """Let the client's clerk change a worker's rate."""
        pay = self.workers[aoid]["workAssignments"][0]["baseRemuneration"]
        field = next(name for name in RATES if name in pay)
        pay[field]["amountValue"] = cents / 100
        self._notify("worker.work-assignment.base-remuneration.change", aoid)

    def _token(self, request: Request) -> Answer:
        told = base64.b64encode(f"{CLIENT_ID}:{self.secret}".encode()).decode()
        if not self.secret or request.headers.get("authorization") != f"Basic {told}":
            return Answer(401, {"error": "invalid_client"})
        if request.query.get("grant_type") != "client_credentials":
            return Answer(400, {"error": "unsupported_grant_type"})
        self.tokens.append(f"token-{len(self.tokens) + 1}-{self.world.now.timestamp():.0f}")
        given = {"access_token": self.tokens[-1], "token_type": "Bearer", "expires_in": 3600}
        return Answer(body={**given, "scope": "api"}, changed=True)

    def _meta(self, _: Request) -> Answer:
        needed = {"readOnly": False, "optional": False, "hidden": False}
        names = ("givenName", "familyName")
        paths = [f"{PROFILE}PersonalProfile/birthName/{name}" for name in names]
        paths += [f"{PROFILE}WorkerProfile/hireDate", f"{PROFILE}PayrollProfile/payrollGroupCode"]
        codes = {"listItems": [{"itemID": TEMPLATE, "code": TEMPLATE, "name": "Applicant1"}]}
        template = {"/applicantOnboarding/onboardingTemplateCode": {"codeList": codes, **needed}}
        return Answer(body={"meta": {path: needed for path in paths + self.demands} | template})

    def _onboard(self, request: Request) -> Answer:
        hire = request.json["applicantOnboarding"]
        person, work = hire["applicantPersonalProfile"], hire["applicantWorkerProfile"]
        name = person["birthName"]
        if hire["onboardingTemplateCode"]["code"] != TEMPLATE:
            return _refusal(400, "errors.invalid", "Onboarding Template Code is invalid.")
        if not name.get("givenName"):
            return _refusal(400, "Required", "First Name is required.")
        if not work.get("hireDate"):
            return _refusal(400, "Required", "Hire Date is required.")
        if hire["applicantPayrollProfile"].get("payrollGroupCode") != COMPANY_CODE:
            return _refusal(400, "errors.invalid", "Company Code is invalid.")
        if hire["onboardingStatus"]["statusCode"]["code"] != "inprogress":
            return _refusal(400, "Required", "Tax ID is required.")
        email = person["communication"]["emails"][0]["emailUri"]
        self.note("hires", email)
        aoid = self._aoid(email)
        self.in_progress[aoid] = hire
        self.world.plan(self.world.now + COMPLETED_AFTER, f"adp {aoid}", partial(self._end, aoid))
        if self.curt:
            return Answer(body={"status": "success"}, changed=True)
        messages = [
            {"resourceID": f"92000{len(self.received['hires'])}_1", "messageCode": "applicantID"},
            {"resourceID": aoid, "messageCode": "AssociateOID"},
        ]
        return Answer(
            body={"_confirmMessage": {"requestStatus": "success", "messages": messages}},
            changed=True,
        )

    def _aoid(self, email: str) -> str:
        times = self.received.get("hires", []).count(email)
        return f"G3{self.world.digest('adp', email, times)[:14].upper()}"

    def _end(self, aoid: str) -> None:
        """Let the client's admin complete a hire in progress."""
        hire = self.in_progress.pop(aoid)
        person, pay = hire["applicantPersonalProfile"], hire["applicantPayrollProfile"]
        email, work = (
            person["communication"]["emails"][0]["emailUri"],
            hire["applicantWorkerProfile"],
        )
        ((field, amount),) = pay["baseRemuneration"].items()
        cents = int(amount["amount"].replace(".", ""))
        known = self.people.by_email(email)
        if known and known.behaviour.pay_error:
            cents = cents * 95 // 100
        (address,) = work["homeWorkLocation"]["addresses"]
        place = address["cityName"], address["subdivisionCode"]["code"]
        name, start = person["birthName"], date.fromisoformat(work["hireDate"])
        named = name["givenName"], name["familyName"]
        self._worker(email, *named, start, cents, place, field=field, aoid=aoid)
        self.note("workers", email)
        self._notify("worker.hire", aoid)
        self._plan_pay(aoid, start)

    def _worker(
        self,
        email: str,
        given: str,
        family: str,
        start: date,
        cents: int,
        place: tuple[str, str],
        field: str = "hourlyRateAmount",
        aoid: str = "",
    ) -> None:
        aoid = aoid or self._aoid(email)
        city, state = place
        day = start.isoformat()
        pay = {"nameCode": {"codeValue": "Rate"}, "amountValue": cents / 100, "currencyCode": "USD"}
        address = {"cityName": city, "countrySubdivisionLevel1": {"codeValue": state}}
        self.workers[aoid] = {
            "associateOID": aoid,
            "workerID": {"idValue": f"W{len(self.workers)}"},
            "person": {
                "birthDate": "1990-01-01",
                "governmentIDs": [{"idValue": "XXX-XX-XXXX", "nameCode": {"codeValue": "SSN"}}],
                "legalName": {"givenName": given, "familyName1": family},
                "communication": {"emails": [{"emailUri": email}]},
            },
            "workerDates": {"originalHireDate": day},
            "workerStatus": {"statusCode": {"codeValue": "Active"}},
            "workAssignments": [
                {
                    "itemID": f"{len(self.workers)}N",
                    "primaryIndicator": True,
                    "hireDate": day,
                    "jobTitle": "Electrician",
                    "payrollGroupCode": COMPANY_CODE,
                    "baseRemuneration": {field: pay, "effectiveDate": day},
                    "homeWorkLocation": {"address": address},
                }
            ],
        }

    def _list(self, request: Request) -> Answer:
        skip, top = int(request.query.get("$skip", "0")), int(request.query.get("$top", "50"))
        rows = list(self.workers.values())[skip : skip + min(top, MOST_ON_A_PAGE)]
        return Answer(body={"workers": rows, "meta": None}) if rows else Answer(204)

    def _get(self, _: Request, aoid: str) -> Answer:
        if aoid not in self.workers:
            return _refusal(404, "errors.notfound", "There is no such worker.")
        return Answer(body={"workers": [self.workers[aoid]], "confirmMessage": None})

    def _change_pay(self, request: Request) -> Answer:
        data = request.json["events"][0]["data"]
        worker, transform = data["eventContext"]["worker"], data["transform"]
        aoid = worker["associateOID"]
        assignment = self.workers.get(aoid, {"workAssignments": [{}]})["workAssignments"][0]
        if assignment.get("itemID") != worker["workAssignment"]["itemID"]:
            return _refusal(400, "errors.invalid", "workAssignment/itemID is invalid.")
        if transform["eventReasonCode"]["codeValue"] != REASON:
            return _refusal(400, "errors.invalid", "eventReasonCode is invalid.")
        ((field, pay),) = transform["worker"]["workAssignment"]["baseRemuneration"].items()
        assignment["baseRemuneration"] = {field: pay, "effectiveDate": assignment["hireDate"]}
        self.note("corrections", _email(self.workers[aoid]))
        self._notify("worker.work-assignment.base-remuneration.change", aoid)
        status = {"codeValue": "complete", "shortName": "complete"}
        output = {"worker": {"associateOID": aoid}}
        done = {"eventStatusCode": status, "data": {"output": output}}
        return Answer(body={"events": [done]}, changed=True)

    def _plan_pay(self, aoid: str, start: date) -> None:
        end = FIRST_PERIOD_END
        while end < start:
            end += PERIOD
        at = datetime.combine(end + PAY_DELAY, PAY_HOUR, self.world.now.tzinfo)
        self.world.plan(at, f"adp pay {aoid} {end}", partial(self._pay, aoid, start, end))

    def _pay(self, aoid: str, start: date, end: date) -> None:
        """Pay for the working days since the first one, and plan the next pay day."""
        worker, begin = self.workers[aoid], end - PERIOD + timedelta(days=1)
        days = [begin + timedelta(days=n) for n in range(PERIOD.days)]
        worked = sum(day >= start and day.weekday() < 5 for day in days)
        pay = worker["workAssignments"][0]["baseRemuneration"]
        field = next(name for name in RATES if name in pay)
        full = Decimal(str(pay[field]["amountValue"])) * UNITS_A_PERIOD[field]
        gross, check_on = float(round(full * worked / 10, 2)), (end + PAY_DELAY).isoformat()
        id = self.world.digest("adp statement", aoid, check_on)[:16]
        self.statements.setdefault(aoid, []).append(
            {
                "payDate": check_on,
                "grossPayAmount": {"amountValue": gross, "currencyCode": "USD"},
                "netPayAmount": {"amountValue": round(gross * 0.8, 2), "currencyCode": "USD"},
                "payDetailUri": {"href": f"/v1_0/O/A/payStatement/{id}"},
                "period": {"startDate": begin.isoformat(), "endDate": end.isoformat()},
            }
        )
        self.note("pay_statements", f"{_email(worker)} {check_on}")
        self._plan_pay(aoid, end + timedelta(days=1))

    def _list_statements(self, request: Request, aoid: str) -> Answer:
        if request.headers.get("rolecode") != "practitioner":
            return _refusal(403, "errors.role", "The role is missing.")
        found = list(reversed(self.statements.get(aoid, [])))[:5]
        rows = [{name: row[name] for name in row if name != "period"} for row in found]
        return Answer(body={"payStatements": rows}) if rows else Answer(204)

    def _get_statement(self, _: Request, aoid: str, id: str) -> Answer:
        for row in self.statements.get(aoid, []):
            if row["payDetailUri"]["href"].endswith(id):
                details = {"payDate": row["payDate"], "payPeriod": row["period"]}
                return Answer(body={"payStatement": {**details, "payments": []}})
        return _refusal(404, "errors.notfound", "There is no such statement.")

    def _notify(self, kind: str, aoid: str) -> None:
        at = self.world.now.isoformat()
        id = f"0x_{self.world.digest('adp message', kind, aoid, at, len(self.messages))[:24]}"
        data = {"output": {"worker": self.workers[aoid]}}
        self.messages[id] = {"events": [{"eventNameCode": {"codeValue": kind}, "data": data}]}

    def _next_message(self, _: Request) -> Answer:
        for id, message in self.messages.items():
            return Answer(body=message, headers={"adp-msg-msgid": id})
        return Answer(204)

    def _delete_message(self, _: Request, id: str) -> Answer:
        if id not in self.messages:
            return _refusal(404, "errors.notfound", "There is no such message.")
        del self.messages[id]
        self.note("deleted", id)
        return Answer(changed=True)


def _email(worker: Json) -> str:
    return str(worker["person"]["communication"]["emails"][0]["emailUri"])


def _refusal(status: int, code: str, text: str) -> Answer:
    return Answer(status, _objection(code, text))


def _objection(code: str, text: str) -> Json:
    """What ADP does not like, in its envelope; that says "success" of the exchange."""
    message = {
        "processMessageID": {"idValue": code, "schemeName": "processMessageID"},
        "messageTypeCode": {"codeValue": "error"},
        "userMessage": {"messageTxt": text},
    }
    resource = {"resourceMessageID": {"idValue": "hcm"}, "processMessages": [message]}
    told = {"requestStatusCode": {"codeValue": "failed"}, "resourceMessages": [resource]}
    return {"confirmMessage": told, "status": "success", "statusSuccess": True}


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    certificate, private_key = adp_certificate.pems()
    return at.account(
        "sandbox-adp",
        "adp",
        {"certificate": certificate, "private_key": private_key},
        client_id=CLIENT_ID,
        auth_url=f"{at.vendors}/adp",
        template=TEMPLATE,
        company_code=COMPANY_CODE,
        legal_entity=LEGAL_NAME,
        pay_periods="26",
        change_reason=REASON,
    )


SERVED = Served("adp", account, lambda scene: Adp(scene.world, scene.people))
