"""The ids that follow a message through the logs: its inbox row's above all.

`following` adds ids to every line that is logged inside it, whoever logs. A send remembers the inbox row
it answers (`Send.inbox`), so that one `inbox` id finds a message's whole way, over processes as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from structlog.typing import EventDict, WrappedLogger

_ids: ContextVar[Mapping[str, int]] = ContextVar("ids", default={})  # noqa: B039 — never changed in place


@contextmanager
def following(**ids: int | None) -> Iterator[None]:
    """Log `ids` with every line of the block; None is left out."""
    token = _ids.set({**_ids.get(), **{name: value for name, value in ids.items() if value is not None}})
    try:
        yield
    finally:
        _ids.reset(token)


def followed_inbox() -> int | None:
    """The inbox row whose turn this is; None outside a turn."""
    return _ids.get().get("inbox")


def add_followed(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """structlog's processor: the ids, unless the line says them itself."""
    for name, value in _ids.get().items():
        line.setdefault(name, value)
    return line
