"""What a stand-in's module declares: how it is made, and what a client's account there says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployments.sandbox.outgoing import Post
from deployments.sandbox.people import DATA, People
from deployments.sandbox.server import StandIn
from deployments.sandbox.world import World
from deployments.settings import Settings

# What we ask of a tracker, and of a provider of signatures, beside the name under which most
# stand-ins note it.
TRACKER = {
    "tracker.open_job": "jobs",
    "tracker.close_job": "closed_jobs",
    "tracker.add": "applications",
    "tracker.move": "moves",
    "tracker.reject": "rejections",
    "tracker.note": "notes",
    "tracker.interview": "interviews",
}
OFFERS = {"offer.send": "offers", "offer.cancel": "cancellations"}


@dataclass(frozen=True, slots=True)
class Scene:
    """What stand-ins are made of.

    `titles`: of the client's jobs; `post`: how something is posted to us; `folder`: where files are
    exchanged, if anywhere; `requisitions`: what is known of the jobs beforehand.
    """

    world: World
    people: People
    titles: tuple[str, ...]
    post: Post
    folder: Path | None
    requisitions: Path = DATA / "requisitions"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stand-ins and a client's receiver are."""

    settings: Settings
    client: str

    @property
    def vendors(self) -> str:
        """The address of all stand-ins that speak HTTP."""
        return f"http://127.0.0.1:{self.settings.sandbox_port}"

    @property
    def public(self) -> str:
        """The receiver's address."""
        return f"http://{self.settings.reached_at}:{self.settings.receiver_port}"

    @property
    def pages(self) -> str:
        """Where the pages of the client's jobs are."""
        return f"{self.public}/public/jobs/{self.client}"

    def account(
        self, key: str, path: str, secrets: Mapping[str, str] | None = None, **options: str
    ) -> dict[str, Any]:
        """The fields of an account at a stand-in below this path."""
        told: dict[str, Any] = {"base_url": f"{self.vendors}/{path}", "key": key}
        return {**told, "options": options, "secrets": secrets or {}}


@dataclass(frozen=True, slots=True)
class Served:
    """One vendor in the sandbox.

    `account`: the fields of a client's account there. `made`: its stand-in; None if nobody stands
    in for it, or another's does. `counts`: what we ask of it (the kinds of effects), beside the
    name under which the stand-in's own record has it. `letters`: what reaches a person by mail.
    """

    vendor: str
    account: Callable[[Place], dict[str, Any]]
    made: Callable[[Scene], StandIn | None] = lambda _: None
    counts: Mapping[str, str] = field(default_factory=dict)
    letters: tuple[str, ...] = ()
