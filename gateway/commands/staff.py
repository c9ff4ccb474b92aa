"""Adding and changing people who sign in."""

from __future__ import annotations

from gateway.app import Frontdesk
from gateway.clock import utc_now
from gateway.errors import NotFound, SettingsError
from gateway.settings import LANGUAGES, Settings
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from gateway.storage.revision import require_newest
from gateway.web.passwords import hash_password
from handoff.leaving import Leaving

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


async def change(
    settings: Settings, *, email: str, roles: frozenset[Role] | None = None, active: bool | None = None
) -> tuple[Staff, int]:
    """Give somebody other roles, or let them in no more (and again); what they are then, and how many of their
    conversations went back to the queue because they are no agent. None changes nothing.

    Raises NotFound where nobody has this e-mail.
    """
    wanted = {"roles": roles, "active": active}
    changes = {name: value for name, value in wanted.items() if value is not None}
    house = Frontdesk(settings)
    try:
        await require_newest(house.database)
        async with house.database.write() as work:
            staff = await work.staff.by_email(email)
            if staff is None:
                raise NotFound(f"{email} is not on the staff")
            if changes:
                await work.staff.change(staff.id, **changes)
            changed = await work.staff.get(staff.id)
            leaving = Leaving(house.speaker, house.texts, settings, house.clock)
            return changed, await leaving.left(work, changed)
    finally:
        await house.close()
