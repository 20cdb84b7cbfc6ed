"""Indeed's GraphQL API: jobs told one by one, and what became of who applied.

Written from https://docs.indeed.com/job-sync-api/ and https://docs.indeed.com/disposition-sync-api/
(operations, inputs, error codes, statuses). It does not read GraphQL: of a query it checks the
braces, which of the known operations it asks for and its variables, whose fields must all be known.

Own conventions where the documents are silent: a job is indexed five minutes after it was told, and
until then nobody knows its status; a job that is expired twice is expired; the same disposition
twice is good twice, and counted once. 200 calls a minute.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

from deployments.sandbox.server import Answer, Request, Route
from deployments.sandbox.world import World

TOKEN_LIFE, INDEXING = timedelta(hours=1), timedelta(minutes=5)
CALLS_PER_MINUTE = 200
MOST_DISPOSITIONS = 25
DISPOSITIONS = frozenset(
    [
        "NEW",
        "REVIEW",
        "LIKED",
        "CONTACTED",
        "INTERVIEW",
        "BACKGROUND_CHECK",
        "WITHDRAWN",
        "HIRED",
        "INCOMPLETE",
        "UNABLE_TO_MAP",
        "SCREEN",
        "VERIFY_ELIGIBILITY",
        "NOT_SELECTED",
        "OFFER_DECLINED",
        "ASSESS_QUALIFICATIONS",
        "OFFER_MADE",
        "ONBOARDED",
        "POSITIVELY_SCREENED",
        "JOB_INACTIVE",
        "JOB_CLOSED",
    ]
)
PERIODS = frozenset(["DAY", "HOUR", "MILE", "MONTH", "WEEK", "YEAR", "TASK", "SHIFT"])
REQUIREMENTS = frozenset({"YES", "OPTIONAL", "NO"})
TEXT, NUMBER = "text", "number"
# An input's fields: what each is (a set: one of these words), with `!` if it must be there.
JOB: dict[str, Any] = {
    "body!": {
        "title!": TEXT,
        "description!": TEXT,
        "descriptionFormatting": frozenset({"TEXT", "RICH_FORMATTING"}),
        "location!": {"country!": TEXT, "cityRegionPostal!": TEXT},
        "benefits!": [TEXT],
        "salary": {
            "currency!": TEXT,
            "minimumMinor!": NUMBER,
            "maximumMinor": NUMBER,
            "period!": PERIODS,
        },
    },
    "metadata!": {
        "jobSource!": {
            "companyName!": TEXT,
            "sourceName!": TEXT,
            "sourceType!": frozenset({"Employer", "Job Board", "Staffing Agency"}),
        },
        "jobPostingId!": TEXT,
        "jobRequisitionId": TEXT,
        "jobTypes": [TEXT],
        "datePublished!": TEXT,
        "expirationDate": TEXT,
        "url!": TEXT,
    },
    "applyMethod": {
        "indeedApply": {
            "apiToken": TEXT,
            "postUrl!": TEXT,
            "phoneRequired": REQUIREMENTS,
            "coverLetterRequired": REQUIREMENTS,
            "resumeRequired": REQUIREMENTS,
            "applyQuestions": TEXT,
        }
    },
}
DISPOSITION: dict[str, Any] = {
    "dispositionStatus!": DISPOSITIONS,
    "rawDispositionStatus!": TEXT,
    "rawDispositionDetails": TEXT,
    "identifiedBy!": {"indeedApplyID": TEXT, "ittk": TEXT, "universalApplyId": TEXT},
    "atsName!": TEXT,
    "applicationSourceName": TEXT,
    "statusChangeDateTime!": TEXT,
}
INPUTS: dict[str, Any] = {
    "createSourcedJobPostings": {"input!": {"jobPostings!": [JOB]}},
    "expireSourcedJobsBySourcedPostingId": {"input!": {"jobs!": [{"sourcedPostingId!": TEXT}]}},
    "send": {"input!": {"dispositions!": [DISPOSITION]}},
    "nodes": {"ids!": [TEXT]},
}

Job = dict[str, str]


class Objection(Exception):
    """What is wrong with a request, as Indeed says it."""

    def __init__(self, code: str, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        told = {"type": "ExtendedValidationError", "validatedPath": list(path)}
        extensions = {"code": code, **({"classification": told} if path else {})}
        self.error = {"message": message, "extensions": extensions}


class Api:
    """The jobs that were told, and the dispositions; `open`, `close` and `note` are the board's.

    `knows`: whether an application with this id was ever made.
    """

    def __init__(
        self,
        world: World,
        client: tuple[str, str],
        open: Callable[[str, Job], None],
        close: Callable[[str, str], None],
        note: Callable[[str, str], None],
        knows: Callable[[str], bool],
    ) -> None:
        self._world, self._client = world, client
        self._open, self._close, self._note, self._knows = open, close, note, knows
        self._tokens: dict[str, datetime] = {}
        self._given = 0
        self._calls: dict[str, int] = {}
        self.admits = True  # whether the app has the rights it needs
        self.expires = True  # whether jobs may be expired
        self.jobs: dict[str, dict[str, Any]] = {}
        self._told: set[tuple[str, str, str]] = set()

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The token endpoint and the one of all operations."""
        return {("POST", "/oauth/v2/tokens"): self._token, ("POST", "/graphql"): self._graphql}

    def expire(self) -> None:
        """Let every token have ended."""
        self._tokens.clear()

    def spend(self, calls: int) -> int:
        """Count calls; how many there were in this minute."""
        minute = self._world.now.strftime("%Y-%m-%d %H:%M")
        self._calls = {minute: self._calls.get(minute, 0) + calls}
        return self._calls[minute]

    def _token(self, request: Request) -> Answer:
        asked = {name: value[0] for name, value in parse_qs(request.raw.decode()).items()}
        if asked.get("grant_type") != "client_credentials":
            return Answer(400, {"error": "unsupported_grant_type"})
        if (asked.get("client_id"), asked.get("client_secret")) != self._client:
            return Answer(401, {"error": "invalid_client"})
        self._given += 1
        token = self._world.digest("indeed token", self._given)
        self._tokens[token] = self._world.now + TOKEN_LIFE
        life = int(TOKEN_LIFE.total_seconds())
        body = {"access_token": token, "token_type": "Bearer", "expires_in": life}
        return Answer(200, {**body, "scope": asked.get("scope", "")}, changed=True)

    def _graphql(self, request: Request) -> Answer:
        if self.spend(1) > CALLS_PER_MINUTE:
            return Answer(429, {"message": "Too Many Requests"}, {"Retry-After": "60"})
        try:
            self._admit(request)
            operation, variables = _operation(request.json)
            _check(variables, INPUTS[operation], ())
            data = getattr(self, f"_{operation}")(variables)
        except Objection as objection:
            return Answer(200, {"data": None, "errors": [objection.error]})
        return Answer(200, {"data": data}, changed=operation != "nodes")

    def _admit(self, request: Request) -> None:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        ends = self._tokens.get(token)
        if not self.admits or ends is None or ends <= self._world.now:
            raise Objection("FORBIDDEN", "Client is not authorized.")

    def _createSourcedJobPostings(self, variables: Mapping[str, Any]) -> Any:
        postings = variables["input"]["jobPostings"]
        for nth, posting in enumerate(postings):
            _judge(posting, ("input", "jobPostings", str(nth)))
        results = [{"jobPosting": self._upsert(posting)} for posting in postings]
        return {"jobsIngest": {"createSourcedJobPostings": {"results": results}}}

    def _upsert(self, posting: Mapping[str, Any]) -> dict[str, str]:
        metadata = posting["metadata"]
        source, reference = metadata["jobSource"]["sourceName"], metadata["jobPostingId"]
        id = self._world.uuid("indeed job", source, reference)
        before = self.jobs.get(id)
        self.jobs[id] = {"posting": posting, "open": True, "since": self._world.now}
        if before is None or not before["open"]:
            self._open(source, _as_in_a_feed(posting))
        elif before["posting"] != posting:
            self.jobs[id]["since"] = before["since"]
            self._note("changed_jobs", reference)
        return {"sourcedPostingId": id, "employerJobId": f"iri://apis.indeed.com/EmployerJob/{id}"}

    def _expireSourcedJobsBySourcedPostingId(self, variables: Mapping[str, Any]) -> Any:
        ids = [job["sourcedPostingId"] for job in variables["input"]["jobs"]]
        if not self.expires:
            raise Objection("BAD_REQUEST", "Not now.")
        if not ids or any(id not in self.jobs for id in ids):
            raise Objection("NOT_FOUND", "No such job posting.")
        for id in ids:
            job = self.jobs[id]
            metadata = job["posting"]["metadata"]
            if job["open"]:
                self._close(metadata["jobSource"]["sourceName"], metadata["jobPostingId"])
            job["open"] = False
        results = [{"trackingKey": self._world.uuid("indeed expiry", id)} for id in ids]
        return {"jobsIngest": {"expireSourcedJobsBySourcedPostingId": {"results": results}}}

    def _nodes(self, variables: Mapping[str, Any]) -> Any:
        return {"nodes": [self._node(id.rpartition("/")[2]) for id in variables["ids"]]}

    def _node(self, id: str) -> Any:
        job = self.jobs.get(id)
        if job is None or self._world.now < job["since"] + INDEXING:
            return None
        state = {True: "ACTIVE", False: "EXPIRED"}.get(job["open"], job["open"])
        status = {"globalStatus": {"lifecycleStatus": state}}
        return {"seatsConnection": {"seats": [{"jobPost": {"status": status}}]}}

    def _send(self, variables: Mapping[str, Any]) -> Any:
        told = variables["input"]["dispositions"]
        if not 0 < len(told) <= MOST_DISPOSITIONS:
            raise Objection("BAD_USER_INPUT", f"1 to {MOST_DISPOSITIONS} dispositions.")
        failed = []
        for nth, disposition in enumerate(told):
            path = ("input", "dispositions", str(nth))
            by = disposition["identifiedBy"]
            if len(by) != 1:
                raise Objection("BAD_USER_INPUT", "Specify one.", (*path, "identifiedBy"))
            (id,) = by.values()
            at = disposition["statusChangeDateTime"]
            if not _is_time(at):
                raise Objection("BAD_USER_INPUT", "Unable to parse statusChangeDateTime", path)
            if not self._knows(id):
                failed.append({"identifiedBy": by, "rationale": f"Unknown application {id}"})
                continue
            once = (id, disposition["dispositionStatus"], at)
            if once not in self._told:
                self._told.add(once)
                self._note("dispositions", f"{id} {disposition['dispositionStatus']}")
        good = len(told) - len(failed)
        sent = {"numberGoodDispositions": good, "failedDispositions": failed}
        return {"partnerDisposition": {"send": sent}}


