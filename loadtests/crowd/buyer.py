"""One buyer from the first look to the ticket: the journey a person takes through the pages, without the pages."""

import asyncio
import random
import secrets
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from loadtests.crowd.habits import Habits, pause_s
from loadtests.crowd.house import House, Request
from loadtests.crowd.live import Dropped, LiveSocket
from loadtests.crowd.room import HolderKey, Room, Waiter
from loadtests.crowd.shop import Answer, Shop, Unreachable
from loadtests.crowd.tally import Tally
from loadtests.crowd.watcher import Watcher

Json = dict[str, Any]
# A paid order must have its tickets by then, whatever the load.
SETTLE_TIMEOUT_S = 60.0
# Even a machine sees what it was refused before it asks again: the picture needs a tick.
RETRY_S = 0.15
PAYMENT_TRIES = 20
# How long somebody stands in a line, on average.
PATIENCE_S = 900.0
FINAL = ("paid", "expired", "cancelled", "refunded", "partly_refunded", "in_review")
# Refusals after which another choice may work.
CHOOSE_AGAIN = frozenset(
    ("seat_taken", "area_full", "quota_full", "stranded_single", "no_seats_together", "seat_reserved_accessible")
)


class Buyer:
    """Walks through one purchase. *all_sell* buyers take what is left, wheelchair spaces included."""

    def __init__(
        self,
        shop: Shop,
        live_url: str,
        house: House,
        eyes: Watcher,
        habits: Habits,
        tally: Tally,
        random_: random.Random,
        *,
        all_sell: bool,
        room: Room | None = None,
    ) -> None:
        self._room, self._bought = room, False
        self._shop, self._house, self._eyes, self._habits = shop, house, eyes, habits
        self._tally, self._random, self._all_sell = tally, random_, all_sell
        self._live_url = live_url
        self._socket: LiveSocket
        self._token = ""

    async def go(self) -> None:
        """Live the whole journey. Only violations are remembered; a buyer's own misfortunes are counted."""
        self._tally.counts["buyers"] += 1
        try:
            self._token = await self._shop.session()
            if self._room is None:
                await self._visit(None)
            else:
                await self._wait_and_visit(self._room)
        except (Unreachable, Dropped, ConnectionClosed, InvalidHandshake, OSError) as error:
            self._tally.counts[f"buyers lost to {type(error).__name__}"] += 1

    async def _wait_and_visit(self, room: Room) -> None:
        """Stand in line, go in when called; who does not buy makes room for the next, unless they vanish."""
        await self._shop.page(room.page)
        waiter = Waiter(self._shop, room, self._token, self._tally, self._random)
        if not await waiter.get_in(PATIENCE_S * (0.5 + self._random.random())):
            return
        await self._visit(waiter.key)
        if not self._bought and self._habits.lets_go != "vanishes":
            await waiter.leave()

    async def _visit(self, holder: HolderKey | None) -> None:
        show = self._house.show_id
        self._socket = LiveSocket(self._live_url, show, self._token, self._tally, self._random, holder=holder)
        try:
            await self._journey()
        finally:
            await self._socket.leave()

    async def _journey(self) -> None:
        await self._shop.page(self._house.page)
        await self._socket.enter("overview")
        await self._pause(4)
        if self._habits.only_looks:
            self._tally.counts["only looked"] += 1
            return
        await self._socket.look_at(self._house.range_of(self._random))
        hold = await self._find_seats()
        if hold is None:
            self._tally.counts["left without seats"] += 1
            return
        await self._pause(3)
        if self._habits.changes_mind and len(hold["seats"]) > 1:
            hold = await self._swap_one(hold)
            if hold is None:
                return
        match self._habits.lets_go:
            case "vanishes":
                self._tally.counts["vanished with seats in hand"] += 1
                return
            case "releases":
                await self._socket.command("release", all=True)
                self._tally.counts["gave seats back"] += 1
                return
        await self._pause(6)
        await self._buy(hold)

    async def _find_seats(self) -> Json | None:
        """Ask until something is held or patience ends."""
        offer: list[list[int]] | None = None
        party = self._habits.party
        for attempt in range(self._habits.tries):
            if offer:
                answer = await self._socket.command("hold", seats=offer)
            else:
                asked = self._wish(party)
                if asked is None:
                    return None
                answer = await self._ask(asked, attempt)
            if answer["t"] == "held":
                self._tally.counts["holds"] += 1
                return self._checked(answer["hold"])
            if answer["code"] not in CHOOSE_AGAIN and not self._may_wait(answer):
                return None
            if answer["code"] == "seat_reserved_accessible":
                self._house.learn_reserved(answer["seats"])
            offers = answer["offers"]
            offer = offers[0]["seats"] if offers and self._random.random() < 0.6 else None
            party = max(1, party - (attempt > 2))
            await self._pause(1.5, least_s=RETRY_S)
        return None

    def _wish(self, party: int) -> Request | None:
        return self._house.choose(
            self._eyes.picture, party, self._habits.near_stage, self._random, last_seats=self._all_sell
        )

    async def _ask(self, wish: Request, attempt: int) -> Json:
        """Click the seats, or let the house choose as many of the same kind."""
        if wish.areas:
            return await self._socket.command("hold", areas=wish.areas)
        if self._habits.picks or wish.accessible or attempt > 3:
            return await self._socket.command("hold", seats=wish.seats, accessible=wish.accessible)
        kind = wish.seats[0][1]
        category = self._house.category[wish.seats[0][0]]
        return await self._socket.command("best", types=[[kind, len(wish.seats)]], categories=[category])

    def _may_wait(self, answer: Json) -> bool:
        """Say whether the gateway asks to repeat (paused, rate limited, store away)."""
        return answer["retry_after_ms"] is not None and answer["code"] != "sale_not_open"

    def _checked(self, hold: Json) -> Json:
        """Check what the gateway promises about a hold."""
        total = sum(seat["amount"] for seat in hold["seats"]) + sum(a["amount"] * a["qty"] for a in hold["areas"])
        if total != hold["total"]:
            self._tally.violated(f"a hold of {total} says {hold['total']}")
        if len({seat["k"] for seat in hold["seats"]}) != len(hold["seats"]):
            self._tally.violated("a hold names a seat twice")
        return hold

    async def _swap_one(self, hold: Json) -> Json | None:
        """Give one seat back and take another instead."""
        given = await self._socket.command("release", seats=[hold["seats"][-1]["k"]])
        if given["t"] != "released" or given["hold"] is None:
            return None
        self._tally.counts["changed their mind"] += 1
        wish = self._wish(1)
        if wish is not None and wish.seats:
            answer = await self._socket.command("hold", seats=wish.seats[:1], accessible=wish.accessible)
            if answer["t"] == "held":
                return self._checked(answer["hold"])
        return self._checked(given["hold"])

    async def _buy(self, hold: Json) -> None:
        quote = await self._shop.quote(self._token, self._house.show_id)
        if not quote.ok:
            return
        order = {
            "show": self._house.show_id,
            "name": self._habits.name,
            "email": self._habits.email,
            "terms": True,
            "expected_total": quote.body["total"],
            "currency": quote.body["currency"],
        }
        started = await self._start(order)
        if not started.ok:
            return
        view: Json = started.body
        if view["payment"] is not None:
            paid = await self._pay(view)
            if not paid:
                return
        with self._tally.timed("settled"):
            final = await self._settle(view["ref"])
        if final is not None:
            self._check_paid(final, hold)

    async def _start(self, order: Json) -> Answer:
        """Press the button; some press it twice, which must come to one order."""
        key = secrets.token_hex(12)  # not from the seed: the same crowd played twice buys twice
        if not self._habits.clicks_twice:
            return await self._shop.start_order(self._token, order, key)
        first, second = await asyncio.gather(
            self._shop.start_order(self._token, order, key), self._shop.start_order(self._token, order, key)
        )
        refs = {answer.body["ref"] for answer in (first, second) if answer.ok}
        if len(refs) > 1:
            self._tally.violated(f"a double click made two orders: {sorted(refs)}")
        self._tally.counts["double clicks"] += 1
        return first if first.ok else second

    async def _pay(self, view: Json) -> bool:
        """Try the cards in turn; False when the buyer gives up (then the order is cancelled)."""
        ref = view["ref"]
        for card in self._habits.cards:
            payment = await self._payment(view)
            if payment is None:
                return False
            await self._pause(5)
            answer = await self._shop.confirm(payment, card, self._habits.name)
            if answer.ok and answer.body["status"] == "requires_action":
                url = str(answer.body["next_action"]["redirect_to_url"]["url"])
                self._tally.counts["asked by the bank"] += 1
                await self._pause(5)
                if await self._shop.answer_bank(url, approve=self._habits.approves) and self._habits.approves:
                    return True
            elif answer.ok:
                return True
            elif answer.status != 402:
                error = answer.body["error"]
                if error.get("code") != "payment_intent_unexpected_state":
                    self._tally.violated(f"the provider did not understand the card form: {error}")
                # Cancelled or paid meanwhile: the order knows.
                self._tally.counts["too late to pay"] += 1
                return True
            self._tally.counts["cards declined"] += 1
            if self._habits.gives_up_after_decline:
                await self._shop.order(self._token, ref, "cancel", {})
                self._tally.counts["gave up after a decline"] += 1
                return False
            again = await self._shop.order(self._token, ref, "return")
            if again.ok:
                view = again.body
        return False

    async def _payment(self, view: Json) -> Json | None:
        """Get something to pay with: the open payment, or a new attempt; while the provider is away, ask again."""
        payment: Json | None = view["payment"]
        if payment is not None and payment["client_secret"] is not None and payment["state"] != "declined":
            return payment
        for _ in range(PAYMENT_TRIES):
            answer = await self._shop.order(self._token, view["ref"], "payment")
            fresh: Json | None = answer.body["payment"] if answer.ok else None
            if fresh is not None and fresh["client_secret"] is not None:
                return fresh
            if answer.status not in (200, 409, 503) or answer.code == "order_not_payable":
                break
            await asyncio.sleep(1 + self._random.random())
        self._tally.counts["could not pay"] += 1
        return None

    async def _settle(self, ref: str) -> Json | None:
        """Come back to the shop and wait until it knows."""
        deadline = asyncio.get_running_loop().time() + SETTLE_TIMEOUT_S
        answer = await self._shop.order(self._token, ref, "return")
        while True:
            if answer.ok and answer.body["message"] in FINAL:
                view: Json = answer.body
                return view
            if asyncio.get_running_loop().time() > deadline:
                self._tally.violated(f"order {ref} was paid and is {_state(answer)} after {SETTLE_TIMEOUT_S:g} s")
                return None
            await asyncio.sleep(0.5 + self._random.random())
            answer = await self._shop.order(self._token, ref)

    def _check_paid(self, view: Json, hold: Json) -> None:
        """Hold the shop to its promises: paid means every place of the hold has a ticket of its own."""
        ref, message = view["ref"], view["message"]
        if message != "paid":
            self._tally.counts[f"orders {message}"] += 1
            return
        held = sorted(seat["k"] for seat in hold["seats"])
        bought = sorted(line["k"] for line in view["lines"] if line["k"] is not None)
        places = len(held) + sum(area["qty"] for area in hold["areas"])
        if bought != held or len(view["lines"]) != places:
            self._tally.violated(f"order {ref} is for {bought}, the hold was {held} ({places} places)")
        if len(view["tickets"]) != len(view["lines"]):
            self._tally.violated(f"order {ref} is paid and has {len(view['tickets'])} of {len(view['lines'])} tickets")
        if len({ticket["code"] for ticket in view["tickets"]}) != len(view["tickets"]):
            self._tally.violated(f"order {ref} has the same ticket twice")
        self._bought = True
        self._tally.paid(self._house.show_id, bought, places, ref)

    async def _pause(self, median_s: float, *, least_s: float = 0.0) -> None:
        seconds = max(pause_s(self._random, median_s, self._habits.pace), least_s)
        if seconds:
            await asyncio.sleep(seconds)


def _state(answer: Answer) -> str:
    """Name what an order says of itself, in short."""
    return f"{answer.body['state']}, {answer.body['message']}" if answer.ok else f"answered {answer.status}"
