"""Tests of keeping vectors of phrases between trainings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gateway.embeddings_settings import Embeddings
from nlu.embeddings.cache import CachedEncoder
from nlu.features import Floats


class Counting:
    """An encoder that tells what it was asked."""

    def __init__(self, fingerprint: str = "one") -> None:
        self.fingerprint = fingerprint
        self.asked: list[str] = []

    def vectors(self, texts: Sequence[str]) -> Floats:
        self.asked += texts
        return np.array([[len(text), 1 / 3] for text in texts], np.float32)


def cached(counting: Counting, folder: Path | None, *, keeps: bool = True) -> CachedEncoder:
    return CachedEncoder(Embeddings(), folder, keeps=keeps, open_=lambda _: counting)


def test_only_what_is_new_is_reckoned(tmp_path: Path) -> None:
    counting = Counting()
    before = cached(counting, tmp_path / "new").vectors(["a", "bb", "a"])
    assert counting.asked == ["a", "bb"]
    counting.asked.clear()
    after = cached(counting, tmp_path / "new").vectors(["a", "ccc", "bb"])
    assert counting.asked == ["ccc"]
    assert np.array_equal(after[[0, 2]], before[:2])


def test_what_a_training_did_not_use_is_forgotten(tmp_path: Path) -> None:
    counting = Counting()
    cached(counting, tmp_path).vectors(["erased", "kept"])
    cached(counting, tmp_path).vectors(["kept"])
    counting.asked.clear()
    cached(counting, tmp_path).vectors(["erased", "kept"])
    assert counting.asked == ["erased"]


def test_a_trial_reads_and_writes_nothing(tmp_path: Path) -> None:
    counting = Counting()
    cached(counting, tmp_path).vectors(["a"])
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    trial = cached(counting, tmp_path, keeps=False)
    counting.asked.clear()
    trial.vectors(["a", "b"])
    trial.vectors(["b"])
    assert counting.asked == ["b"]
    assert file.read_bytes() == before


def test_another_model_begins_anew_and_its_forerunner_goes(tmp_path: Path) -> None:
    cached(Counting("one"), tmp_path).vectors(["a"])
    other = Counting("two")
    cached(other, tmp_path).vectors(["a"])
    assert other.asked == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["two.npz"]


def test_a_file_cut_short_and_a_folder_that_cannot_be_written_do_no_harm(tmp_path: Path) -> None:
    counting = Counting()
    cached(counting, tmp_path).vectors(["a"])
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert cached(counting, tmp_path).vectors(["a"]).shape == (1, 2)
    assert counting.asked == ["a", "a"]
    assert cached(counting, file / "below").vectors(["b"]).shape == (1, 2)
    assert cached(counting, None).vectors(["c"]).shape == (1, 2)
