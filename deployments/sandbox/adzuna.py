"""A stand-in for Adzuna's job search, from what its clients say of it.

Whatever title is asked for is advertised: each has two pages of postings and a bit, a third of them
with pay that Adzuna has guessed, far from what is paid. `postings` holds those of a test instead.

Odd rules: a page beyond the end is empty; a posting that says no pay looks like one that does.
"""

from typing import Any

from deployments.sandbox.served import Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

APP_ID, KEY = "sandbox-app", "sandbox-adzuna"
COUNTRIES = "at au be br ca ch de es fr gb in it mx nl nz pl sg us za"
LARGEST_PAGE, USUAL_PAGE = 50, 20
A_MINUTE = 25
ADVERTISED = 110

Json = dict[str, Any]


class Adzuna(StandIn):
    """Adzuna's side of one developer's account."""

    prefix = "/adzuna"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.key = KEY
        self.postings: list[Json] | None = None
        self.asked: list[dict[str, str]] = []
        self._minute = (world.now, 0)

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The one operation we stand in for."""
        return {("GET", r"/v1/api/jobs/(?P<country>\w+)/search/(?P<page>\d+)"): self._search}

    def too_many(self, seconds: int = 1) -> Answer:
        """Over the rate."""
        refusal = _refuse(429, "RATE_LIMIT", "Too many requests.")
        return Answer(429, refusal.body, {"Retry-After": str(seconds)})

    def lie(self) -> Any:
        """An error of Adzuna's own."""
        return _refuse(500, "INTERNAL", "An error occurred.").body

    def expire(self) -> None:
        """Let the key be replaced by another one."""
        self.key = "another key"

    def handle(self, request: Request) -> Answer:
        """Check who asks, and how often, then answer."""
        if (request.query.get("app_id"), request.query.get("app_key")) != (APP_ID, self.key):
            return _refuse(401, "AUTH_FAIL", "Authorisation failed")
        minute = self.world.now.replace(second=0, microsecond=0)
        before = self._minute[1] if self._minute[0] == minute else 0
        self._minute = (minute, before + 1)
        if before >= A_MINUTE:
            return self.too_many(60 - self.world.now.second)
        return super().handle(request)

    def _search(self, request: Request, country: str, page: str) -> Answer:
        if country not in COUNTRIES.split():
            return _refuse(404, "UNSUPPORTED_COUNTRY", "There is no such index.")
        size = int(request.query.get("results_per_page", USUAL_PAGE))
        if int(page) < 1 or size > LARGEST_PAGE:
            return _refuse(400, "INVALID_PARAMETER", "Out of range.")
        told = {k: v for k, v in request.query.items() if not k.startswith("app_")}
        self.asked.append({"country": country, "page": page, **told})
        rows = self._found(request.query.get("what", ""), country)
        begin = (int(page) - 1) * size
        paid = [row["salary_min"] for row in rows if isinstance(row.get("salary_min"), float)]
        body = {
            "__CLASS__": "Adzuna::API::Response::JobSearchResults",
            "count": len(rows),
            "mean": sum(paid) / len(paid) if paid else None,
            "results": rows[begin : begin + size],
        }
        return Answer(body=body)

    def _found(self, what: str, country: str) -> list[Json]:
        if self.postings is not None:
            return self.postings
        dice = self.world.dice("adzuna", what, country)
        usual = dice.randrange(42, 110) * 1000
        return [
            a_posting(
                f"{4_000_000_000 + n}",
                what,
                (usual + dice.randrange(-12, 12) * 500) * (3 if n % 3 == 0 else 1),
                predicted=n % 3 == 0,
            )
            for n in range(ADVERTISED)
        ]


def a_posting(id: str, title: str, salary: float | None, *, predicted: bool = False) -> Json:
    """One row of a search."""
    paid = {} if salary is None else {"salary_min": float(salary), "salary_max": salary * 1.2}
    return {
        "__CLASS__": "Adzuna::API::Response::Job",
        "id": id,
        "adref": f"ref-{id}",
        "title": title,
        "description": "We are looking for somebody who …",
        "created": "2026-02-20T09:00:00Z",
        "redirect_url": f"https://adzuna.example/details/{id}",
        "category": {"tag": "other-general-jobs", "label": "Other/General Jobs"},
        "company": {"display_name": "An Employer"},
        "location": {"display_name": "Denver", "area": ["US", "Colorado", "Denver"]},
        "contract_time": "full_time",
        "salary_is_predicted": "1" if predicted else "0",
        **paid,
    }


def _refuse(status: int, exception: str, display: str) -> Answer:
    doc = "https://api.adzuna.com/v1/doc"
    return Answer(status, {"exception": exception, "doc": doc, "display": display})


SERVED = Served(
    "adzuna",
    lambda at: at.account("sandbox-adzuna", "adzuna", app_id=APP_ID),
    lambda scene: Adzuna(scene.world),
)
