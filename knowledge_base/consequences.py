"""What a change does to what customers get: the same questions, asked before and after. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from gateway.conversations import State
from gateway.dialogue import Begin, Clarify, GoOn, HandOver, Reply, Scene, decide
from gateway.improving.candidates import Ranking, Trial
from gateway.messages import Text, Value
from gateway.ports import Action, Understanding
from gateway.settings import Dialogue
from knowledge_base.articles import Article
from knowledge_base.changes import ChangeSet
from knowledge_base.links import DeadLink
from knowledge_base.storage_reviews import Checked, TestQuestion

EXAMPLES = 60
"""Messages that are kept as examples, those that were written most often."""
CLASHES = 60
OTHERS_PHRASES = 3_000
"""Phrasings of articles that do not change which are asked as well."""


class Did(StrEnum):
    """What the bot does with a text."""

    ANSWER = "answer"
    DECLINE = "decline"
    CLARIFY = "clarify"
    HANDOFF = "handoff"
    UNKNOWN = "unknown"


class Outcome(Value, frozen=True, kw_only=True):
    """What a customer gets: `article` is the one answered with, or the likeliest of those offered."""

    did: Did
    article: str | None = None

    def right(self, expected: str | None) -> bool:
        """Whether this is what an editor settled: that article's answer, or for None no answer at all."""
        if expected is None:
            return self.did is not Did.ANSWER and (self.did is not Did.HANDOFF or self.article is None)
        return self.did in (Did.ANSWER, Did.DECLINE, Did.HANDOFF) and self.article == expected


class Moved(Value, frozen=True, kw_only=True):
    """A text of customers that would get something else; `turn` is where it stands."""

    turn: int
    times: int
    before: Outcome
    after: Outcome


class Retested(Value, frozen=True, kw_only=True):
    """A test question that gets something else, or still something wrong."""

    question: int
    before: Outcome
    after: Outcome


class ClashKind(StrEnum):
    """How near two articles come: customers get the other one's answer today; they would get it still; the
    other one's own phrasing would get this article's."""

    TODAY = "today"
    STAYS = "stays"
    TAKEN = "taken"


class NearClash(Value, frozen=True, kw_only=True):
    """A phrasing of `article` that the model gives to `other`, so surely."""

    kind: ClashKind
    article: str
    other: str
    text: str
    confidence: float


class Effect(Value, frozen=True, kw_only=True):
    """All that was found out. `messages` different texts of customers were asked, written `times` times; `moved`
    of them would get something else, `reworded` the same article with new words. `compared` is False where no
    model is in service yet. `retested` holds what changed or is wrong of so many `questions`."""

    phrases: int
    seconds: float
    compared: bool
    messages: int
    times: int
    moved: int
    moved_times: int
    reworded: int
    examples: tuple[Moved, ...]
    questions: int
    retested: tuple[Retested, ...]
    clashes: tuple[NearClash, ...]
    links: tuple[DeadLink, ...] = ()


class Asking(Value, frozen=True, kw_only=True):
    """What is asked of both models: customers' texts, test questions, and phrasings with their articles."""

    messages: tuple[Checked, ...]
    questions: tuple[TestQuestion, ...]
    phrases: tuple[tuple[str, str], ...]

    @property
    def texts(self) -> list[str]:
        """All of them, in this order."""
        return [
            *(one.text for one in self.messages),
            *(one.text for one in self.questions),
            *(text for _, text in self.phrases),
        ]


def answering(article: Article) -> Did:
    """What it is to be answered with `article`: to decline politely is no answer."""
    return Did.DECLINE if article.action is Action.DECLINE else Did.ANSWER


def asking(change: ChangeSet, messages: Sequence[Checked], questions: Sequence[TestQuestion]) -> Asking:
    """What to ask about `change`."""
    changed = {one.article.id for one in change.changes if not one.removed}
    own = [(name, text) for name in sorted(changed) for text in _phrasings(change.after[name])]
    others = [(name, text) for name in change.after if name not in changed for text in _phrasings(change.after[name])]
    return Asking(messages=tuple(messages), questions=tuple(questions), phrases=(*own, *others[:OTHERS_PHRASES]))


def _phrasings(article: Article) -> list[str]:
    return [text for phrases in article.phrasings.values() for text in phrases]


