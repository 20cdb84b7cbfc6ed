"""What it takes to reach one client's account at one vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.oauth import Keeper


@dataclass(frozen=True, slots=True)
class Access:
    """Host, credentials and settings of one account; host, key and mode belong together.

    `options` holds what is neither secret nor common: a company id, a location's id, stage names.
    `secrets` holds further secrets by name (`webhook`, `refresh`, `client`). `keeper` keeps the
    tokens of an account whose key is an access token with a refresh token.
    """

    base_url: str
    key: str = field(repr=False, default="")
    mode: str = "sandbox"
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(repr=False, default_factory=dict)
    keeper: Keeper | None = field(repr=False, default=None)
