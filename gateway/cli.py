"""The `frontdesk` command. Each subcommand reads the settings, builds what it needs, and says what it did.

Exit codes: 0 done, 1 refused with reasons (a bad folder, an unknown article), 2 a setting or the
environment is wrong.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from gateway import logs
from gateway.commands import people as cli_people
from gateway.commands.terminal import ConfigOption, console, settings_of
from gateway.errors import FrontdeskError, SettingsError, StorageUnavailable
from gateway.processes.roles import ProcessRole, require_room
from gateway.settings import Settings

app = typer.Typer(
    help="A chatbot-first messenger gateway.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that share the port.")] = None,
    role: Annotated[ProcessRole | None, typer.Option(help="What the processes do.")] = None,
) -> None:
    """Run the gateway: channels, bot, desk, editor. A SQLite database is served by one process only."""
    from gateway.processes import supervisor, worker

    given = {"host": host, "port": port, "workers": workers, "role": role}

    def load_again() -> Settings:
        changes = {name: value for name, value in given.items() if value is not None}
        return msgspec.structs.replace(settings_of(config, serving=True), **changes)

    settings = load_again()
    require_room(settings)
    if settings.workers > 1:
        raise typer.Exit(asyncio.run(supervisor.supervise(settings, load_again)))
    from gateway.storage.ownership import owning

    with owning(settings.database_url):
        worker.serve(settings)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its database and files.")] = Path("demo"),
    port: Annotated[int, typer.Option(min=0, max=65535, envvar="FRONTDESK_PORT", help="Port to listen on.")] = 8000,
) -> None:
    """Run a demo company with its knowledge base; no tokens, no servers."""
    from gateway.commands import demonstration

    asyncio.run(demonstration.run_demo(folder, port, console))


@app.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database to the newest schema. Not while a SQLite database is served."""
    from gateway.commands import storage as storage_commands

    asyncio.run(storage_commands.bring_up_to_date(settings_of(config)))
    console.print("The database is up to date.")


@app.command(name="copy-database")
def copy_database(
    source: Annotated[str, typer.Argument(metavar="FROM", help="URL of the database to copy.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="URL of an empty database of either kind.")],
) -> None:
    """Copy everything from one database to another, as from SQLite to PostgreSQL.

    Passwords are better in PGPASSWORD or ~/.pgpass than in a URL. TO must not be served; FROM may be, but
    what is said meanwhile is not in the copy: stop it for the real move.
    """
    from gateway.commands import storage as storage_commands

    logs.configure("text", level=logging.WARNING)
    asyncio.run(storage_commands.copy(source, target, console=console, out=Console(highlight=False)))


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="File to write, or a folder for a file named by the time.")],
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option(help="Replace the file where there is one.")] = False,
) -> None:
    """Write SQLite's database, the uploaded files and the secret into one file; also while it is served.

    The file lets its reader in everywhere: keep it as safe as the database.
    """
    from gateway.commands import storage as storage_commands

    storage_commands.backup(settings_of(config), target, force=force, console=console)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `frontdesk backup` wrote.")],
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option(help="Replace the database that is there; it is kept, renamed.")] = False,
) -> None:
    """Put everything back to what a backup holds. Not while the database is served."""
    from gateway.commands import storage as storage_commands

    storage_commands.restore(settings_of(config), source, force=force, console=console)


@app.command(name="import")
def import_folder(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR|FILE", help="Folder of Markdown articles, or a .csv, .xlsx, .zip, .yml file.")
    ],
    config: ConfigOption = None,
    prune: Annotated[bool, typer.Option(help="Archive articles that the folder or file does not have.")] = False,
) -> None:
    """Take articles into the knowledge base, publish it and train; also while it is served."""
    from gateway.commands import knowledge as knowledge_commands

    code = asyncio.run(knowledge_commands.import_folder(settings_of(config), folder, prune=prune, console=console))
    raise typer.Exit(code)


@app.command(name="export")
def export_folder(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR|FILE", help="Folder for Markdown articles, or a .csv, .xlsx or .zip file.")
    ],
    config: ConfigOption = None,
) -> None:
    """Write the knowledge base as a folder of Markdown articles, a table or an archive."""
    from gateway.commands import knowledge as knowledge_commands

    code = asyncio.run(knowledge_commands.export_folder(settings_of(config), folder, console=console))
    raise typer.Exit(code)


