"""The forms as conversations: what is said, what comes back, and that nothing breaks them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gateway.conversations import Form
from gateway.messages import Ask, ContactCard, Outbound, Text
from gateway.ports import Action, Entity, EntityKind
from gateway.settings import Callbacks, Hours
from gateway.texts import Texts
from handoff.calendar import Calendar
from handoff.callbacks import CallbackRequest, CallbackState
from handoff.forms import rating
from handoff.forms.callback import CallbackForm, Facts, Step
from handoff.forms.changes import CancelForm, MoveForm
from handoff.forms.changes import named as named_call
from handoff.forms.said import Advance, Said
from handoff.hours import OpeningHours, Span
from handoff.wording import When

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 23, 12, tzinfo=KYIV).astimezone(UTC)  # a Monday
TEXTS = Texts()
PHONE = "+380671234567"


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=KYIV).astimezone(UTC)


def time(start: datetime, until: datetime | None = None) -> Entity:
    ends = until.isoformat() if until else None
    return Entity(kind=EntityKind.TIME, text="", value=start.isoformat(), until=ends, start=0, end=0)


def calendar(taken: Sequence[Span] = (), hours: Hours | None = None, **changes: int) -> Calendar:
    return Calendar(OpeningHours(hours or Hours(), "Europe/Kyiv"), Callbacks(**changes), taken, NOW)


def form(language: str = "en", dates: Calendar | None = None, **facts: object) -> CallbackForm:
    known = Facts(zone="Europe/Kyiv", now=NOW, regions=("UA",), **facts)
    return CallbackForm(known, dates or calendar(), TEXTS.translator(language))


def words(advance: Advance) -> str:
    return "\n".join(part.text for reply in advance.replies for part in reply.parts if isinstance(part, Text))


def labels(advance: Advance) -> list[str]:
    return [button.label for reply in advance.replies for button in reply.buttons]


def press(advance: Advance, label: str) -> Said:
    """The press of the button with `label`."""
    [button] = [button for reply in advance.replies for button in reply.buttons if button.label.startswith(label)]
    assert button.payload is not None
    return Said(press=button.payload.split(":", 2)[2])


def step_of(advance: Advance) -> str:
    assert advance.form is not None
    return advance.form.step


# --- the whole way ---------------------------------------------------------------------------


def test_from_nothing_to_a_booking() -> None:
    booking = form(phones=(PHONE,))
    asked = booking.begin(Said(text="call me"))
    assert labels(asked) == [
        "Today, 13:00–14:00",
        "Today, 15:00–16:00",
        "Tomorrow, 09:00–10:00",
        "Tomorrow, 13:00–14:00",
        "No call, thank you",
    ]
    phone = booking.advance(asked.form, press(asked, "Tomorrow, 09"))
    assert labels(phone) == ["+380 67 123 4567", "No call, thank you"]
    topic = booking.advance(phone.form, press(phone, "+380"))
    assert step_of(topic) == Step.TOPIC
    confirm = booking.advance(topic.form, Said(text="about my parcel", action=Action.ANSWER))
    assert words(confirm) == (
        "We call +380 67 123 4567: tomorrow (Tuesday, 24 November), 09:00–10:00.\nAbout: about my parcel"
    )
    done = booking.advance(confirm.form, Said(text="yes"))
    assert done.booking is not None
    assert done.booking.window == Span(start=at(24, 9), end=at(24, 10))
    assert (done.booking.phone, done.booking.topic) == (PHONE, "about my parcel")


def test_everything_said_at_once_leaves_only_the_confirmation() -> None:
    said = Said(text="передзвоніть завтра після 15 на 067…", times=(time(at(24, 15)),), phone=PHONE)
    confirm = form("uk", topic="де посилка").begin(said)
    assert step_of(confirm) == Step.CONFIRM
    assert words(confirm) == (
        "Зателефонуємо на +380 67 123 4567: завтра (вівторок, 24 листопада), 15:00–16:00.\nТема: де посилка"
    )


def test_a_stretch_of_time_offers_the_windows_in_it() -> None:
    asked = form().begin(Said(times=(time(at(24, 15), at(25, 0)),)))
    assert labels(asked)[:-1] == ["Tomorrow, 15:00–16:00", "Tomorrow, 16:00–17:00", "Tomorrow, 17:00–18:00"]


def test_outside_opening_hours_it_says_so_and_offers_the_nearest() -> None:
    booking = form()
    asked = booking.begin(Said())
    refused = booking.advance(asked.form, Said(text="tomorrow at 22", times=(time(at(24, 22)),)))
    assert words(refused).startswith("We do not work at that time.")
    assert "Tomorrow, 17:00–18:00" in labels(refused)


def test_a_window_taken_meanwhile_is_refused_at_the_confirmation() -> None:
    confirm = form(topic="x").begin(Said(times=(time(at(24, 15)),), phone=PHONE))
    full = [Span(start=at(24, 15), end=at(24, 16))] * 3
    refused = form(dates=calendar(full)).advance(confirm.form, Said(press="yes"))
    assert refused.booking is None
    assert step_of(refused) == Step.TIME
    assert "fully booked" in words(refused)


def test_an_old_button_whose_time_has_passed() -> None:
    booking = form()
    asked = booking.begin(Said())
    passed = booking.advance(asked.form, Said(press="at:1"))
    assert words(passed).startswith("That time has already passed.")
    assert step_of(booking.advance(asked.form, Said(press="at:99999999999999999999"))) == Step.TIME


def test_without_any_free_time_a_message_is_offered() -> None:
    never = calendar(hours=Hours(mon="", tue="", wed="", thu="", fri=""))
    asked = form(dates=never).begin(Said())
    assert asked.form is None
    assert [button.payload for reply in asked.replies for button in reply.buttons] == ["f:message:start"]


# --- the number ------------------------------------------------------------------------------


def at_phone(**facts: object) -> tuple[CallbackForm, Form]:
    booking = form(**facts)
    asked = booking.begin(Said(times=(time(at(24, 15)),)))
    assert asked.form is not None
    return booking, asked.form


def test_the_button_that_shares_the_number_is_there_where_the_channel_can() -> None:
    booking, _ = at_phone(ask_phone=True)
    asked = booking.begin(Said(times=(time(at(24, 15)),)))
    assert [button.ask for reply in asked.replies for button in reply.buttons] == [Ask.PHONE, None]


def test_a_wrong_number_gets_a_hint_each_time() -> None:
    booking, open_form = at_phone()
    for text in ("12345678", "067 12"):
        hinted = booking.advance(open_form, Said(text=text))
        assert "for example +380" in words(hinted)
        assert hinted.form is not None
        open_form = hinted.form


def test_a_card_with_an_unusable_number_gets_the_hint_too() -> None:
    booking, open_form = at_phone()
    assert "for example +380" in words(booking.advance(open_form, Said(card=ContactCard(phone="1"))))


def test_a_forged_number_in_a_button_is_not_taken() -> None:
    booking, open_form = at_phone()
    assert step_of(booking.advance(open_form, Said(press="tel:+1"))) == Step.PHONE


# --- words that do not fit -------------------------------------------------------------------


def test_unfitting_words_are_explained_once_and_then_go_to_the_bot() -> None:
    booking = form()
    asked = booking.begin(Said())
    explained = booking.advance(asked.form, Said(text="hm"))
    assert words(explained).startswith("I did not find a time")
    again = booking.advance(explained.form, Said(text="hm"))
    assert again.unhandled
    assert again.form == explained.form


def test_a_clearly_different_question_goes_to_the_bot_at_once() -> None:
    booking, open_form = at_phone()
    away = booking.advance(open_form, Said(text="how much is delivery?", action=Action.ANSWER))
    assert away.unhandled
    assert away.form == open_form


@pytest.mark.parametrize(
    "said",
    [Said(press="no"), Said(text="скасувати"), Said(text="ні"), Said(text="x", action=Action.CALLBACK_CANCEL)],
)
def test_calling_it_off(said: Said) -> None:
    booking, open_form = at_phone()
    assert booking.advance(open_form, said).declined


def test_no_to_the_topic_only_skips_it() -> None:
    booking = form()
    topic = booking.begin(Said(times=(time(at(24, 15)),), phone=PHONE))
    confirm = booking.advance(topic.form, Said(text="ні"))
    assert step_of(confirm) == Step.CONFIRM
    assert "About" not in words(confirm)


def test_another_time_said_with_no_is_taken_as_the_time() -> None:
    booking = form(topic="x")
    confirm = booking.begin(Said(times=(time(at(24, 15)),), phone=PHONE))
    moved = booking.advance(confirm.form, Said(text="ні, о 16", times=(time(at(24, 16)),)))
    assert "16:00–17:00" in words(moved)


@pytest.mark.parametrize(
    "text",
    [
        "ага",
        "так",
        "дякую",
        "дуже вам дякую!",
        "спасибо большое",
        "thank you",
        "👍🏻",
        "+",
        "все вірно",
        "так, все правильно, чекаю",
        "sounds good",
    ],
)
def test_agreeing_or_thanking_for_what_is_proposed_books_it(text: str) -> None:
    booking = form(topic="x")
    confirm = booking.begin(Said(times=(time(at(24, 15)),), phone=PHONE))
    # The model takes so short a word for anything, even for what the firm politely refuses to talk about.
    assert booking.advance(confirm.form, Said(text=text, action=Action.DECLINE)).booking is not None


@pytest.mark.parametrize("text", ["ок", "дякую"])
def test_thanks_for_another_answer_in_between_do_not_book(text: str) -> None:
    booking = form(topic="x")
    confirm = booking.begin(Said(times=(time(at(24, 15)),), phone=PHONE))
    again = booking.advance(confirm.form, Said(text=text, action=Action.ANSWER, in_reply=False))
    assert again.booking is None
    assert words(again) == words(confirm)


@pytest.mark.parametrize("text", ["ні, дякую", "дякую, не треба", "no thanks"])
def test_thanks_that_say_no_book_nothing(text: str) -> None:
    booking = form(topic="x")
    confirm = booking.begin(Said(times=(time(at(24, 15)),), phone=PHONE))
    assert booking.advance(confirm.form, Said(text=text, action=Action.ANSWER)).booking is None


def test_an_odd_question_does_not_end_the_booking() -> None:
    booking, open_form = at_phone()
    away = booking.advance(open_form, Said(text="яка завтра погода", action=Action.DECLINE))
    assert not away.declined
    assert away.form is not None


def test_an_hour_said_after_a_day_is_of_that_day() -> None:
    booking = form(topic="x")
    offered = booking.begin(Said(times=(time(at(25, 9), at(25, 18)),), phone=PHONE))
    assert step_of(offered) == Step.TIME
    hour = structs.replace(time(at(23, 16)), dayless=True)
    confirm = booking.advance(offered.form, Said(text="о 16", times=(hour,)))
    assert "Wednesday, 25 November, 16:00–17:00" in words(confirm)
    other = booking.advance(confirm.form, Said(text="ні, завтра", times=(time(at(24, 0), at(25, 0)),)))
    confirm = booking.advance(other.form, Said(text="о 16", times=(hour,)))
    assert "tomorrow (Tuesday, 24 November), 16:00–17:00" in words(confirm)


def at_topic() -> tuple[CallbackForm, Form]:
    booking = form("uk")
    asked = booking.begin(Said(times=(time(at(24, 15)),), phone=PHONE))
    assert step_of(asked) == Step.TOPIC
    assert asked.form is not None
    return booking, asked.form


def named(text: str, kind: EntityKind = EntityKind.TIME) -> tuple[Entity, ...]:
    return (Entity(kind=kind, text=text, value="", start=0, end=0),)


def test_what_is_put_right_while_the_topic_is_asked_for_is_not_the_topic() -> None:
    booking, asked = at_topic()
    hour = structs.replace(time(at(23, 16)), dayless=True)
    again = booking.advance(asked, Said(text="ні, не на 15, а на 16", times=(hour,), named=named("на 16")))
    assert step_of(again) == Step.TOPIC
    other = Said(text="інший номер: 0501112233", phone="+380501112233", named=named("0501112233", EntityKind.PHONE))
    again = booking.advance(again.form, other)
    assert step_of(again) == Step.TOPIC
    confirm = booking.advance(again.form, Said(text="доставка завтра о 10", times=(time(at(24, 10)),)))
    assert words(confirm) == (
        "Зателефонуємо на +380 50 111 2233: завтра (вівторок, 24 листопада), 16:00–17:00.\nТема: доставка завтра о 10"
    )


def test_a_time_is_taken_while_the_number_is_asked_for() -> None:
    booking, asked = at_phone()
    hour = time(at(25, 10))
    again = booking.advance(asked, Said(text="не, давайте післязавтра о десятій", times=(hour,)))
    assert step_of(again) == Step.PHONE
    assert again.form is not None
    assert datetime.fromisoformat(again.form.slots["start"]) == at(25, 10)
    mistyped = booking.advance(asked, Said(text="067 123 15:00", times=(hour,)))
    assert "does not look like" in words(mistyped)


@pytest.mark.parametrize("text", ["дякую", "ок", "так"])
def test_what_is_no_topic_skips_it(text: str) -> None:
    booking, asked = at_topic()
    assert "Тема" not in words(booking.advance(asked, Said(text=text)))


@pytest.mark.parametrize("text", ["скасувати замовлення", "cancel my order", "отменить заказ"])
def test_a_topic_about_cancelling_something_else_is_the_topic(text: str) -> None:
    booking, asked = at_topic()
    confirm = booking.advance(asked, Said(text=text, action=Action.CALLBACK_CANCEL))
    assert f"Тема: {text}" in words(confirm)
    assert booking.advance(asked, Said(text="скасуйте дзвінок", action=Action.CALLBACK_CANCEL)).declined
    assert booking.advance(asked, Said(text="скасувати")).declined


@pytest.mark.parametrize("text", ["будь-коли", "хоч зараз", "хоть сейчас", "any time", "коли вам зручно"])
def test_any_time_offers_the_nearest(text: str) -> None:
    booking = form()
    asked = booking.advance(booking.begin(Said()).form, Said(text=text, action=Action.ANSWER))
    assert words(asked) == "The nearest free times:"
    assert labels(asked)[0] == "Today, 13:00–14:00"


VALUES = st.sampled_from(["no", "yes", "skip", "retime", "rephone", "at:29400000", "at:x", "tel:1", "", "😀", "new"])
SAID = st.one_of(
    st.builds(Said, press=VALUES),
    st.builds(
        Said,
        text=st.text(max_size=300),
        times=st.lists(st.integers(0, 400).map(lambda h: time(NOW + timedelta(hours=h))), max_size=2).map(tuple),
        phone=st.none() | st.just(PHONE),
        action=st.none() | st.sampled_from(Action),
    ),
)


@settings(max_examples=60)
@given(st.lists(SAID, min_size=1, max_size=8), st.sampled_from(["uk", "ru", "en"]))
def test_whatever_is_said_the_form_stays_sound(everything: list[Said], language: str) -> None:
    booking = form(language)
    current = booking.begin(Said()).form
    for said in everything:
        if current is None:
            break
        advance = booking.advance(current, said)
        ends = advance.booking is not None or advance.declined
        assert ends or advance.unhandled or advance.replies
        assert advance.form is None or msgspec.json.decode(msgspec.json.encode(advance.form), type=Form) == advance.form
        check_sayable(advance.replies)
        if advance.booking:
            assert advance.booking.window.start >= NOW
            assert advance.booking.phone == PHONE
        current = advance.form


def check_sayable(replies: Sequence[Outbound]) -> None:
    for reply in replies:
        assert all(isinstance(part, Text) and part.text.strip() for part in reply.parts)
        assert all(len((button.payload or "").encode()) <= 64 and button.label for button in reply.buttons)


# --- moving and cancelling -------------------------------------------------------------------

BOOKED = CallbackRequest(
    id=9,
    contact_id=1,
    conversation_id=1,
    phone=PHONE,
    starts_at=at(24, 9),
    ends_at=at(24, 10),
    zone="Europe/Kyiv",
    state=CallbackState.BOOKED,
    created_at=NOW,
)


def mover() -> MoveForm:
    facts = Facts(zone="Europe/Kyiv", now=NOW, regions=("UA",))
    return MoveForm(facts, calendar(), TEXTS.translator("en"), BOOKED)


def test_moving_takes_one_press() -> None:
    asked = mover().begin(Said())
    assert words(asked).startswith("The call is booked for tomorrow (Tuesday, 24 November), 09:00–10:00.")
    moved = mover().advance(asked.form, press(asked, "Today, 15"))
    assert moved.move_to == Span(start=at(23, 15), end=at(23, 16))


def test_moving_by_words_and_not_moving() -> None:
    assert mover().begin(Said(times=(time(at(25, 11)),))).move_to == Span(start=at(25, 11), end=at(25, 12))
    asked = mover().begin(Said())
    assert mover().advance(asked.form, press(asked, "Leave")).declined
    explained = mover().advance(asked.form, Said(text="hm"))
    assert mover().advance(explained.form, Said(text="hm")).unhandled


def test_an_hour_alone_moves_the_call_on_its_own_day() -> None:
    hour = structs.replace(time(at(23, 16)), dayless=True)
    assert mover().begin(Said(times=(hour,))).move_to == Span(start=at(24, 16), end=at(24, 17))
    offered = mover().begin(Said(times=(time(at(25, 9), at(25, 18)),)))
    assert mover().advance(offered.form, Said(times=(hour,))).move_to == Span(start=at(25, 16), end=at(25, 17))


def test_cancelling_asks_first() -> None:
    cancel = CancelForm(TEXTS.translator("uk"), BOOKED, When(TEXTS.translator("uk"), "Europe/Kyiv", NOW))
    asked = cancel.begin()
    assert words(asked) == "Скасувати дзвінок: завтра (вівторок, 24 листопада), 09:00–10:00?"
    assert not asked.cancel
    assert cancel.advance(asked.form, press(asked, "Так")).cancel
    assert cancel.advance(asked.form, Said(text="так")).cancel
    assert cancel.advance(asked.form, press(asked, "Залишити")).declined
    assert cancel.advance(asked.form, Said(text="а скільки коштує?", action=Action.ANSWER)).unhandled


@pytest.mark.parametrize(
    ("press_value", "number"),
    [("yes:9", 9), ("at:29400000:9", 9), ("at:29400000", None), ("no", None), ("yes", None), (None, None)],
)
def test_buttons_name_their_call(press_value: str | None, number: int | None) -> None:
    assert named_call(press_value) == number


# --- rating ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("5:12", (5, 12)),
        ("1", (1, None)),
        ("0", None),
        ("6:1", None),
        ("x", None),
        ("²", None),
        ("done", None),
        ("5:x", (5, None)),
    ],
)
def test_reading_a_rating(value: str, read: tuple[int, int | None] | None) -> None:
    assert rating.read(value) == read


def test_a_low_score_asks_what_was_wrong() -> None:
    texts = TEXTS.translator("en")
    assert rating.thanks(texts, 2) != rating.thanks(texts, 5)
    assert [button.payload for button in rating.ask(texts, 12).buttons] == [f"f:rating:{n}:12" for n in range(1, 6)]
