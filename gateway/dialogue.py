"""What the bot does with a turn: answer, clarify, hand over, go on with a form. Pure policy.

`decide` looks only at its arguments. How a decision is worded is in `replies`, how it is carried out
in `turns`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway import choosing
from gateway.choosing import asks_nothing, only_heard
from gateway.conversations import Form, State
from gateway.messages import (
    ContactCard,
    Edit,
    Location,
    Media,
    MediaKind,
    Part,
    Reaction,
    Start,
    Text,
    Value,
    has_attachment,
    plain_text,
)
from gateway.ports import Action, EntityKind, Ranked, Reason, Understanding
from gateway.settings import Dialogue

SUGGESTIONS = 3
FEW_WORDS = 2

# Payloads of the buttons that are the dialogue's own; articles are "a:<id>", forms "f:<form>:<value>", votes
# "v:<1 or 0>:<number of the message that was answered>".
ARTICLE = "a:"
FORM = "f:"
VOTE = "v:"
HELPED = "v:1:"
NOT_HELPED = "v:0:"
PERSON = choosing.PERSON
NONE_OF_THESE = choosing.NONE_OF_THESE
CALLBACK = choosing.CALLBACK
CALLBACK_MOVE = "do:callback_move"
CALLBACK_CANCEL = "do:callback_cancel"
BACK_TO_BOT = "do:bot"
CONTINUE = "do:continue"


class Welcome(Value, frozen=True, kw_only=True):
    """Greet somebody who opened the conversation."""


class Reply(Value, frozen=True, kw_only=True):
    """Answer with an article."""

    article: str


class Clarify(Value, frozen=True, kw_only=True):
    """Ask “did you mean…” with these articles."""

    articles: tuple[str, ...]


class Unknown(Value, frozen=True, kw_only=True):
    """Say that it is not known and offer a person or a call."""


class Thank(Value, frozen=True, kw_only=True):
    """Thank for the word that an answer helped."""


class Sorry(Value, frozen=True, kw_only=True):
    """Be sorry that an answer did not help, and offer a person or a call."""


class AskTopic(Value, frozen=True, kw_only=True):
    """A person is wanted, but the firm first wants to know what about."""


class HandOver(Value, frozen=True, kw_only=True):
    """Move the conversation to people; an article's words may say the farewell."""

    reason: Reason
    article: str | None = None


class Begin(Value, frozen=True, kw_only=True):
    """Start a form (booking, moving or cancelling a call)."""

    form: str
    article: str | None = None


class GoOn(Value, frozen=True, kw_only=True):
    """Offer to go on in another messenger."""

    article: str | None = None


class Step(Value, frozen=True, kw_only=True):
    """Give the words to the form that is open, or that the pressed button names."""


class Wait(Value, frozen=True, kw_only=True):
    """The customer is in the queue: perhaps tell them their place."""


class Leave(Value, frozen=True, kw_only=True):
    """The customer leaves the queue and is the bot's again."""


class Ask(Value, frozen=True, kw_only=True):
    """Put it to the assistant of another program, whose answer comes after this turn."""


class Tell(Value, frozen=True, kw_only=True):
    """Say what that assistant told."""


class Listen(Value, frozen=True, kw_only=True):
    """Say nothing: an agent has it, or there is nothing to answer."""


Said = Welcome | Reply | Clarify | Unknown | Thank | Sorry | AskTopic
Decision = Said | HandOver | Begin | GoOn | Step | Wait | Leave | Ask | Tell | Listen


class Scene(Value, frozen=True, kw_only=True):
    """All a decision may look at. `choice` is the payload the customer chose (see `gateway.choosing`); where that
    is a vote which is new, `helped` is what it says."""

    state: State
    parts: tuple[Part, ...]
    misses: int = 0
    form: Form | None = None
    choice: str | None = None
    helped: bool | None = None
    understanding: Understanding | None = None


