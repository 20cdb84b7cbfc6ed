"""Indeed: postings by XML feed or Job Sync, applications by Indeed Apply, and what becomes of them.

Docs: https://docs.indeed.com/indeed-apply/, https://docs.indeed.com/job-sync-api/,
  https://docs.indeed.com/disposition-sync-api/
Auth: the feed is public and fetched by Indeed; a delivery is signed with the partner's secret; the
  API takes a token for the app's client credentials, which lasts an hour.
Access: `base_url` is the public folder of the job pages (`<base_url>/<reference>.html`);
  `options["channel"]` says which way postings go: both at once are duplicates.
Paging: none; one feed holds all jobs, one call to the API tells one posting.
Limits: the API's are told with the contract; 429 over them. Up to 25 dispositions a call: we send
  each when it happens.

Quirks
- What is not in the feed is closed, so the file is always complete. It is read once or more a day.
- One node per posting and place; a reference number must never change.
- Values are CDATA with literal characters. `h1` and scripts are not allowed in a description.
- The feed has no element for benefits, so they end the description.
- Our `indeed-apply-jobId` is the posting's reference, and comes back as `Application.job_ref`.
- `X-Indeed-Signature` is base64 of HMAC-SHA1 over the raw body; not hex, not SHA-256.
- A delivery may come twice, and after the job has closed; its `id` is the same for ever.
- An applicant's e-mail is often an alias at indeedemail.com, and may be missing.
- Answers to the voluntary self-identification are dropped here: they never join an application.
- The API answers most errors with HTTP 200, and a token that has ended with FORBIDDEN.
- A disposition that is not taken is no error: it is among `failedDispositions`.

Unverified against Indeed itself: what `docs/connectors/indeed.md` lists.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from connectors.access import Access
from connectors.errors import Misconfigured, Unsupported
from connectors.health import Check, tried
from connectors.job_boards.indeed import deliveries, dispositions
from connectors.job_boards.indeed.calls import API_URL, REMEDY, Calls
from connectors.job_boards.indeed.job_sync import REGISTER, JobSync
from connectors.job_boards.indeed.names import NAME
from connectors.job_boards.indeed.questions import FOLDER, Questions
from connectors.job_boards.indeed.xml_feed import FEED, XmlFeed
from connectors.ports import DocumentStore, InformedBoard
from connectors.records import Page, PublishPostings, Receipt, Request, TellBoard
from connectors.shrinking import MAY_LOSE
from connectors.vendor import Deliverer, Setting, Vendor


def connect(
    access: Access, documents: DocumentStore, *, sleep: Callable[[float], None] = time.sleep
) -> InformedBoard:
    """Open one client's Indeed; raises Misconfigured if it is to be told in no way there is."""
    site, options, calls = access.base_url.rstrip("/"), access.options, Calls(access, sleep)
    questions = Questions(documents, options.get("questions_url", ""))
    match options.get("channel") or "feed":
        case "feed":
            return Indeed(calls, XmlFeed(documents, site, options, questions))
        case "job_sync":
            return Indeed(calls, JobSync(calls, documents, site, options, questions))
    raise Misconfigured(NAME, "the option 'channel' is neither 'feed' nor 'job_sync'")


class Indeed:
    """One client's jobs on Indeed, and their applicants."""

    resources: tuple[str, ...] = ()

    def __init__(self, calls: Calls, channel: XmlFeed | JobSync) -> None:
        self._calls, self._channel = calls, channel

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the postings that are live as `all_postings`, by reference; else nothing.

        Applications are delivered, see `deliveries`.
        """
        if resource == "all_postings":
            yield from self._channel.live()

    def publish(self, request: PublishPostings, key: str) -> Receipt:
        """Make Indeed open what is in the list and close what is not."""
        return self._channel.publish(request)

    def tell(self, request: TellBoard, key: str) -> Receipt:
        """Tell Indeed what has become of an application that it delivered."""
        return dispositions.send(self._calls, request)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether the list was published; what it was told of applicants Indeed never says."""
        match request:
            case PublishPostings():
                return self._channel.find(request)
            case TellBoard():
                return None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Whether the app may do what it is there for; without one there is nothing to look at.

        The feed is kept in the document store.
        """
        if isinstance(self._channel, JobSync):
            yield tried("Job Sync API", REMEDY, self._channel.ask)
            yield from self._calls.health()
        elif self._calls.client_id:
            yield tried("API credentials", REMEDY, self._calls.token)


VENDOR = Vendor(
    kind="job_boards",
    name=NAME,
    title="Indeed",
    documents="https://docs.indeed.com/indeed-apply/",
    reads="applications, as Indeed Apply delivers them to the receiver (`/indeed/CLIENT/apply`)",
    writes=(
        "all live postings, in an XML feed in the client's document store or by the Job Sync API;"
        " their screener questions; what becomes of applications (Disposition Sync)"
    ),
    connect=connect,
    needs=("documents",),
    address="the public folder of the job pages",
    key="the partner's secret, which signs deliveries",
    deliverer=Deliverer(
        deliveries.verify, deliveries.read_application, deliveries.without_self_identification
    ),
    settings=(
        Setting("api_token", "the partner's Indeed Apply token", required=True),
        Setting("apply_url", "where Indeed delivers applications to", required=True),
        Setting("channel", "how postings are told: `feed`, which it is if empty, or `job_sync`"),
        Setting("feed", f"the feed's name in the document store, if not `{FEED}`"),
        Setting("questions_url", f"the public address of `{FOLDER}` there; else none are asked"),
        Setting("client_id", "the app's id, for Job Sync and Disposition Sync"),
        Setting("client", "the app's secret", secret=True),
        Setting("source_name", "the client's own source name for Job Sync, if not its company's"),
        Setting("job_register", f"where Job Sync's ids are kept in the store, if not `{REGISTER}`"),
        Setting("api_url", f"the API's address, if not {API_URL}"),
        MAY_LOSE,
    ),
)
