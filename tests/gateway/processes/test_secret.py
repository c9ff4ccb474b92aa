"""The secret is made once, kept for us alone, and never empty."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.processes.secret import ensure_folder, load_secret


def test_a_given_secret_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    assert load_secret("given", tmp_path) == "given"
    assert list(tmp_path.iterdir()) == []


def test_otherwise_one_is_made_once(tmp_path: Path) -> None:
    made = load_secret("", tmp_path)
    assert len(made) >= 32
    assert load_secret("", tmp_path) == made
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    assert load_secret("", ensure_folder(tmp_path / "other", "data_dir")) != made


def test_an_empty_secret_signs_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(SettingsError, match=r"data_dir.*is empty; delete"):
        load_secret("", tmp_path)


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    assert ensure_folder(tmp_path / "a" / "b", "data_dir").is_dir()


def test_a_folder_that_cannot_be_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"^setting data_dir: cannot make the folder") as refused:
        ensure_folder(tmp_path / "file" / "below", "data_dir")
    assert refused.value.field == "data_dir"
    with pytest.raises(SettingsError, match=r"^setting data_dir: cannot keep the secret"):
        load_secret("", tmp_path / "missing")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SettingsError, match=r"cannot be written"):
        ensure_folder(tmp_path, "data_dir")


def test_one_that_another_process_is_just_writing_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")
    writing = threading.Timer(0.1, (tmp_path / "secret").write_text, ["theirs\n"])
    writing.start()
    assert load_secret("", tmp_path) == "theirs"
    writing.join()
