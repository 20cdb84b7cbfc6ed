"""Job boards. To add one: write its module, add its line."""

from collections.abc import Callable

from connectors.access import Access
from connectors.job_boards import google_for_jobs, indeed
from connectors.ports import DocumentStore, JobBoard

VENDORS: dict[str, Callable[[Access, DocumentStore], JobBoard]] = {
    "google_for_jobs": google_for_jobs.connect,
    "indeed": indeed.connect,
}
