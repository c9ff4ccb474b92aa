"""How far sweeps have come, and what they look for by its age."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "marks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
    op.create_index("ix_media_created_at", "media", ["created_at"], unique=False)
    op.create_index(
        "ix_messages_agent",
        "messages",
        ["agent_id", "created_at"],
        unique=False,
        sqlite_where=sa.text("agent_id is not null"),
        postgresql_where=sa.text("agent_id is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_messages_agent", table_name="messages")
    op.drop_index("ix_media_created_at", table_name="media")
    op.drop_table("marks")
