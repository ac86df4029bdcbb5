"""Deeds that happen by themselves later: pending refunds settle, some fail. A restart only delays them."""

import asyncio

from server.payments.demo import refunds
from server.payments.demo.records import Refund
from server.payments.demo.world import World


class Timers:
    """Wakes up for each deed when it is due."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._handles: dict[tuple[str, str], asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Arm what an earlier process left, and everything from now on."""
        for timer in self._world.store.timers():
            self._arm(*timer)
        self._world.on_timer = self._arm

    def stop(self) -> None:
        """Disarm; the store still knows."""
        for handle in self._handles.values():
            handle.cancel()

    def _arm(self, object_id: str, deed: str, due_ms: int) -> None:
        pause_s = max(0, due_ms - self._world.clock()) / 1000
        loop = asyncio.get_running_loop()
        self._handles[object_id, deed] = loop.call_later(pause_s, self._do, object_id, deed)

    def _do(self, object_id: str, deed: str) -> None:
        self._handles.pop((object_id, deed), None)
        refund = self._world.store.get(object_id, Refund)
        assert refund is not None, f"a timer for {object_id}, which does not exist"
        call = self._world.begin()
        match deed:
            case "settle":
                refunds.settle(call, refund)
            case "fail":
                refunds.fail(call, refund)
            case _:
                raise AssertionError(f"no such deed: {deed}")
        self._world.finish(call)
        self._world.store.drop_timer(object_id, deed)
