"""A worker dies between the charge and the ticket, a server in the middle of orders: what was begun is finished."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from loadtests.crowd.shop import Unreachable
from tests.faults.installation.stage import Stage, assert_audit_is_clean, await_true, kill, pid_of

pytestmark = pytest.mark.timeout(180)


async def test_a_worker_killed_after_the_charge(house: Stage) -> None:
    """The card is charged, nobody comes back to the shop, the worker is dead: its successor issues the tickets."""
    ada = await house.customer("ada")
    ref = str((await (await ada.holds(0, 1)).order())["ref"])
    workers = pid_of(house.running, "-m workers$")
    os.kill(workers, signal.SIGSTOP)
    await ada.pay(ref)
    view = await ada.view(ref)
    assert view is not None
    assert view["message"] != "paid", "control: without a worker there is no ticket"
    assert view["tickets"] == []
    os.kill(workers, signal.SIGKILL)
    assert await ada.tickets(ref) == [0, 1]
    await assert_audit_is_clean(house.running)


async def test_a_server_killed_in_the_middle_of_orders(house: Stage) -> None:
    """Twenty people order as the server dies; the same click again comes to the same order, paid once, with its tickets."""
    people = [await house.customer(f"person-{number}") for number in range(20)]
    for number, person in enumerate(people):
        await person.holds(2 * number, 2 * number + 1)
    orders = [asyncio.create_task(person.start(f"click-{person.name}")) for person in people]
    await await_true(lambda: any(order.done() for order in orders), "the first order to be answered")
    kill(house.running, "-m server$")
    first = await asyncio.gather(*orders, return_exceptions=True)
    assert all(isinstance(answer, Unreachable) or not isinstance(answer, BaseException) for answer in first), first

    async def finish(number: int) -> None:
        person, before = people[number], first[number]
        ref = str((await person.order(f"click-{person.name}"))["ref"])
        if not isinstance(before, BaseException) and before.ok:
            assert before.body["ref"] == ref
        await person.pay(ref)
        assert await person.tickets(ref) == [2 * number, 2 * number + 1]

    await asyncio.gather(*map(finish, range(len(people))))
    assert house.tally.violations == []
    await assert_audit_is_clean(house.running)
