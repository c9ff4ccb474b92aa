"""Customers' files: only from the outside world, never without end, wherever a name or a redirect leads."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from bots.http.fetching import Fetcher, Resolve, is_public
from bots.http.wire.inbound import DATA
from gateway.errors import FrontdeskError, NotFound, Rejected, Unreachable
from tests.bots.http.support import channel
from tests.standins.http import HttpStandin, Status


@pytest.fixture
async def files() -> AsyncIterator[HttpStandin]:
    async with HttpStandin() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=1) as opened:
        yield opened


def resolving(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


async def fetched(fetcher: Fetcher, url: str) -> bytes:
    return b"".join([chunk async for chunk in fetcher.stream(url)])


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


async def test_a_name_that_leads_inside_is_not_followed(files: HttpStandin, client: httpx.AsyncClient) -> None:
    files.files["/secret"] = b"x"
    port = files.base.rpartition(":")[2]
    for addresses in (["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"]):
        fetcher = Fetcher(client, limit=100, private=False, resolve=resolving(*addresses))
        with pytest.raises(Rejected, match="private"):
            await fetched(fetcher, f"http://files.example:{port}/secret")
    assert not files.got


async def test_the_judged_address_is_the_one_that_is_asked(files: HttpStandin, client: httpx.AsyncClient) -> None:
    """The name is resolved once: what it becomes afterwards does not matter."""
    files.files["/kept"] = b"content"
    port = files.base.rpartition(":")[2]
    fetcher = Fetcher(client, limit=100, private=True, resolve=resolving("127.0.0.1"))
    assert await fetched(fetcher, f"http://files.example:{port}/kept") == b"content"


async def test_every_redirect_is_judged(files: HttpStandin, client: httpx.AsyncClient) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if host == "files.example" else ["10.0.0.1", "nobody asks this one"]

    port = files.base.rpartition(":")[2]
    files.files["/there"] = Status(302, {"location": "http://inside.example/secret"})
    fetcher = Fetcher(client, limit=100, private=False, resolve=resolve)
    with pytest.raises(Rejected, match="private"):
        await fetched(fetcher, f"http://files.example:{port}/there")
    assert asked == ["files.example"], "already the first is private"
    asked.clear()
    allowed = Fetcher(client, limit=100, private=True, resolve=resolve)
    files.files["/there"] = Status(302, {"location": "gopher://inside.example/secret"})
    with pytest.raises(Rejected, match="only http"):
        await fetched(allowed, f"http://files.example:{port}/there")


async def test_a_redirect_from_outside_to_inside_is_refused() -> None:
    """The outside host answers with a redirect to a metadata service."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url.host))
        return httpx.Response(302, headers={"location": "http://169.254.169.254/latest/meta-data/"})

    async def resolve(host: str, port: int) -> Sequence[str]:
        return [host] if host[0].isdigit() else ["93.184.216.34"]

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(Rejected, match="private"):
            await fetched(Fetcher(client, limit=100, private=False, resolve=resolve), "https://files.example/a")
    assert seen == ["93.184.216.34"]


async def test_tls_is_for_the_name_and_not_the_address() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.extensions["sni_hostname"] == "files.example"
        assert request.headers["host"] == "files.example"
        return httpx.Response(200, content=b"ok")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        fetcher = Fetcher(client, limit=100, private=False, resolve=resolving("93.184.216.34"))
        assert await fetched(fetcher, "https://files.example/a?b=c") == b"ok"


async def test_redirects_end(files: HttpStandin, client: httpx.AsyncClient) -> None:
    files.files["/loop"] = Status(302, {"location": "/loop"})
    with pytest.raises(Rejected, match="without end"):
        await fetched(Fetcher(client, limit=100, private=True), f"{files.base}/loop")
    files.files["/once"] = Status(302, {"location": "/kept"})
    files.files["/kept"] = b"content"
    assert await fetched(Fetcher(client, limit=100, private=True), f"{files.base}/once") == b"content"


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (410, NotFound), (403, Rejected), (500, Unreachable), (304, Unreachable)]
)
async def test_answers(files: HttpStandin, client: httpx.AsyncClient, status: int, error: type[Exception]) -> None:
    files.files["/a"] = Status(status)
    with pytest.raises(error):
        await fetched(Fetcher(client, limit=100, private=True), f"{files.base}/a")


@pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "http://", "//a/b", "http://[::1", "javascript:x"])
async def test_other_addresses_are_refused(client: httpx.AsyncClient, url: str) -> None:
    with pytest.raises((Rejected, NotFound)):
        await fetched(Fetcher(client, limit=100, private=False), url)


async def test_unknown_hosts(client: httpx.AsyncClient) -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    with pytest.raises(NotFound):
        await fetched(Fetcher(client, limit=100, private=False, resolve=nobody), "https://nowhere.example/")


async def test_a_file_is_cut_off_at_the_limit_whatever_it_announces(
    files: HttpStandin, client: httpx.AsyncClient
) -> None:
    files.files["/a"] = b"x" * 101
    with pytest.raises(Rejected, match="larger than download_limit"):
        await fetched(Fetcher(client, limit=100, private=True), f"{files.base}/a")

    def endless(request: httpx.Request) -> httpx.Response:
        async def content() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 50

        return httpx.Response(200, content=content())

    async with httpx.AsyncClient(transport=httpx.MockTransport(endless)) as unannounced:
        with pytest.raises(Rejected, match="larger"):
            await fetched(Fetcher(unannounced, limit=100, private=True), "http://127.0.0.1/a")


async def test_a_file_that_came_inline() -> None:
    app = channel()
    ref = DATA + base64.b64encode(b"OggS").decode()
    assert b"".join([chunk async for chunk in app.fetch(ref)]) == b"OggS"
    with pytest.raises(FrontdeskError):
        _ = [chunk async for chunk in app.fetch(DATA + "!")]
