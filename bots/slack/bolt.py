"""The gateway in a Bolt application that a firm already has: two lines.

    from bots.slack.bolt import plug
    plug(app, "https://desk.example/channels/shop_slack/webhook", signing_secret=SIGNING_SECRET)

It stands around the application's `dispatch` (Bolt's own middleware comes after the bot's own events were
dropped, and cannot see the answer), and does five things:

- every event goes to the gateway first, as it came, and is committed there before the host's listeners run;
- the host sees everything, and answers as it always did;
- an event that comes again (known by its `event_id`) goes to the gateway again, which takes it once, and not
  to the host again, which Bolt would do;
- what no listener of the host matches is answered with 200 and not 404, since the gateway has it; where the
  gateway could not be reached, Slack is told to bring the event again, whatever the host made of it;
- what the host's bot says (`say`, `client.chat_postMessage`) is told to the gateway for the transcript.

Presses of the host's own buttons, its commands, shortcuts and views are its own affair.
Importing this module imports slack_bolt; only the host's process does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, overload

import structlog
from slack_bolt import App
from slack_bolt.async_app import AsyncApp
from slack_bolt.request import BoltRequest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.hosting import SAYS, Guest, Ticket, Wants, overheard
from bots.slack.line import BlockingLine, Given, Line, WebhookLine

log = structlog.get_logger()


class Plugged:
    """The gateway in an asynchronous application; `tap` is for clients of the host's own making."""

    def __init__(self, app: AsyncApp, line: Line, wants: Wants | None = None) -> None:
        self._guest = Guest(wants)
        self._line = line
        self._host = app.async_dispatch
        app.async_dispatch = self.dispatch  # type: ignore[method-assign]
        app.use(self._tap_request)
        self.tap(app.client)

    async def dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """In place of the application's: the gateway, then the host."""
        ticket = self._guest.admit(req.body)
        given = await self._give(req) if ticket.ours else Given.TAKEN
        if ticket.ours and given is Given.TAKEN:
            await self._say()
        if not ticket.hosts:
            return BoltResponse(status=200 if given is Given.TAKEN else 503)
        answer = None
        try:
            answer = await self._host(req)
        finally:
            self._guest.dealt_with(ticket, answer.status if answer else None)
        return _answer(ticket, given, answer)

    def tap(self, client: AsyncWebClient) -> None:
        """Tell the gateway what is said through `client`."""
        call: Callable[..., Awaitable[Any]] = client.api_call

        async def tapped(api_method: str, **given: Any) -> Any:
            answer = await call(api_method, **given)
            if api_method == SAYS and (said := overheard(answer.data)):
                self._guest.unsaid.append(said)
                await self._say()
            return answer

        client.api_call = tapped  # type: ignore[method-assign]

    async def close(self) -> None:
        """Let go of connections to the gateway, when the application ends."""
        await self._line.close()

    async def _tap_request(self, client: AsyncWebClient, next: Callable[[], Awaitable[None]]) -> None:  # noqa: A002
        """Bolt makes a client for each request."""
        self.tap(client)
        await next()

    async def _say(self) -> None:
        """Tell what there is to tell, in order; what the gateway cannot be told now waits."""
        unsaid = self._guest.unsaid
        while unsaid:
            said = unsaid.popleft()
            if await self._line.tell(said) is Given.LOST:
                unsaid.appendleft(said)
                log.warning("echoes_wait", waiting=len(unsaid))
                return

    async def _give(self, req: AsyncBoltRequest) -> Given:
        if req.mode == "socket_mode":
            return await self._line.tell(req.body)
        return await self._line.forward(req.raw_body.encode(), _headers(req))


class PluggedBlocking:
    """The gateway in an application without asyncio; see `Plugged`."""

    def __init__(self, app: App, line: BlockingLine, wants: Wants | None = None) -> None:
        self._guest = Guest(wants)
        self._line = line
        self._host = app.dispatch
        app.dispatch = self.dispatch  # type: ignore[method-assign]
        app.use(self._tap_request)
        self.tap(app.client)

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        """See `Plugged.dispatch`."""
        ticket = self._guest.admit(req.body)
        given = self._give(req) if ticket.ours else Given.TAKEN
        if ticket.ours and given is Given.TAKEN:
            self._say()
        if not ticket.hosts:
            return BoltResponse(status=200 if given is Given.TAKEN else 503)
        answer = None
        try:
            answer = self._host(req)
        finally:
            self._guest.dealt_with(ticket, answer.status if answer else None)
        return _answer(ticket, given, answer)

    def tap(self, client: WebClient) -> None:
        """See `Plugged.tap`."""
        call: Callable[..., Any] = client.api_call

        def tapped(api_method: str, **given: Any) -> Any:
            answer = call(api_method, **given)
            if api_method == SAYS and (said := overheard(answer.data)):
                self._guest.unsaid.append(said)
                self._say()
            return answer

        client.api_call = tapped  # type: ignore[method-assign]

    def close(self) -> None:
        """See `Plugged.close`."""
        self._line.close()

    def _tap_request(self, client: WebClient, next: Callable[[], None]) -> None:  # noqa: A002
        self.tap(client)
        next()

    def _say(self) -> None:
        """See `Plugged._say`."""
        unsaid = self._guest.unsaid
        while unsaid:
            said = unsaid.popleft()
            if self._line.tell(said) is Given.LOST:
                unsaid.appendleft(said)
                log.warning("echoes_wait", waiting=len(unsaid))
                return

    def _give(self, req: BoltRequest) -> Given:
        if req.mode == "socket_mode":
            return self._line.tell(req.body)
        return self._line.forward(req.raw_body.encode(), _headers(req))


@overload
def plug(app: AsyncApp, gateway: str | Line, *, signing_secret: str = "", wants: Wants | None = None) -> Plugged: ...
@overload
def plug(app: App, gateway: str | Line, *, signing_secret: str = "", wants: Wants | None = None) -> PluggedBlocking: ...
def plug(
    app: AsyncApp | App, gateway: str | Line, *, signing_secret: str = "", wants: Wants | None = None
) -> Plugged | PluggedBlocking:
    """Plug the gateway into `app`.

    Args:
        gateway: the channel's webhook, or for an asynchronous application in the gateway's own process an
            `IntakeLine(channel, inbox.take)`.
        signing_secret: the app's, needed with a webhook.
        wants: which events the gateway is to have; all of them when not given.

    Raises ValueError where these do not go together.
    """
    if isinstance(gateway, str) and not signing_secret:
        raise ValueError("a webhook needs the app's signing_secret")
    if isinstance(app, AsyncApp):
        line = WebhookLine(gateway, signing_secret) if isinstance(gateway, str) else gateway
        return Plugged(app, line, wants)
    if not isinstance(gateway, str):
        raise ValueError("an application without asyncio needs the address of the webhook")
    return PluggedBlocking(app, BlockingLine(gateway, signing_secret), wants)


def _answer(ticket: Ticket, given: Given, answer: BoltResponse) -> BoltResponse:
    """What Slack is told: the host's answer, but that nothing is lost."""
    if not ticket.ours or answer.status == 401:
        return answer
    if given is Given.REFUSED:
        log.warning("event_refused_by_gateway")
    elif given is Given.LOST:
        log.warning("event_not_taken_by_gateway")
        return BoltResponse(status=503)
    elif answer.status == 404:
        return BoltResponse(status=200)
    return answer


def _headers(req: AsyncBoltRequest | BoltRequest) -> dict[str, str]:
    return {name: values[0] for name, values in req.headers.items() if values}
