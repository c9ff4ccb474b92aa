"""The clock of the running program; tests have their own."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present, as `gateway.ports.Clock` wants it."""
    return datetime.now(UTC)
