"""Amazon S3, and stores that speak its protocol.

Docs: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
Auth: signature v4 with `options["access_key_id"]` and `key`; without them, boto3's own chain
  (instance role, environment).
Access: `options["bucket"]`, `options["region"]`; `base_url` only for another host than Amazon's;
  `encryption` (AES256, aws:kms) with `kms_key_id`, `lock_days`.
Paging: list-objects-v2, 1000 keys a page.
Limits: 3500 writes a second a prefix, answered with 503 SlowDown; boto3 repeats, then Unavailable.

Quirks
- The same bytes under the same key twice are one object, so a lost answer is simply repeated.
- Objects are encrypted at rest on request: AES256, with S3's own keys, or aws:kms with a key of the
  client's (none named: the account's own `aws/s3`). The public cannot read what KMS encrypts.
- A locked object cannot be changed or removed before its day, but by who may bypass governance:
  Amazon's mode COMPLIANCE would leave nobody who can erase a person. Locks need a bucket made with
  them (and so with versions); removing hides the name, and the version stays until a lifecycle
  rule takes it.
- Without the permission to list, a missing key is answered 403 instead of 404: Misconfigured.
- Whether an address can be read by the public is the bucket's policy, not ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from connectors import deadline, health
from connectors.access import Access
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable
from connectors.health import PROBE, Check
from connectors.ports import DocumentStore
from connectors.vendor import Setting, Vendor

NAME = "s3"
PATIENCE = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard"})
ENCRYPTIONS = ("AES256", "aws:kms")
SET_UP = frozenset({"NoSuchBucket", "PermanentRedirect", "AuthorizationHeaderMalformed"})


def connect(access: Access) -> DocumentStore:
    """Open one bucket; raises Misconfigured for a wrong option."""
    encryption, lock_days = _encryption(access), _lock_days(access)
    bucket, region = access.options["bucket"], access.options["region"]
    client = boto3.client(
        "s3",
        region_name=region,
        endpoint_url=access.base_url or None,
        aws_access_key_id=access.options.get("access_key_id"),
        aws_secret_access_key=access.key or None,
        config=PATIENCE,
    )
    # Right before each attempt leaves, boto3's own repetitions included.
    client.meta.events.register("before-send.s3", lambda **_: deadline.check())
    own_host = f"{access.base_url.rstrip('/')}/{bucket}" if access.base_url else None
    address = own_host or f"https://{bucket}.s3.{region}.amazonaws.com"
    return S3(client, bucket, address, encryption, lock_days)


class S3:
    """The objects of one bucket."""

    def __init__(
        self,
        client: Any,
        bucket: str,
        address: str,
        encryption: Mapping[str, str],
        lock_days: int,
    ) -> None:
        self._client, self._bucket, self._address = client, bucket, address
        self._encryption, self._lock_days = encryption, lock_days

    def put(self, name: str, content: bytes, content_type: str) -> str:
        """Store an object, encrypted at rest and locked if asked for, and return its address."""
        with _named(f"put {name!r}"):
            stored = self._client.put_object(
                Bucket=self._bucket,
                Key=_key(name),
                Body=content,
                ContentType=content_type,
                **self._encryption,
                **self._lock(),
            )
        if not stored.get("ETag"):  # whoever answered, it was not the store
            raise OutcomeUnknown(NAME, f"put {name!r}: answer not understood")
        return f"{self._address}/{quote(name)}"

    def get(self, name: str) -> bytes:
        """Read an object; raises Refused if there is none."""
        with _named(f"get {name!r}"):
            answer = self._client.get_object(Bucket=self._bucket, Key=_key(name))
            content: bytes = answer["Body"].read()
        return content

    def delete(self, name: str) -> None:
        """Remove an object; S3 itself finds nothing wrong with removing what is not there."""
        with _named(f"delete {name!r}"):
            self._client.delete_object(Bucket=self._bucket, Key=_key(name))

    def names(self, prefix: str) -> Sequence[str]:
        """List the keys that begin with a prefix, sorted."""
        pages = self._client.get_paginator("list_objects_v2")
        with _named("list"):
            found = [
                item["Key"]
                for page in pages.paginate(Bucket=self._bucket, Prefix=prefix)
                for item in page.get("Contents", [])
            ]
        return sorted(found)

    def check(self) -> Iterator[Check]:
        """Whether an object can be written, read and removed; where it would be locked, none is."""
        yield health.files(self._probe_locked if self._lock_days else self._probe)

    def _probe(self) -> None:
        self.put(PROBE, b"", "text/plain")
        self.get(PROBE)
        self.delete(PROBE)

    def _probe_locked(self) -> None:
        """List, read what is not there, and begin an object that is given up before it is one."""
        self.names(PROBE)
        with suppress(Refused):
            self.get(PROBE)
        begun = {"Bucket": self._bucket, "Key": PROBE}
        with _named("begin an object"):
            upload = self._client.create_multipart_upload(
                **begun, **self._encryption, **self._lock()
            )
        with _named("give an object up"):
            self._client.abort_multipart_upload(**begun, UploadId=upload["UploadId"])

    def _lock(self) -> dict[str, Any]:
        if not self._lock_days:
            return {}
        until = datetime.now(UTC) + timedelta(days=self._lock_days)
        return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}


def _encryption(access: Access) -> dict[str, str]:
    kind, key_id = access.options.get("encryption", "AES256"), access.options.get("kms_key_id")
    if kind not in ENCRYPTIONS:
        raise Misconfigured(NAME, f"the option 'encryption' is one of {', '.join(ENCRYPTIONS)}")
    if key_id and kind != "aws:kms":
        raise Misconfigured(NAME, "the option 'kms_key_id' goes with the encryption aws:kms")
    return {"ServerSideEncryption": kind} | ({"SSEKMSKeyId": key_id} if key_id else {})


def _lock_days(access: Access) -> int:
    days = access.options.get("lock_days") or "0"
    if not days.isdecimal():
        raise Misconfigured(NAME, "the option 'lock_days' is a whole number of days")
    return int(days)


def _key(name: str) -> str:
    """Hold keys to the rule of files, so that a client can change its store."""
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise Refused(NAME, "a name is a relative path without '..'")
    return name


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as failure:
        raise _error(what, failure) from None
    except NoCredentialsError:
        raise Misconfigured(NAME, f"{what}: no credentials") from None
    except BotoCoreError:
        raise Unavailable(NAME, f"{what}: no answer") from None


def _error(what: str, failure: ClientError) -> Misconfigured | Refused | Unavailable:
    code = failure.response["Error"]["Code"]
    status = failure.response["ResponseMetadata"]["HTTPStatusCode"]
    if status in (401, 403) or code in SET_UP:
        return Misconfigured(NAME, f"{what}: {code}", status=status)
    if status == 429 or status >= 500:
        return Unavailable(NAME, f"{what}: {code}", status=status)
    return Refused(NAME, f"{what}: {code}", status=status)


VENDOR = Vendor(
    kind="documents",
    name=NAME,
    title="Amazon S3",
    documents="https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html",
    reads="objects of one bucket: get, list",
    writes="objects of one bucket: put, delete",
    connect=connect,
    addresses={"production": "", "sandbox": ""},
    address="empty for Amazon, else the other host",
    key="the secret access key; with none, the instance's role or the environment",
    key_optional=True,
    settings=(
        Setting("bucket", "the bucket", required=True),
        Setting("region", "the bucket's region", required=True),
        Setting("access_key_id", "the id of the key"),
        Setting("encryption", "at rest: `AES256` (where nothing is said) or `aws:kms`"),
        Setting("kms_key_id", "the key of `aws:kms`; none: the account's own"),
        Setting("lock_days", "how many days nobody may change or remove what is stored"),
    ),
)
