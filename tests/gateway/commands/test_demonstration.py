"""The demo's settings: its own file, the environment, and what neither may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.commands.demonstration import PASSWORD, demo_settings
from gateway.errors import SettingsError


def test_in_an_empty_folder_it_makes_its_own(tmp_path: Path) -> None:
    settings = demo_settings(tmp_path, 8000, {})
    assert (settings.company.name["en"], settings.port, settings.api_token) == ("Zhuravlyk", 8000, PASSWORD)
    assert settings.database_url == f"sqlite:///{tmp_path}/frontdesk.db"
    assert (tmp_path / "frontdesk.toml").exists()


def test_the_environment_wins_but_never_opens_it_to_the_world(tmp_path: Path) -> None:
    environ = {
        "FRONTDESK_HOST": "0.0.0.0",
        "FRONTDESK_API_TOKEN": "mine",
        "FRONTDESK_DATA_DIR": "/elsewhere",
        "FRONTDESK_DATABASE_URL": "postgresql://a@b/c",
        "FRONTDESK_COMPANY_PHONE": "112",
        "FRONTDESK_CHANNELS_APP_KIND": "http",
    }
    settings = demo_settings(tmp_path, 8000, environ)
    assert (settings.host, settings.data_dir) == ("127.0.0.1", str(tmp_path / "var"))
    assert (settings.api_token, settings.company.phone) == ("mine", "112")
    assert settings.database_url == "postgresql://a@b/c"
    assert sorted(settings.channels) == ["app", "site"]


@pytest.mark.parametrize(("text", "named"), [("port = ", r"frontdesk\.toml cannot be read"), ("prt = 1", "prt")])
def test_a_file_that_was_spoilt_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "frontdesk.toml").write_text(text)
    with pytest.raises(SettingsError, match=named):
        demo_settings(tmp_path, 8000, {})
