"""What Slack says of our tokens, judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bots.slack.channel import SlackChannel
from bots.slack.checkup import NEEDED, ROOMS, judge_address, judge_scopes
from gateway.operating.checkup import Checkable, Verdict
from tests.bots.slack.support import settings
from tests.standins.slack import APP_TOKEN, BOT_TOKEN, SECRET, Fail, Hang, Raw, SlackStandin

OK, WARNING, PROBLEM = Verdict
Opened = Callable[..., SlackChannel]
URL = "https://desk.example"


@pytest.mark.parametrize(
    ("scopes", "rooms", "verdict"),
    [
        (",".join([*NEEDED, *ROOMS, "commands"]), True, OK),
        (", ".join(NEEDED), False, OK),
        (",".join(NEEDED), True, WARNING),
        ("chat:write", False, WARNING),
        ("identify", False, PROBLEM),
        ("", False, PROBLEM),
        (None, False, WARNING),
    ],
)
def test_scopes(scopes: str | None, rooms: bool, verdict: Verdict) -> None:
    found = judge_scopes("a", scopes, rooms=rooms)
    assert found.verdict is verdict
    assert bool(found.fix) is (verdict is not OK)


@pytest.mark.parametrize(
    ("fields", "public_url", "verdict"),
    [
        ({}, URL, OK),
        ({}, None, PROBLEM),
        ({}, "http://desk.example", PROBLEM),
        ({"signing_secret": ""}, URL, PROBLEM),
    ],
)
def test_the_address(fields: dict[str, Any], public_url: str | None, verdict: Verdict) -> None:
    found = judge_address("a", settings(**fields), public_url, "shop")
    assert found.verdict is verdict
    assert verdict is not OK or "https://desk.example/channels/shop/webhook" in found.says


async def test_an_app_that_is_well(opened: Opened) -> None:
    channel = opened(URL)
    assert isinstance(channel, Checkable)
    found = await channel.checkup()
    assert [(one.subject, one.verdict) for one in found] == [
        ("channels.shop", OK),
        ("channels.shop.scopes", OK),
        ("channels.shop.webhook", OK),
    ]
    assert "@desk" in found[0].says


async def test_an_app_on_a_socket(opened: Opened, standin: SlackStandin) -> None:
    assert [one.verdict for one in await opened(mode="socket").checkup()] == [OK, OK, OK]
    standin.script("apps.connections.open", Fail("not_allowed_token_type"), Fail("internal_error", 500))
    assert (await opened(mode="socket").checkup())[2].verdict is PROBLEM
    assert (await opened(mode="socket").checkup())[2].verdict is WARNING


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Fail("invalid_auth"), "does not take this token"),
        (Fail("account_inactive"), "does not take this token"),
        (Fail("access_denied"), "refuses"),
        (Raw(b"<html>", 502, "text/html"), "does not answer"),
        (Hang(5), "does not answer"),
    ],
)
async def test_an_app_that_is_not(opened: Opened, standin: SlackStandin, reply: Any, says: str) -> None:
    standin.script("auth.test", reply)
    found, _ = await opened(URL, call_timeout=0.3, connect_timeout=0.3).checkup()
    assert found.verdict is PROBLEM
    assert says in found.says
    assert not [secret for secret in (BOT_TOKEN, APP_TOKEN, SECRET) if secret in repr(found)]
