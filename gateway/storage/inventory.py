"""Every table there is, whichever room it belongs to."""

from __future__ import annotations

import importlib

from sqlalchemy import Table

from gateway.storage.schema import metadata

MODULES = (
    "gateway.storage.tables",
    "gateway.storage.dials",
    "gateway.storage.votes",
    "bots.mail.storage",
    "bots.slack.desk.storage.tables",
    "nlu.storage",
    "knowledge_base.storage",
    "knowledge_base.exchange.storage",
    "knowledge_base.search.storage",
    "knowledge_base.snippets.storage",
    "knowledge_base.storage_reviews",
    "knowledge_base.asked.storage",
    "handoff.storage.tables",
)
"""Where tables are declared; a test finds one that is missing here."""


def every_table() -> list[Table]:
    """All tables, each after those it refers to."""
    for module in MODULES:
        importlib.import_module(module)
    return metadata.sorted_tables
