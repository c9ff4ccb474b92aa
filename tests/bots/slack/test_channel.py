"""The channel against the stand-in, through slack_sdk: calls, ways to fail, files, and finding a send again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from bots.slack.channel import SlackChannel
from gateway.channels import Send
from gateway.errors import Ambiguous, NotFound, Rejected, SendError, Throttled, Unreachable
from gateway.messages import Button, Edit, Media, MediaKind, Reaction, Text
from tests.bots.slack.support import Files, cases
from tests.standins.slack import BOT_TOKEN, Cut, Fail, Hang, Ok, Raw, Reset, SlackStandin, Take

Opened = Callable[..., SlackChannel]

HELLO = Send(address="D1", key="17.0", part=Text(text="Добрий день"))
THREAD = msgspec.structs.replace(HELLO, address="C1:1482960137.003543")
FILE = msgspec.structs.replace(HELLO, part=Media(kind=MediaKind.FILE, ref="file:7", name="рахунок.pdf"))
CAPTIONED = msgspec.structs.replace(
    FILE, part=msgspec.structs.replace(FILE.part, caption="Ось"), buttons=(Button(label="Так", payload="y"),)
)


async def test_every_case_goes_out_as_written(standin: SlackStandin, opened: Opened) -> None:
    channel = opened()
    for ts in ("1405894322.002768",):
        standin.messages["D024BE91L"].append({"ts": ts})
        standin.messages["C1"].append({"ts": ts})
    standin.reactions.append(("D024BE91L", "1405894322.002768", "shipit"))
    for case in cases("out"):
        send, call = msgspec.convert(case.values[0]["send"], Send), case.values[0]["call"]
        await channel.send(send)
        recorded = standin.calls[-1]
        assert (case.id, recorded.method, recorded.token) == (case.id, call["method"], BOT_TOKEN)
        files = recorded.params.pop("files", None)
        assert recorded.params == call["params"]
        if upload := call.get("upload"):
            (file,) = files
            assert file["title"] == standin.files[file["id"]]["name"] == upload["name"]
            assert standin.contents[file["id"]] == Files().held[upload["ref"]]


async def test_send_tells_the_platform_id(standin: SlackStandin, opened: Opened) -> None:
    channel = opened()
    first, second = await channel.send(HELLO), await channel.send(THREAD)
    assert first == f"D1:{standin.messages['D1'][0]['ts']}"
    assert second == f"C1:{standin.messages['C1'][0]['ts']}"
    assert await channel.send(msgspec.structs.replace(HELLO, address="U7")) == f"D7:{standin.messages['D7'][0]['ts']}"


FAILURES = [
    (Fail("ratelimited", 429, retry_after=3), Throttled, "ratelimited"),
    (Fail("channel_not_found"), Rejected, "channel_not_found"),
    (Fail("is_archived"), Rejected, "is_archived"),
    (Fail("invalid_auth"), Rejected, "invalid_auth"),
    (Fail("fatal_error"), Ambiguous, "fatal_error"),
    (Fail("internal_error", 500), Ambiguous, "internal_error"),
    (Fail("request_timeout"), Unreachable, "request_timeout"),
    (Raw(b"<html>Bad Gateway</html>", 502, "text/html"), Ambiguous, "502"),
    (Raw(b"ok", 200, "text/plain"), Ambiguous, "200"),
    (Raw(b"\xff\xfe\x00garbage", 200, "application/json"), Ambiguous, "200"),
    (Raw(b'{"ok":true,"ts":', 200), Ambiguous, "200"),
    (Raw(b"", 200), Ambiguous, "200"),
    (Reset(), Ambiguous, "no answer"),
    (Take(), Ambiguous, "no answer"),
    (Cut(b'{"ok":tr'), Ambiguous, "no answer"),
    (Hang(30), Ambiguous, "no answer"),
]


@pytest.mark.parametrize(("reply", "error", "reason"), FAILURES)
async def test_failure(
    standin: SlackStandin,
    opened: Opened,
    reply: Any,
    error: type[SendError],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="slack_sdk")
    channel = opened(**({"call_timeout": 0.2, "connect_timeout": 0.2} if isinstance(reply, Hang) else {}))
    standin.script("chat.postMessage", reply)
    with pytest.raises(error) as caught:
        await channel.send(HELLO)
    assert (type(caught.value), caught.value.reason) == (error, reason)
    assert not [one for one in caplog.records if "Добрий" in one.getMessage() or BOT_TOKEN in one.getMessage()]
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after == 3
    assert len(standin.sent("chat.postMessage")) == 1  # the library tries nothing again by itself


async def test_a_reaction_that_is_there_already_is_done(standin: SlackStandin, opened: Opened) -> None:
    channel = opened()
    target = await channel.send(HELLO)
    mood = msgspec.structs.replace(HELLO, part=Reaction(target=str(target), emoji="👍"))
    assert await channel.send(mood) is None
    assert await channel.send(mood) is None
    assert len(standin.reactions) == 1
    gone = msgspec.structs.replace(mood, part=msgspec.structs.replace(mood.part, removed=True))
    await channel.send(gone)
    await channel.send(gone)
    assert standin.reactions == []


async def test_an_edit_takes_the_buttons_away(standin: SlackStandin, opened: Opened) -> None:
    channel = opened()
    target = await channel.send(msgspec.structs.replace(HELLO, buttons=(Button(label="x", payload="y"),)))
    await channel.send(msgspec.structs.replace(HELLO, part=Edit(target=str(target), text="інше")))
    (message,) = standin.messages["D1"]
    assert (message["text"], message["blocks"]) == ("інше", [])


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [Reset(), Fail("internal_error", 500), Fail("fatal_error"), Raw(b"<html>", 502)])
async def test_a_file_that_nobody_saw_yet_is_simply_sent_again(
    standin: SlackStandin, opened: Opened, reply: Any
) -> None:
    standin.script("files.getUploadURLExternal", reply)
    with pytest.raises(Unreachable):
        await opened().send(FILE)
    standin.script("upload", *([reply] if not isinstance(reply, Fail) else [Raw(b"", 500)]))
    with pytest.raises(Unreachable if isinstance(reply, Reset) else SendError):
        await opened().send(FILE)
    assert standin.messages == {}


async def test_a_file_to_a_person_goes_to_their_direct_message(standin: SlackStandin, opened: Opened) -> None:
    await opened().send(msgspec.structs.replace(FILE, address="U7"))
    assert [message["files"][0]["name"] for message in standin.messages["D7"]] == ["рахунок.pdf"]


async def fetched(channel: SlackChannel, ref: str) -> bytes:
    return b"".join([chunk async for chunk in channel.fetch(ref)])


async def test_fetch_shows_the_token_to_slack_and_to_nobody_else(standin: SlackStandin, opened: Opened) -> None:
    file = standin.add_file("F1", b"x" * 200_000)
    channel = opened()
    assert await fetched(channel, file["url_private"]) == b"x" * 200_000
    other = standin.base.replace("127.0.0.1", "localhost")
    for ref in (
        f"{other}/files-pri/T-F1/x",
        "https://files.slack.com.evil.example/x",
        "https://evilslack.com/x",
        "http://files.slack.com/x",
        "ftp://slack.com/x",
        "F1",
        "",
        "http://[",
    ):
        with pytest.raises(NotFound):
            await fetched(channel, ref)


async def test_fetch_by_id_asks_for_the_address(standin: SlackStandin, opened: Opened) -> None:
    standin.add_file("F1", b"bytes")
    assert await fetched(opened(), "id:F1") == b"bytes"
    assert [call.params for call in standin.sent("files.info")] == [{"file": "F1"}]
    with pytest.raises(NotFound):
        await fetched(opened(), "id:F2")


@pytest.mark.parametrize(
    ("reply", "error", "reason"),
    [
        (Raw(b"<html>sign in</html>", 200, "text/html"), Rejected, "files:read"),
        (Raw(b"", 302), Rejected, "302"),
        (Raw(b"", 404), NotFound, "not kept"),
        (Raw(b"", 503), Unreachable, "503"),
        (Cut(b"x"), Unreachable, "download"),
    ],
)
async def test_fetch_that_fails(
    standin: SlackStandin, opened: Opened, reply: Any, error: type[Exception], reason: str
) -> None:
    file = standin.add_file("F1", b"bytes")
    standin.script("file", reply)
    with pytest.raises(error, match=reason):
        await fetched(opened(), file["url_private"])
    assert await fetched(opened(), file["url_private"]) == b"bytes"


# --- finding a send again --------------------------------------------------------------------

SINCE = datetime.now(UTC)


@pytest.mark.parametrize("send", [HELLO, THREAD, FILE, CAPTIONED, msgspec.structs.replace(HELLO, address="U7")])
async def test_what_arrived_is_found(standin: SlackStandin, opened: Opened, send: Send) -> None:
    channel = opened()
    before = msgspec.structs.replace(send, key="16.0", part=Text(text="раніше"), buttons=())
    await channel.send(before)
    assert await channel.find_sent(send, SINCE) is None
    method = "files.completeUploadExternal" if isinstance(send.part, Media) else "chat.postMessage"
    standin.script(method, Take())
    with pytest.raises(Ambiguous):
        await channel.send(send)
    room = next(iter(standin.messages))
    assert await channel.find_sent(send, SINCE) == f"{room}:{standin.messages[room][1]['ts']}"


async def test_only_what_is_new_is_looked_through_and_all_of_it(standin: SlackStandin, opened: Opened) -> None:
    standin._page = 3
    channel = opened()
    for number in range(10):
        await channel.send(msgspec.structs.replace(THREAD, key=f"{number}.0"))
    found = await channel.find_sent(msgspec.structs.replace(THREAD, key="8.0"), SINCE)
    assert found == f"C1:{standin.messages['C1'][8]['ts']}"
    first, *others = standin.sent("conversations.replies")
    assert first.params["ts"] == "1482960137.003543"
    assert float(first.params["oldest"]) < SINCE.timestamp()
    assert [call.params["cursor"] for call in others] == ["3", "6"]
    later = datetime.now(UTC) + timedelta(minutes=10)
    assert await channel.find_sent(msgspec.structs.replace(THREAD, key="8.0"), later) is None


async def test_what_does_no_harm_twice_is_not_looked_for(standin: SlackStandin, opened: Opened) -> None:
    edit = msgspec.structs.replace(HELLO, part=Edit(target="D1:1.000001", text="x"))
    assert await opened().find_sent(edit, SINCE) is None
    assert standin.calls == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Fail("missing_scope"), Rejected),
        (Fail("ratelimited", 429, retry_after=30), Throttled),
        (Fail("internal_error", 500), Ambiguous),
        (Ok({"nothing": 1}), Ambiguous),
        (Reset(), Ambiguous),
    ],
)
async def test_slack_that_cannot_be_asked(
    standin: SlackStandin, opened: Opened, reply: Any, error: type[SendError]
) -> None:
    standin.script("conversations.history", reply)
    with pytest.raises(error):
        await opened().find_sent(HELLO, SINCE)


async def test_odd_histories_are_survived(standin: SlackStandin, opened: Opened) -> None:
    odd = {"messages": [5, {"ts": 7}, {}], "response_metadata": {"next_cursor": "x"}}
    standin.script("conversations.history", Ok(odd), Ok({**odd, "response_metadata": {"next_cursor": "x"}}))
    assert await opened().find_sent(HELLO, SINCE) is None
