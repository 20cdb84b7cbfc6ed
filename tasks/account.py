"""A client's accounts: one Prefect block type a vendor, made from what the vendor declares.

A block is named CLIENT-VENDOR ("harbor-ashby"). Whoever connects a client fills in that form, with
`fullcycle connect` or in Prefect's interface, and nothing else.
"""

import asyncio
import logging
from abc import ABC
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from types import new_class
from typing import Any, ClassVar, Literal, Self, TypeVar, cast

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from pydantic import ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails

from connectors.access import Access
from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.ledger.store import Ledger
from connectors.oauth import Tokens
from connectors.registry import THEIRS, VENDORS
from connectors.vendor import Setting, Vendor

# Prefect shows this with each account; it can show Python only.
EXAMPLE = "```python\n# nothing to paste; fullcycle doctor CLIENT looks at the account\n```"
SANDBOX: Literal["sandbox"] = "sandbox"  # the mode, unless somebody says another
ACRONYMS = {"api", "dkim", "id", "kms", "sid", "url"}
T = TypeVar("T")
log = logging.getLogger(__name__)


class Account(Block, ABC):
    """One client's account at one vendor: where it is, how we log in, and its settings.

    The vendor's own settings are fields of the block type that `account_type` makes of this.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(hide_input_in_errors=True)
    vendor: ClassVar[Vendor]

    mode: Literal["sandbox", "production"] = Field(
        default=SANDBOX,
        title="Mode",
        description="Sandbox accounts bind nobody. Address, key and mode belong together.",
    )
    base_url: str
    key: SecretStr

    @model_validator(mode="after")
    def _stays_in_its_mode(self) -> Self:
        if wrong := self.vendor.wrong_address(self.mode, self.base_url):
            raise ValueError(wrong)
        return self

    @classmethod
    def filled(
        cls, options: Mapping[str, str] = {}, secrets: Mapping[str, str] = {}, **common: Any
    ) -> Self:
        """An account from settings as its connector names them; raises ValueError."""
        return cls(**common, **cls.fields_of(options, secret=False), **cls.fields_of(secrets))

    @classmethod
    def fields_of(cls, told: Mapping[str, str], *, secret: bool = True) -> dict[str, Any]:
        """The values of fields, from settings as the connector names them."""
        values: dict[str, Any] = {}
        for name, value in told.items():
            before, colon, after = name.partition(":")
            field = _name(cls.vendor, Setting(before + colon, "", secret=secret))
            if colon:
                values.setdefault(field, {})[after] = value
            else:
                values[field] = value
        if unknown := values.keys() - cls.model_fields.keys():
            raise ValueError(f"{cls.vendor.name} has no setting {', '.join(sorted(unknown))}")
        return values

    def access(self) -> Access:
        """The account as its connector takes it; what is empty is not told."""
        return Access(
            base_url=self.base_url or self.vendor.addresses.get(self.mode, ""),
            key=self.key.get_secret_value(),
            mode=self.mode,
            options=dict(self._settings(secret=False)),
            secrets=dict(self._settings(secret=True)),
        )

    def _settings(self, *, secret: bool) -> Iterator[tuple[str, str]]:
        for setting in self.vendor.settings:
            value = getattr(self, _name(self.vendor, setting))
            if setting.secret is not secret or not value:
                continue
            if setting.is_open:
                yield from ((setting.name + name, each) for name, each in value.items())
            else:
                yield setting.name, value.get_secret_value() if secret else value


@cache
def account_type(vendor: str) -> type[Account]:
    """The block type of a vendor's accounts; raises Misconfigured if there is no such vendor."""
    if vendor not in VENDORS:
        known = ", ".join(sorted(VENDORS))
        raise Misconfigured(vendor, f"no such connector; there are: {known}")
    return made_of(VENDORS[vendor])