def _operation(asked: Any) -> tuple[str, Mapping[str, Any]]:
    """Which operation a query asks for; the fields it wants are given whichever they are."""
    query = asked.get("query") if isinstance(asked, dict) else None
    if not isinstance(query, str) or not query or query.count("{") != query.count("}"):
        raise Objection("GRAPHQL_PARSE_FAILED", "Syntax Error")
    found = [name for name in INPUTS if re.search(rf"\b{name}\s*\(", query)]
    named = re.findall(r"\$(\w+)\s*:", query)
    variables = asked.get("variables") or {}
    if len(found) != 1 or set(named) != set(variables):
        raise Objection("GRAPHQL_VALIDATION_FAILED", "Unknown operation or variables.")
    return found[0], variables


def _check(told: Any, wanted: Any, path: tuple[str, ...]) -> None:
    """Hold a value against what an input takes."""
    if isinstance(wanted, dict):
        _check_fields(told, wanted, path)
    elif isinstance(wanted, list):
        if not isinstance(told, list):
            raise Objection("BAD_USER_INPUT", "Not a list.", path)
        for nth, each in enumerate(told):
            _check(each, wanted[0], (*path, str(nth)))
    elif not _is(told, wanted):
        raise Objection("BAD_USER_INPUT", "Not a value of this type.", path)


