/** The numbers as they are told: rounded to what is known, never smaller and then suddenly larger without a reason. */

import type { Band } from "./eta";

/** Whole steps of *unit* minutes. */
export interface Told {
  low: number;
  high: number;
  /** It grew: the reason must be said. */
  grew: boolean;
}

const MINUTE = 60_000;

/** Round a band outwards: to 1 minute below a quarter of an hour, to 5 below an hour, to 30 beyond. */
export function rounded(band: Band): { low: number; high: number } {
  const step = band.p90 <= 15 * MINUTE ? 1 : band.p90 <= 60 * MINUTE ? 5 : 30;
  const low = Math.floor(band.p10 / MINUTE / step) * step;
  return { low, high: Math.max(low, Math.ceil(band.p90 / MINUTE / step) * step) };
}

/**
 * What to tell after *before*. It falls freely. It stays while the even guess is inside what was told: an estimate that breathes is
 * not news. Else it grows, and says so.
 */
export function steady(band: Band, before: Told | null): Told {
  const { low, high } = rounded(band);
  if (!before || high <= before.high) return { low: before ? Math.min(low, before.low) : low, high, grew: false };
  if (band.p50 <= before.high * MINUTE) return { low: Math.min(low, before.low), high: before.high, grew: false };
  return { low, high, grew: true };
}

/** A place as the organiser's policy shows it: exact, or rounded to two digits (one below a hundred). */
export function banded(n: number): number {
  const step = n < 100 ? 10 : 10 ** (Math.floor(Math.log10(n)) - 1);
  return Math.max(step, Math.round(n / step) * step);
}

/** What the tickets left mean for somebody with *ahead* people before them; two tickets a person are usual. */
export function chances(left: number, ahead: number): "good" | "close" | "slim" {
  return left >= 2 * ahead ? "good" : left >= ahead ? "close" : "slim";
}
