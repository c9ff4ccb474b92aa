"""Articles as one file: a workbook, a CSV table, or an archive of Markdown files. Pure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

from knowledge_base.articles import Article
from knowledge_base.exchange.csv_files import write_csv
from knowledge_base.exchange.spreadsheets import write_xlsx
from knowledge_base.exchange.tables import columns_of, rows_of
from knowledge_base.file_writing import write_file
from knowledge_base.snippets.folder import FILE as SNIPPETS_FILE
from knowledge_base.snippets.folder import write_snippets
from knowledge_base.snippets.values import Texts

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "zip": "application/zip",
}
"""What there is to download, by the file's ending."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same articles give the same bytes


def exported(
    articles: Mapping[str, Article],
    kind: str,
    gettext: Callable[[str], str] = str,
    *,
    snippets: Mapping[str, Texts] | None = None,
) -> bytes:
    """All `articles` as a file of `kind`, one of `MEDIA_TYPES`; an archive holds `snippets` too. Raises
    FrontdeskError where they do not fit it."""
    ordered = [articles[name] for name in sorted(articles)]
    if kind == "zip":
        return _archive(articles, snippets or {})
    rows = (row for article in ordered for row in rows_of(article))
    columns = columns_of(ordered)
    return write_csv(columns, rows) if kind == "csv" else write_xlsx(columns, rows, gettext)


def _archive(articles: Mapping[str, Article], snippets: Mapping[str, Texts]) -> bytes:
    files = {f"{name}.md": write_file(articles[name]) for name in sorted(articles)}
    files |= {SNIPPETS_FILE: write_snippets(snippets)} if snippets else {}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
