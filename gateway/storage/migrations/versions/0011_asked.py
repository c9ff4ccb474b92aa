"""What customers asked and the bot did not know, agents' proposals, how sure the bot must be, and snippets."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNANSWERED = sa.text("did in ('unknown', 'clarify', 'handover')")
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table(
        "asked_marks",
        sa.Column("message_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("article", sa.String(length=64)),
        sa.Column("staff_id", NUMBER),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_asked_marks_message_id_messages")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_asked_marks_staff_id_staff")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_asked_marks")),
    )
    op.create_index(
        "ix_turns_unanswered", "turns", ["created_at"], sqlite_where=UNANSWERED, postgresql_where=UNANSWERED
    )
    op.create_table(
        "proposals",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("conversation_id", NUMBER, nullable=False),
        sa.Column("staff_id", NUMBER, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("article", sa.String(length=64)),
        sa.Column("settled_by", NUMBER),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_proposals_conversation_id_conversations")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_proposals_staff_id_staff")),
        sa.ForeignKeyConstraint(["settled_by"], ["staff.id"], name=op.f("fk_proposals_settled_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index(op.f("ix_proposals_conversation_id"), "proposals", ["conversation_id"])
    op.create_index("ix_proposals_waiting", "proposals", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)
    op.create_table(
        "dials",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("confidence", sa.Float()),
        sa.Column("staff_id", NUMBER),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_dials_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dials")),
    )


def downgrade() -> None:
    op.drop_table("dials")
    op.drop_table("proposals")
    op.drop_index("ix_turns_unanswered", "turns")
    op.drop_table("asked_marks")
