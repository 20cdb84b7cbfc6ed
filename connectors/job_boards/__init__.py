"""Job boards. To add one: write its module, add its line."""

from connectors.job_boards import feeds, google_for_jobs, indeed
from connectors.vendor import by_name

VENDORS = by_name(
    *feeds.VENDORS,
    google_for_jobs.VENDOR,
    indeed.VENDOR,
)
