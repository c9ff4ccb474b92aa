"""Files that become articles: which reader takes which file, and the verdict over all of them together.

Nothing is half-imported: one fault anywhere, and nothing of any file is taken.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from gateway.errors import Fault, FrontdeskError, ImportRefused
from gateway.learning import Phrase
from gateway.messages import Value
from knowledge_base.articles import Article
from knowledge_base.checking import TemplateChecker
from knowledge_base.exchange.csv_files import UnreadableTable, read_csv
from knowledge_base.exchange.examples import read_phrases
from knowledge_base.exchange.spreadsheets import read_xlsx
from knowledge_base.exchange.table_reading import read_table
from knowledge_base.exchange.tables import PHRASINGS_LIMIT, grid_of
from knowledge_base.file_reading import SIZE_LIMIT, ReadFile, read_file
from knowledge_base.files import Progress, judged, no_progress, read_folder
from knowledge_base.problems import N_, Problem, SaidFault
from knowledge_base.snippets.folder import FILE as SNIPPETS_FILE
from knowledge_base.snippets.folder import ReadSnippets, read_snippets
from knowledge_base.snippets.rules import snippet_problems
from knowledge_base.snippets.values import Snippet, Texts

FILE_LIMIT = 20 << 20
"""Bytes of one file."""
ENTRIES_LIMIT = 20_000
"""Files in an archive."""
KINDS = (".md", ".zip", ".csv", ".xlsx", ".yml", ".yaml")

ExampleReader = Callable[[str, bytes], Sequence[Phrase]]
"""Reads Rasa's examples from (file name, content); raises FrontdeskError naming what to mend."""


class Upload(Value, frozen=True, kw_only=True):
    """A file as it came: its name without folders, and its bytes."""

    name: str
    content: bytes


class Preview(Value, frozen=True, kw_only=True):
    """What an import would do: articles by what they are to the knowledge base, the names of snippets that would
    change, or what speaks against it."""

    new: tuple[Article, ...] = ()
    changed: tuple[Article, ...] = ()
    unchanged: tuple[Article, ...] = ()
    snippets: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def articles(self) -> tuple[Article, ...]:
        """All that would be taken over."""
        return (*self.new, *self.changed, *self.unchanged)


class Importer:
    """Reads files into articles; `examples` reads Rasa's training data (None: such files are refused)."""

    def __init__(self, checker: TemplateChecker, examples: ExampleReader | None = None) -> None:
        self._checker = checker
        self._examples = examples

    async def read_path(
        self,
        path: Path,
        existing: Mapping[str, Article],
        progress: Progress = no_progress,
        *,
        snippets: Mapping[str, Texts] | None = None,
    ) -> list[Article]:
        """The articles of a folder or of one file; their answers may name `snippets`. Raises ImportRefused with
        every fault."""
        if path.suffix.lower() not in KINDS:
            return await read_folder(path, self._checker, existing=existing, snippets=snippets or (), progress=progress)
        try:
            content = await asyncio.to_thread(_load, path)
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            raise ImportRefused([Fault(file=str(path), line=1, reason=reason)]) from None
        uploads = [Upload(name=path.name, content=content)]
        return await self.read_uploads(uploads, existing, progress, snippets=snippets)

    async def snippets_at(self, path: Path) -> list[Snippet]:
        """The snippets of a folder or an archive. Raises ImportRefused with every fault."""
        is_archive = path.suffix.lower() == ".zip"
        file = path if is_archive else path / SNIPPETS_FILE
        if not await asyncio.to_thread(file.is_file):
            return []
        try:
            content = await asyncio.to_thread(_load, file)
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            raise ImportRefused([Fault(file=str(file), line=1, reason=reason)]) from None
        return await self.snippets_of([Upload(name=file.name, content=content)])

    async def snippets_of(self, uploads: Sequence[Upload]) -> list[Snippet]:
        """The snippets of `uploads`: of archives, and of a file `snippets.yml`. Raises ImportRefused with every
        fault."""
        found: dict[str, Snippet] = {}
        faults: list[Fault] = []
        for upload in uploads:
            read = await asyncio.to_thread(_read_snippets, upload)
            faults += read.judged(await snippet_problems(read.snippets, self._checker))
            found |= {snippet.name: snippet for snippet in read.snippets}
        if faults:
            raise ImportRefused(faults)
        return list(found.values())

    async def read_uploads(
        self,
        uploads: Sequence[Upload],
        existing: Mapping[str, Article],
        progress: Progress = no_progress,
        *,
        snippets: Mapping[str, Texts] | None = None,
    ) -> list[Article]:
        """The articles of `uploads`, put together; their answers may name `snippets`. Raises ImportRefused with
        every fault."""
        files: list[ReadFile] = []
        for number, upload in enumerate(uploads, start=1):
            files += await asyncio.to_thread(self._read, upload, existing)
            progress("read", number, len(uploads))
        return await judged(_bounded(files), self._checker, existing, snippets or ())

    async def preview(
        self,
        uploads: Sequence[Upload],
        existing: Mapping[str, Article],
        stored: Mapping[str, Texts] | None = None,
    ) -> Preview:
        """What importing `uploads` would do where there are the snippets `stored`; never raises."""
        try:
            given = await self.snippets_of(uploads)
            known = {**(stored or {}), **{one.name: one.texts for one in given}}
            articles = await self.read_uploads(uploads, existing, snippets=known)
        except ImportRefused as refused:
            return Preview(faults=refused.faults)
        return Preview(
            new=tuple(one for one in articles if one.id not in existing),
            changed=tuple(one for one in articles if one.id in existing and existing[one.id] != one),
            unchanged=tuple(one for one in articles if existing.get(one.id) == one),
            snippets=tuple(one.name for one in given if (stored or {}).get(one.name) != one.texts),
        )

    def _read(self, upload: Upload, existing: Mapping[str, Article]) -> list[ReadFile]:
        name = upload.name
        if len(upload.content) > FILE_LIMIT:
            problem = Problem(message=N_("the file is larger than {limit} MB"), values={"limit": FILE_LIMIT >> 20})
            return [_refused(SaidFault.at(name, 1, problem))]
        if name.lower() == SNIPPETS_FILE:
            return []
        try:
            match Path(name).suffix.lower():
                case ".md":
                    return [read_file(name, upload.content)]
                case ".zip":
                    return _read_archive(upload)
                case ".csv" | ".xlsx" as suffix:
                    lines = read_csv(upload.content) if suffix == ".csv" else read_xlsx(upload.content)
                    grid = grid_of(name, lines)
                    return [*map(_refused, grid.faults)] or read_table(grid, existing)
                case ".yml" | ".yaml" if self._examples is not None:
                    return read_phrases(name, self._examples(name, upload.content), existing)
        except UnreadableTable as error:
            return [_refused(SaidFault.at(name, error.problem.line, error.problem, error.column))]
        except FrontdeskError as error:
            return [_refused(Fault(file=name, line=1, reason=str(error)))]
        message = N_("this kind of file cannot be imported; there are {kinds}")
        return [_refused(SaidFault.at(name, 1, Problem(message=message, values={"kinds": ", ".join(KINDS)})))]


