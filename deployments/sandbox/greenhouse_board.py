"""The job board of the stand-in's Greenhouse: https://developers.greenhouse.io/job-board.html.

It is below `/greenhouse/boards-api/v1`. Every open job has one live post, unless `posts` says
otherwise. Like Greenhouse it takes an application though what its form requires is missing; that it
was, is in `received["incomplete"]`. Whoever applies becomes a candidate of their own, also if there
is one with the same e-mail already.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from deployments.sandbox.ashby_records import STAGE, Row
from deployments.sandbox.greenhouse_records import Records, number
from deployments.sandbox.server import Answer, Request, Route

TOKEN, KEY = "harborworks", "sandbox-greenhouse-board"
LONGEST = 255  # characters
CAREERS_PAGE = "Company careers page"
URL = re.compile(r"https?://|www\.", re.IGNORECASE)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LINKS = {"a1b2c3d41us": "Indeed"}  # what `gh_src` of a tracking link stands for


def asks(label: str, *fields: str, required: bool = True) -> Row:
    """One question of a form."""
    shown = [{"name": name, "type": "input_text", "values": []} for name in fields]
    return {"label": label, "required": required, "description": None, "fields": shown}


FORM = [
    asks("First Name", "first_name"),
    asks("Last Name", "last_name"),
    asks("Email", "email"),
    asks("Phone", "phone", required=False),
    asks("Resume/CV", "resume", "resume_text", required=False),
    asks("LinkedIn Profile", "question_4000901", required=False),
]


class Board:
    """The board's posts, and who applies there.

    posts: of single jobs, their live posts: of each what its form has beside, or instead of, the
    usual. An empty list takes a job's post down.
    """

    def __init__(self, records: Records, note: Callable[[str, str], None]) -> None:
        self.records, self._note = records, note
        self.posts: dict[str, list[Row]] = {}

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The board's operations that we use."""
        path = r"/boards-api/v1/boards/(?P<token>[^/]+)/jobs"
        return {
            ("GET", path): self._list,
            ("GET", rf"{path}/(?P<ref>\d+)"): self._one,
            ("POST", rf"{path}/(?P<ref>\d+)"): self._apply,
        }

    def _live(self) -> Iterator[tuple[int, Row, Row]]:
        """Every live post: its id, its job, and what its form has of its own."""
        for job in self.records.tables["job"].values():
            if job["status"] == "Open":
                for order, form in enumerate(self.posts.get(job["id"], [{}])):
                    yield number("post", job["id"], order), job, form

    def _list(self, request: Request, token: str) -> Answer:
        if token != TOKEN:
            return _not_found("Board not found")
        shown = [self._shown(ref, job) for ref, job, _ in self._live()]
        return Answer(body={"jobs": shown, "meta": {"total": len(shown)}})

    def _one(self, request: Request, token: str, ref: str) -> Answer:
        for post, job, form in self._live():
            if token == TOKEN and post == int(ref):
                asked = {"questions": FORM, "compliance": None, **form}
                told = asked if request.query.get("questions") == "true" else {}
                return Answer(body={**self._shown(post, job), "data_compliance": [], **told})
        return _not_found("Job not found")

    def _shown(self, ref: int, job: Row) -> Row:
        return {
            "id": ref,
            "internal_job_id": int(job["id"]),
            "title": job["name"],
            "updated_at": job["updatedAt"],
            "requisition_id": job.get("requisition_id"),
            "location": {"name": "Oakland, CA"},
            "absolute_url": f"https://boards.greenhouse.io/{TOKEN}/jobs/{ref}",
            "metadata": None,
        }

    def _apply(self, request: Request, token: str, ref: str) -> Answer:
        if request.basic_user != KEY:
            return Answer(401, b"HTTP Basic: Access denied.\n")
        for post, job, form in self._live():
            if token == TOKEN and post == int(ref):
                return self._take(job, {"questions": FORM, **form}, request.json)
        return _not_found("Job not found")

    def _take(self, job: Row, form: Row, told: Row) -> Answer:
        if _is_wrong(told):
            return _unsaved()
        first, last, email = told["first_name"], told["last_name"], told["email"]
        source = {"source": {"title": LINKS.get(told.get("mapped_url_token", ""), CAREERS_PAGE)}}
        names = {"first_name": first, "last_name": last}
        candidate = self.records.add_candidate(
            f"{first} {last}", email, told.get("phone"), names | source
        )
        self.records.add_application(candidate, job, STAGE["Application Review"], source)
        self._note("applications", f"{email} {job['title']} {self.records.now}")
        for consent, given in told.get("data_compliance", {}).items():
            self._note("consents", f"{email} {consent} {given}")
        for question in form["questions"]:
            answered = any(told.get(field["name"]) for field in question["fields"])
            if question["required"] and not answered:
                self._note("incomplete", f"{email} {question['label']}")
        return Answer(200, {"success": "Candidate saved successfully"}, changed=True)


def _is_wrong(told: Any) -> bool:
    """Whether Greenhouse refuses an application, for reasons that it documents."""
    wanted = [told.get(name) or "" for name in ("first_name", "last_name", "email")]
    is_url = partial(re.search, URL)
    return (
        not all(0 < len(value) <= LONGEST for value in wanted)
        or any(map(is_url, [*wanted[:2], told.get("phone") or ""]))
        or not EMAIL.fullmatch(wanted[2])
    )


def _unsaved() -> Answer:
    """How it refuses one. Unverified: the status; old versions said 401 in the body."""
    return Answer(422, {"error": "Failed to save person", "status": 422})


def _not_found(why: str) -> Answer:
    return Answer(404, {"status": 404, "error": why})
