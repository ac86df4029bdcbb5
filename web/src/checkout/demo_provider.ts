/** The demo provider, spoken to as Stripe.js speaks to Stripe: form-encoded, by publishable key and client secret (docs/demo-provider.md). */

import type { Card } from "./card";
import type { Confirmed, Holder } from "./card_form";
import type { Payment } from "./facts";

type Answered = Confirmed | { kind: "field"; field: "number" | "expiry" | "cvc"; message: string };

interface Answer {
  status?: string;
  next_action?: { redirect_to_url?: { url: string } } | null;
  error?: { type: string; code?: string; decline_code?: string | null; param?: string | null; message: string };
}

export async function confirmCard(payment: Payment, card: Card, holder: Holder, returnUrl: string, key: string): Promise<Answered> {
  const secret = payment.client_secret;
  if (!secret) return { kind: "ask" };
  const intent = secret.slice(0, secret.indexOf("_secret"));
  const body = new URLSearchParams({
    key: payment.publishable_key,
    client_secret: secret,
    "payment_method_data[type]": "card",
    "payment_method_data[card][number]": card.number,
    "payment_method_data[card][exp_month]": String(card.month),
    "payment_method_data[card][exp_year]": String(card.year),
    "payment_method_data[card][cvc]": card.cvc,
    return_url: returnUrl,
  });
  if (holder.name) body.set("payment_method_data[billing_details][name]", holder.name);
  if (holder.email) body.set("payment_method_data[billing_details][email]", holder.email);
  let response: Response;
  try {
    response = await fetch(`${payment.api_base}/v1/payment_intents/${intent}/confirm`, { method: "POST", body, headers: { "Idempotency-Key": key } });
  } catch {
    return { kind: "ask" };
  }
  if (response.status >= 500) return { kind: "ask" };
  const answer = (await response.json().catch(() => ({}))) as Answer;
  return understand(response.status, answer);
}

/** What the provider's answer means for the page. */
export function understand(status: number, answer: Answer): Answered {
  if (status === 200) {
    const url = answer.next_action?.redirect_to_url?.url;
    if (answer.status === "requires_action" && url) return { kind: "bank", url };
    return answer.status === "succeeded" || answer.status === "processing" ? { kind: "paid" } : { kind: "ask" };
  }
  const { error } = answer;
  if (status === 402 && error) return { kind: "declined", code: error.decline_code ?? error.code ?? "", message: error.message };
  if (status === 409 || error?.code === "payment_intent_unexpected_state") return { kind: "ask" };
  if (error?.param) {
    const field = /number/.test(error.param) ? "number" : /exp/.test(error.param) ? "expiry" : /cvc/.test(error.param) ? "cvc" : null;
    if (field) return { kind: "field", field, message: error.message };
  }
  return { kind: "failed" };
}

export interface TestCard {
  number: string;
  outcome: "succeeds" | "authenticates" | "declines";
  label: string;
}

export async function testCards(base: string): Promise<TestCard[]> {
  const response = await fetch(`${base}/test-cards`);
  return response.ok ? ((await response.json()) as { cards: TestCard[] }).cards : [];
}
