"""Whether the sites that embed a widget can reach it."""

from __future__ import annotations

from collections.abc import Sequence

from bots.webchat.settings import EVERY_ORIGIN, WebchatSettings
from gateway.operating.checkup import Finding, fine, problem, warning


def look(name: str, settings: WebchatSettings, public_url: str | None) -> Sequence[Finding]:
    """Judge the settings of channel `name`; nothing has to be asked."""
    subject = f"channels.{name}"
    origins = settings.allowed_origins
    if EVERY_ORIGIN in origins:
        says = "any site may show this widget as its own"
        return [warning(subject, says, f"name your own sites in {subject}.allowed_origins")]
    secure = [origin for origin in origins if origin.startswith("https://")]
    if secure and public_url is not None and not public_url.startswith("https://"):
        says = f"{secure[0]} is https, and browsers let its pages use nothing from {public_url}"
        return [problem(subject, says, "set public_url to an https address")]
    if not origins:
        return [fine(subject, "only pages of this gateway may show the widget")]
    return [fine(subject, f"pages of {', '.join(origins)} may show the widget")]
