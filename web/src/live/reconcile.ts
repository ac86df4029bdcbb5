/**
 * What is the buyer's: the hold as the server knows it, and commands still under way. All functions are pure and return a new basket.
 * The server's word always wins in the end; until then a click is shown as asked for, and is never silently undone by somebody else's change.
 */

import type { Best, Extend, Held, Hold, HoldChanged, HoldView, Refused, Release, Released } from "./messages";
import { ownSeats } from "../map/mutations";

export type Command = Hold | Best | Release | Extend;

export interface Basket {
  readonly hold: HoldView | null;
  /** Oldest first. A command leaves when it is answered; after a reconnect it is sent again under the same id. */
  readonly pending: readonly Command[];
}

export const EMPTY: Basket = { hold: null, pending: [] };

export function asked(basket: Basket, command: Command): Basket {
  return { ...basket, pending: [...basket.pending, command] };
}

/** A command was answered. An answer to nothing we asked (another tab's, or a repetition) still tells what the hold is. */
export function answered(basket: Basket, answer: Held | Released | Refused): Basket {
  const pending = basket.pending.filter((command) => command.id !== answer.id);
  if (answer.t === "refused") return { hold: answer.code === "hold_gone" ? null : basket.hold, pending };
  return { hold: answer.hold, pending };
}

/** The hold was changed by time, payment or another tab. Commands under way stay: their own answers are still to come. */
export function pushed(basket: Basket, change: HoldChanged): Basket {
  return { ...basket, hold: change.hold };
}

/** After a reconnect the server says what we hold. */
export function rejoined(basket: Basket, hold: HoldView | null): Basket {
  return { ...basket, hold };
}

/** Seats to draw as the buyer's own, by `k`. */
export function own(basket: Basket): Map<number, number> {
  const held = basket.hold?.seats.map((seat) => seat.k) ?? [];
  const wanted: number[] = [];
  const leaving = new Set<number>();
  for (const command of basket.pending) {
    if (command.t === "hold") for (const [k] of command.seats ?? []) wanted.push(k);
    if (command.t === "release") for (const k of command.all ? held : (command.seats ?? [])) leaving.add(k);
  }
  return ownSeats(held, wanted, leaving);
}

export function isHeld(basket: Basket, k: number): boolean {
  return basket.hold?.seats.some((seat) => seat.k === k) ?? false;
}

export function isAsked(basket: Basket, k: number): boolean {
  return basket.pending.some((command) => command.t === "hold" && command.seats?.some(([seat]) => seat === k));
}

/** Places held and asked for, to compare with the limit before asking for more. */
export function places(basket: Basket): number {
  let count = 0;
  for (const line of basket.hold?.areas ?? []) count += line.qty;
  count += new Set([...own(basket)].filter(([, shown]) => shown >= 4).map(([k]) => k)).size;
  for (const command of basket.pending) {
    if (command.t === "hold") for (const [, , qty] of command.areas ?? []) count += qty;
  }
  return count;
}

/** Seats that were held before and are not any more. */
export function lostSeats(before: HoldView | null, after: HoldView | null): number[] {
  const still = new Set(after?.seats.map((seat) => seat.k));
  return before?.seats.map((seat) => seat.k).filter((k) => !still.has(k)) ?? [];
}