def _read_archive(upload: Upload) -> list[ReadFile]:
    """The Markdown files of an archive, in whatever folders they lie."""
    try:
        with zipfile.ZipFile(io.BytesIO(upload.content)) as archive:
            entries = [entry for entry in archive.infolist() if _is_article(entry.filename)]
            if len(entries) > ENTRIES_LIMIT or sum(min(one.file_size, SIZE_LIMIT + 1) for one in entries) > 150 << 20:
                raise UnreadableTable(Problem(message=N_("the archive holds too much; divide it")))
            if not entries:
                raise UnreadableTable(Problem(message=N_("there are no .md files in this archive")))
            files = []
            for entry in entries:
                with archive.open(entry) as content:
                    files.append(read_file(PurePosixPath(entry.filename).name, content.read(SIZE_LIMIT + 1)))
            return files
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        raise UnreadableTable(Problem(message=N_("this is no ZIP archive, or it is damaged"))) from None


def _read_snippets(upload: Upload) -> ReadSnippets:
    """The snippets of an upload; what cannot be read as an archive is told with its articles."""
    if upload.name.lower() == SNIPPETS_FILE:
        return read_snippets(upload.content)
    if not upload.name.lower().endswith(".zip") or len(upload.content) > FILE_LIMIT:
        return ReadSnippets()
    try:
        with zipfile.ZipFile(io.BytesIO(upload.content)) as archive:
            for path in archive.namelist():
                if PurePosixPath(path).name.lower() == SNIPPETS_FILE and "__MACOSX" not in path:
                    with archive.open(path) as content:
                        return read_snippets(content.read(SIZE_LIMIT + 1))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        pass
    return ReadSnippets()


def _is_article(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return name.endswith(".md") and name != "readme.md" and not name.startswith(".") and "__MACOSX" not in path


def _bounded(files: list[ReadFile]) -> list[ReadFile]:
    """`files`, with a fault at the article at which there are too many phrasings in all."""
    total = 0
    for place, file in enumerate(files):
        if file.article is not None:
            total += sum(len(phrasings) for phrasings in file.article.phrasings.values())
        if total > PHRASINGS_LIMIT:
            message = N_("there are more than {limit} phrasings up to here; divide the file")
            fault = file.fault(Problem(message=message, path=("phrasings",), values={"limit": PHRASINGS_LIMIT}))
            return [*files[:place], ReadFile(name=file.name, article=None, lines={}, faults=(fault,))]
    return files


def _refused(fault: Fault) -> ReadFile:
    return ReadFile(name=fault.file, article=None, lines={}, faults=(fault,))


def _load(path: Path) -> bytes:
    with path.open("rb") as source:
        # One byte more than allowed is enough to see that it is too much.
        return source.read(FILE_LIMIT + 1)
