"""The JWT bearer grant (RFC 7523): a signed assertion is worth an access token of an hour.

Documents: https://developers.docusign.com/platform/auth/jwt/
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.errors import Misconfigured, OutcomeUnknown, Unavailable
from connectors.http import Api, RefusedReply
from connectors.payload import Payload

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = ("signature", "impersonation")
LIFE_SECONDS = 600  # of an assertion: the token is asked for at once
CONSENT = (
    "the user has not consented: let them open /oauth/auth of the account server once, with the"
    " integration key as client_id and the scopes 'signature impersonation'"
)
WRONG = "no token: check the account's key, 'integration_key', 'user_id' and 'auth_url'"


@dataclass(frozen=True, slots=True)
class Grant:
    """Who asks, in whose name: `client` is the integration key, `user` a user's id.

    `key`: the RSA private key in PEM. `api`: the account server, which is also the audience.
    """

    api: Api
    client: str
    user: str
    key: str = field(repr=False)
    now: Callable[[], float] = time.time

    def token(self) -> str:
        """Ask for an access token; raises Misconfigured, Unavailable: nothing else was done."""
        asked = {"grant_type": GRANT_TYPE, "assertion": self._assertion()}
        try:
            return self.api.write("POST", "/oauth/token", reading=self._token, data=asked)
        except OutcomeUnknown as lost:
            raise Unavailable(self.api.system, f"no token: {lost.what}") from None
        except (RefusedReply, Misconfigured) as refusal:
            told = CONSENT if _says_consent(refusal) else WRONG
            raise Misconfigured(self.api.system, told, status=refusal.status) from None

    def _token(self, body: Any) -> str:
        return Payload(self.api.system, body).take("access_token", str)

    def _assertion(self) -> str:
        issued = int(self.now())
        claims = {
            "iss": self.client,
            "sub": self.user,
            "aud": urlsplit(self.api.base_url).netloc,
            "iat": issued,
            "exp": issued + LIFE_SECONDS,
            "scope": " ".join(SCOPES),
        }
        signed = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        signature = self._private_key().sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_base64url(signature)}"

    def _private_key(self) -> RSAPrivateKey:
        try:
            key = load_pem_private_key(self.key.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise Misconfigured(self.api.system, "the account's key is no RSA private key in PEM")
        return key


def _says_consent(refusal: RefusedReply | Misconfigured) -> bool:
    body = refusal.body if isinstance(refusal, RefusedReply) else None
    return isinstance(body, dict) and body.get("error") == "consent_required"


def _encoded(part: dict[str, Any]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
