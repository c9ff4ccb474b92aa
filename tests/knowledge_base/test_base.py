"""What the bot gets of the published articles: the right language, channel, days and buttons."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from gateway.errors import NotFound
from gateway.messages import Button
from gateway.ports import Action
from gateway.settings import Company
from gateway.storage.engine import Database
from knowledge_base.articles import Article, ArticleButton, ButtonAction
from knowledge_base.base import PublishedKnowledge, phrases_of
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Editor
from tests.conftest import SteppingClock
from tests.knowledge_base.fakes import an_article

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


async def published(publisher: Publisher, editor: Editor, *articles: Article) -> None:
    for article in articles:
        await publisher.save(article, editor, based_on=None)
    await publisher.publish(editor)


async def test_nothing_published(knowledge: PublishedKnowledge) -> None:
    assert await knowledge.refresh() is False
    assert knowledge.revision is None
    assert knowledge.action("refund", NOW) is None
    assert knowledge.title("refund", "uk") is None
    with pytest.raises(NotFound):
        knowledge.answer("refund", "uk", "webchat", {})


async def test_refresh_takes_over_a_newer_publication_once(
    database: Database, company: Company, publisher: Publisher, editor: Editor
) -> None:
    other_process = PublishedKnowledge(database, company, lambda: NOW)
    await published(publisher, editor, an_article())

    assert await other_process.refresh() is True
    assert await other_process.refresh() is False
    assert other_process.revision == 1


async def test_language_falls_back_to_the_companys_and_then_to_any(
    publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge
) -> None:
    only_english = an_article("b", title={"en": "B"}, answers={"en": {"default": "English"}}, phrasings={"en": ("b",)})
    await published(publisher, editor, an_article("a"), only_english)

    assert knowledge.answer("a", "en", "webchat", {}).text == "Answer a"
    assert knowledge.answer("a", "ru", "webchat", {}).language == "uk"
    assert knowledge.answer("b", "ru", "webchat", {}).language == "en"
    assert knowledge.title("a", "ru") == "Тема a"
    assert knowledge.title("b", "uk") == "B"


async def test_a_channel_may_have_words_of_its_own(
    publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge
) -> None:
    await published(publisher, editor, an_article("a", answers={"uk": {"default": "Довго", "telegram": "Коротко"}}))
    assert knowledge.answer("a", "uk", "telegram", {}).text == "Коротко"
    assert knowledge.answer("a", "uk", "webchat", {}).text == "Довго"


async def test_buttons_lead_somewhere_or_are_left_out(
    publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge
) -> None:
    buttons = (
        ArticleButton(label={"uk": "Людина", "en": "A person"}, action=ButtonAction.HANDOFF),
        ArticleButton(label={"uk": "Дзвінок"}, action=ButtonAction.CALLBACK),
        ArticleButton(label={"uk": "Ще"}, article="b"),
    )
    old = an_article("b", valid_until=date(2026, 11, 20))
    await published(publisher, editor, old, an_article("a", buttons=buttons), an_article("c", buttons=(
        ArticleButton(label={"uk": "Сайт"}, url="https://x.example"), ArticleButton(label={"uk": "А"}, article="a"),
    )))  # fmt: skip

    assert knowledge.answer("a", "en", "webchat", {}).buttons == (
        Button(label="A person", payload="do:handoff"),
        Button(label="Дзвінок", payload="do:callback"),
    )
    assert knowledge.answer("c", "uk", "webchat", {}).buttons == (
        Button(label="Сайт", url="https://x.example"),
        Button(label="А", payload="a:a"),
    )


def test_a_failing_template_gives_its_plain_words_and_says_so(knowledge: PublishedKnowledge) -> None:
    broken = msgspec.structs.replace(an_article("z"), answers={"uk": {"default": "Ціна {{ company.name | nope }} 70"}})
    degraded = knowledge.render(broken, "uk", "webchat", {})
    assert degraded.text == "Ціна  70"
    assert degraded.degraded is not None
    assert "nope" in degraded.degraded


@pytest.mark.parametrize(
    ("now", "valid"),
    [
        (datetime(2026, 11, 19, 21, 59, tzinfo=UTC), False),  # 23:59 in Kyiv, the day before
        (datetime(2026, 11, 19, 22, 0, tzinfo=UTC), True),  # midnight in Kyiv
        (datetime(2026, 11, 21, 21, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 21, 22, 0, tzinfo=UTC), False),
    ],
)
async def test_validity_is_whole_days_in_the_companys_zone(
    publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge, now: datetime, valid: bool
) -> None:
    seasonal = an_article("a", valid_from=date(2026, 11, 20), valid_until=date(2026, 11, 21), action=Action.HANDOFF)
    await published(publisher, editor, seasonal)
    assert knowledge.action("a", now) is (Action.HANDOFF if valid else None)


async def test_an_article_begins_and_ends_at_its_minute(
    publisher: Publisher, editor: Editor, company: Company, database: Database, clock: SteppingClock
) -> None:
    """Without any refresh: nobody waits for a round of anything."""
    sale = an_article(
        "a",
        valid_from=date(2026, 11, 21),
        from_time=time(10, 30),
        valid_until=date(2026, 11, 21),
        until_time=time(11, 0),
    )
    await published(publisher, editor, sale)
    knowledge = PublishedKnowledge(database, company, clock)
    await knowledge.refresh()
    seen = {}
    for minute in (29, 30, 59, 60):
        now = datetime(2026, 11, 21, 8, tzinfo=UTC) + timedelta(minutes=minute)
        clock.advance(seconds=(now - clock()).total_seconds())
        seen[minute] = knowledge.action("a", clock()) is not None
        assert bool(knowledge.titles("uk")) is seen[minute]
    assert seen == {29: False, 30: True, 59: True, 60: False}


async def test_an_article_out_of_its_days_does_not_answer(
    publisher: Publisher, editor: Editor, knowledge: PublishedKnowledge
) -> None:
    await published(publisher, editor, an_article("a", valid_from=date(2027, 1, 1)))
    with pytest.raises(NotFound):
        knowledge.answer("a", "uk", "webchat", {})


def test_training_leaves_out_what_is_over_and_doubles() -> None:
    articles = [
        an_article("old", valid_until=date(2026, 11, 20)),
        an_article("soon", valid_from=date(2027, 1, 1)),
        an_article("a", title={"uk": "Тема"}, phrasings={"uk": ("тема!", "інше")}),
    ]
    phrases = phrases_of(articles, NOW, KYIV)
    assert {phrase.intent for phrase in phrases} == {"soon", "a"}
    assert [phrase.text for phrase in phrases if phrase.intent == "a"] == ["тема!", "інше"]
