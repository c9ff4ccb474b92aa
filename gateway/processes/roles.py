"""What a process of the program does: everything, or one part of the work among others on one database."""

from __future__ import annotations

from enum import StrEnum

from gateway.errors import SettingsError
from gateway.settings import Settings


class ProcessRole(StrEnum):
    """The setting `role`. Every process answers `/health` and `/metrics`."""

    ALL = "all"
    WEB = "web"
    TURNS = "turns"
    OUTBOX = "outbox"

    @property
    def serves(self) -> bool:
        """Whether it takes webhooks and sockets, shows screens, and listens to platforms that are polled."""
        return self in (ProcessRole.ALL, ProcessRole.WEB)

    @property
    def decides(self) -> bool:
        """Whether it works off the inbox, rings timers, tidies and trains."""
        return self in (ProcessRole.ALL, ProcessRole.TURNS)

    @property
    def sends(self) -> bool:
        """Whether it sends what is due."""
        return self in (ProcessRole.ALL, ProcessRole.OUTBOX)


def require_room(settings: Settings) -> None:
    """Raise SettingsError where more than one process is wanted on SQLite, which belongs to one."""
    if not settings.database_url.startswith("sqlite"):
        return
    remedy = "move to PostgreSQL: frontdesk copy-database FROM TO, then set database_url"
    if settings.workers > 1:
        raise SettingsError("workers", f"{settings.workers} processes cannot share a SQLite file; {remedy}")
    if settings.role != ProcessRole.ALL:
        raise SettingsError("role", f"{settings.role} needs other processes beside it, and SQLite takes one; {remedy}")
