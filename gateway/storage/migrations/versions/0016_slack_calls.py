"""Booked calls in the rooms of Slack desks: which are shown there, and how."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    opened = sa.text("is_open")
    op.create_table(
        "slack_calls",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("desk", sa.String(length=64), nullable=False),
        sa.Column("callback_id", NUMBER, nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("conversation_id", NUMBER, nullable=False),
        sa.Column("room", sa.String(length=32), nullable=False),
        sa.Column("ts", sa.String(length=32)),
        sa.Column("card", sa.String(length=64), server_default="", nullable=False),
        sa.Column("tried_at", sa.BigInteger()),
        sa.Column("problem", sa.String(length=64)),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_slack_calls_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_calls")),
        sa.UniqueConstraint("desk", "callback_id", "starts_at", name=op.f("uq_slack_calls_desk_callback_id_starts_at")),
    )
    op.create_index(op.f("ix_slack_calls_conversation_id"), "slack_calls", ["conversation_id"])
    op.create_index("ix_slack_calls_place", "slack_calls", ["desk", "room", "ts"])
    op.create_index("ix_slack_calls_open", "slack_calls", ["desk"], sqlite_where=opened, postgresql_where=opened)


def downgrade() -> None:
    op.drop_table("slack_calls")
