from deployments.sandbox.docusign import DocuSign
from tests.contracts.asked import offers, signing
from tests.contracts.trial import Town, Trial


class Unhurried(DocuSign):
    """DocuSign, without the quota of half a minute: a trial asks for hours in seconds."""

    calls_per_burst = 1_000_000


TRIAL = Trial(
    "docusign",
    lambda world: Unhurried(world, Town()),
    offers,
    signing("POST .*/envelopes$", "PUT .*/envelopes/"),
    lists=("all_signature_requests",),
    spec="docusign/esignature.v2.1.subset.swagger.json",
    served="/restapi",
    undescribed="/docusign/account/",
)
