"""Our certificate, shown to a vendor that asks its clients for one (mutual TLS).

Python's own TLS reads certificates from files alone. So the two texts are in a file for as long as
that takes: one that nobody else may read, and that is gone before the first request.
"""

import ssl
from datetime import UTC, datetime, timedelta
from tempfile import NamedTemporaryFile

from cryptography.x509 import load_pem_x509_certificate

from connectors.errors import Misconfigured
from connectors.health import Check

ALARM = timedelta(days=30)


def shown(system: str, certificate: str, private_key: str) -> ssl.SSLContext:
    """Make a context that shows a certificate (PEM) and proves that its private key is ours.

    Raises Misconfigured if they are no PEM, or do not belong together.
    """
    context = ssl.create_default_context()
    with NamedTemporaryFile("w", encoding="ascii", suffix=".pem") as file:  # mode 0600
        try:
            file.write(f"{certificate.strip()}\n{private_key.strip()}\n")
            file.flush()
            context.load_cert_chain(file.name, password="")  # one with a passphrase is refused
        except (ValueError, OSError):
            told = "the secrets 'certificate' and 'private_key' are no PEM that belongs together"
            raise Misconfigured(system, told) from None
    return context


def lasting(certificate: str, now: datetime) -> Check:
    """Whether a certificate lasts for some time yet; whoever issued it issues the next."""
    ends = load_pem_x509_certificate(certificate.encode()).not_valid_after_utc.astimezone(UTC)
    wrong = f"ends on {ends:%Y-%m-%d}" if ends - now < ALARM else ""
    return Check("certificate", wrong, "have it renewed, and put the new one into the account")
