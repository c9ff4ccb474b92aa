"""What runs Frontdesk elsewhere speaks of what is here: files, commands, settings, dependencies.

There is no container engine in a test run; what can be wrong without one is looked for here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gateway.cli import app
from gateway.processes.loops import DRAIN_SECONDS
from gateway.processes.serving import GRACE_SECONDS
from gateway.settings import Settings, describe, load

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "gateway" / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
UNIT = (DEPLOY / "frontdesk.service").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
VARIABLES = {"FRONTDESK_" + doc.name.upper().replace(".", "_") for doc in describe(Settings)} | {"FRONTDESK_CONFIG"}
OURS = ("one", "two", "migrate")


def instructions(word: str) -> Iterator[list[str]]:
    """The words of the Dockerfile's `word` instructions."""
    for line in DOCKERFILE.splitlines():
        first, *rest = line.split() or [""]
        if first == word:
            yield rest


def known(variable: str) -> bool:
    """Whether the program reads an environment variable of this name."""
    return variable in VARIABLES or variable.removesuffix("_FILE") in VARIABLES


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


# --- Dockerfile ---------------------------------------------------------------------------------


def test_the_image_copies_what_there_is_and_nothing_else_is_sent() -> None:
    copied = [word for words in instructions("COPY") if "--from=build" not in words for word in words[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert sorted(copied) == sorted(line[1:] for line in ignored if line.startswith("!"))


def test_every_package_is_in_the_image() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    copied = {word for words in instructions("COPY") for word in words}
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= copied
    assert {project["readme"] if "readme" in project else project["project"]["readme"], "hatch_build.py"} <= copied


def test_what_the_program_needs_is_in_the_lock() -> None:
    """The image is built from the lock's files alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    assert {canonicalize_name(Requirement(one).name) for one in needed} - locked == set()


def test_the_image_sets_what_the_program_reads() -> None:
    given = dict(word.split("=", 1) for words in instructions("ENV") for word in words)
    ours = {name: value for name, value in given.items() if name.startswith("FRONTDESK_")}
    assert [name for name in ours if not known(name)] == []
    settings = load(None, ours)
    assert (settings.host, settings.port, settings.log_format) == ("0.0.0.0", 8000, "json")
    assert [[str(settings.port)]] == list(instructions("EXPOSE"))
    assert f"http://127.0.0.1:{settings.port}/health/ready" in DOCKERFILE


def test_alone_the_image_keeps_sqlite_in_its_volume() -> None:
    [[folder]] = instructions("VOLUME")
    settings = load(None, image_environment())
    assert settings.database_url == "sqlite:///frontdesk.db"
    assert [[folder]] == list(instructions("WORKDIR"))[-1:]
    assert settings.data_dir == folder


def test_the_image_runs_a_command_of_ours_and_not_as_root() -> None:
    assert list(instructions("ENTRYPOINT")) == [['["frontdesk"]']]
    assert [words[0] for words in instructions("CMD")] == ['["serve"]']
    assert list(instructions("USER")) == [["frontdesk"]]


def test_no_image_comes_from_a_registry_of_its_own() -> None:
    images = [words[0] for words in instructions("FROM")] + [
        service["image"] for service in COMPOSE["services"].values()
    ]
    assert all(re.fullmatch(r"[a-z]+(:[a-z0-9.-]+)?", image) for image in images), images


# --- compose ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_what_there_is(name: str) -> None:
    service = COMPOSE["services"][name]
    command = service["command"]
    assert command[0] in COMMANDS
    assert [
        variable for variable in service["environment"] if variable.startswith("FRONTDESK_") and not known(variable)
    ] == []
    for variable, value in service["environment"].items():
        if variable.endswith("_FILE"):
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    [mounted] = service["configs"]
    assert mounted["target"] == service["environment"]["FRONTDESK_CONFIG"]
    # Both processes share the uploaded files, where the image keeps them.
    assert f"files:{load(None, image_environment()).data_dir}" in service["volumes"]


def image_environment() -> dict[str, str]:
    return dict(word.split("=", 1) for words in instructions("ENV") for word in words if word.startswith("FRONTDESK_"))


def test_the_settings_of_the_services_hold_together(tmp_path: Path) -> None:
    environment = dict(image_environment())
    for name, value in COMPOSE["services"]["one"]["environment"].items():
        if name.endswith("_FILE"):
            secret = tmp_path / value.rpartition("/")[2]
            secret.write_text("postgresql://frontdesk:x@postgres/frontdesk", encoding="utf-8")
            environment[name] = str(secret)
        elif name.startswith("FRONTDESK_") and name != "FRONTDESK_CONFIG":
            environment[name] = value
    settings = load(None, environment)
    assert settings.database_url.startswith("postgresql://")
    assert settings.redis_url == f"redis://{next(iter({'redis'} & COMPOSE['services'].keys()))}:6379/0"


def test_everything_named_is_defined() -> None:
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= services.keys()
        for other, needs in service.get("depends_on", {}).items():
            if needs["condition"] == "service_healthy":
                assert "healthcheck" in services[other] or services[other]["image"] == "frontdesk"
        assert set(service.get("networks", [])) <= COMPOSE["networks"].keys()
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
        assert {one["source"] for one in service.get("configs", [])} <= COMPOSE["configs"].keys()
        assert {one.partition(":")[0] for one in service.get("volumes", [])} <= COMPOSE["volumes"].keys()
    assert (ROOT / COMPOSE["configs"]["caddyfile"]["file"]).is_file()


def test_the_proxy_reaches_both_and_shows_no_figures() -> None:
    caddyfile = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    port = load(None, image_environment()).port
    for name in ("one", "two"):
        assert f"{name}:{port}" in caddyfile
        assert set(COMPOSE["services"][name]["networks"]) & set(COMPOSE["services"]["proxy"]["networks"])
    assert "/metrics /health/ready" in caddyfile
    assert "health_uri /health/ready" in caddyfile
    assert COMPOSE["networks"]["back"]["internal"] is True


def test_stopping_is_given_the_time_it_takes() -> None:
    longest = GRACE_SECONDS + DRAIN_SECONDS
    assert all(seconds(COMPOSE["services"][name]["stop_grace_period"]) > longest for name in OURS)
    assert seconds(values("TimeoutStopSec")[0]) > longest


# --- systemd ------------------------------------------------------------------------------------


def values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT, re.MULTILINE)


def test_the_unit_runs_what_there_is() -> None:
    started = [line.split() for line in [*values("ExecStartPre"), *values("ExecStart")]]
    assert [words[1] for words in started] == ["migrate", "serve"]
    assert {words[1] for words in started} <= COMMANDS.keys()
    given = dict(line.split("=", 1) for line in values("Environment"))
    assert [name for name in given if not known(name)] == []
    assert given.pop("FRONTDESK_CONFIG") == "%d/" + values("LoadCredential")[0].partition(":")[0]
    settings = load(None, given)
    [state] = values("StateDirectory")
    assert settings.data_dir == f"/var/lib/{state}" == values("WorkingDirectory")[0]
    assert settings.database_url == f"sqlite:////var/lib/{state}/frontdesk.db"


def test_the_unit_may_do_little() -> None:
    for setting in ("ProtectSystem=strict", "NoNewPrivileges=yes", "DynamicUser=yes", "Restart=on-failure"):
        assert setting in UNIT.splitlines()
    # serving raises its limit of open files, which @resources would forbid.
    assert "@resources" not in UNIT


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    unit = tmp_path / "frontdesk.service"
    unit.write_text(UNIT.replace("/opt/frontdesk/bin/frontdesk", "/bin/true"), encoding="utf-8")
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text(encoding="utf-8").replace("ExecStart=", "ExecStart=relative"), encoding="utf-8")
    assert subprocess.run([analyze, "verify", str(unit)], capture_output=True, check=False).returncode != 0
