/** What the server tells the seat page in its data block `show`, and the sums that follow from it. */

export interface FeeRule {
  percent_bp: number; // hundredths of a percent
  fixed: number; // minor units a ticket
}

export type Phase = "before" | "open" | "paused" | "closed";

export interface ShowFacts {
  show: number;
  title: string;
  live_url: string;
  chart_url: string;
  state_url: string;
  checkout_url: string;
  event_url: string;
  currency: string;
  time_zone: string;
  types: { id: number; name: string; description: string }[];
  categories: { category: number; name: string }[];
  /** Category, ticket type, amount without the buyer's fees. */
  prices: [number, number, number][];
  fees: FeeRule[];
  limit: number;
  phase: Phase;
  opens_at_ms: number | null;
  closes_at_ms: number | null;
  now_ms: number;
}

/** What a ticket costs with everything the buyer pays; twin of server/catalog/fees.py. Free tickets are free of fees. */
export function withFees(fees: readonly FeeRule[], amount: number): number {
  if (amount === 0) return 0;
  return fees.reduce((sum, fee) => sum + Math.floor((amount * fee.percent_bp + 5000) / 10000) + fee.fixed, amount);
}
