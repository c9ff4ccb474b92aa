"""`frontdesk rasa export` and `frontdesk rasa import`: the knowledge base as a Rasa project, and back as drafts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import structs
from rich.console import Console
from rich.markup import escape

from gateway.brain import Brain
from gateway.commands import knowledge as knowledge_commands
from gateway.errors import FrontdeskError, ImportRefused, SettingsError
from gateway.improving.topics import Topic
from gateway.opening import describe
from gateway.ports import Variables
from gateway.replies import company_variables
from gateway.settings import LANGUAGES, Settings
from gateway.texts import Texts
from knowledge_base.articles import Article, Status, in_order
from knowledge_base.checking import TemplateChecker
from knowledge_base.file_reading import ReadFile
from knowledge_base.files import judged, read_folder
from knowledge_base.storage import Editor
from knowledge_base.topics import to_articles, to_topics
from nlu.rasa.reading import read_project
from nlu.rasa.writing import Plan, project

REFUSED = 1
"""The exit code where nothing was done."""
EPOCHS = range(1, 1001)


async def export(
    settings: Settings,
    folder: Path,
    *,
    source: Path | None,
    language: str | None,
    epochs: int,
    console: Console,
) -> None:
    """Write what is published, or the articles of the folder `source`, as a Rasa project into `folder`.

    Raises SettingsError for an option out of range, FrontdeskError where there is nothing to write or no place.
    """
    if language is not None and language not in LANGUAGES:
        raise SettingsError("--language", f"must be one of {', '.join(LANGUAGES)}")
    if epochs not in EPOCHS:
        raise SettingsError("--epochs", f"must be from {EPOCHS[0]} to {EPOCHS[-1]}")
    articles = await (_of_folder(source) if source else _published(settings))
    if not articles:
        raise FrontdeskError("nothing is published; name a folder of articles by --from, or run: frontdesk import DIR")
    topics = to_topics(articles, _variables(settings))
    languages = (language,) if language else _languages(topics, settings)
    files = project(topics, Plan(languages=languages, name=_name(settings), epochs=epochs))
    await asyncio.to_thread(_write, folder, files)
    phrases = sum(len(topic.phrasings.get(spoken, ())) for topic in topics for spoken in languages)
    console.print(
        f"{len(topics)} intents with {phrases} phrasings ({', '.join(languages)}) written to {escape(str(folder))}.\n"
        f"Now there: rasa train, then rasa run --enable-api",
        highlight=False,
        soft_wrap=True,
    )


async def import_project(settings: Settings, path: Path, *, console: Console) -> int:
    """Take a Rasa project, or one file of it, into the knowledge base as drafts. Returns the exit code."""
    read = await asyncio.to_thread(read_project, path)
    async with knowledge_commands.brain(settings) as brain:
        try:
            report = await _take_over(brain, settings, read.topics)
        except ImportRefused as refused:
            for fault in refused.faults:
                console.print(escape(str(fault)), style="red", highlight=False, soft_wrap=True)
            console.print(f"Nothing was imported: {len(refused.faults)} faults.", highlight=False)
            return REFUSED
    for note in read.notes:
        console.print(f"Note: {escape(note)}.", highlight=False, soft_wrap=True)
    added, changed, unchanged = report
    console.print(
        f"Drafts: {added} added, {changed} changed, {unchanged} unchanged. Look at them under /kb, and publish.",
        highlight=False,
        soft_wrap=True,
    )
    return 0


async def _take_over(brain: Brain, settings: Settings, topics: Sequence[Topic]) -> tuple[int, int, int]:
    """How many drafts were new, changed something, and said nothing new."""
    stored = await brain.publisher.working_copies()
    drafts = to_articles(topics, stored, default=settings.company.language)
    news = [draft for draft in drafts if not _same(draft, stored.get(draft.id))]
    files = [ReadFile(name=draft.id, article=draft, lines={}, faults=()) for draft in news]
    articles = await judged(files, brain.checker, stored, await brain.publisher.snippets())
    report = await brain.publisher.take_over(articles, Editor(name="frontdesk rasa import"), publish=False)
    return len(report.added), len(report.changed), len(drafts) - len(news)


def _same(draft: Article, stored: Article | None) -> bool:
    """Whether a draft would change nothing but take an article back to its beginnings."""
    return stored is not None and structs.replace(stored, status=Status.DRAFT) == draft


async def _published(settings: Settings) -> list[Article]:
    async with knowledge_commands.brain(settings) as brain:
        knowledge = brain.knowledge
        return sorted(map(knowledge.whole, knowledge.articles.values()), key=lambda article: article.id)


async def _of_folder(source: Path) -> list[Article]:
    async with TemplateChecker() as checker:
        articles = await read_folder(source, checker)
    return [article for article in articles if article.status is Status.PUBLISHED]


def _languages(topics: Sequence[Topic], settings: Settings) -> tuple[str, ...]:
    """All that the articles are in, the firm's own first: it is spoken where the customer's is unknown."""
    there = in_order({spoken for topic in topics for spoken in topic.phrasings})
    return tuple(sorted(there, key=lambda spoken: spoken != settings.company.language))


def _variables(settings: Settings) -> Mapping[str, Variables]:
    """What is known of the firm, by language."""
    texts = Texts()
    hours = {spoken: describe(settings.hours, texts.translator(spoken)) for spoken in LANGUAGES}
    return {spoken: {"company": company_variables(settings.company, spoken, hours)} for spoken in LANGUAGES}


def _name(settings: Settings) -> str:
    """Tells this firm's assistant from others on the same Rasa."""
    words = settings.company.name.get("en") or next(iter(settings.company.name.values()), "")
    ascii_words = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in words.lower()).strip("-")
    return f"frontdesk-{ascii_words}" if ascii_words else "frontdesk"


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise FrontdeskError(f"cannot write {path}: {error.strerror or error}") from None
