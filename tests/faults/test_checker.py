"""The checker's rules, each met and each broken by a few lines of log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.checker import Rule, check, check_transcripts
from tests.faults.events import Acked, Answered, AnyEvent, Cut, How, Logbook, Posted, Seen, Sent, words


class Story:
    """A log in the making; each line happens a tenth of a second after the one before."""

    def __init__(self) -> None:
        self.log: list[AnyEvent] = []
        self._sends = 0

    @property
    def at(self) -> float:
        return len(self.log) / 10

    def told(self, update: int, n: int | None = None, *, acked: bool = True) -> Story:
        self.log.append(Posted(at=self.at, update=update, chat=7, n=n or update))
        if acked:
            self.log.append(Acked(at=self.at, update=update))
        return self

    def sent(
        self, update: int, turn: str = "t", n: int | None = None, *, life: int = 1, answered: bool = True
    ) -> Story:
        self._sends += 1
        text = f"{words(7, n or update, update)}#{turn}{update}"
        self.log.append(Sent(at=self.at, send=self._sends, life=life, chat=7, text=text))
        if answered:
            self.log.append(Answered(at=self.at, send=self._sends))
        return self

    def cut(self, life: int = 1, how: How = How.KILLED) -> Story:
        self.log.append(Cut(at=self.at, life=life, how=how))
        return self

    def later(self, seconds: float) -> Story:
        self.log.extend([Cut(at=self.at, life=99, how=How.STOPPED)] * int(seconds * 10))
        return self


def judge(story: Story, *, unknown: int = 0, resends: int = 1) -> set[Rule]:
    return check(story.log, unknown=unknown, resends=resends, at_once=8).rules


@pytest.mark.parametrize(
    ("story", "unknown"),
    [
        (Story().told(1).told(2).sent(1).sent(2), 0),
        (Story().told(1, acked=False), 0),
        (Story().told(1, acked=False).sent(1), 0),
        (Story().told(1).told(1).sent(1), 0),
        (Story().told(1).sent(1, answered=False).cut().sent(1, life=2), 0),
        (Story().told(1).sent(1).cut().sent(1, life=2), 0),
        (Story().told(1).sent(1, answered=False).cut(how=How.STALLED).sent(1, life=2), 0),
        (Story().told(1).sent(1, answered=False).cut(), 1),
        (Story().told(1).cut().cut(2), 1),
    ],
)
def test_what_is_allowed(story: Story, unknown: int) -> None:
    assert judge(story, unknown=unknown) == set()


@pytest.mark.parametrize(
    ("story", "unknown", "rule"),
    [
        (Story().told(1), 0, Rule.LOST),
        (Story().told(1).told(2).sent(2, answered=False).cut(), 1, Rule.LOST),
        (Story().told(1).sent(1, "a").sent(1, "b"), 0, Rule.TWICE),
        (Story().told(1).told(2).sent(2).sent(1), 0, Rule.DISORDER),
        (Story().told(1).told(2).sent(1).sent(2).cut().sent(1, life=2), 0, Rule.DISORDER),
        (Story().told(1).sent(1).sent(1), 0, Rule.REPEATED),
        (Story().told(1).sent(1).cut(how=How.STOPPED).sent(1, life=2), 0, Rule.REPEATED),
        (Story().told(1).sent(1).cut(2).sent(1, life=2), 0, Rule.REPEATED),
        (Story().told(1).sent(1).later(7).cut().sent(1, life=2), 0, Rule.REPEATED),
        (Story().told(1).sent(1).cut().sent(1, life=2).cut(2).sent(1, life=3), 0, Rule.REPEATED),
        (Story().told(1).sent(1, answered=False).cut(), 0, Rule.HIDDEN),
        (Story().told(1).sent(1), 1, Rule.SPREAD),
        (Story().sent(1), 0, Rule.INVENTED),
        (Story().told(1, 1).sent(1, n=2), 0, Rule.INVENTED),
    ],
)
def test_what_is_not(story: Story, unknown: int, rule: Rule) -> None:
    assert rule in judge(story, unknown=unknown)


def test_where_the_policy_is_never_one_repeat_is_too_many() -> None:
    story = Story().told(1).sent(1, answered=False).cut().sent(1, life=2)
    assert judge(story, resends=0) == {Rule.REPEATED}


def seen(seq: int, text: str, conversation: int = 1) -> Seen:
    return Seen(conversation=conversation, seq=seq, author="", text=text)


POSTED: list[AnyEvent] = [Posted(update=1, chat=7, n=1), Acked(update=1)]


@pytest.mark.parametrize(
    ("transcript", "rules"),
    [
        ([seen(1, "7.1.1"), seen(2, "7.1.1#a")], set()),
        ([seen(1, "7.1.1"), seen(3, "7.1.1#a")], {Rule.GAP}),
        ([seen(2, "7.1.1"), seen(1, "7.1.1#a")], {Rule.GAP}),
        ([seen(1, "7.1.1")], {Rule.LOST}),
        ([], {Rule.LOST}),
        ([seen(1, "7.1.1"), seen(2, "7.1.1#a"), seen(3, "7.1.1#b")], {Rule.TWICE}),
        ([seen(1, "7.1.1"), seen(2, "7.1.1#a"), seen(3, "7.1.1")], {Rule.TWICE}),
    ],
)
def test_transcripts(transcript: list[AnyEvent], rules: set[Rule]) -> None:
    assert {violation.rule for violation in check_transcripts([*POSTED, *transcript])} == rules


def test_a_logbook_gives_back_what_was_written(tmp_path: Path) -> None:
    log = Logbook(tmp_path / "log.jsonl")
    written = Story().told(1).sent(1).cut().log
    for event in written:
        log.write(event)
    assert log.read() == written
    log.close()
