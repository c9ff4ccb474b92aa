"""Requests from Slack: forgeries refused before anything is looked at, each event once, the rest answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from bots.slack.channel import SlackChannel
from bots.slack.webhook import BODY_LIMIT
from bots.slack.wire.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from gateway.channels import UNREADABLE, WebhookRequest
from gateway.errors import RequestRefused
from gateway.messages import Ignored, Inbound
from tests.bots.slack.support import post, raw
from tests.standins.slack import FORM, SECRET, callback, signed

Opened = Callable[..., SlackChannel]

IM = {"type": "message", "channel": "D1", "user": "U1", "text": "hi", "ts": "1355517523.000005"}
ROOM = {**IM, "channel": "C1"}


def test_slacks_own_example_of_a_signature() -> None:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack/"""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign("8f742231b10e8888abcd99yyyzzz85a5", 1531420618, body) == signature


def test_a_true_call_is_one_envelope(opened: Opened) -> None:
    request = post(callback(IM, "Ev1"))
    (envelope,) = opened().receive(request).envelopes
    assert (envelope.platform_id, envelope.address, envelope.body) == ("event:Ev1", "D1", request.body)


def test_a_retry_is_the_same_event_and_is_answered_the_same(opened: Opened) -> None:
    channel = opened()
    body = json.dumps(callback(IM, "Ev1")).encode()
    first = channel.receive(raw(body))
    again = channel.receive(raw(body, at=time.time() + 60, x_slack_retry_num="2", x_slack_retry_reason="http_error"))
    assert first == again
    assert channel.receive(post(callback(IM, "Ev2"))).envelopes[0].platform_id == "event:Ev2"


def test_a_message_that_mentions_us_comes_twice_and_is_taken_once(opened: Opened) -> None:
    channel = opened()
    words = {**ROOM, "text": "<@U0DESK> hello"}
    both = [channel.receive(post(callback({**words, "type": kind}))) for kind in ("message", "app_mention")]
    assert both[0].envelopes[0].platform_id == both[1].envelopes[0].platform_id == "said:C1:1355517523.000005"
    assert channel.parse(both[0].envelopes[0].body) == channel.parse(both[1].envelopes[0].body)
    direct = channel.receive(post(callback({**words, "channel": "D1"}, "Ev7")))
    assert direct.envelopes[0].platform_id == "event:Ev7"


@pytest.mark.parametrize("secret", ["", "x"])
def test_who_is_not_slack_is_refused(opened: Opened, secret: str) -> None:
    body = json.dumps(callback(IM)).encode()
    request = WebhookRequest(method="POST", headers=signed(body, secret=secret), query={}, body=body)
    with pytest.raises(RequestRefused) as caught:
        opened().receive(request)
    assert caught.value.status == 403
    assert SECRET not in caught.value.reason


def test_without_a_configured_secret_nobody_is_slack(opened: Opened) -> None:
    body = json.dumps(callback(IM)).encode()
    request = WebhookRequest(method="POST", headers=signed(body, secret=""), query={}, body=body)
    with pytest.raises(RequestRefused):
        opened(signing_secret="", mode="socket").receive(request)


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        (SIGNATURE_HEADER, "v0=ж\udcff", 403),
        (SIGNATURE_HEADER, "", 401),
        (TIMESTAMP_HEADER, "", 401),
        (TIMESTAMP_HEADER, "²", 401),
        (TIMESTAMP_HEADER, "-1", 401),
        (TIMESTAMP_HEADER, "9" * 400, 401),
        (TIMESTAMP_HEADER, "999999999999", 403),
    ],
)
def test_strange_headers(opened: Opened, header: str, value: str, status: int) -> None:
    request = post(callback(IM))
    strange = WebhookRequest(method="POST", headers={**request.headers, header: value}, query={}, body=request.body)
    with pytest.raises(RequestRefused) as caught:
        opened().receive(strange)
    assert caught.value.status == status


@pytest.mark.parametrize(("offset", "taken"), [(-290, True), (290, True), (-302, False), (302, False)])
def test_five_minutes_both_ways(opened: Opened, offset: float, taken: bool) -> None:
    request = post(callback(IM), at=time.time() + offset)
    if taken:
        assert opened().receive(request).envelopes
    else:
        with pytest.raises(RequestRefused) as caught:
            opened().receive(request)
        assert caught.value.status == 403


def test_a_stranger_learns_nothing_of_size_and_method(opened: Opened) -> None:
    large = b"x" * (BODY_LIMIT + 1)
    for method, headers, status in (("GET", {}, 401), ("POST", {}, 401), ("POST", signed(large), 413)):
        with pytest.raises(RequestRefused) as caught:
            opened().receive(WebhookRequest(method=method, headers=headers, query={}, body=large))
        assert caught.value.status == status


