"""What the bot would answer to a text out of the blue: for `frontdesk ask` and the editor's box.

The very decision and wording of a real turn, without a conversation behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from gateway import dialogue
from gateway.conversations import State
from gateway.dialogue import Decision, Scene, decide
from gateway.messages import Outbound, Text, Value, clean_text
from gateway.ports import Action, Clock, Engine, Entity, Knowledge, Ranked, Understanding, Utterance
from gateway.rendering import strip_markdown
from gateway.replies import LONGEST_KIND, Replies, is_handoff, reply_language
from gateway.settings import Company, Dialogue


class Asked(Value, frozen=True, kw_only=True, omit_defaults=False):
    """The bot's answer to `text`, and why: `decision` is answer, clarify or handoff; `article` the
    one answered with (for clarify the likeliest), `ranking` the likeliest intents."""

    text: str
    intent: str | None
    confidence: float
    language: str
    entities: tuple[Entity, ...]
    decision: Literal["answer", "clarify", "handoff"]
    article: str | None
    answer: str
    ranking: tuple[Ranked, ...]


class Asker:
    """Asks the bot."""

    def __init__(
        self,
        engine: Engine,
        knowledge: Knowledge,
        replies: Replies,
        policy: Callable[[], Dialogue],
        company: Company,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._knowledge = knowledge
        self._replies = replies
        self._policy = policy
        self._company = company
        self._clock = clock

    async def ask(self, text: str, language: str | None = None) -> Asked:
        """One text; `language` overrides the guess."""
        return (await self.ask_all([text], language))[0]

    async def ask_all(self, texts: Sequence[str], language: str | None = None) -> list[Asked]:
        """Many texts, understood together."""
        utterances = [
            Utterance(text=clean_text(text), now=self._clock(), zone=self._company.zone, language=language)
            for text in texts
        ]
        understood = await self._engine.understand(utterances)
        return [self._answer(understanding, language) for understanding in understood]

    def _answer(self, understanding: Understanding, language: str | None) -> Asked:
        scene = Scene(state=State.BOT, parts=(Text(text=understanding.text),), understanding=understanding)
        decision = decide(scene, self._policy(), self._action)
        spoken = reply_language(language, understanding.language, default=self._company.language)
        outbounds = self._replies.word(
            decision, language=spoken, channel_kind=LONGEST_KIND, entities=understanding.entities
        )
        best = understanding.best
        return Asked(
            text=understanding.text,
            intent=best.intent if best else None,
            confidence=round(best.confidence, 4) if best else 0.0,
            language=spoken,
            entities=understanding.entities,
            decision=self._kind(decision),
            article=_article(decision),
            answer="\n\n".join(_words(outbound) for outbound in outbounds),
            ranking=understanding.ranking,
        )

    def _action(self, article: str) -> Action | None:
        return self._knowledge.action(article, self._clock())

    def _kind(self, decision: Decision) -> Literal["answer", "clarify", "handoff"]:
        if isinstance(decision, dialogue.Clarify):
            return "clarify"
        action = self._action(decision.article) if isinstance(decision, dialogue.Reply) else None
        return "handoff" if is_handoff(decision, action) else "answer"


def _article(decision: Decision) -> str | None:
    match decision:
        case dialogue.Clarify(articles=articles):
            return articles[0]
        case dialogue.Reply(article=article):
            return article
        case dialogue.HandOver(article=maybe) | dialogue.Begin(article=maybe):
            return maybe
        case _:
            return None


def _words(outbound: Outbound) -> str:
    texts = [strip_markdown(part.text).strip() for part in outbound.parts if isinstance(part, Text)]
    choices = [f"{number}. {button.label}" for number, button in enumerate(outbound.buttons, 1)]
    return "\n".join([*texts, *choices])
