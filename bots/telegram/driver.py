"""What a library must do for us: post a call, stream a file, let go. Everything else is shared."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

from gateway.messages import Value


class Attachment(Value, frozen=True, kw_only=True):
    """A file to upload: the name the customer will see, and its bytes."""

    name: str
    data: bytes


class Driver(Protocol):
    """The Bot API over one messenger library.

    A driver never parses an answer: aiogram refuses a whole batch of updates for one type it does not
    know, and both lose what their models have no field for.
    """

    async def post(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment], read_timeout: float
    ) -> tuple[int, bytes]:
        """The HTTP status and body that came back. Raises Unreachable or Ambiguous where none did."""
        ...

    def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """The bytes of the file at `path` (from getFile). Raises NotFound or a SendError."""
        ...

    async def close(self) -> None:
        """Close connections; a later call opens them again."""
        ...
