"""Files: every fault with its line, nothing lost on the way there and back."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.errors import Fault, FrontdeskError, ImportRefused
from gateway.ports import Action
from knowledge_base.articles import Article, ArticleButton, ButtonAction, Status, tidy_line, tidy_text
from knowledge_base.checking import TemplateChecker
from knowledge_base.file_reading import read_file
from knowledge_base.file_writing import write_file
from knowledge_base.files import read_folder, write_folder
from tests.knowledge_base.fakes import InlineChecker, an_article

GOOD = """---
id: refund
title:
  uk: Повернення грошей
  en: Refund
category: money
status: published
valid_from: 2026-01-01
valid_until: 2026-12-31
phrasings:
  uk:
    - поверніть гроші
    - "гроші назад: як?"
  en:
    - refund
answers:
  uk:
    default: |
      Заповніть заяву.

      {% if contact.name %}{{ contact.name }}, {% endif %}чекайте **3 дні**.
    telegram: |
      Коротко.
  en:
    default: |
      Fill in the form.
buttons:
  - label: {uk: "Людина", en: "A person"}
    action: handoff
  - label: {en: "The form"}
    url: https://zhuravlyk.example/claim
---
From the tariff book, page 7.
"""


async def faults_of(tmp_path: Path, **files: str | bytes) -> list[Fault]:
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (tmp_path / f"{name.replace('_', '-')}.md").write_bytes(data)
    with pytest.raises(ImportRefused) as caught:
        await read_folder(tmp_path, InlineChecker())
    return list(caught.value.faults)


def test_a_good_file_reads_as_written() -> None:
    read = read_file("refund.md", GOOD.encode())
    assert read.faults == ()
    assert read.article == Article(
        id="refund",
        title={"uk": "Повернення грошей", "en": "Refund"},
        category="money",
        status=Status.PUBLISHED,
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        phrasings={"uk": ("поверніть гроші", "гроші назад: як?"), "en": ("refund",)},
        answers={
            "uk": {
                "default": "Заповніть заяву.\n\n{% if contact.name %}{{ contact.name }}, {% endif %}чекайте **3 дні**.",
                "telegram": "Коротко.",
            },
            "en": {"default": "Fill in the form."},
        },
        buttons=(
            ArticleButton(label={"uk": "Людина", "en": "A person"}, action=ButtonAction.HANDOFF),
            ArticleButton(label={"en": "The form"}, url="https://zhuravlyk.example/claim"),
        ),
        notes="From the tariff book, page 7.",
    )
    assert write_file(read.article) == GOOD.encode()


FAULTS = [
    # what is changed in GOOD, by what, the line, words of the reason
    ("id: refund", "id: Re_fund", 2, "small Latin letters"),
    ("id: refund", "id: other", 2, "the file name differ"),
    ("id: refund\n", "", 1, "the id is missing"),
    ("category: money", "categry: money", 6, "the field “categry” is not known"),
    ("  uk: Повернення грошей", "  de: Geld zurück", 4, "the language “de” is not known"),
    ("status: published", "status: live", 7, "“live” is not possible for “status”"),
    ("status: published", "status: published\naction: dance", 8, "“dance” is not possible for “action”"),
    ("valid_from: 2026-01-01", "valid_from: 1.1.2026", 8, "is no date for “valid_from”"),
    ("valid_until: 2026-12-31", "valid_until: 2025-12-31", 9, "before the first"),
    ("valid_until: 2026-12-31", "valid_until: 2026-02-30", 9, "is no date for “valid_until”"),
    ('    - "гроші назад: як?"', "    - Поверніть гроші!", 13, "stands here twice"),
    ('    - "гроші назад: як?"', "    - ", 13, "this is empty"),
    ("    - refund\n", "    []\n", 14, "the list is empty"),
    ("    - refund\n", "    refund\n", 15, "must be a list"),
    ("    - refund\n", "    - [refund]\n", 15, "a text was expected"),
    ("чекайте", "{% for %}", 21, "the tag “for” is not allowed"),
    ("      Коротко.", "      {{ now }}", 23, "“now” is no variable"),
    ("    default: |\n      Fill in the form.", "    webchat: Hi", 24, "“default”) is missing"),
    ("    default: |\n      Fill in the form.", "    default:", 25, "this is empty"),
    ("    telegram: |", "    Tele gram: |", 23, "no kind of channel"),
    ('en: "A person"', 'en: "A person who will certainly help"', 28, "too long"),
    ("    action: handoff\n", "", 28, "exactly one target"),
    ("    action: handoff", "    article: no-such", 29, "there is no article “no-such”"),
    ("    action: handoff", "    article: refund", 29, "leads to its own article"),
    ("    action: handoff", "    action: jump", 29, "“jump” is not possible"),
    ("    action: handoff", "    action: handoff\n    url: https://x.example", 28, "exactly one target"),
    ("https://zhuravlyk.example/claim", "javascript:alert(1)", 31, "must begin with https://"),
    ("  uk: Повернення грошей", "  uk: Повернення: грошей", 4, "bad YAML"),
    ("category: money", "title: {}", 6, "“title” stands here a second time"),
    ("category: money", "category: &a money", 6, "anchors and aliases"),
    ("category: money", "category: !!python/name:os.system x", 6, "tags (!) are not allowed"),
    ("category: money", "category: [[[[[[[[a]]]]]]]]", 6, "nested too deep"),
    ("category: money", "\tcategory: money", 6, "bad YAML"),
    ("---\nFrom", "From", 1, "is not closed"),
    ("---\nid", "id", 1, "must begin with a line of three hyphens"),
]


@pytest.mark.parametrize(("old", "new", "line", "reason"), FAULTS, ids=[fault[3][:30] for fault in FAULTS])
async def test_every_fault_has_its_line(tmp_path: Path, old: str, new: str, line: int, reason: str) -> None:
    assert old in GOOD
    faults = await faults_of(tmp_path, refund=GOOD.replace(old, new, 1))
    assert [fault.line for fault in faults if reason in fault.reason] == [line], faults
    assert all(fault.file == "refund.md" for fault in faults)


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"---\nid: refund\ntitle:\n  uk: \xff\xfe\n---\n", 4, "not UTF-8"),
        (b"---\n" + b"#" * (1 << 20) + b"\n---\n", 1, "larger than 1 MiB"),
        (b"", 1, "must begin with a line of three hyphens"),
        (b"---\n- a\n---\n", 2, "must be fields"),
        (b"---\n---\n", 1, "the id is missing"),
        (b"---\nid: refund\n---\n", 1, "the title is missing"),
        (b"---\nid: refund\ntitle: {en: Refund}\nanswers: {en: {default: Hi}}\n---\n", 1, "the phrasings are missing"),
        (b"---\nid: refund\ntitle: {en: Refund}\nphrasings: {en: [a]}\n---\n", 1, "the answers are missing"),
        (b"---\nid: \x07\n---\n", 2, "bad YAML"),
        (b"---\na: " + b"[" * 100_000 + b"\n---\n", 2, ""),
        (b"---\n" + b"- " * 100_000 + b"a\n---\n", 2, ""),
    ],
)
async def test_hopeless_files(tmp_path: Path, content: bytes, line: int, reason: str) -> None:
    faults = await faults_of(tmp_path, refund=content)
    assert any(fault.line == line and reason in fault.reason for fault in faults), faults


async def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    faults = await faults_of(
        tmp_path,
        refund=GOOD.replace("status: published", "status: live").replace("чекайте", "{{ now }}"),
        refund_copy=GOOD,
        broken="nothing",
    )
    found = {(fault.file, fault.line) for fault in faults}
    assert {("refund.md", 7), ("refund.md", 21), ("broken.md", 1), ("refund-copy.md", 2)} <= found
    assert any("is already in refund" in fault.reason for fault in faults)
    assert faults == sorted(faults, key=lambda fault: (fault.file, fault.line, fault.reason))


async def test_a_phrasing_belongs_to_one_article(tmp_path: Path) -> None:
    one, two = an_article("one"), an_article("two", phrasings={"uk": ("Скільки коштує ONE?", "інше")})
    for article in (one, two):
        (tmp_path / f"{article.id}.md").write_bytes(write_file(article))
    with pytest.raises(ImportRefused) as caught:
        await read_folder(tmp_path, InlineChecker())
    assert {(fault.file, fault.line) for fault in caught.value.faults} == {("one.md", 10), ("two.md", 10)}


async def test_more_buttons_than_are_shown_are_refused(tmp_path: Path) -> None:
    button = '  - label: {en: "Another"}\n    url: https://zhuravlyk.example/claim\n'
    faults = await faults_of(tmp_path, refund=GOOD.replace("---\nFrom", f"{button * 2}---\nFrom"))
    assert [(fault.line, fault.reason) for fault in faults] == [(27, "there may be at most 3 buttons")]


async def test_drafts_may_be_unfinished(tmp_path: Path) -> None:
    draft = Article(id="idea", title={"uk": "Ідея"})
    (tmp_path / "idea.md").write_bytes(write_file(draft))
    assert await read_folder(tmp_path, InlineChecker()) == [draft]


async def test_editors_of_all_systems_are_welcome(tmp_path: Path) -> None:
    (tmp_path / "refund.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    (tmp_path / "README.md").write_text("# How these files are written\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not ours", encoding="utf-8")
    assert await read_folder(tmp_path, InlineChecker()) == [read_file("refund.md", GOOD.encode()).article]


@pytest.mark.parametrize("name", ["no-such-folder", "empty"])
async def test_no_folder_no_files(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportRefused, match=r"there (is|are) no"):
        await read_folder(tmp_path / name, InlineChecker())


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(FrontdeskError, match="cannot write"):
        await write_folder(tmp_path / "file" / "out", {"a": an_article("a")})


async def test_the_demo_is_good_and_spelt_as_we_spell(tmp_path: Path) -> None:
    demo = Path(__file__).parents[2] / "knowledge_base" / "demo"
    async with TemplateChecker() as checker:
        articles = await read_folder(demo, checker)
    await write_folder(tmp_path, {article.id: article for article in articles})
    for article in articles:
        name = f"{article.id}.md"
        assert (tmp_path / name).read_bytes() == (demo / name).read_bytes(), name
        assert all(article.complete_in(language) for language in ("uk", "ru", "en")), name


# --- nothing is lost -----------------------------------------------------------------------------

_ids = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
_languages = st.sampled_from(["uk", "ru", "en"])
_tricky = st.sampled_from(
    ["yes", "~", "null", "1", "2026-01-01", "a: b", "# a", "- a", "'", '"', "|", "\\n", "{a}", "a #b"]
)
_lines = (st.text(min_size=1, max_size=40) | _tricky).map(tidy_line).filter(bool)
_texts = (st.text(min_size=1, max_size=200) | st.lists(_tricky, max_size=5).map("\n".join)).map(tidy_text).filter(bool)


def _by_language(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(_languages, values, max_size=3)


_buttons = st.builds(
    ArticleButton,
    label=_by_language(_lines),
    article=st.none() | _ids,
    action=st.none() | st.sampled_from(ButtonAction),
    url=st.none() | _lines,
)
_articles = st.builds(
    Article,
    id=_ids,
    title=_by_language(_lines),
    category=st.just("") | _lines,
    status=st.sampled_from(Status),
    action=st.sampled_from(Action),
    phrasings=_by_language(st.lists(_lines, min_size=1, max_size=4).map(tuple)),
    answers=_by_language(st.dictionaries(st.sampled_from(["default", "telegram", "webchat"]), _texts, min_size=1)),
    buttons=st.lists(_buttons, max_size=3).map(tuple),
    notes=st.just("") | _texts,
)


_times = st.none() | st.times().map(lambda one: one.replace(second=0, microsecond=0))


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(article=_articles, days=st.tuples(st.dates(), st.dates()), times=st.tuples(_times, _times))
@example(article=Article(id="a"), days=(None, None), times=(None, None))
@example(article=Article(id="a"), days=(date(2026, 12, 31), date(2026, 12, 31)), times=(time(0), time(0)))
def test_there_and_back_again(
    article: Article, days: tuple[date | None, date | None], times: tuple[time | None, time | None]
) -> None:
    article = msgspec.structs.replace(
        article, valid_from=days[0], from_time=times[0], valid_until=days[1], until_time=times[1]
    )
    written = write_file(article)
    read = read_file(f"{article.id}.md", written)
    assert read.faults == ()
    assert read.article == article
    assert write_file(read.article) == written


@settings(max_examples=200)
@given(
    content=st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: f"---\n{text}\n---\n".encode("utf-8", "replace"))
)
def test_any_bytes_give_an_article_or_faults(content: bytes) -> None:
    read = read_file("x.md", content)
    assert read.article is not None or read.faults
