"""Indexes for figures: what was put aside is counted without reading what went well."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

QUARANTINED = sa.text("status = 'quarantined'")
ENDED_BADLY = sa.text("state in ('unknown', 'failed')")


def upgrade() -> None:
    op.create_index("ix_inbox_quarantined", "inbox", ["id"], sqlite_where=QUARANTINED, postgresql_where=QUARANTINED)
    op.create_index(
        "ix_deliveries_ended_badly",
        "deliveries",
        ["channel", "state"],
        sqlite_where=ENDED_BADLY,
        postgresql_where=ENDED_BADLY,
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_ended_badly", "deliveries")
    op.drop_index("ix_inbox_quarantined", "inbox")
