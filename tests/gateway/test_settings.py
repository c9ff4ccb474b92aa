"""Settings: read, overlaid by the environment, and refused with one line that names the field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from gateway.errors import SettingsError
from gateway.settings import LANGUAGES, Section, Settings, check_struct, describe, load, overlay_channel


@pytest.fixture
def toml(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "frontdesk.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_a_file_everything_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(None, {})
    assert settings == Settings()
    assert settings.port == 8000
    assert settings.channels == {"site": {"kind": "webchat"}}
    assert settings.company.language in LANGUAGES


def test_the_file_in_the_folder_is_read_by_itself(toml, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml("port = 9000")
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).port == 9000


def test_a_file_says_what_differs(toml) -> None:
    path = toml(
        """
        port = 9000
        [company]
        name = { uk = "Журавлик", en = "Zhuravlyk" }
        regions = ["UA", "PL"]
        [dialogue]
        misses = 3
        people_at_once = false
        [channels.shop]
        kind = "telegram"
        token = "1:a"
        """
    )
    settings = load(path, {})
    assert settings.company.name == {"uk": "Журавлик", "en": "Zhuravlyk"}
    assert settings.company.regions == ["UA", "PL"]
    assert (settings.dialogue.misses, settings.dialogue.people_at_once) == (3, False)
    assert settings.channels == {"shop": {"kind": "telegram", "token": "1:a"}}
    assert settings.dialogue.anger == Settings().dialogue.anger


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("FRONTDESK_PORT", "9001", "port", 9001),
        ("FRONTDESK_PUBLIC_URL", "https://a.example", "public_url", "https://a.example"),
        ("FRONTDESK_DIALOGUE_ANSWER_CONFIDENCE", "0.75", "dialogue.answer_confidence", 0.75),
        ("FRONTDESK_DIALOGUE__ANSWER_CONFIDENCE", "0.75", "dialogue.answer_confidence", 0.75),
        ("FRONTDESK_DIALOGUE_PEOPLE_AT_ONCE", "false", "dialogue.people_at_once", False),
        ("FRONTDESK_HANDOFF_RATING", "0", "handoff.rating", False),
        ("FRONTDESK_COMPANY_REGIONS", '["UA","PL"]', "company.regions", ["UA", "PL"]),
        ("FRONTDESK_COMPANY__NAME", '{"uk":"Ж"}', "company.name", {"uk": "Ж"}),
        ("FRONTDESK_HOURS_SAT", "", "hours.sat", ""),
    ],
)
def test_the_environment_wins(toml, variable: str, value: str, field: str, expected: object) -> None:
    path = toml("port = 1\npublic_url = 'http://x'\n[dialogue]\nanswer_confidence = 0.5\n[hours]\nsat = '10:00-12:00'")
    found: Any = load(path, {variable: value, "OTHER": "x"})
    for name in field.split("."):
        found = getattr(found, name)
    assert found == expected


def test_a_secret_may_lie_in_a_file(toml, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    environ = {"FRONTDESK_SECRET_FILE": str(tmp_path / "secret")}
    assert load(toml("secret = 'in the file'"), environ).secret == "hush"
    assert load(toml(""), {**environ, "FRONTDESK_SECRET": "spoken"}).secret == "spoken"
    assert load(toml("secret = 'kept'"), {"FRONTDESK_SECRET_FILE": ""}).secret == "kept"


def test_a_secret_in_a_file_that_the_settings_name(toml, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    named = f"api_token_file = '{tmp_path / 'secret'}'"
    assert load(toml(named), {}).api_token == "hush"
    assert load(toml(named), {"FRONTDESK_API_TOKEN": "spoken"}).api_token == "spoken"
    assert load(toml(f"api_token = 'kept'\n{named}"), {}).api_token == "kept"
    key = "[people.token]\nkey_file = '{}'"
    assert load(toml(key.format(tmp_path / "secret")), {}).people.token.key == "hush"
    assert refused(toml, key.format("/does/not/exist")).field == "people.token.key_file"
    assert refused(toml, "port_file = 'x'").field == "port_file"


@pytest.mark.parametrize(
    ("text", "environ", "channels"),
    [
        ("", {"FRONTDESK_CHANNELS": '{"a":{"kind":"http"}}'}, {"a": {"kind": "http"}}),
        ("[channels.b]\nkind = 'mail'", {"FRONTDESK_CHANNELS": '{"a":{"kind":"http"}}'}, {"a": {"kind": "http"}}),
        ("", {"FRONTDESK_CHANNELS_SHOP_KIND": "telegram"}, {"shop": {"kind": "telegram"}}),
        ("", {"FRONTDESK_CHANNELS__MY_SHOP__KIND": "telegram"}, {"my_shop": {"kind": "telegram"}}),
        (
            "[channels.my-Shop]\nkind = 'mail'\nuser = 'u'\n[channels.b]\nkind = 'http'",
            {"FRONTDESK_CHANNELS_MY_SHOP_KIND": "telegram", "FRONTDESK_CHANNELS_B_TOKEN": "x"},
            {"my-Shop": {"kind": "telegram", "user": "u"}, "b": {"kind": "http"}},
        ),
    ],
)
def test_channels_by_the_environment_alone(toml, text: str, environ: dict[str, str], channels: Any) -> None:
    assert load(toml(text), environ).channels == channels


def test_a_desk_by_the_environment_alone(toml) -> None:
    assert load(toml(""), {"FRONTDESK_DESKS_TEAM_KIND": "slack"}).desks == {"team": {"kind": "slack"}}


# --- refused -----------------------------------------------------------------------------------


def refused(toml, text: str, environ: dict[str, str] | None = None) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(toml(text), environ or {})
    return caught.value


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("prot = 1", "prot"),
        ("[company]\ntown = 'Kyiv'", "company.town"),
        ("[dialog]\nmisses = 1", "dialog"),
        ("port = 'high'", "port"),
        ("port = 70000", "port"),
        ("port = [1]", "port"),
        ("company = 'Zhuravlyk'", "company"),
        ("[dialogue]\nmisses = 0", "dialogue.misses"),
        ("[dialogue]\nanswer_confidence = 1.5", "dialogue.answer_confidence"),
        ("[outbox]\nunknown = 'always'", "outbox.unknown"),
        ("[company]\nregions = 'UA'", "company.regions"),
        ("[company]\nregions = [1]", "company.regions[0]"),
        ("[company]\nzone = 'Europe/Kiyv'", "company.zone"),
        ("[company]\nzone = 'Europe'", "company.zone"),
        ("[company]\nzone = '../etc/passwd'", "company.zone"),
        ("[company]\nlanguage = 'de'", "company.language"),
        ("[channels.shop]\ntoken = 'x'", "channels.shop.kind"),
        ("[channels.shop]\nkind = 1", "channels.shop.kind"),
        ("[channels]\nshop = 'telegram'", "channels.shop"),
        ("channels = 'shop'", "channels"),
        ("log_format = 'xml'", "log_format"),
        ("public_url = 'shop.example'", "public_url"),
        ("[channels.'{name}']\nkind = 'webchat'", "channels.{name}"),
        ("[channels.'proof:phone']\nkind = 'webchat'", "channels.proof:phone"),
        ("[desks.'a b']\nkind = 'slack'", "desks.a b"),
    ],
)
def test_a_wrong_setting_is_named_once_in_one_line(toml, text: str, field: str) -> None:
    error = refused(toml, text)
    assert error.field == field
    assert str(error).startswith(f"setting {field}: ")
    assert "\n" not in str(error)
    assert str(error).partition("; known are ")[0].count(field) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = 'high'", "setting port: must be a whole number, not text"),
        ("log_format = 'xml'", "setting log_format: must be one of text, json"),
        ("[dialogue]\nmisses = 0", "setting dialogue.misses: must be 1 or more"),
        (
            "redis_url = 'x'",
            "setting redis_url: does not look as it should, which is ^$|^(redis|rediss|unix)://: Carries",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(toml, text: str, words: str) -> None:
    assert str(refused(toml, text)).startswith(words)


def test_an_unknown_setting_is_told_its_neighbours(toml) -> None:
    error = refused(toml, "[company]\nnam = 'x'")
    assert "known are name, phone" in str(error)


@pytest.mark.parametrize(
    ("environ", "field"),
    [
        ({"FRONTDESK_PORT": "high"}, "port"),
        ({"FRONTDESK_COMPANY_REGIONS": "UA,PL"}, "company.regions"),
        ({"FRONTDESK_COMPANY_REGIONS": '{"a":1}'}, "company.regions"),
        ({"FRONTDESK_DIALOGUE__MISSES": ""}, "dialogue.misses"),
        ({"FRONTDESK_SECRET_FILE": "/does/not/exist"}, "secret"),
        ({"FRONTDESK_CHANNELS": "[]"}, "channels"),
        ({"FRONTDESK_CHANNELS": "shop"}, "channels"),
    ],
)
def test_a_wrong_variable_names_the_field_as_well(toml, environ: dict[str, str], field: str) -> None:
    error = refused(toml, "", environ)
    assert error.field == field
    assert "\n" not in str(error)


def test_a_variable_below_what_is_no_table(toml) -> None:
    assert refused(toml, "company = 'x'", {"FRONTDESK_COMPANY_ZONE": "Europe/Kyiv"}).field == "company"


def test_a_file_that_is_no_text(toml, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe\x00")
    assert refused(toml, "", {"FRONTDESK_SECRET_FILE": str(tmp_path / "secret")}).field == "secret"


def test_a_mark_at_the_beginning_of_a_file_is_no_part_of_it(toml, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbfhush\r\n")
    settings = load(toml(f"\ufeffport = 8123\napi_token_file = '{tmp_path / 'token'}'"), {})
    assert (settings.port, settings.api_token) == (8123, "hush")


@pytest.mark.parametrize("text", ["port = ", "[company", "a = 1\na = 2"])
def test_a_file_that_is_no_toml(toml, text: str) -> None:
    error = refused(toml, text)
    assert error.field == "--config"
    assert "\n" not in str(error)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"--config.*does not exist"):
        load(tmp_path / "missing.toml", {})
    with pytest.raises(SettingsError, match=r"--config.*cannot be read"):
        load(tmp_path, {})


# --- channels ----------------------------------------------------------------------------------


class Shop(Section, frozen=True, kw_only=True):
    """A channel kind's settings."""

    token: Annotated[str, Meta(description="The bot's token.")]
    limit: Annotated[int, Meta(ge=1, description="How many.")] = 5
    origins: Annotated[list[str], Meta(description="From where.")] = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        if "nowhere" in self.origins:
            raise ValueError("origins: 'nowhere' is no place")


