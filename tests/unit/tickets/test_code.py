"""The ticket code T1: what is believed, what is refused, and by which name."""

import json
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.tickets.code import CodeRefused, ParsedCode, TicketCode, parse, sign, verify
from server.tickets.number import ALPHABET, read_number, write_number
from tests.vectors import make_t1

VECTORS = json.loads(make_t1.PATH.read_text(encoding="utf-8"))
KEYS = {
    int(kid): None if key is None else Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    for kid, key in VECTORS["keys"].items()
}


def read(text: str) -> TicketCode | CodeRefused:
    """Parse and verify as the vectors' event does."""
    parsed = parse(text)
    return verify(parsed, VECTORS["event"], KEYS) if isinstance(parsed, ParsedCode) else parsed


def test_the_vectors_are_current() -> None:
    """t1.json is what its maker writes, so that nobody edits one of the two alone."""
    assert make_t1.PATH.read_text(encoding="utf-8") == make_t1.rendered()


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_vector(case: dict[str, object]) -> None:
    """Every vector leads to the facts or the refusal it names."""
    answer = read(str(case["text"]))
    if "refused" in case:
        assert answer == CodeRefused(case["refused"])  # type: ignore[arg-type]
    else:
        facts = case["facts"]
        assert isinstance(facts, dict)
        assert answer == TicketCode(**(facts | {"ticket_id": int(facts["ticket_id"])}))


@pytest.mark.longer
def test_random_mutations_never_verify(request: pytest.FixtureRequest) -> None:
    """Replaced, dropped, doubled and swapped letters of a good code never make another good code."""
    rounds = 100_000 if request.config.getoption("--long") else 2_000
    seed = 20_260_901
    dice = random.Random(seed)
    text = sign(TicketCode(event=VECTORS["event"], ticket_id=7, generation=0), make_t1.SIGNING)
    for turn in range(rounds):
        mutant = mutate(text, dice)
        if mutant != text:
            assert isinstance(read(mutant), CodeRefused), (seed, turn, mutant)


def mutate(text: str, dice: random.Random) -> str:
    letters = list(text)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        at, other = dice.randrange(len(letters)), dice.randrange(len(letters))
        match dice.randrange(4):
            case 0:
                letters[at] = dice.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
            case 1:
                letters[at], letters[other] = letters[other], letters[at]
            case 2:
                letters[at] = letters[other]
            case _:
                letters.insert(other, letters.pop(at))
    return "".join(letters)


def test_a_code_has_144_letters_and_one_spelling() -> None:
    """Same facts, same key, same text: Ed25519 is deterministic and so are we."""
    key = Ed25519PrivateKey.generate()
    facts = TicketCode(event=1, ticket_id=1, generation=0)
    assert len(sign(facts, key)) == 144
    assert sign(facts, key) == sign(facts, key)


@pytest.mark.parametrize("ticket_id", [1, 2**62 + 12345, 2**63 - 1])
def test_a_number_reads_back_however_it_is_typed(ticket_id: int) -> None:
    """Case, hyphens, spaces and the look-alikes O, I and L do not matter."""
    number = write_number(ticket_id)
    assert read_number(number) == ticket_id
    assert read_number(number.lower().replace("-", " ")) == ticket_id
    assert read_number(number.replace("0", "o").replace("1", "l")) == ticket_id


@pytest.mark.parametrize("text", ["", "12345", "UUUUU-UUUU-UUUU", "ZZZZZ-ZZZZ-ZZZZ", "0" * 14, "Ａ" * 13])
def test_what_is_no_number_is_none(text: str) -> None:
    """Wrong length, foreign letters, or more than 63 bits."""
    assert read_number(text) is None


def test_numbers_use_letters_no_one_confuses() -> None:
    """Crockford's alphabet: 32 letters without I, L, O and U."""
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)
