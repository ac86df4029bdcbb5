/** Where the card is typed in: our own fields for the demo provider, Stripe's Payment Element for a Stripe account. */

import type { Payment } from "./facts";

export type Confirmed =
  | { kind: "paid" }
  | { kind: "bank"; url: string }
  | { kind: "declined"; code: string; message: string }
  /** The form has said it itself, at *place*. */
  | { kind: "said"; place: HTMLElement }
  /** Paid or cancelled meanwhile, or nobody knows: ask our own server. */
  | { kind: "ask" }
  | { kind: "failed" };

export interface Holder {
  name: string;
  email: string;
}

export interface CardForm {
  /** Say beside the fields what is missing; what is at fault, first thing first. */
  check(): Promise<HTMLElement[]>;
  /** Confirm the payment with what was typed; *back* is where the bank sends the buyer afterwards. */
  confirm(payment: Payment, holder: Holder, back: string): Promise<Confirmed>;
}
