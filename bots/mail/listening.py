"""Reading a mailbox: what is new since the last look is taken, each mail once, whatever happened meanwhile.

A mail counts as taken when the inbox has committed it. Only then the place is moved on, in our own database;
so after a crash it is fetched again and known by its dedupe id. UIDs only grow while UIDVALIDITY stays
(RFC 9051, 2.3.1.1); where that changed, all that came since shortly before the last look is looked at again.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import structlog

from bots.mail.arriving import Arrivals, Arrived
from bots.mail.logins import Logins
from bots.mail.mailbox import Mailbox
from bots.mail.session import Folder, Head
from bots.mail.settings import MIB, MailSettings
from bots.mail.storage import MailTables, Place
from bots.mail.wire.letter import take_apart
from bots.mail.wire.people import ID_LIMIT, message_id
from gateway.channels import UNREADABLE, Envelope, Intake
from gateway.errors import SendError, StorageUnavailable, Unreachable, Unreadable
from gateway.ports import Clock
from gateway.retries import backoff
from gateway.storage.engine import Database

log = structlog.get_logger()

BATCH = 20
"""Mails in one commit."""
BATCH_BYTES = 16 * MIB
"""Bytes of mail in memory at once, beside a single larger one."""
IDLE_SECONDS = 240.0
"""How long one IDLE lasts: well below the 29 minutes after which a server may hang up (RFC 2177), and short
enough that a line which died silently is missed for minutes only."""
SHORT_IDLE_SECONDS = 2.0
"""The first IDLE after news: what was announced while we worked is told in its beginning."""
PATIENCE_SECONDS = 60.0
"""The longest wait between two tries to connect."""
SLACK = timedelta(days=2)
"""How far a server's dates may be off: its clock, its zone, and SINCE knows days only."""
FETCHES = 6
"""So often one mail is tried, over a new connection each time, before it is put aside: about a minute."""
MARK_EVERY = timedelta(hours=12)
"""How often the place is moved on in time where no mail comes."""

Pause = Callable[[float], Awaitable[None]]


