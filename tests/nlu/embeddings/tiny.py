"""A language model of a few hundred bytes: it knows some words and which of them mean the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

from gateway.embeddings_settings import Embeddings
from nlu.embeddings.encoder import Encoder
from nlu.embeddings.folder import read_folder
from tests.nlu.samples import PHRASES

WIDTH = 64
SAME = (
    ("parcel", "consignment", "вантаж"),
    ("price", "fee", "expense"),
    ("pay", "settle"),
    ("person", "someone"),
)
"""Words with one vector. Of each the first is in the shop's phrasings; the others are in none."""


def write_model(folder: Path, *, seed: int = 0, output: str = "last_hidden_state", **files: object) -> Path:
    """Write a model's folder; `files` go beside, as JSON, with `__` for `/`: `sentence_bert_config={…}`."""
    words = sorted({word for phrase in PHRASES for word in re.findall(r"\w+", phrase.text.lower())})
    words = ["[UNK]", *dict.fromkeys([*words, *(word for same in SAME for word in same)])]
    numbers = {word: number for number, word in enumerate(words)}
    table = np.random.default_rng(seed).standard_normal((len(words), WIDTH)).astype(np.float32)
    for first, *others in SAME:
        for other in others:
            table[numbers[other]] = table[numbers[first]]
    tokenizer = Tokenizer(WordLevel(numbers, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()  # type: ignore[assignment]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    save(graph(table, output), folder / "model.onnx")
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    return folder


def graph(table: Any, output: str = "last_hidden_state", wanted: str = "input_ids") -> Any:
    """An ONNX model that looks each token up; as `sentence_embedding` the mean of a text's."""
    looked = [helper.make_node("Gather", ["table", wanted], ["looked"])]
    shape: list[str | int] = ["batch", "length", table.shape[1]]
    if output == "sentence_embedding":
        looked.append(helper.make_node("ReduceMean", ["looked"], [output], axes=[1], keepdims=0))
        shape.pop(1)
    else:
        looked.append(helper.make_node("Identity", ["looked"], [output]))
    given = [helper.make_tensor_value_info(wanted, TensorProto.INT64, ["batch", "length"])]
    told = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    made = helper.make_graph(looked, "tiny", given, told, [numpy_helper.from_array(table, "table")])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def encoder(folder: Path, prefix: str = "") -> Encoder:
    """The model in the folder, loaded."""
    return Encoder(read_folder(folder), prefix=prefix)


def settings(folder: Path, **fields: Any) -> Embeddings:
    """Settings that name the folder."""
    return Embeddings(model=str(folder), **fields)
