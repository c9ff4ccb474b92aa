"""The subcommands about people: who signs in, and what is stored of a customer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.terminal import ConfigOption, console, settings_of
from gateway.staff import Role

WhoArgument = Annotated[
    str, typer.Argument(metavar="WHO", help="A contact's number, channel:address, a phone or an e-mail address.")
]


def add_staff(
    email: str,
    name: Annotated[str, typer.Option(help="Name that customers and colleagues see.")],
    role: Annotated[list[Role], typer.Option(help="agent, editor, reviewer, supervisor or operator; may be repeated.")],
    config: ConfigOption = None,
    language: Annotated[str, typer.Option(help="Language of their screens: uk, ru or en.")] = "uk",
) -> None:
    """Add somebody who signs in. The password is asked for, or read from FRONTDESK_PASSWORD."""
    from gateway.commands import staff as staff_commands

    password = os.environ.get("FRONTDESK_PASSWORD") or typer.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    asyncio.run(
        staff_commands.add(
            settings_of(config), email=email, name=name, roles=frozenset(role), password=password, language=language
        )
    )
    console.print(f"{name} may sign in as {email}.")


def change_staff(
    email: str,
    config: ConfigOption = None,
    role: Annotated[
        list[Role] | None,
        typer.Option(help="What they are from now on instead: agent, editor, reviewer, supervisor or operator."),
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether they may sign in; their words stay.")
    ] = None,
) -> None:
    """Change what somebody may do; also while it is served. Conversations of who is no agent any more wait again."""
    from gateway.commands import staff as staff_commands

    roles = frozenset(role) if role else None
    staff, given = asyncio.run(staff_commands.change(settings_of(config), email=email, roles=roles, active=active))
    may = f"is {', '.join(sorted(staff.roles))}" if staff.active else "may not sign in"
    console.print(f"{staff.name} {may}. Conversations back in the queue: {given}.", soft_wrap=True)


def export_person(
    who: WhoArgument,
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The zip archive to write.")],
    config: ConfigOption = None,
) -> None:
    """Write everything that is stored of a customer, their files too, into one archive."""
    from gateway.commands import privacy as privacy_commands

    privacy_commands.export(settings_of(config), who, target, console=console)


def erase(
    who: WhoArgument,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
) -> None:
    """Erase a customer everywhere, with all conversations, calls and files; also while it is served."""
    from gateway.commands import privacy as privacy_commands

    settings = settings_of(config)
    if not yes:
        typer.confirm(f"Erase everything of {who}? Nothing brings it back", abort=True)
    privacy_commands.erase(settings, who, console=console)
