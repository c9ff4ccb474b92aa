"""Staff who have no desk open are told that customers wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
from structlog.testing import capture_logs

from gateway.alerts_settings import Alerts
from gateway.errors import MovedAway, Rejected, SettingsError
from gateway.inbox import Inbox
from gateway.messages import Inbound, Sender, Text, plain_text
from gateway.settings import Company, Hours, Settings
from gateway.staff import Role
from gateway.storage.engine import Database
from handoff.alerting import Alerting, carrier
from handoff.alerts import Alert, Matter, latest_arrival, words
from handoff.callbacks import CallOutcome
from handoff.hours import OpeningHours, Span
from tests.conftest import SteppingClock
from tests.fakes import PLAIN, FakeChannel, envelope_of, inbound
from tests.handoff.room import Room, all_texts

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
STAFF = "-100200"


@pytest.fixture
def settings() -> Settings:
    return Settings(
        company=Company(name={"en": "Zhuravlyk"}),
        public_url="https://chat.example.org/",
        alerts=Alerts(channel="team", to=STAFF, waiting=5, calls=10, pause=5),
    )


@pytest.fixture
def team() -> FakeChannel:
    return FakeChannel("team")


def alerting(room: Room, team: FakeChannel) -> Alerting:
    return Alerting(room.database, team, room.settings, all_texts(), room.clock, room.wakeups)


def told(team: FakeChannel) -> list[str]:
    assert {(send.address, send.author) for send in team.sent} <= {(STAFF, "system")}
    texts = [plain_text((send.part,)) for send in team.sent]
    team.sent.clear()
    return texts


async def book(room: Room, address: str = "7") -> None:
    await room.hear("скільки коштує доставка", address=address)
    await room.hear("зателефонуйте мені", address=address)
    await room.press("Сьогодні, 11", address=address)
    await room.hear("067 123 45 67", address=address)
    await room.press("Так, записати", address=address)


# --- who waits -------------------------------------------------------------------------------


async def test_who_waits_too_long_is_told_of_once(each_room: Room, team: FakeChannel) -> None:
    room, alerts = each_room, alerting(each_room, team)
    await room.hear("людину")
    room.clock.advance(minutes=4)
    assert await alerts.look() == 0
    room.clock.advance(minutes=1)
    assert await alerts.look() == 1
    assert told(team) == ["🙋 Оля чекає на людину 5 хвилин.\nРобоче місце: https://chat.example.org/desk"]
    room.clock.advance(hours=2)
    assert await alerts.look() == 0
    assert await alerting(room, team).look() == 0  # another process, or this one after a restart


async def test_who_was_taken_or_left_is_not_told_of(room: Room, team: FakeChannel) -> None:
    await room.hear("людину")
    agent = await room.agent("Ірина", Role.AGENT)
    await room.desk.claim((await room.conversation()).id, agent)
    room.clock.advance(minutes=30)
    assert await alerting(room, team).look() == 0


async def test_what_comes_up_soon_after_is_gathered(room: Room, team: FakeChannel) -> None:
    alerts = alerting(room, team)
    await room.hear("людину")
    room.clock.advance(minutes=5)
    assert await alerts.look() == 1
    told(team)
    for number in range(8, 15):
        await room.hear("людину", address=str(number), name=f"Гість {number}")
    room.clock.advance(minutes=4, seconds=59)
    assert await alerts.look() == 0
    room.clock.advance(seconds=1)
    assert await alerts.look() == 7
    [text] = told(team)
    assert text.splitlines()[0] == "🙋 Гість 8 чекає на людину 5 хвилин."
    assert text.splitlines()[5:] == ["і ще 2", "Робоче місце: https://chat.example.org/desk"]


async def test_a_group_that_became_another_chat_is_told_there(room: Room, team: FakeChannel) -> None:
    """And its staff are no customers there."""
    alerts = Alerting(
        room.database,
        team,
        room.settings,
        all_texts(),
        room.clock,
        room.wakeups,
        moved=partial(room.inbox.count_as_staffs, "shop"),
    )
    await room.hear("людину")
    room.clock.advance(minutes=5)
    team.failures.append(MovedAway("400 group chat was upgraded", address="-10040"))
    with capture_logs() as lines:
        assert await alerts.look() == 1
    [warned] = [line for line in lines if line["event"] == "alerts_group_moved"]
    assert "alerts.to" in warned["fix"]
    assert "-10040" not in str(lines)
    await room.hear("людину", address="8")
    room.clock.advance(minutes=10)
    assert await alerts.look() == 1
    assert [send.address for send in team.sent] == ["-10040", "-10040"]
    assert len({send.key for send in team.sent}) == 2
    await room.inbox.take("shop", [envelope_of(inbound("чуємо", address="-10040", platform_id="staff"))])
    async with room.database.read() as work:
        assert await work.contacts.find([("shop", "-10040")]) == {}


async def test_an_alert_that_does_not_arrive_is_sent_again(room: Room, team: FakeChannel) -> None:
    alerts = alerting(room, team)
    await room.hear("людину")
    room.clock.advance(minutes=5)
    team.failures.append(Rejected("not a member of that group"))
    assert await alerts.look() == 0
    assert await alerts.look() == 0  # not at once
    room.clock.advance(minutes=1)
    assert await alerts.look() == 1
    assert len(told(team)) == 1


def test_nobody_counts_as_waiting_while_nobody_is_there() -> None:
    hours = OpeningHours(Hours(), "Europe/Kyiv")
    opening = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    waiting = timedelta(minutes=5)
    assert latest_arrival(hours, waiting, opening - timedelta(minutes=1)) is None
    assert latest_arrival(hours, waiting, opening + timedelta(minutes=4)) is None
    assert latest_arrival(hours, waiting, opening + timedelta(minutes=5)) == opening
    assert latest_arrival(hours, waiting, opening + timedelta(hours=12)) is None


# --- calls -----------------------------------------------------------------------------------


async def test_a_call_that_nobody_makes_is_told_of(each_room: Room, team: FakeChannel) -> None:
    room, alerts = each_room, alerting(each_room, team)
    await book(room)
    await room.ring(hours=1)
    assert await alerts.look() == 0
    room.clock.advance(minutes=10)
    assert await alerts.look() == 1
    assert told(team)[0].splitlines()[0] == "📞 Пора дзвонити: Оля, сьогодні, 11:00–12:00. Ще ніхто не телефонував."
    room.clock.advance(minutes=20)
    assert await alerts.look() == 0


async def test_a_call_that_was_tried_is_not(room: Room, team: FakeChannel) -> None:
    await book(room)
    await room.ring(hours=1)
    [call] = await room.calls()
    await room.desk.calls.attempt(call.id, await room.agent("Ірина", Role.AGENT), CallOutcome.NO_ANSWER)
    room.clock.advance(minutes=30)
    assert await alerting(room, team).look() == 0


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("uk", ["📞 Пора дзвонити: Відвідувач 3", "🙋 Оля чекає на людину 1 хвилину."]),
        ("ru", ["📞 Пора звонить: Посетитель 3", "🙋 Оля ждёт человека 1 минуту."]),
        ("en", ["📞 Visitor 3 was to be called", "🙋 Оля has waited 1 minute for a person."]),
    ],
)
def test_the_words_in_three_languages(language: str, expected: list[str]) -> None:
    window = Span(start=MONDAY, end=MONDAY + timedelta(hours=1))
    alerts = [
        Alert(matter=Matter.CALL, subject=1, since=MONDAY, contact_id=3, window=window),
        Alert(matter=Matter.WAITING, subject=2, since=MONDAY, contact_id=4, name="Оля"),
    ]
    text = words(alerts, all_texts().translator(language), "Europe/Kyiv", MONDAY, "")
    for line, begin in zip(text.splitlines(), expected, strict=True):
        assert line.startswith(begin)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("uk", "🙋 Оля чекає на людину з 22 лист., 22:30."),
        ("ru", "🙋 Оля ждёт человека с 22 нояб., 22:30."),
        ("en", "🙋 Оля has waited for a person since 22 Nov, 22:30."),
    ],
)
def test_of_a_long_wait_it_is_said_when_it_began(language: str, expected: str) -> None:
    since = MONDAY - timedelta(hours=11, minutes=30)
    alert = Alert(matter=Matter.WAITING, subject=2, since=since, contact_id=4, name="Оля")
    assert words([alert], all_texts().translator(language), "Europe/Kyiv", MONDAY, "") == expected


def test_a_name_makes_no_link_and_no_line() -> None:
    alert = Alert(
        matter=Matter.WAITING, subject=2, since=MONDAY, contact_id=4, name="**Go** [here](https://evil.example)\n" * 9
    )
    text = words([alert], all_texts().translator("en"), "Europe/Kyiv", MONDAY, "")
    assert "\n" not in text
    assert not set("*[]()") & set(text)
    assert len(text) < 120


# --- where from and where to -----------------------------------------------------------------


async def test_what_staff_write_there_is_nobodys(sqlite_database: Database, clock: SteppingClock) -> None:
    inbox = Inbox(sqlite_database, clock, staffs_own=[("team", "Chief@Example.org")])

    def written(address: str, number: int) -> Inbound:
        said = (Text(text="I am on it"),)
        return Inbound(sender=Sender(address=address, name="Chief"), parts=said, platform_id=f"in-{number}")

    await inbox.take("team", [envelope_of(written("chief@example.org", 1))])
    await inbox.take("shop", [envelope_of(written("chief@example.org", 2))])
    async with sqlite_database.read() as work:
        waiting = await work.inbox.waiting(10)
        assert await work.contacts.find([("team", "chief@example.org")]) == {}
    assert [row.channel for row in waiting] == ["shop"]


STORED = msgspec.structs.replace(PLAIN, stored=True)


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("alerts.channel", Alerts(channel="nowhere", to=STAFF)),
        ("alerts.channel", Alerts(channel="site", to=STAFF)),
        ("alerts.to", Alerts(channel="team")),
        ("alerts.language", Alerts(channel="team", to=STAFF, language="de")),
    ],
)
def test_settings_that_tell_nobody_are_named(field: str, wanted: Alerts) -> None:
    channels = {"team": FakeChannel("team"), "site": FakeChannel("site", capabilities=STORED)}
    with pytest.raises(SettingsError) as caught:
        carrier(channels, wanted)
    assert caught.value.field == field
