"""Taking a port, and what is said where it cannot be had."""

from __future__ import annotations

import socket

import pytest

from gateway.errors import SettingsError
from gateway.processes.listening import bind, url_of


@pytest.mark.parametrize("host", ["999.1.1.1", "192.0.2.1", "x" * 70])
def test_an_address_that_is_not_ours_names_the_host(host: str) -> None:
    with pytest.raises(SettingsError, match=r"is no address of this machine.*0\.0\.0\.0") as refused:
        bind(host, 0)
    assert refused.value.field == "host"


def test_a_port_that_is_taken_names_the_port() -> None:
    with bind("127.0.0.1", 0) as first, pytest.raises(SettingsError, match="choose another") as refused:
        bind("127.0.0.1", first.getsockname()[1])
    assert refused.value.field == "port"


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_where_it_is_reached(host: str, shown: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with bind(host, 0) as listener:
        assert url_of(listener) == f"{shown}{listener.getsockname()[1]}"
