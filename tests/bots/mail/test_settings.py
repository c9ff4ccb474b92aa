"""Settings: what is refused by its name, what a server's address means, and what is loaded when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bots.mail import KIND, build
from bots.mail.settings import Server, server
from gateway.channels import WebhookRequest
from gateway.errors import RequestRefused, SettingsError, StorageUnavailable
from gateway.registry import build_channels
from tests.bots.mail.support import settings, tools

ROOT = Path(__file__).parents[3]
PLAIN = {"kind": "mail", "address": "help@shop.example", "imap": "imaps://i.example", "smtp": "smtps://s.example"}


def test_a_channel_is_built_from_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pw\n")
    raw = {**PLAIN, "password_file": str(tmp_path / "secret")}
    channel: Any = build_channels({"mail": "bots.mail"}, {"shop": raw}, tools())["shop"]
    assert (channel.kind, channel.name, channel.settings.password) == ("mail", "shop", "pw")
    monkeypatch.setenv("FRONTDESK_CHANNELS_SHOP_PASSWORD", "other")
    again: Any = build_channels({"mail": "bots.mail"}, {"shop": PLAIN}, tools())["shop"]
    assert again.settings.password == "other"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "shop.example"),
        ("address", "Shop <help@shop.example>"),
        ("imap", "imap.example.com"),
        ("imap", "imaps://user:pw@imap.example.com"),
        ("imap", "imaps://imap.example.com:port"),
        ("imap", "imaps://imap.example.com:99999"),
        ("smtp", "https://smtp.example.com"),
        ("password", ""),
        ("after", "delete"),
        ("sent", "yes"),
        ("poll_seconds", 0),
        ("nonsense", "x"),
    ],
)
def test_what_is_wrong_is_named(field: str, value: object) -> None:
    with pytest.raises(SettingsError) as caught:
        build_channels({"mail": "bots.mail"}, {"shop": {**PLAIN, "password": "pw", field: value}}, tools())
    assert caught.value.field == f"channels.shop.{field}"
    assert "user:pw" not in str(caught.value)


def test_moving_needs_another_folder() -> None:
    for target in ("", "INBOX"):
        with pytest.raises(SettingsError, match=r"channels\.shop\.move_to"):
            build("shop", settings(after="move", move_to=target), tools())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("imaps://imap.example.com", Server(host="imap.example.com", port=993, tls=True, may_be_plain=False)),
        ("imap://imap.example.com/", Server(host="imap.example.com", port=143, tls=False, may_be_plain=False)),
        ("smtps://smtp.example.com:4650", Server(host="smtp.example.com", port=4650, tls=True, may_be_plain=False)),
        ("smtp://127.0.0.1:2525", Server(host="127.0.0.1", port=2525, tls=False, may_be_plain=True)),
    ],
)
def test_servers(url: str, expected: Server) -> None:
    assert server(url) == expected


def test_there_is_no_webhook() -> None:
    channel = build("shop", settings(), tools())
    with pytest.raises(RequestRefused) as caught:
        channel.receive(WebhookRequest(method="POST", headers={}, query={}, body=b"{}"))
    assert caught.value.status == 404


def test_capabilities_follow_the_settings() -> None:
    told = build("shop", settings(send_limit=7, per_second=0.5), tools()).capabilities
    assert told.media_limit == 7 * 1024 * 1024
    assert told.rate is not None
    assert (told.rate.per_second, told.rate.burst) == (0.5, 1)
    assert msgspec.json.encode(told)


def test_the_libraries_are_loaded_for_a_configured_channel_only() -> None:
    script = (
        "import sys; from gateway.app import KINDS; from gateway.registry import kind_in; kind_in(KINDS['mail'])\n"
        "print([name for name in ('imapclient', 'aiosmtplib', 'nh3') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
    assert KIND.name == "mail"


async def test_running_without_a_database_is_refused() -> None:
    async def nobody(channel: str, envelopes: object) -> None:
        raise AssertionError

    with pytest.raises(StorageUnavailable):
        await build("shop", settings(), tools()).run(nobody)
