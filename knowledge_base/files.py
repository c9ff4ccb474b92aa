"""A folder of Markdown files ⇄ articles: everything is read and judged before anything is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from gateway.errors import Fault, FrontdeskError, ImportRefused
from knowledge_base.articles import Article
from knowledge_base.checking import TemplateChecker
from knowledge_base.file_reading import SIZE_LIMIT, ReadFile, read_file
from knowledge_base.file_writing import write_file
from knowledge_base.problems import N_, Problem
from knowledge_base.rules import Neighbours, problems_between, problems_of, template_problems
from knowledge_base.snippets.folder import FILE as SNIPPETS_FILE
from knowledge_base.snippets.folder import write_snippets
from knowledge_base.snippets.values import Texts

Progress = Callable[[str, int, int], None]
"""(what is being done, how far, of how much) — for a progress bar; called often."""


def no_progress(what: str, done: int, total: int) -> None:
    """For whoever does not watch."""


async def read_folder(
    folder: Path,
    checker: TemplateChecker,
    *,
    existing: Mapping[str, Article] | None = None,
    snippets: Collection[str] = (),
    progress: Progress = no_progress,
) -> list[Article]:
    """The articles of all ``*.md`` files in `folder` (a README.md is left alone), by id.

    `existing` are the articles already stored: buttons may lead to them, and their phrasings are
    theirs; `snippets` are the names that answers may use. Raises ImportRefused with every fault of every file.
    """
    names, contents = await asyncio.to_thread(_load, folder)
    files = []
    for number, (name, content) in enumerate(zip(names, contents, strict=True), start=1):
        # A large folder takes seconds to parse; others want the loop meanwhile.
        files.append(await asyncio.to_thread(read_file, name, content))
        progress("read", number, len(names))
    articles = await judged(files, checker, existing or {}, snippets)
    progress("check", len(names), len(names))
    return articles


async def judged(
    files: Sequence[ReadFile],
    checker: TemplateChecker,
    existing: Mapping[str, Article],
    snippets: Collection[str] = (),
) -> list[Article]:
    """The articles of `files`, if all of them are right. Raises ImportRefused with every fault of every file."""
    faults = [fault for file in files for fault in file.faults]
    faults += await _judge([file for file in files if file.article is not None], checker, existing, snippets)
    if faults:
        told = {(fault.file, fault.line, fault.column, fault.reason): fault for fault in faults}
        raise ImportRefused([told[place] for place in sorted(told)])
    return [file.article for file in files if file.article is not None]


async def write_folder(
    folder: Path,
    articles: Mapping[str, Article],
    snippets: Mapping[str, Texts] | None = None,
    *,
    progress: Progress = no_progress,
) -> int:
    """Write each article's file into `folder`, made if need be, and `snippets` beside them; returns how many.

    Other files there stay. Raises FrontdeskError where the folder cannot be written.
    """
    for number, article_id in enumerate(sorted(articles), start=1):
        content = write_file(articles[article_id])
        await asyncio.to_thread(_store, folder, f"{article_id}.md", content)
        progress("write", number, len(articles))
    if snippets:
        await asyncio.to_thread(_store, folder, SNIPPETS_FILE, write_snippets(snippets))
    return len(articles)


async def write_content(path: Path, content: bytes) -> None:
    """Write one file, its folder made if need be. Raises FrontdeskError where it cannot be written."""
    await asyncio.to_thread(_store, path.parent, path.name, content)


def _load(folder: Path) -> tuple[list[str], list[bytes]]:
    if not folder.is_dir():
        other = "this is neither a folder nor a .md, .csv, .xlsx, .zip or .yml file"
        reason = other if folder.exists() else "there is no such folder"
        raise ImportRefused([Fault(file=str(folder), line=1, reason=reason)])
    paths = sorted(path for path in folder.glob("*.md") if path.name.lower() != "readme.md" and path.is_file())
    if not paths:
        raise ImportRefused([Fault(file=str(folder), line=1, reason="there are no .md files in this folder")])
    contents = []
    for path in paths:
        try:
            with path.open("rb") as source:
                # One byte more than allowed is enough to see that it is too much.
                contents.append(source.read(SIZE_LIMIT + 1))
        except OSError as error:
            raise ImportRefused([Fault(file=path.name, line=1, reason=f"cannot be read: {error.strerror}")]) from None
    return [path.name for path in paths], contents


def _store(folder: Path, name: str, content: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    except OSError as error:
        raise FrontdeskError(f"cannot write {folder / name}: {error.strerror}") from None


async def _judge(
    files: list[ReadFile], checker: TemplateChecker, existing: Mapping[str, Article], snippets: Collection[str]
) -> list[Fault]:
    articles = [file.article for file in files if file.article is not None]
    templates = await template_problems(articles, checker, snippets)
    # Fifty thousand phrasings take a second.
    return await asyncio.to_thread(_compare, files, articles, templates, existing)


def _compare(
    files: list[ReadFile],
    articles: list[Article],
    templates: list[list[Problem]],
    existing: Mapping[str, Article],
) -> list[Fault]:
    together = Neighbours({**existing, **{article.id: article for article in articles}})
    faults = []
    for file, article, of_templates in zip(files, articles, templates, strict=True):
        found = [*problems_of(article), *problems_between(article, together), *of_templates]
        faults += [file.fault(problem) for problem in found]
    faults += _duplicates(files)
    return faults


def _duplicates(files: Sequence[ReadFile]) -> list[Fault]:
    owners: dict[str, ReadFile] = {}
    faults: list[Fault] = []
    for file in files:
        if file.article is None or not file.article.id:
            continue
        owner = owners.setdefault(file.article.id, file)
        if owner is not file:
            message, values = N_("the id “{id}” is already in {file}"), {"id": file.article.id, "file": owner.name}
            faults.append(file.fault(Problem(message=message, path=("id",), values=values)))
    return faults
