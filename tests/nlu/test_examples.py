"""Tests of reading labelled texts: what each kind of file says, and what a faulty one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import FrontdeskError
from nlu.examples import read_examples

RASA = """
version: "3.1"
nlu:
- intent: track
  examples: |
    - де моя посилка
    - where is [my box](thing) [tomorrow]{"entity": "time"}
- intent: price
  examples:
  - text: сколько стоит доставка
- lookup: city
  examples: |
    - Lviv
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_rasas_examples_lose_their_marks(tmp_path: Path) -> None:
    found = read_examples(write(tmp_path, "nlu.yml", RASA))
    assert [(one.intent, one.text, one.language) for one in found] == [
        ("track", "де моя посилка", "uk"),
        ("track", "where is my box tomorrow", "en"),
        ("price", "сколько стоит доставка", "ru"),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'text,intent\n"how much, please",price\nwhat is love,oos\n'),
        ("a.csv", 'Category;Phrase\nprice;"how much, please"\n-;what is love\n'),
        ("a.csv", "\ufefftext\tlabel\nhow much, please\tprice\nwhat is love\t\n"),
        ("a.tsv", "question\texpected\tlanguage\nhow much, please\tprice\ten\nwhat is love\tnone\ten\n"),
    ],
)
def test_tables_name_their_columns(tmp_path: Path, name: str, text: str) -> None:
    found = read_examples(write(tmp_path, name, text))
    assert [(one.text, one.intent, one.language) for one in found] == [
        ("how much, please", "price", "en"),
        ("what is love", None, "en"),
    ]


def test_a_tsv_keeps_quotation_marks(tmp_path: Path) -> None:
    [one] = read_examples(write(tmp_path, "a.tsv", 'text\tintent\n"ZH is not found\ttrack\n'))
    assert one.text == '"ZH is not found'


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yml", "nlu: [", "line 1: this is no YAML"),
        ("a.yml", "stories: []", "has no list called nlu"),
        ("a.yml", "nlu: []", "holds no examples"),
        ("a.csv", "one,two\n1,2\n", "the first line must name the columns"),
        ("a.csv", "text,intent\nalone\n", "row 2: 1 columns where the first row has 2"),
        ("a.csv", 'text,intent\n"open', "unexpected end of data"),
        ("a.txt", "x", "neither a folder nor"),
    ],
)
def test_a_faulty_file_is_told_what_to_mend(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(FrontdeskError, match=said):
        read_examples(write(tmp_path, name, text))


def test_another_encoding_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(FrontdeskError, match="not UTF-8; save it as UTF-8"):
        read_examples(write(tmp_path, "a.csv", "text,intent\nцена,price\n", "cp1251"))
    with pytest.raises(FrontdeskError, match="cannot be read: No such file"):
        read_examples(tmp_path / "none.csv")
