"""Which schema the database has, and which one this program needs; all that serving asks of the migrations.

Told without Alembic, whose import costs a serving process some 7 MB: its table is read as it is, and the
migrations' own files say how they follow each other.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from gateway.errors import StorageUnavailable
from gateway.storage.engine import Database

FOLDER = Path(__file__).parent / "migrations"


def current_revision(connection: Connection) -> str | None:
    """The schema revision of the database, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def newest_revision() -> str:
    """The schema revision this program needs: the one that no other follows."""
    followed = set(_migrations().values())
    (newest,) = (revision for revision in _migrations() if revision not in followed)
    return newest


def known_revisions() -> frozenset[str]:
    """Every schema revision that this program can bring to the newest."""
    return frozenset(_migrations())


async def require_newest(database: Database) -> None:
    """Raise StorageUnavailable where the database has not been migrated to what this program needs."""
    async with database.read() as view:
        revision = await view.connection.run_sync(current_revision)
    if revision != newest_revision():
        raise StorageUnavailable("the database is not up to date; run: frontdesk migrate")


@cache
def _migrations() -> dict[str, str | None]:
    """Each revision and the one before it."""
    return dict(_read(path) for path in sorted((FOLDER / "versions").glob("*.py")))


def _read(path: Path) -> tuple[str, str | None]:
    said = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("revision", "down_revision")
    }
    return said["revision"], said["down_revision"]
