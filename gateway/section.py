"""What every group of settings is made of."""

from __future__ import annotations

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all settings: frozen, and an unknown field is an error, not a silent nothing."""
