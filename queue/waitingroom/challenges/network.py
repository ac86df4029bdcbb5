"""Which network an attempt comes from: the address our own proxy vouches for, coarse enough not to be a person."""

from __future__ import annotations

import ipaddress
from typing import Final

PREFIX_V4: Final = 24
PREFIX_V6: Final = 48


def client_address(peer: str | None, forwarded_for: str, *, trust_proxy: bool) -> str | None:
    """Return the client's address.

    X-Forwarded-For counts only behind a trusted proxy, and of it only the last entry: that one the proxy wrote, everything
    before it the client may have made up (T50).
    """
    if trust_proxy and forwarded_for:
        return _bare(forwarded_for.rpartition(",")[2].strip())
    return peer


def network_of(address: str | None) -> str | None:
    """Return the /24 or /48 around *address*; None for one that says nothing about its owner.

    Loopback, private and link-local addresses are somebody's own proxy or house: thousands of visitors may share one.
    """
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if not parsed.is_global:
        return None
    prefix = PREFIX_V4 if parsed.version == 4 else PREFIX_V6
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))


def _bare(entry: str) -> str:
    """Take the port off `203.0.113.9:4711` or `[2001:db8::1]:4711`."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry
