"""Making the configured channels from their kinds, and loading no kind that is not configured."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from gateway.channels import Channel, ChannelKind, ChannelTools
from gateway.errors import SettingsError
from gateway.settings import check_struct, overlay_channel


def build_channels(
    kinds: Mapping[str, str], configured: Mapping[str, Mapping[str, Any]], tools: ChannelTools
) -> dict[str, Channel]:
    """The `configured` channels by name, the environment applied. Raises SettingsError naming the field.

    `kinds` says for each kind which module registers it (as `KIND`).
    """
    channels: dict[str, Channel] = {}
    for name, raw in configured.items():
        kind = kind_in(_module(kinds, name, str(raw["kind"])))
        fields = overlay_channel(kind.settings, name, {key: raw[key] for key in raw if key != "kind"})
        channels[name] = kind.build(name, check_struct(kind.settings, fields, f"channels.{name}."), tools)
    return channels


def kind_in(module: str) -> ChannelKind:
    """The kind that `module` registers."""
    found: ChannelKind = import_module(module).KIND
    return found


def _module(kinds: Mapping[str, str], name: str, kind: str) -> str:
    if kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise SettingsError(f"channels.{name}.kind", f"{kind!r} is not known; choose one of {known}")
    return kinds[kind]
