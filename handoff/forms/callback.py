"""The form that books a call: when, which number, what about, agreed? Pure.

The form asks for what it does not know yet, in that order; whatever is said at any step (a time, a
number) is taken, so “call me tomorrow after 15 on 067…” leaves only the topic to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from gateway.conversations import Form
from gateway.messages import Ask, Button, Outbound, Value
from gateway.ports import Action
from gateway.texts import Translator
from handoff.bookings import Booking
from handoff.calendar import Calendar, Refusal, spread
from handoff.forms.correcting import on_day_of
from handoff.forms.said import Advance, Said
from handoff.hours import Span
from handoff.phones import check_phone, example_phone, looks_like_phone, show_phone
from handoff.wording import When, capital, message_button, say

NAME = "callback"
TOPIC_LIMIT = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Step(StrEnum):
    """What the form waits for."""

    TIME = "time"
    PHONE = "phone"
    TOPIC = "topic"
    CONFIRM = "confirm"


class Facts(Value, frozen=True, kw_only=True):
    """What the form may use: `zone` the customer's, `phones` the numbers we know (E.164), `topic` what
    was said before, `ask_phone` whether the channel has a button that shares the number."""

    zone: str
    now: datetime
    regions: tuple[str, ...]
    phones: tuple[str, ...] = ()
    topic: str | None = None
    ask_phone: bool = False
    own: str | None = None
    """The number that is proven to be theirs: it is not asked for."""


class CallbackForm:
    """One conversation's form, in its language."""

    def __init__(self, facts: Facts, calendar: Calendar, texts: Translator, name: str = NAME) -> None:
        self._facts = facts
        self._calendar = calendar
        self._texts = texts
        self._name = name
        self._when = When(texts, facts.zone, facts.now)

    def begin(self, said: Said) -> Advance:
        """Start, with whatever the first words already tell."""
        slots: dict[str, Any] = {"topic": self._facts.topic} if self._facts.topic else {}
        phone = said.phone or self._facts.own
        if phone:
            slots["phone"] = phone
        return self._take_time(slots, said) if said.times else self._ask_next(slots)

    def advance(self, form: Form, said: Said) -> Advance:
        """Go on with `form` after `said`."""
        if said.press is not None:
            return self._on_press(form, said.press)
        if said.bare and self._calls_off(form, said):
            return self._decline()
        return self._on_words(form, said)

    # --- what was said -----------------------------------------------------------------------

    def _calls_off(self, form: Form, said: Said) -> bool:
        if form.step == Step.TOPIC:
            return said.calls_off
        return said.no or said.cancel or said.action is Action.CALLBACK_CANCEL

    def _on_press(self, form: Form, press: str) -> Advance:
        slots = dict(form.slots)
        what, _, value = press.partition(":")
        match what:
            case "no":
                return self._decline()
            case "yes":
                return self._finish(slots)
            case "at":
                return self._take_window(slots, value)
            case "tel":
                slots["phone"] = check_phone(value, self._facts.regions)
            case "skip":
                slots["topic"] = ""
            case "retime":
                slots.pop("start", None)
            case "rephone":
                slots.pop("phone", None)
        return self._ask_next(slots)

    def _on_words(self, form: Form, said: Said) -> Advance:
        slots = dict(form.slots)
        step = Step(form.step)
        if step is Step.TOPIC and said.text and not said.puts_right:
            passes = said.skip or said.no or said.yes or said.thanks
            slots["topic"] = "" if passes else said.text[:TOPIC_LIMIT]
            return self._ask_next(slots)
        if step is Step.CONFIRM and said.agrees and said.bare:
            # Who thanks for what was only proposed goes away believing that it is booked; after an answer about
            # something else in between nobody knows what they thank for.
            return self._finish(slots) if said.in_reply else self._ask_next(slots)
        if said.phone:
            slots["phone"] = said.phone
        # The digits of a mistyped number may look like a time.
        if said.times and not (step is Step.PHONE and looks_like_phone(said.text)):
            return self._take_time(slots, said)
        if step is Step.TIME and said.any_time:
            words = self._texts.gettext("The nearest free times:")
            return self._ask_time(slots, words, self._calendar.nearest(self._facts.now))
        if said.phone:
            return self._ask_next(slots)
        if step is Step.PHONE and (said.card or looks_like_phone(said.text)):
            return self._ask_phone(slots, self._wrong_number())
        return self._misfit(form, said)

    def _misfit(self, form: Form, said: Said) -> Advance:
        """Words that fit nothing: another matter goes to the bot, else we explain once."""
        _ = self._texts.gettext
        if said.stranger or form.slots.get("missed") == form.step:
            return Advance(unhandled=True, form=form)
        slots = form.slots | {"missed": form.step}
        hints = {
            Step.TIME: self.no_time(),
            Step.PHONE: self._wrong_number(),
            Step.TOPIC: _("What is the call about? One sentence is enough."),
            Step.CONFIRM: _("Please say whether this is right."),
        }
        return self._ask(Step(form.step), slots, hints[Step(form.step)])

    def _decline(self) -> Advance:
        return Advance(declined=True)

    # --- time --------------------------------------------------------------------------------

    def _take_time(self, slots: dict[str, Any], said: Said) -> Advance:
        time, day = said.times[0], slots.get("day") or slots.get("start")
        if day:
            time = on_day_of(time, datetime.fromisoformat(day), self._facts.zone)
        read = self._calendar.read(time)
        if isinstance(read, Refusal):
            near = self._calendar.nearest(datetime.fromisoformat(time.value))
            return self._ask_time(slots, self.refusal(read), near)
        if len(read) == 1:
            return self._ask_next(slots | {"start": read[0].start.isoformat(), "day": None})
        return self._ask_time(slots, self._texts.gettext("We can call at these times:"), spread(read))

    def _take_window(self, slots: dict[str, Any], minutes: str) -> Advance:
        window = self._window_from(minutes)
        refusal = self._calendar.why_not(window) if window else Refusal.PAST
        if window is None or refusal:
            near = self._calendar.nearest(window.start) if window else self._calendar.suggest(self._facts.zone)
            return self._ask_time(slots, self.refusal(refusal or Refusal.PAST), near)
        return self._ask_next(slots | {"start": window.start.isoformat(), "day": None})

    def _window_from(self, minutes: str) -> Span | None:
        try:
            return self._calendar.window_at(_EPOCH + timedelta(minutes=int(minutes)))
        except (ValueError, OverflowError):
            return None

    def refusal(self, refusal: Refusal) -> str:
        _ = self._texts.gettext
        return {
            Refusal.PAST: _("That time has already passed. The nearest free times:"),
            Refusal.SOON: _("That is too soon for us to manage. The nearest free times:"),
            Refusal.FAR: _("That is too far ahead for us to promise. The nearest free times:"),
            Refusal.CLOSED: _("We do not work at that time. The nearest free times:"),
            Refusal.FULL: _("That time is already fully booked. The nearest free times:"),
        }[refusal]

    # --- asking ------------------------------------------------------------------------------

    def _ask_next(self, slots: dict[str, Any]) -> Advance:
        """Ask for the first thing that is missing."""
        _ = self._texts.gettext
        if "start" not in slots:
            words = _("When shall we call? Choose a time or write your own, for example “tomorrow after 15”.")
            return self._ask(Step.TIME, slots, words)
        if not slots.get("phone"):
            return self._ask(Step.PHONE, slots, _("Which number shall we call?"))
        if "topic" not in slots:
            return self._ask(Step.TOPIC, slots, _("What is the call about? One sentence is enough."))
        return self._ask(Step.CONFIRM, slots, None)

    def _ask(self, step: Step, slots: dict[str, Any], words: str | None) -> Advance:
        match step:
            case Step.TIME:
                return self._ask_time(slots, words or "", self._calendar.suggest(self._facts.zone))
            case Step.PHONE:
                return self._ask_phone(slots, words or "")
            case Step.TOPIC:
                skip = Button(label=self._texts.gettext("Skip"), payload=self._payload("skip"))
                return self._wait(Step.TOPIC, slots, words or "", [skip])
            case Step.CONFIRM:
                return self._ask_confirm(slots, words)

    def _ask_time(self, slots: dict[str, Any], words: str, windows: Sequence[Span]) -> Advance:
        _ = self._texts.gettext
        if not windows:
            sorry = _("There is no free time for a call in the coming days, I am sorry. You can leave a message.")
            return Advance(replies=(say(sorry, [message_button(self._texts)]),))
        slots |= {"day": only_day(windows, self._facts.zone)}
        return self._wait(Step.TIME, slots, words, [*self.window_buttons(windows), self._no_button()])

    def _ask_phone(self, slots: dict[str, Any], words: str) -> Advance:
        _ = self._texts.gettext
        buttons = [
            Button(label=show_phone(phone), payload=self._payload(f"tel:{phone}")) for phone in self._facts.phones[:2]
        ]
        if self._facts.ask_phone:
            buttons.insert(0, Button(label=_("Share my number"), ask=Ask.PHONE))
        return self._wait(Step.PHONE, slots, words, [*buttons, self._no_button()])

    def _ask_confirm(self, slots: dict[str, Any], hint: str | None) -> Advance:
        _ = self._texts.gettext
        window = self._window(slots)
        refusal = self._calendar.why_not(window)
        if refusal:
            slots.pop("start")
            return self._ask_time(slots, self.refusal(refusal), self._calendar.nearest(window.start))
        lines = [hint] if hint else []
        lines.append(
            _("We call {phone}: {when}.").format(phone=show_phone(slots["phone"]), when=self._when.full(window))
        )
        if slots["topic"]:
            lines.append(_("About: {topic}").format(topic=slots["topic"]))
        buttons = [
            Button(label=_("Yes, book it"), payload=self._payload("yes")),
            Button(label=_("Another time"), payload=self._payload("retime")),
            Button(label=_("Another number"), payload=self._payload("rephone")),
            self._no_button(),
        ]
        return self._wait(Step.CONFIRM, slots, "\n".join(lines), buttons)

    def _finish(self, slots: dict[str, Any]) -> Advance:
        """Book where everything is known and the window is still free; else ask on."""
        if "start" not in slots or not slots.get("phone") or "topic" not in slots:
            return self._ask_next(slots)
        window = self._window(slots)
        refusal = self._calendar.why_not(window)
        if refusal:
            slots.pop("start")
            return self._ask_time(slots, self.refusal(refusal), self._calendar.nearest(window.start))
        return Advance(booking=Booking(window=window, phone=slots["phone"], topic=slots["topic"] or None))

    # --- pieces ------------------------------------------------------------------------------

    def window_buttons(self, windows: Sequence[Span], about: str = "") -> list[Button]:
        """A button for each window; its value is the start in minutes since 1970 and perhaps `about`."""
        return [
            Button(
                label=capital(self._when.window(window)),
                payload=self._payload(f"at:{(window.start - _EPOCH) // timedelta(minutes=1)}{about}"),
            )
            for window in windows
        ]

    def no_time(self) -> str:
        """The hint where a time was asked for and none was said."""
        return self._texts.gettext(
            "I did not find a time in that. Choose one, or write for example “tomorrow at 15:00”."
        )

    def _window(self, slots: dict[str, Any]) -> Span:
        return self._calendar.window_at(datetime.fromisoformat(slots["start"]))

    def _wait(self, step: Step, slots: dict[str, Any], words: str, buttons: Sequence[Button]) -> Advance:
        reply: Outbound = say(words, buttons)
        return Advance(replies=(reply,), form=Form(name=self._name, step=step, slots=slots))

    def _no_button(self) -> Button:
        return Button(label=self._texts.gettext("No call, thank you"), payload=self._payload("no"))

    def _payload(self, value: str) -> str:
        return f"f:{self._name}:{value}"

    def _wrong_number(self) -> str:
        return self._texts.gettext(
            "This does not look like a telephone number. Please write it whole, for example {example}."
        ).format(example=example_phone(self._facts.regions))


def only_day(windows: Sequence[Span], zone: str) -> str | None:
    """The first of `windows` (ISO 8601) where all are on one day of `zone`: an hour said next is one of that day."""
    days = {window.start.astimezone(ZoneInfo(zone)).date() for window in windows}
    return windows[0].start.isoformat() if len(days) == 1 else None
