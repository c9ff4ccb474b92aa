"""A fetched mail → an envelope: read once to see whose it is, its files put into our media store, its thread
noted. All of it may be done again: until the envelope is committed the mail does not count as taken.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import structlog

from bots.mail.settings import MIB, MailSettings
from bots.mail.storage import MailTables
from bots.mail.wire.bounces import SEARCHED, read_news
from bots.mail.wire.files import TOO_LARGE, UNSEEN, file_name, plan
from bots.mail.wire.html import sanitise
from bots.mail.wire.inbound import Rules, html_only, read_event, shown_files
from bots.mail.wire.letter import Leaf, Letter, store, take_apart
from bots.mail.wire.outbound import Thread
from bots.mail.wire.people import dedupe_id, domain_of, message_id, message_ids
from gateway.channels import UNREADABLE, ChannelTools, Envelope, MediaKeeper, Send
from gateway.errors import StorageUnavailable, Unreadable
from gateway.messages import Event, Ignored, Inbound, Signal, Value
from gateway.ports import Clock

log = structlog.get_logger()

ASIDE_LIMIT = MIB
"""Bytes that are kept of a mail that cannot be read."""
ID_LIMIT = 500
"""Characters of an id that is worth answering to."""
PAGE = "message.html"
WORDS_LIMITS = {"text/plain": MIB, "text/html": 4 * MIB}
"""Bytes of words that are read, by their type."""


class Arrived(Value, frozen=True, kw_only=True):
    """An envelope to commit, and whether it says something to us (else it stays as it is in the mailbox)."""

    envelope: Envelope
    matters: bool


class Arrivals:
    """Makes envelopes of one channel."""

    def __init__(
        self,
        channel: str,
        settings: MailSettings,
        tools: ChannelTools,
        rules: Rules,
        clock: Clock,
        *,
        own_id: Callable[[Send], str],
        reader: Callable[[Letter, Rules], Event] = read_event,
    ) -> None:
        """
        Args:
            own_id: the Message-ID of what we send.
        """
        self._channel = channel
        self._settings = settings
        self._database = tools.database
        self._keeper = tools.media if isinstance(tools.media, MediaKeeper) else None
        self._rules = rules
        self._clock = clock
        self._own_id = own_id
        self._reader = reader

    async def envelope(self, raw: bytes, *, whole: int | None = None) -> Arrived:
        """The envelope of a mail; `whole` is its size where `raw` is only its beginning."""
        try:
            letter, event = await asyncio.to_thread(self._read, raw, whole)
        except Unreadable:
            return _aside(raw)
        except Exception:
            # A bug of ours: this mail is put aside as well, so that it does not block all others.
            log.exception("mail_broke", channel=self._channel)
            return _aside(raw)
        identifier = dedupe_id(letter)
        match event:
            case Inbound(sender=sender):
                letter = await self._keep(letter, sender.address)
                address: str | None = sender.address
            case _:
                letter, event = await self._concern(letter, event)
                letter = _lighter(letter)
                address = event.address if isinstance(event, Signal) else None
        made = Envelope(platform_id=identifier, address=address, body=store(letter))
        return Arrived(envelope=made, matters=address is not None)

    def _read(self, raw: bytes, whole: int | None) -> tuple[Letter, Event]:
        letter = _apart(raw, whole)
        return letter, self._reader(letter, self._rules)

    # --- news of our own mails ---------------------------------------------------------------

    async def _concern(self, letter: Letter, event: Event) -> tuple[Letter, Event]:
        """A report counts only where we did send what it is about; then it is the correspondent's."""
        news = read_news(letter, domain_of(self._rules.address))
        if news is None or news.kind is None or self._database is None or not isinstance(event, Ignored):
            return letter, event
        async with self._database.read() as work:
            address = await MailTables(work.connection, self._channel).written_to(news.message_id, self._own_id)
        if address is None:
            return letter, event
        letter = msgspec.structs.replace(letter, concerns=address)
        return letter, read_event(letter, self._rules)

    # --- files and threads -------------------------------------------------------------------

    async def _keep(self, letter: Letter, address: str) -> Letter:
        shown = set(await asyncio.to_thread(shown_files, letter))
        files = set(plan(letter).files)
        page = await asyncio.to_thread(_page, letter)
        owner = await self._owner(letter, address)
        if self._keeper is None or owner is None:
            return letter
        leaves: list[Leaf] = []
        for index, leaf in enumerate(letter.leaves):
            if index in shown:
                leaves.append(await self._keep_file(self._keeper, leaf, owner))
            elif index in files:
                leaves.append(msgspec.structs.replace(leaf, content=b"", left=UNSEEN))
            else:
                leaves.append(leaf)
        kept = await self._save(self._keeper, page.encode(), PAGE, "text/html", owner) if page else None
        return msgspec.structs.replace(letter, leaves=tuple(leaves), page=kept)

    async def _owner(self, letter: Letter, address: str) -> str | None:
        """Whose the files are; on the way the thread is noted, for whatever we say next."""
        if self._database is None:
            return None
        now = self._clock()
        async with self._database.write() as work:
            identity = await work.contacts.meet(self._channel, address, now)
            await MailTables(work.connection, self._channel).note_thread(address, thread_of(letter), now)
        return f"identity:{identity.id}"

    async def _keep_file(self, keeper: MediaKeeper, leaf: Leaf, owner: str) -> Leaf:
        if leaf.left or leaf.size > self._settings.file_limit * MIB:
            return msgspec.structs.replace(leaf, content=b"", left=TOO_LARGE)
        ref = await self._save(keeper, leaf.content, file_name(leaf), leaf.mime, owner)
        return msgspec.structs.replace(leaf, content=b"", ref=ref)

    async def _save(self, keeper: MediaKeeper, content: bytes, name: str, mime: str, owner: str) -> str:
        try:
            stored = await keeper.save(_once(content), name=name, mime=mime, owner=owner, limit=max(len(content), 1))
        except OSError as error:
            raise StorageUnavailable(f"a file cannot be kept: {error.strerror}") from None
        return f"file:{stored.id}"


