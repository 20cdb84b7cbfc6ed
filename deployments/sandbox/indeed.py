"""Indeed as partners know it: crawls a feed, shows its jobs, delivers what seekers apply for.

What is told by its API, see `indeed_api`, is shown and applied for alike.

Documents: https://docs.indeed.com/indeed-apply/ (delivery, signature, reply contract) and the XML
feed's field list.

`POST /crawl` with the feed as body stands for one visit of the crawler: a complete file opens what
is new and closes what is gone of the same `publisherurl`; a file with a fault is refused whole, and
nothing changes.
Seekers apply some days after a job first went live. A delivery that is not answered is repeated
ten minutes later and then hourly for three days; about three in a hundred are sent twice.

Its record: `jobs` and `closed_jobs` (reference numbers, each time one is opened or closed),
`applications` (made by a seeker), `delivered` (accepted by the partner, once per delivery),
`duplicates` (answered 409), `refused` (answered 4xx, dropped) and `given_up`; `changed_jobs`,
`dispositions` (each state of an application once) and `spoilt_questions` (of a job, a file with a
fault).
"""

import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from lxml import etree

from deployments.sandbox import indeed_questions, outgoing
from deployments.sandbox.indeed_api import Api, Job
from deployments.sandbox.outgoing import Post, post
from deployments.sandbox.people import Apply, People, Persona
from deployments.sandbox.postman import CLIENT
from deployments.sandbox.served import Place, Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

REQUIRED = "title date referencenumber requisitionid url company city state country description"
APPLY = "apiToken jobId jobTitle jobCompanyName jobLocation jobUrl postUrl"
PAY = re.compile(r"\D*\d[\d,.]*( - \D*\d[\d,.]*)? per (hour|day|week|month|year)")
FORBIDDEN = re.compile(r"<\s*(h1|script)\b", re.IGNORECASE)
TWICE = 0.03
CLIENT_ID, CLIENT_SECRET = "sandbox-indeed-app", "sandbox-indeed-client"
FIRST_WAIT, WAIT, ATTEMPTS = timedelta(minutes=10), timedelta(hours=1), 73