class Listener:
    """One mailbox. `run` lives until it is cancelled."""

    def __init__(
        self,
        channel: str,
        settings: MailSettings,
        logins: Logins,
        database: Database,
        arrivals: Arrivals,
        *,
        clock: Clock,
        pause: Pause = asyncio.sleep,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._database = database
        self._arrivals = arrivals
        self._clock = clock
        self._pause = pause
        self._idle_seconds = idle_seconds
        self._mailbox = Mailbox(settings, logins, purpose=f"{channel}-in")
        self._place: Place | None = None
        self._failures = 0
        self._failed: Counter[int] = Counter()
        self._aside: set[tuple[int, int]] = set()

    async def run(self, intake: Intake) -> None:
        """Read until cancelled; what fails is tried again, from a new connection."""
        try:
            while True:
                try:
                    await self._read(intake)
                except (SendError, StorageUnavailable) as error:
                    self._mailbox.abort()
                    await self._recover(error)
        finally:
            self._mailbox.abort()

    async def _recover(self, error: SendError | StorageUnavailable) -> None:
        self._failures += 1
        reason = error.reason if isinstance(error, SendError) else "storage"
        log.warning("mailbox_away", channel=self._channel, reason=reason, failures=self._failures)
        delay = backoff(self._failures, random.random()).total_seconds()  # noqa: S311
        await self._pause(min(PATIENCE_SECONDS, delay))

    async def _read(self, intake: Intake) -> None:
        mailbox = self._settings.mailbox
        folder = await self._mailbox.call("select", lambda line: line.select(mailbox))
        can_idle = await self._mailbox.call("capability", lambda line: line.can("IDLE"))
        async with self._database.read() as work:
            self._place = await MailTables(work.connection, self._channel).place(mailbox)
        log.info("mailbox_open", channel=self._channel, idle=can_idle)
        if self._place is None or self._place.uidvalidity != folder.uidvalidity:
            await self._begin(folder, self._place, intake)
        fresh = True
        while True:
            fresh = await self._look(folder, intake) or fresh
            self._failures = 0
            seconds = min(SHORT_IDLE_SECONDS, self._idle_seconds) if fresh else self._idle_seconds
            await self._wait(seconds, can_idle=can_idle)
            fresh = False

    async def _wait(self, seconds: float, *, can_idle: bool) -> None:
        if can_idle:
            await self._mailbox.call("idle", lambda line: line.idle(seconds))
            return
        await self._pause(self._settings.poll_seconds)
        await self._mailbox.call("noop", lambda line: line.noop())

    # --- what to look at ---------------------------------------------------------------------

    async def _look(self, folder: Folder, intake: Intake) -> bool:
        """Take what is new; whether there was anything."""
        place = self._place
        if place is None:
            return False
        first = place.last_uid + 1
        uids = await self._mailbox.call("search", lambda line: line.uids_from(first))
        for batch in self._batches(uids):
            await self._try(batch, folder, intake)
            await self._move_on(folder, batch[-1])
        self._failed.clear()
        if not uids and self._clock() - place.seen_at > MARK_EVERY:
            await self._move_on(folder, place.last_uid)
        return bool(uids)

    async def _begin(self, folder: Folder, before: Place | None, intake: Intake) -> None:
        """The first look at this mailbox, or at what has become of it. What it should take is committed before
        the place is set, so it is done anew after a crash."""
        now = self._clock()
        if before is None:
            since, unread = now - timedelta(days=self._settings.first_days), True
            wanted = self._settings.first_days > 0
        else:
            since, unread, wanted = before.seen_at - SLACK, False, True
            log.warning("mailbox_renumbered", channel=self._channel)
        day = since.date()
        uids = await self._mailbox.call("search", lambda line: line.uids_since(day, unread=unread)) if wanted else []
        for batch in self._batches([uid for uid in uids if uid < folder.uidnext]):
            await self._try(batch, folder, intake, since=None if before is None else since)
        await self._move_on(folder, folder.uidnext - 1)

    async def _move_on(self, folder: Folder, last_uid: int) -> None:
        place = Place(uidvalidity=folder.uidvalidity, last_uid=last_uid, seen_at=self._clock())
        async with self._database.write() as work:
            await MailTables(work.connection, self._channel).set_place(self._settings.mailbox, place)
        self._place = place

    # --- taking ------------------------------------------------------------------------------

    def _batches(self, uids: Sequence[int]) -> list[Sequence[int]]:
        """`uids` in pieces; one by one after a failure, to see at which mail the server fails."""
        size = 1 if self._failed else BATCH
        return [uids[start : start + size] for start in range(0, len(uids), size)]

    async def _try(self, uids: Sequence[int], folder: Folder, intake: Intake, *, since: datetime | None = None) -> None:
        """Take these mails. One that the server fails over each time is put aside: it must not block all others."""
        wanted = [uid for uid in uids if (folder.uidvalidity, uid) not in self._aside]
        if not wanted:
            return
        try:
            await self._take(wanted, intake, since=since)
        except Unreachable:
            self._failed[wanted[0]] += 1
            if len(wanted) == 1 and self._failed[wanted[0]] >= FETCHES:
                await self._put_aside(wanted[0], folder, intake)
            raise
        self._failed.pop(wanted[0], None)

    async def _put_aside(self, uid: int, folder: Folder, intake: Intake) -> None:
        """Count a mail that cannot be had among what cannot be read; it stays in the mailbox."""
        log.error("mail_cannot_be_fetched", channel=self._channel, uid=uid)
        name = f"{UNREADABLE}{folder.uidvalidity}.{uid}"
        await intake(self._channel, [Envelope(platform_id=name, address=None, body=b"")])
        self._aside.add((folder.uidvalidity, uid))
        self._failed.pop(uid, None)

    async def _take(self, uids: Sequence[int], intake: Intake, *, since: datetime | None = None) -> None:
        """Commit these mails, but for those the inbox has, those that are gone, and those that came before
        `since`. Mail that a person should see is then marked as the settings say."""
        heads = await self._mailbox.call("fetch", lambda line: line.heads(uids))
        new = await self._not_taken(heads)
        fresh: Sequence[int] = [uid for uid in uids if uid in new and not _is_older(heads[uid], since)]
        while fresh:
            some, fresh = _fitting(fresh, heads)
            arrived = [(uid, one) for uid in some if (one := await self._fetch(uid, heads[uid].size)) is not None]
            await intake(self._channel, [one.envelope for _, one in arrived])
            await self._mark([uid for uid, one in arrived if one.matters])

    async def _not_taken(self, heads: Mapping[int, Head]) -> set[int]:
        ids = {uid: _id_in(head.fields) for uid, head in heads.items()}
        async with self._database.read() as work:
            named = {one for one in ids.values() if one is not None}
            taken = await MailTables(work.connection, self._channel).taken(named)
        return {uid for uid, one in ids.items() if one is None or one not in taken}

    async def _fetch(self, uid: int, size: int) -> Arrived | None:
        limit = self._settings.mail_limit * MIB
        part = limit if size > limit else None
        raw = await self._mailbox.call("fetch", lambda line: line.raw(uid, part))
        if raw is None:
            return None  # somebody deleted or moved it meanwhile
        return await self._arrivals.envelope(raw, whole=size if part else None)

    async def _mark(self, uids: Sequence[int]) -> None:
        """Mark or move what was taken. It is taken either way: where that fails, the next connection goes on."""
        after, target = self._settings.after, self._settings.move_to
        if not uids or after == "keep":
            return
        try:
            if after == "seen":
                await self._mailbox.call("mark", lambda line: line.mark_seen(uids))
            else:
                await self._mailbox.call("move", lambda line: line.move(uids, target))
        except SendError as error:
            log.warning("mail_not_marked", channel=self._channel, mails=len(uids), reason=error.reason)


def _fitting(uids: Sequence[int], heads: Mapping[int, Head]) -> tuple[Sequence[int], Sequence[int]]:
    """The first of `uids` that go into memory together, at least one, and the others."""
    size = 0
    for count, uid in enumerate(uids):
        size += heads[uid].size
        if size > BATCH_BYTES and count:
            return uids[:count], uids[count:]
    return uids, []


def _id_in(fields: bytes) -> str | None:
    """The Message-ID under which the inbox may know a mail; None where only its digest would tell."""
    try:
        found = message_id(take_apart(fields))
    except Unreadable:
        return None
    return found if found and len(found) <= ID_LIMIT else None


def _is_older(head: Head, since: datetime | None) -> bool:
    """Whether the mail came before `since`: by our server's topmost Received line, which a restored mailbox
    keeps, else by the mailbox's own date."""
    if since is None:
        return False
    came_at = head.came_at
    try:
        received = take_apart(head.fields).first("received") or ""
        told = parsedate_to_datetime(received.rpartition(";")[2].strip())
        came_at = told if told.tzinfo else told.replace(tzinfo=UTC)
    except (Unreadable, ValueError, TypeError, IndexError, OverflowError):
        pass
    return came_at is not None and came_at < since