def made_of(vendor: Vendor) -> type[Account]:
    """Make a vendor's block type: what is common, then each of its settings as a field."""
    fields: dict[str, tuple[Any, Any]] = {
        "base_url": (str, _address(vendor)),
        "key": (SecretStr, _key(vendor)),
        **{_name(vendor, setting): _field(vendor, setting) for setting in vendor.settings},
    }
    about = f"One client's account for {vendor.kind.replace('_', ' ')}."
    body = {
        "__module__": __name__,
        "__doc__": about,
        "__annotations__": {name: kind for name, (kind, _) in fields.items()},
        **{name: field for name, (_, field) in fields.items()},
        "vendor": vendor,
        "_block_type_name": f"{vendor.title} (Fullcycle)",
        "_block_type_slug": f"fullcycle-{vendor.name.replace('_', '-')}",
        "_description": " ".join(filter(None, (about, _named(vendor), *does(vendor)))),
        "_documentation_url": vendor.documents or None,
        "_code_example": EXAMPLE,
    }
    made = new_class(f"{vendor.name}_account", (Account,), exec_body=lambda its: its.update(body))
    return cast("type[Account]", made)


def does(vendor: Vendor) -> Iterator[str]:
    """What we do at a vendor, in sentences."""
    if vendor.reads:
        yield f"Reads {vendor.reads}."
    if vendor.writes:
        yield f"Writes {vendor.writes}."


def _named(vendor: Vendor) -> str:
    name = account_name("CLIENT", vendor.name)
    return f"Name the block {name}, or let `fullcycle connect` ask for the same."


def _name(vendor: Vendor, setting: Setting) -> str:
    """A setting's field: named like it, unless Prefect or a plain setting has that name."""
    name = setting.name.removesuffix(":")
    plain = {each.name for each in vendor.settings if not each.secret}
    if setting.secret and setting.name in plain:
        return f"{name}_secret"
    return f"{name}_setting" if name in {*dir(Account), *Account.model_fields} else name


def _field(vendor: Vendor, setting: Setting) -> tuple[Any, Any]:
    words = setting.name.removesuffix(":").split("_")
    title = " ".join(word.upper() if word in ACRONYMS else word for word in words)
    title = f"{title[0].upper()}{title[1:]}{' (secret)' if setting.secret else ''}"
    about = _sentence(setting.meaning)
    if setting.is_open:
        about += ' Any number, as in {"NAME": "VALUE"}.'
        return dict[str, str], Field(default_factory=dict, title=title, description=about)
    kind = SecretStr if setting.secret else str
    if setting.required:
        return kind, Field(min_length=1, title=title, description=about)
    return kind, Field(default=kind(""), title=title, description=about)


def _address(vendor: Vendor) -> Any:
    modes: dict[str, list[str]] = {}
    for mode, address in vendor.addresses.items():
        modes.setdefault(address, []).append(mode)
    own = ", ".join(f"{address} ({', '.join(its)})" for address, its in modes.items() if address)
    about = f"If empty, {vendor.title}'s own: {own}." if own else ""
    rest = "Whatever else" if own else "Whatever"
    live = f"{rest} is at {vendor.domain} is for production." if vendor.domain else ""
    about = " ".join(filter(None, (about, live, _sentence(vendor.address))))
    if vendor.addresses:
        return Field(default="", title="Address", description=about or "Leave it empty.")
    return Field(min_length=1, title="Address", description=about or "Where its API is.")


def _key(vendor: Vendor) -> Any:
    allowed = f"It must be allowed: {'; '.join(vendor.scopes)}." if vendor.scopes else ""
    about = f"{_sentence(vendor.key) or 'None is needed.'} {allowed}".strip()
    if vendor.key and not vendor.key_optional:
        return Field(min_length=1, title="Key", description=about)
    return Field(default=SecretStr(""), title="Key", description=about)


def _sentence(meaning: str) -> str:
    return f"{meaning[0].upper()}{meaning[1:].removesuffix('.')}." if meaning else ""


def account_name(client: str, vendor: str) -> str:
    """The name of the block that holds a client's account at a vendor."""
    return f"{client}-{vendor}".replace("_", "-")


