"""Answers and their absence → what may be done now."""

from __future__ import annotations

import json

import pytest

from bots.slack.wire.replies import Trouble, download_failure, failure, read_reply
from gateway.errors import Ambiguous, NotFound, Rejected, Throttled, Unreachable


def refusal(error: str) -> bytes:
    return json.dumps({"ok": False, "error": error}).encode()


TABLE = [
    (429, refusal("ratelimited"), Throttled, "ratelimited"),
    (200, refusal("ratelimited"), Throttled, "ratelimited"),
    (200, refusal("rate_limited"), Throttled, "rate_limited"),
    (200, refusal("message_limit_exceeded"), Throttled, "message_limit_exceeded"),
    (429, b"<html>slow down</html>", Throttled, "429"),
    (200, refusal("channel_not_found"), Rejected, "channel_not_found"),
    (200, refusal("is_archived"), Rejected, "is_archived"),
    (200, refusal("not_in_channel"), Rejected, "not_in_channel"),
    (200, refusal("msg_too_long"), Rejected, "msg_too_long"),
    (200, refusal("no_text"), Rejected, "no_text"),
    (200, refusal("invalid_blocks"), Rejected, "invalid_blocks"),
    (200, refusal("restricted_action"), Rejected, "restricted_action"),
    (200, refusal("invalid_auth"), Rejected, "invalid_auth"),
    (200, refusal("account_inactive"), Rejected, "account_inactive"),
    (200, refusal("token_revoked"), Rejected, "token_revoked"),
    (200, refusal("missing_scope"), Rejected, "missing_scope"),
    (200, refusal("a_code_of_tomorrow"), Rejected, "a_code_of_tomorrow"),
    (200, refusal("words: my pin is 1234"), Rejected, "refused"),
    (403, refusal("access_denied"), Rejected, "access_denied"),
    (200, refusal("request_timeout"), Unreachable, "request_timeout"),
    (200, refusal("team_added_to_org"), Unreachable, "team_added_to_org"),
    (200, refusal("fatal_error"), Ambiguous, "fatal_error"),
    (200, refusal("internal_error"), Ambiguous, "internal_error"),
    (200, refusal("service_unavailable"), Ambiguous, "service_unavailable"),
    (500, refusal("internal_error"), Ambiguous, "internal_error"),
    (503, refusal("something_else"), Ambiguous, "something_else"),
    (404, b"", Rejected, "404"),
    (413, b"<html>too large</html>", Rejected, "413"),
    (408, b"", Ambiguous, "408"),
    (302, b"", Ambiguous, "302"),
    (500, b"", Ambiguous, "500"),
    (502, b"<html>Bad Gateway</html>", Ambiguous, "502"),
    (200, b"", Ambiguous, "200"),
    (200, b"ok", Ambiguous, "200"),
    (200, b'{"ok":true', Ambiguous, "200"),
    (200, b'{"ok":1}', Ambiguous, "200"),
    (200, b'{"ok":false}', Ambiguous, "200"),
    (200, b"[1]", Ambiguous, "200"),
    (200, b"[" * 100_000, Ambiguous, "200"),
]


@pytest.mark.parametrize(("status", "body", "error", "reason"), TABLE)
def test_refusal(status: int, body: bytes, error: type[Exception], reason: str) -> None:
    with pytest.raises(error) as caught:
        read_reply(status, {}, body)
    assert type(caught.value) is error
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("headers", "delay"),
    [({"Retry-After": "30"}, 30), ({"retry-after": "7"}, 7), ({}, 10), ({"Retry-After": "soon"}, 10)],
)
def test_delay_is_slacks_own(headers: dict[str, str], delay: float) -> None:
    with pytest.raises(Throttled) as caught:
        read_reply(429, headers, refusal("ratelimited"))
    assert caught.value.retry_after == delay


def test_answer() -> None:
    assert read_reply(200, {}, b'{"ok":true,"ts":"1.2","warning":"x"}')["ts"] == "1.2"


def test_no_answer() -> None:
    assert isinstance(failure(Trouble.NOT_CONNECTED), Unreachable)
    assert isinstance(failure(Trouble.LOST), Ambiguous)


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotFound), (410, NotFound), (429, Throttled), (403, Rejected), (302, Rejected), (500, Unreachable)],
)
def test_download_failure(status: int, error: type[Exception]) -> None:
    assert isinstance(download_failure(status, {}), error)
