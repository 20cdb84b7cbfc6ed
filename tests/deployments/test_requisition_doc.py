"""The requisition's page in docs says what the model says."""

from deployments import requisition_doc


def test_the_page_is_the_models_own() -> None:
    written = requisition_doc.PAGE.read_text(encoding="utf-8")

    assert written == requisition_doc.page(), "run: python -m deployments.requisition_doc"
