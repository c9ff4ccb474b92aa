"""Names for what the desk shows: states, reasons, outcomes, channels. Pure, in the reader's language."""

from __future__ import annotations

from gateway.conversations import State
from gateway.identity import Proof, Thing
from gateway.ports import EntityKind, Reason
from gateway.storage.deliveries import DeliveryState
from gateway.texts import Translator
from handoff.callbacks import CallbackState, CallOutcome
from handoff.handoffs import HandoffOutcome

UPSET = 0.3
ANGRY = 0.5

KINDS = frozenset({"telegram", "webchat", "mail", "slack", "whatsapp", "viber", "messenger", "sms"})
"""Channel kinds with a mark of their own in `icons.svg`; others share one."""


def mark(kind: str) -> str:
    """The name of the icon for a channel kind."""
    return kind if kind in KINDS else "other"


class Words:
    """Says in one language what a value means."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator

    def channel(self, kind: str) -> str:
        """A channel kind as people call it; brand names stay as they are."""
        _ = self.translator.gettext
        named = {"webchat": _("Web chat"), "mail": _("Mail"), "http": _("App"), "sms": _("SMS"), "whatsapp": "WhatsApp"}
        return named.get(kind) or kind.replace("_", " ").capitalize()

    def language(self, code: str) -> str:
        """A language's name in the reader's language."""
        _ = self.translator.gettext
        return {"uk": _("Ukrainian"), "ru": _("Russian"), "en": _("English")}.get(code, code)

    def state(self, state: State) -> str:
        """Who answers now."""
        _ = self.translator.gettext
        match state:
            case State.BOT:
                return _("With the bot")
            case State.QUEUED:
                return _("In the queue")
            case State.AGENT:
                return _("With an agent")
            case State.CLOSED:
                return _("Closed conversation")

    def reason(self, reason: Reason | None) -> str:
        """Why a conversation came to people."""
        _ = self.translator.gettext
        match reason:
            case Reason.ASKED:
                return _("Asked for a person")
            case Reason.NOT_UNDERSTOOD:
                return _("The bot did not understand")
            case Reason.ANGRY:
                return _("Sounds angry")
            case Reason.ATTACHMENT:
                return _("Sent something only a person can read")
            case Reason.ARTICLE:
                return _("This topic is for people")
            case Reason.FAILURE:
                return _("Something broke on our side")
            case Reason.QUIET:
                return _("Asks for no automatic answer")
            case None:
                return _("An agent stepped in")

    def outcome(self, outcome: HandoffOutcome | None) -> str:
        """How a handoff ended."""
        _ = self.translator.gettext
        match outcome:
            case HandoffOutcome.RESOLVED:
                return _("Solved")
            case HandoffOutcome.UNRESOLVED:
                return _("Not solved")
            case HandoffOutcome.NO_ANSWER:
                return _("The customer went silent")
            case HandoffOutcome.SPAM:
                return _("Spam")
            case HandoffOutcome.CALLBACK:
                return _("A call was booked")
            case HandoffOutcome.BOT:
                return _("Given back to the bot")
            case HandoffOutcome.JOINED:
                return _("Went on in another conversation")
            case None:
                return _("The bot answered")

    def call(self, outcome: CallOutcome) -> str:
        """What came of one call."""
        _ = self.translator.gettext
        match outcome:
            case CallOutcome.REACHED:
                return _("Reached")
            case CallOutcome.NO_ANSWER:
                return _("No answer")
            case CallOutcome.WRONG_NUMBER:
                return _("Wrong number")
            case CallOutcome.MOVED:
                return _("Moved")

    def call_state(self, state: CallbackState) -> str:
        """Where a booked call stands."""
        _ = self.translator.gettext
        match state:
            case CallbackState.BOOKED:
                return _("Booked")
            case CallbackState.DUE:
                return _("Call now")
            case CallbackState.DONE:
                return _("Done")
            case CallbackState.FAILED:
                return _("Did not work out")
            case CallbackState.CANCELLED:
                return _("Cancelled")

    def did(self, did: str) -> str:
        """What the bot did in a turn (the names of `gateway.dialogue`'s decisions, in lower case)."""
        _ = self.translator.gettext
        named = {
            "reply": _("answered"),
            "clarify": _("asked what was meant"),
            "unknown": _("did not know"),
            "handover": _("called a person"),
            "asktopic": _("asked what it is about"),
            "begin": _("began a form"),
            "step": _("went on with the form"),
            "wait": _("told the place in the queue"),
            "welcome": _("greeted"),
            "leave": _("took the conversation back"),
            "tell": _("let the assistant answer"),
            "listen": _("said nothing"),
        }
        return named.get(did, did)

    def entity(self, kind: EntityKind) -> str:
        """What sort of thing was named."""
        _ = self.translator.gettext
        match kind:
            case EntityKind.PHONE:
                return _("Phone")
            case EntityKind.EMAIL:
                return _("Mail")
            case EntityKind.ORDER:
                return _("Number")
            case EntityKind.TIME:
                return _("Time")

    def mood(self, anger: float) -> str:
        """A word for how angry somebody sounds; empty where there is nothing to say."""
        _ = self.translator.gettext
        if anger >= ANGRY:
            return _("angry")
        return _("upset") if anger >= UPSET else ""

    def mood_reason(self, reason: str) -> str:
        """Why a text sounds so; the engine gives short English texts."""
        _ = self.translator.gettext
        named = {
            "swearing": _("swears"),
            "coarse words": _("coarse words"),
            "insult": _("insults"),
            "rudeness": _("is rude"),
            "outrage": _("is outraged"),
            "out of patience": _("is out of patience"),
            "threat": _("threatens us"),
            "discontent": _("is discontented"),
            "capitals": _("writes in capitals"),
            "many ! or ?": _("many ! or ?"),
            "asks again": _("asks the same again"),
            "was not understood": _("was not understood"),
        }
        return named.get(reason, reason)

    def delivery(self, state: DeliveryState) -> str:
        """The fate of what we sent."""
        _ = self.translator.gettext
        match state:
            case DeliveryState.QUEUED | DeliveryState.SENDING:
                return _("On its way")
            case DeliveryState.SENT:
                return _("Sent")
            case DeliveryState.DELIVERED:
                return _("Delivered")
            case DeliveryState.READ:
                return _("Read")
            case DeliveryState.FAILED:
                return _("Not sent")
            case DeliveryState.UNKNOWN:
                return _("Perhaps not delivered")
            case DeliveryState.DROPPED:
                return _("Not sent: an agent took over")
            case DeliveryState.MOVED:
                return _("Went another way")

    def proof(self, proof: Proof) -> str:
        """What proves that something is somebody's."""
        _ = self.translator.gettext
        match proof:
            case Proof.LINK:
                return _("by a link")
            case Proof.CARD:
                return _("shared by themselves")
            case Proof.CODE:
                return _("by a code")
            case Proof.TOKEN:
                return _("signed in on the site")
            case Proof.SENDER:
                return _("proven sender")
            case Proof.AGENT:
                return _("by an agent")

    def thing(self, thing: Thing) -> str:
        """Something proven of a person."""
        _ = self.translator.gettext
        match thing:
            case Thing.PHONE:
                return _("Phone")
            case Thing.EMAIL:
                return _("Mail")
            case Thing.ACCOUNT:
                return _("Account")
            case Thing.PERSON:
                return _("Person")

    def form(self, name: str) -> str:
        """A form the customer is filling in."""
        _ = self.translator.gettext
        named = {
            "callback": _("booking a call"),
            "callback_move": _("moving a call"),
            "callback_cancel": _("cancelling a call"),
            "message": _("leaving a message"),
            "rating": _("rating the conversation"),
        }
        return named.get(name, name)


def mood_level(anger: float) -> str:
    """`bad`, `warn` or nothing: the status colour and shape for `anger`."""
    if anger >= ANGRY:
        return "bad"
    return "warn" if anger >= UPSET else ""