def _check_fields(told: Any, wanted: Mapping[str, Any], path: tuple[str, ...]) -> None:
    inner = {name.rstrip("!"): kind for name, kind in wanted.items()}
    if not isinstance(told, dict) or told.keys() - inner.keys():
        raise Objection("BAD_USER_INPUT", "Not an input of this type.", path)
    for name, kind in inner.items():
        if told.get(name) is not None:
            _check(told[name], kind, (*path, name))
        elif f"{name}!" in wanted:
            raise Objection("BAD_USER_INPUT", "A required field.", (*path, name))


def _is(told: Any, wanted: str | frozenset[str]) -> bool:
    if wanted == NUMBER:
        return isinstance(told, int)
    return isinstance(told, str) and (wanted == TEXT or told in wanted)


def _judge(posting: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """What a job must be, beyond the types of its fields."""
    salary = posting["body"].get("salary")
    if salary and not 0 < salary["minimumMinor"] <= salary.get("maximumMinor", 10**12):
        raise Objection("BAD_USER_INPUT", "Salary", (*path, "body", "salary", "minimumMinor"))
    if len(posting["body"]["description"].encode()) > 65_000:
        raise Objection("BAD_USER_INPUT", "Too long", (*path, "body", "description"))
    if not posting["body"]["title"].strip():
        raise Objection("BAD_USER_INPUT", "Empty", (*path, "body", "title"))
    if not _is_time(posting["metadata"]["datePublished"]):
        raise Objection("BAD_USER_INPUT", "Date", (*path, "metadata", "datePublished"))


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _as_in_a_feed(posting: Mapping[str, Any]) -> Job:
    """The job as the rest of the board knows jobs."""
    body, metadata = posting["body"], posting["metadata"]
    apply = (posting.get("applyMethod") or {}).get("indeedApply") or {}
    values = {
        "apiToken": apply.get("apiToken", ""),
        "jobId": metadata["jobPostingId"],
        "jobTitle": body["title"],
        "jobCompanyName": metadata["jobSource"]["companyName"],
        "jobLocation": body["location"]["cityRegionPostal"],
        "jobUrl": metadata["url"],
        "postUrl": apply.get("postUrl", ""),
        "questions": apply.get("applyQuestions", ""),
    }
    return {
        "referencenumber": metadata["jobPostingId"],
        "requisitionid": metadata.get("jobRequisitionId", ""),
        "title": body["title"],
        "indeed-apply-data": urlencode({f"indeed-apply-{k}": v for k, v in values.items() if v}),
    }
