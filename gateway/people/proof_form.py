"""The small form in which somebody proves an address of theirs: which one, and the code that was sent there."""

from __future__ import annotations

from gateway.choosing import chosen
from gateway.contacts import Identity
from gateway.conversations import Conversation, Form
from gateway.identity import Claim, Thing, normal_form
from gateway.messages import Button, Inbound, Outbound, Text, Value, plain_text
from gateway.people.codes import DIGITS, Codes, Tried, masked
from gateway.storage.work import Work
from gateway.texts import Translator

NAME = "proof"
ADDRESS, CODE = "address", "code"
START = f"f:{NAME}:start"
AGAIN = f"f:{NAME}:again"
NO = f"f:{NAME}:no"


class Step(Value, frozen=True, kw_only=True):
    """What follows: words to say, the form from now on, what was proven; `unhandled`: these words are for others."""

    reply: Outbound | None = None
    form: Form | None = None
    proven: Claim | None = None
    unhandled: bool = False


class ProofForm:
    """One for a process; what it knows of a customer is in the conversation's form."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes

    @property
    def offered(self) -> bool:
        """Whether there is anything that can be proven by a code."""
        return bool(self._codes.things)

    def button(self, texts: Translator) -> Button | None:
        """What begins the form; None where no code can be sent."""
        if Thing.EMAIL in self._codes.things:
            return Button(label=texts.gettext("I have written by e-mail"), payload=START)
        if Thing.PHONE in self._codes.things:
            return Button(label=texts.gettext("I have written by phone"), payload=START)
        return None

    def wants(self, conversation: Conversation, inbound: Inbound) -> bool:
        """Whether what was said is for this form."""
        choice = chosen(inbound.parts, conversation.offers)
        if choice is not None:
            return choice.startswith(f"f:{NAME}:")
        form = conversation.form
        return form is not None and form.name == NAME and bool(plain_text(inbound.parts).strip())

    async def step(
        self, work: Work, conversation: Conversation, identity: Identity, inbound: Inbound, texts: Translator
    ) -> Step:
        """Go on with what was said."""
        form = conversation.form if conversation.form and conversation.form.name == NAME else None
        choice = chosen(inbound.parts, conversation.offers)
        if choice == NO:
            return Step(reply=_say(texts.gettext("All right. How else can I help?")))
        if not self.offered:
            return Step(reply=_say(texts.gettext("This cannot be done right now.")))
        if choice == AGAIN and form is not None and "value" in form.slots:
            return await self._send(work, identity, Thing(form.slots["thing"]), form.slots["value"], texts)
        if choice is not None or form is None:
            return self._ask(texts)
        words = plain_text(inbound.parts).strip()
        if form.step == CODE:
            return await self._code(work, form, identity, words, texts)
        return await self._address(work, form, identity, words, texts)

    def _ask(self, texts: Translator, hint: str = "", *, missed: bool = False) -> Step:
        _ = texts.gettext
        named: dict[tuple[Thing, ...], str] = {
            (Thing.EMAIL,): _("From which mail address did you write? I send a code there."),
            (Thing.PHONE,): _("From which number did you write? I send a code there."),
        }
        both = _("From which mail address or number did you write? I send a code there.")
        words = hint or named.get(tuple(self._codes.things), both)
        return Step(reply=_say(words, _cancel(texts)), form=Form(name=NAME, step=ADDRESS, slots={"missed": missed}))

    async def _address(self, work: Work, form: Form, identity: Identity, words: str, texts: Translator) -> Step:
        for thing in self._codes.things:
            value = normal_form(thing, words)
            if value is not None:
                return await self._send(work, identity, thing, value, texts)
        if form.slots.get("missed"):
            return Step(unhandled=True)
        hint = texts.gettext("This does not look like an address a code can be sent to. Please write it whole.")
        return self._ask(texts, hint, missed=True)

    async def _send(self, work: Work, identity: Identity, thing: Thing, value: str, texts: Translator) -> Step:
        _ = texts.gettext
        if not await self._codes.ask(work, identity.id, thing, value, texts.language):
            return Step(reply=_say(_("Several codes were sent already. Please try again in an hour.")))
        words = _("I have sent a code of {digits} digits to {address}. Type it here; it works for ten minutes.")
        again = Button(label=_("Send it again"), payload=AGAIN)
        return Step(
            reply=_say(words.format(digits=DIGITS, address=masked(thing, value)), again, _cancel(texts)),
            form=Form(name=NAME, step=CODE, slots={"thing": thing.value, "value": value}),
        )

    async def _code(self, work: Work, form: Form, identity: Identity, words: str, texts: Translator) -> Step:
        _ = texts.gettext
        typed = "".join(letter for letter in words if letter.isdigit())
        if len(typed) != DIGITS or len(words) > 2 * DIGITS:
            if form.slots.get("missed"):
                return Step(unhandled=True)
            slots = form.slots | {"missed": True}
            return Step(
                reply=_say(_("The code has {digits} digits.").format(digits=DIGITS), _cancel(texts)),
                form=Form(name=NAME, step=CODE, slots=slots),
            )
        tried, proven = await self._codes.check(work, identity.id, typed)
        match tried:
            case Tried.RIGHT:
                return Step(proven=proven)
            case Tried.WRONG:
                return Step(reply=_say(_("That is not the code. Please look again."), _cancel(texts)), form=form)
            case Tried.OVER:
                again = Button(label=_("Send it again"), payload=START)
                return Step(reply=_say(_("This code does not work any more."), again))


def _say(words: str, *buttons: Button) -> Outbound:
    return Outbound(parts=(Text(text=words),), buttons=buttons)


def _cancel(texts: Translator) -> Button:
    return Button(label=texts.gettext("Cancel"), payload=NO)
