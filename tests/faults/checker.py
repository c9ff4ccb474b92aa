"""The judge: pure functions from an outsider's log to what was broken. It never looks into our database.

The only thing it takes the gateway's word for is the number of sends shown as `unknown` at `/metrics`: that
is the promise itself, that a send whose fate nobody knows is shown to people.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

import msgspec

from tests.faults.events import Acked, Answered, AnyEvent, Cut, Echo, How, Posted, Seen, Sent, read_echo, words

SETTLE_SECONDS = 5.0
"""How long after its answer a send may still be unrecorded: its process was cut within this time."""
REPORT_SECONDS = 1.0
"""How much later than it happened the end of a process may have been written down."""


class Rule(StrEnum):
    """What can be broken."""

    LOST = "lost"  # acknowledged, and neither sent nor shown as unknown
    TWICE = "twice"  # two turns for one message
    DISORDER = "disorder"  # out of order within a chat
    REPEATED = "repeated"  # sent again where the class of the channel does not allow it
    HIDDEN = "hidden"  # nobody knows its fate, and nobody is shown that
    SPREAD = "spread"  # more sends unknown than can have been under way
    INVENTED = "invented"  # sent, and nobody asked
    GAP = "gap"  # a transcript's numbers leave one out, or go back


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One broken promise and the ids to find it by."""

    rule: Rule
    what: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the log says. `repeats` are sends that were received again, `doubtful` those never answered;
    `longest_pause` is the longest time in seconds between a send and its repeat."""

    violations: tuple[Violation, ...]
    acked: int = 0
    sends: int = 0
    repeats: int = 0
    doubtful: int = 0
    unknown: int = 0
    kills: int = 0
    longest_pause: float = 0.0

    @property
    def rules(self) -> set[Rule]:
        """The kinds of broken promises."""
        return {violation.rule for violation in self.violations}


class _Try(msgspec.Struct, frozen=True, kw_only=True):
    sent: Sent
    echo: Echo
    answered: float | None


def check(events: Sequence[AnyEvent], *, unknown: int, resends: int, at_once: int) -> Verdict:
    """Judge a finished run.

    Args:
        events: the whole log, after everything has come to rest.
        unknown: sends that `/metrics` shows as unknown.
        resends: how often the policy lets one send be repeated (`resend_once`: 1, `never`: 0).
        at_once: how many sends one process may have under way.
    """
    cuts = [event for event in events if isinstance(event, Cut) and event.how is not How.STOPPED]
    tries = _tries(events)
    by_turn = _group(tries)
    missing = _acked(events) - {one.echo.update for one in tries}
    doubtful = [turn for turn, again in by_turn.items() if again[-1].answered is None]
    violations = [
        *_invented(events),
        *_lost(missing, doubtful, unknown),
        *_twice(tries),
        *_disorder(tries),
        *_repeated(by_turn, tries, cuts, resends),
    ]
    if unknown > len(cuts) * at_once:
        violations.append(Violation(rule=Rule.SPREAD, what=f"{unknown} unknown after {len(cuts)} interruptions"))
    pauses = [after.sent.at - before.sent.at for again in by_turn.values() for before, after in pairwise(again)]
    return Verdict(
        violations=tuple(violations),
        acked=len(_acked(events)),
        sends=len(tries),
        repeats=len(tries) - len(by_turn),
        doubtful=len(doubtful),
        unknown=unknown,
        kills=len(cuts),
        longest_pause=max(pauses, default=0.0),
    )


def check_transcripts(events: Sequence[AnyEvent]) -> list[Violation]:
    """What web-chat visitors must never see, who read on from the last number they hold: a number left out or
    given twice, their own words missing or there twice, no answer, or the answers of two turns."""
    violations = []
    last: defaultdict[int, int] = defaultdict(int)
    turns: defaultdict[str, set[str]] = defaultdict(set)
    heard: Counter[str] = Counter()
    for event in events:
        if not isinstance(event, Seen):
            continue
        if event.seq != last[event.conversation] + 1:
            what = f"conversation {event.conversation}: {event.seq} after {last[event.conversation]}"
            violations.append(Violation(rule=Rule.GAP, what=what))
        last[event.conversation] = event.seq
        said, mark, turn = event.text.partition("#")
        if mark:
            turns[said].add(turn)
        else:
            heard[said] += 1
    posted = {event.update: words(event.chat, event.n, event.update) for event in events if isinstance(event, Posted)}
    for update in sorted(_acked(events)):
        said = posted[update]
        if not heard[said] or not turns[said]:
            violations.append(Violation(rule=Rule.LOST, what=f"web chat {said}"))
        if heard[said] > 1 or len(turns[said]) > 1:
            violations.append(Violation(rule=Rule.TWICE, what=f"web chat {said}"))
    return violations


# --- reading the log -------------------------------------------------------------------------


def _acked(events: Iterable[AnyEvent]) -> set[int]:
    return {event.update for event in events if isinstance(event, Acked)}


def _tries(events: Iterable[AnyEvent]) -> list[_Try]:
    """What was sent, in order, as far as it answers somebody; the rest is `_invented`."""
    events = list(events)
    answered = {event.send: event.at for event in events if isinstance(event, Answered)}
    return [
        _Try(sent=event, echo=echo, answered=answered.get(event.send))
        for event in events
        if isinstance(event, Sent) and (echo := read_echo(event.text))
    ]


def _group(tries: Iterable[_Try]) -> Mapping[str, list[_Try]]:
    """The tries of each turn's answer, in order."""
    groups: defaultdict[str, list[_Try]] = defaultdict(list)
    for one in tries:
        groups[one.echo.turn].append(one)
    return groups


