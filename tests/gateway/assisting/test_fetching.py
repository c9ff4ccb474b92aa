"""Files that an assistant names by their addresses come into our store, or stay words."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.assisting.fetching import Fetcher
from gateway.media import MediaStore
from gateway.messages import Media, MediaKind, Text
from gateway.storage.engine import Database
from tests.standins.http import Hang, HttpStandin, Status


@pytest.fixture
def fetcher(database: Database, clock, tmp_path: Path) -> Fetcher:
    return Fetcher(MediaStore(tmp_path, database, clock), limit=100, seconds=1.0)


async def test_a_file_is_fetched(fetcher: Fetcher, tmp_path: Path) -> None:
    async with HttpStandin(lambda got: Status(200, {"content-type": "image/png; x=1"}, b"pixels")) as web:
        media = await fetcher.fetched(Media(kind=MediaKind.FILE, ref=f"{web.base}/a/%D0%BA.png?x=1"))
    assert isinstance(media, Media)
    assert (media.kind, media.name, media.mime, media.size) == (MediaKind.IMAGE, "к.png", "image/png", 6)
    assert media.ref.startswith("file:")
    assert await fetcher.fetched(media) is media


@pytest.mark.parametrize("reply", [Status(404), Status(200, body=b"x" * 101), Hang(3)], ids=["gone", "large", "slow"])
async def test_what_cannot_be_had_is_an_address(fetcher: Fetcher, reply: Status | Hang) -> None:
    async with HttpStandin() as web:
        web.script(reply)
        address = f"{web.base}/map.png"
        assert await fetcher.fetched(Media(kind=MediaKind.IMAGE, ref=address)) == Text(text=address)
