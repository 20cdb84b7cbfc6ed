from deployments.sandbox.docusign import DocuSign
from tests.contracts.asked import offers, signing
from tests.contracts.trial import Town, Trial

TRIAL = Trial(
    "docusign",
    lambda world: DocuSign(world, Town()),
    offers,
    signing("POST .*/envelopes$", "PUT .*/envelopes/"),
    lists=("all_signature_requests",),
    spec="docusign/esignature.v2.1.subset.swagger.json",
    served="/restapi",
    undescribed="/docusign/account/",
)
