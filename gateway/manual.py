"""Writes the settings table into the README, from the descriptions in the code.

``make manual``; a test refuses a README that differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from gateway.app import DESK_KINDS, KINDS
from gateway.registry import kind_in
from gateway.settings import FieldDoc, Settings, describe

BEGIN, END = "<!-- settings -->\n", "<!-- /settings -->"


def settings_table() -> str:
    """All settings as Markdown tables: the gateway's, then each channel kind's and desk kind's."""
    sections = [_table(describe(Settings))]
    for name, module in KINDS.items():
        fields = _table(describe(kind_in(module).settings))
        sections.append(f'\n`[channels.NAME]` with `kind = "{name}"`:\n\n{fields}')
    for name, module in DESK_KINDS.items():
        fields = _table(describe(import_module(module).KIND.settings))
        sections.append(f'\n`[desks.NAME]` with `kind = "{name}"`:\n\n{fields}')
    return "\n".join(sections)


def with_table(readme: str) -> str:
    """`readme` with its settings table made anew."""
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{settings_table()}\n{END}{tail}"


def _table(fields: Iterator[FieldDoc]) -> str:
    rows = [f"| `{doc.name}` | {doc.type} | {_default(doc)} | {doc.description} |" for doc in fields]
    return "\n".join(["| setting | type | default | what it does |", "|---|---|---|---|", *rows])


def _default(doc: FieldDoc) -> str:
    if doc.default == "required":
        return "**required**"
    return "—" if doc.default in ('""', "[]", "{}", "null") else f"`{doc.default}`".replace("|", "\\|")


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
