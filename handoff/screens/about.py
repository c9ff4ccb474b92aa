"""The context pane: who the customer is and what an agent must not ask again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.contacts import Identity
from gateway.conversations import Form
from gateway.identity import Proof, Thing, thing_on
from gateway.messages import Value
from gateway.ports import Entity, EntityKind
from gateway.recalling import ORDER
from gateway.storage.joins import Deed
from handoff.callbacks import CallbackRequest
from handoff.desk_people import JoinLine
from handoff.desk_rows import Call, CustomerContext, Earlier
from handoff.names import called
from handoff.phones import show_phone
from handoff.screens.words import Words, mark, mood_level
from handoff.wording import When

Titles = Callable[[str, str], str | None]
"""(article, language) → its title, None where it is not known (any more)."""

OPAQUE = frozenset({"webchat"})
"""Channel kinds whose addresses mean nothing to people."""

EARLIER = 10
PAST_CALLS = 2


class Fact(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One line: what it is, its value, whether it is worth copying."""

    label: str
    value: str
    icon: str = ""
    copied: bool = False
    verified: bool = False
    blocked: bool = False
    proof: str = ""


class JoinEntry(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One entry of the log of joins: what was done, by what proof, and whether it can be undone."""

    id: int
    at: datetime
    what: str
    proof: str
    reason: str
    undone: str
    undoable: bool


class TriedTurn(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One turn of the bot in words."""

    text: str
    sure: str
    did: str
    topic: str


class AttemptLine(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One try to call in words."""

    at: datetime
    outcome: str
    note: str


class CallCard(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A booked call with what was tried."""

    id: int
    window: str
    zone: str
    state: str
    level: str
    active: bool
    phone: str
    phone_shown: str
    topic: str
    attempts: tuple[AttemptLine, ...]
    by: str


class EarlierTalk(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A conversation before this one and how it ended."""

    id: int
    at: datetime
    channel_word: str
    outcome: str
    agent: str
    topic: str
    rating: int


class About(Value, frozen=True, kw_only=True, omit_defaults=False):
    """The whole pane."""

    name: str
    facts: tuple[Fact, ...]
    why: str
    article: str
    since: datetime | None
    mood: str
    mood_level: str
    mood_reasons: tuple[str, ...]
    entities: tuple[Fact, ...]
    tried: tuple[TriedTurn, ...]
    calls: tuple[CallCard, ...]
    earlier: tuple[EarlierTalk, ...]
    form: str
    form_facts: tuple[Fact, ...]
    joins: tuple[JoinEntry, ...] = ()
    several: bool = False
    """Whether there are several places to write to, so that some may be somebody else's."""


class Setting(Value, frozen=True, kw_only=True):
    """Where the pane is drawn: the desk's zone, the present, and the kinds of channels by name."""

    zone: str
    now: datetime
    kinds: Mapping[str, str]


def draw_about(context: CustomerContext, setting: Setting, titles: Titles, say: Words) -> About:
    """The pane for one conversation."""
    handoff = context.handoff
    told = handoff.context if handoff else None
    language = say.translator.language
    anger = told.mood.anger if told else 0.0
    form = context.conversation.form
    article = told.article if told else None
    return About(
        name=called(context.contact.name, context.contact.id, say.translator),
        facts=_facts(context, setting, say),
        why=say.reason(handoff.reason) if handoff else "",
        article=(titles(article, language) or article) if article else "",
        since=handoff.created_at if handoff else None,
        mood=say.mood(anger),
        mood_level=mood_level(anger),
        mood_reasons=tuple(say.mood_reason(reason) for reason in told.mood.reasons) if told else (),
        entities=tuple(_entity(entity, setting, say) for entity in context.entities),
        tried=tuple(
            TriedTurn(
                text=" ".join(tried.text.split()),
                sure=say.translator.percent(tried.confidence) if tried.intent else "",
                did=say.did(tried.did),
                topic=(titles(tried.intent, language) or tried.intent) if tried.intent else "",
            )
            for tried in context.tried
        ),
        calls=_calls(context.calls, setting, say),
        earlier=tuple(_earlier(one, setting, say) for one in context.earlier[:EARLIER]),
        form=say.form(form.name) if form else "",
        form_facts=_form_facts(form, setting, say),
        joins=tuple(_join(line, say) for line in context.joins),
        several=sum(one.reachable for one in context.identities) > 1,
    )


# --- the person ------------------------------------------------------------------------------


def _facts(context: CustomerContext, setting: Setting, say: Words) -> tuple[Fact, ...]:
    _ = say.translator.gettext
    contact = context.contact
    facts = []
    proven = {one.address for one in context.identities if not one.reachable}
    if contact.phone and contact.phone not in proven:
        facts.append(Fact(label=_("Phone"), value=show_phone(contact.phone), copied=True))
    if contact.email and contact.email not in proven:
        facts.append(Fact(label=_("Mail"), value=contact.email, copied=True))
    facts += [identity_fact(identity, setting.kinds, say) for identity in context.identities]
    if contact.language:
        facts.append(Fact(label=_("Language"), value=say.language(contact.language)))
    if contact.zone and contact.zone != setting.zone:
        clock = say.translator.time(setting.now, contact.zone)
        facts.append(Fact(label=_("Local time"), value=f"{clock} ({contact.zone})"))
    named = {entity.value for entity in context.entities}
    facts += [
        Fact(label=_("Last number named") if key == ORDER else key, value=value, copied=True)
        for key, value in contact.details.items()
        # What this very conversation named stands below.
        if not (key == ORDER and value in named)
    ]
    return tuple(facts)


def identity_fact(identity: Identity, kinds: Mapping[str, str], say: Words) -> Fact:
    """A place to write to, or a proven thing, with what proves it."""
    thing = thing_on(identity.channel)
    proof = say.proof(Proof(identity.proof)) if identity.proof else ""
    if thing is not None:
        proven = show_phone(identity.address) if thing is Thing.PHONE else identity.address
        shown = thing is not Thing.PERSON
        return Fact(label=say.thing(thing), value=proven, copied=shown, verified=True, proof=proof)
    kind = kinds.get(identity.channel, identity.channel)
    opaque = kind in OPAQUE
    value = f"@{identity.username}" if identity.username else identity.name if opaque else identity.address
    return Fact(
        icon=mark(kind),
        label=say.channel(kind),
        value=value or say.translator.gettext("visitor"),
        copied=not opaque,
        verified=identity.verified,
        blocked=identity.blocked,
        proof=proof,
    )


def _join(line: JoinLine, say: Words) -> JoinEntry:
    _ = say.translator.gettext
    join = line.join
    joined = join.deed is Deed.JOIN
    what = _("Joined with another person") if joined else _("Part of it was another person")
    by = line.by or "" if join.proof is Proof.AGENT else ""
    undone = ""
    if join.undone_at is not None:
        undone = _("undone by {name}").format(name=line.undone_by) if line.undone_by else _("undone")
    return JoinEntry(
        id=join.id,
        at=join.created_at,
        what=what,
        proof=by or say.proof(join.proof),
        reason=join.reason,
        undone=undone,
        undoable=line.undoable,
    )


def _entity(entity: Entity, setting: Setting, say: Words) -> Fact:
    value = entity.value
    if entity.kind is EntityKind.PHONE:
        value = show_phone(value)
    elif entity.kind is EntityKind.TIME:
        value = _time(entity, setting, say)
    return Fact(label=say.entity(entity.kind), value=value, copied=True)


def _time(entity: Entity, setting: Setting, say: Words) -> str:
    try:
        start = datetime.fromisoformat(entity.value)
        said = say.translator.moment(start, setting.zone)
        if entity.until is None:
            return said
        return f"{said} – {say.translator.moment(datetime.fromisoformat(entity.until), setting.zone)}"
    except ValueError:
        return entity.text


def _form_facts(form: Form | None, setting: Setting, say: Words) -> tuple[Fact, ...]:
    """What the customer has given so far, as far as it says something to people."""
    if form is None:
        return ()
    _ = say.translator.gettext
    labels = {"phone": _("Phone"), "topic": _("Topic"), "score": _("Rating")}
    return tuple(
        Fact(label=label, value=show_phone(str(form.slots[key])) if key == "phone" else str(form.slots[key]))
        for key, label in labels.items()
        if form.slots.get(key)
    )


# --- calls and history -----------------------------------------------------------------------


def _calls(calls: tuple[Call, ...], setting: Setting, say: Words) -> tuple[CallCard, ...]:
    """Those still to be made, soonest first, then the last few that are over."""
    active = sorted((call for call in calls if call.callback.active), key=lambda call: call.callback.starts_at)
    over = [call for call in calls if not call.callback.active][:PAST_CALLS]
    return tuple(draw_call(call, setting, say) for call in [*active, *over])


def draw_call(call: Call, setting: Setting, say: Words) -> CallCard:
    """A booked call in words."""
    callback = call.callback
    return CallCard(
        id=callback.id,
        window=When(say.translator, setting.zone, setting.now).window(callback.window),
        zone=_their_time(callback, setting, say),
        state=_call_state(callback, say),
        level="bad" if callback.active and callback.overdue else "warn" if callback.state == "due" else "",
        active=callback.active,
        phone=callback.phone,
        phone_shown=show_phone(callback.phone),
        topic=callback.topic or "",
        attempts=tuple(AttemptLine(at=one.at, outcome=say.call(one.outcome), note=one.note) for one in call.attempts),
        by=call.agent or "",
    )


def _call_state(callback: CallbackRequest, say: Words) -> str:
    if callback.active and callback.overdue:
        return say.translator.gettext("Overdue")
    return say.call_state(callback.state)


def _their_time(callback: CallbackRequest, setting: Setting, say: Words) -> str:
    """The window as the customer was told it, where their clock differs from the desk's."""
    if not When(say.translator, setting.zone, setting.now).elsewhere(callback.starts_at, callback.zone):
        return ""
    window = When(say.translator, callback.zone, setting.now).window(callback.window)
    return say.translator.gettext("{window} for the customer").format(window=window)


def _earlier(one: Earlier, setting: Setting, say: Words) -> EarlierTalk:
    conversation = one.conversation
    open_still = conversation.closed_at is None
    outcome = say.state(conversation.state) if open_still else say.outcome(one.handoff.outcome if one.handoff else None)
    return EarlierTalk(
        id=conversation.id,
        at=conversation.closed_at or conversation.updated_at,
        channel_word=say.channel(setting.kinds.get(conversation.channel, conversation.channel)),
        outcome=outcome,
        agent=one.agent or "",
        topic=one.topic or "",
        rating=one.rating.score if one.rating else conversation.rating or 0,
    )
