"""The training process: a task comes in by standard input, a model goes out by standard output.

Run as ``python -m nlu.worker``. A process of its own so that training neither blocks the event loop nor
leaves its libraries and memory behind, and can be killed.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from gateway.embeddings_settings import Embeddings
from gateway.errors import FrontdeskError
from gateway.learning import Phrase, TrainingReport
from gateway.messages import Value
from nlu.processes import REFUSED


class Task(Value, frozen=True, kw_only=True):
    """What the process is given, as JSON; with `embeddings` a classifier that also looks at sentence vectors is
    taught, and vectors of phrases are kept in the folder `vectors` (empty: not at all)."""

    revision: int
    phrases: tuple[Phrase, ...]
    labelled: tuple[Phrase, ...] = ()
    embeddings: Embeddings | None = None
    vectors: str = ""


def encode_result(report: TrainingReport, arrays: bytes) -> bytes:
    """The report's JSON in one line, then the model."""
    return msgspec.json.encode(report) + b"\n" + arrays


def decode_result(data: bytes) -> tuple[TrainingReport, bytes]:
    """The inverse of `encode_result`. Raises FrontdeskError on anything else."""
    line, _, arrays = data.partition(b"\n")
    try:
        return msgspec.json.decode(line, type=TrainingReport), arrays
    except msgspec.MsgspecError as error:
        raise FrontdeskError("the training process gave no model") from error


def work(source: BinaryIO, target: BinaryIO, complain: Callable[[str], object]) -> int:
    """Read a task, train, write the result; the exit status."""
    task = msgspec.json.decode(source.read(), type=Task)
    try:
        # Imported here: whoever only reads results (`nlu.trainer`) has no need of the learning side.
        from nlu.model import to_bytes  # noqa: PLC0415
        from nlu.training import train  # noqa: PLC0415

        encoder = None
        if task.embeddings:
            from nlu.embeddings.cache import CachedEncoder  # noqa: PLC0415

            encoder = CachedEncoder(task.embeddings, Path(task.vectors) if task.vectors else None)
        learnt, report = train(task.revision, task.phrases, task.labelled, encoder=encoder)
    except FrontdeskError as error:
        complain(f"{error}\n")
        return REFUSED
    target.write(encode_result(report, to_bytes(learnt)))
    target.flush()
    return 0


if __name__ == "__main__":
    gc.disable()  # a training makes millions of things, none in a circle: to look for circles is a tenth of its time
    sys.exit(work(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.write))
