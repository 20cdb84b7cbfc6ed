"""Prefect's server as we run it: its settings, its start and whether it answers.

Why these settings: retention is off by default for runs and too long for events; unbatched
recorders cost three times the processor; leases in memory keep a killed run's slot for ever;
without a key from outside, the key to the secrets lies in the database beside them.
"""

import base64
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deployments.settings import Settings, kept

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
SERVER = {
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P3D",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "P30D",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "50",
}


def url(settings: Settings) -> str:
    """The server's address, which is also its user interface."""
    return f"http://{settings.reached_at}:{settings.prefect_port}"


def client_environment(settings: Settings) -> dict[str, str]:
    """What a process needs to run flows against this server; set before Prefect is imported."""
    login = settings.api_login
    return {
        **QUIET,
        **({"PREFECT_API_AUTH_STRING": login} if login else {}),
        "PREFECT_HOME": str(_home(settings)),
        # Each of Prefect's clients, four a run, makes a TLS context, also to speak plain http as
        # here: from all authorities of the world that takes 25 ms of the processor, from one 0.3.
        "PREFECT_API_SSL_CERT_FILE": str(_authorities(settings)),
        "PREFECT_API_URL": f"{url(settings)}/api",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    }


def server_environment(settings: Settings) -> dict[str, str]:
    """What the server itself needs; several that share a database are told of it outside."""
    login = settings.api_login
    return {
        **client_environment(settings),
        **{name: os.environ.get(name, ours) for name, ours in SERVER.items()},
        **({"PREFECT_SERVER_API_AUTH_STRING": login} if login else {}),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": settings.prefect_database_url or "",
        "PREFECT_SERVER_ENCRYPTION_KEY": kept(
            settings.home / "prefect-encryption-key", lambda: Fernet.generate_key().decode()
        ),
    }


def command(settings: Settings) -> list[str]:
    """How the server is started; it runs in the foreground."""
    at = ["--host", str(settings.host), "--port", str(settings.prefect_port)]
    return [sys.executable, "-m", "prefect", "server", "start", *at]


def ready(settings: Settings) -> bool:
    """Whether the server answers."""
    try:
        with urlopen(f"{url(settings)}/api/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def serving(settings: Settings, since: datetime) -> bool:
    """Whether a process has asked the server for runs of our deployments since an instant."""
    look = Request(
        f"{url(settings)}/api/deployments/filter",
        b'{"limit": 1}',
        {"Content-Type": "application/json", **_login(settings)},
    )
    try:
        with urlopen(look, timeout=5) as answer:
            asked_at = [deployment["last_polled"] for deployment in json.load(answer)]
    except (URLError, OSError):
        return False
    return any(at and datetime.fromisoformat(at) > since for at in asked_at)


def _login(settings: Settings) -> dict[str, str]:
    login = settings.api_login
    if login is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def _authorities(settings: Settings) -> Path:
    """Whom to believe about a server of ours, which speaks no TLS: nobody.

    Prefect takes no empty file, so it holds a certificate whose key is thrown away.
    """
    path = settings.home / "prefect-authorities.pem"
    kept(path, _nobody)
    return path


def _nobody() -> str:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    certificate = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _home(settings: Settings) -> Path:
    home = settings.home / "prefect"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home
