"""A background check that nobody has begun is called off when its application ends, once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from connectors.ledger.scope import Scope
from deployments.sandbox.checkr import Checkr
from tasks.decide import end
from tasks.deliver import carry_out
from tasks.observe import observe
from tests.flows.test_reconcile import Office, office
from tests.tasks.test_breaker import Vendor
from tests.tasks.test_reconcile import DAY, HOUR, books

assert books, office  # fixtures


@dataclass
class Checked:
    """Ann, whose check is ordered, and who fills in the form when a test says so."""

    office: Office
    key: str
    order_ref: str

    @property
    def vendor(self) -> Checkr:
        vendor: Checkr = self.office.vendor(Checkr)
        return vendor

    @property
    def invitation(self) -> dict[str, Any]:
        return self.vendor._rows["invitation"][self.order_ref]

    def sweep(self) -> None:
        """Observe, end and deliver."""
        scope = Scope(self.office.desk.client)
        carry_out(self.office.desk, scope, self.office.now, unsettled_only=True)
        observe.fn("checkr", scope, self.office.now)
        end.fn(scope, self.office.now)
        carry_out(self.office.desk, scope, self.office.now)

    def fills_in(self) -> None:
        self.vendor._complete(self.invitation)

    def ends(self) -> None:
        self.office.books.ends(self.key, "WITHDRAWN")

    def called_off(self) -> list[tuple[str, str]]:
        """The effects that call a check off: their states, and what went wrong."""
        rows = self.office.books._query(
            "SELECT state, error FROM effect WHERE kind = 'background.cancel'"
        )
        return [(row.state, row.error or "") for row in rows]


@pytest.fixture
def ann(office: Office) -> Checked:
    systems: Any = office.desk.systems
    systems["smtp"] = Vendor()
    return Checked(office, *office.orders("ann"))


def test_while_the_application_is_open_it_stands(ann: Checked) -> None:
    ann.sweep()

    assert ann.called_off() == []
    assert ann.invitation["deleted_at"] is None


def test_an_order_that_nobody_has_filled_in_is_called_off_once(ann: Checked) -> None:
    ann.sweep()
    ann.ends()

    ann.sweep()
    ann.office.later(timedelta(hours=1))
    ann.sweep()
    ann.fills_in()

    assert ann.called_off() == [("done", "")]
    assert ann.vendor.received["cancellations"] == [ann.order_ref]
    assert "reports" not in ann.vendor.received


def test_a_lost_answer_calls_nothing_off_twice(ann: Checked) -> None:
    ann.ends()
    lost = {"vendor": "checkr", "match": "DELETE", "faults": ["drop_after"]}
    ann.office.sandbox.faults.append(lost)

    ann.sweep()
    ann.office.later(HOUR)
    ann.sweep()

    assert ann.called_off() == [("done", "")]
    assert len(ann.vendor.received["cancellations"]) == 1


def test_a_check_that_is_under_way_is_let_be(ann: Checked) -> None:
    ann.fills_in()
    ann.sweep()
    ann.ends()

    ann.sweep()

    assert ann.called_off() == []


def test_whoever_was_quicker_with_the_form_has_a_person_look(ann: Checked) -> None:
    ann.sweep()
    ann.ends()
    ann.fills_in()

    ann.sweep()

    ((state, error),) = ann.called_off()
    assert state == "dead"
    assert "the candidate has filled in the form" in error


def test_what_has_expired_meanwhile_needs_no_calling_off(ann: Checked) -> None:
    ann.sweep()
    ann.ends()
    ann.vendor._expire(ann.invitation)

    ann.sweep()

    assert ann.called_off() == [("done", "")]
    assert "cancellations" not in ann.vendor.received


def test_an_order_of_months_ago_is_let_be(ann: Checked) -> None:
    ann.vendor._complete = lambda _: None  # type: ignore[method-assign, assignment]
    ann.office.later(60 * DAY)
    ann.ends()

    ann.sweep()

    assert ann.called_off() == []
