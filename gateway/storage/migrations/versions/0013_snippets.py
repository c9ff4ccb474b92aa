"""Snippets: texts that articles share, every state of them, and which of them each publication holds."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "snippet_revisions",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("staff_id", NUMBER),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_snippet_revisions_staff_id")),
        sa.PrimaryKeyConstraint("name", "revision", name=op.f("pk_snippet_revisions")),
    )
    op.create_table(
        "knowledge_snippets",
        sa.Column("knowledge_revision", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("snippet_revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["knowledge_revision"],
            ["knowledge_revisions.revision"],
            name=op.f("fk_knowledge_snippets_knowledge_revision"),
        ),
        sa.ForeignKeyConstraint(
            ["name", "snippet_revision"],
            ["snippet_revisions.name", "snippet_revisions.revision"],
            name="fk_knowledge_snippets_snippet_revision",
        ),
        sa.PrimaryKeyConstraint("knowledge_revision", "name", name=op.f("pk_knowledge_snippets")),
    )


def downgrade() -> None:
    for table in ("knowledge_snippets", "snippet_revisions"):
        op.drop_table(table)
