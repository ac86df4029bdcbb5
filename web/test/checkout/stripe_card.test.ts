import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { understood } from "../../src/checkout/stripe_card";
import { STRIPE_JS } from "../../src/checkout/stripe_js";

describe("what an error of Stripe.js means", () => {
  it.each([
    ["card_error", "card_declined", "said"],
    ["validation_error", "incomplete_number", "said"],
    ["invalid_request_error", "payment_intent_authentication_failure", "said"],
    ["invalid_request_error", "payment_intent_unexpected_state", "ask"],
    ["api_connection_error", undefined, "ask"],
    ["api_error", undefined, "ask"],
    ["rate_limit_error", undefined, "ask"],
    ["invalid_request_error", "parameter_unknown", "failed"],
    ["authentication_error", undefined, "failed"],
  ])("%s with %s is %s", (type, code, meaning) => {
    expect(understood({ type, ...(code ? { code } : {}) })).toBe(meaning);
  });
});

describe("Stripe.js", () => {
  it("is of the release that the server speaks", () => {
    const version = readFileSync(new URL("../../../server/payments/stripe_version.py", import.meta.url), "utf8");
    const [, release] = /API_VERSION = "[\d-]+\.([a-z]+)"/.exec(version)!;
    expect(STRIPE_JS).toBe(`https://js.stripe.com/${release}/stripe.js`);
  });
});
