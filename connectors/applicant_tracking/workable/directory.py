"""What hardly ever changes at Workable, and is read once: pipelines, members and reasons.

10 requests in 10 seconds are few, and a connector is opened anew for each run.
"""

from collections.abc import Mapping
from functools import cache

from connectors.applicant_tracking.workable.rows import NAME, Row, meaning, meanings, slug
from connectors.applicant_tracking.workable.spi import Spi
from connectors.errors import Misconfigured
from connectors.http import segment
from connectors.payload import Payload, items
from connectors.records import RejectApplication, TrackerStage


class Directory:
    """One client's set-up, and what its options say of it."""

    def __init__(self, spi: Spi, options: Mapping[str, str]) -> None:
        self._spi, self.options, self.meanings = spi, options, meanings(options)
        self.pipeline = cache(self._read_pipeline)
        self.members = cache(self._read_members)
        self._reasons = cache(self._read_reasons)

    def member(self) -> str:
        """In whose name we write; raises Misconfigured."""
        if (told := self.options["member_id"]) not in self.members():
            raise Misconfigured(NAME, "'member_id' is no active member")
        return told

    def stage(self, job_ref: str, wanted: TrackerStage) -> str:
        """The slug of the first stage of a job's pipeline with a meaning; raises Misconfigured."""
        for stage, means in self.pipeline(job_ref):
            if means is wanted:
                return stage
        raise Misconfigured(NAME, f"no stage of the pipeline of {job_ref} means {wanted}")

    def reason(self, request: RejectApplication) -> str:
        """The disqualification reason that our reason code means; raises Misconfigured."""
        text = self.options.get(f"reason:{request.reason}", request.reason)
        for ref, told, withdrew in self._reasons():
            if withdrew == request.by_candidate and slug(told) == slug(text):
                return ref
        no_such = f"no disqualification reason means {request.reason!r}: add an option"
        raise Misconfigured(NAME, no_such)

    def ended_by(self, reason: object) -> Row:
        """Whether those withdrew who are out for a reason; nothing if it does not tell."""
        told = {withdrew for _, text, withdrew in self._reasons() if text == reason}
        return {"withdrew": told.pop()} if len(told) == 1 else {}

    def _read_pipeline(self, job_ref: str) -> list[tuple[str, TrackerStage | None]]:
        """The stages of a job's pipeline in their order, by slug and, if we know it, meaning."""
        told = []
        for row in self._spi.all(f"/jobs/{segment(job_ref)}/stages", "stages"):
            stage = Payload(NAME, row)
            means = meaning(stage.take("name", str), stage.take("kind", str), self.meanings)
            told.append((stage.take("position", int), stage.take("slug", str), means))
        return [(stage, means) for _, stage, means in sorted(told, key=lambda each: each[0])]

    def _read_members(self) -> dict[str, str]:
        """Every member's e-mail address by their id."""
        members = [Payload(NAME, row) for row in self._spi.all("/members", "members")]
        return {each.take("id", str): each.maybe("email", str) or "" for each in members}

    def _read_reasons(self) -> list[tuple[str, str, bool]]:
        """Every disqualification reason: its id, its text, and whether the candidate withdrew."""
        return [
            (
                reason.take("id", str),
                reason.take("description", str),
                reason.take("candidate_withdrew", bool),
            )
            for reason in items(NAME, self._spi.one("/disqualification_reasons"))
        ]
