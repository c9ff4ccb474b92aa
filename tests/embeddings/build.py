"""Makes an ONNX sentence encoder of a BERT's safetensors: `python tests/embeddings/build.py FROM TO`.

The graph is the encoder of Devlin et al. 2019 (https://arxiv.org/abs/1810.04805) as the weights' names tell it, up to
the last layer's vectors; its weights become whole numbers of 8 bits (onnxruntime's dynamic quantization): 90 MB
become 23.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper, save
from onnxruntime.quantization import QuantType, quantize_dynamic

OPSET = 17
BESIDE = ("tokenizer.json", "config.json", "sentence_bert_config.json", "modules.json", "1_Pooling/config.json")
"""What an encoder's folder has beside the graph."""

Weights = Mapping[str, NDArray[np.float32]]


def read_safetensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """The float tensors in a file. Format: https://github.com/huggingface/safetensors#format"""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    found = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = (8 + size + place for place in entry["data_offsets"])
        found[name] = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
    return found


class Graph:
    """Nodes in the order in which they are computed; each method gives the name of what it adds."""

    def __init__(self, weights: Weights, config: Mapping[str, int]) -> None:
        self._weights = weights
        self._config = config
        self._nodes: list[object] = []
        self._constants: dict[str, NDArray[np.generic]] = {}

    def encoder(self) -> object:
        """The whole model."""
        hidden = self._embeddings()
        mask = self._node("Cast", ["attention_mask"], to=TensorProto.FLOAT)
        mask = self._node("Unsqueeze", [mask, self._constant("axes", np.array([1, 2]))])
        away = self._node("Sub", [self._constant("one", np.float32(1)), mask])
        away = self._node("Mul", [away, self._constant("never", np.float32(-1e4))])
        for number in range(self._config["num_hidden_layers"]):
            hidden = self._layer(f"encoder.layer.{number}", hidden, away)
        self._nodes.append(helper.make_node("Identity", [hidden], ["last_hidden_state"]))
        names = ("input_ids", "attention_mask", "token_type_ids")
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]
        shape = ["batch", "length", self._config["hidden_size"]]
        outputs = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape)]
        constants = [numpy_helper.from_array(value, name) for name, value in self._constants.items()]
        graph = helper.make_graph(self._nodes, "encoder", inputs, outputs, constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)

    def _embeddings(self) -> str:
        length = self._node("Shape", ["input_ids"], start=1, end=2)
        places = self._constant("places", np.arange(self._config["max_position_embeddings"]))
        places = self._node("Slice", [places, self._constant("begin", np.array([0])), length])
        words = self._node("Gather", [self._weight("embeddings.word_embeddings.weight"), "input_ids"])
        kinds = self._node("Gather", [self._weight("embeddings.token_type_embeddings.weight"), "token_type_ids"])
        where = self._node("Gather", [self._weight("embeddings.position_embeddings.weight"), places])
        total = self._node("Add", [self._node("Add", [words, kinds]), where])
        return self._normal("embeddings.LayerNorm", total)

    def _layer(self, name: str, hidden: str, away: str) -> str:
        heads = self._config["num_attention_heads"]
        width = self._config["hidden_size"] // heads
        parted = self._constant("parted", np.array([0, 0, heads, width]))
        query, key, value = (
            self._node("Reshape", [self._linear(f"{name}.attention.self.{part}", hidden), parted])
            for part in ("query", "key", "value")
        )
        query = self._node("Transpose", [query], perm=[0, 2, 1, 3])
        key = self._node("Transpose", [key], perm=[0, 2, 3, 1])
        value = self._node("Transpose", [value], perm=[0, 2, 1, 3])
        scores = self._node("MatMul", [query, key])
        scores = self._node("Mul", [scores, self._constant("scale", np.float32(1 / math.sqrt(width)))])
        shares = self._node("Softmax", [self._node("Add", [scores, away])], axis=-1)
        seen = self._node("Transpose", [self._node("MatMul", [shares, value])], perm=[0, 2, 1, 3])
        seen = self._node("Reshape", [seen, self._constant("joined", np.array([0, 0, -1]))])
        seen = self._linear(f"{name}.attention.output.dense", seen)
        hidden = self._normal(f"{name}.attention.output.LayerNorm", self._node("Add", [seen, hidden]))
        inner = self._gelu(self._linear(f"{name}.intermediate.dense", hidden))
        outer = self._linear(f"{name}.output.dense", inner)
        return self._normal(f"{name}.output.LayerNorm", self._node("Add", [outer, hidden]))

    def _linear(self, name: str, given: str) -> str:
        turned = self._constant(f"{name}.turned", np.ascontiguousarray(self._weights[f"{name}.weight"].T))
        return self._node("Add", [self._node("MatMul", [given, turned]), self._weight(f"{name}.bias")])

    def _gelu(self, given: str) -> str:
        root = self._node("Mul", [given, self._constant("root", np.float32(math.sqrt(0.5)))])
        above = self._node("Add", [self._node("Erf", [root]), self._constant("one", np.float32(1))])
        return self._node("Mul", [self._node("Mul", [given, above]), self._constant("half", np.float32(0.5))])

    def _normal(self, name: str, given: str) -> str:
        inputs = [given, self._weight(f"{name}.weight"), self._weight(f"{name}.bias")]
        return self._node("LayerNormalization", inputs, axis=-1, epsilon=1e-12)

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _constant(self, name: str, value: NDArray[np.generic] | np.float32) -> str:
        self._constants[name] = np.asarray(value)
        return name

    def _node(self, kind: str, inputs: Sequence[str], **attributes: object) -> str:
        output = f"{kind}.{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def build(source: Path, target: Path) -> None:
    """Write an encoder's folder."""
    config = json.loads((source / "config.json").read_text())
    model = Graph(read_safetensors(source / "model.safetensors"), config).encoder()
    checker.check_model(model)
    for name in BESIDE:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        save(model, whole)
        logging.disable(logging.WARNING)  # it advises what made no difference here
        quantize_dynamic(whole, target / "model.onnx", weight_type=QuantType.QInt8, per_channel=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
