"""Taking a port: for one process, or for several that share it."""

from __future__ import annotations

import errno
import socket

from gateway.errors import SettingsError

BACKLOG = 2048
ADDRESSES = "say 127.0.0.1 for programs on it alone, 0.0.0.0 for the network"


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises SettingsError where the address is taken or not ours."""
    listener = _bound(host, port)
    listener.listen(BACKLOG)
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a listening socket is reached (RFC 3986, section 3.2.2: an IPv6 address stands in brackets)."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class SharedPort:
    """A port on which each process listens with a socket of its own, and the kernel deals connections out
    evenly (SO_REUSEPORT, socket(7)). A process that dies takes only the connections it held.

    Raises SettingsError where the address is taken or not ours.
    """

    def __init__(self, host: str, port: int) -> None:
        # Without the option first: with it, another program that shares so would be let in silently.
        probe = _bound(host, port)
        self._host = host
        self.number = int(probe.getsockname()[1])
        probe.close()
        # Never listens: it only keeps the number, where the system chose it.
        self._anchor = _bound(host, self.number, shared=True)

    def open(self) -> socket.socket:
        """One more socket on it; it gets connections from its `listen` on."""
        return _bound(self._host, self.number, shared=True)

    def close(self) -> None:
        """Let go."""
        self._anchor.close()


def _bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((host, port))
    except (OSError, UnicodeError) as error:
        made.close()
        # UnicodeError: a name too long for any host.
        if isinstance(error, socket.gaierror | UnicodeError) or error.errno == errno.EADDRNOTAVAIL:
            raise SettingsError("host", f"{host} is no address of this machine; {ADDRESSES}") from None
        raise SettingsError("port", f"cannot listen on {host}:{port}: {error.strerror}; choose another") from None
    return made
