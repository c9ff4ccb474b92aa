"""Making the configured channels and desks from their kinds, and loading no kind that is not configured."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gateway.channels import Channel, ChannelKind, ChannelTools
from gateway.desks import Desk, DeskKind, DeskTools
from gateway.errors import SettingsError
from gateway.settings import check_struct, overlay_channel


def kinds_of(package: str) -> dict[str, str]:
    """Each folder of `package` is a kind: its name, and the module that registers it (as `KIND`).

    Only looked for, not imported: a messenger's library may take seconds and a hundred megabytes.
    """
    found = find_spec(package)
    roots = [Path(root) for root in (found.submodule_search_locations or ())] if found else []
    names = sorted({home.parent.name for root in roots for home in root.glob("[a-z]*/__init__.py")})
    return {name: f"{package}.{name}" for name in names}


def desk_kinds_of(package: str) -> dict[str, str]:
    """The kinds that are desks as well: each folder of `package` with a folder ``desk`` in it."""
    found = find_spec(package)
    roots = [Path(root) for root in (found.submodule_search_locations or ())] if found else []
    names = sorted({home.parents[1].name for root in roots for home in root.glob("[a-z]*/desk/__init__.py")})
    return {name: f"{package}.{name}.desk" for name in names}


def build_desks(
    kinds: Mapping[str, str], configured: Mapping[str, Mapping[str, Any]], tools: DeskTools
) -> dict[str, Desk]:
    """The `configured` desks by name, the environment applied. Raises SettingsError naming the field.

    `kinds` says for each kind which module registers it (as `KIND`).
    """
    desks: dict[str, Desk] = {}
    for name, raw in configured.items():
        if name in tools.channels:
            raise SettingsError(f"desks.{name}", "a channel has this name already; choose another")
        kind: DeskKind = import_module(_module(kinds, f"desks.{name}", str(raw["kind"]))).KIND
        own = {key: raw[key] for key in raw if key != "kind"}
        fields = overlay_channel(kind.settings, name, own, section="desks")
        desks[name] = kind.build(name, check_struct(kind.settings, fields, f"desks.{name}."), tools)
    return desks


def build_channels(
    kinds: Mapping[str, str], configured: Mapping[str, Mapping[str, Any]], tools: ChannelTools
) -> dict[str, Channel]:
    """The `configured` channels by name, the environment applied. Raises SettingsError naming the field.

    `kinds` says for each kind which module registers it (as `KIND`).
    """
    channels: dict[str, Channel] = {}
    for name, raw in configured.items():
        kind = kind_in(_module(kinds, f"channels.{name}", str(raw["kind"])))
        fields = overlay_channel(kind.settings, name, {key: raw[key] for key in raw if key != "kind"})
        channels[name] = kind.build(name, check_struct(kind.settings, fields, f"channels.{name}."), tools)
    return channels


def kind_in(module: str) -> ChannelKind:
    """The kind that `module` registers."""
    found: ChannelKind = import_module(module).KIND
    return found


def _module(kinds: Mapping[str, str], table: str, kind: str) -> str:
    if kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise SettingsError(f"{table}.kind", f"{kind!r} is not known; choose one of {known}")
    return kinds[kind]
