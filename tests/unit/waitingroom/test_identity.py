"""Identities: one person is one digest, and a digest shows nobody."""

from __future__ import annotations

import pytest

from waitingroom.identity import DIGEST_BYTES, Identities, commitment, email_of, mailbox, masked

IDS = Identities("s" * 48)


def test_t13_one_person_is_one_digest() -> None:
    """Twenty tabs and three devices of one mailbox come to one digest; kinds, values and rooms differ."""
    spellings = ("Ada.Lovelace+tickets@Gmail.com", "adalovelace@gmail.com", "ADA.LOVELACE@googlemail.com")
    assert len({IDS.digest(7, "email", mailbox(one)) for one in spellings}) == 1
    others = {
        IDS.digest(7, "email", "a@b.example"),
        IDS.digest(7, "device", "a@b.example"),
        IDS.digest(8, "email", "a@b.example"),
    }
    assert len(others) == 3
    assert {len(one) for one in others} == {DIGEST_BYTES}


def test_t16_a_digest_is_nothing_without_the_key() -> None:
    """Who has the store and tries every address finds nobody: another installation's key gives other digests."""
    addresses = [f"visitor{number}@mail.example" for number in range(500)]
    stored = {IDS.digest(7, "email", address) for address in addresses}
    guessed = {Identities("t" * 48).digest(7, "email", address) for address in addresses}
    assert len(stored) == 500
    assert not stored & guessed
    assert not any(address.encode() in b"".join(stored) for address in addresses)


def test_a_commitment_is_32_bytes_and_its_own() -> None:
    """What stands in the Merkle tree differs for any two digests."""
    made = {commitment(number.to_bytes(8, "big")) for number in range(1000)}
    assert len(made) == 1000
    assert {len(one) for one in made} == {32}


@pytest.mark.parametrize(
    "text", ["a@b.example", " a.b+c@sub.d-e.example ", "ü@exämple.example", "x" * 64 + "@b.example"]
)
def test_addresses_mail_can_be_sent_to(text: str) -> None:
    """Ordinary and odd ones are taken, blanks around them are not part of them."""
    assert email_of(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", "a", "a@b", "@b.example", "a@", "a b@c.example", "a@b@c.example", "a@b..example", "a@b.example\nBcc: c@d.example", "<a@b.example>",
     "x" * 65 + "@b.example", "a@" + "b" * 250 + ".example", "a\0@b.example"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    """Nothing that could reach another mailbox, or a header, passes."""
    assert email_of(text) is None


def test_a_masked_address_is_known_to_its_owner_only() -> None:
    """The first letters, nothing else."""
    assert masked("ada@lovelace.example") == "a…@l…"
