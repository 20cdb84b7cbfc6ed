"""Document stores. To add one: write its module, add its line.

A client's vault keeps what is not for the public: the same stores, with an account of their own.
"""

from dataclasses import replace

from connectors.documents import filesystem, s3
from connectors.vendor import by_name

VENDORS = by_name(
    filesystem.VENDOR,
    s3.VENDOR,
)
VAULTS = by_name(
    replace(
        filesystem.VENDOR,
        kind="vault",
        name="folder_vault",
        title="Folder (vault)",
        writes="files below one folder, which nothing serves",
        address="empty: nobody reads it there",
        addresses={"production": "", "sandbox": ""},
    ),
    replace(
        s3.VENDOR,
        kind="vault",
        name="s3_vault",
        title="Amazon S3 (vault)",
        writes="objects of one bucket that is closed to the public: put, delete",
    ),
)
