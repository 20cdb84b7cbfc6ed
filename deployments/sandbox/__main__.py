"""Run the stand-ins: `python -m deployments.sandbox`, on the settings' ports, in their home."""

import json
import os
import signal
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import yaml

from deployments.sandbox import outgoing, vendors
from deployments.sandbox.correspondents import Correspondents, open_page, send_form
from deployments.sandbox.mail import Mail
from deployments.sandbox.outgoing import patient
from deployments.sandbox.people import DATA, SHIPPED, People
from deployments.sandbox.postman import CLIENT, Postman
from deployments.sandbox.served import Scene
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from deployments.settings import Settings

DEFAULT = {
    "seed": 7,
    "start": "2026-09-08T13:00:00+00:00",
    "applicants": 0,
    "fault_rate": 0.0,
    "webhooks": 0.0,
    "patience": 0.0,
}


def plan_path(home: Path) -> Path:
    """Where the simulation's plan is kept.

    seed, start, applicants, fault rate, share of webhooks that misbehave, and people's patience.
    """
    return home / "sandbox" / "plan.json"


def main() -> None:
    """Serve until told to stop; the journal in the home makes a restart remember everything."""
    settings = Settings()
    folder = settings.home / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    path = plan_path(settings.home)
    plan = {**DEFAULT, **(json.loads(path.read_text()) if path.exists() else {})}
    sandbox, mail = build(plan, folder / "journal.jsonl", settings.receiver_port)
    if settings.public_url:
        sandbox.subscribe(f"{settings.public_url}/webhooks/{CLIENT}")
    mail.start(sandbox, settings.smtp_port or 0, settings.imap_port or 0)
    sandbox.start(settings.sandbox_port or 0)
    if clock := settings.clock_file:
        sandbox.world.on_tick = lambda now: write_clock(clock, now)
        write_clock(clock, sandbox.world.now)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    mail.stop()
    sandbox.stop()
    os._exit(0)


def write_clock(path: Path, now: datetime) -> None:
    """Tell everyone who reads this staging clock what time it is, in one step."""
    draft = path.with_suffix(".next")
    draft.write_text(now.isoformat())
    draft.replace(path)


def build(
    plan: Mapping[str, object], journal: Path | None, receiver_port: int | None
) -> tuple[Sandbox, Mail]:
    """The whole sandbox: one world, its people, every stand-in; webhooks if there is a receiver."""
    world = World(int(str(plan["seed"])), datetime.fromisoformat(str(plan["start"])))
    people = _people(int(str(plan["seed"])), int(str(plan["applicants"])))
    staff = yaml.safe_load((DATA / "staff.yaml").read_text(encoding="utf-8"))
    roles = {email: str(person["role"]) for email, person in staff.items()}
    patience = float(str(plan["patience"]))
    post, get = patient(send_form, patience), patient(open_page, patience)
    mail = Mail(world, Correspondents(world, people, roles, post, get))
    folder = journal.parent / "handover" if journal else None
    scene = Scene(world, people, _titles(), patient(outgoing.post, patience), folder)
    made = (each.made(scene) for each in vendors.ALL)
    stand_ins = [mail, *(stand_in for stand_in in made if stand_in)]
    postman = None
    if receiver_port:
        address = f"http://127.0.0.1:{receiver_port}/webhooks/{CLIENT}"
        postman = Postman(world, address, float(str(plan["webhooks"])))
    sandbox = Sandbox(world, stand_ins, journal, float(str(plan["fault_rate"])), postman)
    return sandbox, mail


def _titles() -> tuple[str, ...]:
    """The job titles of the requisitions, which the client has in its list."""
    files = sorted((DATA / "requisitions").glob("*.yaml"))
    found = [yaml.safe_load(path.read_text(encoding="utf-8"))["title"] for path in files]
    return tuple(str(title) for title in found)


def _people(seed: int, applicants: int) -> People:
    """The shipped people, or as many others as were asked for."""
    if not applicants:
        return People.load(SHIPPED)
    files = sorted((DATA / "requisitions").glob("*.yaml"))
    requisitions = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    return People.generate(seed, applicants, requisitions)


if __name__ == "__main__":
    main()
