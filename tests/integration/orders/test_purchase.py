"""A purchase from hold to ticket, on real stores and a real provider."""

from __future__ import annotations

from tests.order_scene import SEAT_PRICE, Scene


async def test_a_paid_order_has_tickets_letters_and_sold_seats(house: Scene) -> None:
    """Two seats: held, ordered, paid, told by webhook; then tickets, one letter, seats sold, and nothing disagrees."""
    placed = await house.buy("ada", [10, 11])
    assert await house.seat_state(10) == 1
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    view = await house.view(placed)
    assert (view.state, view.message, len(view.tickets)) == ("paid", "paid", 2)
    assert view.total == 2 * (SEAT_PRICE + SEAT_PRICE * 5 // 100 + 50)
    assert await house.seat_state(10) == await house.seat_state(11) == 2
    assert house.letters() == [f"order-{placed.ref}-tickets"]
    assert house.announced == [(house.org_id, house.show_id)]


async def test_an_order_in_a_language_we_do_not_speak_is_delivered(house: Scene) -> None:
    """A program may name any locale: the letter is written in English and goes out."""
    placed = await house.buy("ada", [10], locale="fr-CA")
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    assert house.letters() == [f"order-{placed.ref}-tickets"]
