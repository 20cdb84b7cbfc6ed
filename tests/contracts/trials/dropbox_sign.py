from deployments.sandbox.dropbox_sign import DropboxSign
from tests.contracts.asked import offers, signing
from tests.contracts.trial import Town, Trial

TRIAL = Trial(
    "dropbox_sign",
    lambda world: DropboxSign(world, Town()),
    offers,
    signing("POST .*/send", "POST .*/cancel", may_be_blank=True),
    lists=("all_signature_requests",),
    spec="dropbox_sign/openapi.yaml",
    served="/v3",
)
