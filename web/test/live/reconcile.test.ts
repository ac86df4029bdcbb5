import { describe, expect, it } from "vitest";
import type { HoldView } from "../../src/live/messages";
import type { Command } from "../../src/live/reconcile";
import { answered, asked, EMPTY, isAsked, isHeld, lostSeats, own, places, pushed, rejoined } from "../../src/live/reconcile";
import { Shown } from "../../src/map/state";

const hold = (...seats: number[]): HoldView => ({
  hold_id: "v.1",
  seats: seats.map((k) => ({ k, type: 1, amount: 1000 })),
  areas: [],
  expires_at_ms: 0,
  extendable: true,
  state: "active",
  total: 0,
  currency: "eur",
});
const want = (id: string, ...seats: number[]): Command => ({ t: "hold", id, seats: seats.map((k) => [k, 1]) });

describe("the basket", () => {
  it("shows a click at once, and as held when the server says so", () => {
    let basket = asked(EMPTY, want("a", 7));
    expect(own(basket)).toEqual(new Map([[7, Shown.asked]]));
    basket = answered(basket, { t: "held", id: "a", hold: hold(7) });
    expect(own(basket)).toEqual(new Map([[7, Shown.yours]]));
    expect(basket.pending).toEqual([]);
  });

  it("takes a refused click back and leaves the rest alone", () => {
    let basket = answered(asked(EMPTY, want("a", 7)), { t: "held", id: "a", hold: hold(7) });
    basket = asked(basket, want("b", 8));
    basket = answered(basket, { t: "refused", id: "b", code: "seat_taken", seats: [8], offers: [], retry_after_ms: null });
    expect(own(basket)).toEqual(new Map([[7, Shown.yours]]));
  });

  it("never undoes a pending click because of another tab's change", () => {
    let basket = asked(rejoined(EMPTY, hold(1)), want("a", 7));
    basket = pushed(basket, { t: "hold", hold: hold(1, 2), cause: "held" });
    expect(isAsked(basket, 7)).toBe(true);
    expect(own(basket)).toEqual(new Map([[1, Shown.yours], [2, Shown.yours], [7, Shown.asked]]));
  });

  it("keeps commands over a reconnect, so that they can be sent again under the same id", () => {
    const basket = rejoined(asked(EMPTY, want("a", 7)), hold(7));
    expect(basket.pending.map((command) => command.id)).toEqual(["a"]);
    expect(isHeld(basket, 7)).toBe(true);
  });

  it("shows a seat as free while it is being given back", () => {
    const basket = asked(rejoined(EMPTY, hold(1, 2)), { t: "release", id: "r", seats: [2] });
    expect(own(basket)).toEqual(new Map([[1, Shown.yours], [2, Shown.free]]));
    expect(places(basket)).toBe(1);
  });

  it("counts held and asked places once, areas included", () => {
    let basket = rejoined(EMPTY, { ...hold(1), areas: [{ a: 0, type: 1, qty: 2, amount: 500 }] });
    basket = asked(basket, { t: "hold", id: "a", seats: [[1, 2], [5, 1]], areas: [[0, 1, 3]] });
    expect(places(basket)).toBe(7);
  });

  it("empties when the hold is gone", () => {
    const basket = answered(asked(rejoined(EMPTY, hold(1)), { t: "extend", id: "e" }), { t: "refused", id: "e", code: "hold_gone", seats: [], offers: [], retry_after_ms: null });
    expect(basket.hold).toBeNull();
    expect(lostSeats(hold(1, 2), hold(2))).toEqual([1]);
    expect(lostSeats(hold(1), null)).toEqual([1]);
  });
});
