"""Whether the sender's address is proved: what our own mail server says of DMARC and DKIM (RFC 8601).

Only the topmost Authentication-Results header of the configured server counts. Whoever writes to us may write
such a header as well; a server takes forged ones out (RFC 8601, 5), and puts its own above whatever came.
"""

from __future__ import annotations

import re

from bots.mail.wire.letter import Letter
from bots.mail.wire.people import author, correspondent, domain_of, people
from gateway.messages import Value

_COMMENT = re.compile(r"\([^()]*\)")
_METHOD = re.compile(r"\s*([a-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(header|smtp)\.([a-z]+)\s*=\s*\"?@?([^\s\";]+)", re.IGNORECASE)
NESTED = 5
"""Comments within comments that are looked through."""


class Result(Value, frozen=True, kw_only=True):
    """One ``method=result`` with its properties, such as ``header.d``."""

    method: str
    result: str
    properties: dict[str, str]


def is_proved(letter: Letter, authserv_id: str, ours: str) -> bool:
    """Whether the address that an answer goes to is surely the sender's: dmarc=pass, or dkim=pass by the
    domain of From itself. Never where a Reply-To leads elsewhere: nobody vouches for that."""
    writer, target = author(letter), correspondent(letter, ours)
    froms = letter.every("from")
    if not authserv_id or writer is None or target is None or writer.address != target.address:
        return False
    if len(froms) != 1 or len(people(froms[0])) != 1:
        return False
    domain = domain_of(writer.address)
    return any(_proves(one, domain) for one in results(letter, authserv_id))


def results(letter: Letter, authserv_id: str) -> list[Result]:
    """What the server `authserv_id` says; nothing where it says nothing."""
    for header in letter.every("authentication-results"):
        server, _, rest = _plain(header).partition(";")
        if (server.split() or [""])[0].strip('"').lower() == authserv_id.lower():
            return [found for one in rest.split(";") if (found := _result(one))]
    return []


def _proves(result: Result, domain: str) -> bool:
    if result.result != "pass":
        return False
    if result.method == "dmarc":
        return result.properties.get("header.from", domain) == domain
    signer = result.properties.get("header.d") or domain_of(result.properties.get("header.i", ""))
    # Aligned: the domain itself, or one above it (RFC 7489, 3.1.1); a top-level domain signs nothing.
    return result.method == "dkim" and "." in signer and (domain == signer or domain.endswith(f".{signer}"))


def _result(text: str) -> Result | None:
    found = _METHOD.match(text)
    if found is None:
        return None
    properties = {f"{kind.lower()}.{name.lower()}": value.lower() for kind, name, value in _PROPERTY.findall(text)}
    return Result(method=found[1].lower(), result=found[2].lower(), properties=properties)


def _plain(header: str) -> str:
    """`header` without comments, in which anything may stand."""
    for _ in range(NESTED):
        header = _COMMENT.sub(" ", header)
    return header
