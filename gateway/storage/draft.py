"""Drafts a migration from the difference between the tables in the code and the migrations so far.

For developers: ``make migration m="what changes"``. It works on an empty SQLite file in memory's place.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from gateway.storage.inventory import every_table
from gateway.storage.migrate import config, migrate


def draft(message: str) -> None:
    """Write the next migration file."""
    every_table()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'draft.db'}"
        asyncio.run(migrate(url))
        engine = create_engine(url)
        with engine.begin() as connection:
            configuration = config(connection)
            number = len(list((Path(__file__).parent / "migrations" / "versions").glob("*.py"))) + 1
            command.revision(configuration, message, autogenerate=True, rev_id=f"{number:04}")
        engine.dispose()


if __name__ == "__main__":
    draft(sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else "initial")
