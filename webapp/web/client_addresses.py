"""Client address of a request, for rate limits of demo guests; reads X-Forwarded-For from trusted proxies only.

It is the peer of the connection, or, if that is a proxy of `PINCITE_TRUSTED_PROXIES`, the last address of
X-Forwarded-For that is not such a proxy. Each proxy appends the address of its client; entries before that of the first
trusted proxy are the client's own and prove nothing. Addresses are kept in memory only, for as long as the guest's
session.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Protocol

from webapp.core.settings import Settings

NOWHERE = "nowhere"  # key of all connections without an address
IPV6_PREFIX = 64  # bits of the network of one household or rented server, which has 2 ** 64 addresses
FORWARDED = "X-Forwarded-For"
_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::\d{1,5})?|(?P<four>\d+\.\d+\.\d+\.\d+):\d{1,5}", re.ASCII)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Connected(Protocol):
    """The part that requests of FastAPI and of Gradio have in common."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; lookup ignores case."""

    @property
    def client(self) -> Any:
        """The peer of the connection; `host` is its address."""


def address_of(request: Connected, settings: Settings) -> str:
    """The client's IPv4 address or IPv6 /64 network, as text; NOWHERE for a connection without an address."""
    hop = _read(str(request.client.host)) if request.client is not None else None
    if hop is None:
        return NOWHERE
    trusted = [ipaddress.ip_network(network) for network in settings.trusted_networks]
    for entry in reversed(_forwarded(request.headers)):
        if not any(hop in network for network in trusted):
            break
        previous = _read(entry)
        if previous is None:  # not an address: everything behind this hop counts as the hop itself
            break
        hop = previous
    return str(hop) if hop.version == 4 else str(ipaddress.ip_network((int(hop), IPV6_PREFIX), strict=False))


def _forwarded(headers: Any) -> list[str]:
    """The entries of all X-Forwarded-For headers, joined in order."""
    single = headers.get(FORWARDED) or headers.get(FORWARDED.lower()) or ""
    joined = ",".join(headers.getlist(FORWARDED) if hasattr(headers, "getlist") else [single])
    return [entry.strip() for entry in joined.split(",")] if joined else []


def _read(text: str) -> Address | None:
    """Parse an address with or without a port; an IPv4-mapped IPv6 address becomes IPv4."""
    with_port = _PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((with_port["six"] or with_port["four"]) if with_port else text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address
