"""`frontdesk import` and `frontdesk export`: the words and the progress bar around the publisher."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from gateway.errors import FrontdeskError, ImportRefused
from knowledge_base import files
from knowledge_base.publishing import ImportReport, Publisher
from knowledge_base.storage import Editor

REFUSED = 1
"""The exit code where nothing was done."""

_STEPS = {
    "read": "Reading files",
    "check": "Trying templates",
    "train": "Training the bot",
    "write": "Writing files",
}
_SHOWN = 100


@contextmanager
def progress_bar(console: Console) -> Iterator[files.Progress]:
    """A bar on `console` for each step; nothing is drawn where it is no terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def step(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(_STEPS.get(what, what), total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield step


async def import_folder(
    publisher: Publisher,
    folder: Path,
    *,
    console: Console,
    errors: Console,
    prune: bool = False,
    editor: Editor | None = None,
) -> int:
    """Import `folder`, say what was done on `console` or every fault on `errors`; returns the exit code."""
    try:
        with progress_bar(console) as progress:
            report = await publisher.import_folder(
                folder, editor or Editor(name="frontdesk import"), prune=prune, progress=progress
            )
    except ImportRefused as refused:
        for fault in refused.faults[:_SHOWN]:
            errors.print(escape(str(fault)), style="red", soft_wrap=True, highlight=False)
        more = len(refused.faults) - _SHOWN
        count = len(refused.faults)
        errors.print(
            (f"… and {more} more. " if more > 0 else "")
            + f"Nothing was imported: {count} {'fault' if count == 1 else 'faults'}.",
            highlight=False,
        )
        return REFUSED
    except FrontdeskError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True, highlight=False)
        return 1
    for line in report_lines(report):
        console.print(escape(line), highlight=False, soft_wrap=True)
    return 0


async def export_folder(publisher: Publisher, folder: Path, *, console: Console, errors: Console) -> int:
    """Export every article into `folder`; returns the exit code."""
    try:
        with progress_bar(console) as progress:
            count = await publisher.export_folder(folder, progress=progress)
    except FrontdeskError as error:
        errors.print(escape(str(error)), style="red", soft_wrap=True, highlight=False)
        return REFUSED
    console.print(
        f"{count} {'article' if count == 1 else 'articles'} written to {escape(str(folder))}.", highlight=False
    )
    return 0


def report_lines(report: ImportReport) -> list[str]:
    """What an import did, for a person."""
    counts = (
        f"{len(report.added)} added",
        f"{len(report.changed)} changed",
        f"{len(report.removed)} removed",
        f"{len(report.unchanged)} unchanged",
    )
    lines = ["Articles: " + ", ".join(counts) + "."]
    if report.snippets:
        lines.append(f"Snippets changed: {', '.join(report.snippets)}.")
    if report.missing:
        lines.append(f"Not among them and left as they are: {', '.join(report.missing)} (use --prune to archive them).")
    if report.publication:
        lines.append(f"Published as revision {report.publication.revision}.")
    else:
        lines.append("Nothing new to publish.")
    if report.training:
        training = report.training
        lines.append(f"Trained on {training.phrases} phrases, {training.intents} intents in {training.seconds:.1f} s.")
    return lines
