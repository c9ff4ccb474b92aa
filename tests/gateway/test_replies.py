"""How decisions are worded, in the customer's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import structlog

from gateway import dialogue
from gateway.contacts import Contact
from gateway.dialogue import (
    AskTopic,
    Begin,
    Clarify,
    Decision,
    HandOver,
    Leave,
    Listen,
    Reply,
    Step,
    Unknown,
    Wait,
    Welcome,
)
from gateway.messages import Outbound, Text
from gateway.ports import Action, Answer, Entity, EntityKind, Reason, Variables
from gateway.replies import Replies, is_handoff, reply_language
from gateway.settings import Company
from gateway.texts import Texts
from tests.fakes import FakeKnowledge

NOW = datetime(2026, 11, 21, tzinfo=UTC)
COMPANY = Company(
    name={"uk": "Журавлик", "en": "Zhuravlyk"}, phone="+380441234567", email="hi@a.example", site="a.example"
)
HOURS = {"uk": "пн–пт", "en": "Mon–Fri"}
TEXTS = Texts()
ACTIONS = {"cost": Action.ANSWER, "with-button": Action.ANSWER, "person": Action.HANDOFF}


class Recorder(FakeKnowledge):
    """Remembers the variables it was given; answers `degraded` for the article of that name."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        super().__init__(actions)
        self.variables: Variables = {}

    def answer(self, article: str, language: str, channel_kind: str, variables: Variables) -> Answer:
        self.variables = variables
        answer = super().answer(article, language, channel_kind, variables)
        return Answer(article=article, text=answer.text, language=language, degraded="no such variable")


def worded(
    decision: Decision, language: str = "en", knowledge: FakeKnowledge | None = None, **known: object
) -> list[Outbound]:
    replies = Replies(knowledge or FakeKnowledge(ACTIONS), TEXTS, COMPANY, HOURS)
    return replies.word(decision, language=language, channel_kind="webchat", **known)  # type: ignore[arg-type]


def texts_of(outbounds: list[Outbound]) -> list[str]:
    return [part.text for outbound in outbounds for part in outbound.parts if isinstance(part, Text)]


# --- articles ----------------------------------------------------------------------------------


class Silent(FakeKnowledge):
    """Its templates come out empty for this customer (an `if` that does not hold)."""

    def answer(self, article: str, language: str, channel_kind: str, variables: Variables) -> Answer:
        return Answer(article=article, text=" \n", language=language)


@pytest.mark.parametrize(
    "decision", [Reply(article="cost"), Welcome(), HandOver(reason=Reason.ASKED, article="person")]
)
def test_nobody_is_answered_with_silence(decision: Decision) -> None:
    with structlog.testing.capture_logs() as logged:
        assert all(text.strip() for text in texts_of(worded(decision, knowledge=Silent(ACTIONS))))
    assert [entry["event"] for entry in logged] == ["template_empty"]


def test_an_answer_brings_its_article_and_buttons() -> None:
    [outbound] = worded(Reply(article="with-button"), "ru")
    assert outbound.parts == (Text(text="with-button in ru", markdown=True),)
    assert outbound.article == "with-button"
    assert [button.payload for button in outbound.buttons] == ["a:more"]


def test_an_article_that_went_meanwhile_is_not_known() -> None:
    [outbound] = worded(Reply(article="gone"))
    assert [button.payload for button in outbound.buttons] == [dialogue.PERSON, dialogue.CALLBACK]


def test_before_the_queue_or_a_form_an_article_only_says_its_sentence() -> None:
    for decision in (
        HandOver(reason=Reason.ASKED, article="with-button"),
        Begin(form="callback", article="with-button"),
    ):
        [outbound] = worded(decision)
        assert texts_of([outbound]) == ["with-button in en"]
        assert outbound.buttons == ()


def test_nobody_is_handed_over_without_a_word() -> None:
    assert texts_of(worded(HandOver(reason=Reason.ASKED, article="gone"))) == texts_of(
        worded(HandOver(reason=Reason.ASKED))
    )
    assert worded(Begin(form="callback", article="gone")) == []
    assert worded(Begin(form="callback")) == []


def test_a_failing_template_is_answered_by_its_plain_text_and_reported() -> None:
    with structlog.testing.capture_logs() as logs:
        assert texts_of(worded(Reply(article="cost"), knowledge=Recorder(ACTIONS))) == ["cost in en"]
    assert [(entry["event"], entry["article"], entry["reason"]) for entry in logs] == [
        ("template_failed", "cost", "no such variable")
    ]


# --- our own words -----------------------------------------------------------------------------


def test_the_greeting_is_the_knowledge_bases_where_it_has_one() -> None:
    assert texts_of(worded(Welcome(), knowledge=FakeKnowledge({"greeting": Action.ANSWER}))) == ["greeting in en"]


