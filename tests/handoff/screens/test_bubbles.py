"""A transcript folded for the eye: edits, reactions, runs of one author, days, fates. Nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.channels import Send
from gateway.messages import (
    Author,
    Button,
    ButtonPress,
    ContactCard,
    Direction,
    Edit,
    Location,
    Media,
    MediaKind,
    Message,
    Part,
    Reaction,
    Start,
    Text,
)
from gateway.storage.deliveries import Delivery, DeliveryState
from gateway.texts import Texts
from handoff.desk_rows import Line
from handoff.screens.bubbles import Bubble, Divider, Item, Reader, fold
from handoff.screens.words import Words

NOON = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SAY = Words(Texts().translator("en"))
READER = Reader(
    agent_id=1, new_seq=0, zone="Europe/Kyiv", kinds={"tg": "telegram", "site": "webchat"}, customer="Олена"
)


def line(
    seq: int,
    *parts: Part | str,
    author: Author = Author.CONTACT,
    minutes: float = 0,
    channel: str = "tg",
    agent: int | None = None,
    note: bool = False,
    fates: tuple[DeliveryState, ...] = (),
    buttons: tuple[Button, ...] = (),
    reply_to: int | None = None,
) -> Line:
    direction = Direction.INBOUND if author is Author.CONTACT else Direction.OUTBOUND
    message = Message(
        id=100 + seq,
        conversation_id=1,
        seq=seq,
        direction=Direction.NOTE if note else direction,
        author=author,
        channel=channel,
        parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts),
        created_at=NOON + timedelta(minutes=minutes),
        agent_id=agent,
        platform_id=f"p{seq}",
        buttons=buttons,
        reply_to=reply_to,
    )
    return Line(message=message, deliveries=tuple(_send(seq, state) for state in fates), agent="Taras")


def _send(number: int, state: DeliveryState) -> Delivery:
    return Delivery(
        id=number,
        conversation_id=1,
        message_id=100 + number,
        channel="tg",
        send=Send(address="1", part=Text(text="x"), key="k"),
        author=Author.AGENT,
        state=state,
        attempts=1,
        resent=False,
        due_at=NOON,
        created_at=NOON,
        reason="chat not found" if state is DeliveryState.FAILED else None,
    )


def draw(*lines: Line, new_seq: int = 0, from_start: bool = True) -> list[Item]:
    reader = Reader(agent_id=1, new_seq=new_seq, zone=READER.zone, kinds=READER.kinds, customer=READER.customer)
    return fold(lines, reader, SAY, from_start=from_start)


def bubbles(*lines: Line) -> list[Bubble]:
    return [item for item in draw(*lines) if isinstance(item, Bubble)]


def dividers(*lines: Line, **more: int) -> list[tuple[str, str]]:
    return [(item.draw, item.text) for item in draw(*lines, **more) if isinstance(item, Divider)]


class TestLaterNews:
    def test_an_edit_shows_the_newest_words_in_place(self) -> None:
        found = bubbles(line(1, "frist"), line(2, "other"), line(3, Edit(target="p1", text="first")))
        assert [(one.pieces[0].text, one.edited) for one in found] == [("first", True), ("other", False)]

    def test_an_edit_of_what_is_not_loaded_stands_by_itself(self) -> None:
        found = bubbles(line(5, Edit(target="p1", text="new words")))
        assert [(one.pieces[0].text, one.edited) for one in found] == [("new words", True)]

    def test_an_edited_caption_keeps_its_picture(self) -> None:
        media = Media(kind=MediaKind.IMAGE, ref="file:1")
        found = bubbles(line(1, media), line(2, Edit(target="p1", text="the corner")))
        assert [piece.kind for piece in found[0].pieces] == ["text", "image"]

    def test_an_edited_caption_stands_alone(self) -> None:
        media = Media(kind=MediaKind.IMAGE, ref="file:1", caption="the cornre")
        found = bubbles(line(1, media), line(2, Edit(target="p1", text="the corner")))
        assert [piece.text for piece in found[0].pieces] == ["the corner", ""]

    def test_another_channels_message_of_the_same_number_is_left_alone(self) -> None:
        found = bubbles(line(1, "here"), line(2, Edit(target="p1", text="there"), channel="site"))
        assert [(one.pieces[0].text, one.edited) for one in found] == [("here", False), ("there", True)]

    def test_reactions_gather_and_go(self) -> None:
        found = bubbles(
            line(1, "hi"),
            line(2, Reaction(target="p1", emoji="👍")),
            line(3, Reaction(target="p1", emoji="❤")),
            line(4, Reaction(target="p1", emoji="👍", removed=True)),
        )
        assert [one.reactions for one in found] == [("❤",)]

    def test_a_reaction_to_what_is_not_loaded_is_said(self) -> None:
        assert bubbles(line(9, Reaction(target="p1", emoji="👍")))[0].pieces[0].text == "Reacted with 👍"


class TestRuns:
    def test_one_author_within_minutes_is_one_run(self) -> None:
        found = bubbles(line(1, "a"), line(2, "b", minutes=1), line(3, "c", minutes=30))
        assert [one.first for one in found] == [True, False, True]

    def test_bot_agent_and_system_never_run_together(self) -> None:
        authors = (Author.BOT, Author.AGENT, Author.SYSTEM)
        found = bubbles(*(line(seq, "x", author=author) for seq, author in enumerate(authors, start=1)))
        assert [(one.side, one.first) for one in found] == [("bot", True), ("agent", True), ("system", True)]

    def test_notes_stand_apart(self) -> None:
        found = bubbles(
            line(1, "x", author=Author.AGENT, agent=1), line(2, "y", author=Author.AGENT, agent=1, note=True)
        )
        assert [(one.side, one.first, one.named) for one in found] == [("agent", True, False), ("note", True, True)]

    def test_who_it_was(self) -> None:
        found = bubbles(
            line(1, "x"), line(2, "x", author=Author.AGENT, agent=1), line(3, "x", author=Author.AGENT, agent=2)
        )
        assert [(one.by, one.named) for one in found] == [("Олена", False), ("You", False), ("Taras", True)]


class TestBetween:
    def test_days_break_by_the_readers_clock(self) -> None:
        # 23:30 and 00:30 in Kyiv are one UTC day.
        lines = (line(1, "a", minutes=11 * 60 + 30), line(2, "b", minutes=12 * 60 + 30))
        assert [text for draw, text in dividers(*lines) if draw == "day"] == [
            "Saturday, 21 November",
            "Sunday, 22 November",
        ]

    def test_a_change_of_channel_is_told(self) -> None:
        assert ("event", "Now on Web chat") in dividers(line(1, "a"), line(2, "b", channel="site"))

    def test_the_channel_is_named_at_the_very_beginning_only(self) -> None:
        assert ("event", "On Telegram") in dividers(line(1, "a"))
        assert ("event", "On Telegram") not in [
            (one.draw, one.text) for one in draw(line(7, "a"), from_start=False) if isinstance(one, Divider)
        ]

    def test_new_is_marked_before_the_first_unread(self) -> None:
        found = draw(line(1, "a"), line(2, "b", minutes=1), new_seq=2)
        assert [item.draw for item in found][-3:] == ["bubble", "unread", "bubble"]

    def test_nothing_is_marked_where_all_is_new(self) -> None:
        assert "unread" not in [kind for kind, _ in dividers(line(1, "a"), line(2, "b"), new_seq=1)]

    def test_an_opening_is_an_event(self) -> None:
        assert bubbles(line(1, Start())) == []
        assert ("event", "Opened the conversation") in dividers(line(1, Start()))


class TestFates:
    @pytest.mark.parametrize(
        ("states", "fate"),
        [
            ((DeliveryState.SENT,), "sent"),
            ((DeliveryState.READ, DeliveryState.DELIVERED), "delivered"),
            ((DeliveryState.SENT, DeliveryState.UNKNOWN), "unknown"),
            ((DeliveryState.UNKNOWN, DeliveryState.FAILED), "failed"),
            ((), ""),
        ],
    )
    def test_a_message_is_as_well_off_as_its_worst_piece(self, states: tuple[DeliveryState, ...], fate: str) -> None:
        assert bubbles(line(1, "x", author=Author.AGENT, fates=states))[0].fate == fate

    def test_what_needs_a_decision_is_offered(self) -> None:
        fates = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.SENT)
        troubles = bubbles(line(1, "x", author=Author.AGENT, fates=fates))[0].troubles
        assert [(one.failed, one.reason) for one in troubles] == [(True, "chat not found"), (False, "")]


class TestParts:
    def test_every_kind_of_part_is_drawn(self) -> None:
        found = bubbles(
            line(
                1,
                "words",
                Media(kind=MediaKind.VOICE, ref="r"),
                Location(latitude=50.45, longitude=30.52),
                ContactCard(phone="+380501112233"),
                ButtonPress(payload="a:refund", label="Refund"),
            )
        )
        assert [piece.kind for piece in found[0].pieces] == ["text", "voice", "location", "contact", "press"]

    def test_a_quoted_reply_shows_what_it_answers(self) -> None:
        found = bubbles(line(1, "which one?"), line(2, "the blue", reply_to=101))
        assert (found[1].quoted, found[1].quoted_id) == ("which one?", 101)

    def test_offered_choices_are_shown(self) -> None:
        found = bubbles(line(1, "?", author=Author.BOT, buttons=(Button(label="Yes", payload="y"),)))
        assert found[0].choices == ("Yes",)
