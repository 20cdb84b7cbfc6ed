"""A worker that a disturbance starts, and kills: `python -m tests.chaos.worker`.

It serves the nightly sync alone, and is given the instant to work at. Served sweeps would be run at
instants of their own whenever a webhook comes, and so move people earlier than undisturbed.
"""

from prefect import serve

from deployments.serve import deployments, end_what_was_cut_off
from deployments.settings import Settings

SERVED = "nightly-sync"


def main() -> None:
    """Serve until killed."""
    end_what_was_cut_off()
    chosen = [each for each in deployments(Settings()) if each.name == SERVED]
    serve(*chosen, pause_on_shutdown=False, print_starting_message=False)


if __name__ == "__main__":
    main()
