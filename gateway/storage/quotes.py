"""What tells of a customer with nothing that leads back to them, to erase it: questions that editors wrote down,
events that are nobody's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.messages import Direction, decode_parts, plain_text
from gateway.storage import tables
from gateway.storage.inventory import every_table

QUOTING = frozenset({"test_questions"})
"""Tables whose `text` may be what a customer wrote: a few hundred rows each."""
_SHORTEST = 6
"""Letters from which on an address says whose it is: "7" stands in many a question."""
_PHONE_DIGITS = 9
"""The last digits of a telephone number, which are the same with and without the country's."""
_OTHERS = 20_000
"""Turns that are looked through for the same words of somebody else, the newest."""
_NO_DIGIT = re.compile(r"\D")


class Quotes:
    """Finds what tells of some contacts, who are one person, while their own rows are still there."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def erase(self, contact_ids: Collection[int]) -> int:
        """Delete questions that repeat a text of theirs or name an address of theirs, and empty the events of nobody
        that do; returns how many rows. A question that somebody else asked as well is nobody's, and stays."""
        addresses, phones = await self._addresses(contact_ids)
        erased = await self._empty_events(addresses)
        said = await self._said(contact_ids)
        for table in [table for table in every_table() if table.name in QUOTING]:
            texts = {row.id: row.text for row in await self._connection.execute(select(table.c.id, table.c.text))}
            named = {number for number, text in texts.items() if _names(text, addresses, phones)}
            same = {number: key for number, text in texts.items() if (key := _key(text)) in said}
            others = await self._others(contact_ids) if same.keys() - named else set()
            named |= {number for number, key in same.items() if key not in others}
            erased += await self._delete(table, named)
        return erased

    async def _addresses(self, contact_ids: Collection[int]) -> tuple[set[str], set[str]]:
        """Their addresses in small letters, and the ends of their telephone numbers."""
        contact, identity = tables.contacts.c, tables.identities.c
        found: set[str | None] = set()
        for row in await self._connection.execute(
            select(contact.phone, contact.email).where(contact.id.in_(contact_ids))
        ):
            found |= {row.phone, row.email}
        found |= set(
            await self._connection.scalars(select(identity.address).where(identity.contact_id.in_(contact_ids)))
        )
        told = {address.casefold() for address in found if address and len(address) >= _SHORTEST}
        digits = {_NO_DIGIT.sub("", address) for address in told if not any(map(str.isalpha, address))}
        return told, {number[-_PHONE_DIGITS:] for number in digits if len(number) >= _PHONE_DIGITS}

    async def _said(self, contact_ids: Collection[int]) -> set[str]:
        message, conversation = tables.messages.c, tables.conversations.c
        theirs = select(conversation.id).where(conversation.contact_id.in_(contact_ids))
        query = select(message.parts).where(message.conversation_id.in_(theirs), message.direction == Direction.INBOUND)
        return _keys(plain_text(decode_parts(parts)) for parts in await self._connection.scalars(query))

    async def _others(self, contact_ids: Collection[int]) -> set[str]:
        turn, conversation = tables.turns.c, tables.conversations.c
        theirs = select(conversation.id).where(conversation.contact_id.in_(contact_ids))
        newest = select(turn.text).where(turn.conversation_id.not_in(theirs)).order_by(turn.id.desc()).limit(_OTHERS)
        return _keys(await self._connection.scalars(newest))

    async def _empty_events(self, addresses: Collection[str]) -> int:
        """Events of nobody, unreadable or none of ours; their rows stay, so that a repeat is known as one."""
        inbox = tables.inbox.c
        nobodys = select(inbox.id, inbox.body).where(inbox.identity_id.is_(None), inbox.body != b"")
        whole = re.compile("|".join(rf"(?<!\w){re.escape(address)}(?!\w)" for address in addresses) or r"(?!)")
        rows = await self._connection.stream(nobodys)
        naming = [row.id async for row in rows if whole.search(row.body.decode("utf-8", "replace").casefold())]
        if naming:
            await self._connection.execute(update(tables.inbox).where(inbox.id.in_(naming)).values(body=b""))
        return len(naming)

    async def _delete(self, table: Table, numbers: Collection[int]) -> int:
        if not numbers:
            return 0
        return int((await self._connection.execute(delete(table).where(table.c.id.in_(list(numbers))))).rowcount)


def _names(text: str, addresses: Iterable[str], phones: Iterable[str]) -> bool:
    words, digits = text.casefold(), _NO_DIGIT.sub("", text)
    return any(address in words for address in addresses) or any(number in digits for number in phones)


def _keys(texts: Iterable[str]) -> set[str]:
    return {key for text in texts if (key := _key(text))}


def _key(text: str) -> str:
    """Equal for texts that differ in white space and capitals alone."""
    return " ".join(text.split()).casefold()
