"""Connect a client: the form of an account at a vendor, walked through in the terminal."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from rich.console import Console

from deployments.accounts import keep
from deployments.errors import DeploymentError
from tasks.account import SANDBOX, Account, account_name, account_type, does, stored
from tasks.desk import Surroundings

HOW = "Enter takes what is in [brackets], - leaves a field empty, @FILE takes what is in a file."


def walk(console: Console, client: str, vendor: str) -> None:
    """Ask for every field of a client's account at a vendor, and save it.

    Where Enter is pressed the account keeps what it has; a secret is neither shown nor echoed.
    Raises DeploymentError when the answers end before the form does; then nothing is saved.
    """
    kind, name = account_type(vendor), account_name(client, vendor)
    kept = asyncio.run(stored(client, vendor))
    about = "a new account" if kept is None else "the account there is"
    form = Form(console, kind, kept or {})
    form.say(f"\n{name}: {about} at {kind.vendor.title} {kind.vendor.documents}".rstrip())
    form.say(" ".join(does(kind.vendor)))
    if kind.vendor.webhooks:
        form.say(f"Its webhooks go to {Surroundings().public_url}/webhooks/{client}/{vendor}")
    form.say(HOW)
    try:
        form.fill()
    except EOFError:
        raise DeploymentError(f"the answers ended before the form: {name} is not saved") from None
    keep(client, vendor, form.filled)
    form.say(f"\n{name} is saved")


@dataclass
class Form:
    """One account's form: what its block has `kept` so far, and what it is `filled` with now."""

    console: Console
    kind: type[Account]
    kept: Mapping[str, Any]
    filled: dict[str, Any] = field(default_factory=dict)

    def fill(self) -> None:
        """Ask for each field until the answer can be right; raises EOFError."""
        for name, described in self.kind.model_fields.items():
            if name == "key" and not self.kind.vendor.key:
                continue
            needed = " (needed)" if described.is_required() else ""
            self.say(f"\n{described.title}{needed}: {described.description}")
            if described.annotation == dict[str, str]:
                self.filled[name] = self._pairs(self.kept.get(name, {}))
                continue
            value = self._answer(name)
            if name not in self.kept or value != self.kept[name]:
                self.filled[name] = value
            if name == "mode" and value != self.kept.get("mode"):
                self.kept = {}  # another mode is another account

    def say(self, line: str, style: str | None = None) -> None:
        """Print a line as it is."""
        self.console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)

    def _answer(self, name: str) -> str:
        annotation = self.kind.model_fields[name].annotation
        hidden, choices = annotation is SecretStr, get_args(annotation)
        standing = self.kept.get(name) or self._usual(name)
        shown = f"[{'as it is' if hidden else standing}] " if standing else ""
        prompt = f"{' or '.join(choices)} {shown}".lstrip() or "> "
        while True:
            typed = self._line(prompt, hidden=hidden)
            try:
                value = self._meant(typed, standing)
                problem = self._problem(name, value)
            except OSError as failure:
                problem = f"{typed[1:]} cannot be read: {failure.strerror}"
            if not problem:
                return value
            self.say(problem, style="red")

    def _pairs(self, kept: Mapping[str, str]) -> dict[str, str]:
        """What is kept, changed by lines NAME=VALUE; an empty value takes the name away."""
        pairs = dict(kept)
        for name, value in pairs.items():
            self.say(f"{name}={value}")
        while typed := self._line("NAME=VALUE, or Enter "):
            name, equals, value = (part.strip() for part in typed.partition("="))
            if name and equals:
                pairs[name] = value
            else:
                self.say("it is NAME=VALUE, with NAME= to take one away", style="red")
        return {name: value for name, value in pairs.items() if value}

    def _usual(self, name: str) -> str:
        if name == "base_url":
            return self.kind.vendor.addresses.get(self._mode, "")
        return SANDBOX if name == "mode" else ""

    @property
    def _mode(self) -> str:
        return str(self.filled.get("mode") or self.kept.get("mode"))

    def _meant(self, typed: str, standing: str) -> str:
        if typed.startswith("@"):
            return Path(typed[1:]).expanduser().read_text(encoding="utf-8").strip()
        return {"": standing, "-": ""}.get(typed, typed)

    def _problem(self, name: str, value: str) -> str:
        described = self.kind.model_fields[name]
        choices = get_args(described.annotation)
        if choices and value not in choices:
            return f"it is {' or '.join(choices)}"
        if described.is_required() and not value:
            return "it is needed"
        return self.kind.vendor.wrong_address(self._mode, value) if name == "base_url" else ""

    def _line(self, prompt: str, *, hidden: bool = False) -> str:
        """One line; only a terminal echoes, so only there it must be kept from doing so."""
        hidden = hidden and sys.stdin.isatty()
        return self.console.input(prompt, markup=False, password=hidden).strip()
