"""What proves who somebody is, who was joined with whom, and the codes for it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.add_column("identities", sa.Column("proof", sa.String(length=16)))
    op.add_column("identities", sa.Column("proven_at", sa.BigInteger()))
    op.create_table(
        "joins",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("deed", sa.String(length=8), nullable=False),
        sa.Column("kept_id", NUMBER, nullable=False),
        sa.Column("other_id", NUMBER, nullable=False),
        sa.Column("proof", sa.String(length=16), nullable=False),
        sa.Column("agent_id", NUMBER),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger()),
        sa.Column("undone_by", NUMBER),
        sa.ForeignKeyConstraint(["kept_id"], ["contacts.id"], name=op.f("fk_joins_kept_id_contacts")),
        sa.ForeignKeyConstraint(["other_id"], ["contacts.id"], name=op.f("fk_joins_other_id_contacts")),
        sa.ForeignKeyConstraint(["agent_id"], ["staff.id"], name=op.f("fk_joins_agent_id_staff")),
        sa.ForeignKeyConstraint(["undone_by"], ["staff.id"], name=op.f("fk_joins_undone_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joins")),
    )
    op.create_index(op.f("ix_joins_kept_id"), "joins", ["kept_id"])
    op.create_index(op.f("ix_joins_other_id"), "joins", ["other_id"])
    op.create_table(
        "continuations",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("identity_id", NUMBER, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name=op.f("fk_continuations_identity_id_identities")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_continuations")),
        sa.UniqueConstraint("digest", name=op.f("uq_continuations_digest")),
    )
    op.create_index(op.f("ix_continuations_expires_at"), "continuations", ["expires_at"])
    _codes()


def _codes() -> None:
    op.create_table(
        "proof_codes",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("identity_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("language", sa.String(length=8)),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identities.id"], name=op.f("fk_proof_codes_identity_id_identities")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_codes")),
    )
    op.create_index(op.f("ix_proof_codes_identity_id"), "proof_codes", ["identity_id"])
    op.create_index(op.f("ix_proof_codes_expires_at"), "proof_codes", ["expires_at"])
    op.create_index("ix_proof_codes_value", "proof_codes", ["kind", "value"])
    op.create_index("ix_proof_codes_waiting", "proof_codes", ["id"], sqlite_where=WAITING, postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_table("proof_codes")
    op.drop_table("continuations")
    op.drop_table("joins")
    op.drop_column("identities", "proven_at")
    op.drop_column("identities", "proof")
