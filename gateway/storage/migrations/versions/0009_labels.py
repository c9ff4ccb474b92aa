"""Customers' messages whose meaning an agent or editor settled, for the next training; and the article a
conversation was answered with last."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "nlu_labels",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("message_id", NUMBER),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("intent", sa.String(length=64), nullable=False),
        sa.Column("staff_id", NUMBER),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_nlu_labels_message_id_messages")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_nlu_labels_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nlu_labels")),
        sa.UniqueConstraint("message_id", name=op.f("uq_nlu_labels_message_id")),
    )

    op.add_column("conversations", sa.Column("article", sa.String(length=64)))


def downgrade() -> None:
    op.drop_column("conversations", "article")
    op.drop_table("nlu_labels")
