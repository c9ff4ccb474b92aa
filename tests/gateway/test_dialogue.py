"""What the bot does with a turn, as a table: state and words in, decision out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from gateway import dialogue
from gateway.choosing import chosen
from gateway.conversations import Form, Offer, State
from gateway.dialogue import (
    AskTopic,
    Begin,
    Clarify,
    Decision,
    HandOver,
    Leave,
    Listen,
    Reply,
    Scene,
    Step,
    Unknown,
    Wait,
    Welcome,
    counts_as_miss,
    decide,
    decide_beside_form,
)
from gateway.messages import (
    ButtonPress,
    ContactCard,
    Edit,
    Location,
    Media,
    MediaKind,
    Part,
    Reaction,
    Start,
    Text,
)
from gateway.ports import Action, Entity, EntityKind, Mood, Ranked, Reason, Understanding
from gateway.settings import Dialogue

ACTIONS = {
    "cost": Action.ANSWER,
    "time": Action.ANSWER,
    "hours": Action.ANSWER,
    "office": Action.ANSWER,
    "person": Action.HANDOFF,
    "call": Action.CALLBACK,
    "move": Action.CALLBACK_MOVE,
    "cancel": Action.CALLBACK_CANCEL,
    "weather": Action.DECLINE,
}
POLICY = Dialogue(answer_confidence=0.6, clarify_confidence=0.3, misses=2, anger=0.7)
WORDS = (Text(text="words"),)
FORM = Form(name="callback", step="phone")


def understood(*ranking: tuple[str, float], anger: float = 0.0) -> Understanding:
    return Understanding(
        text="words",
        language="uk",
        language_confidence=1.0,
        ranking=tuple(Ranked(intent=intent, confidence=confidence) for intent, confidence in ranking),
        mood=Mood(anger=anger),
    )


def decision(policy: Dialogue = POLICY, **scene: Any) -> Decision:
    return decide(Scene(**{"state": State.BOT, "parts": WORDS, **scene}), policy, ACTIONS.get)


# --- words, while the bot has it ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("ranking", "expected"),
    [
        ([("cost", 0.9)], Reply(article="cost")),
        ([("cost", 0.6)], Reply(article="cost")),
        ([("weather", 0.9)], Reply(article="weather")),
        ([("person", 0.9)], HandOver(reason=Reason.ASKED, article="person")),
        ([("call", 0.9)], Begin(form="callback", article="call")),
        ([("move", 0.9)], Begin(form="callback_move", article="move")),
        ([("cancel", 0.9)], Begin(form="callback_cancel", article="cancel")),
        ([("cost", 0.59)], Clarify(articles=("cost",))),
        ([("cost", 0.3)], Clarify(articles=("cost",))),
        ([("cost", 0.29)], Unknown()),
        ([], Unknown()),
        # At most three, and what lies far below is not worth a button.
        ([("cost", 0.5), ("time", 0.4), ("hours", 0.3), ("office", 0.2)], Clarify(articles=("cost", "time", "hours"))),
        ([("cost", 0.5), ("time", 0.074)], Clarify(articles=("cost",))),
        # What is not published any more, or not valid now, does not exist.
        ([("gone", 0.9), ("cost", 0.7)], Reply(article="cost")),
        ([("gone", 0.9)], Unknown()),
        # Nobody is asked whether they meant something we would decline.
        ([("weather", 0.5), ("cost", 0.4)], Clarify(articles=("cost",))),
        ([("weather", 0.5)], Unknown()),
    ],
)
def test_words(ranking: list[tuple[str, float]], expected: Decision) -> None:
    assert decision(understanding=understood(*ranking)) == expected


@pytest.mark.parametrize(
    ("anger", "expected"),
    [(0.69, Reply(article="cost")), (0.7, HandOver(reason=Reason.ANGRY)), (1.0, HandOver(reason=Reason.ANGRY))],
)
def test_anger_goes_before_any_answer(anger: float, expected: Decision) -> None:
    assert decision(understanding=understood(("cost", 0.9), anger=anger)) == expected


@pytest.mark.parametrize(("allowed", "answered"), [(1, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("ranking", [[], [("cost", 0.4)]])
def test_the_last_miss_allowed_goes_to_a_person(allowed: int, answered: int, ranking: list[tuple[str, float]]) -> None:
    policy = Dialogue(answer_confidence=0.6, clarify_confidence=0.3, misses=allowed)
    decisions = [decision(policy, misses=misses, understanding=understood(*ranking)) for misses in range(allowed)]
    assert decisions[answered:] == [HandOver(reason=Reason.NOT_UNDERSTOOD)]
    assert all(isinstance(one, Unknown | Clarify) for one in decisions[:answered])


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ({}, AskTopic()),
        ({"misses": 1}, HandOver(reason=Reason.ASKED, article="person")),
        ({"choice": "a:person"}, HandOver(reason=Reason.ASKED, article="person")),
        ({"choice": dialogue.PERSON}, HandOver(reason=Reason.ASKED)),
    ],
)
def test_where_people_are_not_called_at_once(scene: dict[str, Any], expected: Decision) -> None:
    policy = Dialogue(answer_confidence=0.6, clarify_confidence=0.3, people_at_once=False)
    assert decision(policy, understanding=understood(("person", 0.9)), **scene) == expected


# --- what is not words -------------------------------------------------------------------------

ATTACHMENT = HandOver(reason=Reason.ATTACHMENT)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Media(kind=MediaKind.IMAGE, ref="x"), ATTACHMENT),
        (Media(kind=MediaKind.VOICE, ref="x"), ATTACHMENT),
        (Media(kind=MediaKind.FILE, ref="x", caption="cost?"), ATTACHMENT),
        (Media(kind=MediaKind.STICKER, ref="x"), Listen()),
        (Location(latitude=50.4, longitude=30.5), ATTACHMENT),
        (ContactCard(phone="+380441234567"), Begin(form="callback")),
        (Reaction(target="1", emoji="👍"), Listen()),
        (Edit(target="1", text="words"), Listen()),
        (Start(), Welcome()),
        (Start(payload="cost"), Reply(article="cost")),
        (Start(payload="call"), Begin(form="callback", article="call")),
        (Start(payload="gone"), Welcome()),
        (Start(payload=""), Welcome()),
    ],
)
def test_other_parts(part: Part, expected: Decision) -> None:
    assert decision(parts=(part,)) == expected


def test_an_edit_is_not_answered_again() -> None:
    edited = (Edit(target="1", text="words"),)
    assert decision(parts=edited, understanding=understood(("cost", 0.9))) == Listen()


# --- presses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("a:cost", Reply(article="cost")),
        ("a:gone", Unknown()),
        ("a:", Unknown()),
        ("a:call", Begin(form="callback", article="call")),
        (dialogue.PERSON, HandOver(reason=Reason.ASKED)),
        (dialogue.CALLBACK, Begin(form="callback")),
        (dialogue.CALLBACK_MOVE, Begin(form="callback_move")),
        (dialogue.CALLBACK_CANCEL, Begin(form="callback_cancel")),
        (dialogue.NONE_OF_THESE, Unknown()),
        (dialogue.BACK_TO_BOT, Welcome()),
        ("f:callback:15", Step()),
        ("do:callback_forged", Unknown()),
        ("anything", Unknown()),
        ("", Unknown()),
    ],
)
def test_presses_while_the_bot_has_it(choice: str, expected: Decision) -> None:
    assert decision(choice=choice) == expected


def test_none_of_these_after_an_offer_is_the_second_miss() -> None:
    assert decision(choice=dialogue.NONE_OF_THESE, misses=1) == HandOver(reason=Reason.NOT_UNDERSTOOD)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (dialogue.BACK_TO_BOT, Leave()),
        (dialogue.CALLBACK, Begin(form="callback")),
        ("f:message:send", Step()),
        ("a:cost", Wait()),
        (dialogue.PERSON, Wait()),
        ("anything", Wait()),
    ],
)
def test_presses_while_queued(choice: str, expected: Decision) -> None:
    assert decision(state=State.QUEUED, choice=choice) == expected


# --- the other states --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ({"understanding": understood(("cost", 0.9))}, Wait()),
        ({"understanding": understood(("call", 0.9))}, Begin(form="callback", article="call")),
        ({"understanding": understood(("cancel", 0.9))}, Begin(form="callback_cancel", article="cancel")),
        ({"understanding": understood(("call", 0.5))}, Wait()),
        ({"understanding": understood(("gone", 0.9))}, Wait()),
        ({"understanding": understood(("cost", 0.9), anger=1.0)}, Wait()),
        ({"parts": (Media(kind=MediaKind.IMAGE, ref="x"),)}, Wait()),
        ({"parts": (Reaction(target="1", emoji="👍"),)}, Listen()),
        ({"form": FORM}, Step()),
        ({"form": FORM, "parts": (Reaction(target="1", emoji="👍"),)}, Listen()),
    ],
)
def test_while_queued(scene: dict[str, Any], expected: Decision) -> None:
    assert decision(state=State.QUEUED, **scene) == expected


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ({"understanding": understood(("cost", 0.9))}, Listen()),
        ({"understanding": understood(("person", 0.9), anger=1.0)}, Listen()),
        ({"parts": (Start(),)}, Listen()),
        ({"form": FORM}, Listen()),
        ({"choice": "a:cost"}, Listen()),
        ({"choice": dialogue.PERSON}, Listen()),
        ({"choice": dialogue.CALLBACK}, Listen()),
        ({"choice": dialogue.BACK_TO_BOT}, Listen()),
        ({"choice": "f:rating:5"}, Step()),
        ({"choice": dialogue.CALLBACK_MOVE}, Begin(form="callback_move")),
        ({"choice": dialogue.CALLBACK_CANCEL}, Begin(form="callback_cancel")),
    ],
)
def test_while_an_agent_has_it_only_form_buttons_work(scene: dict[str, Any], expected: Decision) -> None:
    assert decision(state=State.AGENT, **scene) == expected


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ({"choice": "f:rating:5"}, Step()),
        ({"form": Form(name="rating", step="comment")}, Step()),
    ],
)
def test_after_the_end_a_rating_is_still_taken(scene: dict[str, Any], expected: Decision) -> None:
    assert decision(state=State.CLOSED, **scene) == expected


# --- forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ({}, Step()),
        ({"understanding": understood(("cost", 0.9))}, Step()),
        ({"parts": (ContactCard(phone="+380441234567"),)}, Step()),
        ({"parts": (Reaction(target="1", emoji="👍"),)}, Listen()),
        ({"choice": "a:cost"}, Reply(article="cost")),
        ({"choice": "f:callback:15"}, Step()),
    ],
)
def test_an_open_form_is_asked_first(scene: dict[str, Any], expected: Decision) -> None:
    assert decision(form=FORM, **scene) == expected


def test_what_the_form_did_not_want_is_answered_beside_it() -> None:
    scene = Scene(state=State.BOT, parts=WORDS, form=FORM, understanding=understood(("cost", 0.9)))
    assert decide_beside_form(scene, POLICY, ACTIONS.get) == Reply(article="cost")
    queued = Scene(state=State.QUEUED, parts=WORDS, form=FORM, understanding=understood(("cost", 0.9)))
    assert decide_beside_form(queued, POLICY, ACTIONS.get) == Wait()


# --- what was chosen ---------------------------------------------------------------------------

OFFERS = (
    Offer(label="Cost of delivery", payload="a:cost", number=1),
    Offer(label="Opening hours (today)", payload="a:hours", number=2),
)
MARKS = tuple(Offer(label=str(6 - n), payload=f"f:rating:{6 - n}", number=n) for n in range(1, 6))


@pytest.mark.parametrize(
    ("parts", "offers", "payload"),
    [
        ((ButtonPress(payload="a:x"),), OFFERS, "a:x"),
        ((Text(text="hello"), ButtonPress(payload="a:x")), (), "a:x"),
        ((Text(text="1"),), OFFERS, "a:cost"),
        ((Text(text=" 2. "),), OFFERS, "a:hours"),
        ((Text(text="2)"),), OFFERS, "a:hours"),
        ((Text(text="cost of DELIVERY"),), OFFERS, "a:cost"),
        ((Text(text="Opening hours (today)"),), OFFERS, "a:hours"),
        ((Text(text="3"),), OFFERS, None),
        ((Text(text="1 parcel"),), OFFERS, None),
        ((Text(text="1"),), (), None),
        ((Text(text="..."),), (Offer(label="…)", payload="x"), Offer(label=")", payload="y")), None),
        ((Text(text="1"), Text(text="2")), OFFERS, None),
        ((Media(kind=MediaKind.IMAGE, ref="x", caption="1"),), OFFERS, None),
        # Buttons that were shown as buttons have no number to type.
        ((Text(text="1"),), (Offer(label="Yes", payload="y"),), None),
        # A label goes before a number.
        ((Text(text="5"),), MARKS, "f:rating:5"),
        ((Text(text="1"),), MARKS, "f:rating:1"),
        ((), OFFERS, None),
    ],
)
def test_chosen(parts: tuple[Part, ...], offers: tuple[Offer, ...], payload: str | None) -> None:
    assert chosen(parts, offers) == payload


# --- misses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "counts"),
    [
        (Clarify(articles=("cost",)), True),
        (Unknown(), True),
        (AskTopic(), True),
        (Listen(), None),
        (Step(), None),
        (Wait(), None),
        (Welcome(), False),
        (Reply(article="cost"), False),
        (HandOver(reason=Reason.ASKED), False),
        (Begin(form="callback"), False),
        (Leave(), False),
    ],
)
def test_counts_as_miss(taken: Decision, counts: bool | None) -> None:
    assert counts_as_miss(taken) is counts


# --- any scene at all --------------------------------------------------------------------------

_text = st.text(max_size=8)
_parts = st.one_of(
    st.builds(Text, text=_text),
    st.builds(Media, kind=st.sampled_from(MediaKind), ref=_text, caption=st.none() | _text),
    st.builds(Location, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180)),
    st.builds(ContactCard, phone=_text),
    st.builds(Start, payload=st.none() | st.sampled_from([*ACTIONS, "gone"])),
    st.builds(Edit, target=_text, text=_text),
    st.builds(Reaction, target=_text, emoji=_text),
    st.builds(ButtonPress, payload=_text),
)
_payloads = st.one_of(
    _text,
    st.sampled_from([*ACTIONS, "gone"]).map(lambda article: f"a:{article}"),
    st.sampled_from(["do:handoff", "do:callback", "do:callback_move", "do:callback_cancel", "do:none", "do:bot"]),
    st.sampled_from(["f:rating:5", "f:callback:1", "f:"]),
)
_understandings = st.builds(
    understood,
    st.tuples(st.sampled_from([*ACTIONS, "gone"]), st.floats(0, 1)),
    st.tuples(st.sampled_from([*ACTIONS, "gone"]), st.floats(0, 1)),
    anger=st.floats(0, 1),
)
_scenes = st.builds(
    Scene,
    state=st.sampled_from(State),
    parts=st.lists(_parts, max_size=3).map(tuple),
    misses=st.integers(0, 5),
    form=st.none() | st.just(FORM),
    choice=st.none() | _payloads,
    understanding=st.none() | _understandings,
)
_policies = st.builds(
    Dialogue,
    answer_confidence=st.floats(0, 1),
    clarify_confidence=st.floats(0, 1),
    misses=st.integers(1, 3),
    anger=st.floats(0, 1),
    people_at_once=st.booleans(),
)


@given(scene=_scenes, policy=_policies)
def test_there_is_always_a_decision_and_never_a_word_over_an_agent(scene: Scene, policy: Dialogue) -> None:
    taken = decide(scene, policy, ACTIONS.get)
    assert counts_as_miss(taken) in (True, False, None)
    if scene.state is State.AGENT and not isinstance(taken, Listen):
        assert scene.choice is not None
        assert scene.choice.startswith(("f:", "do:callback_"))
    if isinstance(taken, Reply | Clarify):
        articles = (taken.article,) if isinstance(taken, Reply) else taken.articles
        assert 0 < len(articles) <= dialogue.SUGGESTIONS
        assert all(article in ACTIONS for article in articles)


# --- what asks for nothing -------------------------------------------------------------------


@pytest.mark.parametrize("text", ["👍", "👍🏻👍🏻", "❤️", " 🙏 😊 "])
def test_a_pleased_emoji_asks_for_nothing(text: str) -> None:
    parts = (Text(text=text),)
    assert decision(parts=parts, understanding=None) == Listen()
    assert decision(parts=parts, form=FORM) == Step()


@pytest.mark.parametrize("text", ["🆘", "😡", "?", "👍 а скільки коштує"])
def test_other_signs_do(text: str) -> None:
    assert decision(parts=(Text(text=text),), understanding=None) == HandOver(reason=Reason.FAILURE)


@pytest.mark.parametrize("text", ["ок", "Ok!", "ясно", "добре, зрозуміло", "I see", "так"])
def test_what_is_only_heard_is_no_miss(text: str) -> None:
    parts = (Text(text=text),)
    unsure = decision(parts=parts, understanding=understood(("cost", 0.4)), misses=1)
    assert unsure == Listen()
    assert counts_as_miss(unsure) is None
    assert decision(parts=parts, understanding=understood(("hours", 0.9))) == Reply(article="hours")
    assert decision(parts=parts, understanding=understood(("weather", 0.9))) == Listen()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("067 123 45 67", Begin(form="callback")),
        ("мій номер 067 123 45 67", Begin(form="callback")),
        ("на пошту прийшло смс із 067 123 45 67, це ви?", Unknown()),
    ],
)
def test_a_telephone_number_alone_asks_for_a_call(text: str, expected: Decision) -> None:
    phone = Entity(kind=EntityKind.PHONE, text="067 123 45 67", value="+380671234567", start=0, end=0)
    said = structs.replace(understood(), text=text, entities=(phone,))
    assert decision(parts=(Text(text=text),), understanding=said) == expected


WHICH = (
    Offer(label="Вартість доставки", payload="a:cost"),
    Offer(label="Строки", payload="a:time"),
    Offer(label="Нічого з цього", payload="do:none"),
)
ONE = (WHICH[0], WHICH[2])
PEOPLE = (Offer(label="Покликати людину", payload="do:handoff"), Offer(label="Замовити дзвінок", payload="do:callback"))
LATER = (PEOPLE[1], Offer(label="Залишити повідомлення", payload="f:message:start"))
ANSWERED = (Offer(label="Строки", payload="a:time"), Offer(label="Покликати оператора", payload="do:handoff"))


@pytest.mark.parametrize(
    ("typed", "offers", "payload"),
    [
        ("2", WHICH, "a:time"),
        ("друге", WHICH, "a:time"),
        ("Перший варіант", WHICH, "a:cost"),
        ("the second one", WHICH, "a:time"),
        ("4", WHICH, None),
        ("ні", WHICH, "do:none"),
        ("так", WHICH, None),
        ("так", ONE, "a:cost"),
        ("так", PEOPLE, "do:handoff"),
        ("давайте", PEOPLE, "do:handoff"),
        ("1", PEOPLE, None),
        ("залиште повідомлення", LATER, "f:message:start"),
        ("так", LATER, "do:handoff"),
        ("покличте людей", PEOPLE, None),
        ("покличте людину", PEOPLE, "do:handoff"),
        ("1", ANSWERED, None),
        ("ок", ANSWERED, None),
        (
            "друге",
            tuple(Offer(label=x.label, payload=x.payload, number=n) for n, x in enumerate(PEOPLE, 1)),
            "do:callback",
        ),
    ],
)
def test_a_question_of_ours_is_answered_by_place_or_yes(
    typed: str, offers: tuple[Offer, ...], payload: str | None
) -> None:
    assert chosen((Text(text=typed),), offers) == payload
