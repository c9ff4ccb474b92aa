"""Sentence vectors from an ONNX model, on the processor: no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.embeddings_settings import Embeddings
from gateway.errors import FrontdeskError
from nlu.embeddings.folder import Folder, locate, missing_extra, read_folder
from nlu.features import Floats
from nlu.normal import LIMIT

_SENTENCE = "sentence_embedding"
"""The name that exporters give to an output that is the finished vector."""
_FED = ("input_ids", "attention_mask", "token_type_ids")


class Encoder:
    """A loaded model. Its vectors do not depend on what else is asked: each text goes through alone (what a model
    of 8-bit numbers says of texts in a batch depends on all of them). May be used by several threads.

    Args:
        folder: where the model is.
        threads: that one text is spread over.
        prefix: what is put before each text.

    Raises FrontdeskError where the model cannot be loaded or is of a kind that is not supported.
    """

    def __init__(self, folder: Folder, *, threads: int = 1, prefix: str = "") -> None:
        self._folder = folder
        self._prefix = prefix
        self._tokenizer = _tokenizer(folder)
        self._session = _session(folder, threads)
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._output, self._pooled = self._choose_output()
        self.fingerprint = folder.fingerprint(prefix)
        """The same for the same model, prefix and way of reading."""
        self.width = len(self._vector("?"))
        """Numbers in a vector."""

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One row of length one for each text, of zeros where nothing of it is left. Raises FrontdeskError."""
        found = np.empty((len(texts), self.width), np.float32)
        for row, text in enumerate(texts):
            found[row] = self._vector(text)
        return found

    def _vector(self, text: str) -> Floats:
        ids = self._tokenizer.encode(self._prefix + " ".join(text[:LIMIT].split())).ids
        if not ids:
            return np.zeros(self.width, np.float32)
        tokens = np.array([ids], np.int64)
        known = dict(zip(_FED, (tokens, np.ones_like(tokens), np.zeros_like(tokens)), strict=True))
        try:
            [given] = self._session.run([self._output], {name: known[name] for name in self._inputs})
        except Exception as error:  # the library's errors have no common ancestor
            raise FrontdeskError(f"{self._folder.graph} does not work: {_reason(error)}") from error
        result = given[0] if self._pooled else given[0][0] if self._folder.first else given[0].mean(0)
        length = float(np.linalg.norm(result))
        if not 0 < length < np.inf:
            raise FrontdeskError(f"{self._folder.graph} gives no vector of a text")
        vector: Floats = (result / length).astype(np.float32)
        return vector

    def _choose_output(self) -> tuple[str, bool]:
        """The output to read, and whether it is the finished vector."""
        strange = sorted(set(self._inputs) - set(_FED))
        if strange:
            raise FrontdeskError(f"{self._folder.graph} wants {', '.join(strange)}: it is no model of sentences")
        sizes = {one.name: len(one.shape) for one in self._session.get_outputs()}
        if _SENTENCE in sizes:
            return _SENTENCE, True
        if self._folder.dense:
            raise FrontdeskError(
                f"{self._folder.graph} lacks the model's last layer; export it with sentence-transformers, or take "
                "another model"
            )
        for wanted, pooled in ((3, False), (2, True)):
            for name, size in sizes.items():
                if size == wanted:
                    return name, pooled
        raise FrontdeskError(f"{self._folder.graph} has no output that is a vector: it is no model of sentences")


def open_encoder(settings: Embeddings) -> Encoder:
    """The encoder that the settings name. Raises FrontdeskError with the remedy."""
    folder = read_folder(locate(settings), settings.file)
    return Encoder(folder, threads=settings.threads, prefix=settings.prefix)


def _tokenizer(folder: Folder) -> Any:
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415 — of the extra
    except ImportError as error:
        raise missing_extra(error) from error
    try:
        tokenizer = Tokenizer.from_file(str(folder.tokenizer))
    except Exception as error:  # it raises no other
        raise FrontdeskError(f"{folder.tokenizer} cannot be read: {_reason(error)}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(folder.length)
    return tokenizer


def _session(folder: Folder, threads: int) -> Any:
    try:
        import onnxruntime  # type: ignore[import-untyped]  # noqa: PLC0415 — of the extra
    except ImportError as error:
        raise missing_extra(error) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # what is wrong is told by the exception
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads are others' time
    try:
        return onnxruntime.InferenceSession(str(folder.graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        raise FrontdeskError(
            f"{folder.graph} cannot be loaded, it may be cut short; put it there again ({_reason(error)})"
        ) from error


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
