"""The tables of Slack desks, on the spine's metadata."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.storage import tables as spine
from gateway.storage.schema import Id, Instant, Json, metadata

IS_WAITING = text("state = 'waiting'")
IS_OPEN = text("is_open")
IS_UNSETTLED = text("fate is null")
"""The conditions of the partial indexes, in their own words: only then does SQLite use them."""

events = Table(
    "slack_events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("desk", String(64), nullable=False),
    Column("platform_id", String(200), nullable=False),
    Column("lane", String(200)),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
    Column("due_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False, index=True),
    UniqueConstraint("desk", "platform_id"),
    Index("ix_slack_events_waiting", "id", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
)

threads = Table(
    "slack_threads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("desk", String(64), nullable=False),
    Column("handoff_id", Id, nullable=False),
    Column("conversation_id", Id, ForeignKey(spine.conversations.c.id), nullable=False, index=True),
    Column("room", String(32), nullable=False),
    Column("ts", String(32)),
    Column("since", Integer, nullable=False, server_default="0"),
    Column("seq", Integer, nullable=False, server_default="0"),
    Column("mark", Text, nullable=False, server_default=""),
    Column("card", String(64), nullable=False, server_default=""),
    Column("tried_at", Instant),
    Column("problem", String(64)),
    Column("is_open", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("desk", "handoff_id"),
    Index("ix_slack_threads_place", "desk", "room", "ts"),
    Index("ix_slack_threads_open", "desk", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
)

lines = Table(
    "slack_lines",
    metadata,
    Column("thread_id", Id, ForeignKey("slack_threads.id"), primary_key=True),
    Column("ts", String(32), primary_key=True),
    Column("message_id", Id, ForeignKey(spine.messages.c.id), nullable=False, index=True),
    Column("fate", String(16)),
    Index("ix_slack_lines_unsettled", "thread_id", sqlite_where=IS_UNSETTLED, postgresql_where=IS_UNSETTLED),
)
"""Messages that agents wrote in Slack: they stand in their thread already."""

calls = Table(
    "slack_calls",
    metadata,
    Column("id", Id, primary_key=True),
    Column("desk", String(64), nullable=False),
    Column("callback_id", Id, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("conversation_id", Id, ForeignKey(spine.conversations.c.id), nullable=False, index=True),
    Column("room", String(32), nullable=False),
    Column("ts", String(32)),
    Column("card", String(64), nullable=False, server_default=""),
    Column("tried_at", Instant),
    Column("problem", String(64)),
    Column("is_open", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("desk", "callback_id", "starts_at"),
    Index("ix_slack_calls_place", "desk", "room", "ts"),
    Index("ix_slack_calls_open", "desk", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
)
"""Calls that are due: a card for each time that one is to be made at."""

people = Table(
    "slack_people",
    metadata,
    Column("desk", String(64), primary_key=True),
    Column("user", String(32), primary_key=True),
    Column("staff_id", Id, ForeignKey(spine.staff.c.id), nullable=False),
    Column("by_code", Boolean, nullable=False, server_default=text("false")),
    Column("checked_at", Instant, nullable=False),
)

codes = Table(
    "slack_codes",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("staff_id", Id, ForeignKey(spine.staff.c.id), nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
"""Codes by which an agent says in Slack who they are; each works once."""

whispers = Table(
    "slack_whispers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("desk", String(64), nullable=False, index=True),
    Column("room", String(32), nullable=False),
    Column("ts", String(32)),
    Column("user", String(32)),
    Column("blocks", Json, nullable=False),
    Column("words", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
)
"""What is to be told to one person, or (without a `user`) to everybody in a thread."""
