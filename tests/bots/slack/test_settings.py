"""Settings: named faults, documented fields, and no library in memory before a channel is built."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bots.slack import KIND
from bots.slack.settings import SlackSettings
from gateway.errors import SettingsError
from gateway.settings import check_struct
from tests.bots.slack.support import tools

GOOD = {"bot_token": "xoxb-1", "signing_secret": "abc"}


def checked(**fields: Any) -> SlackSettings:
    return check_struct(SlackSettings, {**GOOD, **fields}, "channels.shop.")


def test_a_token_and_a_secret_are_enough() -> None:
    settings = checked()
    assert (settings.mode, settings.api_base, settings.rooms) == ("events", "https://slack.com/api", ["*"])
    assert KIND.build("shop", settings, tools()).kind == "slack"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bot_token", "with space"),
        ("bot_token", ""),
        ("signing_secret", "a b"),
        ("mode", "push"),
        ("api_base", "slack.com/api"),
        ("call_timeout", 0),
        ("rooms", "C1"),
        ("bot_tokn", "not-to-be-told"),
    ],
)
def test_wrong_field_is_named_and_its_value_is_not(field: str, value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        checked(**{field: value})
    assert caught.value.field == f"channels.shop.{field}"
    assert not value or str(value) not in caught.value.reason or field == "rooms"


@pytest.mark.parametrize(
    ("fields", "missing"), [({"signing_secret": ""}, "signing_secret"), ({"mode": "socket"}, "app_token")]
)
def test_each_mode_needs_its_secret(fields: dict[str, Any], missing: str) -> None:
    with pytest.raises(SettingsError) as caught:
        KIND.build("shop", checked(**fields), tools())
    assert caught.value.field == f"channels.shop.{missing}"


SCRIPT = """
import sys
import bots.slack
print(*[name for name in ("slack_sdk", "slack_bolt", "aiohttp") if name in sys.modules])
"""


def test_nothing_is_imported_before_a_channel_is_built() -> None:
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
