"""What of a host application's traffic concerns the gateway, and what the host has had already. Pure."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any

from bots.slack.wire.blocks import ACTION
from gateway.messages import Value

SAYS = "chat.postMessage"
"""The method through which `say` and a host's own code speak."""
UNSAID = 1000
"""Echoes that wait for a gateway that is away; with the next event they are told."""
REMEMBERED = 10_000
"""Events; Slack brings one three times within an hour (https://docs.slack.dev/apis/events-api/#retries)."""


class Ticket(Value, frozen=True, kw_only=True):
    """Whose an incoming payload is: the gateway's (`ours`), the host's (`hosts`), or both. `event_id` is
    set for what Slack brings again where it is not answered."""

    ours: bool
    hosts: bool = True
    event_id: str | None = None


Wants = Callable[[Mapping[str, Any]], bool]
"""Whether the gateway is to have a payload; for a host that keeps some conversations to itself."""


class Guest:
    """Remembers which events the host has had, and what the gateway could not be told yet (`unsaid`)."""

    def __init__(self, wants: Wants | None = None) -> None:
        self._wants = wants or (lambda _: True)
        self._had: OrderedDict[str, None] = OrderedDict()
        self.unsaid: deque[dict[str, Any]] = deque(maxlen=UNSAID)

    def admit(self, body: Mapping[str, Any]) -> Ticket:
        """Whose `body` is. An event that the host has had, or has in hand, is not the host's again."""
        match body:
            case {"type": "event_callback", "event_id": str(event_id)}:
                known = event_id in self._had
                self._had[event_id] = None
                if len(self._had) > REMEMBERED:
                    self._had.popitem(last=False)
                return Ticket(ours=self._wants(body), hosts=not known, event_id=event_id)
            case {"type": "block_actions", "actions": [*actions]}:
                return Ticket(ours=any(_is_ours(action) for action in actions))
        return Ticket(ours=False)

    def dealt_with(self, ticket: Ticket, status: int | None) -> None:
        """The host answered with `status` (None: it broke). What it did not deal with it gets again, and
        what nobody proved to be Slack's is not remembered."""
        if ticket.event_id is not None and (status is None or status == 401 or status >= 500):
            self._had.pop(ticket.event_id, None)


def overheard(answer: object) -> dict[str, Any] | None:
    """The news for the gateway in what `chat.postMessage` answered; None where nothing was said."""
    match answer:
        case {"ok": True, "channel": str(channel), "ts": str(ts), "message": {"text": str(text), **more}} if text:
            thread = more.get("thread_ts")
            said = {"type": "frontdesk_said", "channel": channel, "ts": ts, "text": text}
            return {**said, "thread_ts": thread} if isinstance(thread, str) else said
    return None


def _is_ours(action: object) -> bool:
    return isinstance(action, dict) and str(action.get("action_id", "")).startswith(f"{ACTION}:")
