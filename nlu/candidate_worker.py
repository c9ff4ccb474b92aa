"""The trial process: phrases and texts come in by standard input, what two models say of the texts goes out.

Run as ``python -m nlu.candidate_worker``. Both models live and die with it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from gateway.embeddings_settings import Embeddings
from gateway.errors import FrontdeskError
from gateway.improving.candidates import Ranking, Trial
from gateway.learning import Phrase
from gateway.messages import Value
from nlu.normal import LIMIT, read
from nlu.processes import REFUSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlu.embeddings.joined import Encodes
    from nlu.features import Floats
    from nlu.model import Model

_AT_ONCE = 500


class CandidateTask(Value, frozen=True, kw_only=True):
    """What the process is given, as JSON; `stored` is the model in service, for the comparison."""

    phrases: tuple[Phrase, ...]
    labelled: tuple[Phrase, ...] = ()
    texts: tuple[str, ...] = ()
    stored: bytes | None = None
    embeddings: Embeddings | None = None
    vectors: str = ""


def work(source: BinaryIO, target: BinaryIO, complain: Callable[[str], object]) -> int:
    """Read a task, train, ask, write the Trial; the exit status."""
    task = msgspec.json.decode(source.read(), type=CandidateTask)
    try:
        # Imported here: whoever only makes tasks has no need of the learning side.
        from nlu.model import Model  # noqa: PLC0415
        from nlu.training import train  # noqa: PLC0415

        encoder = _encoder(task)
        learnt, report = train(0, task.phrases, task.labelled, encoder=encoder)
    except FrontdeskError as error:
        complain(f"{error}\n")
        return REFUSED
    trial = Trial(
        before=_before(task, encoder),
        after=_ranked(Model(learnt), task.texts, encoder),
        phrases=report.phrases,
        seconds=report.seconds,
    )
    target.write(msgspec.json.encode(trial))
    target.flush()
    return 0


def _encoder(task: CandidateTask) -> Encodes | None:
    """The encoder that the task names; it only reads what trainings kept."""
    if task.embeddings is None:
        return None
    from nlu.embeddings.cache import CachedEncoder  # noqa: PLC0415 — as above

    return CachedEncoder(task.embeddings, Path(task.vectors) if task.vectors else None, keeps=False)


def _before(task: CandidateTask, encoder: Encodes | None) -> tuple[Ranking, ...] | None:
    """What the stored model says; None where there is none, or none that this version reads."""
    from nlu.model import from_bytes  # noqa: PLC0415 — as above

    if task.stored is None:
        return None
    try:
        return _ranked(from_bytes(task.stored), task.texts, encoder)
    except FrontdeskError:
        return None


def _ranked(model: Model, texts: Sequence[str], encoder: Encodes | None) -> tuple[Ranking, ...]:
    ranked: list[Ranking] = []
    for begin in range(0, len(texts), _AT_ONCE):
        some = [text[:LIMIT] for text in texts[begin : begin + _AT_ONCE]]
        ranked += model.rank_all([read(text).words for text in some], _vectors(model, some, encoder))
    return tuple(ranked)


def _vectors(model: Model, texts: Sequence[str], encoder: Encodes | None) -> Floats | None:
    """The texts' vectors, where the model was taught with such; one that fails is done without, as in serving."""
    if encoder is None or model.joined is None:
        return None
    try:
        return encoder.vectors(texts) if encoder.fingerprint == model.joined.card.encoder else None
    except FrontdeskError:
        return None


if __name__ == "__main__":
    sys.exit(work(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.write))
