"""Sentence vectors of training phrases, kept between trainings: most phrases of a publication were there before."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gateway.embeddings_settings import Embeddings
from nlu.embeddings.encoder import open_encoder
from nlu.embeddings.joined import Encodes
from nlu.features import Floats

_PORTION = 500
"""Phrases after which what was reckoned so far is kept: a training that is stopped has not begun in vain."""


class CachedEncoder:
    """An encoder that is loaded when it is first asked, and remembers by text.

    What is kept is hashes of texts and their vectors, in a file named by the model's fingerprint. Only what a
    training used stays: a message that was erased is forgotten with the next one.

    Args:
        settings: name the model.
        folder: where vectors are kept; None: only while we live.
        keeps: whether to write there; a trial only reads.
        open_: loads the model.
    """

    def __init__(
        self,
        settings: Embeddings,
        folder: Path | None,
        *,
        keeps: bool = True,
        open_: Callable[[Embeddings], Encodes] = open_encoder,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._keeps = keeps and folder is not None
        self._open = open_
        self._encoder: Encodes | None = None
        self._known: dict[bytes, Floats] = {}

    @property
    def fingerprint(self) -> str:
        """That of the model. Raises FrontdeskError where it cannot be loaded."""
        return self._opened().fingerprint

    def vectors(self, texts: Sequence[str]) -> Floats:
        """See `Encodes.vectors`."""
        encoder = self._opened()
        asked = {_key(text): text for text in texts}
        missing = [(key, text) for key, text in asked.items() if key not in self._known]
        for begin in range(0, len(missing), _PORTION):
            some = missing[begin : begin + _PORTION]
            # Rounded as they are kept, so that a training gives the same with and without.
            found = encoder.vectors([text for _, text in some]).astype(np.float16).astype(np.float32)
            self._known |= zip([key for key, _ in some], found, strict=True)
            if self._keeps and begin + _PORTION < len(missing):
                self._write(self._known)
        if self._keeps:
            self._write({key: self._known[key] for key in asked})
        return np.array([self._known[_key(text)] for text in texts], np.float32)

    def _opened(self) -> Encodes:
        if self._encoder is None:
            self._encoder = self._open(self._settings)
            self._known = self._read()
        return self._encoder

    def _path(self) -> Path:
        assert self._folder is not None
        return self._folder / f"{self.fingerprint}.npz"

    def _read(self) -> dict[bytes, Floats]:
        if self._folder is None:
            return {}
        try:
            with np.load(io.BytesIO(self._path().read_bytes()), allow_pickle=False) as kept:
                keys, vectors = kept["keys"], kept["vectors"].astype(np.float32)
            return dict(zip([key.tobytes() for key in keys], vectors, strict=True))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}  # not there or cut short: they are reckoned anew

    def _write(self, kept: dict[bytes, Floats]) -> None:
        """Only a time-saver: where it cannot be written, nothing is lost."""
        path = self._path()
        keys = np.frombuffer(b"".join(kept), np.uint8).reshape(len(kept), -1)
        temporary = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, keys=keys, vectors=np.array(list(kept.values()), np.float16))
            temporary.replace(path)
            for other in path.parent.glob("*.npz"):
                if other != path:
                    other.unlink(missing_ok=True)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
