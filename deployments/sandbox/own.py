"""What a client has of its own, for which nobody stands in: files, forms and letters."""

from deployments.sandbox.served import Served

GOOGLE = Served(
    "google_for_jobs",
    lambda at: {
        "base_url": f"{at.public}/public",
        "options": {"prefix": at.client, "apply_url": f"{at.pages}/apply"},
    },
)
SCREENER = Served(
    "manual_screening",
    lambda at: {
        "options": {
            "client": at.client,
            "screener": "Harbor Screening",
            "person": "Grace Okafor",
            "person_email": "screening@harborworks.example",
        }
    },
    letters=("background.order", "background.cancel", "background.adverse"),
)
QUESTIONNAIRE = Served(
    "questionnaire",
    lambda at: {"options": {"client": at.client}},
    letters=("references.ask",),
)
VAULT = Served("folder_vault", lambda at: {"options": {"root": str(at.settings.home / "vault")}})
DOCUMENTS = Served(
    "filesystem",
    lambda at: {
        "base_url": f"{at.public}/public",
        "options": {"root": str(at.settings.home / "documents")},
    },
)
