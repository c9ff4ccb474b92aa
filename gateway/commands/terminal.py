"""What all subcommands share: where they speak, and how they read the settings."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway import logs
from gateway.operating import variables
from gateway.settings import Settings, load

console = Console(stderr=True, highlight=False)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", envvar="FRONTDESK_CONFIG", help="Settings file; frontdesk.toml when not given."),
]


def settings_of(config: Path | None, *, serving: bool = False) -> Settings:
    """The settings, with logs set up: a command says what it did itself, so only warnings are logged.

    A variable that looks like a setting and is none is one."""
    settings = load(config)
    logs.configure(settings.log_format, level=logs.level_of(settings.log_level) if serving else logging.WARNING)
    variables.tell(variables.of_settings(settings))
    return settings
