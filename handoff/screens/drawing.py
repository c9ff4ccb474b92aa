"""What the desk's routes share: reading from the desk service and turning it into pages and fragments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from litestar.response import Response
from msgspec.structs import replace

from gateway.channels import Channel
from gateway.errors import RequestRefused
from gateway.ports import Clock
from gateway.settings import Settings
from gateway.staff import Role, Staff
from gateway.texts import Translator
from gateway.web.pages import Pages, Room, StaffRequest
from handoff.desk_rows import CustomerContext, Filter, Transcript
from handoff.desk_service import DeskService
from handoff.screens.about import Setting, Titles, draw_about
from handoff.screens.lists import PAGE, REACH, Inbox, Looking, draw_inbox
from handoff.screens.pieces import plain_html, rich_html, size_word
from handoff.screens.talks import LONGEST, STRETCH, Stretch, Talk, draw_talk, first_unread
from handoff.screens.words import Words
from handoff.storage.agents import Draft

MIB = 1024 * 1024
MOST_ROWS = 500
MOST_REACH = 100_000_000

ROOM = Room(name="handoff", folder=str(Path(__file__).parent.parent), href="/desk", label="Desk", role=Role.AGENT)
"""The desk among the rooms of `Pages`. The label is translated by the catalogues."""


class Drawing:
    """Draws the desk for whoever asks."""

    def __init__(
        self,
        desk: DeskService,
        pages: Pages,
        channels: Mapping[str, Channel],
        settings: Settings,
        clock: Clock,
        titles: Titles,
        *,
        knowledge: bool,
    ) -> None:
        self.desk = desk
        self.pages = pages
        self.settings = settings
        self.clock = clock
        self.kinds = {name: channel.kind for name, channel in channels.items()}
        self._titles = titles
        self._knowledge = knowledge

    # --- who asks ----------------------------------------------------------------------------

    def staff(self, request: StaffRequest) -> Staff:
        """The signed-in agent; the guard has let nobody else in."""
        staff = request.scope["user"]
        assert isinstance(staff, Staff)
        return staff

    def translator(self, request: StaffRequest) -> Translator:
        """Texts in the reader's language."""
        return self.pages.texts.translator(self.pages.language(request))

    def company(self, language: str | None) -> str:
        """What the firm is called in the customer's language."""
        return self.pages.company_name(language or self.settings.company.language)

    # --- reading -----------------------------------------------------------------------------

    async def inbox(self, request: StaffRequest, opened: int | None = None) -> Inbox:
        """The list that the address asks for (`list`, `q`, `shown`, `open`)."""
        asked = request.query_params
        staff = self.staff(request)
        looking = Looking(
            staff=staff,
            show=_filter(asked.get("list")),
            query=asked.get("q", "").strip()[:100],
            shown=min(MOST_ROWS, _number(asked.get("shown")) or PAGE),
            open=opened or _number(asked.get("open")),
            now=self.clock(),
            zone=self.settings.company.zone,
            limit=timedelta(minutes=self.settings.handoff.waiting_limit),
            reach=max(REACH, min(MOST_REACH, _number(asked.get("reach")))),
        )
        views = self.desk.views
        looking = await self._looking_back(looking)
        found = await views.inbox(staff, looking.show, looking.query, MOST_ROWS, earliest=looking.earliest)
        plain_mine = looking.show is Filter.MINE and not looking.query
        mine = found if plain_mine else await views.inbox(staff, Filter.MINE)
        return draw_inbox(found, mine, await views.counts(staff), looking, Words(self.translator(request)))

    async def _looking_back(self, looking: Looking) -> Looking:
        """Words are looked for in so many closed conversations at once: in years of them it takes many seconds."""
        if looking.show is not Filter.CLOSED or not looking.query:
            return looking
        return replace(looking, earliest=await self.desk.views.reach(looking.reach))

    async def opened(self, request: StaffRequest, conversation_id: int) -> tuple[Talk, CustomerContext]:
        """A conversation as it is opened: its newest stretch, the draft, what is new. Raises NotFound."""
        staff, views = self.staff(request), self.desk.views
        context = await views.context(conversation_id)
        row = await views.row(staff, conversation_id)
        unread = row.unread if row else 0
        transcript = await views.transcript(conversation_id, limit=max(STRETCH, min(unread + 10, LONGEST)))
        stretch = Stretch(
            transcript=transcript,
            new_seq=first_unread(transcript.lines, unread),
            draft=await views.draft(conversation_id, staff),
        )
        return self._talk(request, context, stretch), context

    async def fresh(self, request: StaffRequest, conversation_id: int) -> tuple[Talk, CustomerContext]:
        """The same stretch as it is now: from `first` on, with `older` one stretch further back."""
        asked = request.query_params
        context = await self.desk.views.context(conversation_id)
        back = STRETCH if asked.get("older") else 0
        first = max(1, _number(asked.get("first")) - back, context.conversation.last_seq - LONGEST + 1)
        found = await self.desk.views.since(conversation_id, first - 1, LONGEST)
        stretch = Stretch(
            transcript=Transcript(lines=found.lines, more=first > 1),
            new_seq=_number(asked.get("new")),
            draft=Draft(text=""),
        )
        return self._talk(request, context, stretch), context

    def _talk(self, request: StaffRequest, context: CustomerContext, stretch: Stretch) -> Talk:
        zone = self.settings.company.zone
        say = Words(self.translator(request))
        proposing = self.desk.proposals.possible
        return draw_talk(context, stretch, self.staff(request), self.kinds, zone, say, proposing=proposing)

    # --- drawing -----------------------------------------------------------------------------

    def html(self, request: StaffRequest, template: str, **context: Any) -> Response[str]:
        """A page or one fragment."""
        return self.pages.html(request, f"handoff/{template}", **self._shared(request), **context)

    def page(self, request: StaffRequest, inbox: Inbox, opened: tuple[Talk, CustomerContext] | None) -> Response[str]:
        """The whole desk."""
        talk, about = self._both(request, opened)
        return self.html(request, "desk.html", inbox=inbox, talk=talk, about=about, oob=False, oob_open=False)

    def fragments(
        self,
        request: StaffRequest,
        names: Sequence[str],
        *,
        inbox: Inbox | None = None,
        opened: tuple[Talk, CustomerContext] | None = None,
        replace: bool = False,
    ) -> Response[str]:
        """Parts of the desk that take their own places: they are morphed, or with `replace` exchanged."""
        talk, about = self._both(request, opened)
        return self.html(
            request,
            "fragments.html",
            names=[f"handoff/{name}.html" for name in names],
            inbox=inbox,
            talk=talk,
            about=about,
            oob=not replace,
            oob_open=replace,
        )

    def _both(self, request: StaffRequest, opened: tuple[Talk, CustomerContext] | None) -> tuple[Any, Any]:
        if opened is None:
            return None, None
        talk, context = opened
        setting = Setting(zone=self.settings.company.zone, now=self.clock(), kinds=self.kinds)
        return talk, draw_about(context, setting, self._titles, Words(self.translator(request)))

    def _shared(self, request: StaffRequest) -> dict[str, Any]:
        return {
            "rich": rich_html,
            "linked": plain_html,
            "size": partial(size_word, self.translator(request)),
            "knowledge": self._knowledge,
            "upload_limit": self.settings.upload_limit * MIB,
        }


def _filter(name: str | None) -> Filter:
    """The list to show; the queue is what an agent comes for."""
    try:
        return Filter(name or Filter.QUEUE)
    except ValueError:
        raise RequestRefused(400, "no such list") from None


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 12 else 0
