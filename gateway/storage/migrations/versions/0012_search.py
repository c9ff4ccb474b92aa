"""Search over the knowledge base, and uploaded files between their preview and the word to take them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SQLITE = (
    """
    CREATE VIRTUAL TABLE fts_knowledge USING fts5(
      title, phrasings, answers, content='knowledge_search', content_rowid='id',
      tokenize="unicode61 remove_diacritics 0", prefix='2 3 4'
    )
    """,
    "INSERT INTO fts_knowledge(fts_knowledge, rank) VALUES ('rank', 'bm25(10.0, 4.0, 1.0)')",
    """
    CREATE TRIGGER fts_knowledge_added AFTER INSERT ON knowledge_search BEGIN
      INSERT INTO fts_knowledge(rowid, title, phrasings, answers)
      VALUES (new.id, new.title, new.phrasings, new.answers);
    END
    """,
    """
    CREATE TRIGGER fts_knowledge_removed AFTER DELETE ON knowledge_search BEGIN
      INSERT INTO fts_knowledge(fts_knowledge, rowid, title, phrasings, answers)
      VALUES ('delete', old.id, old.title, old.phrasings, old.answers);
    END
    """,
)
"""Rows are never updated, only added and removed."""

ASKED = "title || ' ' || phrasings"
POSTGRESQL = {"fts_title": "title", "fts_asked": ASKED, "fts_anywhere": f"{ASKED} || ' ' || answers"}


def upgrade() -> None:
    op.create_table(
        "knowledge_search",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("article_id", sa.String(length=64), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("phrasings", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_search")),
    )
    op.create_index("ix_knowledge_search_article", "knowledge_search", ["article_id", "live"])
    op.create_table(
        "knowledge_words",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("word", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("key", "word", name=op.f("pk_knowledge_words")),
    )
    op.create_table(
        "knowledge_uploads",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("staff_id", NUMBER, nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_knowledge_uploads_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_uploads")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
        return
    for column, words in POSTGRESQL.items():
        made = f"tsvector GENERATED ALWAYS AS (to_tsvector('simple', {words})) STORED"
        op.execute(f"ALTER TABLE knowledge_search ADD COLUMN {column} {made}")
        op.execute(f"CREATE INDEX {column} ON knowledge_search USING gin ({column})")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("fts_knowledge_added", "fts_knowledge_removed"):
            op.execute(f"DROP TRIGGER {trigger}")
        op.execute("DROP TABLE fts_knowledge")
    for table in ("knowledge_uploads", "knowledge_words", "knowledge_search"):
        op.drop_table(table)
