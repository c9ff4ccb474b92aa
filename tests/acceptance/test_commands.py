"""Commands as an operator types them: right ones work, wrong ones say what to mend."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import DEMO, run, write_config
from tests.standins.program import command

KEYS = ["text", "intent", "confidence", "language", "entities", "decision", "article", "answer"]


def test_ask_reads_lines_and_writes_objects(installation: Path) -> None:
    questions = ["скільки коштує доставка", "где моя посылка ZH123456789UA", "what is the weather like on mars"]
    done = subprocess.run(
        command("ask", "-", "--json"),
        cwd=installation,
        input="\n".join(questions) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(answer) for answer in answers] == [KEYS] * 3
    assert [answer["text"] for answer in answers] == questions
    assert [answer["article"] for answer in answers[:2]] == ["delivery-cost", "track-parcel"]
    assert [answer["language"] for answer in answers] == ["uk", "ru", "en"]
    assert answers[1]["entities"][0]["value"] == "ZH123456789UA"
    assert answers[2]["decision"] != "answer"


def test_ask_in_another_language(installation: Path) -> None:
    done = run(installation, "ask", "скільки коштує доставка", "--lang", "en", "--json")
    assert "UAH" in json.loads(done.stdout)["answer"]


def test_export_and_import_lose_nothing(installation: Path) -> None:
    run(installation, "export", "once")
    again = run(installation, "import", "once")
    assert "0 added, 0 changed" in again.stdout + again.stderr
    run(installation, "export", "twice")
    once = {path.name: path.read_bytes() for path in (installation / "once").glob("*.md")}
    twice = {path.name: path.read_bytes() for path in (installation / "twice").glob("*.md")}
    assert once == twice
    assert set(once) >= {path.name for path in DEMO.glob("*.md")}


def test_a_bad_folder_is_refused_whole(installation: Path) -> None:
    bad = installation / "bad"
    bad.mkdir()
    (bad / "fine.md").write_text((DEMO / "thanks.md").read_text().replace("id: thanks", "id: fine"))
    (bad / "broken.md").write_text("---\nid: broken\ntitle: [\n---\n")
    done = run(installation, "import", "bad", check=False)
    assert done.returncode == 1
    assert "broken.md:" in done.stderr
    exported = run(installation, "export", "out")
    assert exported.returncode == 0
    assert not (installation / "out" / "fine.md").exists()


@pytest.mark.parametrize(
    ("channels", "top", "names"),
    [
        ('[channels.shop]\nkind = "telegram"\n', "", "channels.shop.token"),
        ('[channels.shop]\nkind = "pigeon"\n', "", "channels.shop.kind"),
        ('[channels.site]\nkind = "webchat"\ncolour = "#fff"\n', "", "channels.site.colour"),
        ("", 'port = "eighty"', "port"),
        ("", 'database_url = "mysql://x"', "database_url"),
        ("", 'database_url = "sqlite:////nowhere/at/all.db"', "database"),
        ("", 'data_dir = "/proc/nowhere"', "data_dir"),
        ("", "unknown_field = 1", "unknown_field"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_2(tmp_path: Path, channels: str, top: str, names: str) -> None:
    write_config(tmp_path, channels=channels, top=top)
    done = run(tmp_path, "serve", "--port", "0", check=False)
    assert done.returncode == 2
    assert names in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unmigrated_database_names_the_command(tmp_path: Path) -> None:
    write_config(tmp_path)
    done = run(tmp_path, "serve", "--port", "0", check=False)
    assert (done.returncode, "frontdesk migrate" in done.stderr) == (2, True)


@pytest.mark.parametrize("words", [["demo", "--port", "70000"], ["serve", "--port", "-1"], ["demo", "--prt", "1"]])
def test_a_wrong_option_is_told_without_a_traceback(tmp_path: Path, words: list[str]) -> None:
    done = run(tmp_path, *words, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert words[1] in done.stderr


def test_a_port_in_use_is_named(installation: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(installation, "serve", "--port", str(port), check=False)
    assert (done.returncode, str(port) in done.stderr) == (2, True)
