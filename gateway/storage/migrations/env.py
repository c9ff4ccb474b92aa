"""Alembic's entry: runs the migrations on the connection that `migrate` hands over."""

from typing import Any, Literal

from alembic import context

from gateway.storage.schema import Instant, metadata


def render(kind: str, item: Any, _: object) -> str | Literal[False]:
    """Our own types as plain ones: a migration must not change when the code does."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


def ours(_: object, name: str | None, *__: object) -> bool:
    """Not what begins with fts_: the databases keep it by themselves, each in its own way (`knowledge_base.search`)."""
    return not str(name).startswith("fts_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=render,
    include_object=ours,
)
with context.begin_transaction():
    context.run_migrations()
