"""What a purchase is answered without being read again says what a fresh read says."""

from __future__ import annotations

from msgspec.structs import replace

from server.orders.lines import Named
from server.orders.reading import Reader, see_order, see_to_pay
from server.orders.record import OrderRecord, decode_record
from server.orders.references import new_ref
from server.orders.retry import refresh_seen
from server.orders.start import Placed
from tests.order_scene import Scene


async def fresh(house: Scene, placed: Placed) -> OrderRecord:
    """Read the order as anybody would who comes later."""
    seen = await see_order(house.desk.database, placed.ref, Reader(org_id=house.org_id))
    assert seen is not None
    return decode_record(seen.record)


async def returned(house: Scene, placed: Placed) -> OrderRecord | None:
    """Come back from the provider, as the browser does."""
    found = await see_to_pay(house.desk.database, placed.ref, Reader(org_id=house.org_id))
    assert found is not None
    return await refresh_seen(house.desk, *found)


def named(house: Scene) -> tuple[Named, ...]:
    """Name one seat and two places in the area."""
    return (Named("Zoë", k=11), Named("Ali", area=0, type_id=house.adult), Named("Bo", area=0, type_id=house.adult))


async def seats_and_places(house: Scene) -> Placed:
    """Order two seats, one with a name, and three places in an area, two of them with names."""
    await house.hold("ada", [11, 10], 3)
    return await house.order("ada", attendees=named(house), locale="de")


async def sold_before(house: Scene) -> None:
    """Make a sale, so that the event has its signing key."""
    earlier = await house.buy("eve", [0])
    await house.webhook(await house.intent_id(earlier))
    await house.settled()


async def test_a_new_order_is_answered_as_it_is_read(house: Scene) -> None:
    """Lines, names, prices, fees, the time to pay and the payment are those of the rows that were written."""
    placed = await seats_and_places(house)
    assert placed.record == await fresh(house, placed)


async def test_a_payment_is_answered_as_it_is_read(house: Scene) -> None:
    """Who comes back from the provider first sees the tickets of the order's rows, each at its line."""
    await sold_before(house)
    placed = await seats_and_places(house)
    await house.pay(placed)
    record = await returned(house, placed)
    assert record is not None
    assert record.state == "paid"
    assert record == await fresh(house, placed)
    await house.settled()


async def test_the_first_sale_of_an_event_is_read(house: Scene) -> None:
    """It makes the event's signing key, under the lock."""
    placed = await seats_and_places(house)
    await house.pay(placed)
    assert await returned(house, placed) is None
    assert (await house.view(placed)).message == "paid"
    await house.settled()


async def test_who_comes_back_after_the_webhook_reads(house: Scene) -> None:
    """The tickets of a sale that another call made are read, not guessed."""
    await sold_before(house)
    placed = await seats_and_places(house)
    await house.pay(placed)
    found = await see_to_pay(house.desk.database, placed.ref, Reader(org_id=house.org_id))
    assert found is not None
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    assert await refresh_seen(house.desk, *found) is None
    assert await returned(house, placed) == await fresh(house, placed)


async def test_who_comes_back_with_a_declined_card_reads(house: Scene) -> None:
    """A payment that is still open is read again: the decline is news."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    await house.pay(placed, "chargeDeclined")
    assert await returned(house, placed) is None
    assert (await house.view(placed)).message == "declined"


async def test_a_repeated_request_is_read(house: Scene) -> None:
    """Who sends the request again has not written the order, and does not know what became of it since."""
    placed = await seats_and_places(house)
    again = await house.order("ada", attendees=named(house), locale="de")
    assert (again.again, again.record, again.ref) == (True, None, placed.ref)


async def test_the_comparison_sees_a_difference(house: Scene) -> None:
    """Negative control: another ticket, another time to pay or another secret is not what is read."""
    placed = await seats_and_places(house)
    assert placed.record is not None
    assert replace(placed.record, pay_until_ms=placed.record.pay_until_ms + 1) != await fresh(house, placed)
    assert placed.record.attempt is not None
    other = replace(placed.record.attempt, client_secret=new_ref())
    assert replace(placed.record, attempt=other) != await fresh(house, placed)