def shop(raw: dict[str, Any], environ: dict[str, str] | None = None, name: str = "shop") -> Shop:
    return check_struct(Shop, overlay_channel(Shop, name, raw, environ or {}), f"channels.{name}.")


def test_a_channels_own_fields() -> None:
    assert shop({"token": "a"}) == Shop(token="a")
    assert shop({"token": "a", "origins": ["x"]}).origins == ["x"]


@pytest.mark.parametrize("variable", ["FRONTDESK_CHANNELS_MY_SHOP_TOKEN", "FRONTDESK_CHANNELS__MY_SHOP__TOKEN"])
def test_a_channels_fields_by_environment(variable: str) -> None:
    assert shop({"token": "a"}, {variable: "b"}, name="my-shop").token == "b"


def test_a_channels_lists_and_numbers_by_environment() -> None:
    environ = {"FRONTDESK_CHANNELS_SHOP_ORIGINS": '["x","y"]', "FRONTDESK_CHANNELS_SHOP_LIMIT": "7"}
    assert shop({"token": "a"}, environ) == Shop(token="a", limit=7, origins=["x", "y"])


def test_a_channels_secret_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    named = str(tmp_path / "token")
    assert shop({"token_file": named}).token == "from-file"
    assert shop({"token": "a"}, {"FRONTDESK_CHANNELS_SHOP_TOKEN_FILE": named}).token == "from-file"
    assert shop({"token": "a", "token_file": named}).token == "a"
    with pytest.raises(SettingsError, match=r"channels.shop.token_file: cannot read"):
        shop({"token_file": str(tmp_path / "missing")})


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({}, "channels.shop.token"),
        ({"token": "a", "tokn": "b"}, "channels.shop.tokn"),
        ({"token": 1}, "channels.shop.token"),
        ({"token": "a", "limit": 0}, "channels.shop.limit"),
        ({"token": "a", "origins": ["nowhere"]}, "channels.shop.origins"),
    ],
)
def test_a_wrong_channel_field_is_named(raw: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError) as caught:
        shop(raw)
    assert caught.value.field == field
    assert str(caught.value).count(field) == 1


def test_what_is_missing_is_told_with_what_it_is_for() -> None:
    with pytest.raises(SettingsError, match=r"^setting channels.shop.token: is missing: The bot's token\.$"):
        shop({})


# --- documentation -----------------------------------------------------------------------------


def test_every_field_says_what_it_is_for() -> None:
    docs = list(describe(Settings))
    assert [doc.name for doc in docs if not doc.description] == []
    assert {"port", "company.zone", "dialogue.misses", "channels"} <= {doc.name for doc in docs}
    by_name = {doc.name: doc for doc in docs}
    assert (by_name["port"].type, by_name["port"].default) == ("int", "8000")
    assert by_name["hours.sat"].default == '""'
    assert [doc.default for doc in describe(Shop)] == ["required", "5", "[]"]
