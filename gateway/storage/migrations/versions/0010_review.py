"""Before publishing: who reviewed what, questions that must keep their answers, and what changes would do."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "article_reviews",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("article_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("staff_id", NUMBER),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_reviews_article_id_articles")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_article_reviews_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_reviews")),
    )
    op.create_index("ix_article_reviews_article", "article_reviews", ["article_id", "id"])
    op.create_table(
        "test_questions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("article_id", sa.String(length=64)),
        sa.Column("staff_id", NUMBER),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_test_questions_article_id_articles")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_test_questions_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_questions")),
        sa.UniqueConstraint("language", "text", name=op.f("uq_test_questions_language_text")),
    )
    op.create_table(
        "change_checks",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_change_checks")),
    )


def downgrade() -> None:
    for table in ("change_checks", "test_questions", "article_reviews"):
        op.drop_table(table)