def decide(scene: Scene, policy: Dialogue, action: Callable[[str], Action | None]) -> Decision:
    """What to do. `action` tells what an article does now, None where it is not to be used."""
    if scene.choice is not None and scene.choice.startswith(VOTE):
        return _on_vote(scene, policy)
    if scene.state is State.AGENT:
        return _while_agent(scene)
    if scene.choice is not None:
        return _on_choice(scene, policy, action)
    if scene.state is State.QUEUED:
        return _while_queued(scene, policy, action)
    if scene.form is not None and speaks(scene.parts, scene.form):
        return Step()
    return _on_words(scene, policy, action)


def decide_beside_form(scene: Scene, policy: Dialogue, action: Callable[[str], Action | None]) -> Decision:
    """The decision for words that the open form did not want."""
    if scene.state is State.QUEUED:
        return Wait()
    return _on_words(scene, policy, action)


def _on_vote(scene: Scene, policy: Dialogue) -> Decision:
    """A vote always counts, but only where nobody else is talking is it answered. One after the end is no miss."""
    if scene.helped is None or scene.form is not None or scene.state not in (State.BOT, State.CLOSED):
        return Listen()
    if scene.helped:
        return Thank()
    return _missed(scene, policy, Sorry()) if scene.state is State.BOT else Sorry()


def _while_agent(scene: Scene) -> Decision:
    """The bot never talks over an agent; only buttons of forms (a rating, a booked call) still work."""
    if scene.choice is not None and scene.choice != CALLBACK:
        return _on_form_choice(scene.choice) or Listen()
    return Listen()


def _while_queued(scene: Scene, policy: Dialogue, action: Callable[[str], Action | None]) -> Decision:
    if scene.form is not None and speaks(scene.parts, scene.form):
        return Step()
    best = scene.understanding.best if scene.understanding else None
    if best and best.confidence >= policy.answer_confidence:
        form = _FORM_OF.get(action(best.intent) or Action.ANSWER)
        if form:
            return Begin(form=form, article=best.intent)
    return Wait() if speaks(scene.parts) else Listen()


_FORM_OF = {
    Action.CALLBACK: "callback",
    Action.CALLBACK_MOVE: "callback_move",
    Action.CALLBACK_CANCEL: "callback_cancel",
}
_FORM_BUTTONS = {
    CALLBACK: "callback",
    CALLBACK_MOVE: "callback_move",
    CALLBACK_CANCEL: "callback_cancel",
}


def _on_choice(scene: Scene, policy: Dialogue, action: Callable[[str], Action | None]) -> Decision:
    choice = scene.choice or ""
    if choice == BACK_TO_BOT:
        return Leave() if scene.state is State.QUEUED else Welcome()
    form = _on_form_choice(choice)
    if form is not None:
        return form
    if choice == CONTINUE:
        return GoOn()
    if scene.state is State.QUEUED:
        return Wait()
    if choice == PERSON:
        return HandOver(reason=Reason.ASKED)
    if choice == NONE_OF_THESE:
        return _missed(scene, policy, Unknown())
    if choice.startswith(ARTICLE):
        return _use(choice.removeprefix(ARTICLE), scene, policy, action, pressed=True)
    return _missed(scene, policy, Unknown())


def _on_form_choice(choice: str) -> Begin | Step | None:
    """What a form's own button does; None where `choice` is no form's."""
    if choice in _FORM_BUTTONS:
        return Begin(form=_FORM_BUTTONS[choice])
    return Step() if choice.startswith(FORM) else None


def _on_words(scene: Scene, policy: Dialogue, action: Callable[[str], Action | None]) -> Decision:
    for part in scene.parts:
        if isinstance(part, Start):
            return _on_start(part, scene, policy, action)
    if has_attachment(scene.parts) or any(isinstance(part, Location) for part in scene.parts):
        # The bot cannot see a photo or hear a voice: that is a person's work, not "I don't understand".
        return HandOver(reason=Reason.ATTACHMENT)
    if any(isinstance(part, ContactCard) for part in scene.parts):
        return Begin(form="callback")
    if not speaks(scene.parts) or not plain_text(scene.parts).strip():
        return Listen()
    if scene.understanding is None:
        # The engine broke on these words: a person must read them.
        return HandOver(reason=Reason.FAILURE)
    return _on_understanding(scene.understanding, scene, policy, action)