class Indeed(StandIn):
    """One partner's account. While `quiet()`, nothing is sent and deliveries count as accepted."""

    prefix = "/indeed"
    spared = True

    def __init__(
        self,
        world: World,
        people: People,
        key: str = "sandbox-indeed",
        post: Post = post,
        get: Callable[[str], bytes | None] = outgoing.get,
    ) -> None:
        super().__init__(world)
        self.people, self.key, self.post = people, key, post
        self.get = cache(get)  # a file of questions never changes
        self.quiet: Callable[[], bool] = lambda: world.replaying
        self.jobs: dict[str, dict[str, str]] = {}
        self.open: dict[str, set[str]] = {}
        self.api = Api(
            world,
            (CLIENT_ID, CLIENT_SECRET),
            self._open,
            self._close,
            self.note,
            lambda id: id in self.received.get("applications", ()),
        )

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """One visit of the crawler, what seekers see, and the API."""
        own: dict[tuple[str, str], Route] = {
            ("POST", r"/crawl"): self._crawl,
            ("GET", r"/jobs"): self._shown,
        }
        return {**own, **self.api.routes}

    def visits(self, public: Path) -> Iterator[Request]:
        """The crawler reads the feed, if there is one."""
        feed = public / "indeed" / f"{CLIENT}.xml"
        if feed.exists():
            yield Request("POST", "/crawl", {}, {}, feed.read_bytes())

    def lie(self) -> Any:
        """An error in the API's way, which is sent although all is done."""
        error = {
            "message": "Internal server error",
            "extensions": {"code": "INTERNAL_SERVER_ERROR"},
        }
        return {"data": None, "errors": [error]}

    def too_many(self, seconds: int = 1) -> Answer:
        """Over the API's budget."""
        return Answer(429, {"message": "Too Many Requests"}, {"Retry-After": str(seconds)})

    def expire(self) -> None:
        """Let the API's tokens have ended."""
        self.api.expire()

    def _open(self, source: str, job: Job) -> None:
        """A job that was told by the API goes live."""
        reference = job["referencenumber"]
        is_new = reference not in self.jobs
        self.jobs[reference] = job
        self.open.setdefault(f"api {source}", set()).add(reference)
        self.note("jobs", reference)
        if is_new:
            self._invite([reference])

    def _close(self, source: str, reference: str) -> None:
        self.open[f"api {source}"].discard(reference)
        self.note("closed_jobs", reference)

    def _shown(self, _: Request) -> Answer:
        shown = sorted(set().union(*self.open.values()))
        return Answer(body={"jobs": [self.jobs[reference] for reference in shown]})

    def _crawl(self, request: Request) -> Answer:
        try:
            source, jobs = _read(request.raw)
        except etree.XMLSyntaxError as failure:
            return Answer(400, {"errors": [f"not well-formed: {failure.msg}"]})
        if errors := _errors(jobs) if source else ["not a feed with a publisherurl"]:
            return Answer(400, {"errors": errors})
        live = {job["referencenumber"]: job for job in jobs}
        closed = sorted(self.open.get(source, set()) - live.keys())
        opened = sorted(live.keys() - self.open.get(source, set()))
        new = sorted(live.keys() - self.jobs.keys())
        self.jobs.update(live)
        self.open[source] = set(live)
        for reference in closed:
            self.note("closed_jobs", reference)
        for reference in opened:
            self.note("jobs", reference)
        self._invite(new)
        body = {"open": len(live), "new": new, "closed": closed}
        return Answer(body=body, changed=True)

    def _invite(self, new: list[str]) -> None:
        """Let everyone who looks for one of these requisitions choose one of its places."""
        places: dict[str, list[str]] = {}
        for reference in new:
            places.setdefault(self.jobs[reference]["requisitionid"], []).append(reference)
        for seeker in self.people.all():
            for nth, apply in enumerate(seeker.applications):
                if apply.via == "indeed" and apply.requisition in places:
                    self._plan(seeker, nth, apply, places[apply.requisition])

    def _plan(self, seeker: Persona, nth: int, apply: Apply, places: list[str]) -> None:
        id = self.world.digest("indeed", "application", seeker.id, apply.requisition, nth)
        dice = self.world.dice("indeed", id)
        reference, minute = dice.choice(places), dice.randrange(60)
        day = (self.world.now + timedelta(days=apply.day)).astimezone(UTC)
        at = day.replace(hour=apply.hour, minute=minute, second=0, microsecond=0)
        self.world.plan(at, f"indeed {id}", lambda: self._apply(id, reference, seeker, apply))

    def _apply(self, id: str, reference: str, seeker: Persona, apply: Apply) -> None:
        """Press the button, also on a page that was opened before the job closed."""
        self.note("applications", id)
        job = self.jobs[reference]
        body = _body(id, job, seeker, self._answers(job, apply), apply, self.world.now)
        url = _apply_data(job)["postUrl"]
        self._deliver(id, url, body)
        if self.world.dice("indeed", "twice", id).random() < TWICE:
            again = self.world.now + timedelta(minutes=1)
            name = f"indeed {id} again"
            self.world.plan(again, name, lambda: self._deliver(id, url, body, "again"))

    def _answers(self, job: Mapping[str, str], apply: Apply) -> list[dict[str, Any]]:
        """What the seeker says to the job's questions."""
        url = _apply_data(job).get("questions", "")
        try:
            asked = None if self.quiet() else indeed_questions.asked(url, self.get)
        except ValueError:
            self.note("spoilt_questions", job["referencenumber"])
            asked = {}
        return indeed_questions.answered(asked, apply.answers)

    def _deliver(self, id: str, url: str, body: bytes, copy: str = "", attempt: int = 1) -> None:
        """Send once and follow the reply contract."""
        status = 200 if self.quiet() else self.post(url, body, self._headers(body))
        outcome = _outcome(status)
        if outcome:
            self.note(outcome, id)
        elif attempt >= ATTEMPTS:
            self.note("given_up", id)
        else:
            later = self.world.now + (FIRST_WAIT if attempt == 1 else WAIT)
            name = f"indeed {id} {copy} attempt {attempt + 1}"
            self.world.plan(later, name, lambda: self._deliver(id, url, body, copy, attempt + 1))

    def _headers(self, body: bytes) -> dict[str, str]:
        signature = hmac.new(self.key.encode(), body, hashlib.sha1).digest()
        return {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "IndeedApply/sandbox (+http://www.indeed.com/hire/indeed-apply)",
            "X-Indeed-Signature": base64.b64encode(signature).decode(),
        }


