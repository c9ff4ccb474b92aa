"""Answers and their absence → what may be done now."""

from __future__ import annotations

import json

import pytest

from bots.telegram.wire.replies import Trouble, download_failure, failure, read_reply
from gateway.errors import Ambiguous, MovedAway, NotFound, Rejected, Throttled, Unreachable


def refusal(code: int, description: str, **parameters: int) -> bytes:
    return json.dumps({"ok": False, "error_code": code, "description": description, "parameters": parameters}).encode()


TABLE = [
    (429, refusal(429, "Too Many Requests: retry after 7", retry_after=7), Throttled, "429"),
    (429, b"<html>slow down</html>", Throttled, "429"),
    (400, refusal(400, "Bad Request: chat not found"), Rejected, "400 chat not found"),
    (400, refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1), MovedAway,
     "400 group chat was upgraded"),
    (401, refusal(401, "Unauthorized"), Rejected, "401 Unauthorized"),
    (403, refusal(403, "Forbidden: bot was blocked by the user"), Rejected, "403 bot was blocked by the user"),
    (404, refusal(404, "Not Found"), Rejected, "404"),
    (409, refusal(409, "Conflict: terminated by other getUpdates request"), Rejected,
     "409 terminated by other getUpdates request"),
    (413, b"<html>too large</html>", Rejected, "413"),
    (200, refusal(400, "Bad Request: message text is empty"), Rejected, "400 message text is empty"),
    (408, b"", Ambiguous, "408"),
    (302, b"", Ambiguous, "302"),
    (500, refusal(500, "Internal Server Error"), Ambiguous, "500"),
    (502, b"<html>Bad Gateway</html>", Ambiguous, "502"),
    (503, refusal(503, "restart"), Ambiguous, "503"),
    (200, b"", Ambiguous, "200"),
    (200, b'{"ok":true', Ambiguous, "200"),
    (200, b'{"ok":true}', Ambiguous, "200"),
    (200, b"[" * 100_000, Ambiguous, "200"),
    (200, b'{"ok":false,"error_code":"x","parameters":[]}', Ambiguous, "200"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "error", "reason"), TABLE)
def test_refusal(status: int, body: bytes, error: type[Exception], reason: str) -> None:
    with pytest.raises(error) as caught:
        read_reply(status, body)
    assert str(caught.value) == reason


def test_delay_is_telegrams_own() -> None:
    with pytest.raises(Throttled) as caught:
        read_reply(429, refusal(429, "Too Many Requests", retry_after=7))
    assert caught.value.retry_after == 7


def test_a_group_that_moved_says_where_to() -> None:
    with pytest.raises(MovedAway) as caught:
        read_reply(400, refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1001234567890))
    assert caught.value.address == "-1001234567890"


def test_descriptions_that_quote_the_message_are_left_out() -> None:
    with pytest.raises(Rejected) as caught:
        read_reply(400, refusal(400, "Bad Request: can't parse entities: unsupported tag 'my-pin-is-1234'"))
    assert caught.value.reason == "400 can't parse entities"


def test_result() -> None:
    assert read_reply(200, b'{"ok":true,"result":{"message_id":5}}') == {"message_id": 5}
    assert read_reply(200, b'{"ok":true,"result":null}') is None


def test_no_answer() -> None:
    assert isinstance(failure(Trouble.NOT_CONNECTED), Unreachable)
    assert isinstance(failure(Trouble.LOST), Ambiguous)


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (429, Throttled), (403, Rejected), (500, Unreachable), (302, Unreachable)]
)
def test_download_failure(status: int, error: type[Exception]) -> None:
    assert isinstance(download_failure(status), error)
