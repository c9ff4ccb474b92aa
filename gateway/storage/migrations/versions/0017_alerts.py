"""What staff were told outside the desk, so that it is told once."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("matter", sa.String(length=16), nullable=False),
        sa.Column("subject", NUMBER, nullable=False, autoincrement=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("matter", "subject", "since", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_told_at"), "alerts", ["told_at"])


def downgrade() -> None:
    op.drop_table("alerts")
