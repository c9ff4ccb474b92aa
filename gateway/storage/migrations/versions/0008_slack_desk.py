"""The agents' desk in Slack: what agents did there, the threads of handoffs, and who is who."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _events()
    _threads()
    _lines()
    _people()
    _whispers()


def _events() -> None:
    waiting = sa.text("state = 'waiting'")
    op.create_table(
        "slack_events",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("desk", sa.String(length=64), nullable=False),
        sa.Column("platform_id", sa.String(length=200), nullable=False),
        sa.Column("lane", sa.String(length=200)),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_events")),
        sa.UniqueConstraint("desk", "platform_id", name=op.f("uq_slack_events_desk_platform_id")),
    )
    op.create_index(op.f("ix_slack_events_received_at"), "slack_events", ["received_at"])
    op.create_index("ix_slack_events_waiting", "slack_events", ["id"], sqlite_where=waiting, postgresql_where=waiting)


def _threads() -> None:
    opened = sa.text("is_open")
    op.create_table(
        "slack_threads",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("desk", sa.String(length=64), nullable=False),
        sa.Column("handoff_id", NUMBER, nullable=False),
        sa.Column("conversation_id", NUMBER, nullable=False),
        sa.Column("room", sa.String(length=32), nullable=False),
        sa.Column("ts", sa.String(length=32)),
        sa.Column("since", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mark", sa.Text(), server_default="", nullable=False),
        sa.Column("card", sa.String(length=64), server_default="", nullable=False),
        sa.Column("tried_at", sa.BigInteger()),
        sa.Column("problem", sa.String(length=64)),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_slack_threads_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_threads")),
        sa.UniqueConstraint("desk", "handoff_id", name=op.f("uq_slack_threads_desk_handoff_id")),
    )
    op.create_index(op.f("ix_slack_threads_conversation_id"), "slack_threads", ["conversation_id"])
    op.create_index("ix_slack_threads_place", "slack_threads", ["desk", "room", "ts"])
    op.create_index("ix_slack_threads_open", "slack_threads", ["desk"], sqlite_where=opened, postgresql_where=opened)


def _lines() -> None:
    unsettled = sa.text("fate is null")
    op.create_table(
        "slack_lines",
        sa.Column("thread_id", NUMBER, nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=False),
        sa.Column("message_id", NUMBER, nullable=False),
        sa.Column("fate", sa.String(length=16)),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["slack_threads.id"], name=op.f("fk_slack_lines_thread_id_slack_threads")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_slack_lines_message_id_messages")),
        sa.PrimaryKeyConstraint("thread_id", "ts", name=op.f("pk_slack_lines")),
    )
    op.create_index(op.f("ix_slack_lines_message_id"), "slack_lines", ["message_id"])
    op.create_index(
        "ix_slack_lines_unsettled", "slack_lines", ["thread_id"], sqlite_where=unsettled, postgresql_where=unsettled
    )


def _people() -> None:
    op.create_table(
        "slack_people",
        sa.Column("desk", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("staff_id", NUMBER, nullable=False),
        sa.Column("by_code", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_slack_people_staff_id_staff")),
        sa.PrimaryKeyConstraint("desk", "user", name=op.f("pk_slack_people")),
    )
    op.create_table(
        "slack_codes",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("staff_id", NUMBER, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_slack_codes_staff_id_staff")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_slack_codes")),
    )
    op.create_index(op.f("ix_slack_codes_expires_at"), "slack_codes", ["expires_at"])


def _whispers() -> None:
    op.create_table(
        "slack_whispers",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("desk", sa.String(length=64), nullable=False),
        sa.Column("room", sa.String(length=32), nullable=False),
        sa.Column("ts", sa.String(length=32)),
        sa.Column("user", sa.String(length=32)),
        sa.Column("blocks", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_whispers")),
    )
    op.create_index(op.f("ix_slack_whispers_desk"), "slack_whispers", ["desk"])


def downgrade() -> None:
    for table in ("slack_whispers", "slack_codes", "slack_people", "slack_lines", "slack_threads", "slack_events"):
        op.drop_table(table)
