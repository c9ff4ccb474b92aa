"""What an examination shows: figures for a table, a report and a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from gateway.learning import Clash, DialPoint
from gateway.messages import Value
from nlu.evaluation import Evaluation, Score, tally
from nlu.examination import Asked, Examined

_BINS = 10
_DIAL = tuple(step / 50 for step in range(50))
_EXAMPLES = 5  # of each confusion
_CONFUSIONS = 40
_STRANGE = 15  # questions on unknown matters that are shown


class Bin(Value, frozen=True, kw_only=True):
    """The answers whose confidence lies between `low` and `high`: how many, their mean confidence, and the
    share of them that is right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


class Mistaken(Value, frozen=True, kw_only=True):
    """A question that was mistaken: what was asked, how sure the wrong answer was, and the phrasings of the
    wrong and of the right intent that are nearest it."""

    text: str
    confidence: float
    cause: str | None = None
    missed: str | None = None


class Confusion(Value, frozen=True, kw_only=True):
    """An intent taken for another: how often, and by which questions, surest first."""

    expected: str
    got: str
    count: int
    examples: tuple[Mistaken, ...]


class Stranger(Value, frozen=True, kw_only=True):
    """A question that nothing should answer, and what it was taken for."""

    text: str
    got: str
    confidence: float


class Latency(Value, frozen=True, kw_only=True):
    """How long one text took alone, in milliseconds."""

    p50: float
    p95: float
    p99: float
    worst: float


class Findings(Value, frozen=True, kw_only=True):
    """The report.

    `wanted` is the precision that was asked for and `threshold` the lowest confidence that gives it (None:
    none does); `coverage` is the share of questions answered from there on, `strays` that of questions
    nothing should answer (None: there were none). `setting` is the point at the confidence now configured.
    """

    source: str
    method: str
    phrases: int
    intents: int
    questions: int
    accuracy: float
    wanted: float
    threshold: float | None
    coverage: float
    strays: float | None
    setting: DialPoint
    dial: tuple[DialPoint, ...]
    calibration: tuple[Bin, ...]
    calibration_error: float
    evaluation: Evaluation
    confusions: tuple[Confusion, ...]
    strangers: tuple[Stranger, ...]
    latency: Latency
    training_seconds: float
    clashes: tuple[Clash, ...]


class Subject(Value, frozen=True, kw_only=True):
    """What was examined: a name for it, how, its size, phrasings in several intents, the intents by which the bot
    politely refuses (to be taken for one is no answer), and the settings."""

    source: str
    method: str
    phrases: int
    intents: int
    clashes: tuple[Clash, ...]
    declined: frozenset[str] = frozenset()
    precision: float
    answer: float
    clarify: float


def find(subject: Subject, examined: Examined) -> Findings:
    """What `examined` shows. There must be at least one question with an intent."""
    asked, strangers = _sorted_out(examined, subject.declined)
    threshold = threshold_for(asked, subject.precision)
    point = dial_point(asked, strangers, threshold if threshold is not None else 1.01)
    bins = calibration(asked)
    total = max(sum(one.count for one in bins), 1)
    return Findings(
        source=subject.source,
        method=subject.method,
        phrases=subject.phrases,
        intents=subject.intents,
        questions=len(asked),
        accuracy=share(one.right for one in asked),
        wanted=subject.precision,
        threshold=threshold,
        coverage=point.answered,
        strays=point.strange if strangers else None,
        setting=dial_point(asked, strangers, subject.answer),
        dial=tuple(dial_point(asked, strangers, confidence) for confidence in _DIAL),
        calibration=bins,
        calibration_error=sum(one.count * abs(one.right - one.confidence) for one in bins) / total,
        evaluation=tally(
            [(one.question, one.ranking) for one in (*asked, *strangers)],
            answer=subject.answer,
            clarify=subject.clarify,
            declined=subject.declined,
        ),
        confusions=confusions(asked),
        strangers=_surest_strangers(strangers, subject.answer),
        latency=latency([one.seconds for one in (*asked, *strangers)]),
        training_seconds=max(examined.trainings, default=0.0),
        clashes=subject.clashes,
    )


