"""Tests of sentence vectors from a folder, and of what is said of folders that are not sound."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import save

from gateway.embeddings_settings import Embeddings
from gateway.errors import FrontdeskError
from nlu.embeddings.encoder import Encoder, open_encoder
from nlu.embeddings.folder import LONGEST, locate, read_folder
from tests.nlu.embeddings.tiny import WIDTH, encoder, graph, settings, write_model


def test_vectors_have_length_one_and_like_texts_are_alike(tiny: Encoder) -> None:
    found = tiny.vectors(["where is my parcel", "where is my  consignment ", "how do I pay"])
    assert found.shape == (3, WIDTH)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert found[0] @ found[1] == pytest.approx(1, abs=1e-6)
    assert found[0] @ found[2] < 0.5


def test_a_text_says_the_same_alone_and_among_others(tiny: Encoder) -> None:
    texts = ["where is my parcel", "pay", "чи можна оплатити карткою " * 300, ""]
    assert np.array_equal(tiny.vectors(texts)[[1, 2]], [tiny.vectors([text])[0] for text in texts[1:3]])


def test_the_mean_the_first_token_and_the_finished_vector(tmp_path: Path, tiny: Encoder) -> None:
    text = "pay by card"
    words = tiny.vectors(text.split())
    first = encoder(write_model(tmp_path / "a", **{"1_Pooling__config": {"pooling_mode_cls_token": True}}))
    assert np.allclose(first.vectors([text])[0], words[0], atol=1e-6)
    finished = encoder(write_model(tmp_path / "b", output="sentence_embedding"))
    assert np.allclose(finished.vectors([text]), tiny.vectors([text]), atol=1e-6)


def test_no_more_tokens_are_looked_at_than_the_model_takes(tmp_path: Path) -> None:
    short = encoder(write_model(tmp_path, sentence_bert_config={"max_seq_length": 8}))
    assert np.array_equal(*short.vectors(["pay " * 8 + "parcel " * 5, "pay " * 8]))
    write_model(tmp_path, sentence_bert_config={"max_seq_length": 8192})
    assert read_folder(tmp_path).length == LONGEST


def test_the_prefix_is_put_before_and_makes_another_model(folder: Path, tiny: Encoder) -> None:
    asked = encoder(folder, prefix="pay: ")
    assert not np.allclose(asked.vectors(["parcel"]), tiny.vectors(["parcel"]))
    assert asked.fingerprint != tiny.fingerprint == encoder(folder).fingerprint


def test_another_models_fingerprint_differs(tmp_path: Path, tiny: Encoder) -> None:
    assert encoder(write_model(tmp_path, seed=1)).fingerprint != tiny.fingerprint


def test_settings_find_the_folder_and_the_file(tmp_path: Path) -> None:
    write_model(tmp_path)
    (tmp_path / "onnx").mkdir()
    (tmp_path / "model.onnx").rename(tmp_path / "onnx" / "small.onnx")
    assert open_encoder(settings(tmp_path, file="onnx/small.onnx")).width == WIDTH
    with pytest.raises(FrontdeskError, match=r"has no model\.onnx; put the model's ONNX file there"):
        open_encoder(settings(tmp_path))


def test_a_folder_that_is_not_sound_is_named(tmp_path: Path) -> None:
    write_model(tmp_path)
    whole = (tmp_path / "model.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FrontdeskError, match=r"model\.onnx cannot be loaded, it may be cut short; put it there again"):
        encoder(tmp_path)
    (tmp_path / "model.onnx").write_bytes(whole)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(FrontdeskError, match=r"tokenizer\.json cannot be read"):
        encoder(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(FrontdeskError, match=r"has no tokenizer\.json"):
        encoder(tmp_path)
    (tmp_path / "modules.json").write_text("[{")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(FrontdeskError, match=r"modules\.json cannot be read"):
        encoder(tmp_path)


def test_models_that_are_not_supported_are_refused(tmp_path: Path) -> None:
    table = np.ones((500, 4), np.float32)
    pooled = write_model(tmp_path / "a", **{"1_Pooling__config": {"pooling_mode_mean_tokens": False}})
    with pytest.raises(FrontdeskError, match=r"this pooling is not supported"):
        encoder(pooled)
    deeper = write_model(tmp_path / "b", modules=[{"type": "sentence_transformers.models.Dense"}])
    with pytest.raises(FrontdeskError, match=r"lacks the model's last layer"):
        encoder(deeper)
    other = write_model(tmp_path / "c")
    save(graph(table, wanted="pixels"), other / "model.onnx")
    with pytest.raises(FrontdeskError, match=r"wants pixels: it is no model of sentences"):
        encoder(other)
    save(graph(0 * table), other / "model.onnx")
    with pytest.raises(FrontdeskError, match=r"gives no vector"):
        encoder(other)
    save(graph(table[:1]), other / "model.onnx")
    with pytest.raises(FrontdeskError, match=r"does not work"):
        encoder(other).vectors(["parcel"])


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("", r"embeddings\.model is empty"),
        ("./nowhere", r"there is no folder nowhere; mend"),
        ("/no/such/folder", r"there is no folder /no/such/folder"),
        ("one", r"there is no folder one"),
    ],
)
def test_a_model_that_is_not_there_is_named(model: str, reason: str) -> None:
    with pytest.raises(FrontdeskError, match=reason):
        locate(Embeddings(model=model))


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_without_the_extra_the_remedy_is_named(folder: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(FrontdeskError, match=rf"{library}.* is not installed.*pip install '\.\[embeddings\]'"):
        encoder(folder)
