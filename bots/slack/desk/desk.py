"""A Slack app as an agents' desk: `gateway.desks.Desk`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from bots.slack.api import SlackApi
from bots.slack.desk.calling import CallShowing
from bots.slack.desk.checkup import look
from bots.slack.desk.doing import Doer
from bots.slack.desk.files import FileCarrier
from bots.slack.desk.once import RATE, Once
from bots.slack.desk.people import DeskPeople
from bots.slack.desk.posting import Poster
from bots.slack.desk.settings import SlackDeskSettings
from bots.slack.desk.showing import Showing
from bots.slack.desk.storage.calls import CallTable
from bots.slack.desk.storage.events import EventTable
from bots.slack.desk.storage.threads import ThreadTable
from bots.slack.desk.telling import Teller
from bots.slack.desk.wire.deeds import whose
from bots.slack.desk.working import Worker
from bots.slack.socket import Pause, SocketMode
from bots.slack.webhook import take
from gateway.channels import UNREADABLE, Envelope, Rate, Receipt, WebhookRequest
from gateway.desks import DESK_EVENTS, DeskTools
from gateway.errors import StorageUnavailable
from gateway.operating.checkup import Finding
from gateway.operating.observing import Figure
from gateway.storage.work import Work

STORE_SECONDS = 2.5
"""Slack waits three seconds for the acknowledgement, and tells an event that had none again."""


class SlackDesk:
    """One app in one workspace, and the rooms it was invited to."""

    def __init__(
        self,
        name: str,
        settings: SlackDeskSettings,
        tools: DeskTools,
        api: SlackApi,
        *,
        pause: Pause = asyncio.sleep,
        rate: Rate = RATE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._settings = settings
        self._tools = tools
        self._api = api
        self._socket = SocketMode(name, api, settings.app_token, whose, pause=pause)
        language = settings.language or tools.company.language
        people = DeskPeople(name, api, tools.database, language, tools.clock)
        self._worker = Worker(name, tools, Doer(name, settings, tools, api, people))
        poster, files = Poster(api), FileCarrier(api, tools)
        teller = Teller(name, tools.database, poster, tools.texts.translator(language), tools.clock)
        once = Once(poster, tools.clock, rate=rate, monotonic=monotonic)
        calls = CallShowing(name, settings, tools, poster, once, monotonic=monotonic)
        self._showing = Showing(name, settings, tools, poster, files, teller, calls, once, monotonic=monotonic)

    @property
    def name(self) -> str:
        """The configured name, as in `[desks.NAME]`."""
        return self._name

    @property
    def kind(self) -> str:
        """Always ``slack``."""
        return "slack"

    # --- in ----------------------------------------------------------------------------------

    def receive(self, request: WebhookRequest) -> Receipt:
        """See `Desk.receive`."""
        return take(request, self._settings.signing_secret, self._tools.clock(), whose)

    async def take(self, _desk: str, envelopes: Sequence[Envelope]) -> None:
        """See `Desk.take`. What says nothing to us is not even kept."""
        wanted = [one for one in envelopes if one.address is not None or one.platform_id.startswith(UNREADABLE)]
        if not wanted:
            return
        try:
            async with asyncio.timeout(STORE_SECONDS), self._tools.database.write() as work:
                await EventTable(work, self._name).add(wanted, self._tools.clock())
                work.announce(DESK_EVENTS, "arrived")
        except TimeoutError:
            raise StorageUnavailable("the database takes no writes now") from None

    async def listen(self) -> None:
        """See `Desk.listen`: keep the Socket Mode connection; with events Slack calls us."""
        if self._settings.mode == "socket":
            await self._socket.run(self.take)
        else:
            await asyncio.Event().wait()

    # --- work --------------------------------------------------------------------------------

    async def work(self) -> None:
        """See `Desk.work`."""
        await self._worker.run()

    async def show(self) -> None:
        """See `Desk.show`."""
        await self._showing.run()

    async def work_waiting(self) -> int:
        """Carry out what waits now; how much that was."""
        return await self._worker.work_waiting()

    async def show_due(self) -> float:
        """Show what is due now; 0 where there is more to show at once."""
        return await self._showing.show_due()

    # --- looking -----------------------------------------------------------------------------

    async def figures(self, work: Work) -> Sequence[Figure]:
        """See `Desk.figures`."""
        waiting, oldest, _ = await EventTable(work, self._name).backlog()
        unshown, since = await ThreadTable(work, self._name).unshown()
        uncalled, called_since = await CallTable(work, self._name).unshown()
        troubled = sum(count for _, _, count in await ThreadTable(work, self._name).troubled())
        now, labels = self._tools.clock(), {"desk": self._name}
        late = max(
            (now - moment for moment in (oldest, since, called_since) if moment is not None), default=timedelta()
        )
        return [
            Figure(
                name="frontdesk_desk_waiting",
                help="What agents did on a desk and is not carried out, and cards not posted there yet.",
                value=waiting + unshown + uncalled,
                labels=labels,
            ),
            Figure(
                name="frontdesk_desk_waiting_seconds",
                help="How long the longest of these waits.",
                value=max(0.0, late.total_seconds()),
                labels=labels,
            ),
            Figure(
                name="frontdesk_desk_troubled",
                help="Handoffs that a desk's room refuses to show.",
                value=troubled,
                labels=labels,
            ),
        ]

    async def checkup(self) -> Sequence[Finding]:
        """See `gateway.operating.checkup.Checkable`."""
        return await look(self._name, self._api, self._settings, self._tools)

    async def close(self) -> None:
        """Close connections; a later call opens them again."""
        await self._api.close()
