"""The draws that browsers make again are the ones that are made."""

from __future__ import annotations

from tests.contract.waitingroom import make_draw_cases


def test_the_shared_draws_are_what_the_server_draws() -> None:
    """The file that web/test/room/proof.test.ts runs is what `roll.conduct` makes today."""
    assert make_draw_cases.PATH.read_text() == make_draw_cases.text(), (
        "run python -m tests.contract.waitingroom.make_draw_cases"
    )
