"""The trial process: phrases and texts come in by standard input, what two models say of the texts goes out.

Run as ``python -m nlu.candidate_worker``. Both models live and die with it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from gateway.errors import FrontdeskError
from gateway.improving.candidates import Ranking, Trial
from gateway.learning import Phrase
from gateway.messages import Value
from nlu.normal import LIMIT, read
from nlu.processes import REFUSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlu.model import Model

_AT_ONCE = 500


class CandidateTask(Value, frozen=True, kw_only=True):
    """What the process is given, as JSON; `stored` is the model in service, for the comparison."""

    phrases: tuple[Phrase, ...]
    labelled: tuple[Phrase, ...] = ()
    texts: tuple[str, ...] = ()
    stored: bytes | None = None


def work(source: BinaryIO, target: BinaryIO, complain: Callable[[str], object]) -> int:
    """Read a task, train, ask, write the Trial; the exit status."""
    task = msgspec.json.decode(source.read(), type=CandidateTask)
    try:
        # Imported here: whoever only makes tasks has no need of the learning side.
        from nlu.model import Model  # noqa: PLC0415
        from nlu.training import train  # noqa: PLC0415

        learnt, report = train(0, task.phrases, task.labelled)
    except FrontdeskError as error:
        complain(f"{error}\n")
        return REFUSED
    trial = Trial(
        before=_before(task),
        after=_ranked(Model(learnt), task.texts),
        phrases=report.phrases,
        seconds=report.seconds,
    )
    target.write(msgspec.json.encode(trial))
    target.flush()
    return 0


def _before(task: CandidateTask) -> tuple[Ranking, ...] | None:
    """What the stored model says; None where there is none, or none that this version reads."""
    from nlu.model import from_bytes  # noqa: PLC0415 — as above

    if task.stored is None:
        return None
    try:
        return _ranked(from_bytes(task.stored), task.texts)
    except FrontdeskError:
        return None


def _ranked(model: Model, texts: Sequence[str]) -> tuple[Ranking, ...]:
    ranked: list[Ranking] = []
    for begin in range(0, len(texts), _AT_ONCE):
        some = [read(text[:LIMIT]).words for text in texts[begin : begin + _AT_ONCE]]
        ranked += model.rank_all(some)
    return tuple(ranked)


if __name__ == "__main__":
    sys.exit(work(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.write))
