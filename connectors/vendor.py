"""A vendor as whoever connects a client meets it: how it is opened, and what its account needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from connectors.access import Access
from connectors.errors import Misconfigured
from connectors.records import Application
from connectors.webhook import Event

Need = Literal["answers", "documents", "ledger", "links", "messenger", "now", "vault"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing an account says about itself, in `options` or, if it is secret, in `secrets`.

    A name that ends in a colon begins many: `stage:` stands for `stage:take_home_test` and so on.
    """

    name: str
    meaning: str
    required: bool = False
    secret: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is the beginning of names that the client's own vendor account gives."""
        return self.name.endswith(":")


@dataclass(frozen=True, slots=True)
class Handshake:
    """How a vendor's first post is answered, which brings the secret of all others.

    `read` gives the subscription and its token, and raises Unreadable. `confirm` asks the vendor,
    whether both are its own, and raises ConnectorError.
    """

    read: Callable[[bytes], tuple[str, str]]
    confirm: Callable[[Access, str, str], None]


@dataclass(frozen=True, slots=True)
class Sender:
    """How one vendor signs and says what it sends to our receiver.

    `verify`: the body, the headers and the secret; also our address, as the vendor has it, if
    `address` names the setting that says it, because it is signed too. `field`: the form field
    that holds the event, where the body is a form. `signs_with_key`: the account's key signs unless
    the secret `webhook` is set. `thanks`: the answer it insists on, of the type `thanks_type`.
    `challenge`: what a new address is asked to echo. `echo`: the header of the vendor's first post
    that it wants back; such a post tells nothing else. `reads_headers`: the headers tell of the
    event, too, and are signed.
    """

    verify: Callable[..., bool]
    read: Callable[..., Event]
    field: str = ""
    signs_with_key: bool = False
    thanks: str = ""
    challenge: str = ""
    echo: str = ""
    reads_headers: bool = False
    thanks_type: str = "text/plain"
    address: str = ""
    handshake: Handshake | None = None

    def secret(self, account: Access) -> str:
        """What signs for this account; "" if nothing does."""
        return account.secrets.get("webhook") or (account.key if self.signs_with_key else "")

    def signed(self, raw: bytes, headers: Mapping[str, str], account: Access) -> bool:
        """Whether the account has signed this; one without a secret signs nothing."""
        secret = self.secret(account)
        address = (account.options.get(self.address, ""),) if self.address else ()
        return bool(secret) and self.verify(raw, headers, secret, *address)

    def event(self, raw: bytes, headers: Mapping[str, str]) -> Event:
        """What a post that was signed says; raises Unreadable."""
        return self.read(raw, headers) if self.reads_headers else self.read(raw)


@dataclass(frozen=True, slots=True)
class Deliverer:
    """How a vendor itself brings applications, to our receiver's /VENDOR/CLIENT/apply.

    `verify`: the body, the headers and the account's key. `read` gives the application that a body
    is. `set_apart` gives a body without the voluntary self-identification, and the answers to that,
    which nobody who decides may see. Both raise Unreadable.
    """

    verify: Callable[[bytes, Mapping[str, str], str], bool]
    read: Callable[[bytes], Application]
    set_apart: Callable[[bytes], tuple[str, Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor of a kind, such as `background_checks`.

    `documents`: its own. `reads` and `writes`: what we do there, in the vendor's words.
    `connect` takes the account, and by their names the client's own things it `needs` beside it:
    the messenger, the document store, the vault (None: there is none), our signed links and the
    answers to them, the ledger, and what says which instant it is.
    `addresses`: the vendor's, by mode; "" if it needs none; in a mode that is not there it is the
    client's own. `domain`: whatever is there, but for the sandbox's address, acts for real; "" if
    the host does not tell, as with what the client runs itself. `address`: what else is to say of
    it. `key`: what the key is; "" if there is none; an account may do without it where it is
    `key_optional`. `scopes`: what the key must be allowed, in the vendor's words. `deliverer`: if
    it brings applications itself. `reports_new_hires`: a payroll that tells the states of new hires
    itself. `has_account`: whether a client has an account there at all.
    """

    kind: str
    name: str
    title: str
    documents: str
    connect: Callable[..., Any]
    needs: tuple[Need, ...] = ()
    reads: str = ""
    writes: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""
    address: str = ""
    key: str = ""
    key_optional: bool = False
    settings: tuple[Setting, ...] = ()
    scopes: tuple[str, ...] = ()
    webhooks: Sender | None = None
    deliverer: Deliverer | None = None
    reports_new_hires: bool = False
    has_account: bool = True

    def open(self, account: Access, **beside: Any) -> Any:
        """The system of this account; raises Misconfigured.

        The failure names every setting that it lacks, or the mode that its address is not of.
        """
        if lacking := self.lacking(account):
            raise Misconfigured(self.name, f"missing: {lacking}; see `fullcycle connect`")
        if wrong := self.wrong_address(account.mode, account.base_url):
            raise Misconfigured(self.name, wrong)
        return self.connect(account, **beside)

    def lacking(self, account: Access) -> str:
        """The required settings that an account does not have, each with its meaning."""
        return "; ".join(
            f"{setting.name} ({setting.meaning})"
            for setting in self.settings
            if setting.required
            and not (account.secrets if setting.secret else account.options).get(setting.name)
        )

    def wrong_address(self, mode: str, address: str) -> str:
        """Why an account of this mode cannot be at this address; "" if it can.

        At another mode's address an order meant as a trial would be a real one. Any address that is
        not the vendor's own may be a stand-in's.
        """
        if not address and mode not in self.addresses:
            return f"{self.title} has no address of its own in mode {mode}: say where it is"
        modes = self._modes_of(_host(address))
        if not modes or mode in modes:
            return ""
        return (
            f"{address} is {self.title}'s address for the mode {modes[0]}, not for {mode}:"
            " change one of them; each mode has a key of its own"
        )

    def _modes_of(self, host: str) -> list[str]:
        """The modes that a host is of; none, if it is not the vendor's."""
        modes = [mode for mode, its in self.addresses.items() if host and _host(its) == host]
        if modes or not self.domain or not f".{host}".endswith(f".{self.domain}"):
            return modes
        return ["production"]


def further(system: str, access: Access, setting: str, own: str) -> str:
    """Where a second API of a vendor is: what the setting says, or its own, which acts for real.

    Raises Misconfigured if an account of a sandbox would act there.
    """
    address = access.options.get(setting) or own
    if access.mode != "production" and _host(address) == _host(own):
        told = f"{own} acts for real, and the account's mode is {access.mode}"
        raise Misconfigured(system, f"{told}: give another address as {setting!r}")
    return address


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").rstrip(".")


def by_name(*vendors: Vendor) -> dict[str, Vendor]:
    """Vendors by their names."""
    return {vendor.name: vendor for vendor in vendors}
