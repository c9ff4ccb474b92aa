"""Times, buttons and sentences as customers of the queue and of calls read them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway import dialogue
from gateway.contacts import Contact
from gateway.messages import Author, Button, Outbound, Text
from gateway.settings import Company
from gateway.texts import Translator
from handoff.hours import Span


def say(text: str, buttons: Sequence[Button] = (), *, author: Author = Author.BOT) -> Outbound:
    """One plain message. A bot's words are dropped when an agent takes over before they are sent,
    so what must arrive all the same is said by Author.SYSTEM."""
    return Outbound(parts=(Text(text=text),), buttons=tuple(buttons), author=author)


def customer_zone(contact: Contact, company: Company) -> str:
    """The zone to tell times in: the customer's where it is known and real, else the company's."""
    if contact.zone:
        try:
            ZoneInfo(contact.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return company.zone
        return contact.zone
    return company.zone


class When:
    """Says moments and windows in a language and zone, as seen from `now`."""

    def __init__(self, texts: Translator, zone: str, now: datetime) -> None:
        self._texts = texts
        self._zone = zone
        self._today = now.astimezone(ZoneInfo(zone)).date()

    def day(self, at: datetime) -> str:
        """“today”, “tomorrow”, or weekday and date."""
        _ = self._texts.gettext
        distance = at.astimezone(ZoneInfo(self._zone)).date() - self._today
        if distance == timedelta(days=0):
            return _("today")
        if distance == timedelta(days=1):
            return _("tomorrow")
        return self._texts.day(at, self._zone)

    def clocks(self, at: datetime, theirs: str) -> str:
        """“15:00”, with the time in the zone `theirs` where that is another: “15:00 (14:00)”."""
        here, there = self._texts.time(at, self._zone), self.elsewhere(at, theirs)
        return f"{here} ({there})" if there else here

    def window(self, window: Span) -> str:
        """“tomorrow, 15:00–16:00”."""
        times = f"{self._texts.time(window.start, self._zone)}–{self._texts.time(window.end, self._zone)}"
        return f"{self.day(window.start)}, {times}"

    def elsewhere(self, at: datetime, zone: str) -> str:
        """`at` on a clock in `zone`, with its day where that is another there; empty where both show the same."""
        if at.astimezone(ZoneInfo(zone)).date() != at.astimezone(ZoneInfo(self._zone)).date():
            return self._texts.moment(at, zone)
        clock = self._texts.time(at, zone)
        return "" if clock == self._texts.time(at, self._zone) else clock

    def full(self, window: Span) -> str:
        """“tomorrow (Friday, 27 November), 15:00–16:00”: with the date, so that nobody errs by a day."""
        day, date = self.day(window.start), self._texts.day(window.start, self._zone)
        named = date if day == date else f"{day} ({date})"
        times = f"{self._texts.time(window.start, self._zone)}–{self._texts.time(window.end, self._zone)}"
        return f"{named}, {times}"

    def opening(self, at: datetime) -> str:
        """“tomorrow, from 09:00”."""
        _ = self._texts.gettext
        return _("{day}, from {time}").format(day=self.day(at), time=self._texts.time(at, self._zone))


def capital(text: str) -> str:
    """`text` with its first letter large: a button is a sentence of its own."""
    return text[:1].upper() + text[1:]


# --- buttons ---------------------------------------------------------------------------------


def call_button(texts: Translator) -> Button:
    """Ask for a call instead of waiting."""
    return Button(label=texts.gettext("Call me instead"), payload=dialogue.CALLBACK)


def message_button(texts: Translator) -> Button:
    """Leave a message instead of waiting."""
    return Button(label=texts.gettext("Leave a message"), payload="f:message:start")


def bot_button(texts: Translator) -> Button:
    """Leave the queue."""
    return Button(label=texts.gettext("Back to the assistant"), payload=dialogue.BACK_TO_BOT)


def change_buttons(texts: Translator) -> tuple[Button, ...]:
    """Move or cancel a booked call."""
    return (
        Button(label=texts.gettext("Move the call"), payload=dialogue.CALLBACK_MOVE),
        Button(label=texts.gettext("Cancel the call"), payload=dialogue.CALLBACK_CANCEL),
    )
