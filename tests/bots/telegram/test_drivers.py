"""Both drivers against the stand-in: the same calls go out, and each way to fail means the same."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from bots.telegram.channel import TelegramChannel
from gateway.channels import Send
from gateway.errors import Ambiguous, Gone, MovedAway, NotFound, Rejected, SendError, Throttled, Unreachable
from gateway.messages import Ask, Button, Edit, Media, MediaKind, Text
from tests.bots.telegram.support import Files, cases
from tests.standins.telegram import Cut, Fail, Hang, Raw, Reset, SentFile, TelegramStandin

Opened = Callable[..., TelegramChannel]

HELLO = Send(address="7001", key="k-1", part=Text(text="Добрий день"))
PICTURE = Send(address="7001", key="k-3", part=Media(kind=MediaKind.IMAGE, ref="file:8", caption="Накладна"))
CORRECTION = Send(address="7001", key="k-2", part=Edit(target="7001:39", text="Добрий вечір"))


async def test_every_case_goes_out_as_written(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    channel = opened(driver=driver)
    # Those that ask come last: a reply keyboard would be taken away by the case after it.
    for case in sorted(cases("out"), key=lambda one: "ask" in str(one.id)):
        send, call = msgspec.convert(case.values[0]["send"], Send), case.values[0]["call"]
        sent = await channel.send(send)
        recorded = standin.calls[-1]
        assert (case.id, recorded.method, recorded.params) == (case.id, call["method"], call["params"])
        assert recorded.files == uploaded(call)
        assert (sent is None) == (call["method"] == "setMessageReaction")


def uploaded(call: dict[str, Any]) -> dict[str, SentFile]:
    file = call.get("file")
    return {file["field"]: SentFile(file["name"], Files().held[file["ref"]])} if file else {}


async def test_send_tells_the_platform_id(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    channel = opened(driver=driver)
    assert await channel.send(HELLO) == "7001:5001"
    assert await channel.send(HELLO) == "7001:5002"


FAILURES = [
    (Fail(429, "Too Many Requests: retry after 3", retry_after=3), Throttled, "429"),
    (Fail(400, "Bad Request: chat not found"), Gone, "400 chat not found"),
    (
        Fail(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100),
        MovedAway,
        "400 group chat was upgraded",
    ),
    (Fail(401, "Unauthorized"), Rejected, "401 Unauthorized"),
    (Fail(403, "Forbidden: bot was blocked by the user"), Gone, "403 bot was blocked by the user"),
    (Fail(404, "Not Found"), Rejected, "404"),
    (Fail(413, "Request Entity Too Large"), Rejected, "413"),
    (Fail(500, "Internal Server Error"), Ambiguous, "500"),
    (Raw(b"<html>Bad Gateway</html>", 502, "text/html"), Ambiguous, "502"),
    (Raw(b"<html>Hello</html>", 200, "text/html"), Ambiguous, "200"),
    (Raw(b"\xff\xfe\x00garbage", 200, "application/json"), Ambiguous, None),
    (Raw(b'{"ok":true,"result":', 200), Ambiguous, "200"),
    (Raw(b"", 200), Ambiguous, "200"),
    (Reset(), Ambiguous, "no answer"),
    (Cut(b'{"ok":tr'), Ambiguous, "no answer"),
    (Hang(30), Ambiguous, "no answer"),
]


@pytest.mark.parametrize(("reply", "error", "reason"), FAILURES)
async def test_failure(
    standin: TelegramStandin,
    opened: Opened,
    driver: str,
    reply: Any,
    error: type[SendError],
    reason: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hangs = isinstance(reply, Hang)
    channel = opened(driver=driver, **({"call_timeout": 0.3, "connect_timeout": 1} if hangs else {}))
    standin.script("sendMessage", reply)
    with pytest.raises(error) as caught:
        await channel.send(HELLO)
    assert type(caught.value) is error
    assert reason is None or caught.value.reason == reason
    assert "123456" not in str(caught.value)
    assert not caplog.records  # libraries would log what they could not read, messages among it
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after == 3
    assert hangs or await channel.send(HELLO) is not None  # the channel is well again


async def test_nobody_listening_is_unreachable(opened: Opened, driver: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        channel = opened(driver=driver, base=f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(Unreachable):
            await channel.send(HELLO)


async def test_a_connection_that_never_comes_is_unreachable(opened: Opened, driver: str) -> None:
    with socket.socket() as full:
        # A full backlog: further connections are neither taken nor refused.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(place)
        channel = opened(driver=driver, base=f"http://127.0.0.1:{place[1]}", connect_timeout=0.3)
        with pytest.raises(Unreachable):
            await channel.send(HELLO)
        for one in waiting:
            one.close()


async def test_a_slow_trickle_ends_in_time(opened: Opened, driver: str) -> None:
    finished = asyncio.Event()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        except OSError:
            writer.close()
        finished.set()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        channel = opened(driver=driver, base=f"http://127.0.0.1:{port}", call_timeout=0.2, connect_timeout=1)
        async with asyncio.timeout(20):
            with pytest.raises(Ambiguous):
                await channel.send(HELLO)
        await channel.close()
        await finished.wait()


async def test_file_gone_from_our_store_is_rejected(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    gone = Send(address="7001", key="k", part=Media(kind=MediaKind.FILE, ref="file:404"))
    with pytest.raises(Rejected):
        await opened(driver=driver).send(gone)
    assert standin.calls == []


async def test_a_picture_that_telegram_takes_for_no_photo_goes_as_a_document(
    standin: TelegramStandin, opened: Opened, driver: str
) -> None:
    channel = opened(driver=driver)
    standin.script(
        "sendPhoto", Fail(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"), Fail(403, "Forbidden: bot was kicked")
    )
    assert await channel.send(PICTURE) is not None
    (document,) = standin.sent("sendDocument")
    assert document.params["caption"] == "Накладна"
    assert document.files == {"document": SentFile("photo.jpg", Files().held["file:8"])}
    with pytest.raises(Gone):
        await channel.send(PICTURE)
    assert len(standin.sent("sendDocument")) == 1


async def test_reply_keyboard_goes_with_the_next_plain_message(
    standin: TelegramStandin, opened: Opened, driver: str
) -> None:
    channel = opened(driver=driver)
    ask = Send(address="7001", key="k", part=Text(text="?"), buttons=(Button(label="Мій номер", ask=Ask.PHONE),))
    other = Send(address="7002", key="k", part=Text(text="hi"))
    inline = Send(address="7001", key="k", part=Text(text="?"), buttons=(Button(label="x", payload="y"),))
    for send in (ask, other, inline, HELLO, HELLO):
        await channel.send(send)
    markups = [call.params.get("reply_markup") for call in standin.sent("sendMessage")]
    assert [list(markup) if markup else None for markup in markups] == [
        ["keyboard", "resize_keyboard", "one_time_keyboard"],
        None,
        ["inline_keyboard"],
        ["remove_keyboard"],
        None,
    ]


async def test_an_edit_leaves_the_reply_keyboard_to_the_next_message(
    standin: TelegramStandin, opened: Opened, driver: str
) -> None:
    channel = opened(driver=driver)
    ask = Send(address="7001", key="k", part=Text(text="?"), buttons=(Button(label="Мій номер", ask=Ask.PHONE),))
    for send in (ask, CORRECTION, HELLO):
        await channel.send(send)
    (edit,) = standin.sent("editMessageText")
    assert "reply_markup" not in edit.params  # an edit takes inline keyboards only
    assert standin.sent("sendMessage")[-1].params["reply_markup"] == {"remove_keyboard": True}


async def test_an_edit_that_stands_there_already_is_made(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    channel = opened(driver=driver)
    unchanged = (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
    )
    standin.script("editMessageText", Fail(400, unchanged), Fail(400, "Bad Request: message to edit not found"))
    assert await channel.send(CORRECTION) == "7001:39"
    with pytest.raises(Rejected):
        await channel.send(CORRECTION)


async def test_typing_never_fails(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    channel = opened(driver=driver)
    await channel.typing("7001")
    standin.script("sendChatAction", Fail(403, "Forbidden"), Reset())
    await channel.typing("7001")
    await channel.typing("7001")
    await channel.typing("not a chat")
    assert standin.calls[0].params == {"chat_id": 7001, "action": "typing"}
    assert len(standin.calls) == 3


# --- files -----------------------------------------------------------------------------------


async def fetched(channel: TelegramChannel, ref: str) -> bytes:
    return b"".join([chunk async for chunk in channel.fetch(ref)])


async def test_fetch_streams_from_api_base(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    data = bytes(range(256)) * 2000
    standin.add_file("big", data, "photos/тека 1/file#1.jpg")
    channel = opened(driver=driver)
    chunks = [chunk async for chunk in channel.fetch("big")]
    assert b"".join(chunks) == data
    assert len(chunks) > 1


async def test_fetch_of_a_file_telegram_forgot(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    channel = opened(driver=driver)
    with pytest.raises(NotFound):
        await fetched(channel, "unknown")
    standin.add_file("gone", b"x")
    standin.script("file", Fail(404, "Not Found"))
    with pytest.raises(NotFound):
        await fetched(channel, "gone")


async def test_fetch_that_breaks_may_be_tried_again(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    standin.add_file("one", b"x" * 10)
    standin.script("file", Cut(b"x" * 5), Fail(502, "Bad Gateway"))
    channel = opened(driver=driver)
    for _ in range(2):
        with pytest.raises(Unreachable):
            await fetched(channel, "one")
    assert await fetched(channel, "one") == b"x" * 10


async def test_fetch_stops_at_the_limit(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    standin.add_file("huge", b"x" * 1001)
    with pytest.raises(Rejected):
        await fetched(opened(driver=driver, download_limit=1000), "huge")
    assert await fetched(opened(driver=driver, download_limit=1001), "huge") == b"x" * 1001


async def test_closed_channel_opens_again(standin: TelegramStandin, opened: Opened, driver: str) -> None:
    channel = opened(driver=driver)
    await channel.send(HELLO)
    await channel.close()
    await channel.send(HELLO)
    assert len(standin.sent("sendMessage")) == 2
