"""Fetching a customer's file from the address the app gave: only from the outside world, never without end.

The name is resolved here and the connection goes to the address that was judged, so that a name which
changes in between leads nowhere else. Each redirect is judged anew.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager

import httpx

from gateway.errors import NotFound, Rejected, SendError, Throttled, Unreachable

REDIRECTS = 3
CHUNK = 64 * 1024
_REDIRECTED = frozenset({301, 302, 303, 307, 308})

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → its IP addresses. Raises OSError."""


class Fetcher:
    """Streams files. `private` allows addresses that only this network reaches."""

    def __init__(self, client: httpx.AsyncClient, *, limit: int, private: bool, resolve: Resolve | None = None) -> None:
        self._client = client
        self._limit = limit
        self._private = private
        self._resolve = resolve or resolve_by_system

    async def stream(self, url: str) -> AsyncIterator[bytes]:
        """The bytes behind `url`. Raises NotFound, Rejected (not ours to fetch, too large) or Unreachable."""
        left = self._limit
        try:
            async with self._answer(url) as answer:
                announced = answer.headers.get("content-length", "")
                if announced.isdigit() and int(announced) > left:
                    raise _too_large(self._limit)
                async for chunk in answer.aiter_bytes(CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise _too_large(self._limit)
                    yield chunk
        except httpx.InvalidURL:
            raise Rejected("the file's address is no URL") from None
        except httpx.HTTPError as error:
            raise Unreachable(f"download: {type(error).__name__}") from None

    @asynccontextmanager
    async def _answer(self, url: str) -> AsyncIterator[httpx.Response]:
        target = httpx.URL(url)
        for _ in range(REDIRECTS + 1):
            answer = await self._client.send(await self._request(target), stream=True)
            async with aclosing(answer):
                if answer.status_code not in _REDIRECTED:
                    if failure := _failure(answer.status_code):
                        raise failure
                    yield answer
                    return
                target = target.join(answer.headers.get("location", ""))
        raise Rejected("the file's address redirects without end")

    async def _request(self, url: httpx.URL) -> httpx.Request:
        """A request to the judged address that names the host it is meant for, to TLS as well."""
        if url.scheme not in ("http", "https") or not url.host:
            raise Rejected("only http and https files are fetched")
        address = await self._judged(url)
        return self._client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={"host": url.netloc.decode("ascii", "replace")},
            extensions={"sni_hostname": url.raw_host.decode("ascii", "replace")},
        )

    async def _judged(self, url: httpx.URL) -> str:
        """An IP address of the host. Raises Rejected where one of them is private."""
        try:
            found = await self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        except (OSError, UnicodeError):
            raise NotFound("the file's host is not known") from None
        if not found:
            raise NotFound("the file's host is not known")
        if not self._private and not all(is_public(address) for address in found):
            raise Rejected("the file's address is private; `private_media` would allow it")
        return found[0]


def is_public(address: str) -> bool:
    """Whether `address` is of the world, as seen through every way to write an IPv4 address in IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1] or _translated(ip)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def _translated(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address behind NAT64's well-known prefix (RFC 6052, 2.1)."""
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in ipaddress.IPv6Network("64:ff9b::/96") else None


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """A `Resolve` that asks the system."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _failure(status: int) -> NotFound | SendError | None:
    if 200 <= status < 300:
        return None
    if status in (404, 410):
        return NotFound("the file is not there any more")
    if status == 429:
        return Throttled("429", retry_after=5.0)
    return Rejected(str(status)) if 400 <= status < 500 else Unreachable(str(status))


def _too_large(limit: int) -> Rejected:
    return Rejected(f"the file is larger than download_limit, {limit} bytes")
