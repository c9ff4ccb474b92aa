"""Settings: named faults, documented fields, and only the configured library in memory."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bots.telegram import KIND
from bots.telegram.settings import TelegramSettings
from gateway.errors import SettingsError
from gateway.settings import check_struct, describe
from tests.bots.telegram.support import tools

GOOD = {"token": "123456:ABC-def_1"}


def checked(**fields: Any) -> TelegramSettings:
    return check_struct(TelegramSettings, {**GOOD, **fields}, "channels.shop.")


def test_a_token_is_enough() -> None:
    settings = checked()
    assert (settings.driver, settings.mode, settings.api_base) == ("aiogram", "polling", "https://api.telegram.org")


def test_every_field_is_described() -> None:
    assert all(doc.description.endswith(".") for doc in describe(KIND.settings))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("token", "secret without a colon"),
        ("token", "123456:with space"),
        ("webhook_secret", "not/allowed"),
        ("webhook_secret", "x" * 257),
        ("driver", "pyrogram"),
        ("mode", "push"),
        ("api_base", "api.telegram.org"),
        ("max_connections", 0),
        ("poll_timeout", 51),
        ("tokn", "not-to-be-told"),
    ],
)
def test_wrong_field_is_named_and_its_value_is_not(field: str, value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        checked(**{field: value})
    assert caught.value.field == f"channels.shop.{field}"
    assert str(value) not in caught.value.reason or isinstance(value, int)


def test_missing_token_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        check_struct(TelegramSettings, {}, "channels.shop.")
    assert caught.value.field == "channels.shop.token"


def test_webhook_mode_needs_a_secret() -> None:
    with pytest.raises(SettingsError) as caught:
        KIND.build("shop", checked(mode="webhook"), tools())
    assert caught.value.field == "channels.shop.webhook_secret"


SCRIPT = """
import sys
from bots.telegram import KIND
from bots.telegram.settings import TelegramSettings
from gateway.channels import ChannelTools
libraries = {"aiogram", "telegram"}
assert not libraries & set(sys.modules), "imported before it is configured"
settings = TelegramSettings(token="123456:x", driver="python-telegram-bot")
KIND.build("shop", settings, ChannelTools(media=None, public_url=None))
print(*sorted(libraries & set(sys.modules)))
"""


def test_only_the_configured_library_is_imported() -> None:
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "telegram", "")
