"""Adding people who sign in."""

from __future__ import annotations

from gateway.clock import utc_now
from gateway.errors import SettingsError
from gateway.settings import LANGUAGES, Settings
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.storage.revision import require_newest
from gateway.web.passwords import hash_password

MIN_PASSWORD = 8


async def add(
    settings: Settings, *, email: str, name: str, roles: frozenset[Role], password: str, language: str
) -> None:
    """Add one person. Raises SettingsError for an unusable value, Conflict where the e-mail is taken."""
    if "@" not in email:
        raise SettingsError("email", f"{email!r} is not an e-mail address")
    if len(password) < MIN_PASSWORD:
        raise SettingsError("password", f"is too short; take {MIN_PASSWORD} characters or more")
    if language not in LANGUAGES:
        raise SettingsError("--language", f"must be one of {', '.join(LANGUAGES)}")
    database = Database(settings.database_url)
    try:
        await require_newest(database)
        async with database.write() as work:
            await work.staff.add(
                email=email,
                name=name,
                password_hash=hash_password(password),
                roles=roles,
                language=language,
                now=utc_now(),
            )
    finally:
        await database.close()
