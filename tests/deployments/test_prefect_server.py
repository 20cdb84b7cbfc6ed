"""What our processes are told about Prefect's server."""

import subprocess
import sys
from pathlib import Path

from deployments import prefect_server
from deployments.settings import Settings
from tests import peers

CLIENT = """
import ssl
made = ssl.create_default_context

def told(*given, **named):
    context = made(*given, **named)
    assert context.verify_mode is ssl.CERT_REQUIRED
    print(len(context.get_ca_certs()))
    return context

from prefect import get_client
ssl.create_default_context = told
get_client(sync_client=True)
"""


def authorities(environment: dict[str, str]) -> int:
    """How many authorities a client of Prefect reads when it is made."""
    done = subprocess.run(
        [sys.executable, "-c", CLIENT],
        env=peers.environment(environment),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return int(done.stdout)


def test_a_client_of_a_server_without_tls_reads_no_authorities(tmp_path: Path) -> None:
    ours = prefect_server.client_environment(Settings(home=tmp_path, prefect_port=4200))

    assert ours["PREFECT_API_URL"].startswith("http://")
    assert authorities(ours) == 0


def test_a_server_of_ones_own_with_tls_is_still_checked(tmp_path: Path) -> None:
    assert authorities({"PREFECT_API_URL": "https://prefect.example/api"}) > 100