class Weigher:
    """Decides as the bot does, on the articles of before and of after."""

    def __init__(self, change: ChangeSet, policy: Dialogue, now: datetime, zone: ZoneInfo) -> None:
        self._change = change
        self._policy = policy
        self._now = now
        self._zone = zone

    def weigh(self, asked: Asking, trial: Trial, links: Sequence[DeadLink] = ()) -> Effect:
        """What `trial` says of what was `asked`."""
        nothing: tuple[Ranking, ...] = ((),) * len(trial.after)
        pairs = list(zip(trial.before or nothing, trial.after, strict=True))
        first, second = len(asked.messages), len(asked.messages) + len(asked.questions)
        moved, reworded = self._messages(asked.messages, pairs[:first])
        retested = tuple(self._questions(asked.questions, pairs[first:second]))
        clashes = list(self._clashes(asked.phrases, pairs[second:], compared=trial.before is not None))
        return Effect(
            phrases=trial.phrases,
            seconds=trial.seconds,
            compared=trial.before is not None,
            messages=len(asked.messages),
            times=sum(one.times for one in asked.messages),
            moved=len(moved),
            moved_times=sum(one.times for one in moved),
            reworded=reworded,
            examples=tuple(sorted(moved, key=lambda one: -one.times)[:EXAMPLES]),
            questions=len(asked.questions),
            retested=retested,
            clashes=tuple(sorted(clashes, key=lambda one: -one.confidence)[:CLASHES]),
            links=tuple(links),
        )

    def _messages(
        self, messages: Sequence[Checked], pairs: Sequence[tuple[Ranking, Ranking]]
    ) -> tuple[list[Moved], int]:
        moved, reworded = [], 0
        for one, (before, after) in zip(messages, pairs, strict=True):
            try:
                understood = msgspec.json.decode(one.understanding, type=Understanding)
            except msgspec.MsgspecError:
                continue  # understood by an older version, in a form that is gone
            old, new = self._outcomes(understood, before, after)
            if old != new:
                moved.append(Moved(turn=one.turn, times=one.times, before=old, after=new))
            elif new.article is not None and self._other_words(new.article, understood.language):
                reworded += 1
        return moved, reworded

    def _questions(
        self, questions: Sequence[TestQuestion], pairs: Sequence[tuple[Ranking, Ranking]]
    ) -> Iterator[Retested]:
        for one, (before, after) in zip(questions, pairs, strict=True):
            understood = Understanding(text=one.text, language=one.language, language_confidence=1.0)
            old, new = self._outcomes(understood, before, after)
            if old != new or not new.right(one.article):
                yield Retested(question=one.id, before=old, after=new)

    def _outcomes(self, understood: Understanding, before: Ranking, after: Ranking) -> tuple[Outcome, Outcome]:
        change = self._change
        return (
            self.outcome(msgspec.structs.replace(understood, ranking=before), change.before),
            self.outcome(msgspec.structs.replace(understood, ranking=after), change.after),
        )

    def outcome(self, understood: Understanding, articles: Mapping[str, Article]) -> Outcome:
        """What the bot does with a text out of the blue, knowing `articles`."""
        scene = Scene(state=State.BOT, parts=(Text(text=understood.text),), understanding=understood)
        match decide(scene, self._policy, self._actions(articles)):
            case Reply(article=article):
                return Outcome(did=answering(articles[article]), article=article)
            case Begin(article=maybe) | GoOn(article=maybe):
                return Outcome(did=Did.ANSWER, article=maybe)
            case Clarify(articles=offered):
                return Outcome(did=Did.CLARIFY, article=offered[0])
            case HandOver(article=maybe):
                return Outcome(did=Did.HANDOFF, article=maybe)
            case _:
                return Outcome(did=Did.UNKNOWN)

    def _actions(self, articles: Mapping[str, Article]) -> Callable[[str], Action | None]:
        def action(name: str) -> Action | None:
            found = articles.get(name)
            return found.action if found and found.valid_at(self._now, self._zone) else None

        return action

    def _other_words(self, name: str, language: str) -> bool:
        old, new = self._change.before.get(name), self._change.after.get(name)
        if old is None or new is None:
            return False
        words = [(one.answers.get(language, one.answers), one.buttons) for one in (old, new)]
        return words[0] != words[1]

    def _clashes(
        self, phrases: Sequence[tuple[str, str]], pairs: Sequence[tuple[Ranking, Ranking]], *, compared: bool
    ) -> Iterator[NearClash]:
        changed = {one.article.id: one for one in self._change.changes if not one.removed}
        for (name, text), (before, after) in zip(phrases, pairs, strict=True):
            was, is_now = _best(before, self._change.before), _best(after, self._change.after)
            if name in changed:
                live = changed[name].live
                new = live is None or text not in _phrasings(live)
                found = self._clash_of_own(name, text, was if compared and new else None, is_now)
            else:
                found = self._taken(name, text, was, is_now, changed)
            if found is not None:
                yield found

    def _clash_of_own(
        self, name: str, text: str, was: tuple[str, float] | None, is_now: tuple[str, float] | None
    ) -> NearClash | None:
        if is_now and is_now[0] != name and is_now[1] >= self._policy.clarify_confidence:
            return NearClash(kind=ClashKind.STAYS, article=name, other=is_now[0], text=text, confidence=is_now[1])
        if was and was[0] != name and was[1] >= self._policy.answer_confidence:
            return NearClash(kind=ClashKind.TODAY, article=name, other=was[0], text=text, confidence=was[1])
        return None

    def _taken(
        self,
        name: str,
        text: str,
        was: tuple[str, float] | None,
        is_now: tuple[str, float] | None,
        changed: Mapping[str, object],
    ) -> NearClash | None:
        """A phrasing of an article that does not change, which one that changes would take away."""
        if not is_now or is_now[0] == name or is_now[0] not in changed or (was and was[0] == is_now[0]):
            return None
        if is_now[1] < self._policy.clarify_confidence:
            return None
        return NearClash(kind=ClashKind.TAKEN, article=is_now[0], other=name, text=text, confidence=is_now[1])


def _best(ranking: Ranking, articles: Mapping[str, Article]) -> tuple[str, float] | None:
    """The likeliest article that is there, and how sure."""
    return next(((one.intent, one.confidence) for one in ranking if one.intent in articles), None)
