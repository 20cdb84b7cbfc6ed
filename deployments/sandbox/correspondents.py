"""How people who get mail behave: they open the link in it, fill in the form, or stay silent.

A person reacts once per link, after a time that depends on what they are asked. The form behind a
link is told from the readable part of its sealed token, so that everything is planned the moment
the mail arrives and a replayed journal plans it again; what they answer goes by the page they see.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from html.parser import HTMLParser
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from itsdangerous import URLSafeSerializer

from deployments.sandbox.people import People
from deployments.sandbox.world import World

LINK = re.compile(r"https?://[^\s<>\"]+/forms/[\w.-]*[\w-]")
CANDIDATE = re.compile(r"^Candidate: (.+?)\s*$", re.MULTILINE)
NOT_BEFORE = re.compile(r"this is (\d{4}-\d{2}-\d{2})\.")  # in a letter that asks for notices
MAIL = timedelta(days=3)  # on its way, before the time that a notice gives begins to run
HOURS = {  # the earliest and the latest answer, in hours after the mail came
    "approve_requisition": (2, 20),
    "review_duplicate": (3, 20),
    "interest": (2, 24),
    "texting": (1, 8),
    "referees": (4, 30),
    "approve_offer": (2, 10),
    "review_report": (24, 26),
    "adverse_notices": (4, 30),
    "preboarding": (24, 48),
    "i9_section_2": (18, 26),
    "new_hire_report": (30, 50),
}
AGREE = 0.7  # of those who are asked whether they may be texted
REFEREE_HOURS = {"prompt": (3, 30), "late": (80, 80)}
STAFF_FORMS = {"approve_requisition", "review_duplicate", "approve_offer"}
STAFF_FORMS |= {"review_report", "day_one", "i9_section_2", "new_hire_report"}
ATTEMPTS = 48  # one an hour: after two days of a broken page people give up
SECONDS = 30


@dataclass(frozen=True, slots=True)
class Ask:
    """One link somebody got by mail. `candidate` is whom the mail says it is about, if it does."""

    link: str
    form: str
    to: str
    candidate: str
    at: datetime


class Correspondents:
    """Everybody who reads mail: candidates, referees, and the staff (address → role).

    `quiet` keeps everybody at home (a replayed journal, a sandbox that has not started); `keep`
    remembers a broken visit so that a restart does not forget the next one. The mail stand-in
    sets both when it starts.
    """

    def __init__(
        self,
        world: World,
        people: People,
        staff: Mapping[str, str],
        post: Callable[[str, Mapping[str, str]], int] | None = None,
        get: Callable[[str], str] | None = None,
    ) -> None:
        self.world, self.people = world, people
        self.staff = {email.lower(): role for email, role in staff.items()}
        self._get, self._post = get or open_page, post or send_form
        self._asks: dict[str, Ask] = {}
        self._final: dict[str, datetime] = {}
        self.quiet: Callable[[], bool] = lambda: True
        self.keep: Callable[[Mapping[str, Any]], None] = self.come_back

    def receive(self, to: str, body: str) -> None:
        """Read a message and plan what its reader will do about each link in it."""
        candidate = CANDIDATE.search(body)
        for link in LINK.findall(body):
            name = candidate.group(1) if candidate else ""
            ask = Ask(link, _question(link)[1], to.lower(), name, self.world.now)
            at = None if link in self._asks else self._when(ask)
            if at:
                self._asks[link] = ask
                self.world.plan(at, link, partial(self._visit, ask, 1))
                if later := self._later(ask, body):
                    self._final[link] = later
                    self.world.plan(later, f"{link} later", partial(self._visit, ask, 1))

    def come_back(self, broken: Mapping[str, Any]) -> None:
        """Plan another visit to a page that did not work."""
        ask, attempt = self._asks[broken["again"]], broken["attempt"]
        at = datetime.fromisoformat(broken["at"])
        self.world.plan(at, f"{ask.link} attempt {attempt}", partial(self._visit, ask, attempt))

    def _when(self, ask: Ask) -> datetime | None:
        if ask.form in STAFF_FORMS and ask.to not in self.staff:
            return None
        match ask.form:
            case "reference":
                return self._referee_at(ask)
            case "withdraw":
                return self._withdrawal_at(ask)
            case "day_one":
                return self._late_morning(ask)
            case "interest" | "referees" | "texting" if self._silent(ask):
                return None
        return self._within(ask, HOURS.get(ask.form))

    def _later(self, ask: Ask, body: str) -> datetime | None:
        """When a person comes back to the same question, as the final notice may leave."""
        told = NOT_BEFORE.search(body) if ask.form == "adverse_notices" else None
        return (
            datetime.fromisoformat(told[1]).replace(tzinfo=ask.at.tzinfo) + MAIL if told else None
        )

    def _within(self, ask: Ask, hours: tuple[int, int] | None) -> datetime | None:
        if hours is None:
            return None
        minutes = self.world.dice("mail", ask.to, *_question(ask.link)).randint(
            hours[0] * 60, hours[1] * 60
        )
        return ask.at + timedelta(minutes=minutes)

    def _referee_at(self, ask: Ask) -> datetime | None:
        known = self.people.referee_by_email(ask.to)
        return self._within(ask, REFEREE_HOURS.get(known[1].answers if known else "prompt"))

    def _withdrawal_at(self, ask: Ask) -> datetime | None:
        persona = self.people.by_email(ask.to)
        days = persona.behaviour.withdraws_after_days if persona else None
        return None if days is None else ask.at + timedelta(days=days)

    def _late_morning(self, ask: Ask) -> datetime:
        minute = self.world.dice("mail", ask.to, *_question(ask.link)).randint(0, 50)
        eleven = ask.at.replace(hour=11, minute=minute, second=0, microsecond=0)
        return max(eleven, ask.at + timedelta(hours=1))

    def _silent(self, ask: Ask) -> bool:
        persona = self.people.by_email(ask.to)
        return persona is not None and persona.behaviour.screen == "silent"

    def _visit(self, ask: Ask, attempt: int) -> None:
        if self.quiet() or self._settled(ask) or attempt == ATTEMPTS:
            return
        at = self.world.now + timedelta(hours=1)
        self.keep({"again": ask.link, "attempt": attempt + 1, "at": at.isoformat()})

    def _settled(self, ask: Ask) -> bool:
        """Answer the form; false if the page is out of order and worth another visit."""
        try:
            page = Page(self._get(ask.link))
            answers = ANSWERS.get(page.form)
            if answers is None:
                return True
            given = {k: v for k, v in answers(self, ask).items() if k in page.fields}
            return self._post(ask.link, {**page.hidden, **given}) < 500
        except HTTPError as failure:
            return failure.code < 500
        except (OSError, HTTPException):
            return False

    def approves(self, ask: Ask) -> dict[str, str]:
        """The client's approver says yes."""
        return {"decision": "approve", "comment": f"Approved as {self.staff[ask.to]}."}

    def knows_the_person(self, ask: Ask) -> dict[str, str]:
        """The recruiter recognises one person in two applications."""
        return {"decision": "same"}

    def names_referees(self, ask: Ask) -> dict[str, str]:
        """The candidate names up to four referees."""
        persona = self.people.by_email(ask.to)
        answer = {"consent": "yes"}
        for n, referee in enumerate(persona.referees[:4] if persona else (), start=1):
            answer[f"referee{n}_name"] = referee.name
            answer[f"referee{n}_email"] = referee.email
            answer[f"referee{n}_relation"] = referee.relation
        return answer

    def vouches(self, ask: Ask) -> dict[str, str]:
        """The referee speaks well of the candidate."""
        known = self.people.referee_by_email(ask.to)
        return {
            "worked_together": "yes",
            "relation": known[1].relation if known else "colleague",
            "strengths": "Reliable, clear, and kind to colleagues.",
            "concerns": "None.",
            "rehire": "yes",
        }

    def is_interested(self, ask: Ask) -> dict[str, str]:
        """The candidate is interested, and says what they expect in units of currency."""
        persona = self.people.by_email(ask.to)
        cents = persona.pay_expectation_cents if persona else None
        return {"interested": "yes", "pay_expectation": f"{cents / 100:.2f}" if cents else ""}

    def lets_themselves_be_texted(self, ask: Ask) -> dict[str, str]:
        """The candidate agrees to be texted, or does not, and says where they live."""
        persona = self.people.by_email(ask.to)
        country, _, rest = (persona.residence if persona else "").partition("-")
        state = rest.partition("-")[0] if country == "US" else ""
        agreed = self.world.dice("texting", ask.to).random() < AGREE
        return {"agreed": "yes" if agreed else "no", "state": state or "elsewhere"}

    def weighs_report(self, ask: Ask) -> dict[str, str]:
        """The compliance reviewer decides what a report means, factor by factor."""
        persona = self.people.by_name(ask.candidate)
        adverse = persona is not None and persona.behaviour.report == "consider_adverse"
        return {
            "decision": "adverse" if adverse else "clear",
            "nature_and_gravity": "Serious." if adverse else "Minor.",
            "time_passed": "Less than a year." if adverse else "More than seven years.",
            "job_relation": "Touches the duties." if adverse else "None.",
            "rehabilitation": "None was shown." if adverse else "Steady work since.",
            "comment": "Weighed factor by factor.",
        }

    def sends_notices(self, ask: Ask) -> dict[str, str]:
        """Whoever sends notices has sent the first one, and when its time is over the last."""
        over = ask.link in self._final and self.world.now >= self._final[ask.link]
        return {"status": "final_sent" if over else "notice_sent"}

    def gets_ready(self, ask: Ask) -> dict[str, str]:
        """The new hire does their paperwork."""
        return {"policies": "yes", "equipment": "yes", "i9_section_1": "yes"}

    def looks_around(self, ask: Ask) -> dict[str, str]:
        """The manager says whether the new hire came."""
        persona = self.people.by_name(ask.candidate)
        missing = persona is not None and persona.behaviour.day_one == "no_show"
        return {"arrived": "no" if missing else "yes", "comment": ""}

    def examines_documents(self, ask: Ask) -> dict[str, str]:
        """The client's HR sees the documents and signs today."""
        return {"documents_examined": "yes", "signed_on": self.world.now.date().isoformat()}

    def tells_the_state(self, ask: Ask) -> dict[str, str]:
        """The client's HR reports the new hire today."""
        return {"reported": "yes", "reported_on": self.world.now.date().isoformat()}

    def withdraws(self, ask: Ask) -> dict[str, str]:
        """The candidate leaves."""
        return {"confirm": "yes"}