@pytest.mark.parametrize(
    ("language", "hello"),
    [
        ("uk", "Вітаю! Я помічник компанії Журавлик. Чим можу допомогти?"),
        ("ru", "Здравствуйте! Я помощник компании Журавлик. Чем могу помочь?"),
        ("en", "Hello! I am the assistant of Zhuravlyk. How can I help?"),
    ],
)
def test_else_ours(language: str, hello: str) -> None:
    assert texts_of(worded(Welcome(), language)) == [hello]


def test_did_you_mean_has_a_button_an_article_and_a_way_out() -> None:
    [outbound] = worded(Clarify(articles=("cost", "with-button")), "uk")
    assert [(button.label, button.payload) for button in outbound.buttons] == [
        ("Title of cost", "a:cost"),
        ("Title of with-button", "a:with-button"),
        ("Нічого з цього", "do:none"),
    ]


def test_an_article_without_a_title_is_offered_by_its_name() -> None:
    class Untitled(FakeKnowledge):
        def title(self, article: str, language: str) -> str | None:
            return None

    [outbound] = worded(Clarify(articles=("cost",)), knowledge=Untitled(ACTIONS))
    assert outbound.buttons[0].label == "cost"


def test_who_wants_a_person_may_say_so_again_at_once() -> None:
    [outbound] = worded(AskTopic())
    assert [button.payload for button in outbound.buttons] == [dialogue.PERSON]


@pytest.mark.parametrize("language", ["uk", "ru", "en"])
def test_each_reason_has_its_own_farewell(language: str) -> None:
    reasons = (Reason.ASKED, Reason.ANGRY, Reason.ATTACHMENT, Reason.NOT_UNDERSTOOD, Reason.FAILURE)
    said = [texts_of(worded(HandOver(reason=reason), language)) for reason in reasons]
    assert len({one for [one] in said}) == len(reasons)


@pytest.mark.parametrize("decision", [Step(), Wait(), Leave(), Listen()])
def test_other_rooms_word_the_rest(decision: Decision) -> None:
    assert worded(decision) == []


# --- variables ---------------------------------------------------------------------------------


def test_templates_may_say_the_firm_the_person_and_what_was_understood() -> None:
    knowledge = Recorder(ACTIONS)
    contact = Contact(id=1, created_at=NOW, name="Оля", phone="+380501112233", details={"tariff": "gold"})
    entities = [
        Entity(kind=EntityKind.ORDER, text="ab1", value="AB1", start=0, end=3),
        Entity(kind=EntityKind.ORDER, text="ab2", value="AB2", start=4, end=7),
        Entity(kind=EntityKind.TIME, text="now", value="2026-11-21T10:00:00+02:00", start=8, end=11),
    ]
    worded(Reply(article="cost"), "uk", knowledge, contact=contact, entities=entities)
    assert knowledge.variables == {
        "company": {
            "name": "Журавлик",
            "phone": "+380441234567",
            "email": "hi@a.example",
            "site": "a.example",
            "hours": "пн–пт",
        },
        "contact": {"name": "Оля", "phone": "+380501112233", "email": "", "language": "", "tariff": "gold"},
        "entities": {"order_number": "AB1", "time": "2026-11-21T10:00:00+02:00"},
    }


def test_what_is_not_known_is_empty_and_never_none() -> None:
    knowledge = Recorder(ACTIONS)
    worded(Reply(article="cost"), "ru", knowledge, contact=Contact(id=1, created_at=NOW))
    assert knowledge.variables["contact"] == {"name": "", "phone": "", "email": "", "language": ""}
    assert knowledge.variables["company"]["hours"] == ""
    assert knowledge.variables["company"]["name"] == "Журавлик"


# --- language and kind -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "language"),
    [(("ru", "uk"), "ru"), ((None, "en"), "en"), (("de", "uk"), "uk"), ((), "uk"), ((None, "fr"), "uk")],
)
def test_reply_language(wanted: tuple[str | None, ...], language: str) -> None:
    assert reply_language(*wanted, default="uk") == language


@pytest.mark.parametrize(
    ("decision", "action", "handed"),
    [
        (Reply(article="cost"), Action.ANSWER, False),
        (Reply(article="weather"), Action.DECLINE, True),
        (Clarify(articles=("cost",)), None, False),
        (Unknown(), None, True),
        (AskTopic(), None, True),
        (HandOver(reason=Reason.ASKED), None, True),
        (Begin(form="callback"), None, True),
        (Welcome(), None, False),
    ],
)
def test_is_handoff(decision: Decision, action: Action | None, handed: bool) -> None:
    assert is_handoff(decision, action) is handed
