"""S3 as moto serves it, over real HTTP."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from connectors import deadline
from connectors.access import Access
from connectors.deadline import TooLate
from connectors.documents import s3
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable
from connectors.ports import DocumentStore

OPTIONS = {"bucket": "harbor", "region": "us-east-1", "access_key_id": "testing"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint: str) -> Iterator[DocumentStore]:
    amazon = _amazon(endpoint)
    amazon.create_bucket(Bucket="harbor")
    yield s3.connect(Access(endpoint, "testing", options=OPTIONS))
    for item in amazon.list_objects_v2(Bucket="harbor").get("Contents", []):
        amazon.delete_object(Bucket="harbor", Key=item["Key"])
    amazon.delete_bucket(Bucket="harbor")


def _amazon(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def test_what_is_put_is_encrypted_typed_and_can_be_got(store: DocumentStore, endpoint: str) -> None:
    address = store.put("letters/Offer 1.txt", b"hello", "text/plain")

    kept = _amazon(endpoint).head_object(Bucket="harbor", Key="letters/Offer 1.txt")
    assert address == f"{endpoint}/harbor/letters/Offer%201.txt"
    assert store.get("letters/Offer 1.txt") == b"hello"
    assert (kept["ServerSideEncryption"], kept["ContentType"]) == ("AES256", "text/plain")


def test_the_same_name_twice_is_one_object(store: DocumentStore) -> None:
    store.put("a.txt", b"one", "text/plain")
    store.put("a.txt", b"two", "text/plain")

    assert (store.get("a.txt"), store.names("")) == (b"two", ["a.txt"])


def test_names_are_read_to_the_last_page(
    store: DocumentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for name in "edcba":
        store.put(f"jobs/{name}.html", b"x", "text/html")

    assert store.names("jobs/") == [f"jobs/{name}.html" for name in "abcde"]
    assert store.names("other/") == []


def test_removing_twice_is_harmless(store: DocumentStore) -> None:
    store.put("a.txt", b"x", "text/plain")
    store.delete("a.txt")
    store.delete("a.txt")

    assert store.names("") == []


def test_what_is_too_late_changes_nothing(store: DocumentStore) -> None:
    store.put("jobs.xml", b"newer", "application/xml")

    with deadline.within(-1):
        with pytest.raises(TooLate):
            store.put("jobs.xml", b"older", "application/xml")
        with pytest.raises(TooLate):
            store.delete("jobs.xml")

    assert store.get("jobs.xml") == b"newer"


def test_a_missing_object_is_refused(store: DocumentStore) -> None:
    with pytest.raises(Refused, match="NoSuchKey"):
        store.get("nobody.txt")


@pytest.mark.parametrize("name", ["../x", "/x", "", "a//b", "a/../b"])
def test_names_follow_the_rule_of_files(store: DocumentStore, name: str) -> None:
    with pytest.raises(Refused):
        store.put(name, b"x", "text/plain")


def test_failures_have_names(endpoint: str) -> None:
    elsewhere = s3.connect(Access(endpoint, "testing", options={**OPTIONS, "bucket": "nobodys"}))
    nowhere = s3.connect(Access("http://127.0.0.1:9", "testing", options=OPTIONS))

    with pytest.raises(Misconfigured, match="NoSuchBucket"):
        elsewhere.get("a.txt")
    with pytest.raises(Unavailable):
        nowhere.get("a.txt")


def test_with_a_key_of_the_clients_it_is_kms_that_encrypts(
    store: DocumentStore, endpoint: str
) -> None:
    options = {**OPTIONS, "encryption": "aws:kms", "kms_key_id": "harbor-key"}
    s3.connect(Access(endpoint, "testing", options=options)).put("a.txt", b"hello", "text/plain")

    kept = _amazon(endpoint).head_object(Bucket="harbor", Key="a.txt")
    assert (kept["ServerSideEncryption"], kept["SSEKMSKeyId"]) == ("aws:kms", "harbor-key")
    assert store.get("a.txt") == b"hello"


@pytest.fixture
def vault(endpoint: str) -> Iterator[str]:
    """A bucket that was made with locks."""
    amazon = _amazon(endpoint)
    amazon.create_bucket(Bucket="vault", ObjectLockEnabledForBucket=True)
    yield "vault"
    for version in amazon.list_object_versions(Bucket="vault").get("Versions", []):
        amazon.delete_object(
            Bucket="vault",
            Key=version["Key"],
            VersionId=version["VersionId"],
            BypassGovernanceRetention=True,
        )


def test_what_is_locked_stays_though_its_name_is_gone(vault: str, endpoint: str) -> None:
    amazon = _amazon(endpoint)
    options = {**OPTIONS, "bucket": vault, "lock_days": "30"}
    locked = s3.connect(Access(endpoint, "testing", options=options))

    locked.put("a.txt", b"hello", "text/plain")
    kept = amazon.head_object(Bucket=vault, Key="a.txt")
    locked.delete("a.txt")

    [version] = amazon.list_object_versions(Bucket=vault)["Versions"]
    assert locked.names("") == []
    assert kept["ObjectLockMode"] == "GOVERNANCE"
    days_left = kept["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(days=29) < days_left <= timedelta(days=30)
    with pytest.raises(ClientError, match="AccessDenied"):
        amazon.delete_object(Bucket=vault, Key="a.txt", VersionId=version["VersionId"])


def test_a_bucket_that_was_made_without_locks_keeps_nothing_unlocked(
    store: DocumentStore, endpoint: str
) -> None:
    locked = s3.connect(Access(endpoint, "testing", options={**OPTIONS, "lock_days": "30"}))

    with pytest.raises(Refused, match="InvalidRequest"):
        locked.put("a.txt", b"hello", "text/plain")

    assert store.names("") == []


def test_a_look_at_a_locked_bucket_leaves_no_version_nobody_may_remove(
    vault: str, endpoint: str
) -> None:
    amazon = _amazon(endpoint)
    options = {**OPTIONS, "bucket": vault, "lock_days": "30"}

    [check] = s3.connect(Access(endpoint, "testing", options=options)).check()

    assert check.wrong == ""
    left = amazon.list_object_versions(Bucket=vault, Prefix="fullcycle")
    assert (left.get("Versions", []), left.get("DeleteMarkers", [])) == ([], [])
    assert amazon.list_multipart_uploads(Bucket=vault).get("Uploads", []) == []


def test_a_look_at_a_bucket_that_locks_nothing_writes_and_removes(store: DocumentStore) -> None:
    [check] = store.check()

    assert (check.wrong, store.names("")) == ("", [])


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"bucket": "nobodys"}, "NoSuchBucket"),
        ({"bucket": "nobodys", "lock_days": "30"}, "NoSuchBucket"),
    ],
)
def test_a_bucket_that_cannot_keep_what_we_give_it_is_told(
    store: DocumentStore, endpoint: str, options: dict[str, str], wrong: str
) -> None:
    [check] = s3.connect(Access(endpoint, "testing", options=OPTIONS | options)).check()

    assert wrong in check.wrong
    assert check.remedy


@pytest.mark.parametrize(
    "wrong",
    [
        {"encryption": "rot13"},
        {"encryption": "AES256", "kms_key_id": "harbor-key"},
        {"lock_days": "a month"},
        {"lock_days": "-1"},
    ],
)
def test_an_option_nobody_knows_is_named_when_connecting(wrong: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match=next(reversed(wrong))):
        s3.connect(Access("", options={**OPTIONS, **wrong}))


class Doorman(BaseHTTPRequestHandler):
    """Whoever stands before the store and answers in its place."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_who_is_not_the_store_has_not_stored_it() -> None:
    server = HTTPServer(("127.0.0.1", 0), Doorman)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    store = s3.connect(Access(f"http://127.0.0.1:{server.server_port}", "k", options=OPTIONS))

    with pytest.raises(OutcomeUnknown):
        store.put("a.txt", b"one", "text/plain")

    server.shutdown()
    server.server_close()
