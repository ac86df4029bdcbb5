import { describe, expect, it } from "vitest";
import { hasNews, pageKind, takenOver } from "../../src/checkout/hold_watch";
import type { HoldView } from "../../src/live/messages";

const held = (state: HoldView["state"]): HoldView => ({ hold_id: "h", seats: [], areas: [], expires_at_ms: 0, extendable: false, state, total: 0, currency: "eur" });

describe("a form without an order", () => {
  it.each([
    ["while the seats are only held", held("active"), "held", false],
    ["when another tab pays for them", held("paying"), "paying", true],
    ["when they were paid", null, "sold", true],
    ["when it joins and they are being paid", held("paying"), null, true],
    ["when they lapse, which its clock says", null, "lapsed", false],
    ["when it joins and there are none", null, null, false],
  ])("%s", (_, hold, cause, stale) => {
    expect(takenOver(hold, cause)).toBe(stale);
  });
});

describe("an order that waits for its money", () => {
  it("has news once its hold is not frozen any more, also when that was missed", () => {
    expect(hasNews(held("paying"))).toBe(false);
    expect(hasNews(held("active"))).toBe(true);
    expect(hasNews(null)).toBe(true);
  });

  it.each([["pay_now", "pay"], ["declined", "pay"], ["checking", "checking"], ["paid", "done"], ["cancelled", "done"], ["refund_coming", "done"]])("that says %s has a page to %s", (message, kind) => {
    expect(pageKind(message)).toBe(kind);
  });
});