def _outcome(status: int) -> str | None:
    """What a reply means, in the words of the record; None: try again."""
    if 200 <= status < 300:
        return "delivered"
    if status == 409:
        return "duplicates"
    return "refused" if 400 <= status < 500 else None


def _read(raw: bytes) -> tuple[str, list[dict[str, str]]]:
    """Read whose feed it is, by its publisherurl, and its jobs."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    feed = etree.fromstring(raw, parser)
    jobs = [{str(e.tag): (e.text or "").strip() for e in job} for job in feed.findall("job")]
    return (feed.findtext("publisherurl") or "" if feed.tag == "source" else ""), jobs


def _errors(jobs: list[dict[str, str]]) -> list[str]:
    times = Counter(job.get("referencenumber", "") for job in jobs)
    twice = [
        f"{reference}: reference number is not unique" for reference, n in times.items() if n > 1
    ]
    return twice + [error for job in jobs for error in _errors_of(job)]


def _errors_of(job: Mapping[str, str]) -> list[str]:
    apply = _apply_data(job)
    errors = [f"{name} is missing" for name in REQUIRED.split() if not job.get(name)]
    errors += [f"indeed-apply-{name} is missing" for name in APPLY.split() if not apply.get(name)]
    if FORBIDDEN.search(job.get("description", "")):
        errors.append("description has an h1 or a script")
    if "salary" in job and not PAY.fullmatch(job["salary"]):
        errors.append("salary is not complete")
    if not _is_time(job.get("date", "")):
        errors.append("date is not ISO 8601")
    return [f"{job.get('referencenumber', '?')}: {error}" for error in errors]


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _apply_data(job: Mapping[str, str]) -> dict[str, str]:
    values = parse_qs(job.get("indeed-apply-data", ""))
    return {name.removeprefix("indeed-apply-"): value[0] for name, value in values.items()}


def _body(
    id: str,
    job: Mapping[str, str],
    seeker: Persona,
    answers: list[dict[str, Any]],
    apply: Apply,
    at: datetime,
) -> bytes:
    told = _apply_data(job)
    first, _, last = seeker.name.rpartition(" ")
    applicant = {
        "fullName": seeker.name,
        "firstName": first,
        "lastName": last,
        "email": apply.email,
        "phoneNumber": apply.phone,
        "resume": _resume(seeker),
    }
    delivery = {
        "id": id,
        "appliedOnMillis": int(at.timestamp() * 1000),
        "locale": "en_US",
        "job": {
            "jobId": told["jobId"],
            "jobTitle": told["jobTitle"],
            "jobCompany": told["jobCompanyName"],
            "jobLocation": told["jobLocation"],
            "jobUrl": told["jobUrl"],
            "jobMeta": "",
        },
        "applicant": {name: value for name, value in applicant.items() if value},
        "analytics": {"device": "mobile", "sponsored": False},
        "screenerQuestionsAndAnswers": {
            "retrievedOnMillis": int(at.timestamp() * 1000),
            "questionsAndAnswers": answers,
        },
    }
    return json.dumps(delivery, ensure_ascii=False).encode()


def _resume(seeker: Persona) -> dict[str, Any]:
    """A text file or a structured profile, whichever the seeker keeps at Indeed."""
    if seeker.resume_json:
        return {"json": seeker.resume_json}
    data = base64.b64encode(seeker.resume_text.encode()).decode()
    return {"file": {"fileName": "resume.txt", "contentType": "text/plain", "data": data}}


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    return {
        "base_url": at.pages,
        "key": "sandbox-indeed",
        "options": {
            "api_token": "sandbox-token",
            "apply_url": f"{at.public}/indeed/{at.client}/apply",
            "feed": f"indeed/{at.client}.xml",
            "job_register": f"indeed/{at.client}.json",
            "questions_url": f"{at.public}/public/indeed/questions",
            "api_url": f"{at.vendors}/indeed",
            "client_id": CLIENT_ID,
        },
        "secrets": {"client": CLIENT_SECRET},
    }


SERVED = Served("indeed", account, lambda scene: Indeed(scene.world, scene.people, post=scene.post))
