"""Variables that look like settings: who is told, what for, and who is let be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import structlog

from gateway.app import DESK_KINDS, KINDS
from gateway.commands import terminal
from gateway.operating.checkup import Verdict
from gateway.operating.doctor import examine
from gateway.operating.variables import Stranger, of_settings, of_tables, tell
from gateway.processes import serving
from gateway.settings import Settings

ROOT = Path(__file__).parents[3]
SETTINGS = Settings(
    channels={"shop": {"kind": "telegram"}, "shop-mail": {"kind": "mail"}, "odd": {"kind": "pigeon"}},
    desks={"team": {"kind": "slack"}},
)


def strangers(*variables: str, settings: Settings = SETTINGS) -> list[tuple[str, str]]:
    environ = dict.fromkeys(variables, "a secret")
    found = [*of_settings(settings, environ), *of_tables(settings, KINDS, DESK_KINDS, environ)]
    return [(one.variable.removeprefix("FRONTDESK_"), one.nearest.removeprefix("FRONTDESK_")) for one in found]


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("PROT", "PORT"),
        ("LOG_LEVLE", "LOG_LEVEL"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("DATABSE_URL_FILE", "DATABASE_URL_FILE"),
        ("DIALOGUE__MISES", "DIALOGUE__MISSES"),
        ("COMPANY", ""),
        ("SERVICE_HOST", ""),
        ("CHANNELS_SHOP_TOKNE", "CHANNELS_SHOP_TOKEN"),
        ("CHANNELS_SHOP_MAIL_PASWORD", "CHANNELS_SHOP_MAIL_PASSWORD"),
        ("CHANNELS_SHPO_TOKEN", ""),
        ("DESKS_TEAM_BOT_TOKNE_FILE", "DESKS_TEAM_BOT_TOKEN_FILE"),
    ],
)
def test_a_misspelt_one_is_told_once_with_what_it_is_like(variable: str, nearest: str) -> None:
    assert strangers(f"FRONTDESK_{variable}") == [(variable, nearest)]


@pytest.mark.parametrize(
    "variable",
    [
        "PORT",
        "SECRET_FILE",
        "DIALOGUE_MISSES",
        "DIALOGUE__MISSES",
        "CHANNELS",
        "CHANNELS_FILE",
        "CHANNELS_SHOP_KIND",
        "CHANNELS_SHOP__KIND",
        "CHANNELS_SHOP_TOKEN",
        "CHANNELS__SHOP__TOKEN_FILE",
        "CHANNELS_SHOP_MAIL_PASSWORD",
        "CHANNELS_ODD_WINGS",  # of a kind that is refused soon
        "DESKS_TEAM_BOT_TOKEN",
    ],
)
def test_what_is_read_is_let_be(variable: str) -> None:
    assert strangers(f"FRONTDESK_{variable}") == []


def test_what_belongs_to_others_is_let_be() -> None:
    assert strangers("PATH", "FRONTDESKTOP", "MY_FRONTDESK_PROT") == []


def test_what_our_own_tools_read_is_let_be() -> None:
    """Whatever the tests, the proxy and the composition of services read beside the settings."""
    read = {
        variable
        for path in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("gateway/**/*"), ROOT / "Makefile", *ROOT.glob(".ci/*")]
        if path.is_file() and path.suffix != ".pyc"
        for variable in re.findall(
            r"""(?:environ(?:\.get\(|\[)"|VARIABLE = "|\{\$|--build-arg |^)(FRONTDESK_[A-Z0-9_]+)""",
            path.read_text(encoding="utf-8", errors="replace"),
            re.MULTILINE,
        )
    }
    assert {"FRONTDESK_TEST_POSTGRES_URL", "FRONTDESK_SITE", "FRONTDESK_BENCH_RASA", "FRONTDESK_PASSWORD"} <= read
    assert strangers(*read, "FRONTDESK_CONFIG", "FRONTDESK_FAULTS_KILLS") == []


def test_the_log_names_it_and_never_its_value() -> None:
    with structlog.testing.capture_logs() as lines:
        tell(of_settings(SETTINGS, {"FRONTDESK_API_TOKNE": "very secret"}))
    [line] = lines
    assert (line["log_level"], line["variable"]) == ("warning", "FRONTDESK_API_TOKNE")
    assert "FRONTDESK_API_TOKEN?" in line["fix"]
    assert "very secret" not in str(line)


def test_without_a_likeness_the_remedy_is_said_all_the_same() -> None:
    assert "unset it" in Stranger(variable="FRONTDESK_X").fix


def test_every_command_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRONTDESK_DATABSE_URL", "postgresql://a:very-secret@b/c")
    before = structlog.get_config()
    try:
        (tmp_path / "frontdesk.toml").write_text("port = 1", encoding="utf-8")
        terminal.settings_of(tmp_path / "frontdesk.toml")
    finally:
        structlog.configure(**before)
    said = capsys.readouterr().err
    assert "FRONTDESK_DATABSE_URL" in said
    assert "very-secret" not in said


async def test_a_channels_field_is_told_before_it_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_CHANNELS_SHOP_TOKNE", "1:very-secret")
    given = Settings(data_dir=str(tmp_path), channels={"shop": {"kind": "telegram"}})
    with structlog.testing.capture_logs() as lines, pytest.raises(Exception, match=r"channels\.shop\.token"):
        await serving.check(given)
    assert [line["variable"] for line in lines if line["event"] == "unknown_variable"] == [
        "FRONTDESK_CHANNELS_SHOP_TOKNE"
    ]


@pytest.mark.parametrize("table", [{"kind": "webchat"}, {"kind": "telegram"}])
async def test_the_doctor_warns_of_it(tmp_path: Path, table: dict[str, str]) -> None:
    """Also where the settings are refused: what is missing may stand in it."""
    environ = {"FRONTDESK_LOG_LEVLE": "a secret", "FRONTDESK_CHANNELS_SHOP_TOKNE": "a secret", "FRONTDESK_PORT": "1"}
    given = Settings(
        database_url=f"sqlite:///{tmp_path}/a.db", data_dir=str(tmp_path / "var"), channels={"shop": table}
    )
    found = [finding for finding in await examine(given, environ=environ) if finding.subject == "environment"]
    assert [(one.verdict, one.says.split()[0]) for one in found] == [
        (Verdict.WARNING, "FRONTDESK_LOG_LEVLE"),
        (Verdict.WARNING, "FRONTDESK_CHANNELS_SHOP_TOKNE"),
    ]
    assert "a secret" not in str(found)
