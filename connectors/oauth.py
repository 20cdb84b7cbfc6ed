"""OAuth 2.0 bearer tokens."""

import requests
from requests.auth import AuthBase


class Bearer(AuthBase):
    """An access token that somebody else keeps valid."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Show the token."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
