"""A Slack desk over the stand-in beside the real handoff room: customers write, agents act in Slack and on the web."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from bots.slack.api import SlackApi
from bots.slack.desk.desk import SlackDesk
from bots.slack.desk.settings import SlackDeskSettings
from gateway.channels import Rate, WebhookRequest
from gateway.conversations import Conversation
from gateway.desks import DeskTools
from gateway.media import MediaStore
from gateway.messages import plain_text
from gateway.staff import Staff
from handoff.desks.calls import CallPort
from handoff.desks.port import DeskPort
from tests.bots.slack.support import Pauses
from tests.handoff.room import Room, all_texts
from tests.standins.slack import APP_TOKEN, BOT_TOKEN, SECRET, SlackStandin, as_form, signed

ROOM = "C0SUPPORT"
PUBLIC = "https://desk.example"
QUICK = Rate(per_second=10_000, burst=10_000, per_address=10_000, address_burst=10_000)


class Seconds:
    """Monotonic seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class DeskRoom:
    """What a test drives: `room` is the customers' side and the web desk, `slack` the stand-in."""

    def __init__(self, room: Room, slack: SlackStandin, media: MediaStore, **fields: Any) -> None:
        self.room = room
        self.slack = slack
        self.media = media
        self.seconds = Seconds()
        self.articles: dict[str, list[tuple[str, str, str]]] = {}
        self._fields = fields
        self.desk = self.begin()

    def begin(self) -> SlackDesk:
        """A desk as a new process would have it."""
        rate = self._fields.get("rate", QUICK)
        plain = {"bot_token": BOT_TOKEN, "signing_secret": SECRET, "app_token": APP_TOKEN, "api_base": self.slack.api}
        fields = {key: value for key, value in self._fields.items() if key != "rate"}
        settings = msgspec.convert({**plain, "room": ROOM, "language": "en", **fields}, SlackDeskSettings)
        room = self.room
        acts = DeskPort(
            room.speaker, room.channels, all_texts(), room.settings, lambda _article, _language: None, room.clock
        )
        tools = DeskTools(
            database=room.database,
            acts=acts,
            calls=CallPort(acts.desk, room.channels, all_texts(), room.settings, room.clock),
            search=self._search,
            media=self.media,
            channels=room.channels,
            texts=all_texts(),
            company=room.settings.company,
            clock=room.clock,
            wakeups=room.wakeups,
            public_url=PUBLIC,
            file_limit=1024 * 1024,
        )
        self.desk = SlackDesk(
            "team", settings, tools, SlackApi(settings), pause=Pauses(), rate=rate, monotonic=self.seconds
        )
        return self.desk

    async def _search(self, words: str, language: str, _conversation: Conversation) -> list[tuple[str, str, str]]:
        """Articles by their titles."""
        return [one for one in self.articles.get(language, ()) if words.casefold() in one[1].casefold()]

    async def close(self) -> None:
        await self.desk.close()

    async def restart(self) -> None:
        """The process ends, and another begins."""
        await self.desk.close()
        self.begin()

    # --- people ------------------------------------------------------------------------------

    async def agent(self, name: str, user: str, *, language: str = "en") -> Staff:
        """An agent whose Slack profile has the address of the account."""
        staff = await self.room.agent(name, language=language)
        self.slack.people[user] = {"profile": {"email": staff.email.upper()}}
        return staff

    # --- what Slack tells --------------------------------------------------------------------

    async def post(self, payload: dict[str, Any], **how: Any) -> None:
        """Slack posts `payload`, signed; it is kept."""
        form = payload["type"] != "event_callback"
        body = as_form(payload) if form else msgspec.json.encode(payload)
        headers = signed(
            body, form=form, at=how.get("at", self.room.clock().timestamp()), secret=how.get("secret", SECRET)
        )
        receipt = self.desk.receive(WebhookRequest(method="POST", headers=headers, query={}, body=body))
        assert receipt.status == 200
        assert receipt.body == b""
        await self.desk.take("team", receipt.envelopes)

    async def says(self, user: str, text: str, **fields: Any) -> dict[str, Any]:
        """Somebody writes into the newest thread; the event."""
        event = self.slack.write(ROOM, self.card["ts"], user, text, **fields)
        await self.post(event)
        await self.settle()
        return event

    async def presses(self, user: str, action: str, message: dict[str, Any] | None = None) -> None:
        await self.post(self.slack.press(ROOM, message or self.card, action, user))
        await self.settle()

    async def submits(self, user: str, **values: str) -> None:
        """Somebody confirms the dialog that was drawn last."""
        await self.post(self.slack.submit(self.slack.views[-1], user, **values))
        await self.settle()

    async def settle(self, seconds: float = 0.0) -> None:
        """Everything that is due happens: deeds, cards, lines, sends to customers."""
        self.seconds.now += seconds
        self.room.clock.now += timedelta(seconds=seconds)
        for _ in range(200):
            worked = await self.desk.work_waiting()
            wait = await self.desk.show_due()
            if not worked and wait:
                break
        else:
            raise AssertionError("there is always more to do")
        while await self.room.sender.send_due():
            pass

    # --- what can be seen --------------------------------------------------------------------

    @property
    def cards(self) -> list[dict[str, Any]]:
        return [one for one in self.slack.messages[ROOM] if "thread_ts" not in one]

    @property
    def card(self) -> dict[str, Any]:
        return self.cards[-1]

    @property
    def thread(self) -> list[str]:
        """What stands in the newest thread, in order: each post in words."""
        return [words_of(one) for one in self.slack.thread(ROOM, self.card["ts"])]

    @property
    def buttons(self) -> list[str]:
        rows = [block["elements"] for block in self.card["blocks"] if block["type"] == "actions"]
        return [button["action_id"].removeprefix("desk:") for row in rows for button in row]

    @property
    def whisper(self) -> dict[str, Any]:
        return self.slack.whispers[-1]

    async def told(self) -> list[str]:
        """What the customer's channel carried."""
        return self.room.channel.texts

    async def transcript(self) -> list[str]:
        conversation = await self.room.conversation()
        async with self.room.database.read() as view:
            return [f"{m.author}: {plain_text(m.parts)}" for m in await view.messages.after(conversation.id, 0)]


def words_of(message: dict[str, Any]) -> str:
    """All that is read in a message, on one line."""
    if not message.get("blocks"):
        return str(message["text"])
    found = []
    for block in message["blocks"]:
        if block["type"] == "section":
            found.append(block["text"]["text"])
        elif block["type"] == "context":
            found += [one["text"] for one in block["elements"]]
        elif block["type"] == "actions":
            found += [f"[{one['text']['text']}]" for one in block["elements"]]
    return " | ".join(" ".join(words.split()) for words in found)
