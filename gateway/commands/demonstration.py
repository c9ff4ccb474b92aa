"""`frontdesk demo`: a whole company in one folder, prepared once and served at once afterwards."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import msgspec
from rich.console import Console

from gateway import logs
from gateway.app import DESK_KINDS, KINDS, Frontdesk
from gateway.clock import utc_now
from gateway.messages import Value
from gateway.operating import variables
from gateway.processes.listening import bind
from gateway.processes.secret import ensure_folder
from gateway.processes.serving import run
from gateway.settings import Settings, load
from gateway.staff import Role
from gateway.storage.migrate import migrate
from gateway.storage.ownership import owning
from gateway.web.passwords import hash_password

ARTICLES = Path(__file__).parents[2] / "knowledge_base" / "demo"
PASSWORD = "zhuravlyk"  # noqa: S105 — printed at the start; the demo listens on loopback only
HOST = "127.0.0.1"


class DemoPerson(Value, frozen=True, kw_only=True):
    """Somebody who works at the demo company."""

    name: str
    email: str
    roles: frozenset[Role]
    language: str = "uk"


STAFF = (
    DemoPerson(name="Олена", email="olena@zhuravlyk.example", roles=frozenset({Role.AGENT})),
    DemoPerson(name="Taras", email="taras@zhuravlyk.example", roles=frozenset({Role.AGENT}), language="en"),
    DemoPerson(name="Ірина", email="iryna@zhuravlyk.example", roles=frozenset({Role.AGENT, Role.EDITOR})),
)


async def run_demo(folder: Path, port: int, console: Console) -> None:
    """Prepare `folder` where that was not done yet, and serve until told to stop."""
    logs.configure("text")
    listener = bind(HOST, port)
    ensure_folder(folder, "--folder")
    settings = demo_settings(folder, listener.getsockname()[1])
    variables.tell([*variables.of_settings(settings), *variables.of_tables(settings, KINDS, DESK_KINDS)])
    try:
        with owning(settings.database_url):
            await _prepare_and_serve(settings, listener, console)
    finally:
        listener.close()


async def _prepare_and_serve(settings: Settings, listener: socket.socket, console: Console) -> None:
    with console.status("Preparing the database…"):
        await migrate(settings.database_url)
    frontdesk = Frontdesk(settings)
    try:
        await frontdesk.brain.refresh()
        if frontdesk.brain.knowledge.revision is None:
            await frontdesk.brain.import_folder(ARTICLES, console=console)
        await _hire(frontdesk)
        _greet(console, settings)
        await run(frontdesk, listener)
    finally:
        await frontdesk.close()


def demo_settings(folder: Path, port: int, environ: Mapping[str, str] = os.environ) -> Settings:
    """The demo company's settings, kept in `folder`, where channels of your own may be added, and the environment.

    Whatever they say it listens on loopback, and keeps its files in `folder`: its passwords are known to all.
    Raises SettingsError.
    """
    source = folder / "frontdesk.toml"
    if not source.exists():
        source.write_text((ARTICLES / "frontdesk.toml").read_text(encoding="utf-8"), encoding="utf-8")
    settings = load(source, environ)
    return msgspec.structs.replace(
        settings,
        host=HOST,
        port=port,
        api_token=settings.api_token or PASSWORD,
        database_url=environ.get("FRONTDESK_DATABASE_URL") or f"sqlite:///{folder / 'frontdesk.db'}",
        data_dir=str(folder / "var"),
    )


async def _hire(frontdesk: Frontdesk) -> None:
    async with frontdesk.database.read() as view:
        known = {person.email for person in await view.staff.all()}
    missing = [person for person in STAFF if person.email not in known]
    if not missing:
        return
    hashed = hash_password(PASSWORD)
    async with frontdesk.database.write() as work:
        for person in missing:
            await work.staff.add(
                email=person.email,
                name=person.name,
                password_hash=hashed,
                roles=person.roles,
                language=person.language,
                now=utc_now(),
            )
        await frontdesk.seed_canned(work)


def _greet(console: Console, settings: Settings) -> None:
    base = f"http://{settings.host}:{settings.port}"
    lines = [
        "\n[bold]Frontdesk is ready.[/bold]",
        f"  A customer writes at      {base}/",
        f"  Agents answer at          {base}/desk",
        f"  Editors keep articles at  {base}/kb",
        f"  Password of all staff     {PASSWORD}",
        *(f"  Sign in as                {person.email} ({_roles(person)})" for person in STAFF),
        f"  Programs ask at           {base}/api/v1 (described at {base}/schema)",
        *([f"  with the header           Authorization: Bearer {PASSWORD}"] if settings.api_token == PASSWORD else []),
        "  Stop with Ctrl+C.\n",
    ]
    for line in lines:
        console.print(line, soft_wrap=True)


def _roles(person: DemoPerson) -> str:
    return ", ".join(sorted(person.roles))
