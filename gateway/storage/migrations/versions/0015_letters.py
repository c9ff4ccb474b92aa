"""Trained models count letters as they are written; older ones would misread that, and are taught anew at start-up."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM nlu_models")


def downgrade() -> None:
    op.execute("DELETE FROM nlu_models")
