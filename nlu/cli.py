"""`frontdesk evaluate`: examines, says the main figures, and writes the report as a page and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gateway.errors import FrontdeskError
from gateway.learning import Evaluating, Phrase, Taught
from gateway.settings import Dialogue
from nlu.corpus import clashes
from nlu.embeddings.joined import Encodes
from nlu.evaluation import Question
from nlu.examination import Advance, cross_validate, examine
from nlu.examples import read_examples
from nlu.findings import Findings, Subject, find
from nlu.report_page import render_page

PAGE, DATA = "evaluation.html", "evaluation.json"
_DOING = {"examine": "Training and asking…", "strangers": "Asking about unknown matters…"}


def phrases_from(path: Path) -> list[Phrase]:
    """The training phrases in a file. Raises FrontdeskError as `read_examples`."""
    return [
        Phrase(intent=one.intent, language=one.language, text=one.text)
        for one in read_examples(path)
        if one.intent is not None
    ]


def evaluate(
    taught: Taught,
    wanted: Evaluating,
    policy: Dialogue,
    now: datetime,
    *,
    console: Console,
    encoder: Encodes | None = None,
) -> Findings:
    """Examine what is `taught`, with the `encoder`'s sentence vectors where one is given, and write the report.

    Raises FrontdeskError with what to mend.
    """
    phrases = taught.phrases
    questions = read_examples(wanted.test) if wanted.test else None
    if questions is not None:
        _require_known(phrases, questions, wanted.test)
    with _progress(console) as advance:
        if questions is None:
            examined = cross_validate(phrases, wanted.folds, advance, encoder)
        else:
            examined = examine(phrases, questions, advance, encoder)
    subject = Subject(
        source=taught.name,
        method=f"asked {wanted.test.name}" if wanted.test else f"cross-validated in {wanted.folds} parts",
        phrases=len(phrases),
        intents=len({phrase.intent for phrase in phrases}),
        clashes=clashes(phrases),
        declined=taught.declined,
        precision=wanted.precision,
        answer=policy.answer_confidence,
        clarify=policy.clarify_confidence,
    )
    found = find(subject, examined)
    wanted.out.mkdir(parents=True, exist_ok=True)
    (wanted.out / PAGE).write_text(render_page(found, now), encoding="utf-8")
    (wanted.out / DATA).write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2))
    return found


def show(found: Findings, out: Path, console: Console) -> None:
    """The main figures and the commonest confusions, for a terminal."""
    table = Table(title=f"{found.source}, {found.method}", show_header=False, title_justify="left")
    for name, value in _rows(found):
        table.add_row(name, value)
    console.print(table)
    for one in found.confusions[:5]:
        console.print(f"{one.count} × {one.expected} → {one.got}, as “{one.examples[0].text}”", markup=False)
    console.print(f"The whole report: {out / PAGE} and {out / DATA}", markup=False)


def _rows(found: Findings) -> Iterator[tuple[str, str]]:
    setting = found.setting
    yield "right intent first", f"{found.accuracy:.1%} of {found.questions}"
    if found.threshold is None:
        yield f"for {found.wanted:.0%} right answers", "no confidence suffices"
    else:
        yield f"for {found.wanted:.0%} right answers", f"{found.coverage:.1%} answered, from {found.threshold:.2f} on"
    yield f"at the setting {setting.confidence:.2f}", f"{setting.answered:.1%} answered, {setting.right:.1%} rightly"
    if found.strays is not None:
        yield "unknown matters answered there", f"{setting.strange:.1%}"
    yield "calibration error", f"{found.calibration_error:.1%}"
    latency = found.latency
    yield "a message alone", f"p50 {latency.p50:.2f} ms, p99 {latency.p99:.2f} ms"
    yield "a training", f"{found.training_seconds:.1f} s"
    yield "phrasings of several intents", str(len(found.clashes))


def _require_known(phrases: Sequence[Phrase], questions: Sequence[Question], test: Path | None) -> None:
    known = {phrase.intent for phrase in phrases}
    asked = {one.intent for one in questions if one.intent is not None}
    if not asked & known:
        raise FrontdeskError(f"{test}: none of its intents is among the {len(known)} that are taught")


@contextmanager
def _progress(console: Console) -> Iterator[Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(_DOING["examine"])

        def advance(doing: str, done: int, total: int) -> None:
            progress.update(task, description=_DOING[doing], completed=done, total=total)

        yield advance
