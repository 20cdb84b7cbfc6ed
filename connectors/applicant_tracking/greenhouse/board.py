"""Greenhouse's Job Board API: people enter as if they had applied on the client's own board.

Docs: https://developers.greenhouse.io/job-board.html
Auth: HTTP Basic, the job board's API key as user name and no password; reading needs none.
Paging: none. Limits: none documented.

Quirks
- Who applies names a job post, not a job; posts that are not live are not listed.
- Greenhouse takes an application though answers are missing that its form requires: we look.
- The answer to an application names no id. Harvest has it, perhaps a little later, created when it
  was submitted: the instant of applying is not told.
- A source is told by the token of a tracking link (`gh_src`), consent by `data_compliance`.
"""

import logging
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from requests.auth import HTTPBasicAuth

from connectors.access import Access
from connectors.applicant_tracking.greenhouse.rows import names, slug
from connectors.applicant_tracking.greenhouse.search import Search
from connectors.applicant_tracking.greenhouse.shapes import NAME, JobRow, made
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown
from connectors.health import Check, tried
from connectors.http import Api, RefusedReply, segment
from connectors.records import AddApplication, Receipt
from connectors.vendor import further

Body = dict[str, Any]
BOARD_URL = "https://boards-api.greenhouse.io/v1"
GIVEN = "given"
CONSENTS = {
    "requires_consent": "gdpr_consent_given",
    "requires_processing_consent": "gdpr_processing_consent_given",
    "requires_retention_consent": "gdpr_retention_consent_given",
}
KNOWN = ("first_name", "last_name", "email", "phone")  # what an applicant may have told
NO_POST = 0  # the id of a job post that no board has
PAUSES_SECONDS = (0.0, 1.0, 2.0, 4.0)  # before each look for an application in Harvest
TAKEN = "the job board has taken an application that Harvest does not show yet"
log = logging.getLogger(__name__)


class _NotTaken(Exception):
    """Why the board does not take somebody; nothing was done."""


class Post(Struct):
    """One post on a board; `internal_job_id` is None if it is for prospects."""

    id: int
    internal_job_id: int | None


class Posts(Struct):
    """What a board lists."""

    jobs: list[Post]


class Field(Struct):
    """One way to answer a question."""

    name: str


class Question(Struct):
    """One question of a form: any of its fields answers it, one without fields we cannot answer."""

    label: str
    required: bool | None
    fields: list[Field] = []


class Asking(Struct):
    """A part of a form."""

    questions: list[Question]


class Compliance(Struct):
    """To what a form asks consent."""

    requires_consent: bool
    requires_processing_consent: bool | None = None
    requires_retention_consent: bool | None = None


class Form(Asking):
    """What a post asks; the parts that it does not have may be missing or null."""

    location_questions: list[Question] | None = None
    compliance: list[Asking] | None = None
    demographic_questions: Asking | None = None
    data_compliance: list[Compliance] | None = None

    @property
    def required(self) -> Iterator[Question]:
        """Every question that must be answered."""
        parts = [*(self.compliance or ()), *filter(None, [self.demographic_questions])]
        asked = [*self.questions, *(self.location_questions or ())]
        for question in (*asked, *(each for part in parts for each in part.questions)):
            if question.required:
                yield question

    @property
    def consents(self) -> list[str]:
        """The fields that say the consent it requires."""
        told = self.data_compliance or ()
        return [said for name, said in CONSENTS.items() if any(getattr(d, name) for d in told)]


class Saved(Struct):
    """The answer to an application that was taken."""

    success: str


