"""The forms about calls with their I/O: gather the facts, let the pure form decide, carry it out."""

from __future__ import annotations

from collections.abc import Callable

from gateway.conversations import Form, State
from gateway.errors import NotFound
from gateway.identity import Thing, shelf
from gateway.messages import Button, ContactCard
from gateway.ports import Clock, Outcome, Situation
from gateway.settings import Company
from gateway.storage.work import Work
from gateway.texts import Texts, Translator
from handoff import line
from handoff.admission import Admission
from handoff.bookings import Booking, Bookings
from handoff.callbacks import CallbackRequest
from handoff.forms.callback import NAME, CallbackForm, Facts
from handoff.forms.changes import MOVE, CancelForm, MoveForm, named
from handoff.forms.said import Advance, Said
from handoff.handoffs import HandoffOutcome
from handoff.phones import check_phone, show_phone
from handoff.storage.callbacks import CallbackTable
from handoff.topics import topic_of
from handoff.wording import When, bot_button, call_button, change_buttons, customer_zone, say


class CallForms:
    """Booking, moving and cancelling by the customer, in the caller's transaction."""

    def __init__(
        self,
        bookings: Bookings,
        admission: Admission,
        texts: Texts,
        *,
        company: Company,
        clock: Clock,
        can_ask_phone: Callable[[str], bool],
    ) -> None:
        self._bookings = bookings
        self._admission = admission
        self._texts = texts
        self._company = company
        self._clock = clock
        self._can_ask_phone = can_ask_phone

    async def begin(self, work: Work, name: str, situation: Situation, said: Said) -> Outcome:
        """Start ``callback``, ``callback_move`` or ``callback_cancel``. Raises NotFound for others."""
        await self._keep_own_number(work, situation)
        booked = await CallbackTable(work).active_of(situation.contact.id)
        match name:
            case "callback" if booked:
                return self._already_booked(situation, booked[0])
            case "callback":
                return await self._new(work, situation, said)
            case "callback_move" | "callback_cancel" if not booked:
                return await self._nothing_booked(work, situation)
            case "callback_move":
                form = await self._move_form(work, situation, booked[0])
                return await self._carry_out(work, situation, form.begin(said), booked[0])
            case "callback_cancel":
                cancelling = self._cancel_form(situation, booked[0])
                return await self._carry_out(work, situation, cancelling.begin(), booked[0])
        raise NotFound(f"form {name}")

    async def step(self, work: Work, name: str, situation: Situation, said: Said) -> Outcome:
        """Go on with the form `name`, which may not be open any more when an old button is pressed."""
        await self._keep_own_number(work, situation)
        form = situation.conversation.form
        form = form if form is not None and form.name == name else None
        if name == NAME:
            return await self._step_booking(work, situation, form, said)
        callback = await self._meant(work, situation, form, said)
        if callback is None:
            return await self._nothing_booked(work, situation)
        if name == MOVE:
            moving = await self._move_form(work, situation, callback)
            return await self._carry_out(work, situation, moving.advance(form, said), callback)
        cancelling = self._cancel_form(situation, callback)
        return await self._carry_out(work, situation, cancelling.advance(form, said), callback)

    # --- booking -----------------------------------------------------------------------------

    async def _new(self, work: Work, situation: Situation, said: Said) -> Outcome:
        form = await self._callback_form(work, situation)
        return await self._carry_out(work, situation, form.begin(said), None)

    async def _step_booking(self, work: Work, situation: Situation, form: Form | None, said: Said) -> Outcome:
        if said.press == "new":
            return await self._new(work, situation, Said())
        booked = [] if form else await CallbackTable(work).active_of(situation.contact.id)
        if booked:
            # A second tap, or a button further up: "no call" would not be true, and nobody wants two by mistake.
            return self._already_booked(situation, booked[0])
        booking = await self._callback_form(work, situation)
        known = form or booking.begin(Said()).form
        if known is None:  # nothing is free any more
            return await self._new(work, situation, said)
        return await self._carry_out(work, situation, booking.advance(known, said), None)

    async def _callback_form(self, work: Work, situation: Situation) -> CallbackForm:
        facts = Facts(
            zone=customer_zone(situation.contact, self._company),
            now=self._clock(),
            regions=tuple(self._company.regions),
            phones=await self._phones(work, situation),
            topic=topic_of([tried for tried, _ in await work.turns.of(situation.conversation.id)]),
            ask_phone=self._can_ask_phone(situation.conversation.channel),
            own=await self._proven_phone(work, situation),
        )
        return CallbackForm(facts, await self._bookings.calendar(work), self._translator(situation))

    async def _phones(self, work: Work, situation: Situation) -> tuple[str, ...]:
        """Numbers we know: the contact's own, then those called before."""
        contact = await work.contacts.get(situation.contact.id)
        before = [callback.phone for callback in await CallbackTable(work).of_contact(contact.id)]
        known = [contact.phone, *before]
        return tuple(dict.fromkeys(phone for phone in known if phone and check_phone(phone)))

    async def _proven_phone(self, work: Work, situation: Situation) -> str | None:
        """The contact's number where it is proven, else the first that is; None where none is."""
        contact = await work.contacts.get(situation.contact.id)
        shelves = shelf(Thing.PHONE)
        proven = [one.address for one in await work.contacts.identities(contact.id) if one.channel == shelves]
        return contact.phone if contact.phone in proven else next(iter(proven), None)

    async def _keep_own_number(self, work: Work, situation: Situation) -> None:
        """A number the platform vouches for is the contact's; a typed one is only for this call."""
        for part in situation.parts:
            if isinstance(part, ContactCard) and part.own:
                phone = check_phone(part.phone if part.phone.startswith("+") else f"+{part.phone}")
                if phone:
                    work.contacts.update(situation.contact.id, phone=phone)

    # --- moving and cancelling ---------------------------------------------------------------

    async def _meant(self, work: Work, situation: Situation, form: Form | None, said: Said) -> CallbackRequest | None:
        """The call the button or the form is about, if it is still to be made; else the soonest."""
        booked = await CallbackTable(work).active_of(situation.contact.id)
        meant = named(said.press) or (form.slots.get("callback") if form else None)
        return next((one for one in booked if meant is None or one.id == meant), None)

    async def _move_form(self, work: Work, situation: Situation, callback: CallbackRequest) -> MoveForm:
        facts = Facts(
            zone=customer_zone(situation.contact, self._company),
            now=self._clock(),
            regions=tuple(self._company.regions),
        )
        calendar = await self._bookings.calendar(work, without=callback.id)
        return MoveForm(facts, calendar, self._translator(situation), callback)

    def _cancel_form(self, situation: Situation, callback: CallbackRequest) -> CancelForm:
        return CancelForm(self._translator(situation), callback, self._when(situation))

    # --- carrying out ------------------------------------------------------------------------

    async def _carry_out(
        self, work: Work, situation: Situation, advance: Advance, callback: CallbackRequest | None
    ) -> Outcome:
        if advance.booking:
            return await self._book(work, situation, advance.booking)
        if advance.move_to and callback:
            locked = await CallbackTable(work).get(callback.id, lock=True)
            moved = await self._bookings.move(work, locked, advance.move_to)
            return self._confirm(situation, self._translator(situation).gettext("The call is moved."), moved)
        if advance.cancel and callback:
            await self._bookings.cancel(work, await CallbackTable(work).get(callback.id, lock=True))
            words = self._translator(situation).gettext("The call is cancelled.")
            return Outcome(replies=(say(words, [call_button(self._translator(situation))]),))
        if advance.declined:
            return await self._decline(work, situation, callback)
        return Outcome(replies=advance.replies, form=advance.form, unhandled=advance.unhandled)

    async def _book(self, work: Work, situation: Situation, booking: Booking) -> Outcome:
        """Store the call. Somebody who waited in the queue leaves it: the call is the answer."""
        callback = await self._bookings.book(
            work,
            situation.contact,
            situation.conversation.id,
            booking,
            zone=customer_zone(situation.contact, self._company),
            language=situation.language,
        )
        await self._admission.close(work, situation.conversation.id, HandoffOutcome.CALLBACK)
        state = State.BOT if situation.conversation.state is State.QUEUED else None
        return self._confirm(situation, self._translator(situation).gettext("Booked."), callback, state)

    def _confirm(
        self, situation: Situation, done: str, callback: CallbackRequest, state: State | None = None
    ) -> Outcome:
        texts = self._translator(situation)
        words = texts.gettext("We call {phone}: {when}.").format(
            phone=show_phone(callback.phone), when=self._when(situation).full(callback.window)
        )
        return Outcome(replies=(say(f"{done} {words}", change_buttons(texts)),), state=state)

    async def _decline(self, work: Work, situation: Situation, callback: CallbackRequest | None) -> Outcome:
        texts = self._translator(situation)
        _ = texts.gettext
        if callback:
            when = self._when(situation).full(callback.window)
            return Outcome(replies=(say(_("Good, the call stays as it is: {when}.").format(when=when)),))
        if situation.conversation.state is State.QUEUED:
            position = await line.position(work, situation.conversation.id, self._clock())
            words = [_("All right, no call."), *_place(texts, position)]
            return Outcome(replies=(say(" ".join(words)),))
        return Outcome(replies=(say(_("All right, no call. How else can I help?")),))

    # --- words -------------------------------------------------------------------------------

    def _already_booked(self, situation: Situation, callback: CallbackRequest) -> Outcome:
        texts = self._translator(situation)
        words = texts.gettext("A call is already booked: {when}.").format(
            when=self._when(situation).full(callback.window)
        )
        another = Button(label=texts.gettext("Book another call"), payload=f"f:{NAME}:new")
        return Outcome(replies=(say(words, [*change_buttons(texts), another]),))

    async def _nothing_booked(self, work: Work, situation: Situation) -> Outcome:
        texts = self._translator(situation)
        if situation.conversation.state is State.QUEUED:
            # Who calls something off while waiting means the waiting.
            position = await line.position(work, situation.conversation.id, self._clock())
            words = [texts.gettext("No call is booked for you."), *_place(texts, position)]
            return Outcome(replies=(say(" ".join(words), [call_button(texts), bot_button(texts)]),))
        book = Button(label=texts.gettext("Book a call"), payload="do:callback")
        return Outcome(replies=(say(texts.gettext("No call is booked for you."), [book]),))

    def _when(self, situation: Situation) -> When:
        zone = customer_zone(situation.contact, self._company)
        return When(self._translator(situation), zone, self._clock())

    def _translator(self, situation: Situation) -> Translator:
        return self._texts.translator(situation.language)


def _place(texts: Translator, position: line.Position | None) -> list[str]:
    return [line.say_position(texts, position)] if position else []