async def register() -> None:
    """Make or renew every vendor's block type, so that Prefect's interface shows its form.

    One that a package has described wrongly is left out, and the log says so.
    """
    async with get_client() as prefect:
        for vendor in (name for name, each in VENDORS.items() if each.has_account):
            try:
                await account_type(vendor).aregister_type_and_schema(client=prefect)
            except Exception as failure:  # whatever is wrong in somebody else's declaration
                if vendor not in THEIRS:
                    raise
                told = f"{type(failure).__name__}: {failure}"
                log.warning("no form for %s, its package describes it wrongly: %s", vendor, told)


async def stored(client: str, vendor: str) -> dict[str, Any] | None:
    """What an account's block says, right or wrong; None if there is none."""
    slug, name = account_type(vendor).get_block_type_slug(), account_name(client, vendor)
    async with get_client() as prefect:
        try:
            block = await prefect.read_block_document_by_name(name, slug)
        except ObjectNotFound:
            return None
    told = {field: value for field, value in block.data.items() if value is not None}
    return {"mode": SANDBOX, **told}  # Prefect's interface may leave out what nobody changed


async def read(client: str, vendor: str) -> Access | None:
    """A client's account at a vendor, None if there is none; raises Misconfigured."""
    told = await stored(client, vendor)
    return None if told is None else _account(client, vendor, told).access()


async def put(client: str, vendor: str, values: Mapping[str, Any]) -> None:
    """Put values into an account's block, which is made if there is none; raises Misconfigured.

    Be alone with the account meanwhile. Another mode is another account: nothing of what the block
    held is kept.
    """
    kept = await stored(client, vendor) or {}
    if values.get("mode", kept.get("mode")) != kept.get("mode"):
        kept = {}
    account = _account(client, vendor, {**kept, **values})
    await account.save(account_name(client, vendor), overwrite=True)


def _account(client: str, vendor: str, told: Mapping[str, Any]) -> Account:
    if problem := wrong(vendor, told):
        raise Misconfigured(vendor, f"{problem}; {remedy(client, vendor)}")
    return account_type(vendor)(**told)


def wrong(vendor: str, told: Mapping[str, Any]) -> str:
    """What is wrong with what an account's block says; "" if nothing. No value is quoted."""
    kind = account_type(vendor)
    try:
        kind.model_validate(told)
    except ValidationError as failure:
        return "; ".join(_problem(kind, error) for error in failure.errors(include_input=False))
    return ""


def _problem(kind: type[Account], error: ErrorDetails) -> str:
    if not error["loc"]:
        return str(error["ctx"]["error"])
    field = str(error["loc"][0])
    if error["type"] in ("missing", "string_too_short"):
        return f"{field} is missing: {kind.model_fields[field].description}"
    return f"{field}: {error['msg']}"


def remedy(client: str, vendor: str) -> str:
    """How an account is made or mended."""
    return f"`fullcycle connect {client} {vendor}` asks for it"


@dataclass(frozen=True, slots=True)
class BlockKeeper:
    """Keeps an account's OAuth tokens in its block: as key, and as secret `refresh`."""

    ledger: Ledger
    vendor: str

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else changes the account; the lock is the ledger's."""
        with self.ledger.alone(f"account {self.vendor}"):
            yield

    def read(self) -> Tokens:
        """The tokens in the block."""
        access = self._asked(read(self.ledger.client, self.vendor))
        if access is None:
            raise Unavailable(self.vendor, "its account is gone")
        return Tokens(access.key, access.secrets.get("refresh", ""))

    def save(self, tokens: Tokens) -> None:
        """Put tokens into the block, and leave alone whatever else it holds."""
        refresh = account_type(self.vendor).fields_of({"refresh": tokens.refresh})
        self._asked(put(self.ledger.client, self.vendor, {"key": tokens.access, **refresh}))

    def _asked(self, question: Coroutine[Any, Any, T]) -> T:
        """Wait for Prefect on a thread of its own: this may be called where a loop runs."""
        with ThreadPoolExecutor(1) as thread:
            try:
                return thread.submit(copy_context().run, asyncio.run, question).result()
            except ConnectorError:
                raise
            except Exception as failure:  # whatever keeps Prefect from answering
                told = f"account block not reached: {type(failure).__name__}"
                raise Unavailable(self.vendor, told) from None
