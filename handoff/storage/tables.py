"""The tables of handoffs, callbacks, ratings and of what agents keep, on the spine's metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, text

from gateway.storage import tables as spine
from gateway.storage.schema import Id, Instant, Json, metadata

_conversation = spine.conversations.c.id
_contact = spine.contacts.c.id
_staff = spine.staff.c.id

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", Id, ForeignKey(_conversation), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("context", Json),
    Column("anger", Float, nullable=False, server_default="0"),
    Column("language", String(8)),
    Column("created_at", Instant, nullable=False),
    Column("since", Instant, nullable=False),
    Column("opening", Instant),
    Column("claimed_by", Id, ForeignKey(_staff)),
    Column("claimed_at", Instant),
    Column("closed_at", Instant, index=True),
    Column("outcome", String(16)),
    Column("told_at", Instant),
    Column("told_place", Integer),
    # At most one at a time: a second request for a person finds the first.
    Index(
        "uq_handoffs_active",
        "conversation_id",
        unique=True,
        sqlite_where=text("state != 'closed'"),
        postgresql_where=text("state != 'closed'"),
    ),
    Index(
        "ix_handoffs_waiting",
        "since",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey(_contact), nullable=False, index=True),
    Column("conversation_id", Id, ForeignKey(_conversation), nullable=False, index=True),
    Column("phone", String(32), nullable=False),
    Column("topic", Text),
    Column("language", String(8)),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("booked_by", Id, ForeignKey(_staff)),
    Column("agent_id", Id, ForeignKey(_staff)),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("late", Boolean, nullable=False, server_default=text("false")),
    Column("overdue", Boolean, nullable=False, server_default=text("false")),
    Column("outcome", String(16)),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index(
        "ix_callbacks_active",
        "starts_at",
        sqlite_where=text("state in ('booked', 'due')"),
        postgresql_where=text("state in ('booked', 'due')"),
    ),
)

callback_attempts = Table(
    "callback_attempts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("callback_id", Id, ForeignKey("callbacks.id"), nullable=False, index=True),
    Column("agent_id", Id, ForeignKey(_staff), nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)

ratings = Table(
    "ratings",
    metadata,
    Column("conversation_id", Id, ForeignKey(_conversation), primary_key=True),
    Column("agent_id", Id, ForeignKey(_staff)),
    Column("score", Integer, nullable=False),
    Column("comment", Text),
    Column("created_at", Instant, nullable=False),
)

reads = Table(
    "reads",
    metadata,
    Column("conversation_id", Id, ForeignKey(_conversation), primary_key=True),
    Column("agent_id", Id, ForeignKey(_staff), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("said_key", String(64)),
    Column("said_id", Id),
)

drafts = Table(
    "drafts",
    metadata,
    Column("conversation_id", Id, ForeignKey(_conversation), primary_key=True),
    Column("agent_id", Id, ForeignKey(_staff), primary_key=True),
    Column("text", Text, nullable=False),
    Column("note", Boolean, nullable=False, server_default=text("false")),
    Column("updated_at", Instant, nullable=False),
)

canned = Table(
    "canned",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shortcut", String(64), nullable=False, unique=True),
    Column("texts", Json, nullable=False),
    Column("used", Integer, nullable=False, server_default="0"),
    Column("updated_at", Instant, nullable=False),
)

presence = Table(
    "presence",
    metadata,
    Column("agent_id", Id, ForeignKey(_staff), primary_key=True),
    Column("seen_at", Instant, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("matter", String(16), primary_key=True),
    Column("subject", Id, primary_key=True),
    Column("since", Instant, primary_key=True),
    Column("told_at", Instant, nullable=False, index=True),
)
