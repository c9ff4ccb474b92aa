"""A person's right to see what is stored of them, and to have it erased: database and uploaded files together."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from gateway.errors import FrontdeskError, NotFound
from gateway.live import DESK
from gateway.media import path_of
from gateway.messages import Value
from gateway.storage.engine import Database
from gateway.storage.persons import Persons
from gateway.storage.work import Work

log = structlog.get_logger()

DATA = "person.json"
FILES = "files"


class Erased(Value, frozen=True, kw_only=True):
    """What went: rows of the database, and files."""

    rows: int
    files: int


class Privacy:
    """Finds everything of one person. `files` is the folder of uploaded files."""

    def __init__(self, database: Database, files: Path) -> None:
        self._database = database
        self._files = files

    async def export(self, who: str, now: datetime) -> bytes:
        """A zip archive: `person.json` with every row, and their files. Raises NotFound, FrontdeskError."""
        async with self._database.read() as view:
            persons = _persons(view)
            people = await self._person(persons, who)
            rows = await persons.rows(people)
            files = await persons.files(people)
        told = {
            "exported_at": now,
            "contacts": sorted(people),
            **{name: _readable(each) for name, each in rows.items()},
        }
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(DATA, msgspec.json.format(msgspec.json.encode(told), indent=2))
            for file_id in files:
                path = path_of(self._files, file_id)
                if path.is_file():
                    archive.write(path, f"{FILES}/{file_id}")
        return target.getvalue()

    async def erase(self, who: str) -> Erased:
        """Delete every row and file of a person, for good. Raises NotFound, Conflict, FrontdeskError.

        The rows go first: a file that is left behind by a crash is found by nobody, a row without its file
        would be.
        """
        async with self._database.write() as work:
            persons = _persons(work)
            people = await self._person(persons, who)
            files = await persons.files(people)
            rows = await persons.erase(people, files)
            work.announce(DESK, "state")
        for file_id in files:
            path_of(self._files, file_id).unlink(missing_ok=True)
        log.info("person_erased", contacts=sorted(people), rows=rows, files=len(files))
        return Erased(rows=rows, files=len(files))

    async def _person(self, persons: Persons, who: str) -> set[int]:
        named = await persons.named(who)
        if not named:
            raise NotFound(f"nobody is known as {who}; name a contact's number, channel:address, a phone or an e-mail")
        wholes = {frozenset(await persons.whole(number)) for number in named}
        largest = max(wholes, key=len)
        if any(not whole <= largest for whole in wholes):
            numbers = ", ".join(str(number) for number in sorted(named))
            raise FrontdeskError(f"{who} may be several people, contacts {numbers}; name one of these numbers")
        return set(largest)


def _persons(work: Work) -> Persons:
    return Persons(work.connection, lock_rows=not work.is_sqlite)


def _readable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose JSON columns are unpacked: the reader is a person."""
    return [{name: _unpacked(value) for name, value in row.items()} for row in rows]


def _unpacked(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    return value
