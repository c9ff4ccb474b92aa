"""Articles shared with another program's assistant: what comes back is what went, as a draft."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from gateway.improving.topics import Choice, Topic, Variation
from gateway.ports import Action
from knowledge_base.articles import Article, Status
from knowledge_base.checking import TemplateChecker
from knowledge_base.files import read_folder
from knowledge_base.rules import LABEL_LIMIT, problems_of
from knowledge_base.topics import to_articles, to_topics

DEMO = Path(__file__).parents[2] / "knowledge_base" / "demo"
COMPANY = {"company": {"name": "Zhuravlyk", "phone": "0 800", "hours": "9–18"}}


async def test_the_demo_comes_back_as_drafts() -> None:
    async with TemplateChecker() as checker:
        articles = await read_folder(DEMO, checker)
    topics = to_topics(articles, dict.fromkeys(("uk", "ru", "en"), COMPANY))
    assert to_articles(topics, {}, default="uk") == [structs.replace(one, status=Status.DRAFT) for one in articles]


def test_templates_are_filled_with_what_is_known_of_the_firm() -> None:
    source = "{{ company.name }}{% if contact.name %}, {{ contact.name }}{% endif %}"
    article = Article(id="hello", answers={"en": {"default": source, "telegram": "Hi"}})
    [topic] = to_topics([article], {"en": COMPANY})
    assert [(one.text, one.channel, one.source) for one in topic.answers] == [
        ("Zhuravlyk", None, source),
        ("Hi", "telegram", None),
    ]


def test_what_an_article_may_not_be_is_cut() -> None:
    stored = {"old": Article(id="old", phrasings={"en": ("Price?",)})}
    topic = Topic(
        id="cost",
        phrasings={"en": ("price", "how much", "how much!", "x" * 400)},
        answers=(Variation(text="{{ 7*7 }} UAH", language="en", channel="telegram"),),
        choices=(
            Choice(label={"en": "A label that is much longer than allowed"}, topic="old"),
            Choice(label={"en": "Nowhere"}, topic="snow"),
            Choice(label={"en": "Itself"}, topic="cost"),
            Choice(label={"en": "Person"}, action=Action.HANDOFF),
        ),
        about={"valid_from": "yesterday"},
    )
    [article] = to_articles([topic], stored, default="uk")
    assert article.phrasings == {"en": ("how much",)}
    assert article.answers == {"en": {"telegram": "{ { 7*7 }} UAH", "default": "{ { 7*7 }} UAH"}}
    assert [len(button.label["en"]) <= LABEL_LIMIT for button in article.buttons] == [True, True]
    assert article.title == {"en": "Cost"}
    assert article.valid_from is None
    assert problems_of(article) == []
