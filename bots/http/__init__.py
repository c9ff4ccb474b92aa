"""Signed HTTP: a firm's own app or site as a channel, with no code of ours.

Both ways go JSON (`shapes`, published under `schema/`) with Standard Webhooks signatures (`signing`). `wire`
translates; `client` posts and `fetching` fetches customers' files; `channel` joins them.
"""

from __future__ import annotations

from bots.http.channel import HttpChannel
from bots.http.settings import HttpSettings
from gateway.channels import ChannelKind, ChannelTools


def build(name: str, settings: HttpSettings, tools: ChannelTools) -> HttpChannel:
    """The channel `name`."""
    return HttpChannel(name, settings, tools)


KIND = ChannelKind(name="http", settings=HttpSettings, build=build)
