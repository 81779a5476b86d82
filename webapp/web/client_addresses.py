"""Where a request comes from: the address under which the guests of a demo are counted together.

It is the connection's peer. Where that is a proxy that `PINCITE_TRUSTED_PROXIES` names, it is the last address of
X-Forwarded-For that is none of these: each proxy adds at the end whom it was reached from, and what stands before the
entry of the first trusted one is whatever the client wrote there. Kept in memory only, as long as a guest is there.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Protocol

from webapp.core.settings import Settings

NOWHERE = "nowhere"  # a connection without an address: all of them are counted as one
IPV6_PREFIX = 64  # bits: what one household or one rented server has, each with 2 ** 64 addresses of its own
FORWARDED = "X-Forwarded-For"
_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::\d{1,5})?|(?P<four>\d+\.\d+\.\d+\.\d+):\d{1,5}", re.ASCII)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Connected(Protocol):
    """What the requests of FastAPI and of gradio have in common."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Without regard to case."""

    @property
    def client(self) -> Any:
        """The peer: `host` is its address."""


def address_of(request: Connected, settings: Settings) -> str:
    """The address of whoever sends a request, of IPv6 its /64 network; NOWHERE for a connection without one."""
    hop = _read(str(request.client.host)) if request.client is not None else None
    if hop is None:
        return NOWHERE
    trusted = [ipaddress.ip_network(network) for network in settings.trusted_networks]
    for said in reversed(_forwarded(request.headers)):
        if not any(hop in network for network in trusted):
            break
        before = _read(said)
        if before is None:  # no address: the last hop that was one stands for what lies behind it
            break
        hop = before
    return str(hop) if hop.version == 4 else str(ipaddress.ip_network((int(hop), IPV6_PREFIX), strict=False))


def _forwarded(headers: Any) -> list[str]:
    """The entries of all such headers in their order, as if they were one."""
    one = headers.get(FORWARDED) or headers.get(FORWARDED.lower()) or ""
    together = ",".join(headers.getlist(FORWARDED) if hasattr(headers, "getlist") else [one])
    return [entry.strip() for entry in together.split(",")] if together else []


def _read(said: str) -> Address | None:
    """The address that is meant, with or without a port; IPv4 where it is that in the clothes of IPv6."""
    told = _PORT.fullmatch(said)
    try:
        address = ipaddress.ip_address((told["six"] or told["four"]) if told else said)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address
