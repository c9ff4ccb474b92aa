"""A driver that is loaded at its first call, for a process that takes webhooks or answers but does not send.

aiogram alone is 130 MB and seconds of import; such a process calls the Bot API for little more than an
agent who types or looks at a photo.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from importlib import import_module

from bots.telegram.driver import Attachment, Driver


class LazyDriver:
    """A `Driver` made by `make` when it is needed. `module` is imported in a thread before, so that nobody
    waits for that but the caller."""

    def __init__(self, module: str, make: Callable[[], Driver]) -> None:
        self._module = module
        self._make = make
        self._made: Driver | None = None
        self._turn = asyncio.Lock()

    async def post(
        self, method: str, params: Mapping[str, object], files: Mapping[str, Attachment], read_timeout: float
    ) -> tuple[int, bytes]:
        """See `Driver.post`."""
        return await (await self._driver()).post(method, params, files, read_timeout)

    async def stream(self, path: str) -> AsyncGenerator[bytes, None]:
        """See `Driver.stream`."""
        async with aclosing((await self._driver()).stream(path)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def close(self) -> None:
        """See `Driver.close`."""
        if self._made is not None:
            await self._made.close()

    async def _driver(self) -> Driver:
        async with self._turn:
            if self._made is None:
                await asyncio.to_thread(import_module, self._module)
                self._made = self._make()
        return self._made