ANSWERS: dict[str, Callable[[Correspondents, Ask], dict[str, str]]] = {
    "approve_requisition": Correspondents.approves,
    "review_duplicate": Correspondents.knows_the_person,
    "referees": Correspondents.names_referees,
    "reference": Correspondents.vouches,
    "approve_offer": Correspondents.approves,
    "interest": Correspondents.is_interested,
    "texting": Correspondents.lets_themselves_be_texted,
    "review_report": Correspondents.weighs_report,
    "adverse_notices": Correspondents.sends_notices,
    "preboarding": Correspondents.gets_ready,
    "day_one": Correspondents.looks_around,
    "i9_section_2": Correspondents.examines_documents,
    "new_hire_report": Correspondents.tells_the_state,
    "withdraw": Correspondents.withdraws,
}


class Page(HTMLParser):
    """A page as a person sees it: the id of its form, its fields, and what it hides in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.form, self.fields, self.hidden = "", set[str](), dict[str, str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form or a field."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = given.get("id", "")
        elif tag in ("input", "select", "textarea") and "name" in given:
            self.fields.add(given["name"])
            if given.get("type") == "hidden":
                self.hidden[given["name"]] = given.get("value", "")


def _question(link: str) -> list[str]:
    """Client, form, subject, about and role behind a link: its token is sealed, not secret.

    Unlike the link, they are the same on every machine. Blank if the link is none of ours.
    """
    _, question = URLSafeSerializer("").loads_unsafe(link.rpartition("/")[2])
    match question:
        case [str(), str(), str(), str(), str()]:
            return list(question)
    return [""] * 5


_browser = build_opener(ProxyHandler({}))


def open_page(url: str) -> str:
    """Read a page; raises HTTPError, OSError or HTTPException."""
    with _browser.open(url, timeout=SECONDS) as answer:
        return str(answer.read().decode())


def send_form(url: str, fields: Mapping[str, str]) -> int:
    """Send a form; returns the status, raises as `open_page`."""
    with _browser.open(url, urlencode(fields).encode(), timeout=SECONDS) as answer:
        return int(answer.status)
