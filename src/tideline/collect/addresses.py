"""Which addresses may stand behind a venue's name: public ones only.

A name server that answers with an address of this machine, of the network around it or of a
cloud's metadata service is not telling where the venue is.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out for public use; the rest is local, reserved or a way of writing."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(text: str) -> bool:
    """Is this literal a public unicast address, also by what it wraps (mapped, NAT64, 6to4)?"""
    address = literal(text)
    return address is not None and all(_is_global(found) for found in _meant(address))


def is_loopback(url: str) -> bool:
    """Does this URL name this very machine, by a loopback literal or as ``localhost``?"""
    host = urlsplit(url).hostname or ""
    address = literal(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def literal(text: str) -> Address | None:
    """The address that ``text`` writes out, None when it is a name."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _is_global(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and not (
        address in _UNICAST or address in _NAT64
    ):
        return False
    return address.is_global and not address.is_multicast


def _meant(address: Address) -> list[Address]:
    """The address and every address that it carries inside."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    inside = [address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *(item for item in inside if item is not None)]
