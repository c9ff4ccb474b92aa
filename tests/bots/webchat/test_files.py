"""Uploads and downloads: limits, types, and whose file is whose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from bots.webchat.settings import WebchatSettings
from bots.webchat.uploads import clean_name, is_taken, real_type
from tests.bots.webchat.client import bearer, new_token
from tests.bots.webchat.house import House, running

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
MIB = 1024 * 1024


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[House]:
    async with running(tmp_path, WebchatSettings(upload_limit=1)) as house:
        yield house


async def upload(
    house: House, token: str, content: bytes, name: str = "чек.png", mime: str = "image/png"
) -> httpx.Response:
    async with httpx.AsyncClient(base_url=house.url) as http:
        return await http.post("/channels/site/files", files={"file": (name, content, mime)}, headers=bearer(token))


async def fetch(house: House, url: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=house.url) as http:
        return await http.get(url)


async def say(house: House, token: str, file_id: str) -> httpx.Response:
    body = {"type": "message", "id": str(uuid4()), "files": [file_id]}
    async with httpx.AsyncClient(base_url=house.url) as http:
        return await http.post("/channels/site/messages", json=body, headers=bearer(token))


async def test_up_and_down(small: House) -> None:
    _, token = await new_token(small)
    stored = (await upload(small, token, PNG)).json()
    assert (stored["name"], stored["mime"], stored["size"], stored["kind"]) == (
        "чек.png",
        "image/png",
        len(PNG),
        "image",
    )
    shown = await fetch(small, stored["url"])
    assert shown.content == PNG
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    by_token = await fetch(small, f"/channels/site/files/{stored['id']}?token={token}")
    assert by_token.content == PNG


async def test_a_page_is_saved_never_shown(small: House) -> None:
    _, token = await new_token(small)
    stored = (await upload(small, token, b"<script>alert(1)</script>", "лист.txt", "text/plain")).json()
    shown = await fetch(small, stored["url"])
    assert shown.headers["content-disposition"].startswith("attachment")
    assert shown.headers["content-type"] == "application/octet-stream"


async def test_an_image_is_known_by_its_bytes(small: House) -> None:
    _, token = await new_token(small)
    answer = await upload(small, token, b"<svg onload=alert(1)>", "x.svg", "image/svg+xml")
    assert answer.status_code == 415
    assert (await upload(small, token, b"<html>", "x.png", "image/png")).status_code == 415


async def test_a_type_that_is_not_taken(small: House) -> None:
    _, token = await new_token(small)
    assert (await upload(small, token, b"MZ....", "setup.exe", "application/x-msdownload")).status_code == 415


async def test_too_large(small: House) -> None:
    _, token = await new_token(small)
    assert (await upload(small, token, PNG + b"\x00" * MIB)).status_code == 413
    assert not [path for path in (small.folder / "files").rglob("*") if path.is_file()], "nothing is left behind"


async def test_too_large_without_saying_so(small: House) -> None:
    _, token = await new_token(small)
    head = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n' + PNG
    )

    async def stream() -> AsyncIterator[bytes]:
        yield head
        for _ in range(40):
            yield b"\x00" * 65536

    async with httpx.AsyncClient(base_url=small.url) as http:
        headers = {**bearer(token), "Content-Type": "multipart/form-data; boundary=b"}
        answer = await http.post("/channels/site/files", content=stream(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--b\r\n"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nhi\r\n--b--\r\n'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n\r\n--b--\r\n',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nbroken off',
        ),
    ],
)
async def test_broken_forms(small: House, content_type: str, body: bytes) -> None:
    _, token = await new_token(small)
    async with httpx.AsyncClient(base_url=small.url) as http:
        headers = {**bearer(token), "Content-Type": content_type}
        answer = await http.post("/channels/site/files", content=body, headers=headers)
    assert answer.status_code == 400
    assert not [path for path in (small.folder / "files").rglob("*") if path.is_file()]


async def test_nobody_else_may_fetch(small: House) -> None:
    _, mine = await new_token(small)
    _, other = await new_token(small)
    stored = (await upload(small, mine, PNG)).json()
    await upload(small, other, PNG)
    assert (await fetch(small, f"/channels/site/files/{stored['id']}?token={other}")).status_code == 404
    assert (await fetch(small, f"/channels/site/files/{stored['id']}")).status_code == 401
    assert (await fetch(small, f"/channels/site/files/{stored['id']}?token=x.y")).status_code == 401
    stolen = stored["url"].replace(stored["id"], str(uuid4()))
    assert (await fetch(small, stolen)).status_code == 401


async def test_nobody_else_may_send_it_as_theirs(small: House) -> None:
    _, mine = await new_token(small)
    _, other = await new_token(small)
    stored = (await upload(small, mine, PNG)).json()
    assert (await say(small, mine, stored["id"])).status_code == 200
    refused = await say(small, other, stored["id"])
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_file")


async def test_a_file_from_staff(small: House) -> None:
    visitor, mine = await new_token(small)
    _, other = await new_token(small)
    for token in (mine, other):
        stored = (await upload(small, token, PNG)).json()
        await say(small, token, stored["id"])
    while len(small.heard) < 2:
        await fetch(small, "/channels/site/config")
    file_id = await small.send_file(visitor, PNG, name="накладна.png", mime="image/png")
    assert (await fetch(small, f"/channels/site/files/{file_id}?token={mine}")).content == PNG
    assert (await fetch(small, f"/channels/site/files/{file_id}?token={other}")).status_code == 404


@pytest.mark.parametrize("file_id", ["..%2f..%2ftest.db", "x", "..", str(UUID(int=7))])
async def test_no_such_file(small: House, file_id: str) -> None:
    _, token = await new_token(small)
    assert (await fetch(small, f"/channels/site/files/{file_id}?token={token}")).status_code == 404


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("чек.png", "чек.png"),
        ("C:\\fakepath\\a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\x00\r\n", "file"),
        ("", "file"),
        ("..", "file"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_clean_names(given: str, clean: str) -> None:
    assert clean_name(given) == clean


def test_types() -> None:
    assert real_type("text/html", b"%PDF-1.7") == "application/pdf"
    assert real_type("image/png", b"<html>") == "application/octet-stream"
    assert real_type("audio/ogg; codecs=opus", b"OggS") == "audio/ogg"
    assert real_type("x\r\nSet-Cookie: a", b"") == "application/octet-stream"
    assert is_taken("audio/ogg", ["audio/*"])
    assert not is_taken("audiobook/x", ["audio/*"])
    assert not is_taken("image/png", [])
