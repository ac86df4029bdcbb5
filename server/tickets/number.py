"""The ticket number: the ticket's id as thirteen letters a person can read aloud, `3K7QM-2XPA-9DR4`.

Crockford's Base32 (no I, L, O, U). 63 random bits make a number as hard to guess as a password of twelve letters.
"""

import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_CHARS = 13
# With every space and hyphen somebody may put between the letters.
TYPED_MAX = 64

_VALUES = {letter: value for value, letter in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_IGNORED = re.compile(r"[\s\-]+")


def write_number(ticket_id: int) -> str:
    """Write *ticket_id* (0 to 2^63-1) in groups of five, four and four."""
    letters = "".join(ALPHABET[ticket_id >> shift & 31] for shift in range(60, -5, -5))
    return f"{letters[:5]}-{letters[5:9]}-{letters[9:]}"


def read_number(text: str) -> int | None:
    """Read a number as typed: any case, spaces and hyphens anywhere, O for 0, I and L for 1; None when it is none."""
    if len(text) > TYPED_MAX:
        return None  # a ticket code, nearly always: 144 letters
    letters = _IGNORED.sub("", text).upper()
    if len(letters) != NUMBER_CHARS or any(letter not in _VALUES for letter in letters):
        return None
    value = 0
    for letter in letters:
        value = value << 5 | _VALUES[letter]
    return value if value < 2**63 else None
