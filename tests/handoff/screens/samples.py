"""Believable conversations to look at: three languages, several moods, every kind of message."""

from __future__ import annotations

import random
import struct
import zlib

from sqlalchemy import update

from gateway.contacts import Contact
from gateway.conversations import Conversation, Form, State
from gateway.messages import (
    Author,
    Button,
    ButtonPress,
    ContactCard,
    Edit,
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
)
from gateway.ports import Entity, EntityKind, HandoffContext, Mood, Ranked, Reason, Tried, Understanding
from gateway.staff import Staff
from gateway.storage.deliveries import DeliveryState
from gateway.storage.tables import deliveries
from gateway.storage.work import Work
from handoff.admission import Admission
from handoff.callbacks import CallOutcome
from handoff.canned import DEMO
from handoff.handoffs import HandoffOutcome
from handoff.storage.canned import CannedTable
from tests.handoff.screens.app import DeskApp


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int = 240, height: int = 150) -> bytes:
    """A picture of a cardboard-coloured gradient."""
    rows = b"".join(
        b"\0" + b"".join(bytes((200 - x // 3, 150 - y // 3, 100)) for x in range(width)) for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


PICTURE = _png()


class Story:
    """Tells one conversation into the database, step by step on the app's clock."""

    def __init__(self, app: DeskApp, conversation: Conversation, contact: Contact) -> None:
        self.app, self.conversation, self.contact = app, conversation, contact
        self._count = 0

    @classmethod
    async def begin(
        cls, app: DeskApp, name: str | None, channel: str, language: str, *, address: str, **contact: object
    ) -> Story:
        async with app.database.write() as work:
            identity = await work.contacts.meet(channel, address, app.clock())
            work.contacts.update(identity.contact_id, name=name, language=language, **contact)
            opened = await work.conversations.add(identity=identity, language=language, now=app.clock())
            return cls(app, opened, await work.contacts.get(identity.contact_id))

    @property
    def id(self) -> int:
        return self.conversation.id

    def wait(self, **time: float) -> Story:
        self.app.clock.advance(**time)
        return self

    async def hear(self, *parts: Part | str, reply_to: str | None = None) -> str:
        """The customer says something; gives its platform id."""
        self._count += 1
        platform_id = f"{self.id}-in-{self._count}"
        inbound = Inbound(
            sender=Sender(address=self.conversation.address),
            parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts),
            platform_id=platform_id,
            reply_to=reply_to,
        )
        async with self.app.database.write() as work:
            here = await work.conversations.get(self.id)
            await self.app.speaker.hear(work, here, inbound, here.channel)
        return platform_id

    async def bot(self, text: str, *buttons: str, state: DeliveryState = DeliveryState.READ) -> int:
        said = Outbound(
            parts=(Text(text=text, markdown=True),),
            buttons=tuple(Button(label=one, payload=f"a:{one}") for one in buttons),
        )
        return await self._say(said, state)

    async def agent(self, staff: Staff, text: str, state: DeliveryState = DeliveryState.READ, **more: object) -> int:
        return await self._say(
            Outbound(parts=(Text(text=text),), author=Author.AGENT, agent_id=staff.id, **more),
            state,  # type: ignore[arg-type]
        )

    async def _say(self, outbound: Outbound, state: DeliveryState) -> int:
        async with self.app.database.write() as work:
            here = await work.conversations.get(self.id)
            message = (await self.app.speaker.say(work, here, outbound))[0]
            await fate(work, message.id, state)
            return message.id

    async def understood(self, text: str, intent: str | None, confidence: float, did: str, *found: Entity) -> None:
        ranking = (Ranked(intent=intent, confidence=confidence),) if intent else ()
        async with self.app.database.write() as work:
            message = (await work.messages.before(self.id, limit=1))[0]
            work.turns.add(
                conversation_id=self.id,
                message_id=message.id,
                understanding=Understanding(
                    text=text, language="uk", language_confidence=1.0, ranking=ranking, entities=found
                ),
                did=did,
                now=self.app.clock(),
            )

    async def queue(self, reason: Reason = Reason.ASKED, mood: Mood | None = None, *entities: Entity) -> None:
        admission = Admission(self.app.settings, self.app.clock)
        context = HandoffContext(
            reason=reason,
            language=self.conversation.language,
            tried=(Tried(text="…", intent=None, confidence=0, did="unknown"),),
            entities=entities,
            mood=mood or Mood(),
        )
        async with self.app.database.write() as work:
            await admission.enqueue(work, self.id, language=self.conversation.language, context=context)
            work.conversations.change(self.id, state=State.QUEUED)

    async def claim(self, staff: Staff) -> None:
        await self.app.desk.claim(self.id, staff)
        await settle(self.app, self.id)


async def fate(work: Work, message_id: int, state: DeliveryState, reason: str | None = None) -> None:
    """Give a message's sends their end."""
    await work.connection.execute(
        update(deliveries).where(deliveries.c.message_id == message_id).values(state=state, reason=reason)
    )


async def settle(app: DeskApp, conversation_id: int) -> None:
    """Everything that is still queued arrived."""
    async with app.database.write() as work:
        await work.connection.execute(
            update(deliveries)
            .where(deliveries.c.conversation_id == conversation_id, deliveries.c.state == DeliveryState.QUEUED)
            .values(state=DeliveryState.DELIVERED)
        )


def named(kind: EntityKind, value: str) -> Entity:
    """An entity as the engine finds it."""
    return Entity(kind=kind, text=value, value=value, start=0, end=len(value))


async def tell_all(app: DeskApp, me: Staff, other: Staff) -> dict[str, int]:
    """The whole sample; gives the conversations worth opening by name. Moves the app's clock on."""
    async with app.database.write() as work:
        await CannedTable(work).add_missing(DEMO, app.clock())
    app.clock.advance(days=-3)
    told = {"long": await _long(app, me)}
    app.clock.advance(days=2, hours=20)
    told["angry"] = await _angry(app)
    told["unknown"] = await _unknown(app, me)
    told["files"] = await _files(app, me)
    told["other"] = await _other(app, other)
    told["call"] = await _call(app, me)
    await _closed(app, me)
    await _crowd(app)
    return told


async def _angry(app: DeskApp) -> int:
    story = await Story.begin(
        app,
        "Олена Ковальчук",
        "shop_telegram",
        "uk",
        address="501223",
        phone="+380671234567",
        details={"Клієнт з": "2021", "Тариф": "Бізнес"},
    )
    await story.hear(Start())
    await story.hear("Добрий вечір, де моя посилка 59000123456789?")
    await story.understood("Добрий вечір, де моя посилка 59000123456789?", "delivery-time", 0.82, "reply")
    story.wait(seconds=3)
    await story.bot(
        "Зазвичай доставка триває **1–3 дні**. Можна:\n\n- перевірити статус\n- подзвонити до відділення",
        "Статус",
        "Адреса відділення",
    )
    story.wait(minutes=2)
    await story.hear("Пройшло вже два тижні!!! Ви взагалі читаєте що я пишу???")
    await story.understood("Пройшло вже два тижні!!! Ви взагалі читаєте що я пишу???", None, 0.12, "handover")
    mood = Mood(anger=0.86, reasons=("outrage", "many ! or ?", "out of patience"))
    await story.queue(
        Reason.ANGRY, mood, named(EntityKind.ORDER, "59000123456789"), named(EntityKind.PHONE, "+380671234567")
    )
    await story.bot("Передаю розмову людині, вона вже бачить усе, що ви написали. Ви наступні в черзі.")
    story.wait(minutes=4)
    await story.hear("Я чекаю")
    story.wait(minutes=7)
    return story.id


async def _unknown(app: DeskApp, me: Staff) -> int:
    story = await Story.begin(
        app, "Андрей Соколов", "shop_telegram", "ru", address="77120", email="sokolov@example.com", zone="Europe/Warsaw"
    )
    await story.hear("Здравствуйте! Можно поменять получателя посылки? Номер RA123456785UA")
    await story.understood("Можно поменять получателя посылки?", "change-recipient", 0.41, "clarify")
    await story.bot("Вы имели в виду:", "Изменить получателя", "Изменить адрес", "Ничего из этого")
    await story.hear(ButtonPress(payload="a:x", label="Ничего из этого"))
    await story.queue(Reason.NOT_UNDERSTOOD, None, named(EntityKind.ORDER, "RA123456785UA"))
    story.wait(minutes=1)
    await story.claim(me)
    first = await story.hear("Получать будет моя сестра, Мария")
    story.wait(seconds=40)
    await story.agent(me, "Здравствуйте, Андрей! Да, это возможно до отправки со склада.")
    async with app.database.write() as work:
        await app.speaker.note(
            work,
            await work.conversations.get(story.id),
            me.id,
            "Склад просит паспортные данные сестры. Не обещать сроков!",
        )
    await story.hear(Edit(target=first, text="Получать будет моя сестра, Мария Соколова"))
    await story.hear(Reaction(target=f"{story.id}-in-1", emoji="👍"))
    message = await story.agent(me, "Пришлите, пожалуйста, её номер телефона.")
    async with app.database.write() as work:
        await fate(work, message, DeliveryState.UNKNOWN)
    failed = await story.agent(me, "И дату рождения, если можно.")
    async with app.database.write() as work:
        await fate(work, failed, DeliveryState.FAILED, "chat not found")
    await story.hear(ContactCard(phone="+380501112233", name="Мария Соколова"))
    await app.desk.mark_read(story.id, me, 3)
    story.wait(minutes=2)
    return story.id


async def _files(app: DeskApp, me: Staff) -> int:
    story = await Story.begin(app, None, "site", "en", address="visitor-9f3a")
    await story.hear("Hi, the box arrived like this, what now? https://example.com/my-order")
    photo = await _keep(app, "box.png", "image/png", PICTURE)
    await story.hear(
        Media(
            kind=MediaKind.IMAGE,
            ref=photo,
            name="box.png",
            mime="image/png",
            size=len(PICTURE),
            caption="the corner is crushed",
        )
    )
    await story.hear(
        Media(kind=MediaKind.FILE, ref=photo, name="receipt-2026-11-20.pdf", mime="application/pdf", size=184_320)
    )
    await story.hear(Media(kind=MediaKind.VOICE, ref=photo, mime="audio/ogg", size=5000))
    await story.hear(Location(latitude=50.4501, longitude=30.5234, title="Branch 12, Khreshchatyk 22"))
    await story.queue(Reason.ATTACHMENT)
    await story.claim(me)
    story.wait(minutes=1)
    await story.agent(me, "Thank you, that helps. I am filing the claim right now.", DeliveryState.DELIVERED)
    await story.hear("Great, thank you!")
    await app.desk.mark_read(story.id, me, 99)
    return story.id


async def _keep(app: DeskApp, name: str, mime: str, data: bytes) -> str:
    async def stream():  # type: ignore[no-untyped-def]
        yield data

    stored = await app.media.save(stream(), name=name, mime=mime, owner="identity:1", limit=10_000_000)
    return f"file:{stored.id}"


async def _other(app: DeskApp, other: Staff) -> int:
    story = await Story.begin(app, "Iryna Bondar", "post", "uk", address="iryna@example.com", email="iryna@example.com")
    await story.hear("Вітаю! Прошу рахунок-фактуру за жовтень для ТОВ «Мрія».")
    await story.queue()
    await story.claim(other)
    await story.agent(other, "Доброго дня! Готую, надішлю за годину.")
    return story.id


async def _call(app: DeskApp, me: Staff) -> int:
    story = await Story.begin(app, "Тарас Шевчук", "shop_telegram", "uk", address="8812", phone="+380931234567")
    await story.hear("Передзвоніть мені будь ласка щодо міжнародної посилки")
    await story.understood("Передзвоніть мені будь ласка щодо міжнародної посилки", "want-call", 0.91, "begin")
    free = await app.desk.calls.free_windows()
    booked = await app.desk.calls.book(story.id, me, free[0].start, "+380931234567", "міжнародна посилка")
    await app.desk.calls.attempt(booked.id, me, CallOutcome.NO_ANSWER, "зайнято, спробую ще раз")
    async with app.database.write() as work:
        work.conversations.change(story.id, form=Form(name="callback", step="topic", slots={"phone": "+380931234567"}))
    await settle(app, story.id)
    return story.id


async def _long(app: DeskApp, me: Staff) -> int:
    story = await Story.begin(app, "Марія Гнатюк", "site", "uk", address="visitor-long", phone="+380501231212")
    await story.hear("Доброго ранку! Хочу оформити доставку для магазину")
    await story.queue()
    await story.claim(me)
    words = ("Скільки коштує?", "А якщо 20 кг?", "Зрозуміла, дякую", "Чи можна забрати курʼєром?", "Добре, подумаю")
    answers = ("Від 90 грн, точна ціна залежить від міста.", "Тоді 140 грн.", "Так, курʼєр приїде завтра з 9 до 18.")
    for index in range(100):
        story.wait(minutes=25 if index % 9 == 0 else 2)
        await story.hear(words[index % len(words)])
        await story.agent(me, answers[index % len(answers)])
    await app.desk.mark_read(story.id, me, 500)
    return story.id


async def _closed(app: DeskApp, me: Staff) -> None:
    for name, language, words in (
        ("Марія Гнатюк", "uk", "Скільки коштує доставка до Львова?"),
        ("John Smith", "en", "Where is my parcel RB555?"),
    ):
        address = "visitor-long" if language == "uk" else "visitor-john"
        if language == "uk":
            async with app.database.write() as work:
                identity = await work.contacts.meet("site", address, app.clock())
                opened = await work.conversations.add(identity=identity, language="uk", now=app.clock())
                story = Story(app, opened, await work.contacts.get(identity.contact_id))
        else:
            story = await Story.begin(app, name, "site", language, address=address)
        await story.hear(words)
        await story.queue()
        await story.claim(me)
        await story.agent(me, "…")
        await app.desk.close(story.id, me, HandoffOutcome.RESOLVED)
        async with app.database.write() as work:
            work.conversations.change(story.id, rating=5 if language == "uk" else 2)


CROWD = (
    ("Дмитро Литвин", "uk", "Чому змінилась ціна?", 0.35),
    ("Наталья Волкова", "ru", "Хочу вернуть товар, как это сделать?", 0.0),
    ("Sofia Marino", "en", "Do you deliver to Italy?", 0.0),
    ("Богдан Мельник", "uk", "курєр не приїхав вже вдруге", 0.55),
    ("Світлана Ткаченко", "uk", "Підкажіть графік у суботу", 0.0),
    ("Виктор", "ru", "оператора позовите пожалуйста", 0.1),
    (None, "en", "hello? anyone there", 0.0),
    ("Юлія Кравець", "uk", "Потрібна довідка для суду про втрату посилки, дуже терміново, бо завтра засідання", 0.2),
)


async def _crowd(app: DeskApp) -> None:
    luck = random.Random(7)
    for index in range(22):
        name, language, words, anger = CROWD[index % len(CROWD)]
        channel = ("shop_telegram", "site", "post")[index % 3]
        story = await Story.begin(app, name, channel, language, address=f"crowd-{index}")
        await story.hear(words)
        if index % 5 != 4:
            await story.queue(
                luck.choice([Reason.ASKED, Reason.NOT_UNDERSTOOD]),
                Mood(anger=anger, reasons=("discontent",) if anger else ()),
            )
        story.wait(seconds=luck.randint(5, 40))
    app.clock.advance(seconds=1)


async def crowd_of(app: DeskApp, count: int) -> None:
    """Many in the queue, quickly."""
    for index in range(count):
        story = await Story.begin(app, f"Customer {index}", "site", "en", address=f"many-{index}")
        await story.hear("How long does it take?")
        await story.queue()
