"""Making the configured channels from their kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.channels import Channel, ChannelKind, ChannelTools
from gateway.errors import SettingsError
from gateway.settings import check_struct, overlay_channel


def build_channels(
    kinds: Mapping[str, ChannelKind], configured: Mapping[str, Mapping[str, Any]], tools: ChannelTools
) -> dict[str, Channel]:
    """The `configured` channels by name, the environment applied. Raises SettingsError naming the field."""
    channels: dict[str, Channel] = {}
    for name, raw in configured.items():
        kind = kinds.get(str(raw["kind"]))
        if kind is None:
            known = ", ".join(sorted(kinds))
            raise SettingsError(f"channels.{name}.kind", f"{raw['kind']!r} is not known; choose one of {known}")
        fields = overlay_channel(kind.settings, name, {key: raw[key] for key in raw if key != "kind"})
        channels[name] = kind.build(name, check_struct(kind.settings, fields, f"channels.{name}."), tools)
    return channels
