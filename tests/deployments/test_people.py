"""The sandbox's data: its requisitions, its people, and how a city's rows become requisitions."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.records import PayUnit
from connectors.requisition import Requisition
from deployments.sandbox.people import DATA, People, Persona

FILES = sorted((DATA / "requisitions").glob("*.yaml"))
DOCUMENTS: list[dict[str, Any]] = [yaml.safe_load(file.read_text("utf-8")) for file in FILES]
REQUISITIONS = [Requisition.model_validate(document) for document in DOCUMENTS]
STAFF: dict[str, dict[str, str]] = yaml.safe_load((DATA / "staff.yaml").read_text("utf-8"))
SHIPPED = People.load()
LARGE = People.generate(seed=7, applicants=3000, requisitions=DOCUMENTS)
SIZES = pytest.mark.parametrize("people", [SHIPPED, LARGE], ids=["shipped", "3000"])


def willing(persona: Persona) -> bool:
    """Whether somebody strong would carry a requisition to its end."""
    b = persona.behaviour
    good = b.strength >= 0.8 and b.screen == "answers" and b.withdraws_after_days is None
    done = b.offer == "accepts" and b.report == "clear" and b.day_one == "arrives"
    prompt = sum(referee.answers == "prompt" for referee in persona.referees)
    return good and done and prompt >= 2 and all(persona.truth.values()) and bool(persona.emails)


def applying(people: People, code: str) -> list[Persona]:
    """Everybody whose first application is for a requisition."""
    return [persona for persona in people.all() if persona.applications[0].requisition == code]


def share(people: People, matches: list[Persona]) -> float:
    """The share of everybody."""
    return len(matches) / len(people.all())


def test_requisitions_cover_the_places_and_kinds_of_pay_the_demo_shows() -> None:
    codes = {place.code for requisition in REQUISITIONS for place in requisition.places}
    assert codes == {"US-CA", "US-NY-NYC", "US-WA", "US-CO", "US-IL", "CA-ON"}
    assert {r.pay.unit for r in REQUISITIONS if r.pay} == {PayUnit.YEAR, PayUnit.HOUR}
    assert [r.code for r in REQUISITIONS if any(p.remote for p in r.places)] == ["HARBOR-6"]
    assert all(r.benefits and r.source and r.business_reason for r in REQUISITIONS)


@pytest.mark.parametrize("requisition", REQUISITIONS, ids=[r.code for r in REQUISITIONS])
def test_everyone_a_requisition_names_is_on_the_staff(requisition: Requisition) -> None:
    interviewers = [person for round in requisition.rounds for person in round.interviewers]
    for person in (requisition.hiring_manager, requisition.requested_by, *interviewers):
        assert STAFF[person.email]["name"] == person.name


def test_the_staff_has_every_role() -> None:
    roles = "approver hiring_manager compliance_reviewer hr payroll_owner recruiter interviewer"
    assert {person["role"] for person in STAFF.values()} == set(roles.split())
    assert all(email.endswith("@harborworks.example") for email in STAFF)


def test_the_shipped_people_are_what_their_seed_gives(tmp_path: Path) -> None:
    made = People.generate(seed=7, applicants=320, requisitions=DOCUMENTS)
    made.save(tmp_path / "made.jsonl")
    assert (tmp_path / "made.jsonl").read_bytes() == (DATA / "applicants.jsonl").read_bytes()
    assert made.all() == SHIPPED.all()


def test_another_seed_gives_other_people() -> None:
    other = People.generate(seed=8, applicants=320, requisitions=DOCUMENTS)
    assert [persona.name for persona in other.all()] != [p.name for p in SHIPPED.all()]


@SIZES
def test_every_opening_can_be_filled(people: People) -> None:
    for requisition in REQUISITIONS:
        good = [persona for persona in applying(people, requisition.code) if willing(persona)]
        assert len(good) >= requisition.headcount + 3
        assert len(good) >= 8 or requisition.headcount < 3


@SIZES
def test_each_trouble_befalls_exactly_one_of_the_strongest(people: People) -> None:
    strong = [p.behaviour for p in people.all() if p.behaviour.strength >= 0.84]
    assert sum(b.report == "consider_adverse" for b in strong) == 1
    assert sum(b.report == "consider_cleared" for b in strong) == 1
    assert sum(b.day_one == "no_show" for b in strong) == 1
    assert sum(p.behaviour.pay_error for p in people.all()) == 1
    paid_wrong = next(p for p in people.all() if p.behaviour.pay_error)
    assert willing(paid_wrong)
    assert paid_wrong.applications[0].requisition != "HARBOR-8"


@SIZES
def test_the_mess_comes_in_its_shares(people: People) -> None:
    everybody = people.all()
    twice = [p for p in everybody if len(p.applications) > len(_codes(p))]
    two = [p for p in everybody if len(_codes(p)) > 1]
    malformed = [p for p in everybody if sum(c.isdecimal() for c in p.phones[0]) < 10]
    late = [p for p in everybody if p.applications[0].day >= 40]
    assert share(people, twice) == pytest.approx(0.08, abs=0.01)
    assert share(people, two) == pytest.approx(0.06, abs=0.01)
    assert share(people, [p for p in everybody if not p.emails]) == pytest.approx(0.03, abs=0.01)
    assert 0.03 < share(people, malformed) <= 0.07
    assert share(people, late) == pytest.approx(0.04, abs=0.01)
    silent = [p for p in everybody if p.behaviour.screen == "silent"]
    assert share(people, silent) == pytest.approx(0.08, abs=0.01)


def _codes(persona: Persona) -> set[str]:
    return {apply.requisition for apply in persona.applications}


@SIZES
def test_who_is_not_late_applies_within_eighteen_days(people: People) -> None:
    days = {apply.day for persona in people.all() for apply in persona.applications}
    assert {day for day in days if day < 40} <= set(range(19))


@SIZES
def test_about_two_thirds_come_through_indeed(people: People) -> None:
    vias = [apply.via for persona in people.all() for apply in persona.applications]
    assert vias.count("indeed") / len(vias) == pytest.approx(0.65, abs=0.06)


@SIZES
def test_a_resume_names_what_shows_a_must_have_exactly_if_it_is_met(people: People) -> None:
    musts = {f"{r.code}:{must.id}": must for r in REQUISITIONS for must in r.must_haves}
    for persona in people.all():
        text = persona.resume_text or json.dumps(persona.resume_json, ensure_ascii=False)
        for key, met in persona.truth.items():
            words = musts[key].words
            assert not words or any(word in text for word in words) is met


@SIZES
def test_resumes_are_half_text_and_half_objects(people: People) -> None:
    assert all(bool(p.resume_text) != bool(p.resume_json) for p in people.all())
    texts = [p for p in people.all() if p.resume_text]
    assert share(people, texts) == pytest.approx(0.5, abs=0.06)


@SIZES
def test_everybody_is_found_by_every_address_they_applied_with(people: People) -> None:
    for persona in people.all():
        for apply in persona.applications:
            if apply.email:
                assert people.by_email(apply.email.upper()) is persona
    assert people.by_email("nobody@mail.example") is None


@SIZES
def test_the_cast_is_found_by_name_and_a_shared_name_finds_nobody(people: People) -> None:
    names = [persona.name for persona in people.all()]
    for persona in people.all():
        if persona.behaviour.strength >= 0.84:
            assert people.by_name(persona.name) is persona
    shared = next(name for name in names if names.count(name) > 1)
    assert people.by_name(shared) is None


@SIZES
def test_a_referee_is_found_after_the_one_who_named_them(people: People) -> None:
    for persona in people.all():
        for referee in persona.referees:
            assert people.referee_by_email(referee.email) == (persona, referee)


def test_all_addresses_are_reserved_ones() -> None:
    for persona in SHIPPED.all():
        addresses = [apply.email for apply in persona.applications if apply.email]
        addresses += [*persona.emails, *(referee.email for referee in persona.referees)]
        assert all(address.casefold().endswith(".example") for address in addresses)


def test_no_two_people_share_a_telephone_number() -> None:
    american = [_digits(p.phones[0]) for p in LARGE.all() if "555" in p.phones[0]]
    whole = [number for number in american if len(number) == 10]
    assert len(set(whole)) == len(whole) > 2000


def _digits(phone: str) -> str:
    return "".join(c for c in phone if c in "0123456789").removeprefix("1")


def test_the_map_of_the_city_names_only_columns_the_city_has() -> None:
    with (DATA / "nyc_jobs.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    fields = yaml.safe_load((DATA / "nyc_jobs.map.yaml").read_text("utf-8"))["fields"]
    assert set(_columns(list(fields.values()))) <= set(header)


def _columns(fields: list[Any]) -> list[str]:
    found: list[str] = []
    for field in fields:
        spec: dict[str, Any] = {"column": field} if isinstance(field, str) else field
        found += [spec["column"]] if "column" in spec else _columns(spec["join"])
    return found
