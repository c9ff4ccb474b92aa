"""The forms that move or cancel a booked call. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gateway.conversations import Form
from gateway.messages import Button
from gateway.texts import Translator
from handoff.calendar import Calendar, Refusal, spread
from handoff.callbacks import CallbackRequest
from handoff.forms.callback import CallbackForm, Facts, only_day
from handoff.forms.correcting import on_day_of
from handoff.forms.said import Advance, Said
from handoff.hours import Span
from handoff.wording import When, say

MOVE = "callback_move"
CANCEL = "callback_cancel"

_NAMED = re.compile(r"(?:yes|at:-?\d+):(\d{1,17})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MoveForm:
    """Another time for `callback`: one choice, and it is moved."""

    def __init__(self, facts: Facts, calendar: Calendar, texts: Translator, callback: CallbackRequest) -> None:
        self._facts = facts
        self._calendar = calendar
        self._texts = texts
        self._callback = callback
        self._when = When(texts, facts.zone, facts.now)
        self._booking = CallbackForm(facts, calendar, texts, MOVE)

    def begin(self, said: Said) -> Advance:
        """Ask for the time, unless the first words already name it."""
        if said.times:
            return self._on_time(said, None)
        words = self._texts.gettext("The call is booked for {when}. When shall we call instead?")
        return self._ask(words.format(when=self._when.full(self._callback.window)))

    def advance(self, form: Form | None, said: Said) -> Advance:
        """Go on after `said`; without an open form only a pressed window counts."""
        if said.press is not None:
            return self._on_press(said.press)
        if said.times:
            return self._on_time(said, form)
        if said.no or said.cancel:
            return Advance(declined=True)
        if said.stranger or form is None or form.slots.get("missed"):
            return Advance(unhandled=True, form=form)
        words = self._texts.gettext(
            "I did not find a time in that. Choose one, or write for example “tomorrow at 15:00”."
        )
        return self._ask(words, missed=True)

    def _on_press(self, press: str) -> Advance:
        what, _, value = press.partition(":")
        if what == "no":
            return Advance(declined=True)
        try:
            window = self._calendar.window_at(_EPOCH + timedelta(minutes=int(value.partition(":")[0])))
        except (ValueError, OverflowError):
            return self.begin(Said())
        refusal = self._calendar.why_not(window)
        return self._refuse(refusal, window.start) if refusal else Advance(move_to=window)

    def _on_time(self, said: Said, form: Form | None) -> Advance:
        offered = form.slots.get("day") if form else None
        day = datetime.fromisoformat(offered) if offered else self._callback.window.start
        time = on_day_of(said.times[0], day, self._facts.zone)
        read = self._calendar.read(time)
        if isinstance(read, Refusal):
            return self._refuse(read, datetime.fromisoformat(time.value))
        if len(read) == 1:
            return Advance(move_to=read[0])
        return self._ask(self._texts.gettext("We can call at these times:"), spread(read))

    def _refuse(self, refusal: Refusal, near: datetime) -> Advance:
        return self._ask(self._booking.refusal(refusal), self._calendar.nearest(near))

    def _ask(self, words: str, windows: list[Span] | None = None, *, missed: bool = False) -> Advance:
        _ = self._texts.gettext
        offered = windows or self._calendar.suggest(self._facts.zone)
        if not offered:
            return Advance(
                replies=(say(_("There is no other free time in the coming days; the call stays as it is.")),)
            )
        keep = Button(label=_("Leave it as it is"), payload=f"f:{MOVE}:no")
        slots = {"callback": self._callback.id, "day": only_day(offered, self._facts.zone)}
        slots |= {"missed": True} if missed else {}
        return Advance(
            replies=(say(words, [*self._booking.window_buttons(offered, f":{self._callback.id}"), keep]),),
            form=Form(name=MOVE, step="time", slots=slots),
        )


class CancelForm:
    """Whether `callback` is really to be cancelled: a slipped finger must not lose a call."""

    def __init__(self, texts: Translator, callback: CallbackRequest, when: When) -> None:
        self._texts = texts
        self._callback = callback
        self._when = when

    def begin(self) -> Advance:
        """Ask."""
        _ = self._texts.gettext
        words = _("Shall I cancel the call: {when}?").format(when=self._when.full(self._callback.window))
        buttons = [
            Button(label=_("Yes, cancel it"), payload=f"f:{CANCEL}:yes:{self._callback.id}"),
            Button(label=_("Leave it as it is"), payload=f"f:{CANCEL}:no"),
        ]
        form = Form(name=CANCEL, step="confirm", slots={"callback": self._callback.id})
        return Advance(replies=(say(words, buttons),), form=form)

    def advance(self, form: Form | None, said: Said) -> Advance:
        """Take the answer."""
        if (said.press or "").startswith("yes") or (said.press is None and (said.yes or said.cancel)):
            return Advance(cancel=True)
        if said.press is not None or said.no:
            return Advance(declined=True)
        if said.stranger or form is None or form.slots.get("missed"):
            return Advance(unhandled=True, form=form)
        again = self.begin()
        slots = {"callback": self._callback.id, "missed": True}
        return Advance(replies=again.replies, form=Form(name=CANCEL, step="confirm", slots=slots))


def named(press: str | None) -> int | None:
    """The number of the call that a pressed value is about: ``yes:<id>`` or ``at:<minutes>:<id>``."""
    match = _NAMED.fullmatch(press or "")
    return int(match[1]) if match else None
