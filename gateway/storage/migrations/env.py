"""Alembic's entry: runs the migrations on the connection that `migrate` hands over."""

from typing import Any, Literal

from alembic import context

from gateway.storage.schema import Instant, metadata


def render(kind: str, item: Any, _: object) -> str | Literal[False]:
    """Our own types as plain ones: a migration must not change when the code does."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
