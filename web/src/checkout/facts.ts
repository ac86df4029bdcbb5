/** The data block of the checkout and order pages, and the parts of the orders API they use (docs/api-orders.md). */

export interface CheckoutFacts {
  /** `start`: no order yet; `pay`: an order waits for its money; `checking`: the provider is asked; otherwise nothing is to be done. */
  mode: "start" | "pay" | "checking" | string;
  show: number;
  ref?: string;
  key?: string;
  total: number;
  /** The total in the unit the provider counts this currency in. */
  charge: number;
  currency: string;
  expires_at_ms: number;
  now_ms: number;
  seats_url: string;
  live_url: string;
  provider: string;
  api_base: string;
  publishable_key: string;
  client_secret?: string | null;
  return_url?: string;
}

export interface Payment {
  provider: string;
  publishable_key: string;
  api_base: string;
  client_secret: string | null;
  return_url: string;
}

export interface Order {
  ref: string;
  key: string;
  message: string;
  pay_until_ms: number;
  now_ms: number;
  payment: Payment | null;
}

export interface Problem {
  code: string;
  field?: string;
}
