"""Whether the sites that embed a widget can reach it."""

from __future__ import annotations

import pytest

from bots.webchat.checkup import look
from bots.webchat.settings import WebchatSettings
from gateway.operating.checkup import Verdict


@pytest.mark.parametrize(
    ("origins", "public_url", "verdict"),
    [
        ([], None, Verdict.OK),
        (["https://shop.example"], "https://desk.example", Verdict.OK),
        (["https://shop.example"], "http://desk.example", Verdict.PROBLEM),
        (["http://shop.example"], "http://desk.example", Verdict.OK),
        (["*"], "https://desk.example", Verdict.WARNING),
    ],
)
def test_sites(origins: list[str], public_url: str | None, verdict: Verdict) -> None:
    (found,) = look("site", WebchatSettings(allowed_origins=origins), public_url)
    assert found.subject == "channels.site"
    assert found.verdict is verdict
