"""The spine's tables. Other packages keep theirs in their own `storage` module on the same metadata."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
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

from gateway.storage.schema import Id, Instant, Json, metadata

contacts = Table(
    "contacts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text),
    Column("language", String(8)),
    Column("zone", String(64)),
    Column("phone", String(32)),
    Column("email", String(320)),
    Column("details", Json, nullable=False, server_default="{}"),
    Column("created_at", Instant, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contacts.id"), nullable=False, index=True),
    Column("channel", String(64), nullable=False),
    Column("address", Text, nullable=False),
    Column("name", Text),
    Column("username", Text),
    Column("verified", Boolean, nullable=False, server_default=text("false")),
    Column("blocked", Boolean, nullable=False, server_default=text("false")),
    Column("proof", String(16)),
    Column("proven_at", Instant),
    UniqueConstraint("channel", "address"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contacts.id"), nullable=False),
    Column("identity_id", Id, ForeignKey("identities.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("language", String(8)),
    Column("last_seq", Integer, nullable=False, server_default="0"),
    Column("misses", Integer, nullable=False, server_default="0"),
    Column("article", String(64)),
    Column("agent_id", Id, ForeignKey("staff.id")),
    Column("form", Json),
    Column("offers", Json, nullable=False, server_default="[]"),
    Column("rating", Integer),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index("ix_conversations_contact", "contact_id", "state"),
    Index("ix_conversations_state", "state", "updated_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", Id, ForeignKey("conversations.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("direction", String(16), nullable=False),
    Column("author", String(16), nullable=False),
    Column("agent_id", Id, ForeignKey("staff.id")),
    Column("channel", String(64), nullable=False),
    Column("parts", Json, nullable=False),
    Column("buttons", Json, nullable=False, server_default="[]"),
    Column("platform_id", Text),
    Column("reply_to", Id),
    Column("article", Text),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("conversation_id", "seq"),
    Index("ix_messages_platform", "channel", "platform_id"),
    # Few messages are an agent's: an index of these alone costs the others nothing.
    Index(
        "ix_messages_agent",
        "agent_id",
        "created_at",
        sqlite_where=text("agent_id is not null"),
        postgresql_where=text("agent_id is not null"),
    ),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("platform_id", String(200), nullable=False),
    Column("identity_id", Id, ForeignKey("identities.id")),
    Column("body", LargeBinary, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", Text),
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("channel", "platform_id"),
    # Partial: the queue stays small however many processed rows are kept.
    Index(
        "ix_inbox_waiting",
        "id",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
    Index(
        "ix_inbox_quarantined",
        "id",
        sqlite_where=text("status = 'quarantined'"),
        postgresql_where=text("status = 'quarantined'"),
    ),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", Id, ForeignKey("conversations.id"), nullable=False),
    Column("message_id", Id, ForeignKey("messages.id"), nullable=False, index=True),
    Column("channel", String(64), nullable=False),
    Column("send", Json, nullable=False),
    Column("author", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("resent", Boolean, nullable=False, server_default=text("false")),
    Column("due_at", Instant, nullable=False),
    Column("lease", String(36)),
    Column("leased_until", Instant),
    Column("platform_id", Text),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(
        "ix_deliveries_open",
        "conversation_id",
        "id",
        sqlite_where=text("state in ('queued', 'sending')"),
        postgresql_where=text("state in ('queued', 'sending')"),
    ),
    # What a sender looks for, in the order it takes them; those under way are few and together.
    Index(
        "ix_deliveries_due",
        "channel",
        "state",
        "due_at",
        "id",
        sqlite_where=text("state in ('queued', 'sending')"),
        postgresql_where=text("state in ('queued', 'sending')"),
    ),
    # For figures: what ended badly is counted without reading what went well.
    Index(
        "ix_deliveries_ended_badly",
        "channel",
        "state",
        sqlite_where=text("state in ('unknown', 'failed')"),
        postgresql_where=text("state in ('unknown', 'failed')"),
    ),
    Index("ix_deliveries_platform", "channel", "platform_id"),
)

timers = Table(
    "timers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("payload", Json, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    UniqueConstraint("kind", "key"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", Id, ForeignKey("conversations.id"), nullable=False, index=True),
    Column("message_id", Id, ForeignKey("messages.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("intent", Text),
    Column("confidence", Float, nullable=False),
    Column("did", String(32), nullable=False),
    Column("understanding", Json),
    Column("created_at", Instant, nullable=False),
)

media = Table(
    "media",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text),
    Column("mime", Text),
    Column("size", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""How far a sweep has come: what lies before is done, and is not looked at again."""

staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("roles", Json, nullable=False),
    Column("skills", Json, nullable=False, server_default="[]"),
    Column("language", String(8), nullable=False, server_default="uk"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Instant, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("expires_at", Instant, index=True),
)

duties = Table(
    "duties",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until", Instant, nullable=False),
)
"""Who does what only one process may do at a time, such as polling a bot."""

joins = Table(
    "joins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("deed", String(8), nullable=False),
    Column("kept_id", Id, ForeignKey("contacts.id"), nullable=False, index=True),
    Column("other_id", Id, ForeignKey("contacts.id"), nullable=False, index=True),
    Column("proof", String(16), nullable=False),
    Column("agent_id", Id, ForeignKey("staff.id")),
    Column("reason", Text, nullable=False, server_default=""),
    Column("record", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("undone_at", Instant),
    Column("undone_by", Id, ForeignKey("staff.id")),
)
"""Who was found to be one person with whom, by what proof, and all that is needed to undo it."""

continuations = Table(
    "continuations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("identity_id", Id, ForeignKey("identities.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
)
"""Codes by which somebody goes on in another channel; only their digests are kept."""

proof_codes = Table(
    "proof_codes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("identity_id", Id, ForeignKey("identities.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("value", Text, nullable=False),
    Column("nonce", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("language", String(8)),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Index(
        "ix_proof_codes_waiting",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_proof_codes_value", "kind", "value"),
)
"""Codes sent to an address that somebody named, to be typed back. The code itself is in no row: it is made
from the nonce and the gateway's secret."""