# --- rules -----------------------------------------------------------------------------------


def _invented(events: Iterable[AnyEvent]) -> list[Violation]:
    """Answers to nothing that was ever posted, in another chat than it was posted in, or in other words."""
    posted: dict[int, tuple[int, int]] = {}
    violations = []
    for event in events:
        if isinstance(event, Posted):
            posted[event.update] = (event.chat, event.n)
        elif isinstance(event, Sent):
            echo = read_echo(event.text)
            if echo is None or posted.get(echo.update) != (event.chat, echo.n):
                violations.append(Violation(rule=Rule.INVENTED, what=f"send {event.send} to chat {event.chat}"))
    return violations


def _lost(missing: set[int], doubtful: Sequence[str], unknown: int) -> list[Violation]:
    """A message that was never sent must be one of those shown as unknown, beside those that certainly are."""
    if unknown < len(doubtful):
        what = f"{len(doubtful)} sends were never answered, {unknown} are shown as unknown"
        return [Violation(rule=Rule.HIDDEN, what=what)]
    if len(missing) > unknown - len(doubtful):
        return [Violation(rule=Rule.LOST, what=f"update {update}") for update in sorted(missing)]
    return []


def _twice(tries: Iterable[_Try]) -> list[Violation]:
    turns: defaultdict[int, set[str]] = defaultdict(set)
    for one in tries:
        turns[one.echo.update].add(one.echo.turn)
    return [
        Violation(rule=Rule.TWICE, what=f"update {update}: {len(marks)} turns")
        for update, marks in turns.items()
        if len(marks) > 1
    ]


def _disorder(tries: Iterable[_Try]) -> list[Violation]:
    """Numbers of a chat never go back; a repeat comes before what follows it."""
    violations = []
    newest: dict[int, int] = {}
    for one in tries:
        chat, n = one.sent.chat, one.echo.n
        if n < newest.get(chat, 0):
            violations.append(Violation(rule=Rule.DISORDER, what=f"chat {chat}: {n} after {newest[chat]}"))
        newest[chat] = max(n, newest.get(chat, 0))
    return violations


def _repeated(
    by_turn: Mapping[str, list[_Try]], tries: Sequence[_Try], cuts: Sequence[Cut], resends: int
) -> list[Violation]:
    """A repeat needs an interruption that caught the try before it under way, and only so many are allowed."""
    violations = []
    following = _following(tries)
    for again in by_turn.values():
        name = f"update {again[0].echo.update}"
        if len(again) > 1 + resends:
            what = f"{name}: sent {len(again)} times, {1 + resends} are allowed"
            violations.append(Violation(rule=Rule.REPEATED, what=what))
            continue
        for before, after in pairwise(again):
            if not any(_caught(cut, before, after, following.get(before.sent.send)) for cut in cuts):
                what = f"{name}: sent again though nothing interrupted send {before.sent.send}"
                violations.append(Violation(rule=Rule.REPEATED, what=what))
    return violations


def _following(tries: Sequence[_Try]) -> dict[int, float]:
    """For each send, when the same process sent the next one to the same chat."""
    following: dict[int, float] = {}
    latest: dict[tuple[int, int], int] = {}
    for one in tries:
        key = (one.sent.life, one.sent.chat)
        if key in latest:
            following[latest[key]] = one.sent.at
        latest[key] = one.sent.send
    return following


def _caught(cut: Cut, before: _Try, after: _Try, next_at: float | None) -> bool:
    """Whether `cut` found `before` under way: not answered or not yet recorded, and so the last of its chat."""
    if cut.life != before.sent.life or not before.sent.at - REPORT_SECONDS <= cut.at <= after.sent.at:
        return False
    if next_at is not None and next_at < cut.at and next_at < after.sent.at:
        return False
    return before.answered is None or before.answered > cut.at - SETTLE_SECONDS - REPORT_SECONDS
