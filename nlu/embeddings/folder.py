"""A model's folder as sentence-transformers lay it out: which files there are, and what is to be done with a text.

https://www.sbert.net/docs/package_reference/sentence_transformer/models.html
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec

from gateway.embeddings_settings import Embeddings
from gateway.errors import FrontdeskError
from gateway.messages import Value

FILES = ("model.onnx", "onnx/model.onnx")
TOKENIZER, MODULES, LENGTHS, POOLING = (
    "tokenizer.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
)
LONGEST = 256
"""Tokens of a text that are looked at, at most: a question is told in fewer, and time grows faster than length."""


class Folder(Value, frozen=True, kw_only=True):
    """What is in the folder. `first` says that a text's vector is that of its first token, else the mean of all;
    `dense` that the model has a layer after that, which only a graph with the whole model has."""

    graph: Path
    tokenizer: Path
    length: int
    first: bool = False
    dense: bool = False

    def fingerprint(self, prefix: str) -> str:
        """The same for the same files, way of reading and prefix."""
        digest = hashlib.sha256(f"{self.length} {self.first} {prefix}".encode())
        for path in (*sorted(self.graph.parent.glob(f"{self.graph.name}*")), self.tokenizer):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()[:32]


class _Module(msgspec.Struct):
    type: str = ""


class _Lengths(msgspec.Struct):
    max_seq_length: int = LONGEST


class _Pooling(msgspec.Struct):
    pooling_mode_cls_token: bool = False
    pooling_mode_mean_tokens: bool = True


def read_folder(path: Path, file: str = "") -> Folder:
    """What is in the folder at `path`; `file` names the graph in it, empty: the usual one.

    Raises FrontdeskError naming what is missing, cannot be read, or is not supported.
    """
    graph = next((path / name for name in ([file] if file else FILES) if (path / name).is_file()), None)
    if graph is None:
        raise FrontdeskError(
            f"{path} has no {file or FILES[0]}; put the model's ONNX file there, or mend embeddings.file"
        )
    if not (path / TOKENIZER).is_file():
        raise FrontdeskError(f"{path} has no {TOKENIZER}; put the model's there")
    modules = _read(path / MODULES, list[_Module]) or []
    pooling = _read(path / POOLING, _Pooling) or _Pooling()
    lengths = _read(path / LENGTHS, _Lengths) or _Lengths()
    if not pooling.pooling_mode_cls_token and not pooling.pooling_mode_mean_tokens:
        raise FrontdeskError(f"{path / POOLING}: this pooling is not supported (the mean or the first token is)")
    return Folder(
        graph=graph,
        tokenizer=path / TOKENIZER,
        length=max(min(lengths.max_seq_length, LONGEST), 8),
        first=pooling.pooling_mode_cls_token,
        dense=any(module.type.endswith(".Dense") for module in modules),
    )


def locate(settings: Embeddings) -> Path:
    """The model's folder: on disk, or fetched once from the hub where a name of it is given.

    Raises FrontdeskError with the remedy.
    """
    given = settings.model
    if not given:
        raise FrontdeskError("embeddings.model is empty; name a folder, or a model on the Hugging Face hub")
    path = Path(given).expanduser()
    if path.is_dir():
        return path
    if given.startswith((".", "/", "~")) or given.count("/") != 1:
        raise FrontdeskError(f"there is no folder {path}; mend embeddings.model")
    return _fetch(given, settings.file)


def _fetch(name: str, file: str) -> Path:
    """Where huggingface_hub keeps the model `name`; fetched where it is not there yet."""
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 — only who names a hub's model needs it
    except ImportError as error:
        raise missing_extra(error) from error
    graphs = [f"{one}*" for one in ([file] if file else FILES[1:])]
    wanted = [TOKENIZER, MODULES, LENGTHS, POOLING, *graphs]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
    except (OSError, ValueError):  # not there yet; the library's own errors are among these
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except Exception as error:  # whatever a network can do, through three libraries
        raise FrontdeskError(
            f"there is no folder {name}, and the hub's model of that name cannot be fetched "
            f"({type(error).__name__}); mend embeddings.model, or put the model into a folder"
        ) from error


def missing_extra(error: ImportError) -> FrontdeskError:
    """What to say where a library of the extra is not there."""
    return FrontdeskError(
        f"{error.name} is not installed, which sentence vectors need: pip install '.[embeddings]' in Frontdesk's folder"
    )


ReadT = TypeVar("ReadT")


def _read(path: Path, type_: type[ReadT]) -> ReadT | None:
    """What is in a JSON file; None where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise FrontdeskError(f"{path} cannot be read: {error}") from error