@app.command()
def train(config: ConfigOption = None) -> None:
    """Train the bot anew from the published knowledge base; also while it is served."""
    from gateway.commands import knowledge as knowledge_commands

    asyncio.run(knowledge_commands.train(settings_of(config), console=console))


@app.command()
def evaluate(
    source: Annotated[
        Path | None,
        typer.Argument(help="Folder of articles, Rasa's nlu.yml, or CSV; without one, what is published."),
    ] = None,
    config: ConfigOption = None,
    test: Annotated[Path | None, typer.Option(help="Ask the questions of this nlu.yml, CSV or TSV.")] = None,
    folds: Annotated[int, typer.Option(help="Parts to cross-validate in, where no --test is given.")] = 5,
    precision: Annotated[float, typer.Option(help="Share of the answers that must be right.")] = 0.95,
    out: Annotated[Path, typer.Option(help="Folder for evaluation.html and evaluation.json.")] = Path(),
) -> None:
    """How well is it understood? Writes a report with accuracy, the dial, confusions and their causes."""
    from gateway.commands import evaluation as evaluation_commands

    evaluation_commands.evaluate(
        settings_of(config), source, test=test, folds=folds, precision=precision, out=out, console=console
    )


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="A question; - reads one a line from standard input.")],
    config: ConfigOption = None,
    lang: Annotated[str | None, typer.Option(help="Answer in this language: uk, ru or en.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """What would the bot answer?"""
    from gateway.commands import knowledge as knowledge_commands

    asyncio.run(knowledge_commands.ask(settings_of(config), text, lang, as_json=as_json))


app.command(name="add-staff")(cli_people.add_staff)
app.command(name="change-staff")(cli_people.change_staff)
app.command(name="export-person")(cli_people.export_person)
app.command()(cli_people.erase)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Check the settings, the channels and the database without serving."""
    from gateway.processes import serving

    asyncio.run(serving.check(settings_of(config)))
    console.print("Settings, channels and database are in order.")


@app.command()
def channels(
    kind: Annotated[str | None, typer.Argument(help="One kind, question by question.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """What kinds of channels there are, and what each does and does not do."""
    from gateway.commands import channels as channel_commands
    from gateway.registry import kinds_of

    channel_commands.show_kinds(kinds_of("bots"), kind, as_json=as_json, out=Console(highlight=False))


@app.command(name="new-channel")
def new_channel(
    name: Annotated[str, typer.Argument(help="Name of the new kind, as viber or our_app.")],
    root: Annotated[Path, typer.Option(help="The source tree of Frontdesk.")] = Path(),
) -> None:
    """Begin a new kind of channel in a source tree: files that work at once, to be made the platform's own."""
    from gateway.commands import channels as channel_commands

    channel_commands.begin(root, name, Console(highlight=False))


@app.command()
def doctor(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Look at everything an installation needs and say what to mend; also while it is served.

    Asks platforms about their tokens and webhooks. Exit code 1 where something does not work.
    """
    from gateway.commands import doctor as doctor_commands

    logs.configure("text", level=logging.ERROR)
    raise typer.Exit(asyncio.run(doctor_commands.look(config, as_json=as_json, out=Console(highlight=False))))


rasa = typer.Typer(help="The knowledge base as a Rasa project, and back.", no_args_is_help=True)
app.add_typer(rasa, name="rasa")


@rasa.command(name="export")
def rasa_export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write the project into.")],
    config: ConfigOption = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder of articles; without one, what is published.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Only this language: uk, ru or en; without one, one assistant for all.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="How long Rasa's classifier is trained.")] = 100,
) -> None:
    """Write the knowledge base as a Rasa project, ready for `rasa train`."""
    from gateway.commands import rasa as rasa_commands

    asyncio.run(
        rasa_commands.export(
            settings_of(config), folder, source=source, language=language, epochs=epochs, console=console
        )
    )


@rasa.command(name="import")
def rasa_import(
    path: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="A Rasa project, or its nlu.yml.")],
    config: ConfigOption = None,
) -> None:
    """Take a Rasa project's intents and responses into the knowledge base, as drafts."""
    from gateway.commands import rasa as rasa_commands

    raise typer.Exit(asyncio.run(rasa_commands.import_project(settings_of(config), path, console=console)))
