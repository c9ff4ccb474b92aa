"""A unit of work: one transaction, its repositories, and the changes to announce after its commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.live import Change
from gateway.storage.contacts import Contacts
from gateway.storage.conversations import Conversations
from gateway.storage.deliveries import Deliveries
from gateway.storage.gathering import Gathering
from gateway.storage.inbox import Inbox
from gateway.storage.media import MediaTable
from gateway.storage.messages import Messages
from gateway.storage.one_hop import OneHopConnection
from gateway.storage.staff import StaffTable
from gateway.storage.timers import Timers
from gateway.storage.turns import Turns

Ends = list[Callable[[BaseException | None], None]]
"""Who is called when a transaction has ended: with None, or with the error it ended by."""


class Work:
    """What runs inside one transaction. Other packages make their repositories from `connection`."""

    def __init__(self, connection: AsyncConnection, *, driver: OneHopConnection | None = None) -> None:
        self.connection = connection
        self.is_sqlite = driver is not None
        self.gathering = Gathering(connection, driver)
        self.changes: list[Change] = []
        self.ends: Ends = []

    def announce(self, topic: str, kind: str, **ids: int | str | None) -> None:
        """Tell `topic`'s subscribers after the commit that `kind` happened; ids only, never content."""
        self.changes.append(Change(topic=topic, kind=kind, ids=ids))

    def withdraw(self, topic: str) -> None:
        """Tell `topic`'s subscribers nothing after all: what they would do is done."""
        self.changes = [change for change in self.changes if change.topic != topic]

    def at_its_end(self, ended: Callable[[BaseException | None], None]) -> None:
        """Call `ended` when this is committed, or with the error by which it is not, or may not be."""
        self.ends.append(ended)

    @cached_property
    def contacts(self) -> Contacts:
        """People and their addresses."""
        return Contacts(self.connection, self.gathering, lock_rows=not self.is_sqlite)

    @cached_property
    def conversations(self) -> Conversations:
        """Conversations and their state."""
        return Conversations(self.connection, self.gathering, lock_rows=not self.is_sqlite)

    @cached_property
    def messages(self) -> Messages:
        """What was said."""
        return Messages(self.connection, self.gathering)

    @cached_property
    def inbox(self) -> Inbox:
        """Raw events on their way in."""
        return Inbox(self.connection, self.gathering, lock_rows=not self.is_sqlite)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Sends on their way out."""
        return Deliveries(self.connection, self.gathering, lock_rows=not self.is_sqlite)

    @cached_property
    def timers(self) -> Timers:
        """Durable alarms."""
        return Timers(self.connection, lock_rows=not self.is_sqlite)

    @cached_property
    def turns(self) -> Turns:
        """What the bot understood and did, turn by turn."""
        return Turns(self.connection, self.gathering)

    @cached_property
    def media(self) -> MediaTable:
        """Uploaded files."""
        return MediaTable(self.connection)

    @cached_property
    def staff(self) -> StaffTable:
        """People who sign in."""
        return StaffTable(self.connection)
