"""Looking for people: by name, number, mail address, or what a messenger calls them."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import ColumnElement, exists, func, or_, select

from gateway.contacts import Contact, Identity
from gateway.conversations import State
from gateway.messages import Value
from gateway.storage import tables
from gateway.storage.work import Work

_contact = tables.contacts.c
_identity = tables.identities.c
_conversation = tables.conversations.c


class Found(Value, frozen=True, kw_only=True):
    """Somebody with all their identities, and who has the open conversation with them (None: none is open)."""

    contact: Contact
    identities: tuple[Identity, ...]
    state: State | None = None


async def find_people(work: Work, words: str, *, besides: int, limit: int = 12) -> list[Found]:
    """People whose name, number, address or a conversation's number has `words`, the newest first."""
    wanted = words.strip()
    if not wanted:
        return []
    # SQLite folds the case of Latin letters only.
    forms = dict.fromkeys((wanted, wanted.lower(), wanted.capitalize(), wanted.title()))
    digits = "".join(letter for letter in wanted if letter.isdigit())
    theirs = _identity.contact_id == _contact.id
    places: list[ColumnElement[bool]] = []
    for form in forms:
        own = (_contact.name, _contact.phone, _contact.email)
        places.extend(column.icontains(form, autoescape=True) for column in own)
        named = (_identity.name, _identity.username, _identity.address)
        places.append(exists().where(theirs, or_(*(column.icontains(form, autoescape=True) for column in named))))
    if len(digits) >= 5:
        # A number as people write it, with its spaces and brackets.
        places.append(exists().where(theirs, _identity.address.icontains(digits, autoescape=True)))
        places.append(_contact.phone.icontains(digits, autoescape=True))
    if wanted.lstrip("#№").isdecimal() and len(wanted) < 18:
        number = int(wanted.lstrip("#№"))
        places.append(exists().where(_conversation.contact_id == _contact.id, _conversation.id == number))
    query = (
        select(_contact.id)
        # Who went into somebody else has no address any more.
        .where(_contact.id != besides, exists().where(theirs), or_(*places))
        .order_by(_contact.id.desc())
        .limit(limit)
    )
    return await _people(work, [int(row) for row in (await work.connection.execute(query)).scalars()])


async def _people(work: Work, ids: list[int]) -> list[Found]:
    people = await work.contacts.several(ids)
    identities: defaultdict[int, list[Identity]] = defaultdict(list)
    for contact_id in ids:
        identities[contact_id] = await work.contacts.identities(contact_id)
    query = (
        select(_conversation.contact_id, func.max(_conversation.state).label("state"))
        .where(_conversation.contact_id.in_(ids), _conversation.state != State.CLOSED)
        .group_by(_conversation.contact_id)
    )
    states = {row.contact_id: State(row.state) for row in await work.connection.execute(query)}
    return [
        Found(contact=people[one], identities=tuple(identities[one]), state=states.get(one))
        for one in ids
        if one in people
    ]
