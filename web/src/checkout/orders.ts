/** The few calls of the orders API that the checkout makes. A refusal comes back as a value; a dead line as "unavailable". */

import type { Order, Problem } from "./facts";

export interface StartOrder {
  show: number;
  name: string;
  email: string;
  terms: boolean;
  attendees: { name: string; k?: number; area?: number; type?: number }[];
  expected_total: number;
  currency: string;
  locale: string;
}

export type Reply = { ok: true; order: Order } | { ok: false; problem: Problem };

async function call(method: string, path: string, body?: unknown, key?: string): Promise<Reply> {
  const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
  if (key) headers["Idempotency-Key"] = key;
  try {
    const response = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const answer = (await response.json()) as unknown;
    return response.ok ? { ok: true, order: answer as Order } : { ok: false, problem: answer as Problem };
  } catch {
    return { ok: false, problem: { code: "unavailable" } };
  }
}

export const startOrder = (body: StartOrder, key: string) => call("POST", "/api/v1/orders", body, key);
export const readOrder = (ref: string, key: string) => call("GET", `/api/v1/orders/${ref}?key=${key}`);
export const openPayment = (ref: string, key: string) => call("POST", `/api/v1/orders/${ref}/payment?key=${key}`);

/** The attendees typed into the form: `attendee-k4711`, or `attendee-a0-t3-2` for the second place of a type in an area. */
export function attendeesOf(fields: Iterable<[string, string]>): StartOrder["attendees"] {
  const found: StartOrder["attendees"] = [];
  for (const [field, text] of fields) {
    const name = text.trim();
    if (!name) continue;
    const seat = /^attendee-k(\d+)$/.exec(field);
    const place = /^attendee-a(\d+)-t(\d+)-\d+$/.exec(field);
    if (seat) found.push({ name, k: Number(seat[1]) });
    else if (place) found.push({ name, area: Number(place[1]), type: Number(place[2]) });
  }
  return found;
}
