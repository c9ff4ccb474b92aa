"""The conversation pane: its head with what can be done, the transcript, and the composer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.conversations import Conversation, State
from gateway.messages import Direction, Value
from gateway.staff import Role, Staff
from handoff.desk_rows import CustomerContext, Line, Transcript
from handoff.names import called
from handoff.screens.bubbles import Item, Reader, fold
from handoff.screens.words import Words, mark, mood_level
from handoff.storage.agents import Draft

STRETCH = 60
"""Messages that are loaded at once."""

LONGEST = 600
"""Messages a screen holds at most; whoever needs more uses the search."""


class Action(Value, frozen=True, kw_only=True, omit_defaults=False):
    """Something that can be done with the conversation: `post` at once, else after a dialog. `short`
    stands on the button, `label` where there is room."""

    name: str
    short: str
    label: str
    icon: str
    key: str = ""
    post: bool = False
    primary: bool = False


class Talk(Value, frozen=True, kw_only=True, omit_defaults=False):
    """The pane. Sequence numbers say which stretch is loaded: `inbound_seq` is the newest of the
    customer's, `new_seq` the first the reader had not seen on opening (0: none)."""

    id: int
    name: str
    icon: str
    channel: str
    channel_word: str
    language: str
    state: str
    state_word: str
    mine: bool
    mood: str
    mood_level: str
    actions: tuple[Action, ...]
    can_write: bool
    can_claim: bool
    hint: str
    items: tuple[Item, ...]
    older: bool
    first_seq: int
    last_seq: int
    inbound_seq: int
    new_seq: int
    draft: str
    draft_note: bool


class Stretch(Value, frozen=True, kw_only=True):
    """What is loaded of a transcript and what the reader has not seen of it."""

    transcript: Transcript
    new_seq: int
    draft: Draft


def first_unread(lines: Sequence[Line], unread: int) -> int:
    """The sequence number of the first of `unread` customer messages at the end of `lines`; 0: none."""
    inbound = [line.message.seq for line in lines if line.message.direction is Direction.INBOUND]
    return inbound[-min(unread, len(inbound))] if unread and inbound else 0


def draw_talk(
    context: CustomerContext,
    stretch: Stretch,
    staff: Staff,
    kinds: Mapping[str, str],
    zone: str,
    say: Words,
    *,
    proposing: bool = False,
) -> Talk:
    """The pane for `staff`; `proposing` says that answers can be proposed for the knowledge base."""
    conversation, contact = context.conversation, context.contact
    name = called(contact.name, contact.id, say.translator)
    lines = stretch.transcript.lines
    reader = Reader(agent_id=staff.id, new_seq=stretch.new_seq, zone=zone, kinds=kinds, customer=name)
    inbound = [line.message.seq for line in lines if line.message.direction is Direction.INBOUND]
    anger = context.handoff.anger if context.handoff else 0.0
    mine = conversation.state is State.AGENT and conversation.agent_id == staff.id
    return Talk(
        id=conversation.id,
        name=name,
        icon=mark(context.channel_kind),
        channel=conversation.channel,
        channel_word=say.channel(context.channel_kind),
        language=conversation.language or "",
        state=conversation.state.value,
        state_word=_state(context, mine, say),
        mine=mine,
        mood=say.mood(anger),
        mood_level=mood_level(anger),
        actions=_actions(conversation, staff, say, proposing=proposing),
        can_write=may_act(conversation, staff),
        can_claim=can_claim(conversation),
        hint=_hint(context, staff, say),
        items=tuple(fold(lines, reader, say, from_start=not stretch.transcript.more)),
        older=stretch.transcript.more,
        first_seq=lines[0].message.seq if lines else 0,
        last_seq=lines[-1].message.seq if lines else 0,
        inbound_seq=inbound[-1] if inbound else 0,
        new_seq=stretch.new_seq,
        draft=stretch.draft.text,
        draft_note=stretch.draft.note,
    )


def can_claim(conversation: Conversation) -> bool:
    """Whether nobody has it yet."""
    return conversation.state in (State.QUEUED, State.BOT)


def may_act(conversation: Conversation, staff: Staff) -> bool:
    """Whether `staff` holds the conversation, or may act for whoever does (see `DeskService`)."""
    held = conversation.state is State.AGENT
    return held and (conversation.agent_id == staff.id or staff.may(Role.SUPERVISOR))


def _actions(conversation: Conversation, staff: Staff, say: Words, *, proposing: bool) -> tuple[Action, ...]:
    _ = say.translator.gettext
    acting, claimable = may_act(conversation, staff), can_claim(conversation)
    actions = []
    if claimable:
        actions.append(
            Action(name="claim", short=_("Claim"), label=_("Claim"), icon="claim", key="C", post=True, primary=True)
        )
    if acting:
        actions.append(Action(name="transfer", short=_("Transfer"), label=_("Transfer"), icon="transfer", key="T"))
        actions.append(Action(name="bot", short=_("To the bot"), label=_("Back to the bot"), icon="tobot", post=True))
    if conversation.state is not State.CLOSED:
        actions.append(Action(name="callback", short=_("Callback"), label=_("Book a callback"), icon="phone", key="B"))
    if acting or claimable:
        actions.append(Action(name="close", short=_("Close"), label=_("Close"), icon="close", key="E"))
    if proposing and conversation.state is State.CLOSED:
        label = _("Propose for the knowledge base")
        actions.append(Action(name="propose", short=_("Propose"), label=label, icon="book"))
    return tuple(actions)


def _state(context: CustomerContext, mine: bool, say: Words) -> str:
    if mine:
        return say.translator.gettext("With you")
    if context.conversation.state is State.AGENT and context.assignee:
        return say.translator.gettext("With {name}").format(name=context.assignee)
    return say.state(context.conversation.state)


def _hint(context: CustomerContext, staff: Staff, say: Words) -> str:
    """Why one cannot write to the customer now; empty where one can."""
    _ = say.translator.gettext
    conversation = context.conversation
    match conversation.state:
        case State.QUEUED:
            return _("Waiting in the queue. Claim the conversation to reply.")
        case State.BOT:
            return _("The bot is answering. Claim the conversation to step in.")
        case State.CLOSED:
            return _("Closed. If the customer writes again, a new conversation begins.")
        case State.AGENT if not may_act(conversation, staff):
            return _("{name} is answering. You can leave a note.").format(name=context.assignee or _("A colleague"))
        case _:
            return ""
