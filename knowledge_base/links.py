"""Web addresses in answers and buttons, and whether they can be reached."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.messages import Value
from knowledge_base.articles import Article

if TYPE_CHECKING:
    import httpx

LIMIT = 50
"""Addresses tried for one change."""
_AT_ONCE = 5
_SECONDS = 5.0
_SECONDS_IN_ALL = 40.0
_ADDRESS = re.compile(r"https?://[^\s<>\"'{}|\\^`\[\]]+")
_AFTER = ".,;:!?)*_"
_NOT_FOR_US = frozenset({401, 403, 405, 429, 501, 999})
"""Answers to a program that say nothing of what a person's browser would get."""


class DeadLink(Value, frozen=True, kw_only=True):
    """An address that could not be reached; `status` is what was answered, None where nothing was."""

    url: str
    articles: tuple[str, ...]
    status: int | None = None


def addresses(articles: Iterable[Article]) -> dict[str, tuple[str, ...]]:
    """The web addresses that customers get, with the articles they stand in; those that a template puts
    together are left out."""
    found: dict[str, list[str]] = {}
    for article in articles:
        texts = [text for variants in article.answers.values() for text in variants.values()]
        texts += [button.url for button in article.buttons if button.url]
        for text in texts:
            for match in _ADDRESS.finditer(text):
                if text[match.end() : match.end() + 1] != "{":
                    owners = found.setdefault(match.group().rstrip(_AFTER), [])
                    owners += [article.id] if article.id not in owners else []
    return {url: tuple(owners) for url, owners in found.items()}


class LinkChecker:
    """Tries addresses, a few at once and not for long."""

    def __init__(self, *, seconds: float = _SECONDS, seconds_in_all: float = _SECONDS_IN_ALL) -> None:
        self._seconds = seconds
        self._seconds_in_all = seconds_in_all

    async def dead(self, articles: Iterable[Article]) -> list[DeadLink]:
        """The addresses in `articles` that cannot be reached; those there was no time for are not told."""
        import httpx  # noqa: PLC0415 — loaded only where the operator wants addresses tried

        owners = dict(list(addresses(articles).items())[:LIMIT])
        places = asyncio.Semaphore(_AT_ONCE)
        found: dict[str, int | None] = {}

        async def look(url: str) -> None:
            async with places:
                status = await self._status(client, url)
            if status is None or (status >= 400 and status not in _NOT_FOR_US):
                found[url] = status

        try:
            async with (
                httpx.AsyncClient(timeout=self._seconds, follow_redirects=True, max_redirects=5) as client,
                asyncio.timeout(self._seconds_in_all),
                asyncio.TaskGroup() as group,
            ):
                for url in owners:
                    group.create_task(look(url))
        except TimeoutError:
            pass
        return [DeadLink(url=url, articles=owners[url], status=found[url]) for url in owners if url in found]

    async def _status(self, client: httpx.AsyncClient, url: str) -> int | None:
        """What is answered there, None where nothing is. Many sites do not know HEAD, so they are asked again."""
        import httpx  # noqa: PLC0415 — as above

        try:
            response = await client.head(url)
            if response.status_code < 400:
                return response.status_code
            async with client.stream("GET", url) as whole:
                return whole.status_code
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None
