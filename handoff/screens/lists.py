"""The conversations pane: tabs with their figures, and rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.conversations import State
from gateway.messages import Author, MediaKind, Value
from gateway.staff import Staff
from gateway.texts import Translator
from handoff.callbacks import CallbackState
from handoff.desk_rows import Filter, InboxRow
from handoff.names import called
from handoff.screens.words import Words, mark, mood_level
from handoff.storage.desk import Counts
from handoff.wording import When

PAGE = 60
"""Rows drawn at first; the rest comes when asked for."""
REACH = 10_000
"""Closed conversations, the newest, in which words are looked for at first; the rest when asked for."""
FURTHER = 4
"""So many times as far back at the next look."""


class Tab(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One list to choose; `hot` where its figure asks for attention."""

    name: str
    label: str
    count: int = 0
    hot: bool = False


class Row(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One conversation as drawn."""

    id: int
    key: str
    name: str
    icon: str
    channel_word: str
    language: str
    at: datetime
    preview: str
    preview_by: str
    unread: int
    waiting_since: datetime | None
    wait_level: str
    mood: str
    mood_level: str
    agent: str
    with_bot: bool
    call: str
    call_level: str
    outcome: str
    rating: int


class Inbox(Value, frozen=True, kw_only=True, omit_defaults=False):
    """The whole pane. `shown` rows are drawn, `more` are left; `unread` counts mine. Words were looked for in the
    newest `reach` closed conversations, that is back to `since` (None: in all); the next look goes `further`."""

    list: str
    query: str
    tabs: tuple[Tab, ...]
    rows: tuple[Row, ...]
    shown: int
    more: int
    open: int | None
    unread: int
    unread_name: str
    empty_heading: str
    empty_text: str
    reach: int
    further: int
    since: datetime | None


class Looking(Value, frozen=True, kw_only=True):
    """Who looks at which list, when, in which zone; `limit` is how long waiting may last. Words are looked for in
    the newest `reach` closed conversations, back to `earliest` (None: in all)."""

    staff: Staff
    show: Filter
    query: str
    shown: int
    open: int | None
    now: datetime
    zone: str
    limit: timedelta
    reach: int = REACH
    earliest: datetime | None = None


def draw_inbox(
    found: Sequence[InboxRow], mine: Sequence[InboxRow], counts: Counts, looking: Looking, say: Words
) -> Inbox:
    """The pane from the rows of the chosen list, and from mine (for what is unread)."""
    unread = [row for row in mine if row.unread]
    heading, text = _empty(looking, say.translator)
    return Inbox(
        list=looking.show.value,
        query=looking.query,
        tabs=_tabs(counts, len(unread), say.translator),
        rows=tuple(_row(row, looking, say) for row in found[: looking.shown]),
        shown=looking.shown,
        more=max(0, len(found) - looking.shown),
        open=looking.open,
        unread=sum(row.unread for row in unread),
        unread_name=called(unread[0].name, unread[0].contact_id, say.translator) if unread else "",
        empty_heading=heading,
        empty_text=text,
        reach=looking.reach,
        further=looking.reach * FURTHER,
        since=looking.earliest,
    )


def _tabs(counts: Counts, unread: int, translator: Translator) -> tuple[Tab, ...]:
    _ = translator.gettext
    return (
        Tab(name="mine", label=_("Mine"), count=unread or counts.mine, hot=bool(unread)),
        Tab(name="queue", label=_("Queue"), count=counts.queue),
        Tab(name="all", label=_("All")),
        Tab(name="callbacks", label=_("Calls"), count=counts.due or counts.booked, hot=bool(counts.due)),
        Tab(name="closed", label=_("Closed")),
    )


def _row(row: InboxRow, looking: Looking, say: Words) -> Row:
    closed = row.state is State.CLOSED
    since = None if closed else row.waiting_since
    handed_over = row.handoff if closed else None
    return Row(
        id=row.id,
        key=str(row.id),
        name=called(row.name, row.contact_id, say.translator),
        icon=mark(row.channel_kind),
        channel_word=say.channel(row.channel_kind),
        language=row.language or "",
        at=row.closed_at or row.updated_at,
        preview=row.preview or _kind_word(row.preview_kind, say.translator),
        preview_by=_preview_by(row, looking, say.translator),
        # What nobody has taken is new to everybody: a figure on each row of the queue would say nothing.
        unread=row.unread if row.assignee_id == looking.staff.id else 0,
        waiting_since=since,
        wait_level=_wait_level(since, looking),
        mood="" if closed else say.mood(row.anger),
        mood_level="" if closed else mood_level(row.anger),
        agent=row.assignee or "" if row.assignee_id != looking.staff.id else "",
        with_bot=row.state is State.BOT,
        call=_call(row, looking, say),
        call_level="bad" if row.callback and row.callback.overdue else "warn" if _is_due(row) else "",
        outcome=say.outcome(handed_over.outcome if handed_over else None) if closed else "",
        rating=row.rating or 0,
    )


def _wait_level(since: datetime | None, looking: Looking) -> str:
    if since is None:
        return ""
    waited = looking.now - since
    if waited >= looking.limit:
        return "bad"
    return "warn" if waited >= looking.limit / 2 else ""


def _is_due(row: InboxRow) -> bool:
    return row.callback is not None and row.callback.state is CallbackState.DUE


def _call(row: InboxRow, looking: Looking, say: Words) -> str:
    """“today, 14:00–15:00” in the desk's own zone."""
    if row.callback is None or not row.callback.active:
        return ""
    return When(say.translator, looking.zone, looking.now).window(row.callback.window)


def _preview_by(row: InboxRow, looking: Looking, translator: Translator) -> str:
    _ = translator.gettext
    match row.preview_author:
        case Author.BOT | Author.SYSTEM:
            return _("Bot")
        case Author.AGENT if row.assignee_id == looking.staff.id:
            return _("You")
        case Author.AGENT:
            return row.assignee or _("Agent")
        case _:
            return ""


def _kind_word(kind: str, translator: Translator) -> str:
    _ = translator.gettext
    match kind:
        case MediaKind.IMAGE:
            return _("Picture")
        case MediaKind.VIDEO:
            return _("Video")
        case MediaKind.AUDIO | MediaKind.VOICE:
            return _("Voice message")
        case MediaKind.STICKER:
            return _("Sticker")
        case MediaKind.FILE:
            return _("File")
        case "location":
            return _("Place on the map")
        case "contact":
            return _("Contact")
        case "reaction":
            return _("Reaction")
        case "edit":
            return _("Changed a message")
        case _:
            return ""


def _empty(looking: Looking, translator: Translator) -> tuple[str, str]:
    """What stands where there are no rows, so that empty does not look broken."""
    _ = translator.gettext
    if looking.query:
        return _("Nothing found"), _(
            "Only this list was searched: look on the other tabs as well, or try a name, a phone number, "
            "a parcel number or words from the conversation."
        )
    match looking.show:
        case Filter.MINE:
            return _("Nothing of yours is open"), _("Take the next one from the queue.")
        case Filter.QUEUE:
            return _("Nobody is waiting"), _("New conversations appear here by themselves.")
        case Filter.CALLBACKS:
            return _("No calls are booked"), _("Booked calls appear here, the soonest first.")
        case Filter.CLOSED:
            return _("Nothing is closed yet"), _("What you finish is kept here.")
        case _:
            return _("No conversations yet"), _("They appear here as soon as somebody writes.")