def thread_of(letter: Letter) -> Thread:
    """The thread that `letter` is the last mail of."""
    own = message_id(letter)
    before: Sequence[str] = message_ids(letter.first("references")) or message_ids(letter.first("in-reply-to"))
    return Thread(
        message_id=own if own and len(own) <= ID_LIMIT else None,
        references=tuple(dict.fromkeys(one for one in before if len(one) <= ID_LIMIT)),
        subject=letter.text("subject"),
    )


def _apart(raw: bytes, whole: int | None) -> Letter:
    """The mail taken apart; where it was not fetched to its end, what is missing is named."""
    letter = _sparing(take_apart(raw, cut=whole is not None))
    if whole is None or not letter.leaves:
        return letter
    *before, last = letter.leaves
    missing = Leaf(mime="message/rfc822", size=whole, attached=True, left=TOO_LARGE)
    if len(letter.leaves) - 1 in plan(letter).files:
        missing = msgspec.structs.replace(last, content=b"", size=whole * 3 // 4, left=TOO_LARGE)
        return msgspec.structs.replace(letter, leaves=(*before, missing))
    return msgspec.structs.replace(letter, leaves=(*letter.leaves, missing))


def _sparing(letter: Letter) -> Letter:
    """Of words that nobody reads to their end the beginning; all of them become a file beside it."""
    leaves: list[Leaf] = list(letter.leaves)
    for index, leaf in enumerate(letter.leaves):
        limit = WORDS_LIMITS.get(leaf.mime)
        if limit is not None and leaf.size > limit and not leaf.attached and not leaf.name:
            name = PAGE if leaf.mime == "text/html" else "message.txt"
            leaves.append(msgspec.structs.replace(leaf, name=name, attached=True, around=()))
            leaves[index] = msgspec.structs.replace(leaf, content=leaf.content[:limit])
    return msgspec.structs.replace(letter, leaves=tuple(leaves))


def _aside(raw: bytes) -> Arrived:
    digest = hashlib.sha256(raw).hexdigest()
    kept = Envelope(platform_id=f"{UNREADABLE}{digest}", address=None, body=raw[:ASIDE_LIMIT])
    return Arrived(envelope=kept, matters=False)


def _page(letter: Letter) -> str | None:
    html = html_only(letter)
    return sanitise(html) if html else None


def _lighter(letter: Letter) -> Letter:
    """Of what says nothing to a conversation, no more than what was looked at."""
    leaves = (msgspec.structs.replace(leaf, content=leaf.content[:SEARCHED]) for leaf in letter.leaves)
    return msgspec.structs.replace(letter, leaves=tuple(leaves))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