class Board:
    """One client's job board; Harvest says what became of an application."""

    def __init__(
        self,
        api: Api,
        options: Mapping[str, str],
        search: Search,
        sleep: Callable[[float], None],
    ) -> None:
        self._api, self._search, self._sleep = api, search, sleep
        self._path = f"/boards/{segment(options['board'])}/jobs"
        self._consents = options.get("board_consent") == GIVEN
        links = {name: token for name, token in options.items() if name.startswith("source:")}
        self._links = {slug(name.removeprefix("source:")): link for name, link in links.items()}

    @classmethod
    def of(cls, access: Access, search: Search, sleep: Callable[[float], None]) -> "Board | None":
        """The board of an account whose people are to enter through one; raises Misconfigured."""
        if "board" not in access.options:
            return None
        key = HTTPBasicAuth(access.secrets.get("board_key", ""), "")
        address = further(NAME, access, "board_url", BOARD_URL)
        api = Api(NAME, address, key, sleep=sleep)
        return cls(api, access.options, search, sleep)

    def add(self, request: AddApplication) -> Receipt | None:
        """Apply for somebody; None: the board does not take them, and nothing was done.

        Raises OutcomeUnknown, also if Harvest does not show the application yet.
        """
        try:
            post, answers = self._filled(request)
            self._submit(post, answers)
        except (_NotTaken, RefusedReply) as why:
            log.info("not through the job board", extra={"system": NAME, "why": str(why)})
            return None
        return self._awaited(request)

    def check(self, jobs: Sequence[JobRow]) -> Iterator[Check]:
        """Whether token and key are right, and each open job has a post that we can fill in."""
        listed = tried("job board", "set 'board' to the token of the client's board", self._posts)
        yield listed
        yield tried("job board's key", "set 'board_key' to the board's API key", self._try_key)
        if listed.wrong:
            return
        posts = self._posts()
        forms = [(job.name, [form for _, form in self._forms(job.id, posts)]) for job in jobs]
        missing = [name for name, its in forms if not its]
        yield Check(
            "posts of open jobs",
            f"none is live: {', '.join(missing)}" if missing else "",
            "publish one; until then people enter through Harvest",
        )
        lacking = [(name, [self._lacking(form, KNOWN) for form in its]) for name, its in forms]
        asking = [f"{name} ({', '.join(its[0])})" for name, its in lacking if its and all(its)]
        yield Check(
            "forms of posts",
            f"require what we do not have: {', '.join(asking)}" if asking else "",
            "make it optional; until then people enter through Harvest",
        )

    def _filled(self, request: AddApplication) -> tuple[int, Body]:
        """The job's first live post that requires nothing we do not have, and our answers to it."""
        if not request.email:
            raise _NotTaken("no e-mail address")
        told, why = self._told(request, request.email), "no live post"
        for post, form in self._forms(int(request.job_ref), self._posts()):
            lacking = self._lacking(form, told)
            if not lacking:
                consents = dict.fromkeys(form.consents, True)
                return post, told | ({"data_compliance": consents} if consents else {})
            why = f"required: {', '.join(lacking)}"
        raise _NotTaken(why)

    def _submit(self, post: int, answers: Body) -> None:
        path = f"{self._path}/{post}"
        try:
            self._api.write("POST", path, json=answers, reading=partial(made, Saved))
        except Misconfigured as refusal:
            raise _wrong_key(refusal) from None

    def _told(self, request: AddApplication, email: str) -> Body:
        first, last = names(request.name)
        told = {
            "first_name": first,
            "last_name": last,
            "email": email,
            "phone": request.phone,
            "mapped_url_token": self._links.get(slug(request.source)),
        }
        return {field: value for field, value in told.items() if value}

    def _lacking(self, form: Form, told: Container[str]) -> list[str]:
        """What a form requires and we cannot say."""
        unanswered = [
            question.label
            for question in form.required
            if not any(field.name in told for field in question.fields)
        ]
        return unanswered + ([] if self._consents else form.consents)

    def _posts(self) -> list[Post]:
        """Every live post; raises Misconfigured if there is no such board."""
        try:
            return made(Posts, self._api.read("GET", self._path).body).jobs
        except RefusedReply as refusal:
            told = "no such job board: check the setting 'board'"
            raise Misconfigured(NAME, told, status=refusal.status) from None

    def _forms(self, job: int, posts: Sequence[Post]) -> Iterator[tuple[int, Form]]:
        """The forms of a job's posts, the oldest first, less those taken down meanwhile."""
        for post in sorted(post.id for post in posts if post.internal_job_id == job):
            try:
                asked = self._api.read("GET", f"{self._path}/{post}", params={"questions": "true"})
            except RefusedReply:
                continue
            yield post, made(Form, asked.body)

    def _try_key(self) -> None:
        """Show the key with nobody's application for a post that is not there; it is refused.

        Raises Misconfigured if that is for the key. Unverified: that Greenhouse looks at it first.
        """
        try:
            self._api.read("POST", f"{self._path}/{NO_POST}", json={})
        except RefusedReply:
            return
        except Misconfigured as refusal:
            raise _wrong_key(refusal) from None

    def _awaited(self, request: AddApplication) -> Receipt:
        """The application in Harvest, for which we wait a little; raises only OutcomeUnknown."""
        try:
            for pause in PAUSES_SECONDS:
                self._sleep(pause)
                if found := self._search.applied_since(request):
                    return found
        except ConnectorError as failure:
            raise OutcomeUnknown(NAME, f"{TAKEN} ({failure.what})", status=failure.status) from None
        raise OutcomeUnknown(NAME, TAKEN)


def _wrong_key(refusal: Misconfigured) -> Misconfigured:
    """What a 401 means. Unverified: that it says nothing else; it once met who had no e-mail."""
    told = "the job board refuses the key: check the secret 'board_key'"
    return Misconfigured(NAME, told, status=refusal.status)
