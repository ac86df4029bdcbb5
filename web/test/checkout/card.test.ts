import { describe, expect, it } from "vitest";
import { groupExpiry, groupNumber, isCard, readCard } from "../../src/checkout/card";
import { understand } from "../../src/checkout/demo_provider";
import { attendeesOf } from "../../src/checkout/orders";

const NOW = new Date(2026, 10, 21);

describe("a card while it is typed", () => {
  it.each([["4242424242424242", "4242 4242 4242 4242"], ["378282246310005", "3782 822463 10005"], ["4242-42", "4242 42"], ["", ""]])("groups %s as %s", (typed, shown) => {
    expect(groupNumber(typed)).toBe(shown);
  });

  it.each([["1", false, "1"], ["12", false, "12 / "], ["12", true, "12"], ["7", false, "07 / "], ["1231", false, "12 / 31"]])("shows the date %s (deleting: %s) as %s", (typed, deleting, shown) => {
    expect(groupExpiry(typed, deleting)).toBe(shown);
  });
});

describe("a card when it is read", () => {
  it("takes this month and refuses the last one", () => {
    expect(isCard(readCard("4242 4242 4242 4242", "11 / 26", "123", NOW))).toBe(true);
    expect(readCard("4242 4242 4242 4242", "10 / 26", "123", NOW)).toEqual({ expiry: "pay.error_expired" });
  });

  it("names every field at fault at once", () => {
    expect(readCard("42", "13 / 31", "1", NOW)).toEqual({ number: "pay.error_number", expiry: "pay.error_expiry", cvc: "pay.error_cvc" });
  });
});

describe("what the provider's answer means", () => {
  it.each([
    [200, { status: "succeeded" }, "paid"],
    [200, { status: "requires_action", next_action: { redirect_to_url: { url: "/bank" } } }, "bank"],
    [200, { status: "canceled" }, "ask"],
    [402, { error: { type: "card_error", code: "card_declined", decline_code: "insufficient_funds", message: "No." } }, "declined"],
    [400, { error: { type: "invalid_request_error", code: "payment_intent_unexpected_state", message: "" } }, "ask"],
    [400, { error: { type: "invalid_request_error", param: "card[exp_year]", message: "" } }, "field"],
    [401, { error: { type: "invalid_request_error", message: "" } }, "failed"],
    [409, { error: { type: "idempotency_error", code: "idempotency_key_in_use", message: "" } }, "ask"],
  ])("%d %o is %s", (status, answer, kind) => {
    expect(understand(status, answer).kind).toBe(kind);
  });
});

describe("attendees", () => {
  it("are named by seat, or by area and ticket type", () => {
    expect(attendeesOf([["attendee-k4711", " Ada "], ["attendee-k4712", ""], ["attendee-a0-t3-2", "Mary"], ["name", "Buyer"]])).toEqual([
      { name: "Ada", k: 4711 },
      { name: "Mary", area: 0, type: 3 },
    ]);
  });
});
