"""What all ways to Indeed call the same: the vendor, and where a posting's own page is."""

from connectors.http import segment
from connectors.records import Posting

NAME = "indeed"


def page_of(site: str, posting: Posting) -> str:
    """The address of a posting's page, in the public folder `site`."""
    # The file's name is quoted once as a name and once more as part of an address.
    return f"{site}/{segment(segment(posting.reference))}.html"
