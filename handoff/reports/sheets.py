"""A figure's table as a CSV file that spreadsheets open rightly and safely. Pure."""

from __future__ import annotations

import csv
from io import StringIO

from handoff.reports.figures import Cell, Figure, Unit

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take words for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
_BOM = "\ufeff"
"""Without it Excel reads UTF-8 as something else."""


def to_csv(figure: Figure, seconds: str) -> bytes:
    """The table with its head; `seconds` is said beside heads of times. Numbers stay numbers."""
    written = StringIO()
    sheet = csv.writer(written)
    heads = [f"{one.head}, {seconds}" if one.unit is Unit.SECONDS else one.head for one in figure.columns]
    sheet.writerow([_safe(head) for head in heads])
    sheet.writerows([[_safe(cell) for cell in row] for row in figure.rows])
    return (_BOM + written.getvalue()).encode()


def _safe(cell: Cell) -> Cell:
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_DANGEROUS) else cell
