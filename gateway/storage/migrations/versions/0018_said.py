"""What an agent said last in a conversation and with which key of the screen, so that it is said once."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("reads", sa.Column("said_key", sa.String(length=64)))
    op.add_column("reads", sa.Column("said_id", NUMBER))


def downgrade() -> None:
    op.drop_column("reads", "said_id")
    op.drop_column("reads", "said_key")