def test_the_challenge_is_answered_and_stored_nowhere(opened: Opened) -> None:
    challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    receipt = opened().receive(post({"token": "x", "challenge": challenge, "type": "url_verification"}))
    assert (receipt.envelopes, receipt.status, receipt.body) == ((), 200, challenge.encode())
    assert receipt.content_type == "text/plain"


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[" * BODY_LIMIT, b'{"type":5}', b'{"type":"event_callback","event":{}}', b"\x00\xff", b"{}"],
)
def test_authentic_nonsense_goes_to_quarantine(opened: Opened, body: bytes) -> None:
    (envelope,) = opened().receive(raw(body)).envelopes
    assert envelope.address is None
    assert envelope.platform_id.startswith(UNREADABLE)
    assert envelope.body == body


@pytest.mark.parametrize("form", [b"", b"a=b", b"payload=", b"payload=%7Bno", b"\xff=\xfe", b"&".join([b"a=b"] * 200)])
def test_a_form_without_a_payload_too(opened: Opened, form: bytes) -> None:
    (envelope,) = opened().receive(raw(form, form=True)).envelopes
    assert envelope.platform_id.startswith(UNREADABLE)


def test_a_command_is_a_form_and_is_heard_where_the_person_is(opened: Opened) -> None:
    fields = {"command": "/desk", "text": "де посилка?", "user_id": "U1", "team_id": "T1", "trigger_id": "1.2.3"}
    channel = opened()
    receipt = channel.receive(raw(urlencode(fields).encode(), form=True))
    (envelope,) = receipt.envelopes
    assert (envelope.platform_id, envelope.address, receipt.body) == ("command:1.2.3", "U1", b"")
    assert isinstance(channel.parse(envelope.body), Inbound)


def test_slacks_own_check_of_the_certificate(opened: Opened) -> None:
    (envelope,) = opened().receive(raw(b"ssl_check=1&token=x", form=True)).envelopes
    assert envelope.address is None
    assert isinstance(opened().parse(envelope.body), Ignored)


def test_the_content_type_may_bear_a_charset(opened: Opened) -> None:
    body = urlencode({"payload": json.dumps({"type": "block_actions", "user": {"id": "U1"}, "trigger_id": "7"})})
    request = raw(body.encode(), form=True)
    headers = {**request.headers, "content-type": f"{FORM}; charset=utf-8"}
    (envelope,) = (
        opened().receive(WebhookRequest(method="POST", headers=headers, query={}, body=request.body)).envelopes
    )
    assert envelope.platform_id == "action:7"


PRESS = {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_ts": "5.000001", "value": "x"}]}


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (PRESS, "action:U1:5.000001"),
        ({**PRESS, "trigger_id": "9.9.9"}, "action:9.9.9"),
        (callback(IM, "E" * 500), None),
        (callback({**ROOM, "text": "<@U2> hi"}), "said:C1:1355517523.000005"),
        (callback({**ROOM, "subtype": "message_changed", "text": "<@U2> hi", "message": IM}, "Ev3"), "event:Ev3"),
        (callback({**ROOM, "type": "app_mention", "edited": {"ts": "1.0"}}, "Ev4"), "event:Ev4"),
        ({"type": "frontdesk_said", "channel": "D1", "ts": "1.000001", "text": "x"}, "echo:D1:1.000001"),
    ],
)
def test_keys(opened: Opened, payload: dict[str, Any], key: str | None) -> None:
    (envelope,) = opened().receive(post(payload)).envelopes
    assert len(envelope.platform_id) <= 250
    assert key is None or envelope.platform_id == key


# --- where we listen -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "event", "address"),
    [
        ({}, IM, "D1"),
        ({}, ROOM, "C1:1355517523.000005"),
        ({"direct": False}, IM, None),
        ({"direct": False}, ROOM, "C1:1355517523.000005"),
        ({"rooms": []}, ROOM, None),
        ({"rooms": []}, IM, "D1"),
        ({"rooms": ["C2", "C1"]}, ROOM, "C1:1355517523.000005"),
        ({"rooms": ["C2"]}, ROOM, None),
        ({}, {**ROOM, "bot_id": "B1"}, None),
        ({}, {**ROOM, "subtype": "channel_join"}, None),
    ],
)
def test_what_says_nothing_to_us_makes_nobodys_acquaintance(
    opened: Opened, fields: dict[str, Any], event: dict[str, Any], address: str | None
) -> None:
    channel = opened(**fields)
    (envelope,) = channel.receive(post(callback(event))).envelopes
    assert envelope.address == address
    assert isinstance(channel.parse(envelope.body), Ignored) == (address is None)
