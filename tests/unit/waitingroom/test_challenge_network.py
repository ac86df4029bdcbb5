"""Whose network an attempt counts for: never one a header made up."""

import pytest

from waitingroom.challenges.network import client_address, network_of

PEER = "198.51.100.7"


def test_t50_a_forwarded_address_counts_only_behind_a_trusted_proxy() -> None:
    """T50: without a proxy of ours the header is anybody's text."""
    assert client_address(PEER, "203.0.113.9", trust_proxy=False) == PEER


def test_t50_of_a_trusted_proxys_list_only_its_own_entry_counts() -> None:
    """T50: what stands before the last entry, the client wrote."""
    assert client_address(PEER, "10.0.0.1, 8.8.8.8, 203.0.113.9", trust_proxy=True) == "203.0.113.9"
    assert client_address(PEER, "", trust_proxy=True) == PEER


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("8.8.8.8", "8.8.8.0/24"),
        ("::ffff:8.8.8.8", "8.8.8.0/24"),
        ("2a00:1450:4001:82a::200e", "2a00:1450:4001::/48"),
        ("127.0.0.1", None),
        ("10.1.2.3", None),
        ("::1", None),
        ("fe80::1", None),
        ("", None),
        (None, None),
        ("nonsense'; drop", None),
        ("8.8.8.8.8", None),
    ],
)
def test_a_network_is_coarse_and_public(address: str | None, network: str | None) -> None:
    """A /24 or /48; nothing for addresses thousands of visitors may share."""
    assert network_of(address) == network


@pytest.mark.parametrize("entry", ["203.0.113.9:4711", "203.0.113.9"])
def test_a_port_is_not_part_of_an_address(entry: str) -> None:
    """Some proxies write the port."""
    assert client_address(PEER, entry, trust_proxy=True) == "203.0.113.9"
    assert client_address(PEER, "[2001:db8::1]:80", trust_proxy=True) == "2001:db8::1"
