"""How well a model does on questions whose right article is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from gateway.messages import Value
from gateway.ports import Ranked


class Question(Value, frozen=True, kw_only=True):
    """A labelled text: the intent it should give, None where nothing should be answered."""

    text: str
    intent: str | None
    language: str = "uk"


class Score(Value, frozen=True, kw_only=True):
    """The outcome for a group of questions.

    Of `known` questions `right` were ranked first, `answered` reached the threshold, `answered_right`
    did so rightly, `offered` would show the right article among the choices; of `unknown` ones
    `unknown_answered` got an answer, and `unknown_offered` choices, that they should not get.
    """

    known: int = 0
    right: int = 0
    answered: int = 0
    answered_right: int = 0
    offered: int = 0
    unknown: int = 0
    unknown_answered: int = 0
    unknown_offered: int = 0

    @property
    def accuracy(self) -> float:
        """The share of known questions with the right article first, sure or not."""
        return _share(self.right, self.known)

    @property
    def coverage(self) -> float:
        """The share of known questions that get an answer at all."""
        return _share(self.answered, self.known)

    @property
    def served(self) -> float:
        """The share of known questions that get the right answer at once."""
        return _share(self.answered_right, self.known)

    @property
    def helped(self) -> float:
        """The share of known questions that get the right answer at once or among the choices."""
        return _share(self.answered_right + self.offered, self.known)

    @property
    def strayed(self) -> float:
        """The share of unknown questions that get an answer."""
        return _share(self.unknown_answered, self.unknown)


class Evaluation(Value, frozen=True, kw_only=True):
    """Scores over all, by language and by intent; `confusions` counts (expected, got), commonest first."""

    total: Score
    languages: dict[str, Score]
    intents: dict[str, Score]
    confusions: tuple[tuple[str, str, int], ...]


Rank = Callable[[str], Sequence[Ranked]]


def evaluate(
    questions: Iterable[Question],
    rank: Rank,
    *,
    answer: float,
    clarify: float,
    declined: frozenset[str] = frozenset(),
    choices: int = 3,
) -> Evaluation:
    """Ask `rank` every question and count.

    From confidence `answer` on a question counts as answered, from `clarify` on as offered `choices`.
    Intents in `declined` (articles that politely refuse) count as no answer.
    """
    asked = [(question, rank(question.text)) for question in questions]
    return tally(asked, answer=answer, clarify=clarify, declined=declined, choices=choices)


def tally(
    asked: Sequence[tuple[Question, Sequence[Ranked]]],
    *,
    answer: float,
    clarify: float,
    declined: frozenset[str] = frozenset(),
    choices: int = 3,
) -> Evaluation:
    """The same of questions that were asked already, with their rankings."""
    outcomes = [
        (question, _outcome(question, ranking, answer, clarify, declined, choices)) for question, ranking in asked
    ]
    confusions = Counter(
        (question.intent or "-", ranking[0].intent)
        for question, ranking in asked
        if ranking
        and ranking[0].intent != question.intent
        and ranking[0].intent not in declined
        and (question.intent or ranking[0].confidence >= answer)
    )
    return Evaluation(
        total=_sum(outcome for _, outcome in outcomes),
        languages=_by((question.language, outcome) for question, outcome in outcomes),
        intents=_by((question.intent or "-", outcome) for question, outcome in outcomes),
        confusions=tuple((want, got, count) for (want, got), count in confusions.most_common()),
    )


def _outcome(
    question: Question,
    ranking: Sequence[Ranked],
    answer: float,
    clarify: float,
    declined: frozenset[str],
    choices: int,
) -> Score:
    best = ranking[0] if ranking and ranking[0].intent not in declined else None
    answered = best is not None and best.confidence >= answer
    asked_back = best is not None and clarify <= best.confidence < answer
    if question.intent is None:
        return Score(unknown=1, unknown_answered=int(answered), unknown_offered=int(asked_back))
    right = bool(ranking) and ranking[0].intent == question.intent
    among = any(ranked.intent == question.intent for ranked in ranking[:choices])
    return Score(
        known=1,
        right=int(right),
        answered=int(answered),
        answered_right=int(answered and right),
        offered=int(asked_back and among),
    )


def _sum(scores: Iterable[Score]) -> Score:
    totals: Counter[str] = Counter()
    for score in scores:
        for field in Score.__struct_fields__:
            totals[field] += getattr(score, field)
    return Score(**totals)


def _by(pairs: Iterable[tuple[str, Score]]) -> dict[str, Score]:
    groups: dict[str, list[Score]] = {}
    for key, score in pairs:
        groups.setdefault(key, []).append(score)
    return {key: _sum(scores) for key, scores in sorted(groups.items())}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
