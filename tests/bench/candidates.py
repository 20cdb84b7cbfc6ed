"""Candidates as Greenhouse's Harvest v3 tells them, 2.8 KB each, kept as the bytes it answers."""

import json
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

FIRST_ID = 40_000_001
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OPENED = datetime(2021, 1, 4, tzinfo=UTC)
LAST_EDIT = datetime(2026, 10, 1, tzinfo=UTC)  # what is touched is newer
BETWEEN_TOUCHES = timedelta(hours=1)
DELETED = -1

GIVEN = ("Amélie", "Björn", "Chiamaka", "Dmytro", "Élodie", "Fátima", "Grace", "Håkon", "İpek")
FAMILY = ("Okonkwo", "Müller", "Nguyễn", "Łukasiewicz", "García", "陈", "O’Brien", "Šimić", "Sørby")
COMPANIES = ("Harbor Freight Forwarding", "Brightwater Health", "Kestrel & Søn", "Norrland Energi")
TITLES = ("Registered Nurse", "Warehouse Lead", "Payroll Accountant", "Site Reliability Engineer")
PLACES = ("Main Street, Sacramento, CA", "Rue de la République, Lyon", "Storgata, Tromsø")
ZONES = ("Eastern Time (US & Canada)", "Pacific Time (US & Canada)", "Paris", None)
TAGS = ("referral", "rehire", "relocates", "night shift", "bilingual", "silver medalist")
TEXT = """
kept ledgers trained newcomers closed the month within three days of its end while a team moved
offices handled returns naïve façade résumé shifts rota stock audit clients wrote first draft would
not be filled again last employer told that post looked after night reports sales Tromsø payroll
"""
WORDS = TEXT.split()


class Candidates:
    """All candidates of one account, the same for the same seed; ids ascend without a gap."""

    def __init__(self, number: int, seed: int) -> None:
        """Make so many: in memory, about 2.9 KB each."""
        random = Random(seed)
        step = (LAST_EDIT - OPENED) / number
        self.records: list[bytes] = []
        self.updated = array("q")  # milliseconds since 1970, or DELETED
        self._touches = 0
        for index in range(number):
            record = _candidate(random, index, OPENED + step * index)
            self.records.append(_told(record))
            self.updated.append(milliseconds(datetime.fromisoformat(record["updated_at"])))

    def newest_first(self, before: int, low: int, high: int) -> Iterator[int]:
        """Indexes below `before`, descending, of those updated in [low, high) milliseconds."""
        updated = self.updated
        return (index for index in range(before - 1, -1, -1) if low <= updated[index] < high)

    def touch(self, share: float) -> int:
        """Give this share a new title, each a millisecond after the last; how many."""
        self._touches += 1
        now = LAST_EDIT + self._touches * BETWEEN_TOUCHES
        chosen = self._chosen(share)
        for nth, index in enumerate(chosen):
            moment = now + timedelta(milliseconds=nth)
            record = json.loads(self.records[index])
            record |= {"title": f"Promoted {self._touches}", "updated_at": _iso(moment)}
            self.records[index] = _told(record)
            self.updated[index] = milliseconds(moment)
        return len(chosen)

    def delete(self, share: float) -> int:
        """Forget this share; how many."""
        self._touches += 1
        chosen = self._chosen(share)
        for index in chosen:
            self.updated[index] = DELETED
        return len(chosen)

    def _chosen(self, share: float) -> list[int]:
        """Every so manieth of those who are there, other ones each time."""
        if share <= 0:
            return []
        present = [index for index, updated in enumerate(self.updated) if updated != DELETED]
        step = round(1 / share)
        return present[self._touches % step :: step]


def milliseconds(moment: datetime) -> int:
    """Since 1970, rounded down."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def _candidate(random: Random, index: int, created: datetime) -> dict[str, Any]:
    given, family, company = random.choice(GIVEN), random.choice(FAMILY), random.choice(COMPANIES)
    edited = created + (LAST_EDIT - created) * random.random()
    place = f"{random.randrange(1, 400)} {random.choice(PLACES)}"
    return {
        "id": FIRST_ID + index,
        "created_at": _iso(created),
        "updated_at": _iso(edited),
        "first_name": given,
        "last_name": f"{family}-{index}",
        "preferred_name": given[:3] if index % 5 == 0 else None,
        "company": company,
        "title": random.choice(TITLES),
        "last_activity_at": _iso(created + (edited - created) / 2),
        "private": index % 50 == 0,
        "can_email": index % 7 != 0,
        "time_zone": random.choice(ZONES),
        "tags": random.sample(TAGS, index % 4),
        "linked_user_ids": [7_000 + index % 90] if index % 20 == 0 else [],
        "phone_numbers": [{"value": f"+1 415 {5_550_000 + index}", "type": "mobile"}],
        "addresses": [{"value": place, "type": "home"}],
        "email_addresses": [
            {"value": f"candidate.{index}@mail.example", "type": "personal"},
            {"value": f"candidate.{index}@work.example", "type": "work"},
        ],
        "website_addresses": [
            {"value": f"https://people.example/{index}", "type": "portfolio"},
        ],
        "social_media_addresses": [{"value": f"https://social.example/in/{index}"}],
        "custom_fields": {
            "desired_salary": _field(
                "Desired salary",
                "currency",
                {"amount": f"{random.randrange(40, 220)}000.0", "unit": "USD"},
            ),
            "notice_period_days": _field("Notice period", "number", random.randrange(0, 90)),
            "willing_to_relocate": _field("Willing to relocate", "yes_no", index % 3 == 0),
            "earliest_start": _field("Earliest start", "date", created.date().isoformat()),
            "work_authorization": _field("Work authorization", "single_select", "Citizen"),
            "languages": _field("Languages", "multi_select", ["English", "Français", "Norsk"]),
            "referred_by": _field("Referred by", "user", {"user_id": 7_000 + index % 90}),
            "summary": _field("Summary", "long_text", _text(random, 140)),
            "recruiter_notes": _field("Recruiter’s notes", "long_text", _text(random, 58)),
        },
    }


def _field(name: str, kind: str, value: object) -> dict[str, object]:
    return {"name": name, "type": kind, "value": value}


def _text(random: Random, words: int) -> str:
    return " ".join(random.choices(WORDS, k=words))
