"""The web chat over its real server: the platform is our own database, the customer a widget's HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import httpx
import msgspec
from sqlalchemy import text

from gateway.channels import Envelope
from gateway.errors import RequestRefused
from gateway.messages import (
    ButtonPress,
    ContactCard,
    Edit,
    Event,
    Inbound,
    Location,
    Media,
    MediaKind,
    Outbound,
    Part,
    Reaction,
    Sender,
    Start,
    Text,
    Value,
)
from tests.bots.webchat.client import bearer, new_token
from tests.bots.webchat.house import SECRET, House
from tests.contracts.case import FILES, Arrival, ChannelCase, Shown

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
NAMES = UUID("6d2f0c1e-6f0b-4a53-9d58-0f4b2b1c9a11")


class Given(Value, frozen=True, kw_only=True):
    """A widget's request: what it says, and the token it says it with."""

    body: bytes
    token: str


class Case(ChannelCase):
    """One visitor of one widget."""

    kind = "webchat"
    secrets = (SECRET,)
    no_body_signature = "a widget proves its visitor by a signed token and signs no body"
    no_replay_window = "a widget's message has an id of its own, and the same id is taken once"
    no_unknown = "widget and gateway are of one version; what it does not know is refused by name"
    no_large_file = "a visitor's upload is limited while it comes in, see `upload_limit`"
    no_connection = "the messenger is our own database: the commit is the send"
    unreadable_status = 400

    async def start(self) -> None:
        self.house = House(self.folder)
        self.house.answering = False
        await self.house.start()
        self.channel = self.house.channel
        self.address, self.token = await new_token(self.house)
        self._last = 0
        self._http = httpx.AsyncClient(base_url=self.house.url, headers=bearer(self.token))
        answer = await self._http.post("/channels/site/files", files={"file": ("чек.png", PNG, "image/png")})
        self._upload = str(answer.raise_for_status().json()["id"])

    async def stop(self) -> None:
        await self._http.aclose()
        await self.house.stop()

    # --- in ----------------------------------------------------------------------------------

    def arrivals(self) -> Mapping[str, Arrival]:
        media = Media(kind=MediaKind.IMAGE, ref=f"file:{self._upload}", name="чек.png", mime="image/png", size=len(PNG))
        parts: dict[str, Part] = {
            "text": Text(text="де моя посилка?"),
            "media": media,
            "location": Location(latitude=50.45, longitude=30.52, title="Тут"),
            "contact": ContactCard(phone="+380501112233", name="Олена"),
            "press": ButtonPress(payload="a:track-parcel", label="Де моя посилка?", target="7"),
            "start": Start(payload="from-footer"),
            "edit": Edit(target="7", text="де мій лист?"),
            "reaction": Reaction(target="7", emoji="👍"),
        }
        return {name: self._arrival(name, part) for name, part in parts.items()}

    def _arrival(self, name: str, part: Part) -> Arrival:
        message_id = str(uuid5(NAMES, name))
        body = {"type": "message", "id": message_id, "parts": [msgspec.to_builtins(part)], "language": "uk"}
        event = Inbound(
            sender=Sender(address=self.address, language="uk"),
            parts=(part,),
            platform_id=f"{self.address}:{message_id}",
        )
        return Arrival(given=Given(body=json.dumps(body).encode(), token=self.token), events=(event,))

    def normal(self, event: Event) -> Event:
        return msgspec.structs.replace(event, sent_at=None) if isinstance(event, Inbound) else event

    async def bring(self, given: Any) -> Sequence[Envelope]:
        answer = await self._http.post("/channels/site/messages", content=given.body, headers=bearer(given.token))
        if answer.status_code >= 400:
            told = answer.json()
            raise RequestRefused(answer.status_code, told.get("detail") or told["message"])
        async with self.house.database.read() as view:
            query = text("SELECT id, platform_id, body FROM inbox WHERE id > :last ORDER BY id")
            rows = (await view.connection.execute(query, {"last": self._last})).all()
        self._last = max((row.id for row in rows), default=self._last)
        return [
            Envelope(platform_id=row.platform_id, address=row.platform_id.partition(":")[0], body=bytes(row.body))
            for row in rows
        ]

    def forgeries(self) -> Mapping[str, Any]:
        body = next(iter(self.arrivals().values())).given.body
        return {
            "no token": Given(body=body, token="-"),
            "made up": Given(body=body, token="v1.e30.AAAA"),
            "changed": Given(body=body, token=self.token[:-2] + ("AA" if self.token[-2:] != "AA" else "BA")),
            "another channel's": Given(body=body, token=self.house.tokens.welcome("other")[1]),
        }

    def unreadable(self) -> Any:
        return Given(body=b"{no json", token=self.token)

    async def file(self) -> tuple[str, bytes]:
        return f"file:{self._upload}", PNG

    # --- out ---------------------------------------------------------------------------------

    async def say(self, outbound: Outbound, key: str = "1") -> list[str | None]:
        """By the speaker: what is committed is sent. Only a visitor who has spoken can be answered."""
        await self._speak_once()
        parts = tuple([await self._kept(part) for part in outbound.parts])
        await self.house.say(self.address, msgspec.structs.replace(outbound, parts=parts))
        return []

    async def shown(self) -> Sequence[Shown]:
        batch = (await self._http.get("/channels/site/messages")).raise_for_status().json()
        return [await self._shown(message) for message in batch["messages"] if message["author"] != "contact"]

    async def _speak_once(self) -> None:
        if not self.house.heard:
            await self.bring(self._arrival("first", Text(text="тихо")).given)
            await self.house.turn()

    async def _kept(self, part: Part) -> Part:
        """A file of ours under the media store's own name for it."""
        if not isinstance(part, Media):
            return part

        async def stream() -> AsyncIterator[bytes]:
            yield FILES[part.ref]

        kept = await self.house.media.save(stream(), name=part.name, mime=part.mime, owner="staff:1", limit=10**6)
        return msgspec.structs.replace(part, ref=f"file:{kept.id}")

    async def _shown(self, message: dict[str, Any]) -> Shown:
        parts = message["parts"]
        names = ("text", "caption", "title", "name", "phone")
        words = [str(part[name]) for part in parts for name in names if part.get(name)]
        links = [str(button["url"]) for button in message.get("buttons", ()) if "url" in button]
        place = next(((part["latitude"], part["longitude"]) for part in parts if "latitude" in part), None)
        return Shown(
            address=self.address,
            words="\n".join(words + links),
            choices=tuple(button["label"] for button in message.get("buttons", ())),
            files=tuple([(await self._http.get(part["url"])).content for part in parts if "url" in part]),
            place=place,
        )
