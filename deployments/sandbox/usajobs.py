"""A stand-in for the search of USAJOBS, from what its clients say of it.

Whatever is looked for is advertised a dozen times. `postings` holds those of a test instead.

Odd rules: who asks is known by the e-mail address in `User-Agent` beside the key; amounts and the
number of pages are strings; a page beyond the end is empty.
"""

from typing import Any

from deployments.sandbox.served import Served
from deployments.sandbox.server import Answer, Request, Route, StandIn
from deployments.sandbox.world import World

EMAIL, KEY = "market@harborworks.example", "sandbox-usajobs"
LARGEST_PAGE, USUAL_PAGE = 500, 25
ADVERTISED = 12

Json = dict[str, Any]


class UsaJobs(StandIn):
    """USAJOBS, as somebody with a key may search it."""

    prefix = "/usajobs"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.key = KEY
        self.postings: list[Json] | None = None
        self.asked: list[dict[str, str]] = []

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The one operation we stand in for."""
        return {("GET", "/api/search"): self._search}

    def expire(self) -> None:
        """Let the key be replaced by another one."""
        self.key = "another key"

    def handle(self, request: Request) -> Answer:
        """Check who asks, then answer."""
        headers = request.headers
        if (headers.get("user-agent"), headers.get("authorization-key")) != (EMAIL, self.key):
            return Answer(401, {"title": "Unauthorized", "status": 401})
        return super().handle(request)

    def _search(self, request: Request) -> Answer:
        size = int(request.query.get("ResultsPerPage", USUAL_PAGE))
        page = int(request.query.get("Page", 1))
        if size > LARGEST_PAGE:
            return Answer(400, {"title": "Bad Request", "status": 400})
        self.asked.append(dict(request.query))
        rows = self._found(request.query.get("Keyword", ""))
        shown = rows[(page - 1) * size : page * size]
        result = {
            "SearchResultCount": len(shown),
            "SearchResultCountAll": len(rows),
            "SearchResultItems": shown,
            "UserArea": {"NumberOfPages": str(-(-len(rows) // size))},
        }
        return Answer(body={"LanguageCode": "EN", "SearchParameters": {}, "SearchResult": result})

    def _found(self, keyword: str) -> list[Json]:
        if self.postings is not None:
            return self.postings
        dice = self.world.dice("usajobs", keyword)
        usual = dice.randrange(42, 110) * 1000
        return [
            a_posting(str(800_000_000 + n), keyword, usual + n * 750) for n in range(ADVERTISED)
        ]


def a_posting(id: str, title: str, pay: float, rate: str = "PA") -> Json:
    """One row of a search."""
    told = {"Name": "Somewhere", "Code": "0000"}
    return {
        "MatchedObjectId": id,
        "MatchedObjectDescriptor": {
            "PositionID": f"26-{id}",
            "PositionTitle": title,
            "PositionURI": f"https://usajobs.example/job/{id}",
            "ApplyURI": [f"https://usajobs.example/job/{id}"],
            "PositionLocation": [{"LocationName": "Denver, Colorado", "CountryCode": "US"}],
            "OrganizationName": "An Agency",
            "DepartmentName": "A Department",
            "JobCategory": [told],
            "JobGrade": [{"Code": "GS"}],
            "PositionRemuneration": [
                {
                    "MinimumRange": f"{pay:.1f}",
                    "MaximumRange": f"{pay * 1.3:.1f}",
                    "RateIntervalCode": rate,
                    "Description": "Per Year",
                }
            ],
            "PublicationStartDate": "2026-02-20T00:00:00.0000",
            "ApplicationCloseDate": "2026-03-20T23:59:59.9970",
            "UserArea": {"Details": {"LowGrade": "09", "HighGrade": "12"}},
        },
        "RelevanceScore": 0.0,
    }


SERVED = Served(
    "usajobs",
    lambda at: at.account("sandbox-usajobs", "usajobs", email=EMAIL),
    lambda scene: UsaJobs(scene.world),
)
