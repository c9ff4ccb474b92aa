"""What an agent types to find a conversation, as conditions: who it was with, and what was said in it.

SQLite folds the case of Latin letters only, so other alphabets are looked for as typed, in small letters and
with a capital.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, false, or_, select, union

from gateway.conversations import State
from gateway.storage import tables as spine
from handoff.phones import number_in
from handoff.storage import tables

_SCAFFOLD = (
    '{"part":"text","markdown":true},{"part":"media","kind":"image","ref":"file:","mime":"size":"caption":},'
    '{"part":"press","payload":"label":"target":},{"part":"location","latitude":"longitude":"title":}'
)
"""How stored messages look between their words: what is found here would be found everywhere."""

_conversation = spine.conversations.c
_contact = spine.contacts.c
_identity = spine.identities.c
_message = spine.messages.c

Conditions = list[ColumnElement[bool]]


def found(words: str) -> Conditions:
    """Conditions on a conversation, its contact and its identity that find `words`; none where there are no words."""
    wanted = words.strip()
    if not wanted:
        return []
    return [or_(*_of_contact(wanted), *_of_identity(wanted), *_of_conversation(wanted), *_said(wanted))]


def found_closed(words: str, earliest: datetime | None, limit: int) -> Conditions:
    """The same for closed conversations, which may be years of them. What was said is looked for in those that
    changed at `earliest` or later (None: in all), until there are `limit`; a person is found however long ago."""
    wanted = words.strip()
    if not wanted:
        return []
    # A union of small searches: as one condition, each conversation there ever was would be asked all of it.
    people = union(
        select(_contact.id).where(or_(*_of_contact(wanted))),
        select(_identity.contact_id).where(or_(*_of_identity(wanted))),
    )
    with_them = select(_conversation.id).where(_conversation.contact_id.in_(people))
    themselves = select(_conversation.id).where(or_(false(), *_of_conversation(wanted)))
    late = [_conversation.updated_at >= earliest] if earliest else []
    said = (
        select(_conversation.id)
        .where(_conversation.state == State.CLOSED, *late, or_(false(), *_said(wanted)))
        .order_by(_conversation.updated_at.desc(), _conversation.id.desc())
        .limit(limit)
        .subquery()
    )
    return [_conversation.id.in_(union(with_them, themselves, select(said.c.id)))]


def _of_contact(wanted: str) -> Conditions:
    digits = number_in(wanted)
    called = [_contact.phone.contains(digits)] if digits else []
    return [*_written((_contact.name, _contact.phone, _contact.email), wanted), *called]


def _of_identity(wanted: str) -> Conditions:
    places = _written((_identity.name, _identity.username, _identity.address), wanted)
    if len(wanted) > 1 and wanted[0] == "@":  # as the desk shows it, not as it is stored
        places.append(_identity.username.icontains(wanted[1:], autoescape=True))
    if digits := number_in(wanted):
        places.append(_identity.address.contains(digits))
    return places


def _of_conversation(wanted: str) -> Conditions:
    """Its own number, or that of a call booked in it."""
    places: Conditions = []
    if digits := number_in(wanted):
        called = select(tables.callbacks.c.conversation_id).where(tables.callbacks.c.phone.contains(digits))
        places.append(_conversation.id.in_(called))
    if wanted.lstrip("#").isdecimal() and len(wanted) < 18:
        places.append(_conversation.id == int(wanted.lstrip("#")))
    return places


def _said(wanted: str) -> Conditions:
    # Conversation by conversation: a list's conversations may be few, and what was ever said is much.
    message = select(_message.id).where(_message.conversation_id == _conversation.id).correlate(spine.conversations)
    quoted = (msgspec.json.encode(form).decode()[1:-1] for form in _forms(wanted))  # as stored, inside JSON
    return [
        message.where(_message.parts.icontains(one, autoescape=True)).exists()
        for one in quoted
        if one.lower() not in _SCAFFOLD
    ]


def _written(columns: Iterable[Column[Any]], wanted: str) -> Conditions:
    forms = _forms(wanted)
    return [column.icontains(form, autoescape=True) for column in columns for form in forms]


def _forms(wanted: str) -> list[str]:
    return list(dict.fromkeys((wanted, wanted.lower(), wanted.capitalize(), wanted.title())))
