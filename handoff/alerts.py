"""What staff are told outside the desk: who waits for a person, and which calls nobody has made. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.messages import Value
from gateway.texts import Translator
from handoff.hours import OpeningHours, Span
from handoff.names import called
from handoff.wording import When

SHOWN = 5
"""Lines of one alert; of the rest only their number is told."""
NAME_LIMIT = 60
IN_MINUTES = 120
"""Of a longer wait it is said when it began."""
_OURS = str.maketrans(dict.fromkeys("*[]()<>`", " "))
"""What is a mark in our texts; a customer chooses their own name, and it must not become a link."""


class Matter(StrEnum):
    """What there is to tell of."""

    WAITING = "waiting"
    CALL = "call"


class Alert(Value, frozen=True, kw_only=True):
    """One thing nobody has seen to, since when. `subject` is the conversation's or the call's number; with a later
    `since` (queued again, moved) it is another alert. `window` is a call's time."""

    matter: Matter
    subject: int
    since: datetime
    contact_id: int
    name: str | None = None
    window: Span | None = None


def latest_arrival(hours: OpeningHours, waiting: timedelta, now: datetime) -> datetime | None:
    """Who came then or earlier has waited for `waiting` while people were there; None where that is nobody."""
    opened = hours.opened(now)
    return now - waiting if opened is not None and now - opened >= waiting else None


def words(alerts: Sequence[Alert], texts: Translator, zone: str, now: datetime, desk: str) -> str:
    """The text of one message about `alerts`; `desk` is the desk's address, empty where it is not known."""
    lines = [_line(alert, texts, zone, now) for alert in alerts[:SHOWN]]
    left = len(alerts) - SHOWN
    if left > 0:
        lines.append(texts.ngettext("and {number} more", "and {number} more", left).format(number=left))
    if desk:
        lines.append(texts.gettext("The desk: {link}").format(link=desk))
    return "\n".join(lines)


def _line(alert: Alert, texts: Translator, zone: str, now: datetime) -> str:
    name = _plain(called(alert.name, alert.contact_id, texts))
    if alert.window is not None:
        window = When(texts, zone, now).window(alert.window)
        return texts.gettext("📞 {name} was to be called {when}, and nobody has called.").format(name=name, when=window)
    minutes = max(1, int((now - alert.since).total_seconds() // 60))
    if minutes > IN_MINUTES:
        since = texts.moment(alert.since, zone)
        return texts.gettext("🙋 {name} has waited for a person since {since}.").format(name=name, since=since)
    return texts.ngettext(
        "🙋 {name} has waited {minutes} minute for a person.",
        "🙋 {name} has waited {minutes} minutes for a person.",
        minutes,
    ).format(name=name, minutes=minutes)


def _plain(name: str) -> str:
    return " ".join(name.translate(_OURS).split())[:NAME_LIMIT]
