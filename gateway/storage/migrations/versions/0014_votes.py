"""Votes: which answers customers say helped them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "votes",
        sa.Column("message_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("article", sa.String(length=64), nullable=False),
        sa.Column("helped", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_votes_message_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_votes")),
    )
    op.create_index("ix_votes_created", "votes", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_votes_created", table_name="votes")
    op.drop_table("votes")
