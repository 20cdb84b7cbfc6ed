"""Reference checks. To add a vendor: write its module, add its line."""

from collections.abc import Callable

from connectors.ports import ReferenceChecker
from connectors.references import questionnaire

VENDORS: dict[str, Callable[..., ReferenceChecker]] = {
    "questionnaire": questionnaire.connect,
}
