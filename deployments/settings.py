"""Where this installation lives and listens: every FULLCYCLE_* setting, and what its home keeps.

What is not told is chosen once and remembered in the home directory: free ports in `ports.json`,
secrets in files which only their owner can read.
"""

import json
import os
import secrets
import socket
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Self
from zlib import crc32

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_extra_types.timezone_name import TimeZoneName
from pydantic_settings import BaseSettings, SettingsConfigDict

from deployments.errors import DeploymentError

PREFIX = "FULLCYCLE_"
PORTS = ("prefect_port", "receiver_port", "sandbox_port", "smtp_port", "imap_port")
DATABASES = ("database_url", "admin_database_url", "prefect_database_url")
CHOOSE_FROM = range(20_000, 30_000)  # below what systems hand out to outgoing connections


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


def _user_and_password(auth: SecretStr) -> SecretStr:
    user, _, password = auth.get_secret_value().partition(":")
    if not user or not password:
        raise ValueError("write it like user:password")
    return auth


ApiAuth = Annotated[SecretStr, AfterValidator(_user_and_password)]
Port = Annotated[int, Field(gt=0, lt=65_536)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """What a deployment may be told from outside, each as FULLCYCLE_<NAME>.

    Without `database_url` an embedded PostgreSQL is run under `home`. With it, the two other
    databases are needed too: the ledger as its owner (migrations), and Prefect's own.
    `time_zone` is the provider's, in which the schedules are meant. `settling_seconds`: how long a
    vendor may still be at work on a request whose answer was lost. `host`: the address on which
    Prefect and the receiver listen; beyond this machine only with `api_auth`, the "user:password"
    that Prefect then asks of everyone. `alert_webhook`, `alert_email` (by way of `alert_smtp`):
    where alarms are sent. `dask`: on which cores clients are carried side by side, "local" or a
    scheduler's address.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,  # it holds secrets
    )

    home: AbsolutePath = Path(".fullcycle")
    database_url: str | None = None
    admin_database_url: str | None = None
    prefect_database_url: str | None = None
    host: IPv4Address = IPv4Address("127.0.0.1")
    api_auth: ApiAuth | None = None
    prefect_port: Port | None = None
    receiver_port: Port | None = None
    sandbox_port: Port | None = None
    smtp_port: Port | None = None
    imap_port: Port | None = None
    secret: SecretStr | None = None
    time_zone: TimeZoneName = TimeZoneName("UTC")
    clock_file: AbsolutePath | None = None
    public_url: str | None = None
    settling_seconds: Annotated[float, Field(gt=0)] = 60.0
    alert_webhook: SecretStr | None = None
    alert_email: str | None = None
    alert_smtp: SecretStr | None = None
    dask: str | None = None

    @model_validator(mode="after")
    def _mail_with_its_server(self) -> Self:
        if bool(self.alert_email) != bool(self.alert_smtp):
            names = f"{_variable('alert_email')} and {_variable('alert_smtp')}"
            raise ValueError(f"{names} are set together: who is told, and by which mail server")
        return self

    @model_validator(mode="after")
    def _all_databases_or_none(self) -> Self:
        told = [name for name in DATABASES if getattr(self, name)]
        if told and len(told) < len(DATABASES):
            missing = ", ".join(_variable(name) for name in DATABASES if name not in told)
            raise ValueError(f"a database of your own also needs {missing}")
        return self

    @model_validator(mode="after")
    def _open_to_nobody_unknown(self) -> Self:
        if not self.host.is_loopback and self.api_auth is None:
            raise ValueError(
                f"listening on {self.host}, Prefect would do what anybody on the network says;"
                f" set {_variable('api_auth')} to user:password"
            )
        return self

    @property
    def reached_at(self) -> str:
        """The address at which this machine reaches what listens on `host`."""
        return "127.0.0.1" if self.host.is_unspecified else str(self.host)

    @property
    def api_login(self) -> str | None:
        """The "user:password" that Prefect's API asks for; None: it asks for nothing."""
        return self.api_auth.get_secret_value() if self.api_auth else None

    @property
    def link_secret(self) -> str:
        """The secret that signs candidates' links."""
        if self.secret:
            return self.secret.get_secret_value()
        return kept(self.home / "secret", secrets.token_urlsafe)

    def environment(self) -> dict[str, str]:
        """These settings as environment variables, for a process that shall have the same."""
        told = {name: getattr(self, name) for name in type(self).model_fields}
        told |= {"secret": self.link_secret, "api_auth": self.api_login}
        if self.receiver_port and not self.public_url:
            told["public_url"] = f"http://{self.reached_at}:{self.receiver_port}"
        return {_variable(name): _plain(value) for name, value in told.items() if value is not None}


def with_ports(settings: Settings) -> Settings:
    """Settle every port: as told, else as remembered, else free now.

    Raises DeploymentError when a port that was told is taken. To be asked before listening only.
    """
    memory = settings.home / "ports.json"
    remembered = json.loads(memory.read_text()) if memory.exists() else {}
    chosen: dict[str, int] = {}
    for name in PORTS:
        told: int | None = getattr(settings, name)
        if told and not _free(told):
            raise DeploymentError(f"port {told} is in use; set {_variable(name)} to a free one")
        chosen[name] = told or _choose(settings.home, remembered.get(name), set(chosen.values()))
    memory.write_text(json.dumps(chosen))
    return settings.model_copy(update=chosen)


def kept(path: Path, make: Callable[[], str]) -> str:
    """Read a secret that is made once, and readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make())
        try:
            os.link(draft, path)  # never over one that another process has just made
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _choose(home: Path, remembered: int | None, taken: set[int]) -> int:
    """Take the remembered port if it is free, else a free one; each home begins elsewhere."""
    first = crc32(bytes(home)) % len(CHOOSE_FROM)
    candidates: list[int] = [*CHOOSE_FROM[first:], *CHOOSE_FROM[:first]]
    if remembered:
        candidates.insert(0, remembered)
    return next(port for port in candidates if port not in taken and _free(port))