def _on_start(start: Start, scene: Scene, policy: Dialogue, action: Callable[[str], Action | None]) -> Decision:
    """A deep link may name an article (`t.me/shop_bot?start=delivery-cost`)."""
    if start.payload and action(start.payload) is not None:
        return _use(start.payload, scene, policy, action, pressed=True)
    return Welcome()


def _on_understanding(
    understanding: Understanding, scene: Scene, policy: Dialogue, action: Callable[[str], Action | None]
) -> Decision:
    if understanding.mood.anger >= policy.anger:
        return HandOver(reason=Reason.ANGRY)
    usable = (ranked for ranked in understanding.ranking if action(ranked.intent) is not None)
    best = next(usable, None)
    heard = only_heard(plain_text(scene.parts))
    # Two letters resemble anything, even what the firm does not talk about.
    if best and best.confidence >= policy.answer_confidence and not (heard and action(best.intent) is Action.DECLINE):
        return _use(best.intent, scene, policy, action, pressed=False)
    if heard:
        return Listen()
    if _only_phone(understanding):
        return Begin(form="callback")  # as where the number was shared by a button
    if best is None:
        return _missed(scene, policy, Unknown())
    if best.confidence >= policy.clarify_confidence:
        articles = _worth_offering([best, *usable], policy, action)
        if articles:
            return _missed(scene, policy, Clarify(articles=articles))
    return _missed(scene, policy, Unknown())


def _only_phone(understanding: Understanding) -> bool:
    """Whether a telephone number is all that was said, but for a word or two («мій номер …»)."""
    phones = [entity for entity in understanding.entities if entity.kind is EntityKind.PHONE]
    words = understanding.text.split()
    return bool(phones) and len(words) - sum(len(phone.text.split()) for phone in phones) <= FEW_WORDS


def _worth_offering(
    usable: Sequence[Ranked], policy: Dialogue, action: Callable[[str], Action | None]
) -> tuple[str, ...]:
    """The likeliest articles; what lies far below the best is not worth a button."""
    floor = policy.clarify_confidence / 4
    return tuple(
        ranked.intent for ranked in usable if ranked.confidence >= floor and action(ranked.intent) is not Action.DECLINE
    )[:SUGGESTIONS]


def _use(
    article: str,
    scene: Scene,
    policy: Dialogue,
    action: Callable[[str], Action | None],
    *,
    pressed: bool,
) -> Decision:
    match action(article):
        case None:
            return _missed(scene, policy, Unknown())
        case Action.HANDOFF if not policy.people_at_once and not pressed and scene.misses == 0:
            return AskTopic()
        case Action.HANDOFF:
            return HandOver(reason=Reason.ASKED, article=article)
        case Action.CALLBACK | Action.CALLBACK_MOVE | Action.CALLBACK_CANCEL as wanted:
            return Begin(form=_FORM_OF[wanted], article=article)
        case Action.CONTINUE:
            return GoOn(article=article)
        case _:
            return Reply(article=article)


def _missed(scene: Scene, policy: Dialogue, otherwise: Decision) -> Decision:
    """One more turn not understood: the last one that is allowed goes to a person."""
    if scene.misses + 1 >= policy.misses:
        return HandOver(reason=Reason.NOT_UNDERSTOOD)
    return otherwise


def speaks(parts: Sequence[Part], form: Form | None = None) -> bool:
    """Whether there is anything to answer: a reaction, an edit or a sticker asks for nothing, nor does a thumb up
    where no `form` waits for a yes."""
    return not all(
        isinstance(part, Reaction | Edit)
        or (isinstance(part, Media) and part.kind is MediaKind.STICKER)
        or (form is None and isinstance(part, Text) and asks_nothing(part.text))
        for part in parts
    )


def counts_as_miss(decision: Decision) -> bool | None:
    """Whether the count of misses goes up (True), back to none (False), or stays (None)."""
    match decision:
        case Clarify() | Unknown() | Sorry() | AskTopic():
            return True
        case Listen() | Step() | Wait() | Ask():
            return None
        case _:
            return False
