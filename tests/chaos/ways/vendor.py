"""An order at Checkr as one writes it first: create the candidate, then invite them."""

from typing import Any

import requests

from tests.chaos.ways.job import ANSWERED, BEFORE_SENDING, Job

AUTH = ("sandbox-checkr", "")
PLACE = {"country": "US", "state": "NY", "city": "New York"}


def order_check(job: Job, application: str) -> str:
    """Order one check; returns the invitation's id. Raises requests.RequestException."""
    person = {"email": f"{application}@example.test", "custom_id": application}
    candidate = _post(job, "/v1/candidates", person, f"{application}:candidate")
    invitation = {"candidate_id": candidate, "package": "pro", "work_locations": [PLACE]}
    job.passes(BEFORE_SENDING, application)
    made = _post(job, "/v1/invitations", invitation, f"{application}:invitation")
    job.passes(ANSWERED, application)
    return made


def _post(job: Job, path: str, body: dict[str, Any], key: str) -> str:
    headers = {"Idempotency-Key": key} if job.keyed else {}
    answer = requests.post(job.vendor + path, json=body, headers=headers, auth=AUTH, timeout=10)
    answer.raise_for_status()
    return str(answer.json()["id"])