def _sorted_out(examined: Examined, declined: frozenset[str]) -> tuple[list[Asked], list[Asked]]:
    """The questions that want an answer, and those that want none: of unknown matters, and of what the bot
    politely refuses. To be taken for a refusal is no answer."""
    asked = [one for one in examined.asked if one.question.intent not in declined]
    refused = [
        structs.replace(one, question=structs.replace(one.question, intent=None))
        for one in examined.asked
        if one.question.intent in declined
    ]
    strangers = [
        structs.replace(one, ranking=()) if one.got in declined else one for one in (*examined.strangers, *refused)
    ]
    return asked, strangers


def threshold_for(asked: Sequence[Asked], precision: float) -> float | None:
    """The lowest confidence from which on at least `precision` of the answers are right; None: there is none."""
    found, right = None, 0
    ordered = sorted(asked, key=lambda one: -one.confidence)
    for number, one in enumerate(ordered, 1):
        right += one.right
        last = number == len(ordered) or ordered[number].confidence < one.confidence
        if last and one.ranking and right / number >= precision:
            found = one.confidence
    return found


def dial_point(asked: Sequence[Asked], strangers: Sequence[Asked], confidence: float) -> DialPoint:
    """What answering from `confidence` on does to these questions."""
    answered = [one for one in asked if one.ranking and one.confidence >= confidence]
    return DialPoint(
        confidence=confidence,
        answered=len(answered) / max(len(asked), 1),
        right=share(one.right for one in answered) if answered else 1.0,
        strange=share(bool(one.ranking) and one.confidence >= confidence for one in strangers),
    )


def calibration(asked: Sequence[Asked]) -> tuple[Bin, ...]:
    """The answers by confidence, in tenths; those without any are left out."""
    found = []
    for number in range(_BINS):
        low, high = number / _BINS, (number + 1) / _BINS
        inside = [one for one in asked if one.ranking and min(int(one.confidence * _BINS), _BINS - 1) == number]
        if inside:
            mean = sum(one.confidence for one in inside) / len(inside)
            right = share(one.right for one in inside)
            found.append(Bin(low=low, high=high, count=len(inside), confidence=mean, right=right))
    return tuple(found)


def confusions(asked: Sequence[Asked]) -> tuple[Confusion, ...]:
    """The intents taken for others, commonest first."""
    groups: dict[tuple[str, str], list[Asked]] = {}
    for one in asked:
        if one.got is not None and not one.right:
            groups.setdefault((one.question.intent or "", one.got), []).append(one)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        Confusion(expected=expected, got=got, count=len(group), examples=_surest(group))
        for (expected, got), group in ordered[:_CONFUSIONS]
    )


def _surest(group: Sequence[Asked]) -> tuple[Mistaken, ...]:
    ordered = sorted(group, key=lambda one: -one.confidence)[:_EXAMPLES]
    return tuple(
        Mistaken(text=one.question.text, confidence=one.confidence, cause=one.cause, missed=one.missed)
        for one in ordered
    )


def _surest_strangers(strangers: Sequence[Asked], answer: float) -> tuple[Stranger, ...]:
    wrong = sorted((one for one in strangers if one.confidence >= answer), key=lambda one: -one.confidence)
    return tuple(
        Stranger(text=one.question.text, got=one.got or "", confidence=one.confidence) for one in wrong[:_STRANGE]
    )


def latency(seconds: Sequence[float]) -> Latency:
    """The distribution of `seconds`, of which there is at least one."""
    ordered = sorted(seconds)
    p50, p95, p99, worst = (
        round(ordered[min(int(part * len(ordered)), len(ordered) - 1)] * 1000, 3) for part in (0.5, 0.95, 0.99, 1.0)
    )
    return Latency(p50=p50, p95=p95, p99=p99, worst=worst)


def worst_intents(evaluation: Evaluation, most: int) -> list[tuple[str, Score]]:
    """The intents whose questions go wrong most often, worst first."""
    named = [(intent, score) for intent, score in evaluation.intents.items() if score.known > score.right]
    return sorted(named, key=lambda item: (item[1].accuracy, -item[1].known))[:most]


def share(flags: Iterable[bool]) -> float:
    """The share that is true, 0 of none."""
    listed = list(flags)
    return sum(listed) / len(listed) if listed else 0.0
