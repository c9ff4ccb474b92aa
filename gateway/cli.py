"""The `frontdesk` command. Each subcommand reads the settings, builds what it needs, and says what it did.

Exit codes: 0 done, 1 refused with reasons (a bad folder, an unknown article), 2 a setting or the
environment is wrong.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway import logs
from gateway.errors import FrontdeskError, SettingsError, StorageUnavailable
from gateway.settings import Settings, load
from gateway.staff import Role

app = typer.Typer(
    help="A chatbot-first messenger gateway.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console(stderr=True, highlight=False)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="FRONTDESK_CONFIG", help="Settings file; frontdesk.toml when not given."),
]


def main() -> None:
    """The console script: runs a subcommand, turns our errors into one line and an exit code."""
    try:
        app()
    except (SettingsError, StorageUnavailable) as error:
        print(f"frontdesk: {error}", file=sys.stderr)
        sys.exit(2)
    except FrontdeskError as error:
        print(f"frontdesk: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _settings(config: Path | None, *, level: int = logging.WARNING) -> Settings:
    """The settings, with logs set up: a command says what it did itself, so only warnings are logged."""
    settings = load(config)
    logs.configure(settings.log_format, level=level)
    return settings


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Run the gateway: channels, bot, desk, editor."""
    from gateway import serving

    settings = _settings(config, level=logging.INFO)
    asyncio.run(serving.serve(settings, host=host or settings.host, port=settings.port if port is None else port))


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its database and files.")] = Path("demo"),
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Run a demo company with its knowledge base; no tokens, no servers."""
    from gateway import demonstration

    asyncio.run(demonstration.run_demo(folder, port, console))


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database to the newest schema."""
    from gateway.storage.migrate import migrate as run

    settings = _settings(config)
    asyncio.run(run(settings.database_url))
    console.print("The database is up to date.")


@app.command(name="import")
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Folder of Markdown articles.")],
    config: ConfigOption = None,
    prune: Annotated[bool, typer.Option(help="Archive articles that the folder does not have.")] = False,
) -> None:
    """Take a folder of articles into the knowledge base, publish it and train."""
    from gateway import knowledge_commands

    code = asyncio.run(knowledge_commands.import_folder(_settings(config), folder, prune=prune, console=console))
    raise typer.Exit(code)


@app.command(name="export")
def export_folder(
    folder: Annotated[Path, typer.Argument(help="Folder to write Markdown articles into.")],
    config: ConfigOption = None,
) -> None:
    """Write the knowledge base as a folder of Markdown articles."""
    from gateway import knowledge_commands

    code = asyncio.run(knowledge_commands.export_folder(_settings(config), folder, console=console))
    raise typer.Exit(code)


@app.command()
def train(config: ConfigOption = None) -> None:
    """Train the bot anew from the published knowledge base."""
    from gateway import knowledge_commands

    asyncio.run(knowledge_commands.train(_settings(config), console=console))


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="A question; - reads one a line from standard input.")],
    config: ConfigOption = None,
    lang: Annotated[str | None, typer.Option(help="Answer in this language: uk, ru or en.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """What would the bot answer?"""
    from gateway import knowledge_commands

    asyncio.run(knowledge_commands.ask(_settings(config), text, lang, as_json=as_json))


@app.command(name="add-staff")
def add_staff(
    email: str,
    name: Annotated[str, typer.Option(help="Name that customers and colleagues see.")],
    role: Annotated[list[Role], typer.Option(help="agent, editor, supervisor or operator; may be repeated.")],
    config: ConfigOption = None,
    language: Annotated[str, typer.Option(help="Language of their screens: uk, ru or en.")] = "uk",
) -> None:
    """Add somebody who signs in. The password is asked for, or read from FRONTDESK_PASSWORD."""
    from gateway import staff_commands

    password = os.environ.get("FRONTDESK_PASSWORD") or typer.prompt(
        "Password", hide_input=True, confirmation_prompt=True
    )
    asyncio.run(
        staff_commands.add(
            _settings(config), email=email, name=name, roles=frozenset(role), password=password, language=language
        )
    )
    console.print(f"{name} may sign in as {email}.")


@app.command()
def check(config: ConfigOption = None) -> None:
    """Check the settings, the channels and the database without serving."""
    from gateway import serving

    asyncio.run(serving.check(_settings(config)))
    console.print("Settings, channels and database are in order.")
