"""An offer as the definition of an envelope: all scalars are strings."""

import base64
from typing import Any

from connectors.records import SendOffer
from connectors.signatures.docusign.rows import APPLICATION, KEY, OFFER

LONGEST_SUBJECT = 100


def definition(request: SendOffer, transaction: str, days: int) -> dict[str, Any]:
    """The letter, a page to sign on, and its one signer; it ends so many days after it is sent."""
    page = f"{request.title}\n\nSignature and date of {request.signer_name}:\n"
    on_page = {"documentId": "2", "pageNumber": "1", "xPosition": "100"}
    return {
        "status": "sent",
        "transactionId": transaction,
        "emailSubject": request.title[:LONGEST_SUBJECT],
        "documents": [
            _document("1", "Offer", request.letter),
            _document("2", "Signature", page),
        ],
        "recipients": {
            "signers": [
                {
                    "recipientId": "1",
                    "routingOrder": "1",
                    "name": request.signer_name,
                    "email": request.signer_email,
                    "tabs": {
                        "signHereTabs": [{**on_page, "yPosition": "220"}],
                        "dateSignedTabs": [{**on_page, "yPosition": "300"}],
                    },
                }
            ]
        },
        "customFields": {
            "textCustomFields": [
                _field(KEY, transaction),
                _field(APPLICATION, request.application_key),
                _field(OFFER, request.offer_hash),
            ]
        },
        "notification": {
            "useAccountDefaults": "false",
            "reminders": {"reminderEnabled": "false"},
            "expirations": {"expireEnabled": "true", "expireAfter": str(days), "expireWarn": "0"},
        },
    }


def _document(id: str, name: str, text: str) -> dict[str, str]:
    content = base64.b64encode(text.encode()).decode()
    return {"documentId": id, "name": name, "fileExtension": "txt", "documentBase64": content}


def _field(name: str, value: str) -> dict[str, str]:
    """A custom field that nobody sees who sends an envelope by hand."""
    return {"name": name, "value": value, "show": "false", "required": "false"}
