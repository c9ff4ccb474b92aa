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

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
}
"""What there is to download, by the file's ending."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same articles give the same bytes


def exported(articles: Mapping[str, Article], kind: str, gettext: Callable[[str], str] = str) -> bytes:
    """All `articles` as a file of `kind`, one of `MEDIA_TYPES`. Raises FrontdeskError where they do not fit it."""
    ordered = [articles[name] for name in sorted(articles)]
    if kind == "zip":
        return _archive(articles)
    rows = (row for article in ordered for row in rows_of(article))
    columns = columns_of(ordered)
    return write_csv(columns, rows) if kind == "csv" else write_xlsx(columns, rows, gettext)


def _archive(articles: Mapping[str, Article]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(articles):
            archive.writestr(zipfile.ZipInfo(f"{name}.md", _EPOCH), write_file(articles[name]), zipfile.ZIP_DEFLATED)
    return target.getvalue()
